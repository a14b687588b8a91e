//! A server on a loopback port that is in order up to one point, and plays a script from there.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use h2::{
    Reason,
    server::{self, SendResponse},
};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use prost::Message;
use rustls::{RootCertStore, ServerConfig};
use teleport_proto::auth::PingResponse;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink, split},
    net::{TcpSocket, TcpStream},
    sync::watch,
    time::sleep,
};
use tokio_rustls::LazyConfigAcceptor;

use super::calls::framed;
use crate::testing::{Authority, server_config};

/// Where a server is hostile, and how.
#[derive(Clone)]
pub(super) enum Hostile {
    /// On every connection, instead of TLS.
    Tcp(Script),
    /// In answer to every HTTP request, without TLS.
    Http(Script),
    /// In the certificate of the web API, which is for these names.
    Site(Vec<String>),
    /// In the certificate of the auth server, which is from a cluster of this name.
    Cluster(String),
    /// In answer to a request whose head has this text, on the web API.
    Web(&'static str, Script),
    /// After the first request over HTTP/2.
    Http2(Script),
    /// In answer to calls.
    Calls(Arc<Answers>),
}

/// The answer to a call by its name and how often it was made before. None is a call that the server does not know.
type Answers = dyn Fn(&str, usize) -> Option<Answer> + Send + Sync;

/// Bytes to send, and what happens then.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) start: Vec<u8>,
    pub(super) then: Then,
}

/// How an answer goes on.
#[derive(Clone)]
pub(super) enum Then {
    Close,
    /// Nothing more comes.
    Silence,
    /// The same again and again, a byte each second.
    Slow(Vec<u8>),
    /// The same again and again, as fast as it is read.
    Endless(Vec<u8>),
}

/// An answer to a call: HTTP/2 that is in order, with anything in it.
#[derive(Clone)]
pub(super) struct Answer {
    /// None, if not even the head comes.
    pub(super) head: Option<Response<()>>,
    pub(super) body: Vec<u8>,
    pub(super) end: End,
}

/// How the answer to a call ends.
#[derive(Clone)]
pub(super) enum End {
    /// The stream ends, with trailers if there are any.
    Trailers(Vec<(&'static str, Vec<u8>)>),
    Reset(Reason),
    GoAway(Reason),
    Then(Then),
}

pub(super) struct Server {
    state: Arc<State>,
    port: u16,
}

struct State {
    hostile: Hostile,
    own: Authority,
    web: Authority,
    auth_config: Arc<ServerConfig>,
    web_config: Arc<ServerConfig>,
    calls: Mutex<HashMap<String, usize>>,
    /// How many bytes of answers were taken from it.
    sent: AtomicUsize,
    /// How many connections there are.
    open: watch::Sender<usize>,
    /// Whether it is silent or slow now.
    waits: watch::Sender<bool>,
}

impl Server {
    pub(super) async fn start(hostile: Hostile) -> Self {
        let own = Authority::new("parent");
        let web = Authority::new("web");
        let names = match &hostile {
            Hostile::Site(names) => names.iter().map(String::as_str).collect(),
            _ => vec!["parent.localhost", "localhost"],
        };
        let site = web.issue_for_names(&names);
        let host = match &hostile {
            Hostile::Cluster(name) => &Authority::new(name),
            _ => &own,
        };
        let host = host.issue_for_names(&["teleport.cluster.local", "*.teleport.cluster.local"]);
        // A small buffer, so that what is sent was also read.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(64 << 10).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(16).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            hostile,
            own,
            web,
            auth_config: server_config(&host, &[b"h2"]),
            web_config: server_config(&site, &[b"http/1.1", b"h2"]),
            calls: Mutex::default(),
            sent: AtomicUsize::new(0),
            open: watch::channel(0).0,
            waits: watch::channel(false).0,
        });
        let serving = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = serving.clone();
                state.open.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    state.serve(stream).await;
                    state.open.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { state, port }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn identity_file(&self) -> String {
        self.state.own.identity_file("bot")
    }

    pub(super) fn web_roots(&self) -> Arc<RootCertStore> {
        self.state.web.roots()
    }

    pub(super) fn sent(&self) -> usize {
        self.state.sent.load(Ordering::Relaxed)
    }

    /// Comes when the server is silent or slow.
    pub(super) async fn waits(&self) {
        let mut waits = self.state.waits.subscribe();
        waits.wait_for(|waits| *waits).await.unwrap();
    }

    /// Comes when there is no connection any more.
    pub(super) async fn is_left(&self) {
        let mut open = self.state.open.subscribe();
        open.wait_for(|open| *open == 0).await.unwrap();
    }
}

impl State {
    async fn serve(self: &Arc<Self>, stream: TcpStream) {
        match &self.hostile {
            Hostile::Tcp(script) => return self.play(stream, script).await,
            Hostile::Http(script) => return self.serve_web(stream, Some(("", script))).await,
            _ => {}
        }
        let Ok(start) = LazyConfigAcceptor::new(Default::default(), stream).await else {
            return;
        };
        let hello = start.client_hello();
        let first = hello.alpn().and_then(|mut names| names.next());
        let first = first.unwrap_or_default().to_vec();
        let is_routed = first.starts_with(b"teleport-auth@");
        let config = if is_routed {
            &self.auth_config
        } else {
            &self.web_config
        };
        let Ok(mut stream) = start.into_stream(config.clone()).await else {
            return;
        };
        match &self.hostile {
            Hostile::Web(at, script) if first == b"http/1.1" => {
                self.serve_web(stream, Some((at, script))).await;
            }
            _ if first == b"http/1.1" => self.serve_web(stream, None).await,
            Hostile::Http2(script) if is_routed => {
                let _ = wait_for_headers(&mut stream).await;
                self.play(stream, script).await;
            }
            _ if is_routed || first == b"teleport-proxy-grpc" => self.serve_calls(stream).await,
            _ => {}
        }
    }

