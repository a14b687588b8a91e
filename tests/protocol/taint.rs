//! The replacement of a tainted cluster. Core plans it like a new one, gives the private bytes of that plan to the deletion of
//! the old one, and plans and creates after it.

use crate::walk::{
    Answer, Planned, Stored, Walk, cluster,
    parent::{self, count, created_once, deleted_nothing},
    values::unknown,
    with,
};
use serde_json::{Value as Json, json};
use teleport_simulator::Simulator;

/// A parent whose new clusters fail, and the object of a creation there, which core has tainted.
async fn failed() -> (Simulator, Stored) {
    let parent = parent::with("states = ['failed']\nname_hold = '0s'").await;
    let walk = Walk::start(&parent).await;
    let config = cluster("team-a");
    let planned = walk.calls.plan(&config, &Stored::default()).await;
    let answer = walk
        .calls
        .apply(&config, &Stored::default(), &planned)
        .await;
    answer
        .diags
        .error(&["\"failed\"", "team-a", "terraform untaint"]);
    assert_eq!(answer.stored.object["ready"], false);
    assert_eq!(answer.stored.object["status"]["state"], "failed");
    assert!(answer.stored.object["status"]["domain"].is_string());
    walk.shut_down().await;
    (parent, answer.stored)
}

/// The process that plans: it reads the object, and then plans as if there were none.
async fn plan(parent: &Simulator, config: &Json, stored: &Stored) -> Planned {
    let walk = Walk::start(parent).await;
    let read = walk.calls.read(stored).await;
    read.diags.no_error();
    assert_eq!(&read.stored.private, &stored.private);
    let planned = walk.calls.plan(config, &Stored::default()).await;
    planned.diags.no_error();
    walk.shut_down().await;
    planned
}

/// The deletion is refused: the object stays as it is, and so does the cluster.
#[track_caller]
fn assert_refused(parent: &Simulator, stored: &Stored, answer: &Answer) {
    answer.diags.error(&[
        "Nothing was deleted",
        "terraform untaint ADDRESS",
        "14 days",
    ]);
    assert_eq!(&answer.stored.object, &stored.object);
    // A mark of the plan would make something else of the next deletion.
    let private = String::from_utf8_lossy(&answer.stored.private);
    assert!(!private.contains(".plan"), "{private}");
    deleted_nothing(parent);
}

#[tokio::test]
async fn an_unfinished_cluster_is_not_deleted_however_often_it_is_tried() {
    let (parent, stored) = failed().await;
    let config = cluster("team-a");
    for _ in 0..2 {
        let shown = plan(&parent, &config, &stored).await;
        let walk = Walk::start(&parent).await;
        let answer = walk.calls.delete(&stored, &shown.private).await;
        assert_refused(&parent, &stored, &answer);
        walk.shut_down().await;
    }
    created_once(&parent);
}

#[tokio::test]
async fn with_another_spec_nothing_is_deleted() {
    let (parent, stored) = failed().await;
    let other = with(cluster("team-a"), "/spec/bot/name", json!("other"));
    let shown = plan(&parent, &other, &stored).await;
    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&stored, &shown.private).await;
    assert_refused(&parent, &stored, &answer);
    walk.shut_down().await;
}

#[tokio::test]
async fn with_a_spec_that_is_not_known_yet_nothing_is_deleted() {
    let (parent, stored) = failed().await;
    let other = with(cluster("team-a"), "/spec/bot/name", unknown());
    let shown = plan(&parent, &other, &stored).await;
    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&stored, &shown.private).await;
    assert_refused(&parent, &stored, &answer);
    walk.shut_down().await;
}

#[tokio::test]
async fn a_cluster_that_is_active_and_tainted_by_hand_is_not_deleted() {
    let parent = parent::quick().await;
    let config = cluster("team-a");
    let walk = Walk::start(&parent).await;
    let stored = walk.calls.change(&config, &Stored::default()).await;
    walk.shut_down().await;
    let shown = plan(&parent, &config, &stored).await;
    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&stored, &shown.private).await;
    assert_refused(&parent, &stored, &answer);
    walk.shut_down().await;
}

#[tokio::test]
async fn with_another_name_the_old_cluster_is_deleted() {
    let (parent, stored) = failed().await;
    let renamed = cluster("team-b");
    let shown = plan(&parent, &renamed, &stored).await;
    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&stored, &shown.private).await;
    answer.diags.warning(&["team-a", "14 days"]);
    assert_eq!(answer.stored, Stored::default());
    assert!(parent.cluster("team-a").is_none());
    let planned = walk.calls.plan(&renamed, &Stored::default()).await;
    let answer = walk
        .calls
        .apply(&renamed, &Stored::default(), &planned)
        .await;
    answer.diags.error(&["\"failed\"", "team-b"]);
    assert_eq!(count(&parent, "CreateWorkloadCluster"), 2);
    walk.shut_down().await;
}

#[tokio::test]
async fn where_names_are_not_held_an_unfinished_cluster_is_not_replaced_either() {
    let (parent, stored) = failed().await;
    let config = with(
        cluster("team-a"),
        "/allow_same_name_replacement",
        json!(true),
    );
    let shown = plan(&parent, &config, &stored).await;
    let walk = Walk::start(&parent).await;
    let answer = walk.calls.delete(&stored, &shown.private).await;
    answer.diags.error(&[
        "has not become active yet",
        "terraform untaint ADDRESS",
        "terraform destroy -target=ADDRESS",
    ]);
    assert_eq!(&answer.stored.object, &stored.object);
    deleted_nothing(&parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn destroyed_on_purpose_a_tainted_cluster_is_deleted() {
    let (parent, stored) = failed().await;
    // What core plans first on the way to a destroy leads nowhere.
    plan(&parent, &cluster("team-a"), &stored).await;
    let walk = Walk::start(&parent).await;
    let planned = walk.calls.plan(&Json::Null, &stored).await;
    planned.diags.nothing();
    let answer = walk.calls.delete(&stored, &planned.private).await;
    answer.diags.no_error();
    assert!(parent.cluster("team-a").is_none());
    assert_eq!(count(&parent, "DeleteWorkloadCluster"), 1);
    walk.shut_down().await;
}

#[tokio::test]
async fn created_before_the_old_one_is_destroyed_nothing_is_taken_over() {
    let (parent, stored) = failed().await;
    let config = cluster("team-a");
    plan(&parent, &config, &stored).await;
    let walk = Walk::start(&parent).await;
    let planned = walk.calls.plan(&config, &Stored::default()).await;
    let answer = walk
        .calls
        .apply(&config, &Stored::default(), &planned)
        .await;
    answer.diags.error_at(
        "metadata.name",
        &["create_before_destroy", "terraform untaint ADDRESS"],
    );
    assert_eq!(
        answer.stored,
        Stored::default(),
        "the old object stays the one"
    );
    assert_eq!(parent.clusters().len(), 1);
    deleted_nothing(&parent);
    walk.shut_down().await;
}
