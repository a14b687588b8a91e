//! The current connection: made by the first call that needs one, shared by all, replaced in time.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBackoff};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tracing::Instrument;

use crate::{
    Config,
    call::{
        connection::{Condition, Connection},
        retry::RetryPolicy,
    },
    dial::connect::connect,
    error::{ConnectError, Error},
};

/// Keeps the current connection: made by the first call that needs it, shared, and replaced when it is broken.
pub(crate) struct Connections {
    config: Arc<Config>,
    /// A std mutex: it is held for a moment and never across an await.
    slot: Mutex<Slot>,
    connected_before: Arc<AtomicBool>,
}

#[derive(Default)]
struct Slot {
    connecting: Option<Connecting>,
    /// Set while patient callers wait for a cluster to let the bot join.
    waiting: Option<Waiting>,
}

/// Waiting for a cluster to let the bot join. All patient callers wait together.
struct Waiting {
    since: Instant,
    waits: ExponentialBackoff,
    /// When to try again.
    until: Instant,
}

/// A connection that exists or is being made. All who wait for it share the outcome.
type Connecting = Shared<BoxFuture<'static, Result<Arc<Connection>, Error>>>;

/// Whether to wait for a cluster that may not let the bot join yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Try once.
    None,
    /// Try again until [`Config::join_timeout`] is over.
    Joins,
}

impl Connections {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            slot: Mutex::default(),
            connected_before: Arc::new(AtomicBool::new(false)),
        }
    }

    /// The connection to use, dialling if there is none that works.
    pub(crate) async fn current(&self, patience: Patience) -> Result<Arc<Connection>, Error> {
        loop {
            let connecting = self.connecting();
            let error = match connecting.clone().await {
                Ok(connection) => {
                    self.slot().waiting = None;
                    return Ok(connection);
                }
                Err(error) => error,
            };
            if patience == Patience::None || !error.may_join_later() {
                return Err(error);
            }
            let until = self.wait_until(&connecting, &error)?;
            self.config.dial.clock.sleep_until(until).await;
        }
    }

    /// Stops further calls from using this connection. Calls that have begun on it continue.
    pub(crate) fn retire(&self, connection: &Arc<Connection>) {
        let mut slot = self.slot();
        if let Some(Some(Ok(current))) = slot.connecting.as_ref().map(Shared::peek)
            && Arc::ptr_eq(current, connection)
        {
            slot.connecting = None;
        }
    }

    /// Whether there has ever been a connection.
    pub(crate) fn was_connected(&self) -> bool {
        self.connected_before.load(Ordering::Relaxed)
    }

    /// A connection that can be used or is being made. If there is none, it starts to make one.
    fn connecting(&self) -> Connecting {
        let now = self.config.dial.clock.now();
        let mut slot = self.slot();
        let due = match &slot.connecting {
            Some(connecting) => match connecting.peek() {
                None => return connecting.clone(),
                Some(Ok(connection)) => match connection.condition(now) {
                    Condition::Good => return connecting.clone(),
                    Condition::Due => Some(connection.clone()),
                    Condition::Broken => None,
                },
                Some(Err(_)) => None,
            },
            None => None,
        };
        slot.connecting.insert(self.dial(due)).clone()
    }

    /// When to try again after a transient failure.
    fn wait_until(&self, failed: &Connecting, error: &Error) -> Result<Instant, Error> {
        let now = self.config.dial.clock.instant();
        let timeout = self.config.join_timeout;
        let mut slot = self.slot();
        let is_last = slot
            .connecting
            .as_ref()
            .is_some_and(|connecting| connecting.ptr_eq(failed));
        let waiting = slot.waiting.get_or_insert_with(|| Waiting {
            since: now,
            waits: JOIN_RETRY.waits().build(),
            until: now,
        });
        let deadline = waiting.since + timeout;
        if now >= deadline {
            let after = now.saturating_duration_since(waiting.since);
            let last = error.clone();
            return Err(ConnectError::GaveUp { last, after }.into());
        }
        // The first caller that gets a failure decides when all try again.
        if is_last && waiting.until <= now {
            let wait = waiting.waits.next().unwrap_or(JOIN_RETRY.cap);
            waiting.until = (now + wait).min(deadline);
            tracing::warn!(?wait, %error, "the cluster does not let the bot join yet; it is tried again");
        }
        Ok(waiting.until)
    }

    /// Dials in a separate task, so that a caller that is cancelled does not cancel it for the others. A connection that is due for
    /// renewal is used until there is another one.
    fn dial(&self, due: Option<Arc<Connection>>) -> Connecting {
        let config = self.config.clone();
        let connected_before = self.connected_before.clone();
        let dialling = async move {
            match (connect(&config).await, due) {
                (Ok(connection), _) => {
                    connected_before.store(true, Ordering::Relaxed);
                    Ok(Arc::new(connection))
                }
                (Err(error), Some(due)) if due.postpone_renewal(config.dial.clock.now()) => {
                    tracing::warn!(%error, "the connection could not be renewed, so the last one is still used");
                    Ok(due)
                }
                (Err(error), _) => Err(error.into()),
            }
        };
        let task = tokio::spawn(dialling.in_current_span());
        task.map(|joined| joined.unwrap_or_else(|_| Err(ConnectError::Interrupted.into())))
            .boxed()
            .shared()
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        // It is valid after every single change, also when a thread panicked between two.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How fast joins are tried again while a cluster does not let the bot join yet.
const JOIN_RETRY: RetryPolicy = RetryPolicy {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(10),
    tries: u32::MAX,
};
