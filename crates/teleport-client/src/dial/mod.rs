//! Dialling: the ways to a cluster's auth server, tried side by side.

pub(crate) mod address;
pub(crate) mod connect;
pub(crate) mod dial_error;
pub(crate) mod dial_options;
pub(crate) mod discovery;
pub(crate) mod handshake;
pub(crate) mod http_proxy;
pub(crate) mod metadata;
pub(crate) mod roots;
pub(crate) mod socket;
pub(crate) mod tcp;
pub(crate) mod tls;
pub(crate) mod tls_alert;
pub(crate) mod transport;
pub(crate) mod verifier;
pub(crate) mod web_request;
pub(crate) mod web_verifier;

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use rustls::{AlertDescription, pki_types::ServerName};
use teleport_proto::auth::{PingRequest, PingResponse};
use tokio::time::{Instant, timeout_at};
use tonic::{Request, client::Grpc};
use tonic_prost::ProstCodec;

use self::{
    dial_error::{DialError, OLDEST_MAJOR, Way, WayError},
    dial_options::DialOptions,
    handshake::{HandshakeError, handshake, is_refusal},
    tls::Trust,
    tls_alert::{AlertStream, LastAlert},
    transport::{SERVER_NAME, Transport},
    verifier::Presented,
};
use crate::{
    Address,
    call::{method, status},
    credentials::identity::Identity,
};

/// A connection on which the cluster answered.
pub(crate) struct Dialled {
    pub(crate) transport: Transport,
    pub(crate) way: Way,
    pub(crate) server_version: String,
}

/// Tries both ways at once and takes the first on which the cluster answers. A failure that shows what is at the address ends the
/// other way too.
pub(crate) async fn dial(
    address: &Address,
    identity: &Identity,
    options: &DialOptions,
) -> Result<Dialled, DialError> {
    let attempt = Attempt {
        address,
        identity,
        options,
        deadline: Instant::now() + options.timeout,
    };
    let direct = pin!(attempt.by(Way::Direct));
    let proxied = pin!(attempt.by(Way::Proxy));
    let (first, other) = match select(direct, proxied).await {
        Either::Left((result, other)) | Either::Right((result, other)) => (result, other),
    };
    let first = match first {
        Ok(dialled) => return Ok(dialled),
        Err((way, error)) if error.is_decisive() => {
            return Err(DialError {
                failures: vec![(way, error)],
            });
        }
        Err(failure) => failure,
    };
    tracing::debug!(way = %first.0, error = %first.1, "one way to the cluster failed");
    match other.await {
        Ok(dialled) => Ok(dialled),
        Err((way, error)) if error.is_decisive() => Err(DialError {
            failures: vec![(way, error)],
        }),
        Err(second) => {
            let mut failures = vec![first, second];
            failures.sort_by_key(|(way, _)| *way);
            Err(DialError { failures })
        }
    }
}

struct Attempt<'a> {
    address: &'a Address,
    identity: &'a Identity,
    options: &'a DialOptions,
    deadline: Instant,
}

