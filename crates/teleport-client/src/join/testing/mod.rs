//! A cluster that bots can join, on a loopback port: proxy, auth server, and both join services.

mod services;
pub(crate) mod ssh;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_credential_types::Credentials;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::{http1, http2},
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use rustls::{
    RootCertStore, ServerConfig, crypto::aws_lc_rs, pki_types::CertificateDer,
    server::WebPkiClientVerifier,
};
use teleport_proto::{
    auth::{
        UserCertsRequest, auth_service_server::AuthServiceServer,
        join_service_server::JoinServiceServer as OlderServer,
    },
    teleport::join::v1::join_service_server::JoinServiceServer,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake, server::TlsStream};
use tonic::{Code, Status, service::Routes};

use self::services::{Auth, Newer, Older, host_credentials};
use super::{
    aws::{Aws, Given},
    caller::{Caller, CallerIdentity},
};
use crate::{
    Address,
    call::clock::Clock,
    testing::{Authority, server_config},
};

/// A running cluster.
pub(crate) struct Cluster {
    state: Arc<State>,
    port: u16,
}

/// How it behaves. It can be changed at any time.
#[derive(Clone)]
pub(crate) struct Behaviour {
    /// Whether the newer join service works, or how it fails.
    pub(crate) newer: Result<(), Code>,
    /// Whether the older one exists.
    pub(crate) older: bool,
    pub(crate) suite: &'static str,
    /// What the next joins are answered with, before they work.
    pub(crate) refusals: VecDeque<Status>,
    /// How long the bot's own certificates live.
    pub(crate) own_life: Duration,
    /// How long the certificates for its roles live at most.
    pub(crate) acting_life: Duration,
    pub(crate) roles: Vec<&'static str>,
    /// What GetRole is answered with first.
    pub(crate) role_failures: VecDeque<Status>,
    /// Whether the web API exists.
    pub(crate) web: bool,
    /// Whether the auth server answers Ping.
    pub(crate) pings: bool,
}

struct State {
    own: Mutex<Arc<Own>>,
    web_ca: Authority,
    web_config: Arc<ServerConfig>,
    is_proxy: bool,
    behaviour: Mutex<Behaviour>,
    journal: Mutex<Vec<String>>,
    requests: Mutex<Vec<UserCertsRequest>>,
    /// The tokens of identity providers that came.
    id_tokens: Mutex<Vec<String>>,
    /// Names of the headers of all calls.
    headers: Mutex<BTreeSet<String>>,
    /// The clock that certificates are dated by.
    clock: Mutex<Clock>,
    /// Counts up to break the connections that are there.
    breaks: watch::Sender<u32>,
}

/// The CAs that identify the cluster.
pub(crate) struct Own {
    pub(crate) user_ca: Authority,
    pub(crate) host_ca: Authority,
    auth_config: Arc<ServerConfig>,
}

impl Cluster {
    /// A proxy with TLS routing.
    pub(crate) async fn proxy() -> Self {
        Self::start(true).await
    }

    /// An auth server on its own port.
    pub(crate) async fn auth() -> Self {
        Self::start(false).await
    }

