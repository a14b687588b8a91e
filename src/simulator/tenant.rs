//! A simulated Teleport cluster, whichever its place in the family: its authorities, its roles, what it stores.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::{
    access::Roles,
    authority::{Authority, AuthorityError},
    faults::Faults,
    journal::Journal,
    workload_clusters::{Lifecycle, Store},
};

/// What a cluster says about itself and what it asks of its callers.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Name of the cluster.
    pub(super) name: String,
    /// Host and port of its proxy.
    pub(super) proxy_address: String,
    /// Version of the server.
    pub(super) server_version: String,
    /// Oldest client that the server talks to.
    pub(super) min_client_version: String,
    /// Whether the proxy's port leads to every service.
    pub(super) tls_routing: bool,
    /// Whether support has switched workload clusters on.
    pub(super) workload_clusters_enabled: bool,
    /// Whether human beings need a second factor for writes.
    pub(super) mfa_for_admin_actions: bool,
}

/// A simulated Teleport cluster.
pub(super) struct Tenant {
    settings: Settings,
    user_authority: Authority,
    host_authority: Authority,
    roles: Roles,
    workload_clusters: Store,
    faults: Faults,
    journal: Journal,
    /// Ends every connection that is open; replaced when it is used.
    connections: Mutex<CancellationToken>,
}

impl Tenant {
    /// Makes one, with the authorities that `folder` holds, or new ones.
    pub(super) fn new(
        settings: Settings,
        lifecycle: Lifecycle,
        folder: &Path,
    ) -> Result<Self, AuthorityError> {
        Ok(Self {
            user_authority: Authority::load_or_make(folder, "user-ca", &settings.name)?,
            host_authority: Authority::load_or_make(folder, "host-ca", &settings.name)?,
            settings,
            roles: Roles::default(),
            workload_clusters: Store::new(lifecycle),
            faults: Faults::default(),
            journal: Journal::default(),
            connections: Mutex::default(),
        })
    }

    /// Name of the cluster.
    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    /// Host name of its proxy.
    pub(super) fn proxy_host(&self) -> &str {
        let address = &self.settings.proxy_address;
        address.rsplit_once(':').map_or(address, |(host, _)| host)
    }

    /// What it says about itself and what it asks of its callers.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Signs its users' certificates.
    pub(super) fn user_authority(&self) -> &Authority {
        &self.user_authority
    }

    /// Signs its auth server's certificate.
    pub(super) fn host_authority(&self) -> &Authority {
        &self.host_authority
    }

    /// Its roles.
    pub(super) fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Its workload clusters.
    pub(super) fn workload_clusters(&self) -> &Store {
        &self.workload_clusters
    }

    /// What is to go wrong with its calls.
    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The calls that it got.
    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What ends a connection that is opened now.
    pub(super) fn connection(&self) -> CancellationToken {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .child_token()
    }

    /// Ends every connection that is open.
    pub(super) fn close_connections(&self) {
        let mut connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *connections).cancel();
    }
}
