//! One connection to a cluster: it makes calls, and knows how long it can be used.

use std::sync::{Mutex, MutexGuard, PoisonError};

use prost_reflect::DynamicMessage;
use time::OffsetDateTime;
use tonic::{Request, client::Grpc};

use crate::{
    Address,
    call::{Call, Repeatable, codec::DynamicCodec, failure::CallFailure, outcome::outcome},
    credentials::{Credentials, identity::Identity},
    dial::{
        Dialled,
        transport::{self, Transport},
    },
    error::Error,
    error_kind::{ErrorKind, Transient},
};

/// An established connection that has proved itself.
pub(crate) struct Connection {
    address: Address,
    identity: Identity,
    transport: Transport,
    /// When to replace it while it still works. A std mutex: it is held for a moment.
    renew_at: Mutex<Option<OffsetDateTime>>,
}

/// Whether a connection can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Good,
    /// It works, but it is time for a new one.
    Due,
    Broken,
}

impl Connection {
    pub(crate) fn new(address: Address, credentials: Credentials, dialled: Dialled) -> Self {
        Self {
            address,
            identity: credentials.identity,
            transport: dialled.transport,
            renew_at: Mutex::new(credentials.renew_at),
        }
    }

    /// The name of the cluster, as the certificate of the client says.
    pub(crate) fn cluster_name(&self) -> Option<&str> {
        self.identity.cluster_name()
    }

    /// Tries a call once. `is_repetition` says whether it was tried before.
    pub(crate) async fn call(
        &self,
        call: &Call,
        is_repetition: bool,
    ) -> Result<DynamicMessage, Error> {
        let rpc = call.method.name();
        let address = self.address.to_string();
        let mut request = Request::new(call.request.clone());
        // This tells the server when the client stops waiting. The server may hang, so the client has its own clock too.
        request.set_timeout(call.deadline);
        let path = transport::path(&call.method);
        let mut grpc = Grpc::with_origin(self.transport.clone(), transport::origin())
            .max_decoding_message_size(transport::MAX_ANSWER_SIZE);
        // The transport is always ready: HTTP/2 queues what goes beyond the server's limit.
        let answer = grpc.unary(request, path, DynamicCodec::new(call.method.output()));
        let outcome = outcome(rpc, address, call.deadline, answer).await;
        outcome.map_err(|failure| {
            Error::call(CallFailure {
                may_have_been_carried_out: failure.may_have_been_carried_out
                    && call.repeatable == Repeatable::No,
                is_repetition,
                ..failure
            })
        })
    }

    /// Whether a connection should get no further calls after this error: it is broken, or silent and perhaps broken.
    pub(crate) fn is_suspect_after(error: &Error) -> bool {
        error.server_message().is_none()
            && matches!(
                error.kind(),
                ErrorKind::Transient(Transient::Unavailable | Transient::Deadline)
            )
    }

    /// Whether it can be used now.
    pub(crate) fn condition(&self, now: OffsetDateTime) -> Condition {
        if self.transport.is_closed() || self.identity.check_validity(now).is_err() {
            Condition::Broken
        } else if self.renew_at().is_some_and(|at| at <= now) {
            Condition::Due
        } else {
            Condition::Good
        }
    }

    /// Puts off the renewal by a part of the remaining time. False if the connection cannot be used any more.
    pub(crate) fn postpone_renewal(&self, now: OffsetDateTime) -> bool {
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
