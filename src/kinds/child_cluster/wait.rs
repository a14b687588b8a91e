//! Waiting until a child cluster is active.

use std::{collections::HashSet, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use prost_reflect::DynamicMessage;
use teleport_client::{Error, ErrorKind, shown};
use tfplugin::{Diagnostics, StopReason};
use tokio::time::Instant;

use super::Status;
use crate::{
    engine::{
        Followed, Pending,
        read::{LAG, shows},
        run::{End as Ended, Run},
        timeouts::timeout,
    },
    errors::{self, Summary, call_failed, chain, sentence},
};

/// Waits until the cluster is active. What ends the wait earlier decides what core does next: with warnings alone the object is
/// not tainted, and the next apply is an update that goes on waiting; with an error the object of a creation is tainted, and
/// the destroy half of its replacement is refused.
pub(super) async fn until_ready(pending: Pending<'_>, diags: &mut Diagnostics) -> Followed {
    let Pending {
        shape,
        run,
        objects,
        name,
        planned,
        mut seen,
        is_new,
        stopped,
    } = pending;
    let watched = Watched {
        noun: shape.kind.noun,
        name,
    };
    let deadline = Instant::now() + timeout(planned, "create", DEFAULT_TIMEOUT);
    let end = match stopped {
        Some(reason) => End::Stopped(reason),
        None => {
            let run = run.clone().until(deadline);
            let begin = Instant::now();
            let revision = seen.as_ref().map(|cluster| shape.revision(cluster));
            // Right after a create the server's cache may show the one of this name that was just deleted.
            let is_stale = |cluster: &DynamicMessage| {
                let other = |revision: String| revision != shape.revision(cluster);
                let is_recent = is_new && begin.elapsed() < LAG;
                is_recent
                    && (revision.clone().is_some_and(other) || !shows(shape, cluster, planned))
            };
            let read = || objects.get(name);
            until_active(read, is_stale, watched, &mut seen, &run).await
        }
    };
    let is_ready = matches!(end, End::Active);
    report(end, seen.as_ref(), watched, is_new, diags);
    Followed {
        object: seen,
        is_ready,
    }
}

/// Says why the cluster is not active.
fn report(
    end: End,
    last: Option<&DynamicMessage>,
    Watched { noun, name }: Watched<'_>,
    is_new: bool,
    diags: &mut Diagnostics,
) {
    let go_on = if is_new {
        "It was not deleted, and is in the state as tainted, so the next plan shows a replacement, which is refused. To go on \
         waiting:\n\n  terraform untaint ADDRESS\n  terraform apply"
    } else {
        "It was not deleted. The next apply goes on waiting."
    };
    let (summary, text) = match end {
        End::Active => return,
        End::Stopped(reason) => {
            let text =
                format!("The run ended before the {noun} {name:?} was active. It was not deleted.");
            if reason == StopReason::StopProvider {
                return errors::warning(Summary::WorkloadClusterNotFinished)
                    .detail(format!("{text} The next apply goes on waiting for it."))
                    .add(diags);
            }
            // Core does not know of the interruption and would go on to what depends on the cluster.
            (Summary::WorkloadClusterNotFinished, text)
        }
        End::Gone => {
            // It stays in the state: the next refresh looks again, and removes it if it is gone.
            return errors::error(Summary::WorkloadClusterGone)
                .detail(format!(
                    "The {noun} {name:?} was there and is not found any more: somebody deleted it while the apply waited for \
                     it. The next plan shows it."
                ))
                .add(diags);
        }
        End::Failed(state) => {
            let message = last.map(|cluster| Status::of(cluster).message);
            let message = message.filter(|message| !message.is_empty());
            let why = message.map_or_else(
                || ".".to_owned(),
                |message| format!(": {}", sentence(&shown(message.trim()))),
            );
            (
                Summary::WorkloadClusterFailed,
                format!(
                    "Teleport Cloud reports the state {state:?} for the {noun} {name:?}{why} Ask Teleport's support about it."
                ),
            )
        }
        End::TimedOut(error) => {
            let state = last.map(|cluster| Status::of(cluster).state);
            let seen = state.filter(|state| !state.is_empty()).map_or_else(
                || "it has no state yet".to_owned(),
                |state| format!("its state is {state:?}"),
            );
            let error = error.map(|error| format!(" The last read failed: {}.", chain(&error)));
            (
                Summary::WorkloadClusterNotActiveInTime,
                format!(
                    "The {noun} {name:?} was not active within the time of timeouts.create; {seen}.{}",
                    error.unwrap_or_default()
                ),
            )
        }
        End::Broken(error) => {
            let doing = format!("waiting for the {noun} {name:?}");
            call_failed(&error, &doing, diags);
            (
                Summary::WorkloadClusterNotFinished,
                format!(
                    "The {noun} {name:?} exists, but could not be followed until it is active."
                ),
            )
        }
    };
    errors::error(summary).detail(text).detail(go_on).add(diags);
}

/// What Teleport Cloud says of a child cluster. It is a free text, so there may be others than the known ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It can be used.
    Active,
    /// It is on its way.
    Pending(String),
    /// Nothing more is to be expected.
    Failed(String),
}

