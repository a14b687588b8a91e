use std::sync::Mutex;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    Client,
    testing::{Answer, Cluster},
};

/// A proxy that connects every CONNECT to one port, or refuses it, and keeps the requests.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(answer: &'static str, target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let log = log.clone();
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.unwrap());
                    }
                    log.lock().unwrap().push(String::from_utf8(head).unwrap());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    if answer.contains(" 200 ") {
                        let mut onward = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                        let _ = copy_bidirectional(&mut stream, &mut onward).await;
                    }
                });
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

async fn refusal(url: &str) -> String {
    let address = Address::parse("parent.example.com:3080").unwrap();
    let proxy = HttpProxy::new(url, "")
        .intercept(&address)
        .unwrap()
        .unwrap();
    tunnel(&proxy, &address, &Roots::default())
        .await
        .err()
        .unwrap()
        .to_string()
}

#[tokio::test]
async fn a_cluster_is_reached_through_a_proxy_with_a_password() {
    let cluster = Cluster::auth(|_, _| Answer::Message(Vec::new())).await;
    let proxy = Proxy::start(ESTABLISHED, cluster.port()).await;
    // A name that no DNS knows: only the proxy can connect to it.
    let mut config = cluster
        .config()
        .with_address(Address::parse("parent.invalid:3025").unwrap());
    config.dial.http_proxy =
        HttpProxy::new(&format!("http://bob:hunter2@127.0.0.1:{}", proxy.port), "");
    Client::new(config).ping().await.unwrap();
    for asked in proxy.asked() {
        assert!(
            asked.starts_with("CONNECT parent.invalid:3025 HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(
            asked
                .to_lowercase()
                .contains("host: parent.invalid:3025\r\n"),
            "{asked}"
        );
        assert!(
            asked.to_lowercase().contains("proxy-authorization: basic "),
            "{asked}"
        );
    }
    assert!(!proxy.asked().is_empty());
}

#[tokio::test]
async fn what_the_proxy_answers_is_reported_without_its_password() {
    let forbidden = Proxy::start("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", 0).await;
    let error = refusal(&format!("http://bob:hunter2@127.0.0.1:{}", forbidden.port)).await;
    assert!(
        error.contains("answered CONNECT with 403 Forbidden") && error.contains("HTTPS_PROXY"),
        "{error}"
    );
    assert!(
        !error.contains("hunter2") && !error.contains("bob"),
        "{error}"
    );

    let closed = Proxy::start(
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
        0,
    )
    .await;
    let error = refusal(&format!("http://127.0.0.1:{}", closed.port)).await;
    assert!(error.contains("wants a user name and password"), "{error}");
}

#[tokio::test]
async fn a_proxy_that_does_not_exist_is_reported() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for scheme in ["http", "https", "socks5"] {
        let error = refusal(&format!("{scheme}://127.0.0.1:{port}")).await;
        assert!(
            error.contains("the HTTP proxy") && error.contains("refused"),
            "{error}"
        );
    }
}

#[test]
fn loopback_and_exceptions_are_reached_directly() {
    let proxy = HttpProxy::new("http://proxy:3128", "example.com,10.0.0.0/8");
    let intercepted = |text: &str| {
        let address = Address::parse(text).unwrap();
        proxy.intercept(&address).unwrap().is_some()
    };
    for direct in [
        "localhost:1",
        "parent.localhost:1",
        "127.0.0.1:1",
        "[::1]:1",
        "example.com:443",
        "a.example.com",
        "10.1.2.3:3025",
    ] {
        assert!(!intercepted(direct), "{direct}");
    }
    assert!(intercepted("example.teleport.sh") && intercepted("[2001:db8::1]:3025"));
}

/// What the variables mean for an address: the host of the proxy, or the variable that is wrong.
fn meaning(variables: &[(&str, &str)], address: &str) -> Result<Option<String>, String> {
    let proxy = HttpProxy::of_environment(|name| {
        let found = variables.iter().find(|(set, _)| *set == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    let found = proxy.intercept(&Address::parse(address).unwrap());
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.map(|proxy| proxy.uri().host().unwrap_or_default().to_owned()))
}

#[test]
fn a_variable_that_cannot_be_parsed_is_an_error_and_not_repeated() {
    for value in [
        "http://user:hunter2@pro xy:3128",
        "ftp://hunter2",
        "http://",
        "hunter2@@:x",
    ] {
        for (variable, other) in [("HTTPS_PROXY", "ALL_PROXY"), ("https_proxy", "all_proxy")] {
            let set = [(variable, value), (other, "http://good:1")];
            let error = meaning(&set, "example.com").unwrap_err();
            assert!(
                error.contains(variable) && !error.contains("hunter2"),
                "{value}: {error}"
            );
            assert_eq!(meaning(&set, "localhost"), Ok(None));
        }
        let set = [("ALL_PROXY", value), ("NO_PROXY", "example.com")];
        assert!(
            meaning(&set, "example.org")
                .unwrap_err()
                .contains("ALL_PROXY")
        );
        assert_eq!(meaning(&set, "example.com"), Ok(None));
    }
}

#[test]
fn the_variables_are_used_in_the_order_of_curl() {
    let all = ("ALL_PROXY", "socks5://all:1");
    let https = ("HTTPS_PROXY", "http://https:1");
    let proxy = |set: &[(&str, &str)]| meaning(set, "example.com").unwrap();
    assert_eq!(proxy(&[all, https]).as_deref(), Some("https"));
    assert_eq!(proxy(&[all]).as_deref(), Some("all"));
    assert_eq!(proxy(&[all, ("HTTPS_PROXY", " ")]).as_deref(), Some("all"));
    assert_eq!(
        proxy(&[("HTTPS_PROXY", "plain:3128")]).as_deref(),
        Some("plain")
    );
    assert_eq!(proxy(&[https, ("REQUEST_METHOD", "GET")]), None);
    assert_eq!(proxy(&[]), None);
}
