//! An in-memory Teleport Cloud over the real wire, for tests and for people who develop modules offline.
//!
//! [`Simulator::start`] starts one with its [`Options`], and `bin/teleport-simulator` does so as a program, which `docs/guides/simulator.md`
//! describes with the scenario file and the control API. It shares no code with the client, so that their mistakes cannot
//! cancel out.
//!
//! | module | what it is |
//! | --- | --- |
//! | `options`, `scenario` | what a simulator is started with |
//! | `tenant`, `children` | a cluster, and the clusters behind workload clusters |
//! | `store` | what a cluster stores: objects of every kind, behind a cache that can lag |
//! | `rules` | the table of kinds, and the special rules of each |
//! | `web` | the port of the proxies: TLS, routing by ALPN and host name, the web API, the tunnel of Teleport's own clients |
//! | `grpc` | the auth server: who calls, who may, the calls |
//! | `join` | joining with AWS IAM, and with tokens of identity providers |
//! | `authority` | certificate authorities, certificates, identity files, the data directory |
//! | `ssh` | SSH: keys, certificates, and a server up to the login |
//! | `faults` | what goes wrong on purpose, and the journal of calls |
//! | `control` | control from outside, as methods and over HTTP |
//!
//! To add a kind of object, add a row to the table in `rules`, and a file for its special rules if it has any.
//!
//! A `Tenant` is everything that one Teleport cluster is, and an `AuthServer` is one tenant on the wire, without a port of
//! its own: the port of the proxies leads to the parent and to its children.
//!
//! State is kept in memory and bounded: clusters, held names, calls, faults, identities, connections and sizes of requests
//! have limits, which the modules name. Only authorities and identities are files.

mod authority;
mod children;
mod control;
mod faults;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod grpc;
mod join;
mod options;
mod rules;
mod scenario;
mod ssh;
mod store;
mod tenant;
mod web;

use std::{
    collections::HashSet,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{net::TcpListener, task::JoinSet};

use self::{
    authority::{
        Authority, Issued,
        data::{DataDir, write_public},
        identity,
    },
    children::Children,
    grpc::server::AuthServer,
    rules::workload_cluster::Lifecycle,
    tenant::{PARENT, Settings, Shared, Tenant},
    web::{listener, proxy::Proxy},
};
pub use self::{
    authority::{
        AuthorityError,
        data::DataError,
        identity::{Identity, IdentityError},
    },
    control::{
        ClusterChange, ClusterView, ControlError, ResetTokenView, Right, RoleChange, RoleView,
        UserChange, UserView,
    },
    faults::{Fault, TooManyFaults, journal::Call},
    grpc::access::Verb,
    join::{
        aws::AwsIdentity,
        id_token::{IdTokenIssuer, IdTokenSigner},
    },
    options::Options,
    rules::{
        provision_token::JoinToken,
        user::MfaDevice,
        workload_cluster::spec::{Allow, Bot, Region, Spec, Token},
    },
    scenario::{Edition, NewCluster, Scenario, ScenarioError},
    web::tls::TlsError,
};

/// A running simulated Teleport Cloud. Dropping it stops it at once.
pub struct Simulator {
    control: control::Control,
    addresses: Addresses,
    identity_file: PathBuf,
    ca_file: PathBuf,
    // Dropped before the data directory, so that nothing runs any more when the files go.
    tasks: JoinSet<()>,
    data: Arc<DataDir>,
}

#[derive(Debug, Clone, Copy)]
struct Addresses {
    proxy: SocketAddr,
    auth: SocketAddr,
    control: SocketAddr,
}

/// A simulator cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The scenario is unusable.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The data directory is unusable.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A certificate authority cannot be made or loaded.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// An identity cannot be made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// What the scenario puts there cannot be put there.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A port cannot be listened on.
    #[error("cannot listen on {address} for {purpose}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What for.
        purpose: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The control API has no authentication of its own.
    #[error("control API must listen on the loopback interface, not on {0}")]
    ControlNotLocal(SocketAddr),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Simulator {
    /// Starts one. When this returns it answers.
    ///
    /// # Errors
    /// When the scenario or the data directory is unusable, or a port is taken.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        options.scenario.check()?;
        if !options.control_listen.ip().is_loopback() {
            return Err(StartError::ControlNotLocal(options.control_listen));
        }
        let data = Arc::new(match &options.data {
            Some(path) => DataDir::open(path)?,
            None => DataDir::temporary()?,
        });
        let (proxy_listener, proxy_address) = listen(options.listen, "the proxy").await?;
        let (auth_listener, auth_address) = listen(options.auth_listen, "the auth server").await?;
        let (control_listener, control_address) =
            listen(options.control_listen, "the control API").await?;

        let settings = settings(&options.scenario, proxy_address);
        let lifecycle = lifecycle(&options, proxy_address);
        let shared = Arc::new(Shared::default());
        let authorities = (
            Authority::load_or_make(data.path(), "user-ca", &settings.name)?,
            Authority::load_or_make(data.path(), "host-ca", &settings.name)?,
        );
        let tenant = Tenant::new(settings, lifecycle.clone(), authorities, shared.clone());
        let tenant = Arc::new(tenant);
        let web = || Authority::load_or_make(data.path(), "web-ca", PROXY_HOST);
        let (certificate, ca_file) = web_certificate(&options.scenario, &web()?, data.path())?;
        let children = Children::new(tenant.clone(), lifecycle, shared, web()?);
        let children = Arc::new(children);
        let identity_file = identity::write_all(&tenant, data.path())?;

        let auth = AuthServer::new(tenant.clone(), Some(children.clone()))?;
        let proxy = Proxy::new(
            tenant.clone(),
            auth.clone(),
            &certificate,
            children.clone(),
            proxy_address,
        )?;
        let control = control::Control::new(tenant, children, data.clone());
        control.apply(&options.scenario)?;
        // What is there from the start is in the caches.
        let read_lag = options.read_lag.unwrap_or(options.scenario.read_lag);
        control.set_read_lag(read_lag);

        let mut tasks = JoinSet::new();
        tasks.spawn(listener::accept(proxy_listener, move |stream, address| {
            proxy.clone().serve(stream, address)
        }));
        tasks.spawn(listener::accept(auth_listener, move |stream, address| {
            auth.clone().serve(stream, address)
        }));
        tasks.spawn(control::http::serve(control_listener, control.clone()));
        Ok(Self {
            control,
            addresses: Addresses {
                proxy: proxy_address,
                auth: auth_address,
                control: control_address,
            },
            identity_file,
            ca_file,
            tasks,
            data,
        })
    }

    /// Address of the proxy, `parent.localhost` and a port.
    pub fn proxy_address(&self) -> String {
        proxy_host_and_port(self.addresses.proxy)
    }

    /// Address of the auth server, an IP address and a port.
    pub fn auth_address(&self) -> String {
        self.addresses.auth.to_string()
    }

    /// URL of the control API, without a slash at its end.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.addresses.control)
    }

    /// Identity file of a bot with every right on all kinds of objects.
    pub fn identity_file(&self) -> &Path {
        &self.identity_file
    }

    /// Certificate authority of the proxies' web certificates, and the parent's own certificate if it signed itself.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Folder of the identity files and certificate authorities.
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Stops it. When this returns its ports are free, its connections are closed, and a temporary data directory is gone.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

