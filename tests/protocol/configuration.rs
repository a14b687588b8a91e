//! Provider blocks: none, several, and such as are not known yet.

use std::path::{Path, PathBuf};

use crate::{
    host::{Host, Process, connect_plaintext, provider},
    walk::{
        Calls, Stored, TYPE_NAME, Walk, cluster,
        parent::{self, calls, count},
        schema,
        values::{to_wire, unknown},
        with,
    },
};
use nix::sys::signal::Signal;
use serde_json::{Value as Json, json};
use teleport_simulator::{Identity, Simulator};

#[tokio::test]
async fn validation_needs_no_configuration() {
    let parent = parent::quick().await;
    let walk = Walk::unconfigured(&parent).await;
    let block = walk.calls.provider_block();
    let empty = schema::whole(block, &json!({}));
    walk.calls
        .validate_provider(to_wire(&empty))
        .await
        .nothing();
    let wrong = schema::whole(block, &json!({ "addr": "https://example.com/web" }));
    let diags = walk.calls.validate_provider(to_wire(&wrong)).await;
    diags.error_at("addr", &["https://"]);

    walk.calls.validate(&cluster("team-a")).await.nothing();
    let unknowns = json!({ "metadata": { "name": unknown() }, "spec": unknown() });
    walk.calls.validate(&unknowns).await.nothing();
    let account = "/spec/token/allow/0/aws_account";
    for (config, at, phrase) in [
        (cluster("Team_A"), "metadata.name", "DNS label"),
        (
            with(cluster("a"), "/spec/regions", json!([])),
            "spec.regions",
            "at least one region",
        ),
        (
            with(cluster("a"), account, json!("12345678901")),
            "spec.token.allow[0].aws_account",
            "12 digits",
        ),
        (
            with(cluster("a"), "/spec/token/join_method", json!("token")),
            "spec.token.join_method",
            "iam",
        ),
        (
            with(cluster("a"), "/metadata/labels", json!({ "a": "b" })),
            "metadata.labels",
            "no labels",
        ),
    ] {
        walk.calls.validate(&config).await.error_at(at, &[phrase]);
    }
    assert!(parent.calls().is_empty());
    walk.shut_down().await;
}

#[tokio::test]
async fn without_a_configuration_plans_are_made_and_the_rest_is_an_error() {
    let parent = parent::quick().await;
    let walk = Walk::unconfigured(&parent).await;
    let config = cluster("team-a");
    let planned = walk.calls.plan(&config, &Stored::default()).await;
    planned.diags.nothing();
    let answer = walk
        .calls
        .apply(&config, &Stored::default(), &planned)
        .await;
    answer.diags.error(&["Provider Not Configured"]);
    assert_eq!(answer.stored.object, Json::Null);
    let (imported, diags) = walk.calls.import("team-a").await;
    diags.error(&["Provider Not Configured"]);
    assert!(imported.is_none());
    let (_, diags) = walk
        .calls
        .read_data(TYPE_NAME, &json!({ "name": "a" }))
        .await;
    diags.error(&["Provider Not Configured"]);
    walk.shut_down().await;
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_provider_block_is_said_at_once() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let mut block = parent::block(&parent);
    block["retry_max_tries"] = json!("often");
    block["dial_timeout_duration"] = json!("soon");
    let diags = walk.calls.configure(&block).await;
    diags.error_at("retry_max_tries", &["often"]);
    diags.error_at("dial_timeout_duration", &["soon"]);
    // The configuration before it does not hold any more.
    let (_, diags) = walk
        .calls
        .read_data(TYPE_NAME, &json!({ "name": "a" }))
        .await;
    diags.error(&["Provider Not Configured"]);
    walk.shut_down().await;
}

#[tokio::test]
async fn with_a_block_that_is_not_known_yet_plans_are_made_and_states_are_kept() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let config = cluster("team-a");
    let made = walk.calls.change(&config, &Stored::default()).await;
    walk.shut_down().await;
    parent.clear_calls();

    let walk = Walk::unconfigured(&parent).await;
    let mut block = parent::block(&parent);
    block["addr"] = unknown();
    let whole = schema::whole(walk.calls.provider_block(), &block);
    walk.calls
        .validate_provider(to_wire(&whole))
        .await
        .nothing();
    walk.calls.configure(&block).await.nothing();
    let planned = walk
        .calls
        .plan(&cluster("team-b"), &Stored::default())
        .await;
    planned.diags.nothing();
    let stored = Stored {
        private: br#"{"x":1}"#.to_vec(),
        ..made
    };
    let read = walk.calls.read(&stored).await;
    read.diags.warning(&["could not be read"]);
    assert_eq!(read.stored, stored);
    let unchanged = walk.calls.plan(&config, &read.stored).await;
    assert_eq!(unchanged.object, stored.object);

    let answer = walk
        .calls
        .apply(&cluster("team-b"), &Stored::default(), &planned)
        .await;
    answer
        .diags
        .error(&["addr of the provider block is known only after the apply"]);
    assert_eq!(answer.stored.object, Json::Null);
    let answer = walk.calls.delete(&stored, b"").await;
    answer
        .diags
        .error(&["addr of the provider block is not known now"]);
    assert_eq!(answer.stored.object, stored.object);
    let (_, diags) = walk
        .calls
        .read_data(TYPE_NAME, &json!({ "name": "a" }))
        .await;
    diags.error(&["addr of the provider block is known only after the apply"]);
    assert!(parent.calls().is_empty());

    // The rest of a run configures again, with what is known then.
    walk.calls
        .configure(&parent::block(&parent))
        .await
        .nothing();
    walk.calls
        .change(&cluster("team-b"), &Stored::default())
        .await;
    walk.shut_down().await;
}

