//! The identity of a workload cluster, in every answer about it.

use serde_json::{Value as Json, json};
use tfplugin::proto::tfplugin6::{RawState, upgrade_resource_identity};

use crate::{
    host::soon,
    walk::{Diags, Stored, TYPE_NAME, Walk, cluster, parent, with},
};

fn identity(name: &str) -> Json {
    json!({ "cluster": "parent.localhost", "name": name })
}

#[tokio::test]
async fn an_identity_stays_the_same_from_the_creation_to_the_end() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let config = cluster("team-a");
    let planned = walk.calls.plan(&config, &Stored::default()).await;
    assert_eq!(planned.identity, Json::Null, "it is known after the apply");
    let made = walk
        .calls
        .apply(&config, &Stored::default(), &planned)
        .await;
    assert_eq!(made.stored.identity, identity("team-a"));
    let read = walk.calls.read(&made.stored).await;
    assert_eq!(read.stored, made.stored);
    let config = with(config, "/deletion_protection", json!(true));
    let planned = walk.calls.plan(&config, &read.stored).await;
    assert_eq!(planned.identity, identity("team-a"));
    let updated = walk.calls.apply(&config, &read.stored, &planned).await;
    assert_eq!(updated.stored.identity, identity("team-a"));

    // A state of a version without identities.
    let mut older = updated.stored.clone();
    older.identity = Json::Null;
    let read = walk.calls.read(&older).await;
    assert_eq!(read.stored, updated.stored);

    // An error keeps it.
    let other = parent::with("cluster_name = \"other.localhost\"").await;
    let elsewhere = Walk::start(&other).await;
    let read = elsewhere.calls.read(&updated.stored).await;
    read.diags.error(&["Object of Another Cluster"]);
    assert_eq!(read.stored.identity, identity("team-a"));
    elsewhere.shut_down().await;

    let planned = walk.calls.plan(&Json::Null, &made.stored).await;
    let gone = walk.calls.delete(&made.stored, &planned.private).await;
    assert_eq!(gone.stored, Stored::default());
    walk.shut_down().await;
}

#[tokio::test]
async fn a_cluster_is_imported_by_its_identity() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    walk.calls
        .change(&cluster("team-a"), &Stored::default())
        .await;
    let calls = &walk.calls;
    for name in [
        json!(null),
        json!("parent.localhost"),
        json!(parent.proxy_address()),
    ] {
        let given = json!({ "cluster": name, "name": "team-a" });
        let (imported, diags) = calls.import_by_identity(&given).await;
        diags.nothing();
        let imported = imported.unwrap();
        assert_eq!(imported.identity, identity("team-a"), "{given}");
        assert_eq!(imported.object["metadata"]["name"], "team-a");
        let read = calls.read(&imported).await;
        assert_eq!(read.stored, imported);
    }
    let (imported, _) = calls.import("team-a").await;
    assert_eq!(imported.unwrap().identity, identity("team-a"));

    for (given, phrases) in [
        (
            json!({ "cluster": null, "name": "team-b" }),
            [
                "Not Found",
                "\"team-b\"",
                "In the identity, name is the first label",
            ],
        ),
        (
            json!({ "cluster": "team-a.localhost", "name": "team-a" }),
            [
                "Object of Another Cluster",
                "\"team-a.localhost\"",
                "\"parent.localhost\"",
            ],
        ),
        (
            json!({ "cluster": null, "name": "Team A" }),
            ["Invalid Import Identity", "Team A", "a-z"],
        ),
        (
            json!({ "cluster": "", "name": "team-a" }),
            [
                "Invalid Import Identity",
                "workload cluster",
                "cluster is empty",
            ],
        ),
        (
            json!({ "cluster": null, "name": "" }),
            [
                "Invalid Import Identity",
                "workload cluster",
                "the name is empty",
            ],
        ),
    ] {
        let (imported, diags) = calls.import_by_identity(&given).await;
        assert_eq!(imported, None, "{given}");
        diags.error(&phrases);
    }
    walk.shut_down().await;
}

#[tokio::test]
async fn an_identity_of_another_schema_version_is_refused() {
    let parent = parent::quick().await;
    let walk = Walk::unconfigured(&parent).await;
    for (version, phrase) in [(0, None), (7, Some("schema version 7"))] {
        let request = upgrade_resource_identity::Request {
            type_name: TYPE_NAME.to_owned(),
            version,
            raw_identity: Some(RawState {
                json: identity("team-a").to_string().into_bytes(),
                ..RawState::default()
            }),
        };
        let mut provider = walk.calls.provider.clone();
        let answer = soon(provider.upgrade_resource_identity(request)).await;
        let answer = answer.unwrap().into_inner();
        let diags = Diags(answer.diagnostics);
        match phrase {
            None => diags.nothing(),
            Some(phrase) => diags.error(&[phrase]),
        }
        assert_eq!(answer.upgraded_identity.is_some(), phrase.is_none());
    }
    walk.shut_down().await;
}
