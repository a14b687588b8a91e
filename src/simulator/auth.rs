//! The auth server of a cluster: mutual TLS, then gRPC.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use http::{HeaderValue, Request, Response};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::StartHandshake;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body, service::Routes};
use tower::ServiceExt;

use super::{
    StartError,
    access::Caller,
    faults::{Blow, End},
    journal::CallNote,
    listener,
    ping::Ping,
    tenant::Tenant,
    version,
    workload_clusters::WorkloadClusters,
};
use crate::proto::{
    auth::auth_service_server::AuthServiceServer,
    teleport::workloadcluster::v1::workload_cluster_service_server::WorkloadClusterServiceServer,
};

/// The auth server of one cluster. It owns no port: connections are handed to it, some of them by a proxy.
#[derive(Clone)]
pub(super) struct AuthServer {
    tenant: Arc<Tenant>,
    tls: Arc<ServerConfig>,
    routes: Routes,
}

/// The other end of a connection. It travels with each request.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    caller: Arc<Caller>,
    address: SocketAddr,
    close: CancellationToken,
}

impl Peer {
    /// Who calls.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Where from.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl AuthServer {
    /// Makes the auth server of `tenant`, with a certificate of its host authority.
    pub(super) fn new(tenant: Arc<Tenant>) -> Result<Self, StartError> {
        let certificate = tenant
            .host_authority()
            .server(&["teleport.cluster.local", "*.teleport.cluster.local"])?;
        let mut roots = RootCertStore::empty();
        roots.add(tenant.user_authority().certificate().clone())?;
        let provider = super::crypto();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()?;
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![certificate.certificate.clone()],
                certificate.private_key(),
            )?;
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let workload_clusters =
            WorkloadClusterServiceServer::new(WorkloadClusters::new(tenant.clone()))
                .max_decoding_message_size(MAX_REQUEST_BYTES);
        let routes = Routes::new(AuthServiceServer::new(Ping::new(tenant.clone())))
            .add_service(workload_clusters)
            .prepare();
        Ok(Self {
            tenant,
            tls: Arc::new(tls),
            routes,
        })
    }

    /// Serves a connection to its end.
    pub(super) async fn serve(self, stream: TcpStream, address: SocketAddr) {
        match listener::hello(stream).await {
            Ok(hello) => self.serve_hello(hello, address).await,
            Err(error) => tracing::info!(%address, %error, "auth: no TLS"),
        }
    }

    /// Serves a connection, whose ClientHello a proxy has seen, to its end.
    pub(super) async fn serve_hello(self, hello: StartHandshake<TcpStream>, address: SocketAddr) {
        let mut tls = match listener::handshake(hello, self.tls.clone()).await {
            Ok(tls) => tls,
            Err(error) => {
                tracing::info!(%address, %error, "auth: handshake refused");
                return;
            }
        };
        let connection = tls.get_ref().1;
        let certificate = connection
            .peer_certificates()
            .and_then(|chain| chain.first());
        let caller = certificate.and_then(Caller::from_certificate);
        if connection.alpn_protocol() != Some(b"h2") || caller.is_none() {
            tracing::info!(%address, "auth: no h2, or a certificate without user");
            // The other end may be gone already; there is nobody to tell.
            let _ = tls.shutdown().await;
            return;
        }
        let Some(caller) = caller.map(Arc::new) else {
            return;
        };
        tracing::debug!(%address, user = caller.user(), "auth: connected");
        let close = self.tenant.connection();
        let peer = Peer {
            caller,
            address,
            close: close.clone(),
        };
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            let (server, peer) = (self.clone(), peer.clone());
            async move { Ok::<_, Infallible>(server.answer(request, &peer).await) }
        });
        let served = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .serve_connection(TokioIo::new(tls), answer);
        tokio::select! {
            result = served => {
                if let Err(error) = result {
                    tracing::debug!(%address, %error, "auth: connection ended");
                }
            }
            () = close.cancelled() => tracing::debug!(%address, "auth: connection closed"),
        }
    }

    /// Answers a call: journal, version, fault, and the service itself.
    async fn answer(self, mut request: Request<Incoming>, peer: &Peer) -> Response<Body> {
        let path = request.uri().path();
        let rpc = path.rsplit('/').next().unwrap_or_default();
        let rpc: String = rpc.chars().take(MAX_RPC_CHARS).collect();
        let note = CallNote::default();
        let journal = self.tenant.journal();
        let number = journal.began(&rpc, peer.caller.user(), note.clone());
        request.extensions_mut().insert(note);

        let response = match self.check_version(&request) {
            Ok(()) => {
                let blow = self.tenant.faults().strike(&rpc);
                self.carry_out(request, blow, peer).await
            }
            Err(status) => status.into_http(),
        };
        let code = response
            .headers()
            .get("grpc-status")
            .map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()));
        journal.answered(number, code);
        tracing::info!(rpc, user = peer.caller.user(), ?code, "auth: call");
        response
    }

    async fn carry_out(
        &self,
        request: Request<Incoming>,
        blow: Option<Blow>,
        peer: &Peer,
    ) -> Response<Body> {
        let Some(blow) = blow else {
            return self.dispatch(request).await;
        };
        let (request, response) = if blow.carried_out {
            (None, Some(self.dispatch(request).await))
        } else {
            (Some(request), None)
        };
        tokio::time::sleep(blow.delay).await;
        match blow.end {
            End::Code(code, message) => Status::new(code, message).into_http(),
            End::Drop => {
                peer.close.cancel();
                std::future::pending().await
            }
            End::Usual => match (response, request) {
                (Some(response), _) => response,
                (None, Some(request)) => self.dispatch(request).await,
                (None, None) => Status::internal("call was lost").into_http(),
            },
        }
    }

    async fn dispatch(&self, request: Request<Incoming>) -> Response<Body> {
        let answered = self.routes.clone().oneshot(request).await;
        let mut response = answered.unwrap_or_else(|error: Infallible| match error {});
        if let Ok(version) = HeaderValue::from_str(&self.tenant.settings().server_version) {
            response.headers_mut().insert("version", version);
        }
        response
    }

    /// A client that says its version must be one that the server knows; one that says nothing may pass
    /// (`lib/auth/middleware`).
    fn check_version(&self, request: &Request<Incoming>) -> Result<(), Status> {
        let Some(header) = request.headers().get("version") else {
            return Ok(());
        };
        let oldest = version::parse(&self.tenant.settings().min_client_version);
        match header.to_str().ok().and_then(version::parse) {
            Some(version) if Some(version) >= oldest => Ok(()),
            _ => Err(Status::permission_denied("client version is unsupported")),
        }
    }
}

const MAX_STREAMS: u32 = 256;
/// Largest request that is read.
const MAX_REQUEST_BYTES: usize = 256 * 1024;
const MAX_RPC_CHARS: usize = 100;
