//! The life of a workload cluster, call by call.

use serde_json::{Value as Json, json};

use crate::{
    host::Host,
    walk::{
        Calls, Stored, TYPE_NAME, Walk, cluster,
        parent::{self, count, created_once, deleted_nothing},
        values::{has_unknown, unknown},
        with,
    },
};

#[tokio::test]
async fn a_cluster_is_made_kept_and_taken_down() {
    let parent = parent::quick().await;
    let config = cluster("team-a");
    let domain = "team-a.".to_owned() + parent.proxy_address().split_once('.').unwrap().1;

    // Each walk is a process of its own, as in real runs. The first one plans, and what it says is shown to a person.
    let walk = Walk::start(&parent).await;
    walk.calls.validate(&config).await.nothing();
    let shown = walk.calls.plan(&config, &Stored::default()).await;
    shown.diags.nothing();
    assert_eq!(shown.replaces, <[&str; 0]>::default());
    assert_eq!(shown.object["id"], "team-a");
    assert_eq!(shown.object["kind"], "workload_cluster");
    for result in ["status", "ready"] {
        assert_eq!(shown.object[result], unknown(), "{result}");
    }
    let asked: Vec<_> = parent.calls().into_iter().map(|call| call.rpc).collect();
    assert_eq!(
        asked,
        ["Ping", "GetWorkloadCluster"],
        "a plan looks whether the name is free"
    );
    walk.shut_down().await;

    let walk = Walk::start(&parent).await;
    let planned = walk.calls.plan(&config, &Stored::default()).await;
    assert_eq!(planned.object, shown.object, "both plans say the same");
    let made = walk
        .calls
        .apply(&config, &Stored::default(), &planned)
        .await;
    made.diags.nothing();
    let made = made.stored;
    assert_eq!(
        made.object["status"],
        json!({ "state": "active", "domain": domain })
    );
    assert_eq!(made.object["ready"], true);
    assert!(made.object["metadata"]["revision"].is_null());
    created_once(&parent);
    walk.shut_down().await;

    let walk = Walk::start(&parent).await;
    let (upgraded, diags) = walk.calls.upgrade(0, &made.object).await;
    diags.nothing();
    assert_eq!(upgraded, made.object);
    let read = walk.calls.read(&made).await;
    read.diags.nothing();
    assert_eq!(read.stored, made);
    let planned = walk.calls.plan(&config, &read.stored).await;
    planned.diags.nothing();
    assert_eq!(planned.object, made.object, "there is nothing to do");

    // Arguments of the provider alone: an update that asks nobody.
    parent.clear_calls();
    let config = with(config, "/deletion_protection", json!(true));
    let protected = walk.calls.change(&config, &made).await;
    let mut expected = made.object.clone();
    expected["deletion_protection"] = json!(true);
    assert_eq!(protected.object, expected);
    assert!(parent.calls().is_empty());
    let refused = walk.calls.plan(&Json::Null, &protected).await;
    refused
        .diags
        .error_at("deletion_protection", &["deletion_protection = false"]);
    let config = with(config, "/deletion_protection", json!(false));
    let made = walk.calls.change(&config, &protected).await;
    walk.shut_down().await;

    let walk = Walk::start(&parent).await;
    let planned = walk.calls.plan(&Json::Null, &made).await;
    planned.diags.nothing();
    let gone = walk.calls.delete(&made, &planned.private).await;
    gone.diags.warning(&["team-a", "14 days"]);
    assert_eq!(gone.stored, Stored::default());
    assert_eq!(count(&parent, "DeleteWorkloadCluster"), 1);
    assert!(parent.cluster("team-a").is_none());
    // Again, as when the answer was lost: gone is gone.
    let gone = walk.calls.delete(&made, &planned.private).await;
    gone.diags.nothing();
    let read = walk.calls.read(&made).await;
    read.diags.nothing();
    assert_eq!(read.stored.object, Json::Null);
    walk.shut_down().await;
}

#[tokio::test]
async fn hosts_that_know_the_schema_from_another_process_never_ask() {
    let parent = parent::quick().await;
    let first = Walk::start(&parent).await;
    let host = Host::launch(parent::launch(&parent)).await;
    let calls = Calls {
        provider: host.provider(),
        schema: first.calls.schema.clone(),
    };
    calls.configure(&parent::block(&parent)).await.nothing();
    let made = calls.change(&cluster("team-a"), &Stored::default()).await;
    assert_eq!(made.object["ready"], true);
    drop(calls);
    host.shut_down().await;
    first.shut_down().await;
}