impl Attempt<'_> {
    async fn by(&self, way: Way) -> Result<Dialled, (Way, WayError)> {
        let result = match way {
            Way::Direct => self.direct().await,
            Way::Proxy => self.proxied().await,
        };
        result.map_err(|error| (way, error))
    }

    /// The address is an auth server's.
    async fn direct(&self) -> Result<Dialled, WayError> {
        self.auth_server(Way::Direct, tls::alpn_direct(), None)
            .await
    }

    /// The address is a proxy's, which routes by ALPN to the auth server without ending TLS itself.
    async fn proxied(&self) -> Result<Dialled, WayError> {
        let stream = self.tcp().await?;
        let trust = if self.options.insecure {
            Trust::Anyone
        } else {
            Trust::Roots(self.options.roots.load().await?)
        };
        let web = tls::web(trust, &[b"http/1.1"]).map_err(WayError::tls)?;
        let name = self
            .address
            .server_name()
            .map_err(|error| WayError::Address(error.to_string()))?;
        let stream = self
            .step(
                "the TLS handshake with its web API",
                handshake(stream, web, name),
            )
            .await?;
        let stream = stream.map_err(WayError::Web)?;
        let found = self
            .step(
                "the answer of its web API",
                discovery::find(stream, self.address, self.options.user_agent),
            )
            .await??;
        if !found.tls_routing {
            return Err(WayError::NoTlsRouting);
        }
        let cluster_name = found
            .cluster_name
            .as_deref()
            .or_else(|| self.identity.cluster_name());
        let cluster_name = cluster_name.ok_or(WayError::NoClusterName)?;
        tracing::debug!(
            cluster_name,
            version = found.server_version,
            "found a proxy"
        );
        let alpn = tls::alpn_routed(cluster_name);
        // ALPN names have one byte for their length.
        if alpn.iter().any(|name| name.len() > 255) {
            return Err(WayError::ClusterNameTooLong);
        }
        let dialled = self.auth_server(Way::Proxy, alpn, Some(cluster_name)).await;
        match dialled {
            Err(WayError::NotRouted { .. }) if self.is_alpn_stripped().await => {
                Err(WayError::ConnectionUpgrade)
            }
            other => other,
        }
    }

    /// Connects to what answers on the address as an auth server of the identity's cluster, and pings it.
    async fn auth_server(
        &self,
        way: Way,
        alpn: Vec<Vec<u8>>,
        cluster_name: Option<&str>,
    ) -> Result<Dialled, WayError> {
        let stream = self.tcp().await?;
        let presented = Arc::new(Presented::default());
        let config = tls::cluster(self.identity, alpn, presented.clone()).map_err(WayError::tls)?;
        let name = ServerName::try_from(SERVER_NAME)
            .map_err(|error| WayError::Address(error.to_string()))?;
        let stream = self
            .step(
                "the TLS handshake with the auth server",
                handshake(stream, config, name),
            )
            .await?;
        let stream = stream.map_err(|error| self.refused(way, error, &presented, cluster_name))?;
        if stream.get_ref().1.alpn_protocol() != Some(tls::H2) {
            return Err(WayError::NoHttp2);
        }
        let alert = LastAlert::default();
        let stream = AlertStream::new(stream, alert.clone());
        let transport = self
            .step(
                "the start of HTTP/2",
                Transport::handshake(stream, self.options.user_agent),
            )
            .await?;
        let transport = transport.map_err(|error| self.closed(&alert, transport::chain(&error)))?;
        let ping = self.ping(way, &transport, &alert).await?;
        if is_too_old(&ping.server_version) {
            return Err(WayError::TooOld(ping.server_version));
        }
        Ok(Dialled {
            transport,
            way,
            server_version: ping.server_version,
        })
    }

    /// What a failed handshake with the auth server means.
    fn refused(
        &self,
        way: Way,
        error: HandshakeError,
        presented: &Presented,
        cluster_name: Option<&str>,
    ) -> WayError {
        let identity_cluster = || self.identity.cluster_name().map(str::to_owned);
        match (error, presented.certificate()) {
            (HandshakeError::UnknownIssuer, Some(certificate)) if certificate.is_auth_server() => {
                WayError::WrongCluster {
                    server: certificate
                        .cluster_name
                        .clone()
                        .or_else(|| cluster_name.map(str::to_owned)),
                    identity: identity_cluster(),
                }
            }
            (HandshakeError::UnknownIssuer | HandshakeError::WrongName(_), Some(certificate))
                if way == Way::Proxy =>
            {
                WayError::NotRouted {
                    names: certificate.names.clone(),
                }
            }
            (HandshakeError::Alert(alert), _) if is_refusal(alert) => self.client_refused(alert),
            (HandshakeError::Closed, None) if way == Way::Proxy => WayError::RouteClosed {
                cluster_name: cluster_name.unwrap_or_default().to_owned(),
            },
            (error, _) => WayError::Auth(error),
        }
    }

    /// The proof that the connection works: with TLS 1.3 a refused client certificate shows up only now.
    async fn ping(
        &self,
        way: Way,
        transport: &Transport,
        alert: &LastAlert,
    ) -> Result<PingResponse, WayError> {
        let mut grpc = Grpc::with_origin(transport.clone(), transport::origin())
            .max_decoding_message_size(transport::MAX_SMALL_ANSWER_SIZE);
        let mut request = Request::new(PingRequest {});
        request.set_timeout(
            self.deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(1)),
        );
        let method = method("proto.AuthService", "Ping");
        let codec = ProstCodec::<PingRequest, PingResponse>::default();
        let answer = self
            .step(
                "the answer to Ping",
                grpc.unary(request, transport::path(&method), codec),
            )
            .await?;
        let status = match answer {
            Ok(response) => return Ok(response.into_inner()),
            Err(status) => status,
        };
        let failure = status::failure(method.name(), self.address.to_string(), &status);
        if failure.answered {
            return Err(WayError::Ping {
                way,
                kind: failure.kind,
                message: failure.message,
            });
        }
        Err(self.closed(alert, failure.message))
    }

    /// What it means that a connection was closed before anything was answered on it.
    fn closed(&self, alert: &LastAlert, message: String) -> WayError {
        match alert.received() {
            Some(alert) if is_refusal(alert) => self.client_refused(alert),
            _ => WayError::Closed(message),
        }
    }

    fn client_refused(&self, alert: AlertDescription) -> WayError {
        WayError::ClientRefused {
            alert,
            user: self.identity.user().to_owned(),
        }
    }

    /// Whether something in front of the proxy ends TLS without ALPN, so that the proxy cannot route by it
    /// (`api/client/alpn_conn_upgrade.go` in gravitational/teleport).
    async fn is_alpn_stripped(&self) -> bool {
        let test = async {
            let stream = self.tcp().await?;
            // Only how the protocol is negotiated matters; nothing is sent.
            let config =
                tls::web(Trust::Anyone, &[b"teleport-reversetunnel"]).map_err(WayError::tls)?;
            let name = self
                .address
                .server_name()
                .map_err(|error| WayError::Address(error.to_string()))?;
            let handshake = self
                .step("the test for ALPN", handshake(stream, config, name))
                .await?;
            Ok::<_, WayError>(match handshake {
                Ok(stream) => stream.get_ref().1.alpn_protocol().is_none(),
                Err(error) => {
                    error == HandshakeError::Alert(AlertDescription::NoApplicationProtocol)
                }
            })
        };
        test.await.unwrap_or(false)
    }

    async fn tcp(&self) -> Result<Box<dyn socket::Stream>, WayError> {
        let connecting = tcp::connect(self.address, &self.options.http_proxy, &self.options.roots);
        Ok(self.step("the TCP connection", connecting).await??)
    }

    /// Waits for a step until the time is up.
    async fn step<T>(
        &self,
        step: &'static str,
        future: impl Future<Output = T>,
    ) -> Result<T, WayError> {
        timeout_at(self.deadline, future)
            .await
            .map_err(|_| WayError::Timeout {
                step,
                after: self.options.timeout,
            })
    }
}

/// Whether a server is older than the calls of this client need. A version that cannot be read counts as new enough.
fn is_too_old(version: &str) -> bool {
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .unwrap_or_default();
    major.parse::<u32>().is_ok_and(|major| major < OLDEST_MAJOR)
}

#[cfg(test)]
mod tests;
