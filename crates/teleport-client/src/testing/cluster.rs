//! A cluster on a loopback port: the parts of a proxy and an auth server that a client can distinguish.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{FutureExt, future::BoxFuture};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use rustls::{ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier};
use secrecy::SecretSlice;
use teleport_proto::auth::PingResponse;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::LazyConfigAcceptor;

use super::{Authority, config, server_config};
use crate::{Client, Config, Source, call::retry::RetryPolicy};

/// What the web side says.
#[derive(Clone)]
pub(crate) enum Web {
    /// There is none: every connection is for the auth server.
    None,
    /// A body for `/webapi/find`.
    Find(StatusCode, String),
    /// The same, and the proxy finds no auth server to route to.
    FindWithoutAuth(String),
    /// The same, and something in front of the proxy that drops ALPN: every connection ends there.
    BehindLoadBalancer(String),
}

/// What a call is answered with.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Message(Vec<u8>),
    Status(tonic::Code, &'static str),
    /// The connection breaks instead.
    Drop,
    /// There is never an answer.
    Silence,
}

/// Gets the path, the request, and how often the path was called before.
type Handler = Arc<dyn Fn(&str, &[u8], usize) -> Answer + Send + Sync>;

/// A running cluster.
pub(crate) struct Cluster {
    state: Arc<State>,
    port: u16,
}

struct State {
    authority: Authority,
    web_authority: Authority,
    web: Web,
    auth_config: Arc<ServerConfig>,
    web_config: Arc<ServerConfig>,
    handler: Handler,
    /// Paths of all calls.
    calls: Mutex<Vec<String>>,
    /// What the clients offered, by connection.
    alpn: Mutex<Vec<Vec<String>>>,
    /// Counts up to break the connections that are there.
    breaks: watch::Sender<u32>,
}

impl Cluster {
    /// A proxy with TLS routing. The handler answers all calls but Ping; it gets the path and how often it was called before.
    pub(crate) async fn proxy(
        handler: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let find = r#"{"proxy":{"tls_routing_enabled":true},"cluster_name":"parent","server_version":"18.0.0"}"#;
        Self::start(
            Authority::new("parent"),
            Web::Find(StatusCode::OK, find.to_owned()),
            handler,
        )
        .await
    }

    /// An auth server alone.
    pub(crate) async fn auth(
        handler: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start(Authority::new("parent"), Web::None, handler).await
    }

    /// The same with a handler that gets the path and the request's message.
    pub(crate) async fn auth_answering(
        handler: impl Fn(&str, &[u8]) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let authority = Authority::new("parent");
        let client_ca = authority.roots();
        let handler: Handler = Arc::new(move |path, request, _| handler(path, request));
        Self::start_handling(authority, client_ca, Web::None, handler).await
    }

    pub(crate) async fn start(
        authority: Authority,
        web: Web,
        handler: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let client_ca = authority.roots();
        Self::start_trusting(authority, client_ca, web, handler).await
    }

    /// The same with another CA for clients.
    pub(crate) async fn start_trusting(
        authority: Authority,
        client_ca: Arc<rustls::RootCertStore>,
        web: Web,
        handler: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let handler: Handler = Arc::new(move |path, _, before| handler(path, before));
        Self::start_handling(authority, client_ca, web, handler).await
    }

    async fn start_handling(
        authority: Authority,
        client_ca: Arc<rustls::RootCertStore>,
        web: Web,
        handler: Handler,
    ) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let host =
            authority.issue_for_names(&["teleport.cluster.local", "*.teleport.cluster.local"]);
        let verifier = WebPkiClientVerifier::builder_with_provider(client_ca, provider.clone())
            .build()
            .unwrap();
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let mut auth_config = builder
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![host.cert.clone()], host.key())
            .unwrap();
        auth_config.alpn_protocols = vec![b"h2".to_vec()];

        let web_authority = Authority::new("web");
        let site = web_authority.issue_for_names(&["parent.localhost", "*.parent.localhost"]);
        let alpn: &[&[u8]] = match web {
            Web::BehindLoadBalancer(_) => &[],
            _ => &[b"h2", b"http/1.1", b"teleport-reversetunnel"],
        };
        let web_config = server_config(&site, alpn);

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            authority,
            web_authority,
            web,
            auth_config: Arc::new(auth_config),
            web_config,
            handler,
            calls: Mutex::default(),
            alpn: Mutex::default(),
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

    pub(crate) fn authority(&self) -> &Authority {
        &self.state.authority
    }

    pub(crate) fn address(&self) -> String {
        format!("parent.localhost:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A configuration for this cluster, with an identity of it.
    pub(crate) fn config(&self) -> Config {
        self.config_with(&self.state.authority.identity_file("bot"))
    }

    /// A configuration for this cluster, with any identity file.
    pub(crate) fn config_with(&self, identity_file: &str) -> Config {
        let contents = SecretSlice::from(identity_file.as_bytes().to_vec());
        let source = Source::identity_file(contents).named("identity_file");
        config(&self.address(), source, self.state.web_authority.roots())
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.config())
    }

    /// A client that repeats calls without end, with 20 to 40 seconds between two tries.
    pub(crate) fn client_that_waits(&self) -> Client {
        let mut config = self.config();
        config.retry = RetryPolicy {
            base: Duration::from_secs(40),
            cap: Duration::from_secs(40),
            tries: u32::MAX,
        };
        Client::new(config)
    }

    /// Names of the calls so far, without Ping.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = self.state.calls.lock().unwrap();
        let names = calls.iter().filter_map(|path| path.rsplit('/').next());
        names
            .filter(|name| *name != "Ping")
            .map(str::to_owned)
            .collect()
    }

    /// How often an auth server answered Ping, which each new connection is proved with.
    pub(crate) fn pings(&self) -> usize {
        let calls = self.state.calls.lock().unwrap();
        calls.iter().filter(|path| path.ends_with("/Ping")).count()
    }

    /// The protocols that clients offered, by connection.
    pub(crate) fn alpn(&self) -> Vec<Vec<String>> {
        self.state.alpn.lock().unwrap().clone()
    }

    /// Breaks all connections that are there.
    pub(crate) fn break_connections(&self) {
        self.state.breaks.send_modify(|breaks| *breaks += 1);
    }
}

