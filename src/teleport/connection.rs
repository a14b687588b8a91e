//! One connection, and the place that keeps the current one.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use prost_reflect::DynamicMessage;
use time::OffsetDateTime;
use tonic::{Request, client::Grpc};
use tracing::Instrument;

use super::{
    Address, Config, Error, Kind, Transient,
    call::{Call, Repeatable},
    codec::DynamicCodec,
    connect::connect,
    credentials::Credentials,
    dial::Dialled,
    errors::ConnectError,
    failure::CallFailure,
    identity::Identity,
    retry::Policy,
    status,
    transport::{self, Transport},
};

/// An established connection that has proved itself.
pub(super) struct Connection {
    address: Address,
    identity: Identity,
    transport: Transport,
    /// When to replace it while it still works. A std mutex: it is held for a moment.
    renew_at: Mutex<Option<OffsetDateTime>>,
}

/// Whether to wait for a cluster that may not let the bot join yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Try once: for reads and plans.
    None,
    /// Try until the time for joins is up: for what an apply asks for.
    Joins,
}

/// What a connection is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Good,
    /// It works, and it is time for the next.
    Due,
    Broken,
}

/// Keeps the current connection: made by the first call that needs it, shared, and replaced when it is broken.
pub(super) struct Connections {
    config: Arc<Config>,
    /// A std mutex: it is held for a moment and never across an await.
    slot: Mutex<Slot>,
    connected_before: Arc<AtomicBool>,
}

#[derive(Default)]
struct Slot {
    connecting: Option<Connecting>,
    /// Since a patient caller met a cluster that does not let the bot in yet.
    waiting: Option<Waiting>,
}

/// Waiting for a cluster to let the bot in. All patient callers wait together.
struct Waiting {
    since: Instant,
    tried: u32,
    /// When to try again.
    until: Instant,
}

/// A connection that is there or on its way. All who wait for it share the outcome.
type Connecting = Shared<BoxFuture<'static, Result<Arc<Connection>, Error>>>;

