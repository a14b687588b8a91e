//! A creation in a process that ends, or whose host does.

use std::time::Duration;

use crate::{
    host::Host,
    walk::{
        Stored, Walk, cluster,
        parent::{self, called, created_once, deleted_nothing},
        values::unknown,
    },
};
use nix::sys::signal::Signal;
use serde_json::{Value as Json, json};
use teleport_simulator::{Fault, Simulator};

/// The next run knows nothing of the cluster: it says how to take it over, and that finishes it.
async fn is_taken_over(parent: &Simulator) {
    let config = cluster("team-a");
    let walk = Walk::start(parent).await;
    let planned = walk.calls.plan(&config, &Stored::default()).await;
    let answer = walk
        .calls
        .apply(&config, &Stored::default(), &planned)
        .await;
    answer.diags.error_at(
        "metadata.name",
        &[
            "exists already",
            "import {",
            "to = ADDRESS",
            "id = \"team-a\"",
        ],
    );
    assert_eq!(answer.stored.object, Json::Null);

    let (imported, diags) = walk.calls.import("team-a").await;
    diags.nothing();
    let read = walk.calls.read(&imported.unwrap()).await;
    read.diags.no_error();
    assert_eq!(read.stored.object["status"]["state"], "creating");
    let planned = walk.calls.plan(&config, &read.stored).await;
    planned.diags.nothing();
    assert_eq!(planned.replaces, <[&str; 0]>::default());
    assert_eq!(planned.object["ready"], unknown());
    parent.set_state("team-a", "active").unwrap();
    let finished = walk.calls.apply(&config, &read.stored, &planned).await;
    finished.diags.nothing();
    assert_eq!(finished.stored.object["ready"], true);
    assert_eq!(parent.clusters().len(), 1);
    deleted_nothing(parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn a_shutdown_ends_the_process_in_time_and_leaves_one_cluster() {
    let parent = parent::slow().await;
    let mut walk = Walk::start(&parent).await;
    let underway = walk.begin_to_wait(&cluster("team-a")).await;
    // Core kills what does not end within two seconds; that it ends by itself is checked there.
    walk.shut_down().await;
    // Core has dropped the answer by then, but it is an honest one.
    let answer = underway.answer().await;
    answer.diags.error(&["team-a", "was not deleted"]);
    assert_eq!(answer.stored.object["ready"], false);
    is_taken_over(&parent).await;
}

#[tokio::test]
async fn a_killed_process_leaves_one_cluster_that_can_be_taken_over() {
    let parent = parent::slow().await;
    let mut walk = Walk::start(&parent).await;
    let underway = walk.begin_to_wait(&cluster("team-a")).await;
    walk.host.process.signal(Signal::SIGKILL);
    underway.breaks_off().await;
    is_taken_over(&parent).await;
}

#[tokio::test]
async fn a_lost_connection_ends_the_process_and_leaves_one_cluster() {
    let parent = parent::slow().await;
    let launch = parent::launch(&parent).argument("--grace=1ms");
    let mut walk = Walk::over(Host::launch(launch).await).await;
    walk.calls
        .configure(&parent::block(&parent))
        .await
        .nothing();
    let underway = walk.begin_to_wait(&cluster("team-a")).await;
    underway.abandon().await;
    let end = walk.hang_up().end_within(Duration::from_secs(2)).await;
    assert!(end.status.success(), "{end:?}");
    is_taken_over(&parent).await;
}

#[tokio::test]
async fn a_creation_that_is_under_way_when_the_connection_is_lost_is_carried_out_once() {
    let parent = parent::slow().await;
    parent
        .add_fault(Fault::delay(
            "CreateWorkloadCluster",
            Duration::from_millis(200),
        ))
        .unwrap();
    let launch = parent::launch(&parent).argument("--grace=1ms");
    let walk = Walk::over(Host::launch(launch).await).await;
    walk.calls
        .configure(&parent::block(&parent))
        .await
        .nothing();
    let underway = walk.begin(&cluster("team-a")).await;
    called(&parent, "CreateWorkloadCluster").await;
    underway.abandon().await;
    let end = walk.hang_up().end_within(Duration::from_secs(2)).await;
    assert!(end.status.success(), "{end:?}");
    assert_eq!(parent.cluster("team-a").unwrap().state, "creating");
    is_taken_over(&parent).await;
}

#[tokio::test]
async fn a_lost_answer_of_the_parent_is_no_second_cluster() {
    let parent = parent::quick().await;
    parent
        .add_fault(Fault::drop_after("CreateWorkloadCluster"))
        .unwrap();
    let walk = Walk::start(&parent).await;
    let made = walk
        .calls
        .change(&cluster("team-a"), &Stored::default())
        .await;
    assert_eq!(made.object["status"]["state"], json!("active"));
    created_once(&parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn connections_to_the_parent_that_break_while_it_is_waited_are_made_again() {
    let parent = parent::slow().await;
    let mut walk = Walk::start(&parent).await;
    let underway = walk.begin_to_wait(&cluster("team-a")).await;
    parent.close_connections();
    parent.set_state("team-a", "active").unwrap();
    let answer = underway.answer().await;
    answer.diags.nothing();
    assert_eq!(answer.stored.object["ready"], true);
    created_once(&parent);
    walk.shut_down().await;
}
