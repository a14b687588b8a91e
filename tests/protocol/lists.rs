//! Finding workload clusters, call by call.

use serde_json::{Value as Json, json};
use tfplugin::proto::tfplugin6::{list_resource, validate_list_resource_config};

use crate::{
    host::soon,
    walk::{
        Diags, Stored, TYPE_NAME, Walk, cluster, parent,
        parent::count,
        schema,
        values::{from_wire, to_wire},
    },
};

/// What a search answers: names, objects and identities, and what is said at the end.
async fn search(
    walk: &Walk,
    config: Json,
    include_resource_object: bool,
    limit: i64,
) -> (Vec<(String, Json, Json)>, Diags) {
    let block = walk.calls.schema.list_resource_schemas[TYPE_NAME]
        .block
        .clone();
    let request = list_resource::Request {
        type_name: TYPE_NAME.to_owned(),
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
