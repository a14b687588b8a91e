//! The ports for Teleport's clients: the proxy's, where ALPN decides who answers, and the auth server's own.
//!
//! A proxy with TLS routing looks at the ClientHello without answering it. If the first protocol that the client offers
//! is `teleport-auth@` and a cluster, the bytes go to that cluster's auth server, which terminates TLS itself; otherwise
//! the proxy terminates TLS with its web certificate (`lib/srv/alpnproxy`).

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::{
    ServerConfig,
    server::{Acceptor, ClientHello},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::{StartError, auth::AuthServer, authority::Authority, tenant::Tenant};

/// What answers on a port.
#[derive(Clone)]
pub(super) enum Door {
    /// A proxy.
    Proxy(Proxy),
    /// An auth server.
    Auth(AuthServer),
}

/// A proxy with the clusters that it leads to.
#[derive(Clone)]
pub(super) struct Proxy {
    clusters: Arc<[(String, AuthServer)]>,
    tls: Arc<ServerConfig>,
    tls_routing: bool,
    web: Router,
}

/// Where a ClientHello leads.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Web,
    Auth(String),
    /// It asks for an auth server in a way that names none.
    Nowhere,
}

impl Proxy {
    /// The proxy of `tenant`, whose auth server is `auth`, with a web certificate of `authority`.
    pub(super) fn new(
        tenant: &Tenant,
        auth: AuthServer,
        authority: &Authority,
        web: Router,
    ) -> Result<Self, StartError> {
        let host = tenant.proxy_host();
        let certificate = authority.server(&[host, "localhost", "*.localhost", "127.0.0.1"])?;
        let mut tls = ServerConfig::builder_with_provider(super::crypto())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.certificate.clone()],
                certificate.private_key(),
            )?;
        let tls_routing = tenant.settings().tls_routing;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if tls_routing {
            tls.alpn_protocols.push(REVERSE_TUNNEL.to_vec());
        }
        Ok(Self {
            clusters: Arc::new([(tenant.name().to_owned(), auth)]),
            tls: Arc::new(tls),
            tls_routing,
            web,
        })
    }

    async fn serve(self, hello: StartHandshake<TcpStream>, address: SocketAddr) {
        let route = if self.tls_routing {
            route(&hello.client_hello())
        } else {
            Route::Web
        };
        match route {
            Route::Web => self.serve_web(hello, address).await,
            Route::Auth(cluster) => {
                let found = self.clusters.iter().find(|(name, _)| *name == cluster);
                match found {
                    Some((_, auth)) => auth.clone().serve(hello, address).await,
                    None => tracing::info!(%address, cluster, "proxy: no such cluster"),
                }
            }
            Route::Nowhere => tracing::info!(%address, "proxy: malformed protocol name"),
        }
    }

    async fn serve_web(self, hello: StartHandshake<TcpStream>, address: SocketAddr) {
        let tls = match hello.into_stream(self.tls).await {
            Ok(tls) => tls,
            Err(error) => {
                tracing::info!(%address, %error, "proxy: handshake failed");
                return;
            }
        };
        let protocol = tls.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        let service = TowerToHyperService::new(self.web);
        let io = TokioIo::new(tls);
        let result = match protocol.as_deref() {
            Some(REVERSE_TUNNEL) => {
                tracing::info!(%address, "proxy: the simulator has no reverse tunnel behind this protocol");
                return;
            }
            Some(b"h2") => {
                http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .serve_connection(io, service)
                    .await
            }
            _ => {
                http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(io, service)
                    .await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%address, %error, "proxy: connection ended");
        }
    }
}

impl Door {
    async fn serve(self, hello: StartHandshake<TcpStream>, address: SocketAddr) {
        match self {
            Self::Proxy(proxy) => proxy.serve(hello, address).await,
            Self::Auth(auth) => auth.serve(hello, address).await,
        }
    }
}

/// Accepts connections for `door` for as long as it is polled. Its end ends them all.
pub(super) async fn accept(listener: TcpListener, door: Door) {
    let mut connections = JoinSet::new();
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                // Out of file descriptors, most likely: some time must pass before it can be better.
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = free.clone().try_acquire_owned() else {
            tracing::warn!(%address, "connection refused, there are {MAX_CONNECTIONS} already");
            continue;
        };
        let door = door.clone();
        connections.spawn(async move {
            match hello(stream).await {
                Ok(hello) => door.serve(hello, address).await,
                Err(error) => tracing::info!(%address, %error, "no TLS"),
            }
            drop(permit);
        });
    }
}

async fn hello(stream: TcpStream) -> io::Result<StartHandshake<TcpStream>> {
    stream.set_nodelay(true)?;
    let acceptor = LazyConfigAcceptor::new(Acceptor::default(), stream);
    tokio::time::timeout(HELLO_TIMEOUT, acceptor)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn route(hello: &ClientHello<'_>) -> Route {
    let first = hello.alpn().and_then(|mut protocols| protocols.next());
    first.map_or(Route::Web, route_of)
}

/// Where the first protocol that a client offers leads.
fn route_of(protocol: &[u8]) -> Route {
    let Some(encoded) = protocol.strip_prefix(AUTH_PREFIX) else {
        return Route::Web;
    };
    encoded
        .strip_suffix(CLUSTER_SUFFIX)
        .and_then(from_hex)
        .and_then(|name| String::from_utf8(name).ok())
        .filter(|name| !name.is_empty())
        .map_or(Route::Nowhere, Route::Auth)
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    text.chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

const AUTH_PREFIX: &[u8] = b"teleport-auth@";
const CLUSTER_SUFFIX: &[u8] = b".teleport.cluster.local";
const REVERSE_TUNNEL: &[u8] = b"teleport-reversetunnel";
const MAX_CONNECTIONS: usize = 1_024;
const HELLO_TIMEOUT: Duration = Duration::from_secs(30);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_of_an_auth_server_names_its_cluster() {
        let protocol =
            b"teleport-auth@6578616d706c652e74656c65706f72742e7368.teleport.cluster.local";
        let cluster = "example.teleport.sh".to_owned();
        assert_eq!(route_of(protocol), Route::Auth(cluster));
    }

    #[test]
    fn other_protocols_lead_to_the_web() {
        for protocol in ["h2", "http/1.1", "teleport-reversetunnel", ""] {
            assert_eq!(route_of(protocol.as_bytes()), Route::Web, "{protocol}");
        }
    }

    #[test]
    fn a_malformed_name_leads_nowhere() {
        for name in ["", "6", "zz", "c3", "61", ".teleport.cluster.local"] {
            let protocol = format!("teleport-auth@{name}");
            assert_eq!(route_of(protocol.as_bytes()), Route::Nowhere, "{name}");
        }
        let odd = b"teleport-auth@616.teleport.cluster.local";
        assert_eq!(route_of(odd), Route::Nowhere);
    }
}
