//! What a proxy, or what is taken for one, answers on the web API.

use super::*;
use crate::ErrorKind::UnsupportedServer;

const CONNECT: Table = Table {
    operation: Operation::Connect,
    within: Duration::from_secs(10),
    bytes: 4 << 20,
};
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const IS_PROXY: &str = "\"proxy\": {\"tls_routing_enabled\": true}";

fn web(script: Script) -> Hostile {
    Hostile::Web("/webapi/", script)
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    let chunks = |chunks: &str| closes(format!("{CHUNKED}{chunks}"));
    let unended = |chunks: &str, again| endless(format!("{CHUNKED}{chunks}"), again);
    let with = |header: &str| closes(format!("{OK}{header}\r\n\r\nab"));
    let broken = [
        ("nothing", closes("")),
        ("zeros", closes([0; 1 << 16])),
        ("ones", endless([], [0xff])),
        ("a greeting of SSH", silent("SSH-2.0-Go\r\n")),
        ("control", closes("HTTP/1.1 200 \x1b[2J\r\n\r\n")),
        ("no status", closes("HTTP/1.1 999999 x\r\n\r\n")),
        ("another version", closes("HTTP/2 200\r\n\r\n")),
        ("headers without end", endless(OK, "x: y\r\n")),
        ("a header without end", endless(format!("{OK}x: "), "x")),
        ("no chunk", chunks("zz\r\n")),
        ("a chunk of 64 bits", chunks("ffffffffffffffffff\r\n")),
        ("half of a chunk", chunks("5\r\nab")),
        ("trailers without end", unended("0\r\n", "x: y\r\n")),
        ("an extension without end", unended("1;", "x")),
        ("a part of the page", with("content-length: 10")),
        ("a negative length", with("content-length: -1")),
        ("two", with("content-length: 1\r\ncontent-length: 2")),
        ("garbage later", closes("HTTP/1.1 103 Early\r\n\r\nx")),
    ];
    let says = "did not answer /webapi/find over HTTP";
    check(CONNECT, [rows(web, UNAVAILABLE, says, broken)]).await;
}

#[tokio::test]
async fn a_page_that_does_not_end_is_cut_off() {
    let with = |header: &str| format!("{OK}{header}\r\n\r\n");
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let large = [
        ("a page", endless(with("x: y"), "x")),
        ("chunks", endless(CHUNKED, chunk)),
        (
            "with a length",
            endless(with("content-length: 99999999999"), "x"),
        ),
    ];
    let waits = [
        ("silence", silent("")),
        ("a head, then silence", silent(with("content-length: 9"))),
        ("a byte now and then", slow(with("content-length: 99"))),
        (
            "no second page",
            silent(page("200 OK", &format!("{{{IS_PROXY}}}")).start),
        ),
    ];
    let flood = endless("", "HTTP/1.1 103 Early Hints\r\n\r\n");
    let tables = [
        rows(web, UnsupportedServer, "with more than 4 MiB", large),
        rows(web, DEADLINE, "its web API took longer than 10s", waits),
        floods(web, [("first responses", flood)]),
    ];
    check(CONNECT, tables).await;
}

#[tokio::test]
async fn pages_of_others_are_distinguished_and_not_repeated() {
    let deep = "[".repeat(100_000);
    let wrong = [
        ("deep", deep.as_str()),
        ("a page", "<html>hunter2"),
        ("text", "hunter2"),
        ("another type", "{\"proxy\": \"hunter2\"}"),
        (
            "a text",
            "{\"proxy\": {\"tls_routing_enabled\": \"hunter2\"}}",
        ),
        ("a number", "{\"proxy\": {}, \"cluster_name\": 5}"),
        ("no proxy", "{\"proxy\": null, \"hunter2\": []}"),
        ("control", "\u{1b}[2J"),
        ("a list", "[]"),
        ("nothing", ""),
    ];
    let says = "not a Teleport proxy: it answered /webapi/find with 200 OK and ";
    let at = |body: &str| web(page("200 OK", body));
    check(CONNECT, [rows(at, UnsupportedServer, says, wrong)]).await;
}

#[tokio::test]
async fn what_a_page_says_is_shown_in_part_and_cannot_control_the_terminal() {
    let long = "x".repeat(100_000);
    let mut redirect = format!("HTTP/1.1 {REDIRECT}/").into_bytes();
    redirect.extend(b"\x9b");
    redirect.extend_from_slice(&long.as_bytes()[..5000]);
    redirect.extend(b"\r\ncontent-length: 0\r\n\r\n");
    let named = format!("{{{IS_PROXY}, \"cluster_name\": \"{long}\"}}");
    let at = "a redirect to https://a.example.com/\u{fffd}xx";
    let tables = [
        rows(
            web,
            UnsupportedServer,
            at,
            [("a redirect", closes(redirect))],
        ),
        rows(
            web,
            UnsupportedServer,
            "too long for ALPN",
            [("a long name", page("200 OK", &named))],
        ),
        rows(
            web,
            UNAVAILABLE,
            "with 503 Service",
            [("a reason", page("503 hunter2", ""))],
        ),
    ];
    check(CONNECT, tables).await;
}
