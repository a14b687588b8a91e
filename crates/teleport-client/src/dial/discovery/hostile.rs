//! What something that is no proxy, or a hostile one, can answer to the question of the web API.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

/// Asks, and gets these bytes; then again and again the others, if there are any.
async fn answered(start: Vec<u8>, endless: Vec<u8>) -> Result<Found, DiscoveryError> {
    let (ours, mut theirs) = duplex(1 << 16);
    tokio::spawn(async move {
        let mut request = [0; 1024];
        let _ = theirs.read(&mut request).await;
        let _ = theirs.write_all(&start).await;
        while !endless.is_empty() && theirs.write_all(&endless).await.is_ok() {}
    });
    let address = Address::parse("proxy.example.com").unwrap();
    let asking = find(ours, &address, "teleport-client/0");
    let soon = Duration::from_secs(20);
    tokio::time::timeout(soon, asking).await.unwrap()
}

async fn refusal(start: &str, endless: &str) -> String {
    let answer = answered(start.into(), endless.into()).await;
    answer.unwrap_err().to_string()
}

const OK: &str = "HTTP/1.1 200 OK\r\n";

#[tokio::test]
async fn garbage_is_an_error() {
    for start in [
        "",
        "\u{0}\u{0}\u{0}\u{0}",
        "SSH-2.0-Go\r\n",
        "HTTP/1.1 999999 x\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
    ] {
        let text = refusal(start, "").await;
        assert!(
            text.contains("did not answer /webapi/find over HTTP"),
            "{start:?}: {text}"
        );
    }
    assert!(answered(vec![0xff; 1 << 20], Vec::new()).await.is_err());
}

#[tokio::test]
async fn what_does_not_end_is_cut_off() {
    let headers = refusal(OK, "x-more: of the same\r\n").await;
    assert!(headers.contains("over HTTP"), "{headers}");
    let page = refusal(&format!("{OK}\r\n"), &"x".repeat(4096)).await;
    assert!(page.contains("with more than 4 MiB"), "{page}");
    let chunked = format!("{OK}transfer-encoding: chunked\r\n\r\n");
    let chunks = refusal(&chunked, &format!("1000\r\n{}\r\n", "x".repeat(4096))).await;
    assert!(chunks.contains("with more than 4 MiB"), "{chunks}");
    let informational = refusal("HTTP/1.1 103 Early Hints\r\n\r\nx", "").await;
    assert!(informational.contains("over HTTP"), "{informational}");
}

#[tokio::test]
async fn bodies_that_are_malformed_are_errors() {
    let chunked = format!("{OK}transfer-encoding: chunked\r\n\r\n");
    for start in [
        format!("{chunked}zz\r\n"),
        format!("{chunked}ffffffffffffffffff\r\n"),
        format!("{chunked}5\r\nab"),
        format!("{OK}content-length: 10\r\n\r\nab"),
        format!("{OK}content-length: -1\r\n\r\n"),
        format!("{OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
    ] {
        let text = refusal(&start, "").await;
        assert!(text.contains("over HTTP"), "{start:?}: {text}");
    }
}

#[tokio::test]
async fn wrong_pages_are_told_apart_and_not_repeated() {
    let deep = "[".repeat(100_000);
    for body in [
        deep.as_str(),
        "<html>hunter2",
        "hunter2",
        "{\"proxy\": \"hunter2\"}",
        "{\"proxy\": {\"tls_routing_enabled\": \"hunter2\"}}",
        "{\"proxy\": {}, \"cluster_name\": 5}",
        "[]",
        "",
    ] {
        let start = format!("{OK}content-length: {}\r\n\r\n{body}", body.len());
        let text = refusal(&start, "").await;
        assert!(
            text.contains("not a Teleport proxy") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_shown_without_what_controls_the_terminal() {
    let mut start = b"HTTP/1.1 302 Found\r\nlocation: https://a.example.com/\x9b".to_vec();
    start.extend(vec![b'x'; 5000]);
    start.extend(b"\r\ncontent-length: 0\r\n\r\n");
    let text = answered(start, Vec::new()).await.unwrap_err().to_string();
    assert!(
        text.contains("a redirect to https://a.example.com/\u{fffd}x"),
        "{text}"
    );
    assert!(text.len() < 1000, "{text}");
}

#[tokio::test]
async fn a_long_name_of_a_cluster_is_cut() {
    let body = format!(
        "{{\"proxy\": {{\"tls_routing_enabled\": true}}, \"cluster_name\": \"{}\"}}",
        "x".repeat(100_000)
    );
    let start = format!("{OK}content-length: {}\r\n\r\n{body}", body.len());
    let found = answered(start.into(), Vec::new()).await.unwrap();
    assert!(found.cluster_name.unwrap().len() < 400);
}
