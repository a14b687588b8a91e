//! What answers in the place of an HTTP proxy, and of the service of a CI platform that issues tokens.

use super::*;
use crate::ErrorKind::Credentials;

const TUNNEL: Table = Table {
    operation: Operation::Tunnel("http"),
    within: Duration::from_secs(10),
    bytes: 1 << 20,
};

#[tokio::test]
async fn an_http_proxy_that_does_not_connect_is_an_error() {
    let broken = [
        ("nothing", closes("")),
        ("a greeting of SSH", silent("SSH-2.0-Go\r\n")),
        ("ones", endless([], [0xff])),
        ("headers without end", endless(OK, "x: y\r\n")),
    ];
    let waits = [("silence", silent("")), ("a byte now and then", slow(OK))];
    let redirect = [("a redirect", page(REDIRECT, ""))];
    let endless_page = endless("HTTP/1.1 502 hunter2\r\n\r\n", "x");
    let gateway = [("a page without end", endless_page)];
    let behind = [("something else", endless(format!("{OK}\r\n"), "x"))];
    let rows = |kind, says, scripts: &[_]| rows(Hostile::Http, kind, says, scripts.to_vec());
    let tables = [
        rows(UNAVAILABLE, "the connection to it broke", &broken),
        rows(DEADLINE, "took longer than 10s", &waits),
        rows(UNAVAILABLE, "answered CONNECT with 302", &redirect),
        rows(UNAVAILABLE, "answered CONNECT with 502", &gateway),
        rows(ErrorKind::UnsupportedServer, "does not speak TLS", &behind),
    ];
    check(TUNNEL, tables).await;
}

#[tokio::test]
async fn a_socks_proxy_that_does_not_connect_is_an_error() {
    let broken = [
        ("nothing", closes("")),
        ("a page", page("400 Bad Request", "")),
        ("ones", endless([], [0xff])),
    ];
    let waits = [
        ("silence", silent("")),
        ("a byte now and then", slow([5, 2, 1, 0])),
    ];
    let says = "the connection to it broke";
    let tables = [
        rows(Hostile::Tcp, UNAVAILABLE, says, broken),
        rows(Hostile::Tcp, DEADLINE, "took longer than 10s", waits),
    ];
    let table = Table {
        operation: Operation::Tunnel("socks5"),
        ..TUNNEL
    };
    check(table, tables).await;
}

#[tokio::test]
async fn a_service_that_issues_no_token_is_an_error() {
    let broken = [
        ("nothing", closes("")),
        ("a greeting of SSH", silent("SSH-2.0-hunter2\r\n")),
        ("headers without end", endless(OK, "x: y\r\n")),
    ];
    let others = [
        ("a page", page("200 OK", "<html>hunter2")),
        ("a text", page("200 OK", "{\"value\": \"hunter2\"}")),
        ("a number", page("200 OK", "{\"value\": 7}")),
    ];
    let waits = [("silence", silent("")), ("a byte now and then", slow(OK))];
    let large = [("a page without end", endless(format!("{OK}\r\n"), "x"))];
    let redirect = [("a redirect", page(REDIRECT, ""))];
    let refusal = [("a refusal", page("403 Forbidden", "hunter2"))];
    let rows = |says, scripts: &[_]| rows(Hostile::Http, Credentials, says, scripts.to_vec());
    let mut waits = rows("request for a token within 10s", &waits);
    waits.iter_mut().for_each(|row| row.is_wait = true);
    let tables = [
        rows("no answer over HTTP", &broken),
        rows("something else than a token", &others),
        rows("more than 64 KiB", &large),
        rows("with 302 Found", &redirect),
        rows("with 403 Forbidden", &refusal),
        waits,
    ];
    let table = Table {
        operation: Operation::RequestToken,
        ..TUNNEL
    };
    check(table, tables).await;
}
