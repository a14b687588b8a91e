//! The ways to a cluster, tried side by side.
use super::{Address, Config, Kind, Transient, identity::Identity, transport::Transport};

/// A connection that answered.
pub(super) struct Dialled {
    pub(super) transport: Transport,
    pub(super) way: &'static str,
    pub(super) server_version: String,
}

/// Why no way led to the cluster.
#[derive(Debug, thiserror::Error)]
#[error("dialling is not there yet")]
pub(super) struct DialError;

impl DialError {
    pub(super) fn kind(&self) -> Kind {
        Kind::Transient(Transient::Unavailable)
    }
    pub(super) fn advice(&self) -> Option<String> {
        None
    }
}

pub(super) async fn dial(_: &Address, _: &Identity, _: &Config) -> Result<Dialled, DialError> {
    Err(DialError)
}