async fn serve(state: Arc<State>, stream: TcpStream) {
    let mut breaks = state.breaks.subscribe();
    let Ok(start) = LazyConfigAcceptor::new(Default::default(), stream).await else {
        return;
    };
    let offered: Vec<String> = start
        .client_hello()
        .alpn()
        .map(|names| {
            names
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect()
        })
        .unwrap_or_default();
    let routed = offered
        .first()
        .is_some_and(|name| name.starts_with("teleport-auth@"));
    state.alpn.lock().unwrap().push(offered);
    let connection: BoxFuture<'static, ()> = match &state.web {
        Web::None => serve_auth(state.clone(), start).boxed(),
        Web::Find(..) if routed => serve_auth(state.clone(), start).boxed(),
        Web::FindWithoutAuth(_) if routed => return,
        Web::Find(..) | Web::FindWithoutAuth(_) | Web::BehindLoadBalancer(_) => {
            serve_web(state.clone(), start).boxed()
        }
    };
    tokio::select! {
        () = connection => {}
        _ = breaks.changed() => {}
    }
}

async fn serve_web(state: Arc<State>, start: tokio_rustls::StartHandshake<TcpStream>) {
    let Ok(stream) = start.into_stream(state.web_config.clone()).await else {
        return;
    };
    let service = service_fn(move |request: Request<Incoming>| {
        let state = state.clone();
        async move {
            let (status, body) = match &state.web {
                Web::Find(status, body) if request.uri().path() == "/webapi/find" => {
                    (*status, body.clone())
                }
                Web::FindWithoutAuth(body) | Web::BehindLoadBalancer(body) => {
                    (StatusCode::OK, body.clone())
                }
                _ => (StatusCode::NOT_FOUND, String::new()),
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

async fn serve_auth(state: Arc<State>, start: tokio_rustls::StartHandshake<TcpStream>) {
    let Ok(stream) = start.into_stream(state.auth_config.clone()).await else {
        return;
    };
    let (drop_connection, mut dropped) = watch::channel(false);
    let drop_connection = Arc::new(drop_connection);
    let service = service_fn(move |request: Request<Incoming>| {
        let (state, drop_connection) = (state.clone(), drop_connection.clone());
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await;
            let body = body.map(|body| body.to_bytes()).unwrap_or_default();
            // gRPC puts a flag and a length before each message.
            let message = body.get(5..).unwrap_or_default();
            Ok::<_, Infallible>(answer(&state, &path, message, &drop_connection).await)
        }
    });
    let serving =
        http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        _ = dropped.changed() => {}
    }
}

async fn answer(
    state: &State,
    path: &str,
    request: &[u8],
    drop_connection: &watch::Sender<bool>,
) -> Response<BoxBody<Bytes, Infallible>> {
    let before = {
        let mut calls = state.calls.lock().unwrap();
        let before = calls.iter().filter(|call| *call == path).count();
        calls.push(path.to_owned());
        before
    };
    let mut answer = (state.handler)(path, request, before);
    // Handlers pass Ping on with a message of nothing.
    if path == "/proto.AuthService/Ping"
        && matches!(&answer, Answer::Message(bytes) if bytes.is_empty())
    {
        let ping = PingResponse {
            cluster_name: state.authority.name().to_owned(),
            server_version: "18.0.0".to_owned(),
            ..PingResponse::default()
        };
        answer = Answer::Message(ping.encode_to_vec());
    }
    match answer {
        Answer::Message(bytes) => respond(Some(bytes), tonic::Code::Ok, ""),
        Answer::Status(code, message) => respond(None, code, message),
        Answer::Drop => {
            drop_connection.send_replace(true);
            std::future::pending().await
        }
        Answer::Silence => std::future::pending().await,
    }
}

fn respond(
    message: Option<Vec<u8>>,
    code: tonic::Code,
    text: &'static str,
) -> Response<BoxBody<Bytes, Infallible>> {
    let mut frames = Vec::new();
    if let Some(message) = message {
        let mut data = BytesMut::new();
        data.put_u8(0);
        data.put_u32(message.len().try_into().unwrap());
        data.put_slice(&message);
        frames.push(Ok(Frame::data(data.freeze())));
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(code as i32));
    trailers.insert("grpc-message", HeaderValue::from_static(text));
    frames.push(Ok(Frame::trailers(trailers)));
    let body = StreamBody::new(futures_util::stream::iter(frames));
    Response::builder()
        .header("content-type", "application/grpc")
        .body(BodyExt::boxed(body))
        .unwrap()
}