/// The web certificate of the parent's proxy, and the file of what a client has to trust.
fn web_certificate(
    scenario: &Scenario,
    web: &Authority,
    data: &Path,
) -> Result<(Issued, PathBuf), AuthorityError> {
    let names = [PROXY_HOST, "localhost", "127.0.0.1"];
    if !scenario.self_signed_proxy {
        return Ok((web.server(&names)?, data.join("web-ca.pem")));
    }
    let certificate = Authority::self_signed(&names)?;
    let file = data.join("web-roots.pem");
    write_public(
        &file,
        &format!("{}{}", certificate.certificate_pem, web.pem()),
    )?;
    Ok((certificate, file))
}

async fn listen(
    address: SocketAddr,
    purpose: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen {
        address,
        purpose,
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn settings(scenario: &Scenario, proxy: SocketAddr) -> Settings {
    Settings {
        name: scenario.cluster_name.clone(),
        label: PARENT.to_owned(),
        proxy_address: proxy_host_and_port(proxy),
        server_version: scenario.server_version.clone(),
        min_client_version: scenario.min_client_version.clone(),
        tls_routing: scenario.tls_routing,
        edition: scenario.edition,
        workload_clusters_enabled: scenario.workload_clusters_enabled,
        workload_cluster_kind: scenario.workload_cluster_kind,
        cloud_clusters_enabled: scenario.cloud_clusters_enabled,
        mfa_for_admin_actions: scenario.mfa_for_admin_actions,
        certificate_life: scenario.certificate_life,
        page_size: scenario.page_size,
    }
}

fn lifecycle(options: &Options, proxy: SocketAddr) -> Lifecycle {
    let scenario = &options.scenario;
    Lifecycle {
        provisioning: options.provisioning.unwrap_or(scenario.provisioning),
        states: match options.provisioning {
            Some(_) => None,
            None => scenario.script(),
        },
        name_hold: scenario.name_hold,
        taken: HashSet::from([PARENT.to_owned()]),
        domain: format!("localhost:{}", proxy.port()),
        listed_status: scenario.listed_status,
    }
}

fn proxy_host_and_port(proxy: SocketAddr) -> String {
    format!("{PROXY_HOST}:{}", proxy.port())
}

/// Host name of the parent's proxy. Names below `localhost` are loopback addresses (RFC 6761 section 6.3).
const PROXY_HOST: &str = "parent.localhost";

#[cfg(test)]
mod tests;