/// A bot that may only look.
fn reader(parent: &Simulator) -> PathBuf {
    let identity = Identity::default().user("bot-nobody").verbs([]);
    parent.add_identity("nobody", &identity).unwrap()
}

/// One connection may do everything and the other one nothing, whatever the order of calls.
async fn are_apart(parent: &Simulator, strong: &Calls, weak: &Calls) {
    strong.configure(&parent::block(parent)).await.nothing();
    let block = parent::block_as(parent, &reader(parent));
    weak.configure(&block).await.nothing();
    let (mine, theirs) = (cluster("team-a"), cluster("team-b"));
    let none = Stored::default();
    let planned = weak.plan(&theirs, &none).await;
    let (made, refused) = tokio::join!(
        strong.change(&mine, &none),
        weak.apply(&theirs, &none, &planned)
    );
    assert_eq!(made.object["ready"], true);
    refused.diags.error(&["Access Denied"]);
    assert_eq!(refused.stored.object, Json::Null);
    let read = weak.read(&made).await;
    read.diags.error(&["Access Denied"]);
    assert_eq!(read.stored, made);
    strong.read(&made).await.diags.nothing();
    for call in parent.calls() {
        let of_bot = call.caller == "bot-terraform";
        assert!(of_bot || call.caller == "bot-nobody", "{call:?}");
        if let Some(name) = &call.name {
            assert!(
                of_bot || name == "team-b" || call.rpc == "GetWorkloadCluster",
                "{call:?}"
            );
        }
    }
    assert_eq!(parent.clusters().len(), 1);
}

#[tokio::test]
async fn two_aliases_are_two_processes_that_do_not_know_each_other() {
    let parent = parent::quick().await;
    let strong = Walk::unconfigured(&parent).await;
    let weak = Walk::unconfigured(&parent).await;
    assert_ne!(strong.host.process.pid(), weak.host.process.pid());
    are_apart(&parent, &strong.calls, &weak.calls).await;
    strong.shut_down().await;
    weak.shut_down().await;
}

#[tokio::test]
async fn two_connections_of_one_process_do_not_see_each_others_configuration() {
    let parent = parent::quick().await;
    let (mut process, socket) = by_hand(&parent).await;
    let strong = Calls::new(provider(connect_plaintext(&socket).await.unwrap())).await;
    let weak = Calls::new(provider(connect_plaintext(&socket).await.unwrap())).await;
    are_apart(&parent, &strong, &weak).await;
    // Nor is one interrupted with the other.
    weak.stop().await;
    strong.change(&cluster("team-c"), &Stored::default()).await;
    // The next one starts with nothing, whoever was there before.
    let next = Calls::new(provider(connect_plaintext(&socket).await.unwrap())).await;
    let (_, diags) = next.read_data(TYPE_NAME, &json!({ "name": "a" })).await;
    diags.error(&["Provider Not Configured"]);
    process.signal(Signal::SIGINT);
    let limit = std::time::Duration::from_secs(5);
    assert!(process.end_within(limit).await.status.success());
}

/// A provider that a person started, for reattaching.
async fn by_hand(parent: &Simulator) -> (Process, PathBuf) {
    let mut process = parent::launch(parent)
        .without("TF_PLUGIN_MAGIC_COOKIE")
        .argument("--debug")
        .spawn();
    let line = process.line().await.unwrap();
    let json = line.strip_prefix("TF_REATTACH_PROVIDERS='").unwrap();
    let json: Json = serde_json::from_str(json.strip_suffix('\'').unwrap()).unwrap();
    let socket = json.as_object().unwrap().values().next().unwrap()["Addr"]["String"].clone();
    (process, Path::new(socket.as_str().unwrap()).to_owned())
}

#[tokio::test]
async fn ten_creations_at_once_share_one_connection_to_the_parent() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let (_, diags) = walk
        .calls
        .read_data(TYPE_NAME, &json!({ "name": "a" }))
        .await;
    diags.error(&["Not Found"]);
    let dial = count(&parent, "Ping");
    assert!(dial > 0, "{:?}", calls(&parent));
    walk.shut_down().await;
    parent.clear_calls();

    let walk = Walk::start(&parent).await;
    let mut creations = Vec::new();
    for index in 0..10 {
        creations.push(walk.begin(&cluster(&format!("team-{index}"))).await);
    }
    for creation in creations {
        let answer = creation.answer().await;
        answer.diags.nothing();
        assert_eq!(answer.stored.object["ready"], true);
    }
    assert_eq!(parent.clusters().len(), 10);
    assert_eq!(count(&parent, "CreateWorkloadCluster"), 10);
    assert_eq!(count(&parent, "Ping"), dial, "{:?}", calls(&parent));
    walk.shut_down().await;
}

#[tokio::test]
async fn credentials_that_cannot_be_used_are_an_error_of_the_first_call() {
    let parent = parent::quick().await;
    for (file, phrase) in [
        ("identity-expired", "expired"),
        ("identity-foreign", "refuses the client certificate"),
        ("no-such-file", "no-such-file"),
    ] {
        let walk = Walk::over(Host::launch(parent::launch(&parent)).await).await;
        let mut block = parent::block_as(&parent, &parent.data_dir().join(file));
        block["dial_timeout_duration"] = json!("2s");
        walk.calls.configure(&block).await.nothing();
        let (_, diags) = walk
            .calls
            .read_data(TYPE_NAME, &json!({ "name": "a" }))
            .await;
        diags.error(&[phrase]);
        walk.shut_down().await;
    }
}
