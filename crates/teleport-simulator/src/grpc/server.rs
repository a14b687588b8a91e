//! The auth server of a cluster: mutual TLS, then gRPC.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use http::{HeaderValue, Request, Response};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use teleport_proto::{
    auth::{
        auth_service_server::AuthServiceServer,
        join_service_server::JoinServiceServer as LegacyJoinServer,
    },
    teleport::{
        join::v1::join_service_server::JoinServiceServer,
        presence::v1::presence_service_server::PresenceServiceServer,
        trust::v1::trust_service_server::TrustServiceServer,
    },
};
use tokio::io::AsyncWriteExt;
use tokio_rustls::{StartHandshake, server::TlsStream};
use tonic::{Code, Status, body::Body, service::Routes};
use tower::ServiceExt;

use crate::{
    faults::{Effect, End, is_join, journal::CallNote},
    grpc::{
        Watcher, access::Caller, auth_service, objects::Objects, peer::Peer, presence, trust,
        version,
    },
    join::{Join, LegacyJoin},
    tenant::Tenant,
    web::{
        listener::{self, Stream},
        tls::{self, TlsError},
    },
};

/// The auth server of one cluster. It owns no port: connections are handed to it, some of them by a proxy.
#[derive(Clone)]
pub(crate) struct AuthServer {
    tenant: Arc<Tenant>,
    tls: Arc<ServerConfig>,
    services: Services,
    /// The part that a proxy offers to those who have no certificate yet.
    public: Services,
}

/// What is offered on a connection.
#[derive(Clone)]
struct Services {
    routes: Routes,
    objects: Option<Objects>,
}

impl AuthServer {
    /// Makes the auth server of `tenant`, with a certificate of its host authority. `watcher` learns about its workload
    /// clusters.
    pub(crate) fn new(
        tenant: Arc<Tenant>,
        watcher: Option<Arc<dyn Watcher>>,
    ) -> Result<Self, TlsError> {
        let tls = tls::auth_server(tenant.host_authority(), tenant.user_authority())?;
        let joins = |routes: Routes| {
            let join = JoinServiceServer::new(Join::new(tenant.clone()));
            let legacy = LegacyJoinServer::new(LegacyJoin::new(tenant.clone()));
            routes
                .add_service(join.max_decoding_message_size(MAX_REQUEST_BYTES))
                .add_service(legacy.max_decoding_message_size(MAX_REQUEST_BYTES))
        };
        let service = AuthServiceServer::new(auth_service::Service::new(tenant.clone()));
        let trust = TrustServiceServer::new(trust::Service::new(tenant.clone()));
        let presence = PresenceServiceServer::new(presence::Service::new(tenant.clone()));
        let routes = Routes::new(service.max_decoding_message_size(MAX_REQUEST_BYTES))
            .add_service(trust.max_decoding_message_size(MAX_REQUEST_BYTES))
            .add_service(presence.max_decoding_message_size(MAX_REQUEST_BYTES));
        let services = Services {
            routes: joins(routes).prepare(),
            objects: Some(Objects::new(tenant.clone(), watcher)),
        };
        let public = Services {
            routes: joins(Routes::default()).prepare(),
            objects: None,
        };
        Ok(Self {
            tenant,
            tls,
            services,
            public,
        })
    }

    /// Serves a connection to its end.
    pub(crate) async fn serve(self, stream: impl Stream, address: SocketAddr) {
        match listener::hello(stream).await {
            Ok(hello) => self.serve_hello(hello, address).await,
            Err(error) => tracing::info!(%address, %error, "auth: no TLS"),
        }
    }

    /// Serves a connection, whose ClientHello a proxy has seen, to its end.
    pub(crate) async fn serve_hello(self, hello: StartHandshake<impl Stream>, address: SocketAddr) {
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
        let caller = certificate.map(Caller::from_certificate);
        if connection.alpn_protocol() != Some(b"h2") || caller == Some(None) {
            tracing::info!(%address, "auth: no h2, or a certificate without user");
            // The client may have closed the connection already.
            let _ = tls.shutdown().await;
            return;
        }
        let caller = caller.flatten().map(Arc::new);
        let services = self.services.clone();
        self.serve_calls(tls, address, caller, services).await;
    }

    /// Serves a connection to its end that a proxy has decrypted: nothing but joining is offered on it.
    pub(crate) async fn serve_joins(self, tls: TlsStream<impl Stream>, address: SocketAddr) {
        let services = self.public.clone();
        self.serve_calls(tls, address, None, services).await;
    }

