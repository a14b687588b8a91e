//! Waiting until a workload cluster is active.

use std::{collections::HashSet, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use prost_reflect::DynamicMessage;
use teleport_client::{Error, ErrorKind};
use tfplugin::StopReason;
use tokio::time::Instant;

use super::object;
use crate::engine::run::{End as Ended, Run};

/// What Teleport Cloud says of a workload cluster. It is a free text, so there may be others than the known ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It can be used.
    Active,
    /// It is on its way.
    Pending(String),
    /// Nothing more is to be expected.
    Failed(String),
}

/// How waiting ended.
#[derive(Debug)]
pub(super) enum End {
    /// The cluster is active, as this read says.
    Active(DynamicMessage),
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

/// The end, and the cluster as it was last seen.
#[derive(Debug)]
pub(super) struct Waited {
    pub(super) end: End,
    pub(super) last: Option<DynamicMessage>,
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
    /// Reads the text. None is what a cluster without status has.
    pub(super) fn of(text: Option<&str>) -> Self {
        match text.map(str::trim) {
            Some(text) if text.eq_ignore_ascii_case("active") => Self::Active,
            // `error` is the word of the feature's preview (`teleport.cloudcluster.v1`).
            Some(text)
                if ["error", "failed"]
                    .iter()
                    .any(|word| text.eq_ignore_ascii_case(word)) =>
            {
                Self::Failed(text.to_owned())
            }
            Some(text) => Self::Pending(text.to_owned()),
            None => Self::Pending(String::new()),
        }
    }
}

/// Reads the cluster again and again until it is active, has failed or is gone, or the run ends.
///
/// Failures to read that may pass are waited out. "Not found" is one of them until a read has seen the cluster; afterwards it is
/// believed at its third time in a row.
pub(super) async fn until_active<R: Future<Output = Result<DynamicMessage, Error>>>(
    read: impl Fn() -> R,
    name: &str,
    mut last: Option<DynamicMessage>,
    run: &Run,
) -> Waited {
    let begin = Instant::now();
    let mut pace = PACE.build();
    let mut seen = HashSet::new();
    let mut missing = 0;
    let mut passing = None;
    let mut is_seen = false;
    loop {
        match run.finish(read()).await {
            Err(ended) => {
                return Waited {
                    end: End::of(ended, passing),
                    last,
                };
            }
            Ok(Ok(cluster)) => {
                (missing, passing, is_seen) = (0, None, true);
                let state = State::of(object::state(&cluster).as_deref());
                last = Some(cluster.clone());
                match state {
                    State::Active => {
                        return Waited {
                            end: End::Active(cluster),
                            last,
                        };
                    }
                    State::Failed(state) => {
                        return Waited {
                            end: End::Failed(state),
                            last,
                        };
                    }
                    State::Pending(state) => report_new(name, state, &mut seen),
                }
            }
            // Until one read has seen it, the server's cache does not have it yet.
            Ok(Err(error)) if error.kind() == ErrorKind::NotFound && !is_seen => {
                passing = Some(error);
            }
            Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {
                missing += 1;
                if missing == BELIEVED {
                    return Waited {
                        end: End::Gone,
                        last,
                    };
                }
            }
            Ok(Err(error))
                if error.is_transient() || error.kind() == ErrorKind::Unauthenticated =>
            {
                tracing::warn!(cluster = name, %error, "reading the workload cluster failed in passing");
                passing = Some(error);
            }
            Ok(Err(error)) => {
                return Waited {
                    end: End::Broken(error),
                    last,
                };
            }
        }
        let delay = pace.next().unwrap_or(LONGEST);
        tracing::info!(
            cluster = name,
            state = last
                .as_ref()
                .and_then(object::state)
                .unwrap_or_else(|| "unknown".to_owned()),
            elapsed_seconds = begin.elapsed().as_secs(),
            next_poll_seconds = delay.as_secs_f64(),
            "waiting for the workload cluster"
        );
        if let Err(ended) = run.wait(delay).await {
            return Waited {
                end: End::of(ended, passing),
                last,
            };
        }
    }
}

/// Says once when a state is none that is documented.
fn report_new(name: &str, state: String, seen: &mut HashSet<String>) {
    if state != CREATING && seen.insert(state.clone()) {
        tracing::warn!(
            cluster = name,
            state,
            "the workload cluster is in a state that is not documented; waiting goes on"
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

const LONGEST: Duration = Duration::from_secs(10);

const BELIEVED: u32 = 3;

const CREATING: &str = "creating";

#[cfg(test)]
mod tests;