    async fn play(&self, stream: impl AsyncRead + AsyncWrite, script: &Script) {
        let (mut reader, mut writer) = split(stream);
        let writing = async {
            self.write(&mut writer, &script.start).await?;
            match &script.then {
                Then::Close => writer.shutdown().await,
                Then::Silence => {
                    self.waits.send_replace(true);
                    Ok(())
                }
                Then::Slow(bytes) => {
                    self.waits.send_replace(true);
                    for byte in bytes.iter().cycle() {
                        self.write(&mut writer, &[*byte]).await?;
                        sleep(SECOND).await;
                    }
                    Ok(())
                }
                Then::Endless(bytes) => {
                    let bytes = bytes.repeat((16 << 10) / bytes.len() + 1);
                    while self.sent.load(Ordering::Relaxed) < ENOUGH {
                        self.write(&mut writer, &bytes).await?;
                    }
                    Ok(())
                }
            }
        };
        // All that comes is read, until the client closes the connection.
        let mut ignored = sink();
        let _ = tokio::join!(writing, copy(&mut reader, &mut ignored));
    }

    async fn write(&self, writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
        writer.write_all(bytes).await?;
        writer.flush().await?;
        self.sent.fetch_add(bytes.len(), Ordering::Relaxed);
        Ok(())
    }

    async fn serve_web(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        hostile: Option<(&str, &Script)>,
    ) {
        while let Ok(asked) = head(&mut stream).await {
            match hostile {
                Some((at, script)) if asked.contains(at) => return self.play(stream, script).await,
                _ => {
                    let _ = stream.write_all(FOUND.as_bytes()).await;
                }
            }
        }
    }

    async fn serve_calls(self: &Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Ok(mut connection) = server::handshake(stream).await else {
            return;
        };
        let mut kept = Vec::new();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let name = request.uri().path().rsplit('/').next().unwrap_or_default();
            let Answer { head, body, end } = self.answer(name);
            let Some(head) = head else {
                self.waits.send_replace(true);
                kept.push(respond);
                continue;
            };
            let mut stream = respond.send_response(head, false).unwrap();
            self.sent.fetch_add(body.len(), Ordering::Relaxed);
            let _ = stream.send_data(body.into(), false);
            match end {
                End::Trailers(trailers) if trailers.is_empty() => {
                    let _ = stream.send_data(Bytes::new(), true);
                }
                End::Trailers(trailers) => {
                    let _ = stream.send_trailers(map(&trailers));
                }
                End::Reset(reason) => stream.send_reset(reason),
                End::GoAway(reason) => {
                    connection.abrupt_shutdown(reason);
                    kept.push(respond);
                }
                End::Then(Then::Close) => {
                    // What was sent goes out first.
                    let _ = futures_util::poll!(std::pin::pin!(connection.accept()));
                    return;
                }
                End::Then(then) => {
                    tokio::spawn(self.clone().go_on(stream, respond, then));
                }
            }
        }
    }

