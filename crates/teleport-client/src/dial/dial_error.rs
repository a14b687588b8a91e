//! The two ways to connect to a cluster, and how they fail.

use std::{fmt, time::Duration};

use rustls::AlertDescription;

use crate::{
    cause::Cause,
    dial::{
        discovery::DiscoveryError,
        handshake::{HandshakeError, alert_name},
        http_proxy::HttpProxyError,
        roots::{self, NoRoots},
        tcp::TcpError,
    },
    error_kind::{ErrorKind, Transient},
    shown,
};

/// A way to connect to a cluster's auth server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// The address is that of the auth server.
    Direct,
    /// The address is a proxy's, which routes by ALPN.
    Proxy,
}

/// Why one way failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WayError {
    #[error("{step} took longer than {}", humantime::format_duration(*.after))]
    Timeout { step: &'static str, after: Duration },
    #[error("it did not finish within {}", humantime::format_duration(*.0))]
    Silent(Duration),
    #[error(transparent)]
    Tcp(#[from] TcpError),
    #[error(transparent)]
    Roots(#[from] NoRoots),
    #[error("{0}")]
    Address(String),
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    #[error("{0}")]
    Web(HandshakeError),
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    #[error(
        "the cluster's proxy does not have TLS routing enabled, and reaching a cluster through SSH tunnels is not supported"
    )]
    NoTlsRouting,
    #[error(
        "a load balancer in front of the proxy ends TLS and drops ALPN, so the cluster can be reached only by a connection upgrade, \
         which is not supported"
    )]
    ConnectionUpgrade,
    #[error("neither the proxy nor the identity says the name of the cluster")]
    NoClusterName,
    #[error("the name of the cluster is too long for ALPN routing")]
    ClusterNameTooLong,
    #[error("the proxy did not route to the auth server: it presented a certificate{}", for_names(.names))]
    NotRouted { names: Vec<String> },
    #[error(
        "the proxy closed the connection to the auth server of cluster {:?}: it does so while no auth server answers, and for a \
         cluster that it does not know",
        shown::name(.cluster_name)
    )]
    RouteClosed { cluster_name: String },
    #[error("the credentials are for another cluster: {} answers, and the credentials are from {}", cluster(.server), cluster(.identity))]
    WrongCluster {
        server: Option<String>,
        identity: Option<String>,
    },
    #[error("{}", of_auth_server(.0))]
    Auth(HandshakeError),
    #[error("the cluster refuses the client certificate of {:?} (alert {})", shown::name(.user), alert_name(*.alert))]
    ClientRefused {
        alert: AlertDescription,
        user: String,
    },
    #[error("it does not speak HTTP/2 there")]
    NoHttp2,
    #[error("the connection was closed right after the handshake: {0}")]
    Closed(String),
    #[error("Ping was answered with {kind}: {message}")]
    Ping {
        way: Way,
        kind: ErrorKind,
        message: String,
    },
    #[error(
        "the cluster runs Teleport {}, and {OLDEST_MAJOR}.0.0 is the oldest version that is supported",
        shown::name(.0)
    )]
    TooOld(String),
}

/// Why there is no connection to the cluster: how each way failed.
#[derive(Debug)]
pub(crate) struct DialError {
    /// Invariant: not empty.
    pub(crate) failures: Vec<(Way, WayError)>,
}

impl WayError {
    pub(crate) fn tls(error: rustls::Error) -> Self {
        Self::Tls(error.to_string())
    }

