//! The options of connections, which are the same for all clusters.

use std::time::Duration;

use crate::{
    call::clock::Clock,
    dial::{http_proxy::HttpProxy, roots::Roots},
    join::{aws::Aws, environment::Environment},
};

/// How this process reaches clusters.
#[derive(Clone)]
pub struct DialOptions {
    /// Whether to accept any web certificate of the proxy, for test clusters.
    pub insecure: bool,
    /// How long one connection may take.
    pub timeout: Duration,
    /// What requests give as their `User-Agent`, as `NAME/VERSION`.
    pub user_agent: &'static str,
    pub(crate) roots: Roots,
    pub(crate) http_proxy: HttpProxy,
    /// The AWS credentials of this machine, for joins.
    pub(crate) aws: Aws,
    /// The environment variables in which CI platforms put tokens, for joins.
    pub(crate) environment: Environment,
    pub(crate) clock: Clock,
}

impl Default for DialOptions {
    fn default() -> Self {
        Self {
            insecure: false,
            timeout: DEFAULT_TIMEOUT,
            user_agent: concat!("teleport-client/", env!("CARGO_PKG_VERSION")),
            roots: Roots::default(),
            http_proxy: HttpProxy::default(),
            aws: Aws::default(),
            environment: Environment::default(),
            clock: Clock::default(),
        }
    }
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