    async fn start(is_proxy: bool) -> Self {
        let web_ca = Authority::new("web");
        let site = web_ca.issue_for_names(&["child.localhost"]);
        let web_config = server_config(&site, &[b"h2", b"http/1.1"]);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            own: Mutex::new(Arc::new(Own::new())),
            web_ca,
            web_config,
            is_proxy,
            behaviour: Mutex::new(Behaviour::default()),
            journal: Mutex::default(),
            requests: Mutex::default(),
            id_tokens: Mutex::default(),
            headers: Mutex::default(),
            clock: Mutex::default(),
            breaks: watch::channel(0).0,
        });
        let serving = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(serving.clone(), stream));
            }
        });
        Self { state, port }
    }

    pub(crate) fn address(&self) -> Address {
        Address::parse(&format!("child.localhost:{}", self.port)).unwrap()
    }

    /// The roots of its web certificate.
    pub(crate) fn web_roots(&self) -> Arc<RootCertStore> {
        self.state.web_ca.roots()
    }

    /// The roots of its auth server's certificate.
    pub(crate) fn host_roots(&self) -> Arc<RootCertStore> {
        self.own().host_ca.roots()
    }

    pub(crate) fn own(&self) -> Arc<Own> {
        self.state.own()
    }

    /// Recreates it with other CAs at the same address. Connections break.
    pub(crate) fn remake(&self) {
        *self.state.own.lock().unwrap() = Arc::new(Own::new());
        self.state.breaks.send_modify(|breaks| *breaks += 1);
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.state.behaviour.lock().unwrap());
    }

    /// Dates certificates by the clock of a client.
    pub(crate) fn follow(&self, clock: Clock) {
        *self.state.clock.lock().unwrap() = clock;
    }

    /// What was called, without Ping.
    pub(crate) fn journal(&self) -> Vec<String> {
        self.state.journal.lock().unwrap().clone()
    }

    /// Names of the headers that came with calls, Ping too.
    pub(crate) fn headers(&self) -> BTreeSet<String> {
        self.state.headers.lock().unwrap().clone()
    }

    /// How often something was called.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.journal().iter().filter(|found| *found == call).count()
    }

    /// The tokens of identity providers that came.
    pub(crate) fn id_tokens(&self) -> Vec<String> {
        self.state.id_tokens.lock().unwrap().clone()
    }

    pub(crate) fn last_request(&self) -> UserCertsRequest {
        self.state.requests.lock().unwrap().last().unwrap().clone()
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            newer: Ok(()),
            older: true,
            suite: "balanced-v1",
            refusals: VecDeque::new(),
            own_life: HOUR,
            acting_life: HOUR,
            roles: vec!["editor", "auditor"],
            role_failures: VecDeque::new(),
            web: true,
            pings: true,
        }
    }
}

impl Own {
    fn new() -> Self {
        let user_ca = Authority::new("child");
        let host_ca = Authority::new("child");
        let host = host_ca.issue_for_names(&["teleport.cluster.local", "*.teleport.cluster.local"]);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(user_ca.roots(), provider.clone())
                .allow_unauthenticated()
                .build()
                .unwrap();
        let mut auth_config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![host.cert.clone()], host.key())
            .unwrap();
        auth_config.alpn_protocols = vec![b"h2".to_vec()];
        Self {
            user_ca,
            host_ca,
            auth_config: Arc::new(auth_config),
        }
    }
}

impl State {
    fn own(&self) -> Arc<Own> {
        self.own.lock().unwrap().clone()
    }

    fn note(&self, call: &str) {
        self.journal.lock().unwrap().push(call.to_owned());
    }

    fn certify(&self, public_key: &[u8], life: Duration) -> CertificateDer<'static> {
        let now = self.clock.lock().unwrap().now();
        self.own().user_ca.certify(USER, public_key, now + life)
    }

    fn behaviour(&self) -> Behaviour {
        self.behaviour.lock().unwrap().clone()
    }

    /// What the server decides about a join.
    fn decide(
        &self,
        token: &str,
        role: &str,
        request: &[u8],
        challenge: &str,
    ) -> Result<(), Status> {
        if let Some(refusal) = self.behaviour.lock().unwrap().refusals.pop_front() {
            return Err(refusal);
        }
        let request = String::from_utf8(request.to_vec()).unwrap();
        assert!(
            request.starts_with("POST / HTTP/1.1\r\nHost: sts.eu-west-1.amazonaws.com\r\n"),
            "{request}"
        );
        assert!(request.contains(&format!("X-Teleport-Challenge: {challenge}\r\n")));
        self.know(token, role)
    }

    /// What the server decides about a join with a token of an identity provider.
    fn decide_token(&self, token: &str, role: &str, id_token: &str) -> Result<(), Status> {
        if let Some(refusal) = self.behaviour.lock().unwrap().refusals.pop_front() {
            return Err(refusal);
        }
        self.id_tokens.lock().unwrap().push(id_token.to_owned());
        self.know(token, role)
    }

    fn know(&self, token: &str, role: &str) -> Result<(), Status> {
        assert_eq!(role, "Bot");
        if token == TOKEN {
            Ok(())
        } else {
            Err(Status::permission_denied(format!(
                "{token:?} can not join the cluster with role Bot, token expired or not found"
            )))
        }
    }
}

