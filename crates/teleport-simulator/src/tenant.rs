//! A simulated Teleport cluster, parent or child: its authorities, what it stores, who may do what.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use teleport_proto::types::RoleV6;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::{
    authority::Authority,
    faults::{Faults, journal::Journal},
    grpc::access::{self, Caller, Verb},
    join::{aws::AwsIdentity, id_token::IdTokenIssuer},
    rules::{
        ROLE,
        role::presets,
        workload_cluster::{Lifecycle, Names},
    },
    scenario::Edition,
    store::{ReadLag, Store},
};

/// What a cluster says about itself and what it asks of its callers.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Name of the cluster.
    pub(super) name: String,
    /// Its name in calls, faults and the control API: that of the workload cluster, or [`PARENT`].
    pub(super) label: String,
    /// Host and port of its proxy.
    pub(super) proxy_address: String,
    /// Version of the server.
    pub(super) server_version: String,
    /// Oldest client that the server talks to.
    pub(super) min_client_version: String,
    /// Whether the proxy's port leads to every service.
    pub(super) tls_routing: bool,
    /// Edition of the server.
    pub(super) edition: Edition,
    /// Whether support has switched workload clusters on.
    pub(super) workload_clusters_enabled: bool,
    /// Whether the server has the kind `workload_cluster`.
    pub(super) workload_cluster_kind: bool,
    /// Whether the server has the kind of the preview, `cloud_cluster`.
    pub(super) cloud_clusters_enabled: bool,
    /// Whether people need MFA for writes.
    pub(super) mfa_for_admin_actions: bool,
    /// Longest life of the certificates that it gives out.
    pub(super) certificate_life: Option<Duration>,
    /// Most items in a page of a list.
    pub(super) page_size: usize,
}

/// What all clusters of a simulator have in common.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// What goes wrong with calls.
    pub(super) faults: Faults,
    /// The calls that came in.
    pub(super) journal: Journal,
    /// How long reads lag behind writes.
    pub(super) read_lag: ReadLag,
    aws_identities: Mutex<Vec<AwsIdentity>>,
    id_token_issuers: Mutex<Vec<IdTokenIssuer>>,
}

/// A simulated Teleport cluster.
pub(super) struct Tenant {
    settings: Settings,
    user_authority: Authority,
    host_authority: Authority,
    store: Store,
    shared: Arc<Shared>,
    /// Ends every connection that is open; replaced when it is used, unless the cluster is suspended.
    connections: Mutex<CancellationToken>,
}

impl Shared {
    /// The identities that AWS knows.
    pub(super) fn aws_identities(&self) -> Vec<AwsIdentity> {
        self.lock().clone()
    }

    /// Makes an identity known to AWS, in place of one with the same keys. False when the limit is reached.
    pub(super) fn put_aws_identity(&self, identity: AwsIdentity) -> bool {
        let mut identities = self.lock();
        let keys = |identity: &AwsIdentity| {
            let token = identity.session_token.clone();
            (identity.access_key_id.clone(), token)
        };
        identities.retain(|known| keys(known) != keys(&identity));
        if identities.len() >= MAX_AWS_IDENTITIES {
            return false;
        }
        identities.push(identity);
        true
    }

    /// The identity providers whose tokens clusters can verify.
    pub(super) fn id_token_issuers(&self) -> Vec<IdTokenIssuer> {
        self.issuers().clone()
    }

    /// Makes an identity provider known, in place of one of the same name. False when the limit is reached.
    pub(super) fn put_id_token_issuer(&self, issuer: IdTokenIssuer) -> bool {
        let mut issuers = self.issuers();
        issuers.retain(|known| known.issuer != issuer.issuer);
        if issuers.len() >= MAX_ID_TOKEN_ISSUERS {
            return false;
        }
        issuers.push(issuer);
        true
    }

    fn issuers(&self) -> MutexGuard<'_, Vec<IdTokenIssuer>> {
        let issuers = self.id_token_issuers.lock();
        issuers.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<AwsIdentity>> {
        let identities = self.aws_identities.lock();
        identities.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tenant {
    /// Makes one with the roles that every cluster has.
    pub(super) fn new(
        settings: Settings,
        lifecycle: Lifecycle,
        (user_authority, host_authority): (Authority, Authority),
        shared: Arc<Shared>,
    ) -> Self {
        let names = Names::new(lifecycle);
        let store = Store::new(names, settings.edition, shared.read_lag.clone());
        for role in presets(settings.edition) {
            if let Err(error) = store.put(&ROLE, &role) {
                tracing::error!(%error, "a preset role is refused");
            }
        }
        Self {
            settings,
            user_authority,
            host_authority,
            store,
            shared,
            connections: Mutex::default(),
        }
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

    /// What it stores.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// What it has in common with the others.
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Lets `caller` pass if its roles, as they are stored, give it every one of `verbs` on `resource`.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub(super) fn authorize(
        &self,
        caller: &Caller,
        resource: &str,
        verbs: &[Verb],
    ) -> Result<(), Status> {
        let held: Vec<RoleV6> = self.store.some(&ROLE, caller.roles());
        let mfa = self.settings.mfa_for_admin_actions;
        access::check(caller, &held, resource, verbs, mfa)
    }

    /// What ends a connection that is opened now. It has ended already when the cluster is suspended.
    pub(super) fn connection(&self) -> CancellationToken {
        self.connections().child_token()
    }

    /// Ends every connection that is open.
    pub(super) fn close_connections(&self) {
        let mut connections = self.connections();
        if !connections.is_cancelled() {
            std::mem::take(&mut *connections).cancel();
        }
    }

    /// Ends every connection, and those that are opened later.
    pub(super) fn suspend(&self) {
        self.connections().cancel();
    }

    /// Takes connections again.
    pub(super) fn resume(&self) {
        let mut connections = self.connections();
        if connections.is_cancelled() {
            *connections = CancellationToken::new();
        }
    }

    fn connections(&self) -> MutexGuard<'_, CancellationToken> {
        let connections = self.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the parent is called where clusters have short names. No workload cluster can have this name.
pub(super) const PARENT: &str = "parent";
const MAX_AWS_IDENTITIES: usize = 1_000;
const MAX_ID_TOKEN_ISSUERS: usize = 100;
