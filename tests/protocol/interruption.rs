//! A creation that is interrupted: by core with StopProvider, and by signals.

use std::time::{Duration, Instant};

use crate::{
    host::Host,
    walk::{
        Answer, Stored, Walk, cluster,
        parent::{self, called, count, created_once, deleted_nothing},
        values::unknown,
    },
};
use nix::sys::signal::Signal;
use serde_json::json;
use teleport_simulator::{Fault, Simulator};

/// How soon core, or the runner that interrupted it, has its answer.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The same where a call to the parent hangs: its answer may be on its way, and the machine busy.
const IN_A_MOMENT: Duration = Duration::from_millis(1500);

/// A cluster that is there and not finished, which nobody has to look after before the next apply.
#[track_caller]
fn assert_unfinished(parent: &Simulator, stored: &Stored) {
    assert_eq!(stored.object["id"], "team-a");
    assert_eq!(stored.object["ready"], false);
    assert_eq!(stored.object["status"]["state"], "creating");
    let domain = parent.cluster("team-a").unwrap().domain;
    assert_eq!(stored.object["status"]["domain"], json!(domain));
    let private = String::from_utf8_lossy(&stored.private);
    assert!(
        private.contains("\"cluster\":\"parent.localhost\""),
        "{private}"
    );
}

