//! The other end of a connection, as the services see it: who calls, and which call it is.

use std::{net::SocketAddr, sync::Arc};

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::{faults::journal::CallNote, grpc::access::Caller};

/// The other end of a connection. It travels with each request.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// `None` for those who have no certificate yet.
    pub(crate) caller: Option<Arc<Caller>>,
    pub(crate) address: SocketAddr,
    /// Ends the connection.
    pub(crate) close: CancellationToken,
}

impl Peer {
    /// Name of the user, empty for those who have no certificate yet.
    pub(crate) fn user(&self) -> &str {
        self.caller.as_deref().map_or("", Caller::user)
    }

    /// A certificate must be good for each call, not for the first one of its connection alone.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` for one that has expired.
    pub(crate) fn check_certificate(&self) -> Result<(), Status> {
        match &self.caller {
            Some(caller) if caller.expires() < OffsetDateTime::now_utc() => Err(
                Status::permission_denied("access denied: client certificate has expired"),
            ),
            _ => Ok(()),
        }
    }
}

/// Who makes a call.
///
/// # Errors
/// `PERMISSION_DENIED` for those who have no certificate.
pub(crate) fn caller<T>(request: &tonic::Request<T>) -> Result<&Caller, Status> {
    request
        .extensions()
        .get::<Peer>()
        .and_then(|peer| peer.caller.as_deref())
        .ok_or_else(|| Status::permission_denied("access denied"))
}

/// Writes down which resource a call is about.
pub(crate) fn note<T>(request: &tonic::Request<T>, name: &str) {
    if let Some(note) = request.extensions().get::<CallNote>() {
        note.name(name);
    }
}