/// AWS credentials that need no AWS.
pub(crate) fn aws() -> Aws {
    Aws::given(Given {
        caller: Box::new(|| {
            Ok(Caller {
                credentials: Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test"),
                region: Some("eu-west-1".to_owned()),
            })
        }),
        identity: Some(CallerIdentity {
            account: "111122223333".to_owned(),
            arn: "arn:aws:sts::111122223333:assumed-role/other/me".to_owned(),
        }),
    })
}

async fn serve(state: Arc<State>, stream: TcpStream) {
    let mut breaks = state.breaks.subscribe();
    tokio::select! {
        () = serve_whole(state, stream) => {}
        _ = breaks.changed() => {}
    }
}

async fn serve_whole(state: Arc<State>, stream: TcpStream) {
    let Ok(start) = LazyConfigAcceptor::new(Default::default(), stream).await else {
        return;
    };
    let offered: Vec<Vec<u8>> = start
        .client_hello()
        .alpn()
        .map(|names| names.map(<[u8]>::to_vec).collect())
        .unwrap_or_default();
    let first = offered.first().cloned().unwrap_or_default();
    let auth_config = state.own().auth_config.clone();
    if !state.is_proxy {
        if let Ok(stream) = start.into_stream(auth_config).await {
            let is_known = stream.get_ref().1.peer_certificates().is_some();
            serve_grpc(&state, stream, !is_known, is_known).await;
        }
    } else if first.starts_with(b"teleport-auth@") {
        if let Ok(stream) = start.into_stream(auth_config).await {
            let is_known = stream.get_ref().1.peer_certificates().is_some();
            serve_grpc(&state, stream, false, is_known).await;
        }
    } else if first == b"teleport-proxy-grpc" {
        assert_eq!(offered[1], b"h2");
        if let Ok(stream) = start.into_stream(state.web_config.clone()).await {
            serve_grpc(&state, stream, true, false).await;
        }
    } else if first == b"http/1.1" {
        serve_web(&state, start).await;
    }
}

async fn serve_grpc(state: &Arc<State>, stream: TlsStream<TcpStream>, joins: bool, auth: bool) {
    let mut routes = Routes::default();
    if joins {
        routes = routes
            .add_service(JoinServiceServer::new(Newer(state.clone())))
            .add_service(OlderServer::new(Older(state.clone())));
    }
    if auth {
        routes = routes.add_service(AuthServiceServer::new(Auth(state.clone())));
    }
    let served = TowerToHyperService::new(routes);
    let state = state.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let names = request.headers().keys().map(ToString::to_string);
        state.headers.lock().unwrap().extend(names);
        served.call(request)
    });
    let _ = http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn serve_web(state: &Arc<State>, start: StartHandshake<TcpStream>) {
    let Ok(stream) = start.into_stream(state.web_config.clone()).await else {
        return;
    };
    let state = state.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let state = state.clone();
        async move {
            let (status, body) = if request.method() == Method::POST {
                assert_eq!(request.uri().path(), "/v1/webapi/host/credentials");
                let body = request.into_body().collect().await.unwrap().to_bytes();
                host_credentials(&state, &body)
            } else {
                found(&state.behaviour())
            };
            Response::builder()
                .status(status)
                .body(Full::new(Bytes::from(body)))
        }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The answer to `/webapi/find`.
fn found(behaviour: &Behaviour) -> (u16, String) {
    let body = format!(
        r#"{{"proxy":{{"tls_routing_enabled":true}},"auth":{{"signature_algorithm_suite":"{}"}},"cluster_name":"child"}}"#,
        behaviour.suite
    );
    (if behaviour.web { 200 } else { 404 }, body)
}

/// The secret of the AWS credentials.
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// The token that the cluster knows.
pub(crate) const TOKEN: &str = "tenant-bot";
/// The bot's user and role.
pub(crate) const USER: &str = "bot-tenant-bot";
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
