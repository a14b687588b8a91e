//! A corpus of what servers can do to this client. A row is a server on a socket that is hostile or broken in one way, and the
//! error that comes of it. [`check`] has what holds for every row.

mod calls;
mod certificates;
mod http2;
mod joins;
mod lists;
mod proxies;
mod server;
mod tls;
mod web;

use std::{
    cell::Cell,
    panic,
    sync::{Arc, Once},
    time::Duration,
};

use prost_reflect::DynamicMessage;
use tokio::time::{Instant, timeout};

use self::server::{Answer, End, Hostile, Script, Server, Then};
use crate::{
    Client, Config, Error, ErrorKind, JoinMethod, Source, Transient,
    call::{
        Call, Repeatable, method,
        pages::{ListRpc, Pages},
    },
    dial::http_proxy::HttpProxy,
    join::{environment::Environment, testing::aws},
    testing::config,
};

/// A server, and the error that comes of it.
struct Row {
    name: String,
    server: Hostile,
    kind: ErrorKind,
    says: &'static str,
    /// Whether only the clock ends it, while the server is silent or slow.
    is_wait: bool,
    /// The same while the server sends what is not kept. Then the client has less time.
    is_flood: bool,
}

/// Rows with the same error. `at` says where the servers are hostile.
fn rows<T>(
    at: impl Fn(T) -> Hostile,
    kind: ErrorKind,
    says: &'static str,
    servers: impl IntoIterator<Item = (&'static str, T)>,
) -> Vec<Row> {
    let servers = servers.into_iter();
    let rows = servers.map(|(name, script)| Row {
        name: name.to_owned(),
        server: at(script),
        kind,
        says,
        is_wait: kind == DEADLINE,
        is_flood: false,
    });
    rows.collect()
}

/// Rows that only the clock ends, while the servers go on sending.
fn floods(
    at: impl Fn(Script) -> Hostile,
    servers: impl IntoIterator<Item = (&'static str, Script)>,
) -> Vec<Row> {
    let rows = rows(at, DEADLINE, "took longer than 1s", servers).into_iter();
    let floods = rows.map(|row| Row {
        is_wait: false,
        is_flood: true,
        ..row
    });
    floods.collect()
}

/// What the rows of a table have in common.
#[derive(Clone, Copy)]
struct Table {
    operation: Operation,
    /// How long the operation may take.
    within: Duration,
    /// How many bytes of the server it may read.
    bytes: usize,
}

/// What the client does.
#[derive(Clone, Copy)]
enum Operation {
    Connect,
    /// The same through the HTTP proxy at a URL with this scheme.
    Tunnel(&'static str),
    /// A call that changes something.
    Write,
    List,
    /// A join with an AWS identity.
    Join,
    /// A join with a token of a CI platform.
    JoinByToken,
    /// The request for a token of a CI platform.
    RequestToken,
}

impl Operation {
    fn config(self, server: &Server) -> Config {
        let source = match self {
            Self::Join => Source::join(JoinMethod::Iam, "bot"),
            Self::JoinByToken => Source::join(JoinMethod::CircleCi, "bot"),
            Self::RequestToken => Source::join(JoinMethod::GitHub, "bot"),
            _ => Source::identity_file(server.identity_file().into_bytes().into()),
        };
        let address = format!("parent.localhost:{}", server.port());
        let mut config = config(&address, source, server.web_roots());
        config.retry.tries = 1;
        config.dial.aws = aws();
        let url = format!("http://localhost:{}/", server.port());
        config.dial.environment = Environment::given(&[
            ("CIRCLE_OIDC_TOKEN", JWT),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", SECRET),
        ]);
        if let Self::Tunnel(scheme) = self {
            let proxy = format!("{scheme}://bob:{SECRET}@localhost:{}", server.port());
            config.dial.http_proxy = HttpProxy::new(&proxy, "");
            // Loopback is never reached through a proxy.
            config.address = "parent.invalid:443".parse().ok();
        }
        config
    }

    async fn run(self, client: &Client) -> Result<(), Error> {
        match self {
            Self::Write => {
                let service = "teleport.workloadcluster.v1.WorkloadClusterService";
                let method = method(service, "CreateWorkloadCluster");
                let request = DynamicMessage::new(method.input());
                let call = Call::new(method, request, Repeatable::No);
                client.unary(call).await.map(drop)
            }
            Self::List => Pages::new(client.clone(), USERS).all().await.map(drop),
            _ => client.ping().await.map(drop),
        }
    }
}

/// Runs the operation of a table against the server of each row.
///
/// Where only the clock ends it, a server that is silent or slow stops the clock, so that the real deadlines come at once.
///
/// # Panics
///
/// When the operation succeeds, or fails in another way; when it takes longer than it may; when anything panics, a connection
/// stays open, or more was read than may be; when the error is wrong about whether a change may have been made; and when it has
/// something that controls a terminal, a text of the server that is longer than a screen, or a secret.
async fn check<const N: usize>(table: Table, rows: [Vec<Row>; N]) {
    let mut wrong = Vec::new();
    for row in rows.into_iter().flatten() {
        if let Err(problem) = run(table, &row).await {
            wrong.push(format!("{}: {problem}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn run(table: Table, row: &Row) -> Result<(), String> {
    let panics = panics();
    let server = Server::start(row.server.clone()).await;
    let mut config = table.operation.config(&server);
    if row.is_flood {
        config.dial.timeout = SECOND;
    }
    let client = Client::new(config);
    let begun = Instant::now();
    let operation = timeout(table.within + SECOND, table.operation.run(&client));
    let is_paused = Cell::new(false);
    let pausing = async {
        if row.is_wait {
            server.waits().await;
            tokio::time::pause();
            is_paused.set(true);
        }
        std::future::pending().await
    };
    let outcome = tokio::select! {
        outcome = operation => outcome,
        () = pausing => unreachable!(),
    };
    let took = begun.elapsed();
    if is_paused.get() {
        tokio::time::resume();
    }
    drop(client);
    let is_left = timeout(10 * SECOND, server.is_left()).await.is_ok();
    let Ok(outcome) = outcome else {
        return Err(format!("no end after {took:?}"));
    };
    let Err(error) = outcome else {
        return Err("it succeeded".to_owned());
    };
    let text = error.to_string();
    // What a server refuses it did not do.
    let in_doubt = matches!(table.operation, Operation::Write)
        && matches!(row.kind, ErrorKind::Other | ErrorKind::Transient(_));
    for (problem, is_right) in [
        ("it panicked", self::panics() == panics),
        ("a connection stays", is_left),
        (
            "it read too much",
            row.is_flood || server.sent() <= table.bytes + MARGIN,
        ),
        ("another kind", error.kind() == row.kind),
        ("another text", text.contains(row.says)),
        (
            "another doubt",
            error.may_have_been_carried_out() == in_doubt,
        ),
        ("it controls the terminal", !text.contains(is_control)),
        ("it is too long", !text.contains(&"x".repeat(4001))),
        ("it shows a secret", !text.contains(SECRET)),
    ] {
        if !is_right {
            let (sent, kind) = (server.sent(), error.kind());
            return Err(format!(
                "{problem}: {kind:?}, {text:?}, {sent} bytes, {took:?}"
            ));
        }
    }
    Ok(())
}

fn is_control(char: char) -> bool {
    char.is_control() && char != '\n' && char != '\t'
}

/// How many panics there were on this thread, on which all tasks of a test run.
fn panics() -> usize {
    thread_local!(static COUNT: Cell<usize> = const { Cell::new(0) });
    static COUNTS: Once = Once::new();
    COUNTS.call_once(|| {
        let shows = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            COUNT.set(COUNT.get() + 1);
            shows(info);
        }));
    });
    COUNT.get()
}

/// A whole page over HTTP/1.
fn page(status: &str, body: &str) -> Script {
    let length = body.len();
    closes(format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

fn closes(start: impl Into<Vec<u8>>) -> Script {
    let (start, then) = (start.into(), Then::Close);
    Script { start, then }
}

fn silent(start: impl Into<Vec<u8>>) -> Script {
    let (start, then) = (start.into(), Then::Silence);
    Script { start, then }
}

fn slow(bytes: impl Into<Vec<u8>>) -> Script {
    let (start, then) = (Vec::new(), Then::Slow(bytes.into()));
    Script { start, then }
}

fn endless(start: impl Into<Vec<u8>>, again: impl Into<Vec<u8>>) -> Script {
    let (start, then) = (start.into(), Then::Endless(again.into()));
    Script { start, then }
}

/// The calls of this name are answered so, and no others.
fn call(name: &'static str, answer: Answer) -> Hostile {
    Hostile::Calls(Arc::new(move |called: &str, _| {
        (called == name).then(|| answer.clone())
    }))
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const REDIRECT: &str = "302 Found\r\nlocation: https://a.example.com";
const USERS: ListRpc = ListRpc::new("teleport.users.v1.UsersService", "ListUsers", "users");
const UNAVAILABLE: ErrorKind = ErrorKind::Transient(Transient::Unavailable);
const DEADLINE: ErrorKind = ErrorKind::Transient(Transient::Deadline);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// What the sockets of both sides and the window of HTTP/2 hold.
const MARGIN: usize = 12 << 20;
/// In pages, and in settings of the client.
const SECRET: &str = "hunter2";
const JWT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJydW4ifQ.c2lnbmF0dXJl";