/// The cluster that is waited for, as texts name it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched<'a> {
    pub(super) noun: &'a str,
    pub(super) name: &'a str,
}

/// How waiting ended.
#[derive(Debug)]
pub(super) enum End {
    /// The cluster is active.
    Active,
    /// Its state is one of failure.
    Failed(String),
    /// The time is up. The last error, if that was what came last.
    TimedOut(Option<Error>),
    /// Waiting was to end early.
    Stopped(StopReason),
    /// The cluster was deleted meanwhile.
    Gone,
    /// Reading it fails for a reason that time does not heal.
    Broken(Error),
}

impl End {
    fn of(ended: Ended, passing: Option<Error>) -> Self {
        match ended {
            Ended::NotBegun(reason) | Ended::Stopped(reason) => Self::Stopped(reason),
            Ended::Deadline => Self::TimedOut(passing),
        }
    }
}

impl State {
    /// Reads the text. It is empty where a cluster has no status.
    pub(super) fn of(status: &Status) -> Self {
        let text = status.state.trim();
        let is = |word: &&str| text.eq_ignore_ascii_case(word);
        if is(&"active") {
            Self::Active
        // `error` is the word of cloud clusters.
        } else if ["error", "failed"].iter().any(is) {
            Self::Failed(text.to_owned())
        } else {
            Self::Pending(text.to_owned())
        }
    }
}

/// Reads the cluster again and again until it is active, has failed or is gone, or the run ends. `last` is the cluster as it was
/// last seen.
///
/// Failures to read that may pass are waited out. "Not found" is one of them until a read has seen the cluster; afterwards it is
/// believed at its third time in a row.
pub(super) async fn until_active<R: Future<Output = Result<DynamicMessage, Error>>>(
    read: impl Fn() -> R,
    is_stale: impl Fn(&DynamicMessage) -> bool,
    watched: Watched<'_>,
    last: &mut Option<DynamicMessage>,
    run: &Run,
) -> End {
    let Watched { noun, name } = watched;
    let begin = Instant::now();
    let mut pace = PACE.build();
    let mut unfamiliar = HashSet::new();
    let mut missing = 0;
    let mut passing = None;
    let mut is_seen = false;
    loop {
        let read = match run.finish(read()).await {
            Ok(read) => read,
            Err(ended) => return End::of(ended, passing),
        };
        match read {
            Ok(cluster) if is_stale(&cluster) => passing = None,
            Ok(cluster) => {
                (missing, passing, is_seen) = (0, None, true);
                let state = State::of(&Status::of(&cluster));
                *last = Some(cluster);
                match state {
                    State::Active => return End::Active,
                    State::Failed(state) => return End::Failed(state),
                    State::Pending(state) => report_new(watched, state, &mut unfamiliar),
                }
            }
            // Until one read has seen it, the server's cache does not have it yet.
            Err(error) if error.kind() == ErrorKind::NotFound && !is_seen => {
                passing = Some(error);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                missing += 1;
                if missing == BELIEVED {
                    return End::Gone;
                }
            }
            Err(error) if error.is_transient() || error.kind() == ErrorKind::Unauthenticated => {
                tracing::warn!(cluster = name, %error, "reading the {noun} failed in passing");
                passing = Some(error);
            }
            Err(error) => return End::Broken(error),
        }
        let delay = pace.next().unwrap_or(LONGEST);
        tracing::info!(
            cluster = name,
            state = last.as_ref().map(|cluster| Status::of(cluster).state),
            elapsed_seconds = begin.elapsed().as_secs(),
            next_poll_seconds = delay.as_secs_f64(),
            "waiting for the {noun}"
        );
        if let Err(ended) = run.wait(delay).await {
            return End::of(ended, passing);
        }
    }
}

/// Says once when a state is none that is documented.
fn report_new(watched: Watched<'_>, state: String, seen: &mut HashSet<String>) {
    let Watched { noun, name } = watched;
    if !["", CREATING].contains(&state.as_str()) && seen.insert(state.clone()) {
        tracing::warn!(
            cluster = name,
            state,
            "the {noun} is in a state that is not documented; waiting goes on"
        );
    }
}

/// From one second, growing to between five and ten.
const PACE: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_secs(1))
    .with_factor(1.3)
    .with_max_delay(Duration::from_secs(5))
    .with_jitter()
    .without_max_times();

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15 * 60);

const LONGEST: Duration = Duration::from_secs(10);

const BELIEVED: u32 = 3;

const CREATING: &str = "creating";

#[cfg(test)]
mod tests;
