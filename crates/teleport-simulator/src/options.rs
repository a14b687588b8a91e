//! What a simulator is started with.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use crate::scenario::Scenario;

/// What a simulator is started with. The default listens on free ports of the loopback interface, keeps its files in a
/// temporary directory, and makes clusters active after three seconds.
#[derive(Debug, Clone)]
pub struct Options {
    pub(super) listen: SocketAddr,
    pub(super) auth_listen: SocketAddr,
    pub(super) control_listen: SocketAddr,
    pub(super) data: Option<PathBuf>,
    pub(super) provisioning: Option<Duration>,
    pub(super) read_lag: Option<Duration>,
    pub(super) scenario: Scenario,
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: free,
            auth_listen: free,
            control_listen: free,
            data: None,
            provisioning: None,
            read_lag: None,
            scenario: Scenario::default(),
        }
    }
}

impl Options {
    /// Where the proxy listens. Port 0 is a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Where the auth server listens. Port 0 is a free one.
    #[must_use]
    pub fn auth_listen(mut self, address: SocketAddr) -> Self {
        self.auth_listen = address;
        self
    }

    /// Where the control API listens. It must be an address of the loopback interface. Port 0 is a free one.
    #[must_use]
    pub fn control_listen(mut self, address: SocketAddr) -> Self {
        self.control_listen = address;
        self
    }

    /// Where authorities and identities are kept. A simulator that is started again with the same folder trusts the
    /// identities in it. Everything else is lost.
    #[must_use]
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// Time from `creating` to `active`. It takes precedence over the scenario's `provisioning` and `states`.
    #[must_use]
    pub fn provisioning(mut self, duration: Duration) -> Self {
        self.provisioning = Some(duration);
        self
    }

    /// How long reads lag behind writes. It takes precedence over the scenario's `read_lag`.
    #[must_use]
    pub fn read_lag(mut self, lag: Duration) -> Self {
        self.read_lag = Some(lag);
        self
    }

    /// How the simulated Teleport Cloud behaves.
    #[must_use]
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.scenario = scenario;
        self
    }
}