impl Connections {
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            slot: Mutex::default(),
            connected_before: Arc::new(AtomicBool::new(false)),
        }
    }

    /// The connection to use, dialling if there is none that works.
    pub(super) async fn current(&self, patience: Patience) -> Result<Arc<Connection>, Error> {
        loop {
            let connecting = self.connecting();
            let error = match connecting.clone().await {
                Ok(connection) => {
                    self.slot().waiting = None;
                    return Ok(connection);
                }
                Err(error) => error,
            };
            if patience == Patience::None || !error.is_early() {
                return Err(error);
            }
            let until = self.wait_until(&connecting, &error)?;
            self.config.clock.sleep_until(until).await;
        }
    }

    /// Lets no further call use this connection. Calls that are under way on it go on.
    pub(super) fn retire(&self, connection: &Arc<Connection>) {
        let mut slot = self.slot();
        if let Some(Some(Ok(current))) = slot.connecting.as_ref().map(Shared::peek)
            && Arc::ptr_eq(current, connection)
        {
            slot.connecting = None;
        }
    }

    /// Whether there has ever been a connection.
    pub(super) fn was_connected(&self) -> bool {
        self.connected_before.load(Ordering::Relaxed)
    }

    /// A connection that is good or on its way, if need be on a way that begins now.
    fn connecting(&self) -> Connecting {
        let now = self.config.clock.now();
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

    /// When to try again after a failure that time may mend.
    fn wait_until(&self, failed: &Connecting, error: &Error) -> Result<Instant, Error> {
        let now = self.config.clock.instant();
        let timeout = self.config.join_timeout;
        let mut slot = self.slot();
        let is_last = slot
            .connecting
            .as_ref()
            .is_some_and(|connecting| connecting.ptr_eq(failed));
        let waiting = slot.waiting.get_or_insert(Waiting {
            since: now,
            tried: 0,
            until: now,
        });
        let deadline = waiting.since + timeout;
        if now >= deadline {
            let after = now.saturating_duration_since(waiting.since);
            let last = error.clone();
            return Err(ConnectError::GaveUp { last, after }.into());
        }
        // The first to hear of a failure says when all try again.
        if is_last && waiting.until <= now {
            waiting.tried += 1;
            let wait = JOIN_RETRY.wait(waiting.tried, 0.5 + fastrand::f64() / 2.0);
            waiting.until = (now + wait.unwrap_or(JOIN_RETRY.cap)).min(deadline);
            tracing::warn!(tried = waiting.tried, %error, "the cluster does not let the bot join yet, which is tried again");
        }
        Ok(waiting.until)
    }

    /// Dials on a task of its own, so that a caller who goes away does not take the connection from the others. A connection that
    /// is due to be replaced goes on being used while there is no other.
    fn dial(&self, due: Option<Arc<Connection>>) -> Connecting {
        let config = self.config.clone();
        let connected_before = self.connected_before.clone();
        let dialling = async move {
            match (connect(&config).await, due) {
                (Ok(connection), _) => {
                    connected_before.store(true, Ordering::Relaxed);
                    Ok(Arc::new(connection))
                }
                (Err(error), Some(due)) if due.postpone_renewal(config.clock.now()) => {
                    tracing::warn!(%error, "the connection could not be renewed, and the one before is still used");
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
        // It is whole after every single change, also when a thread died between two.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    pub(super) fn new(address: Address, credentials: Credentials, dialled: Dialled) -> Self {
        Self {
            address,
            identity: credentials.identity,
            transport: dialled.transport,
            renew_at: Mutex::new(credentials.renew_at),
        }
    }

    /// Makes one try of a call.
    pub(super) async fn call(&self, call: &Call) -> Result<DynamicMessage, Error> {
        let rpc = call.method.name();
        let address = self.address.to_string();
        let mut request = Request::new(call.request.clone());
        // The server should know when nobody listens any more; but it may hang, so the clock here decides.
        request.set_timeout(call.deadline);
        let path = transport::path(&call.method);
        let mut grpc = Grpc::with_origin(self.transport.clone(), transport::origin())
            .max_decoding_message_size(transport::MAX_ANSWER_SIZE);
        // The transport is always ready: HTTP/2 queues what goes beyond the server's limit.
        let answer = grpc.unary(request, path, DynamicCodec::new(call.method.output()));
        let failure = match tokio::time::timeout(call.deadline, answer).await {
            Ok(Ok(answer)) => return Ok(answer.into_inner()),
            Ok(Err(status)) => status::failure(rpc, address, &status),
            Err(_) => status::deadline(rpc, address, call.deadline),
        };
        let in_doubt = failure.may_have_been_carried_out && call.repeatable == Repeatable::No;
        Err(Error::call(CallFailure {
            may_have_been_carried_out: in_doubt,
            ..failure
        }))
    }

    /// Whether a connection should get no further calls after this error: it is broken, or silent and perhaps broken.
    pub(super) fn is_suspect_after(error: &Error) -> bool {
        error.server_message().is_none()
            && matches!(
                error.kind(),
                Kind::Transient(Transient::Unavailable | Transient::Deadline)
            )
    }

    fn condition(&self, now: OffsetDateTime) -> Condition {
        if self.transport.is_closed() || self.identity.check_validity(now).is_err() {
            Condition::Broken
        } else if self.renew_at().is_some_and(|at| at <= now) {
            Condition::Due
        } else {
            Condition::Good
        }
    }

    /// Goes on for a part of the time that is left. False if there is none.
    fn postpone_renewal(&self, now: OffsetDateTime) -> bool {
        let is_alive = self.condition(now) != Condition::Broken;
        if is_alive {
            *self.renew_at() = Some(now + (self.identity.not_after() - now) / 4);
        }
        is_alive
    }

    fn renew_at(&self) -> MutexGuard<'_, Option<OffsetDateTime>> {
        self.renew_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How fast joins are tried again while a cluster does not let the bot in yet.
const JOIN_RETRY: Policy = Policy {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(10),
    tries: u32::MAX,
};

#[cfg(test)]
mod tests;
