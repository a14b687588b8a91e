//! The proxy's port, where ALPN decides who answers.
//!
//! A proxy with TLS routing looks at the ClientHello without answering it. If the first protocol that the client offers
//! is `teleport-auth@` and a cluster, the bytes go to that cluster's auth server, which terminates TLS itself; otherwise
//! the proxy terminates TLS with its web certificate (`lib/srv/alpnproxy`).

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::{ServerConfig, server::ClientHello};
use tokio::net::TcpStream;
use tokio_rustls::StartHandshake;

use super::{StartError, auth::AuthServer, authority::Authority, listener, tenant::Tenant};

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

    /// Serves a connection to its end.
    pub(super) async fn serve(self, stream: TcpStream, address: SocketAddr) {
        let hello = match listener::hello(stream).await {
            Ok(hello) => hello,
            Err(error) => {
                tracing::info!(%address, %error, "proxy: no TLS");
                return;
            }
        };
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
                    Some((_, auth)) => auth.clone().serve_hello(hello, address).await,
                    None => tracing::info!(%address, cluster, "proxy: no such cluster"),
                }
            }
            Route::Nowhere => tracing::info!(%address, "proxy: malformed protocol name"),
        }
    }

    async fn serve_web(self, hello: StartHandshake<TcpStream>, address: SocketAddr) {
        let tls = match listener::handshake(hello, self.tls).await {
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
