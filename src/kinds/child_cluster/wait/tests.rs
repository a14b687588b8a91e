use std::{cell::Cell, time::Duration};

use prost_reflect::{DynamicMessage, ReflectMessage, Value as Field};
use tfplugin::{Call, Stop, Stopper};

use super::*;

const A: Watched<'_> = Watched {
    noun: "workload cluster",
    name: "a",
};

fn cluster(state: Option<&str>) -> DynamicMessage {
    of_kind("teleport.workloadcluster.v1.WorkloadCluster", state)
}

fn of_kind(name: &str, state: Option<&str>) -> DynamicMessage {
    let mut cluster = DynamicMessage::new(
        teleport_proto::descriptors()
            .get_message_by_name(name)
            .unwrap(),
    );
    if let Some(state) = state {
        let field = cluster.descriptor().get_field_by_name("status").unwrap();
        let status = cluster.get_field_mut(&field).as_message_mut().unwrap();
        status.set_field_by_name("state", Field::String(state.to_owned()));
    }
    cluster
}

/// Waits while the cluster goes through these states; it stays in the last one.
async fn wait_through(
    states: &[Option<&str>],
    limit: Duration,
    stop: &Stop,
) -> (End, Option<String>, usize) {
    let reads = Cell::new(0);
    let read = || {
        let state = states[reads.get().min(states.len() - 1)];
        reads.set(reads.get() + 1);
        async move { Ok(cluster(state)) }
    };
    let call = Call {
        client: None,
        stop: stop.clone(),
    };
    let run = Run::apply(&call).until(Instant::now() + limit);
    let mut last = None;
    let end = until_active(read, |_| false, A, &mut last, &run).await;
    (
        end,
        last.map(|cluster| Status::of(&cluster).state),
        reads.get(),
    )
}

const QUARTER: Duration = Duration::from_secs(15 * 60);

#[tokio::test(start_paused = true)]
async fn waiting_goes_on_through_missing_and_unfamiliar_states_until_active() {
    let states = [
        None,
        Some("creating"),
        Some("napping"),
        Some("napping"),
        Some("active"),
    ];
    let (end, _, reads) = wait_through(&states, QUARTER, &Stop::never()).await;
    assert!(matches!(end, End::Active), "{:?}", end);
    assert_eq!(reads, 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_not_believed() {
    let reads = Cell::new(0);
    let read = || {
        reads.set(reads.get() + 1);
        async { Ok(cluster(Some("active"))) }
    };
    let call = Call {
        client: None,
        stop: Stop::never(),
    };
    let run = Run::apply(&call).until(Instant::now() + QUARTER);
    let mut last = None;
    let is_stale = |_: &DynamicMessage| reads.get() < 3;
    let end = until_active(read, is_stale, A, &mut last, &run).await;
    assert!(matches!(end, End::Active), "{end:?}");
    assert_eq!(reads.get(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_state_of_failure_ends_it() {
    for word in ["error", "failed", "FAILED"] {
        let (end, ..) =
            wait_through(&[Some("creating"), Some(word)], QUARTER, &Stop::never()).await;
        assert!(
            matches!(&end, End::Failed(state) if state == word),
            "{:?}",
            end
        );
    }
}

/// What is said of a cloud cluster in a state of failure.
fn text_of_failure(message: &str) -> String {
    let mut cluster = of_kind("teleport.cloudcluster.v1.CloudCluster", Some("error"));
    let status = cluster.get_field_by_name_mut("status").unwrap();
    let status = status.as_message_mut().unwrap();
    status.set_field_by_name("message", Field::String(message.to_owned()));
    let mut diags = Diagnostics::new();
    let watched = Watched {
        noun: "cloud cluster",
        ..A
    };
    let end = End::Failed("error".to_owned());
    report(end, Some(&cluster), watched, true, &mut diags);
    let error = diags.iter().next().unwrap();
    assert_eq!(error.summary, Summary::WorkloadClusterFailed.text());
    error.detail.clone()
}

#[test]
fn the_message_of_a_state_of_failure_is_shown_without_control_characters_and_not_longer_than_a_screen()
 {
    let reported = "Teleport Cloud reports the state \"error\" for the cloud cluster \"a\"";
    let ask = "Ask Teleport's support about it.";
    for (message, says) in [
        ("", format!("{reported}. {ask}")),
        (" no capacity\n", format!("{reported}: no capacity. {ask}")),
        ("Why?", format!("{reported}: Why? {ask}")),
        ("a\u{1b}[2Jb", format!("{reported}: a\u{fffd}[2Jb. {ask}")),
    ] {
        let text = text_of_failure(message);
        assert!(text.starts_with(&says), "{text}");
    }
    let text = text_of_failure(&"x".repeat(100_000));
    assert!(text.len() < 5_000, "{}", text.len());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_it_with_what_was_seen_last() {
    let begin = Instant::now();
    let (end, last, reads) =
        wait_through(&[Some("creating")], Duration::from_secs(60), &Stop::never()).await;
    assert!(matches!(end, End::TimedOut(None)), "{:?}", end);
    assert_eq!(last.as_deref(), Some("creating"));
    assert_eq!(begin.elapsed().as_secs(), 60);
    assert!((8..=30).contains(&reads), "{reads} reads in a minute");
}

#[tokio::test(start_paused = true)]
async fn the_pace_is_from_one_second_to_ten() {
    let mut delays: Vec<_> = PACE.build().take(40).collect();
    assert!(
        delays[0] >= Duration::from_secs(1) && delays[0] < Duration::from_secs(2),
        "{:?}",
        delays[0]
    );
    delays.sort();
    assert!(
        delays[39] <= LONGEST && delays[39] > Duration::from_secs(5),
        "{:?}",
        delays[39]
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_it_at_once() {
    let stopper = Stopper::new();
    let stop = stopper.watch();
    let begin = Instant::now();
    let states = [Some("creating")];
    let waiting = wait_through(&states, QUARTER, &stop);
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(3_300)).await;
        stopper.stop(StopReason::StopProvider);
    };
    let ((end, ..), ()) = tokio::join!(waiting, stopping);
    assert!(
        matches!(end, End::Stopped(StopReason::StopProvider)),
        "{:?}",
        end
    );
    assert_eq!(begin.elapsed(), Duration::from_millis(3_300));
}

#[test]
fn states_are_distinguished() {
    let state = |text: &str| {
        State::of(&Status {
            state: text.to_owned(),
            ..Status::default()
        })
    };
    assert_eq!(state("Active "), State::Active);
    assert_eq!(state(""), State::Pending(String::new()));
    assert_eq!(state("suspended"), State::Pending("suspended".into()));
}
