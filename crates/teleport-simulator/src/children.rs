//! The clusters behind workload clusters: each starts when its workload cluster becomes active, and is suspended with it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::ServerConfig;
use teleport_proto::types::ProvisionTokenV2;

use crate::{
    authority::Authority,
    grpc::{Watcher, server::AuthServer},
    rules::{
        BOT, ROLE, TOKEN, bot,
        provision_token::JoinToken,
        role::workload_cluster_editor,
        workload_cluster::{self, Lifecycle, Spec, Start},
    },
    ssh::exchange::Host,
    store::Refusal,
    tenant::{Settings, Shared, Tenant},
    web::{
        tls::{self, TlsError},
        tunnel,
    },
};

/// The children of one parent.
pub(super) struct Children {
    parent: Arc<Tenant>,
    lifecycle: Lifecycle,
    shared: Arc<Shared>,
    web: Authority,
    // A std mutex: it is never held across an await.
    running: Mutex<HashMap<String, (u64, Child)>>,
}

/// A child cluster that runs.
#[derive(Clone)]
pub(super) struct Child {
    pub(super) tenant: Arc<Tenant>,
    pub(super) auth: AuthServer,
    /// TLS of its proxy.
    pub(super) web_tls: Arc<ServerConfig>,
    /// What its proxy shows in SSH.
    pub(super) ssh_host: Arc<Host>,
}

impl Children {
    /// The children of `parent`, whose proxies have web certificates of `web`.
    pub(super) fn new(
        parent: Arc<Tenant>,
        lifecycle: Lifecycle,
        shared: Arc<Shared>,
        web: Authority,
    ) -> Self {
        Self {
            parent,
            lifecycle,
            shared,
            web,
            running: Mutex::default(),
        }
    }

    /// The child of the workload cluster `name`, which is started if it is time. `None` when there is none, when it has not
    /// become active yet, and when it is suspended.
    pub(super) fn find(&self, name: &str) -> Option<Child> {
        // Held until the end, so that nothing is deleted between the look and the start.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let start = workload_cluster::start(self.parent.store(), name);
        let known = running.get(name).map(|(incarnation, _)| *incarnation);
        let wanted = start.as_ref().map(|start| start.incarnation);
        if known != wanted
            && let Some((_, child)) = running.remove(name)
        {
            tracing::info!(cluster = name, "child: suspended");
            child.tenant.suspend();
        }
        let start = start?;
        if known != wanted {
            let child = match self.make(name, &start) {
                Ok(child) => child,
                Err(error) => {
                    tracing::error!(cluster = name, %error, "child: cannot be started");
                    return None;
                }
            };
            tracing::info!(cluster = name, "child: started");
            running.insert(name.to_owned(), (start.incarnation, child));
        }
        let (_, child) = running.get(name)?;
        if start.suspended {
            child.tenant.suspend();
            return None;
        }
        child.tenant.resume();
        Some(child.clone())
    }

    /// Ends every connection that is open.
    pub(super) fn close_connections(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, child) in running.values() {
            child.tenant.close_connections();
        }
    }

    fn make(&self, name: &str, start: &Start) -> Result<Child, TlsError> {
        let parent = self.parent.settings();
        let host = format!("{name}{DOMAIN}");
        let port = parent.proxy_address.rsplit_once(':').map(|(_, port)| port);
        let settings = Settings {
            name: host.clone(),
            label: name.to_owned(),
            proxy_address: format!("{host}:{}", port.unwrap_or_default()),
            // As everywhere in Teleport Cloud.
            tls_routing: true,
            workload_clusters_enabled: false,
            cloud_clusters_enabled: false,
            ..parent.clone()
        };
        let authorities = (Authority::make(&host)?, Authority::make(&host)?);
        let lifecycle = self.lifecycle.clone();
        let tenant = Tenant::new(settings, lifecycle, authorities, self.shared.clone());
        let tenant = Arc::new(tenant);
        if let Err(error) = set_up(&tenant, &start.spec) {
            tracing::error!(cluster = name, %error, "child: bot and token cannot be made");
        }
        Ok(Child {
            auth: AuthServer::new(tenant.clone(), None)?,
            web_tls: tls::proxy(&self.web.server(&[&host])?, true)?,
            ssh_host: Arc::new(tunnel::host(&tenant)?),
            tenant,
        })
    }
}

impl Watcher for Children {
    /// Starts, keeps or suspends the child of `name`, as its workload cluster says.
    fn settle(&self, name: &str) {
        let _ = self.find(name);
    }
}

/// Creates what Teleport Cloud creates in a new cluster: a bot, a role that manages users and roles, and a join token, all named as
/// the spec names its bot.
fn set_up(tenant: &Tenant, spec: &Spec) -> Result<(), Refusal> {
    let Some(bot) = &spec.bot else {
        return Ok(());
    };
    let store = tenant.store();
    let name = &bot.name;
    store.put(&ROLE, &workload_cluster_editor(name))?;
    store.put(&BOT, &bot::with_roles(name, std::slice::from_ref(name)))?;
    let allow = spec.token.clone().map(|token| token.allow);
    let token = JoinToken {
        name: name.clone(),
        bot: name.clone(),
        allow: allow.unwrap_or_default(),
    };
    store.put(&TOKEN, &ProvisionTokenV2::from(token))
}

/// What follows the name of a workload cluster in the name of its child.
pub(super) const DOMAIN: &str = ".localhost";