    /// Whether it shows what is at the address, so that the other way cannot succeed.
    pub(crate) fn is_decisive(&self) -> bool {
        match self {
            Self::NoTlsRouting
            | Self::ConnectionUpgrade
            | Self::NoClusterName
            | Self::ClusterNameTooLong
            | Self::NotRouted { .. }
            | Self::RouteClosed { .. }
            | Self::WrongCluster { .. }
            | Self::ClientRefused { .. }
            | Self::TooOld(_) => true,
            // A proxy may answer HTTP/2 on its own port, without knowing Ping.
            Self::Ping { way, kind, .. } => {
                *way == Way::Proxy || !matches!(kind, ErrorKind::Unimplemented | ErrorKind::Other)
            }
            _ => false,
        }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        const UNAVAILABLE: ErrorKind = ErrorKind::Transient(Transient::Unavailable);
        match self {
            Self::Timeout { .. } | Self::Silent(_) => ErrorKind::Transient(Transient::Deadline),
            Self::Tcp(TcpError::HttpProxy(HttpProxyError::Invalid(_))) => ErrorKind::Other,
            Self::Tcp(_) | Self::RouteClosed { .. } | Self::Closed(_) => UNAVAILABLE,
            Self::Web(HandshakeError::Closed) | Self::Auth(HandshakeError::Closed) => UNAVAILABLE,
            Self::Discovery(DiscoveryError::Http(_) | DiscoveryError::Unavailable(_)) => {
                UNAVAILABLE
            }
            Self::Roots(_) => ErrorKind::UntrustedCertificate,
            Self::Web(error) if error.is_about_certificate() => ErrorKind::UntrustedCertificate,
            Self::WrongCluster { .. } => ErrorKind::WrongCluster,
            Self::ClientRefused {
                alert: AlertDescription::CertificateExpired,
                ..
            } => ErrorKind::CertificateExpired,
            Self::ClientRefused { .. } => ErrorKind::Unauthenticated,
            Self::Ping {
                kind: ErrorKind::Unimplemented,
                ..
            } => ErrorKind::UnsupportedServer,
            Self::Ping { kind, .. } => *kind,
            _ => ErrorKind::UnsupportedServer,
        }
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        Some(match self {
            Self::Timeout { .. } | Self::Tcp(TcpError::Socket(_)) => Cause::Unreachable,
            Self::Web(HandshakeError::UnknownIssuer) => Cause::UntrustedIssuer {
                trusted: roots::in_use(|name| std::env::var_os(name)),
                joining: false,
            },
            Self::Web(HandshakeError::WrongName(_)) => Cause::WrongName,
            Self::Web(HandshakeError::NotTls) | Self::Auth(HandshakeError::NotTls) => Cause::NotTls,
            Self::Discovery(DiscoveryError::NotTeleport { .. } | DiscoveryError::TooLarge) => {
                Cause::NotTeleport
            }
            Self::NoTlsRouting => Cause::NoTlsRouting,
            Self::ConnectionUpgrade => Cause::ConnectionUpgrade,
            Self::WrongCluster { .. } => Cause::WrongCluster,
            Self::ClientRefused { .. } => Cause::ClientRefused,
            Self::Closed(_) => Cause::Closed,
            Self::TooOld(_)
            | Self::Ping {
                kind: ErrorKind::Unimplemented,
                ..
            } => Cause::TooOld,
            _ => return None,
        })
    }
}

impl DialError {
    pub(crate) fn kind(&self) -> ErrorKind {
        let kinds = || self.failures.iter().map(|(_, error)| error.kind());
        // If one failure is transient, all are: a proxy that is down for a moment always refuses the direct way.
        kinds()
            .find(|kind| matches!(kind, ErrorKind::Transient(_)))
            .or_else(|| kinds().next_back())
            .unwrap_or(ErrorKind::Other)
    }

    /// Whether connecting may succeed with another identity.
    pub(crate) fn is_about_identity(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Unauthenticated | ErrorKind::CertificateExpired | ErrorKind::WrongCluster
        )
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        self.failures
            .iter()
            .rev()
            .find_map(|(_, error)| error.cause())
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failures.as_slice() {
            [(_, one)] => one.fmt(f),
            [(_, one), (_, two)] if one.to_string() == two.to_string() => one.fmt(f),
            failures => {
                for (number, (way, error)) in failures.iter().enumerate() {
                    let separator = if number > 0 { "; " } else { "" };
                    write!(f, "{separator}{way}: {error}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for DialError {}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "as an auth server",
            Self::Proxy => "as a proxy",
        })
    }
}

fn of_auth_server(error: &HandshakeError) -> String {
    match error {
        HandshakeError::UnknownIssuer => {
            "its certificate is not from the CA that the credentials name".to_owned()
        }
        error => error.to_string(),
    }
}

fn cluster(name: &Option<String>) -> String {
    name.as_ref().map_or_else(
        || "another one".to_owned(),
        |name| format!("cluster {:?}", shown::name(name)),
    )
}

fn for_names(names: &[String]) -> String {
    if names.is_empty() {
        return " without names".to_owned();
    }
    format!(" for {}", shown::names(names))
}

/// The oldest major version of Teleport that is supported.
pub(crate) const OLDEST_MAJOR: u32 = 15;
