//! TCP connections: direct, or through the HTTP proxy of the environment.

use crate::{
    Address,
    dial::{
        http_proxy::{self, HttpProxy, HttpProxyError},
        roots::Roots,
        socket::{self, SocketError, Stream},
    },
};

/// Why there is no TCP connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TcpError {
    /// The direct connection failed.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The connection through the HTTP proxy failed.
    #[error(transparent)]
    HttpProxy(#[from] HttpProxyError),
}

/// Connects to an address, through the HTTP proxy if one is set for it. Loopback addresses are never reached through one.
pub(crate) async fn connect(
    address: &Address,
    http_proxy: &HttpProxy,
    roots: &Roots,
) -> Result<Box<dyn Stream>, TcpError> {
    match http_proxy.intercept(address)? {
        Some(proxy) => Ok(http_proxy::tunnel(&proxy, address, roots).await?),
        None => Ok(socket::open(&address.to_string()).await?),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn names_under_localhost_need_no_dns() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = Address::parse(&format!("some.child.localhost:{port}")).unwrap();
        connect(&address, &HttpProxy::none(), &Roots::default())
            .await
            .unwrap();
    }
}