    fn answer(&self, name: &str) -> Answer {
        if name == "Ping" {
            let ping = PingResponse {
                cluster_name: "parent".to_owned(),
                server_version: "18.0.0".to_owned(),
                ..PingResponse::default()
            };
            return Answer::message(&ping);
        }
        let before = {
            let mut calls = self.calls.lock().unwrap();
            let count = calls.entry(name.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        let answer = match &self.hostile {
            Hostile::Calls(answer) => answer(name, before),
            _ => None,
        };
        answer.unwrap_or_else(|| Answer::trailers(&[("grpc-status", b"12")]))
    }

    /// Goes on with the body of an answer.
    async fn go_on(
        self: Arc<Self>,
        mut stream: h2::SendStream<Bytes>,
        _respond: SendResponse<Bytes>,
        then: Then,
    ) {
        let (bytes, is_slow) = match then {
            Then::Slow(bytes) => (bytes, true),
            Then::Endless(bytes) => (bytes.repeat((16 << 10) / bytes.len() + 1), false),
            Then::Silence | Then::Close => (Vec::new(), true),
        };
        if is_slow {
            self.waits.send_replace(true);
        }
        let size = if is_slow { 1 } else { bytes.len() };
        for part in bytes.chunks(size).cycle() {
            stream.reserve_capacity(part.len());
            while stream.capacity() < part.len() {
                let more = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
                let Some(Ok(_)) = more else { return };
            }
            let sent = stream.send_data(Bytes::copy_from_slice(part), false);
            if sent.is_err() || self.sent.fetch_add(part.len(), Ordering::Relaxed) > ENOUGH {
                return;
            }
            if is_slow {
                sleep(SECOND).await;
            }
        }
        std::future::pending().await
    }
}

impl Answer {
    pub(super) fn page(status: u16, content_type: &str, body: &[u8], end: End) -> Self {
        let head = Response::builder()
            .status(status)
            .header("content-type", content_type);
        Self {
            head: Some(head.body(()).unwrap()),
            body: body.to_vec(),
            end,
        }
    }

    /// What a good server sends.
    pub(super) fn message(message: &impl Message) -> Self {
        let body = framed(0, &message.encode_to_vec());
        grpc(&body, End::Trailers(vec![("grpc-status", b"0".to_vec())]))
    }

    /// An answer without a message.
    pub(super) fn trailers(trailers: &[(&'static str, &[u8])]) -> Self {
        let owned = trailers.iter().map(|(name, value)| (*name, value.to_vec()));
        grpc(&[], End::Trailers(owned.collect()))
    }
}

/// An answer of gRPC with this body.
pub(super) fn grpc(body: &[u8], end: End) -> Answer {
    Answer::page(200, "application/grpc", body, end)
}

fn map(trailers: &[(&'static str, Vec<u8>)]) -> HeaderMap {
    let pairs = trailers.iter().map(|(name, value)| {
        let name = HeaderName::from_static(name);
        (name, HeaderValue::from_bytes(value).unwrap())
    });
    pairs.collect()
}

/// Reads the head of an HTTP/1 request.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Reads up to the first request over HTTP/2 (RFC 9113 sections 3.4 and 4.1).
async fn wait_for_headers(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    stream.read_exact(&mut [0; 24]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length.try_into().unwrap()];
        stream.read_exact(&mut payload).await?;
        if head[3] == 1 {
            return Ok(());
        }
    }
}

const FOUND: &str = "HTTP/1.1 200 OK\r\ncontent-length: 66\r\n\r\n\
     {\"proxy\": {\"tls_routing_enabled\": true}, \"cluster_name\": \"parent\"}";
const SECOND: Duration = Duration::from_secs(1);
/// More than any client should read.
const ENOUGH: usize = 256 << 20;
