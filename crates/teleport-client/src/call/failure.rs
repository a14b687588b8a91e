//! A call that failed.

use std::fmt;

use crate::error_kind::ErrorKind;

/// A call that failed on a connection.
#[derive(Debug)]
pub(crate) struct CallFailure {
    pub(crate) kind: ErrorKind,
    /// Name of the RPC without its service.
    pub(crate) rpc: String,
    /// The address that was dialled.
    pub(crate) address: String,
    /// What the server, or the transport, says.
    pub(crate) message: String,
    /// Whether a server answered, as opposed to the transport failing.
    pub(crate) answered: bool,
    /// Whether the server may have done what was asked, which must not be done twice.
    pub(crate) may_have_been_carried_out: bool,
    /// Whether the call was tried before, and that try failed too.
    pub(crate) is_repetition: bool,
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rpc,
            address,
            message,
            ..
        } = self;
        match (self.answered, message.is_empty()) {
            (true, false) => write!(f, "{address} answered {rpc} with {}: {message}", self.kind),
            (true, true) => write!(
                f,
                "{address} answered {rpc} with {}, without a message",
                self.kind
            ),
            (false, _) => write!(f, "{rpc} on {address}: {message}"),
        }
    }
}