    async fn serve_calls(
        self,
        tls: TlsStream<impl Stream>,
        address: SocketAddr,
        caller: Option<Arc<Caller>>,
        services: Services,
    ) {
        let close = self.tenant.connection();
        let peer = Peer {
            caller,
            address,
            close: close.clone(),
        };
        tracing::debug!(%address, user = peer.user(), "auth: connected");
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            let (server, peer, services) = (self.clone(), peer.clone(), services.clone());
            async move { Ok::<_, Infallible>(server.answer(request, &peer, services).await) }
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
    async fn answer(
        self,
        mut request: Request<Incoming>,
        peer: &Peer,
        services: Services,
    ) -> Response<Body> {
        let path = request.uri().path();
        let rpc = path.rsplit('/').next().unwrap_or_default();
        let rpc: String = rpc.chars().take(MAX_RPC_CHARS).collect();
        let note = CallNote::default();
        let shared = self.tenant.shared();
        let cluster = &self.tenant.settings().label;
        let number = shared
            .journal
            .began(cluster, &rpc, peer.user(), note.clone());
        request.extensions_mut().insert(note);

        let checked = self
            .check_version(&request)
            .and_then(|()| peer.check_certificate());
        let response = match checked {
            Ok(()) => {
                let effect = shared.faults.next_effect(cluster, &rpc);
                self.carry_out(request, effect, peer, services).await
            }
            Err(status) => status.into_http(),
        };
        // A call whose code is not in the head has succeeded, but a join, which has only begun.
        let code = response.headers().get("grpc-status");
        let code = code.map(|code| Code::from_bytes(code.as_bytes()));
        if let Some(code) = code.or_else(|| (!is_join(&rpc)).then_some(Code::Ok)) {
            shared.journal.answered(number, code);
        }
        tracing::info!(cluster, rpc, user = peer.user(), ?code, "auth: call");
        response
    }

    async fn carry_out(
        &self,
        request: Request<Incoming>,
        effect: Option<Effect>,
        peer: &Peer,
        services: Services,
    ) -> Response<Body> {
        let Some(effect) = effect else {
            return self.dispatch(request, services).await;
        };
        let (request, response) = if effect.carried_out {
            (None, Some(self.dispatch(request, services.clone()).await))
        } else {
            (Some(request), None)
        };
        tokio::time::sleep(effect.delay).await;
        match effect.end {
            End::Code(code, message) => Status::new(code, message).into_http(),
            End::Drop => {
                peer.close.cancel();
                std::future::pending().await
            }
            End::Usual => match (response, request) {
                (Some(response), _) => response,
                (None, Some(request)) => self.dispatch(request, services).await,
                (None, None) => Status::internal("call was lost").into_http(),
            },
        }
    }

    async fn dispatch(&self, request: Request<Incoming>, services: Services) -> Response<Body> {
        let mut response = match services.objects {
            Some(objects) if Objects::offers(request.uri().path()) => {
                objects.answer(request, MAX_REQUEST_BYTES).await
            }
            _ => {
                let path = request.uri().path().to_owned();
                let is_public = services.objects.is_none();
                let answered = services.routes.oneshot(request).await;
                match answered.unwrap_or_else(|error: Infallible| match error {}) {
                    answer if says_nothing(&answer) => unimplemented(&path, is_public),
                    answer => answer,
                }
            }
        };
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

/// The answer to a call that nothing here answers. Teleport's tools show the text, which has to say what is missing. `is_public` says
/// whether it came without a certificate.
fn unimplemented(path: &str, is_public: bool) -> Response<Body> {
    let path: String = path.chars().take(MAX_RPC_CHARS).collect();
    let to_whom = match is_public {
        true => " for callers without a certificate",
        false => "",
    };
    let text = format!("the simulator does not implement {path}{to_whom}");
    Status::unimplemented(text).into_http()
}

/// Whether an answer says that a call is not implemented, and nothing of its own besides.
fn says_nothing(answer: &Response<Body>) -> bool {
    let status = Status::from_header_map(answer.headers());
    status.is_some_and(|status| {
        let text = ["", "Not yet implemented"].contains(&status.message());
        status.code() == Code::Unimplemented && text
    })
}

const MAX_STREAMS: u32 = 256;
/// Largest request that is read.
const MAX_REQUEST_BYTES: usize = 512 * 1024;
const MAX_RPC_CHARS: usize = 100;
