//! Finding objects, call by call.

use serde_json::{Value as Json, json};
use teleport_simulator::{AwsIdentity, Simulator};
use tfplugin::proto::tfplugin6::{list_resource, validate_list_resource_config};

use crate::{
    host::{Host, soon},
    walk::{
        Diags, Stored, TYPE_NAME, Walk, cluster, parent,
        parent::count,
        schema,
        values::{from_wire, to_wire},
    },
};

/// What a search for workload clusters answers: names, objects and identities, and what is said at the end.
async fn search(
    walk: &Walk,
    config: Json,
    include_resource_object: bool,
    limit: i64,
) -> (Vec<(String, Json, Json)>, Diags) {
    search_for(walk, TYPE_NAME, config, include_resource_object, limit).await
}

async fn search_for(
    walk: &Walk,
    type_name: &str,
    config: Json,
    include_resource_object: bool,
    limit: i64,
) -> (Vec<(String, Json, Json)>, Diags) {
    let block = walk.calls.schema.list_resource_schemas[type_name]
        .block
        .clone();
    let request = list_resource::Request {
        type_name: type_name.to_owned(),
        config: to_wire(&schema::whole(&block.unwrap(), &config)),
        include_resource_object,
        limit,
    };
    let mut provider = walk.calls.provider.clone();
    let mut stream = soon(provider.list_resource(request))
        .await
        .unwrap()
        .into_inner();
    let (mut found, mut diags) = (Vec::new(), Vec::new());
    while let Some(event) = soon(stream.message()).await.unwrap() {
        diags.extend(event.diagnostic);
        if let Some(identity) = event.identity {
            let identity = from_wire(identity.identity_data);
            found.push((
                event.display_name,
                from_wire(event.resource_object),
                identity,
            ));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    (found, Diags(diags))
}

fn names(found: &[(String, Json, Json)]) -> Vec<&str> {
    found.iter().map(|(name, ..)| name.as_str()).collect()
}

#[tokio::test]
async fn clusters_are_found_on_all_pages_up_to_the_limit() {
    let parent = parent::with("active_after_reads = 0\npage_size = 2").await;
    let walk = Walk::start(&parent).await;
    for name in ["team-a", "team-b", "team-c", "other", "team-d"] {
        walk.calls.change(&cluster(name), &Stored::default()).await;
    }
    let none = json!({ "name": null });
    let (found, diags) = search(&walk, none.clone(), false, 0).await;
    diags.nothing();
    assert_eq!(
        names(&found),
        ["other", "team-a", "team-b", "team-c", "team-d"]
    );
    for (name, object, identity) in &found {
        assert_eq!(*object, Json::Null);
        assert_eq!(
            *identity,
            json!({ "cluster": "parent.localhost", "name": name })
        );
    }
    let (found, _) = search(&walk, json!({ "name": "team-?" }), false, 3).await;
    assert_eq!(names(&found), ["team-a", "team-b", "team-c"]);

    // No page is read that nobody wants.
    parent.clear_calls();
    let (found, _) = search(&walk, none.clone(), false, 1).await;
    assert_eq!(found.len(), 1);
    assert_eq!(count(&parent, "ListWorkloadClusters"), 1);

    // An object is what an import and the read after it find.
    let (found, diags) = search(&walk, json!({ "name": "team-b" }), true, 0).await;
    diags.nothing();
    let (imported, _) = walk.calls.import("team-b").await;
    assert_eq!(found[0].1, imported.unwrap().object);
    assert_eq!(found[0].1["ready"], true);
    walk.shut_down().await;
}

#[tokio::test]
async fn objects_of_every_kind_are_found_by_name_and_labels() {
    let parent =
        parent::with("active_after_reads = 0\npage_size = 2\ncloud_clusters_enabled = true").await;
    put_people(&parent, "parent");
    let walk = Walk::start(&parent).await;
    walk.calls
        .change(&cluster("team-a"), &Stored::default())
        .await;
    for (type_name, config, expected) in [
        ("teleport_cloud_cluster", json!({}), &["team-a"][..]),
        (
            "teleport_role",
            json!({ "name": "dev-?" }),
            &["dev-1", "dev-2"],
        ),
        (
            "teleport_role",
            json!({ "labels": { "env": "d*", "team": "b" } }),
            &["dev-2"],
        ),
        ("teleport_role", json!({ "labels": { "region": "*" } }), &[]),
        (
            "teleport_user",
            json!({ "labels": { "env": "dev" } }),
            &["dev-1", "dev-2"],
        ),
        ("teleport_bot", json!({}), &["deploy"]),
        ("teleport_bot", json!({ "labels": { "env": "prod" } }), &[]),
    ] {
        let (found, diags) = search_for(&walk, type_name, config.clone(), true, 0).await;
        diags.nothing();
        assert_eq!(names(&found), expected, "{type_name} {config}");
        for (name, object, identity) in &found {
            let there = json!({ "cluster": "parent.localhost", "name": name });
            assert_eq!(*identity, there, "{type_name}");
            assert_eq!(object["metadata"]["name"], name.as_str(), "{type_name}");
        }
        let (found, _) = search_for(&walk, type_name, config, false, 1).await;
        assert!(found.len() <= 1 && found.iter().all(|(_, object, _)| object.is_null()));
    }
    walk.shut_down().await;
}

#[tokio::test]
async fn objects_of_a_workload_cluster_are_found_by_its_domain() {
    let team = r#"
[[clusters]]
name = "team-a"
state = "active"
spec = { regions = [{ name = "us-west-2" }], bot = { name = "terraform" }, token = { join_method = "iam", allow = [{ aws_account = "123456789012" }] } }
"#;
    let parent = parent::with(team).await;
    put_people(&parent, "team-a");
    let arn = "arn:aws:sts::123456789012:assumed-role/terraform/run";
    let identity = AwsIdentity::example("123456789012", arn);
    let launch = parent::launch(&parent)
        .variable("AWS_ACCESS_KEY_ID", &identity.access_key_id)
        .variable("AWS_SECRET_ACCESS_KEY", &identity.secret_access_key)
        .variable("AWS_REGION", "eu-west-1");
    parent.put_aws_identity(identity).unwrap();
    let walk = Walk::over(Host::launch(launch).await).await;
    walk.calls
        .configure(&parent::block(&parent))
        .await
        .nothing();
    let domain = parent.cluster("team-a").unwrap().domain;
    for type_name in ["teleport_role", "teleport_user"] {
        let config = json!({ "cluster": domain, "labels": { "env": "dev" } });
        let (found, diags) = search_for(&walk, type_name, config, true, 0).await;
        diags.nothing();
        assert_eq!(names(&found), ["dev-1", "dev-2"], "{type_name}");
        for (name, object, identity) in &found {
            let there = json!({ "cluster": "team-a.localhost", "name": name });
            assert_eq!(*identity, there, "{type_name}");
            assert_eq!(object["cluster"], domain.as_str(), "{type_name}");
        }
    }
    walk.shut_down().await;
}

/// Roles, users and a bot with labels.
fn put_people(simulator: &Simulator, cluster: &str) {
    for (name, team) in [("dev-1", "a"), ("dev-2", "b")] {
        let metadata = json!({ "Name": name, "Labels": { "env": "dev", "team": team } });
        let role = json!({ "Version": "v8", "Metadata": metadata, "Spec": {} });
        simulator.put_object(cluster, "role", &role).unwrap();
        let user = json!({ "Version": "v2", "Metadata": metadata, "Spec": { "Roles": [name] } });
        simulator.put_object(cluster, "user", &user).unwrap();
    }
    let bot = json!({
        "metadata": { "name": "deploy", "labels": { "env": "dev" } }, "spec": { "roles": ["dev-1"] },
    });
    simulator.put_object(cluster, "bot", &bot).unwrap();
}

#[tokio::test]
async fn a_search_that_cannot_begin_is_an_error() {
    let parent = parent::quick().await;
    let walk = Walk::unconfigured(&parent).await;
    let (found, diags) = search(&walk, json!({ "name": null }), false, 0).await;
    assert!(found.is_empty());
    diags.error(&["Provider Not Configured"]);
    let request = validate_list_resource_config::Request {
        type_name: TYPE_NAME.to_owned(),
        config: to_wire(&json!({ "name": "" })),
        ..Default::default()
    };
    let mut provider = walk.calls.provider.clone();
    let answer = soon(provider.validate_list_resource_config(request)).await;
    Diags(answer.unwrap().into_inner().diagnostics).error_at("name", &["name is empty"]);
    walk.shut_down().await;
}
