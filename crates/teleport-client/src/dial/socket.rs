//! Sockets: direct TCP connections, with names, loopback and keepalive.

use std::{
    future::ready,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use http::Uri;
use hyper_util::client::legacy::connect::{
    HttpConnector,
    dns::{GaiResolver, Name},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::{Service, ServiceExt};

use crate::dial::{address::is_loopback_name, transport::chain};

/// Bytes to and from somewhere.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why there is no TCP connection: the name cannot be resolved, nothing listens, or a firewall blocks it.
#[derive(Debug, thiserror::Error)]
#[error("no TCP connection: {0}")]
pub(crate) struct SocketError(String);

/// Connects to `host:port` directly.
pub(crate) async fn open(authority: &str) -> Result<Box<dyn Stream>, SocketError> {
    let uri = Uri::builder()
        .scheme("http")
        .authority(authority)
        .path_and_query("/")
        .build()
        .map_err(|error| SocketError(chain(&error)))?;
    let stream = connector()
        .oneshot(uri)
        .await
        .map_err(|error| SocketError(chain(&error)))?;
    Ok(Box::new(stream.into_inner()))
}

/// It tries IPv6 and IPv4 at the same time (RFC 8305).
fn connector() -> HttpConnector<Resolver> {
    let mut connector = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEP_ALIVE));
    connector
}

/// The operating system's resolver, but for names that RFC 6761 reserves for loopback: many systems do not resolve those.
#[derive(Clone)]
struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if is_loopback_name(name.as_str()) {
            // The port is filled in by the connector.
            let addresses = LOOPBACK.map(|ip| SocketAddr::new(ip, 0));
            return ready(Ok(Vec::from(addresses).into_iter())).boxed();
        }
        let found = self.0.call(name);
        async move { Ok(found.await?.collect::<Vec<_>>().into_iter()) }.boxed()
    }
}

const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];
/// The period of Teleport's own client (`api/client/contextdialer.go`).
const KEEP_ALIVE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_ipv6_loopback_is_reached_by_name_too() {
        let Ok(listener) = TcpListener::bind("[::1]:0").await else {
            return; // No IPv6 on this machine.
        };
        let port = listener.local_addr().unwrap().port();
        open(&format!("parent.localhost:{port}")).await.unwrap();
        open(&format!("[::1]:{port}")).await.unwrap();
    }

    #[tokio::test]
    async fn a_refused_connection_says_so() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let error = open(&address).await.err().unwrap().to_string();
        assert!(
            error.starts_with("no TCP connection: ") && error.contains("refused"),
            "{error}"
        );
    }
}
