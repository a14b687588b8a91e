//! The proxy's port, where ALPN decides who answers.
//!
//! A proxy with TLS routing looks at the ClientHello without answering it. If the first protocol that the client offers
//! is `teleport-auth@` and a cluster, the bytes go to that cluster's auth server, which terminates TLS itself; otherwise
//! the proxy terminates TLS with its web certificate (`lib/srv/alpnproxy`): the web API is behind it, or the [`tunnel`]. The parent and its children have proxies of
//! their own, which share the port: then the host name in the ClientHello says whose is meant.

use std::{error::Error, net::SocketAddr, sync::Arc};

use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::server::ClientHello;
use tokio::net::TcpStream;
use tokio_rustls::{StartHandshake, server::TlsStream};

use crate::{
    authority::Issued,
    children::{Child, Children, DOMAIN},
    faults::End,
    grpc::server::AuthServer,
    tenant::{PARENT, Tenant},
    web::{
        Web, listener,
        tls::{self, REVERSE_TUNNEL, TlsError},
        tunnel,
    },
};

/// The proxies of all clusters, which share a port.
#[derive(Clone)]
pub(crate) struct Proxy {
    parent: Child,
    children: Arc<Children>,
    listen: SocketAddr,
}

/// Where a ClientHello leads.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Web,
    Join,
    Auth(String),
    /// It asks for an auth server in a way that names none.
    Nowhere,
}

impl Proxy {
    /// The proxy of `tenant`, whose auth server is `auth`, with this web certificate, and the proxies of its `children`, at the
    /// port of `listen`.
    pub(crate) fn new(
        tenant: Arc<Tenant>,
        auth: AuthServer,
        certificate: &Issued,
        children: Arc<Children>,
        listen: SocketAddr,
    ) -> Result<Self, TlsError> {
        let web_tls = tls::proxy(certificate, tenant.settings().tls_routing)?;
        Ok(Self {
            parent: Child {
                ssh_host: Arc::new(tunnel::host(&tenant)?),
                tenant,
                auth,
                web_tls,
            },
            children,
            listen,
        })
    }

    /// Serves a connection to its end.
    pub(crate) async fn serve(self, stream: TcpStream, address: SocketAddr) {
        let hello = match listener::hello(stream).await {
            Ok(hello) => hello,
            Err(error) => {
                tracing::info!(%address, %error, "proxy: no TLS");
                return;
            }
        };
        let mut route = route(&hello.client_hello());
        let label = match &route {
            Route::Auth(cluster) if *cluster == self.parent.tenant.name() => PARENT.to_owned(),
            Route::Auth(cluster) => cluster.strip_suffix(DOMAIN).unwrap_or(cluster).to_owned(),
            _ => self.label(hello.client_hello().server_name()),
        };
        if self.unreachable(&label).await {
            tracing::info!(%address, cluster = label, "proxy: closed by a fault");
            return;
        }
        let Some(cluster) = self.cluster(&label) else {
            tracing::info!(%address, cluster = label, "proxy: no such cluster");
            return;
        };
        if matches!(route, Route::Auth(_) | Route::Nowhere)
            && !cluster.tenant.settings().tls_routing
        {
            route = Route::Web;
        }
        match route {
            Route::Web => self.serve_web(cluster, hello, address).await,
            Route::Join => {
                if let Some(tls) = handshake(&cluster, hello, address).await {
                    cluster.auth.serve_joins(tls, address).await;
                }
            }
            Route::Auth(_) => cluster.auth.serve_hello(hello, address).await,
            Route::Nowhere => tracing::info!(%address, "proxy: malformed protocol name"),
        }
    }

    /// The cluster whose proxy a host name stands for: that of a workload cluster, or the parent.
    fn label(&self, host: Option<&str>) -> String {
        let label = host.and_then(|host| host.strip_suffix(DOMAIN));
        label
            .filter(|_| host != Some(self.parent.tenant.proxy_host()))
            .unwrap_or(PARENT)
            .to_owned()
    }

    fn cluster(&self, label: &str) -> Option<Child> {
        match label {
            PARENT => Some(self.parent.clone()),
            label => self.children.find(label),
        }
    }

    /// Whether a fault says that the cluster cannot be reached now.
    async fn unreachable(&self, label: &str) -> bool {
        let Some(effect) = self.parent.tenant.shared().faults.strike_connection(label) else {
            return false;
        };
        tokio::time::sleep(effect.delay).await;
        effect.end != End::Usual
    }

    async fn serve_web(
        &self,
        cluster: Child,
        hello: StartHandshake<TcpStream>,
        address: SocketAddr,
    ) {
        let Some(tls) = handshake(&cluster, hello, address).await else {
            return;
        };
        let protocol = tls.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        let close = cluster.tenant.connection();
        if protocol.as_deref() == Some(REVERSE_TUNNEL) {
            tokio::select! {
                error = tunnel::serve(tls, address, &cluster) => {
                    tracing::info!(%address, error = &error as &dyn Error, "proxy: tunnel ended");
                }
                () = close.cancelled() => tracing::debug!(%address, "proxy: tunnel closed"),
            }
            return;
        }
        let web = Web {
            tenant: cluster.tenant,
            children: self.children.clone(),
            listen: self.listen,
        };
        let service = TowerToHyperService::new(web.router());
        let io = TokioIo::new(tls);
        let served = async {
            match protocol.as_deref() {
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
            }
        };
        tokio::select! {
            result = served => {
                if let Err(error) = result {
                    tracing::debug!(%address, %error, "proxy: connection ended");
                }
            }
            () = close.cancelled() => tracing::debug!(%address, "proxy: connection closed"),
        }
    }
}

async fn handshake(
    cluster: &Child,
    hello: StartHandshake<TcpStream>,
    address: SocketAddr,
) -> Option<TlsStream<TcpStream>> {
    match listener::handshake(hello, cluster.web_tls.clone()).await {
        Ok(tls) => Some(tls),
        Err(error) => {
            tracing::info!(%address, %error, "proxy: handshake failed");
            None
        }
    }
}

fn route(hello: &ClientHello<'_>) -> Route {
    let first = hello.alpn().and_then(|mut protocols| protocols.next());
    first.map_or(Route::Web, route_of)
}

/// Where the first protocol that a client offers leads.
fn route_of(protocol: &[u8]) -> Route {
    if protocol == JOIN {
        return Route::Join;
    }
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

/// Protocol of the calls that need no certificate.
const JOIN: &[u8] = b"teleport-proxy-grpc";
const AUTH_PREFIX: &[u8] = b"teleport-auth@";
const CLUSTER_SUFFIX: &[u8] = b".teleport.cluster.local";

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
    fn the_protocol_of_joins_is_told_from_its_namesake() {
        assert_eq!(route_of(b"teleport-proxy-grpc"), Route::Join);
        assert_eq!(route_of(b"teleport-proxy-grpc-mtls"), Route::Web);
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
