//! TCP.

/// The HTTP proxy to go through.
#[derive(Clone, Default)]
pub(super) struct HttpProxy;
