//! Whom the web certificate of a proxy is verified by.

/// Where public roots come from.
#[derive(Clone, Default)]
pub(super) struct Roots;