/// The next run: an update in place that goes on waiting, and no second cluster.
async fn resumes(parent: &Simulator, stored: &Stored) {
    parent.set_state("team-a", "active").unwrap();
    let config = cluster("team-a");
    let walk = Walk::start(parent).await;
    let read = walk.calls.read(stored).await;
    read.diags.warning(&["not active yet", "goes on waiting"]);
    let planned = walk.calls.plan(&config, &read.stored).await;
    planned.diags.nothing();
    assert_eq!(planned.replaces, <[&str; 0]>::default());
    assert_eq!(planned.object["ready"], unknown());
    let domain = parent.cluster("team-a").unwrap().domain;
    assert_eq!(planned.object["status"]["domain"], json!(domain));
    let finished = walk.calls.apply(&config, &read.stored, &planned).await;
    finished.diags.nothing();
    assert_eq!(finished.stored.object["ready"], true);
    assert_eq!(finished.stored.object["status"]["state"], "active");
    let planned = walk.calls.plan(&config, &finished.stored).await;
    assert_eq!(planned.object, finished.stored.object);
    created_once(parent);
    deleted_nothing(parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn a_stop_request_ends_the_wait_and_the_next_apply_goes_on() {
    let parent = parent::slow().await;
    let mut walk = Walk::start(&parent).await;
    let underway = walk.begin_to_wait(&cluster("team-a")).await;
    let asked = Instant::now();
    walk.calls.stop().await;
    let Answer { stored, diags } = underway.answer().await;
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    diags.warning(&["team-a", "was not deleted", "next apply goes on waiting"]);
    assert_unfinished(&parent, &stored);
    walk.shut_down().await;
    resumes(&parent, &stored).await;
}

#[tokio::test]
async fn a_resumed_wait_can_be_interrupted_again() {
    let parent = parent::slow().await;
    let mut walk = Walk::start(&parent).await;
    let underway = walk.begin_to_wait(&cluster("team-a")).await;
    walk.calls.stop().await;
    let stored = underway.answer().await.stored;
    walk.shut_down().await;

    let mut walk = Walk::start(&parent).await;
    let config = cluster("team-a");
    let planned = walk.calls.plan(&config, &stored).await;
    let calls = walk.calls.clone();
    let (work, _) = tokio::join!(calls.apply(&config, &stored, &planned), async {
        walk.host
            .process
            .logged("waiting for the workload cluster")
            .await;
        walk.calls.stop().await;
    });
    work.diags.warning(&["was not deleted"]);
    assert_unfinished(&parent, &work.stored);
    drop(calls);
    walk.shut_down().await;
    resumes(&parent, &work.stored).await;
}

#[tokio::test]
async fn a_stop_request_does_not_wait_for_a_creation_that_hangs() {
    let parent = parent::slow().await;
    let hang = Fault::delay("CreateWorkloadCluster", Duration::from_secs(600)).carried_out();
    parent.add_fault(hang).unwrap();
    let walk = Walk::start(&parent).await;
    let underway = walk.begin(&cluster("team-a")).await;
    called(&parent, "CreateWorkloadCluster").await;
    let asked = Instant::now();
    walk.calls.stop().await;
    let Answer { stored, diags } = underway.answer().await;
    assert!(asked.elapsed() < IN_A_MOMENT, "{:?}", asked.elapsed());
    diags.warning(&["was not deleted"]);
    assert_unfinished(&parent, &stored);
    walk.shut_down().await;
    resumes(&parent, &stored).await;
}

#[tokio::test]
async fn a_creation_that_hung_and_never_was_is_made_by_the_next_apply() {
    let parent = parent::quick().await;
    let hang = Fault::delay("CreateWorkloadCluster", Duration::from_secs(600));
    parent.add_fault(hang).unwrap();
    let config = cluster("team-a");
    let walk = Walk::start(&parent).await;
    let underway = walk.begin(&config).await;
    called(&parent, "CreateWorkloadCluster").await;
    walk.calls.stop().await;
    let stored = underway.answer().await.stored;
    assert_eq!(stored.object["ready"], false);
    walk.shut_down().await;

    let walk = Walk::start(&parent).await;
    let read = walk.calls.read(&stored).await;
    read.diags.nothing();
    assert_eq!(read.stored, Stored::default(), "it is not there");
    let made = walk.calls.change(&config, &read.stored).await;
    assert_eq!(made.object["ready"], true);
    assert_eq!(parent.clusters().len(), 1);
    walk.shut_down().await;
}

#[tokio::test]
async fn a_stop_request_before_the_creation_leaves_nothing_behind() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    walk.calls.stop().await;
    let config = cluster("team-a");
    let planned = walk.calls.plan(&config, &Stored::default()).await;
    let answer = walk
        .calls
        .apply(&config, &Stored::default(), &planned)
        .await;
    answer
        .diags
        .error(&["interrupted before creating", "team-a"]);
    assert_eq!(answer.stored, Stored::default());
    assert_eq!(count(&parent, "CreateWorkloadCluster"), 0);
    walk.shut_down().await;
}

#[tokio::test]
async fn an_interrupt_of_the_group_by_itself_changes_nothing() {
    let parent = parent::slow().await;
    let launch = parent::launch(&parent).variable("TF_LOG", "debug");
    let mut walk = Walk::over(Host::launch(launch).await).await;
    walk.calls
        .configure(&parent::block(&parent))
        .await
        .nothing();
    let underway = walk.begin_to_wait(&cluster("team-a")).await;
    for _ in 0..2 {
        walk.host.process.signal_group(Signal::SIGINT);
        walk.host.process.logged("interrupt ignored").await;
    }
    parent.set_state("team-a", "active").unwrap();
    let Answer { stored, diags } = underway.answer().await;
    diags.nothing();
    assert_eq!(stored.object["ready"], true);
    created_once(&parent);
    walk.shut_down().await;
}

#[tokio::test]
async fn a_sigterm_with_a_stop_request_is_an_interruption() {
    let parent = parent::slow().await;
    let mut walk = Walk::start(&parent).await;
    let underway = walk.begin_to_wait(&cluster("team-a")).await;
    walk.host.process.signal_group(Signal::SIGTERM);
    let asked = Instant::now();
    walk.calls.stop().await;
    let Answer { stored, diags } = underway.answer().await;
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    diags.warning(&["was not deleted", "next apply goes on waiting"]);
    assert_unfinished(&parent, &stored);
    walk.shut_down().await;
    resumes(&parent, &stored).await;
}

#[tokio::test]
async fn a_sigterm_without_a_stop_request_is_an_error_that_saves_the_state() {
    let parent = parent::slow().await;
    let mut walk = Walk::start(&parent).await;
    let underway = walk.begin_to_wait(&cluster("team-a")).await;
    let signalled = Instant::now();
    walk.host.process.signal_group(Signal::SIGTERM);
    let Answer { stored, diags } = underway.answer().await;
    // A second in which core could have spoken, and what a stop request takes.
    assert!(
        signalled.elapsed() < 2 * AT_ONCE,
        "{:?}",
        signalled.elapsed()
    );
    diags.error(&["team-a", "was not deleted", "terraform untaint"]);
    assert_unfinished(&parent, &stored);
    walk.shut_down().await;
    // Untainted by hand it is resumed like any other.
    resumes(&parent, &stored).await;
}

#[tokio::test]
async fn reads_and_deletions_that_hang_are_given_up_and_nothing_is_forgotten() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let made = walk
        .calls
        .change(&cluster("team-a"), &Stored::default())
        .await;
    walk.shut_down().await;
    for rpc in ["GetWorkloadCluster", "DeleteWorkloadCluster"] {
        parent.clear_calls();
        let hang = Fault::delay(rpc, Duration::from_secs(600));
        parent.add_fault(hang).unwrap();
        let walk = Walk::start(&parent).await;
        let work = async {
            match rpc {
                "GetWorkloadCluster" => walk.calls.read(&made).await,
                _ => walk.calls.delete(&made, &made.private).await,
            }
        };
        let interrupt = async {
            called(&parent, rpc).await;
            walk.calls.stop().await;
            Instant::now()
        };
        let (answer, asked) = tokio::join!(work, interrupt);
        assert!(asked.elapsed() < IN_A_MOMENT, "{:?}", asked.elapsed());
        answer.diags.error(&["interrupted", "team-a"]);
        assert_eq!(answer.stored, made, "{rpc}");
        walk.shut_down().await;
    }
    assert!(parent.cluster("team-a").is_some());
}