#[tokio::test]
async fn waiting_takes_as_many_reads_as_it_takes() {
    let parent = parent::with("active_after_reads = 1").await;
    let walk = Walk::start(&parent).await;
    let made = walk
        .calls
        .change(&cluster("team-a"), &Stored::default())
        .await;
    assert_eq!(made.object["status"]["state"], "active");
    assert_eq!(parent.cluster("team-a").unwrap().reads, 2);
    created_once(&parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn an_imported_cluster_is_like_one_that_was_made() {
    let parent = parent::quick().await;
    let config = cluster("team-a");
    let walk = Walk::start(&parent).await;
    let made = walk.calls.change(&config, &Stored::default()).await;
    let (imported, diags) = walk.calls.import("team-a").await;
    diags.nothing();
    let imported = imported.unwrap();
    assert!(!has_unknown(&imported.object));
    assert_eq!(imported.object["id"], "team-a");
    let read = walk.calls.read(&imported).await;
    read.diags.nothing();
    assert_eq!(read.stored.object["ready"], true);
    let planned = walk.calls.plan(&config, &read.stored).await;
    planned.diags.nothing();
    assert_eq!(planned.replaces, <[&str; 0]>::default());
    assert_eq!(
        planned.object, read.stored.object,
        "nothing is left to be changed"
    );
    for name in ["spec", "status", "ready", "id", "version"] {
        assert_eq!(read.stored.object[name], made.object[name], "{name}");
    }

    let (nothing, diags) = walk.calls.import("Team_A").await;
    assert_eq!(nothing, None);
    diags.error(&["import id", "Team_A"]);
    let (nothing, diags) = walk.calls.import("nobody").await;
    assert_eq!(nothing, None);
    diags.error(&["Not Found", "nobody"]);
    walk.shut_down().await;
}

#[tokio::test]
async fn a_state_of_the_official_provider_is_taken_over() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let config = cluster("team-a");
    walk.calls.change(&config, &Stored::default()).await;
    // As its version 18 stores it: all null that was not said, and no status.
    let foreign = json!({
        "id": "team-a", "kind": "workload_cluster", "version": "v1", "sub_kind": null, "status": null,
        "metadata": { "name": "team-a", "namespace": null, "description": null, "labels": null, "expires": null },
        "spec": config["spec"],
    });
    let (upgraded, diags) = walk.calls.upgrade(0, &foreign).await;
    diags.nothing();
    let stored = Stored {
        object: upgraded,
        private: b"of another provider".to_vec(),
        ..Stored::default()
    };
    let read = walk.calls.read(&stored).await;
    read.diags.nothing();
    let planned = walk.calls.plan(&config, &read.stored).await;
    planned.diags.nothing();
    assert_eq!(planned.object, read.stored.object);
    assert_eq!(planned.object["ready"], true);
    deleted_nothing(&parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn drift_shows_as_the_server_says_it() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let config = cluster("team-a");
    let made = walk.calls.change(&config, &Stored::default()).await;
    let change = json!({ "spec": { "regions": [{ "name": "eu-central-1" }] } });
    let change = serde_json::from_value(change).unwrap();
    parent.change_cluster("team-a", change).unwrap();
    let read = walk.calls.read(&made).await;
    assert_eq!(
        read.stored.object.pointer("/spec/regions/0/name").unwrap(),
        "eu-central-1"
    );
    assert_eq!(read.stored.object["spec"]["bot"], Json::Null);
    let planned = walk.calls.plan(&config, &read.stored).await;
    assert!(!planned.replaces.is_empty());
    // A state that gets worse later is no drift.
    parent.set_state("team-a", "updating").unwrap();
    let read = walk.calls.read(&made).await;
    read.diags.nothing();
    assert_eq!(read.stored.object["status"]["state"], "updating");
    let undone = with(
        cluster("team-a"),
        "/spec/regions/0/name",
        json!("eu-central-1"),
    );
    let undone =
        json!({ "metadata": undone["metadata"], "spec": { "regions": undone["spec"]["regions"] } });
    let planned = walk.calls.plan(&undone, &read.stored).await;
    assert_eq!(planned.object, read.stored.object);
    walk.shut_down().await;
}

#[tokio::test]
async fn data_sources_read_one_and_all() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    for name in ["team-a", "team-b"] {
        walk.calls.change(&cluster(name), &Stored::default()).await;
    }
    let (one, diags) = walk
        .calls
        .read_data(TYPE_NAME, &json!({ "name": "team-b" }))
        .await;
    diags.nothing();
    assert_eq!(one["status"]["state"], "active");
    assert_eq!(
        one["spec"]["token"]["allow"][0]["aws_account"],
        "123456789012"
    );
    let (all, diags) = walk
        .calls
        .read_data("teleport_workload_clusters", &json!({}))
        .await;
    diags.nothing();
    let text = all.to_string();
    assert!(text.contains("team-a") && text.contains("team-b"), "{text}");
    let (nothing, diags) = walk
        .calls
        .read_data(TYPE_NAME, &json!({ "name": "team-c" }))
        .await;
    assert_eq!(nothing, Json::Null);
    diags.error(&["team-c"]);
    walk.shut_down().await;
}
