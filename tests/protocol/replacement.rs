//! The replacement of a finished cluster. Core plans it twice: what it gets stored beside the object goes into the first
//! plan, what that leaves goes into the second one without the object, and what this leaves goes to the deletion.

use crate::walk::{
    Planned, Stored, Walk, cluster,
    parent::{self, count, deleted_nothing},
    values::unknown,
    with,
};
use serde_json::{Value as Json, json};
use teleport_simulator::Simulator;

/// Both plans of a replacement, in a process of their own.
async fn plans(parent: &Simulator, config: &Json, stored: &Stored) -> (Planned, Planned) {
    let walk = Walk::start(parent).await;
    let first = walk.calls.plan(config, stored).await;
    let nothing = Stored {
        object: Json::Null,
        private: first.private.clone(),
        ..Stored::default()
    };
    let second = walk.calls.plan(config, &nothing).await;
    second.diags.no_error();
    walk.shut_down().await;
    (first, second)
}

/// A finished cluster `team-a`.
async fn finished(parent: &Simulator) -> Stored {
    let walk = Walk::start(parent).await;
    let stored = walk
        .calls
        .change(&cluster("team-a"), &Stored::default())
        .await;
    walk.shut_down().await;
    stored
}

/// What hangs on the cluster sees no change.
#[track_caller]
fn assert_results_stay(planned: &Planned, stored: &Stored) {
    for result in ["id", "kind", "status", "ready"] {
        assert_eq!(planned.object[result], stored.object[result], "{result}");
    }
}

#[tokio::test]
async fn under_the_same_name_it_is_announced_and_refused_and_its_results_stay_known() {
    let parent = parent::quick().await;
    let stored = finished(&parent).await;
    let changed = with(cluster("team-a"), "/spec/bot/name", json!("other"));
    let (first, second) = plans(&parent, &changed, &stored).await;
    assert!(!first.replaces.is_empty());
    assert!(first.replaces.iter().all(|path| path.starts_with("spec")));
    first.diags.warning(&[
        "spec",
        "team-a",
        "14 days",
        "stop with an error before anything is deleted",
        "removed block",
        "prevent_destroy",
    ]);
    assert_results_stay(&first, &stored);
    assert_results_stay(&second, &stored);
    assert_eq!(second.object["spec"]["bot"]["name"], "other");

    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&stored, &second.private).await;
    answer.diags.error(&[
        "spec",
        "team-a",
        "Nothing was deleted",
        "allow_same_name_replacement = true",
    ]);
    assert_eq!(answer.stored.object, stored.object);
    deleted_nothing(&parent);
    // What the refusal left leads to the same answer the next time, and not to a deletion.
    walk.shut_down().await;
    let (_, again) = plans(&parent, &changed, &answer.stored).await;
    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&answer.stored, &again.private).await;
    answer.diags.error(&["Nothing was deleted"]);
    deleted_nothing(&parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn after_a_refusal_the_cluster_can_still_be_destroyed() {
    let parent = parent::quick().await;
    let stored = finished(&parent).await;
    let changed = with(cluster("team-a"), "/spec/bot/name", json!("other"));
    let (_, second) = plans(&parent, &changed, &stored).await;
    let walk = Walk::start(&parent).await;
    let refused = walk.calls.delete(&stored, &second.private).await;
    let planned = walk.calls.plan(&Json::Null, &refused.stored).await;
    planned.diags.nothing();
    let gone = walk.calls.delete(&refused.stored, &planned.private).await;
    gone.diags.no_error();
    assert!(parent.cluster("team-a").is_none());
    walk.shut_down().await;
}

/// Core takes the results of the second half of a replacement's plan.
#[track_caller]
fn assert_unknown_status(planned: &Planned) {
    let status = &planned.object["status"];
    let parts = [&status["state"], &status["domain"]];
    assert!(
        *status == unknown() || parts.into_iter().all(|part| *part == unknown()),
        "{status}"
    );
}

#[tokio::test]
async fn asked_for_by_hand_it_is_refused_too() {
    let parent = parent::quick().await;
    let stored = finished(&parent).await;
    let (first, second) = plans(&parent, &cluster("team-a"), &stored).await;
    assert_eq!(first.replaces, <[&str; 0]>::default());
    assert_eq!(first.object, stored.object);
    assert_results_stay(&second, &stored);
    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&stored, &second.private).await;
    answer
        .diags
        .error(&["This plan replaces", "Nothing was deleted"]);
    assert_eq!(answer.stored.object, stored.object);
    deleted_nothing(&parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn allowed_under_the_same_name_it_goes_through() {
    let parent = parent::with("active_after_reads = 0\nname_hold = '0s'").await;
    let stored = finished(&parent).await;
    let changed = with(cluster("team-a"), "/spec/bot/name", json!("other"));
    let changed = with(changed, "/allow_same_name_replacement", json!(true));
    let (first, second) = plans(&parent, &changed, &stored).await;
    assert!(!first.replaces.is_empty());
    first.diags.nothing();
    second.diags.nothing();
    assert_eq!(second.object["ready"], unknown());
    assert_unknown_status(&second);
    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&stored, &second.private).await;
    answer.diags.no_error();
    assert_eq!(answer.stored, Stored::default());
    let made = walk.calls.change(&changed, &Stored::default()).await;
    assert_eq!(made.object["spec"]["bot"]["name"], "other");
    assert_eq!(made.object["ready"], true);
    assert_eq!(count(&parent, "DeleteWorkloadCluster"), 1);
    assert_eq!(count(&parent, "CreateWorkloadCluster"), 2);
    walk.shut_down().await;
}

#[tokio::test]
async fn under_a_new_name_it_takes_one_apply() {
    let parent = parent::quick().await;
    let stored = finished(&parent).await;
    let renamed = cluster("team-b");
    let (first, second) = plans(&parent, &renamed, &stored).await;
    assert!(
        first
            .replaces
            .iter()
            .any(|path| path.starts_with("metadata"))
    );
    first.diags.nothing();
    assert_unknown_status(&second);
    assert_eq!(second.object["id"], "team-b");
    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&stored, &second.private).await;
    answer.diags.warning(&["team-a", "14 days"]);
    let made = walk.calls.change(&renamed, &Stored::default()).await;
    assert_eq!(made.object["id"], "team-b");
    assert_eq!(parent.held_names(), ["team-a"]);
    walk.shut_down().await;
}

