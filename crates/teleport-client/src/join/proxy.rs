//! The connection to a join service: TLS without a client certificate, because the join has not issued one yet.
//!
//! A proxy offers it without authentication (`ProtocolProxyGRPCInsecure` in `lib/srv/alpnproxy/common/protocols.go` in
//! gravitational/teleport), and an auth server on its own port.

use std::{sync::Arc, time::Duration};

use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use super::{JoinError, key::Algorithm};
use crate::{
    Address,
    dial::{
        dial_error::WayError,
        dial_options::DialOptions,
        discovery,
        handshake::{HandshakeError, handshake},
        socket, tcp,
        tls::{self, Trust},
        transport::{self, SERVER_NAME, Transport},
        verifier::Presented,
    },
};

/// Where to join.
pub(super) struct JoinTarget<'a> {
    pub(super) address: &'a Address,
    pub(super) options: &'a DialOptions,
}

impl JoinTarget<'_> {
    /// Connects to the join service.
    pub(super) async fn connect(&self) -> Result<Transport, JoinError> {
        let deadline = self.deadline();
        let presented = Arc::new(Presented::default());
        let name = self.server_name()?;
        let connected = self.connect_as(name, &presented, deadline).await;
        let is_auth_server = presented
            .certificate()
            .is_some_and(|certificate| certificate.is_auth_server());
        let connected = match connected {
            // An auth server has no certificate for its address, only for the name of all auth servers.
            Err(WayError::Web(HandshakeError::WrongName(_))) if is_auth_server => {
                let name = ServerName::try_from(SERVER_NAME)
                    .map_err(|error| self.unreached(WayError::Address(error.to_string())))?;
                self.connect_as(name, &presented, deadline).await
            }
            connected => connected,
        };
        connected.map_err(|error| self.unreached(error))
    }

    /// The algorithm that the cluster's web API says to use. Auth servers have no web API: then it is one that all accept.
    pub(super) async fn algorithm(&self) -> Algorithm {
        let found = match self.find().await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, "the cluster does not say which keys it wants");
                return Algorithm::Rsa;
            }
        };
        Algorithm::of_suite(&found.signature_algorithm_suite.unwrap_or_default())
    }

    async fn find(&self) -> Result<discovery::Found, WayError> {
        let stream = self.web().await?;
        let answer = discovery::find(stream, self.address, self.options.user_agent);
        Ok(self
            .step(self.deadline(), "the answer of its web API", answer)
            .await??)
    }

    /// Connects to the cluster's web API, over HTTP/1.1.
    pub(super) async fn web(&self) -> Result<TlsStream<Box<dyn socket::Stream>>, WayError> {
        let deadline = self.deadline();
        let stream = self.tcp(deadline).await?;
        let config = tls::web(self.trust().await?, &[b"http/1.1"]).map_err(WayError::tls)?;
        let name = self
            .address
            .server_name()
            .map_err(|error| WayError::Address(error.to_string()))?;
        let step = "the TLS handshake with its web API";
        let stream = self
            .step(deadline, step, handshake(stream, config, name))
            .await?;
        stream.map_err(WayError::Web)
    }

    async fn connect_as(
        &self,
        name: ServerName<'static>,
        presented: &Arc<Presented>,
        deadline: Instant,
    ) -> Result<Transport, WayError> {
        let stream = self.tcp(deadline).await?;
        let config = tls::join(self.trust().await?, presented.clone()).map_err(WayError::tls)?;
        let step = "the TLS handshake with its join service";
        let stream = self
            .step(deadline, step, handshake(stream, config, name))
            .await?;
        let stream = stream.map_err(WayError::Web)?;
        match stream.get_ref().1.alpn_protocol() {
            Some(tls::H2) => {}
            // A Teleport proxy always selects a protocol. A load balancer that ends TLS may not.
            None => return Err(WayError::ConnectionUpgrade),
            Some(_) => return Err(WayError::NoHttp2),
        }
        let starting = Transport::handshake(stream, self.options.user_agent);
        let transport = self.step(deadline, "the start of HTTP/2", starting).await?;
        transport.map_err(|error| WayError::Closed(transport::chain(&error)))
    }

    async fn tcp(&self, deadline: Instant) -> Result<Box<dyn socket::Stream>, WayError> {
        let connecting = tcp::connect(self.address, &self.options.http_proxy, &self.options.roots);
        Ok(self
            .step(deadline, "the TCP connection", connecting)
            .await??)
    }

    async fn trust(&self) -> Result<Trust, WayError> {
        if self.options.insecure {
            return Ok(Trust::Anyone);
        }
        Ok(Trust::Roots(self.options.roots.load().await?))
    }

    fn server_name(&self) -> Result<ServerName<'static>, JoinError> {
        let name = self.address.server_name();
        name.map_err(|error| self.unreached(WayError::Address(error.to_string())))
    }

    pub(super) fn unreached(&self, error: WayError) -> JoinError {
        JoinError::Reach {
            address: self.address.clone(),
            error,
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.options.timeout
    }

    async fn step<T>(
        &self,
        deadline: Instant,
        step: &'static str,
        future: impl Future<Output = T>,
    ) -> Result<T, WayError> {
        timeout_at(deadline, future)
            .await
            .map_err(|_| WayError::Timeout {
                step,
                after: self.options.timeout,
            })
    }
}

/// How long an exchange may take: the server's own limit (`lib/joinserver` in gravitational/teleport).
pub(super) const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(60);
