//! One connection, and the place that keeps the current one.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
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
    Address, Call, Config, Error, Kind, Transient,
    codec::DynamicCodec,
    connect::{ConnectError, connect},
    dial::Dialled,
    identity::Identity,
    status,
    transport::{self, Transport},
};

/// An established connection that has proved itself.
pub(super) struct Connection {
    address: Address,
    identity: Identity,
    transport: Transport,
}

/// Keeps the current connection: made by the first call that needs it, shared, and replaced when it is broken.
pub(super) struct Connections {
    config: Arc<Config>,
    /// A std mutex: it is held for a moment and never across an await.
    slot: Mutex<Option<Connecting>>,
    connected_before: Arc<AtomicBool>,
}

/// A connection that is there or on its way. All who wait for it share the outcome.
type Connecting = Shared<BoxFuture<'static, Result<Arc<Connection>, Error>>>;

impl Connections {
    pub(super) fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            slot: Mutex::new(None),
            connected_before: Arc::new(AtomicBool::new(false)),
        }
    }

    /// The connection to use, dialling if there is none that works.
    pub(super) async fn current(&self) -> Result<Arc<Connection>, Error> {
        let connecting = {
            let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            match &*slot {
                Some(connecting) if is_usable(connecting) => connecting.clone(),
                _ => slot.insert(self.dial()).clone(),
            }
        };
        connecting.await
    }

    /// Lets no further call use this connection. Calls that are under way on it go on.
    pub(super) fn retire(&self, connection: &Arc<Connection>) {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(Ok(current))) = slot.as_ref().map(Shared::peek)
            && Arc::ptr_eq(current, connection)
        {
            *slot = None;
        }
    }

    /// Whether there has ever been a connection.
    pub(super) fn was_connected(&self) -> bool {
        self.connected_before.load(Ordering::Relaxed)
    }

    /// Dials on a task of its own, so that a caller who goes away does not take the connection from the others.
    fn dial(&self) -> Connecting {
        let config = self.config.clone();
        let connected_before = self.connected_before.clone();
        let dialling = async move {
            let connection = connect(&config).await?;
            connected_before.store(true, Ordering::Relaxed);
            Ok(Arc::new(connection))
        };
        let task = tokio::spawn(dialling.in_current_span());
        task.map(|joined| joined.unwrap_or_else(|_| Err(ConnectError::Interrupted.into())))
            .boxed()
            .shared()
    }
}

impl Connection {
    pub(super) fn new(address: Address, identity: Identity, dialled: Dialled) -> Self {
        Self {
            address,
            identity,
            transport: dialled.transport,
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
        match tokio::time::timeout(call.deadline, answer).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(Error::call(status::failure(rpc, address, &status))),
            Err(_) => Err(Error::call(status::deadline(rpc, address, call.deadline))),
        }
    }

    /// Whether a connection should get no further calls after this error: it is broken, or silent and perhaps broken.
    pub(super) fn is_suspect_after(error: &Error) -> bool {
        error.server_message().is_none()
            && matches!(
                error.kind(),
                Kind::Transient(Transient::Unavailable | Transient::Deadline)
            )
    }

    fn is_usable(&self) -> bool {
        !self.transport.is_closed()
            && self
                .identity
                .check_validity(OffsetDateTime::now_utc())
                .is_ok()
    }
}

/// Whether it is under way, or led to a connection that still works.
fn is_usable(connecting: &Connecting) -> bool {
    match connecting.peek() {
        None => true,
        Some(Ok(connection)) => connection.is_usable(),
        Some(Err(_)) => false,
    }
}

#[cfg(test)]
mod tests;