#[tokio::test]
async fn created_before_the_old_one_is_destroyed_both_happen() {
    let parent = parent::quick().await;
    let stored = finished(&parent).await;
    let renamed = cluster("team-b");
    let (_, shown) = plans(&parent, &renamed, &stored).await;
    assert_eq!(shown.object["id"], "team-b");
    let walk = Walk::start(&parent).await;
    walk.calls.change(&renamed, &Stored::default()).await;
    // The deposed object is destroyed like any other.
    let planned = walk.calls.plan(&Json::Null, &stored).await;
    let answer = walk.calls.delete(&stored, &planned.private).await;
    answer.diags.no_error();
    let left = parent.clusters();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].name, "team-b");
    walk.shut_down().await;
}

#[tokio::test]
async fn a_protected_cluster_is_not_replaced() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let config = with(cluster("team-a"), "/deletion_protection", json!(true));
    let stored = walk.calls.change(&config, &Stored::default()).await;
    let renamed = with(config, "/metadata/name", json!("team-b"));
    let planned = walk.calls.plan(&renamed, &stored).await;
    planned
        .diags
        .error_at("deletion_protection", &["team-a", "replaced"]);
    // Should core ask all the same, as with a plan that is older than the protection, the state decides.
    let answer = walk.calls.delete(&stored, b"").await;
    answer
        .diags
        .error_at("deletion_protection", &["was not deleted"]);
    assert_eq!(answer.stored.object, stored.object);
    deleted_nothing(&parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn private_bytes_of_something_else_do_no_harm() {
    let parent = parent::quick().await;
    let stored = finished(&parent).await;
    let config = cluster("team-a");
    let walk = Walk::start(&parent).await;
    for private in [
        b"\xff\x00".to_vec(),
        b"[1, 2]".to_vec(),
        br#"{".plan": 7, "held_name": [], "successor": "x"}"#.to_vec(),
        vec![b'['; 100_000],
    ] {
        let stored = Stored {
            object: stored.object.clone(),
            private,
            ..Stored::default()
        };
        let read = walk.calls.read(&stored).await;
        read.diags.nothing();
        let planned = walk.calls.plan(&config, &stored).await;
        planned.diags.nothing();
        assert_eq!(planned.object, stored.object);
    }
    deleted_nothing(&parent);
    walk.shut_down().await;
}
