//! What holds for every answer of the control API.

use serde_json::Value;

use super::{control::send, *};

#[tokio::test]
async fn every_error_is_json() {
    let simulator = start("").await;
    let long = " ".repeat(300 * 1024);
    let cases = [
        ("GET", "/nothing", "", 404, "no such path"),
        ("PUT", "/clusters/a", "", 405, "Method Not Allowed"),
        ("POST", "/", "", 405, "Method Not Allowed"),
        ("POST", "/faults", long.as_str(), 413, "limit"),
        ("GET", "/clusters/%FF", "", 400, "UTF-8"),
        ("GET", "/calls?last=x", "", 400, "last"),
        ("GET", "/calls?first=1", "", 400, "first"),
        ("POST", "/faults", "", 400, "EOF"),
    ];
    for (method, path, body, status, text) in cases {
        let (head, answer) = send(&simulator, method, path, "host: x", body).await;
        assert!(
            head.starts_with(&format!("http/1.1 {status} ")),
            "{method} {path}: {head}"
        );
        assert!(head.contains("content-type: application/json"), "{head}");
        let json: Value = serde_json::from_str(&answer).unwrap();
        let error = json["error"].as_str().unwrap();
        assert!(error.contains(text), "{method} {path}: {error}");
    }
}

#[tokio::test]
async fn an_answer_to_a_wrong_method_still_names_the_right_ones() {
    let simulator = start("").await;
    let (head, _) = send(&simulator, "PUT", "/faults", "host: x", "").await;
    assert!(head.contains("allow: get,head,post,delete"), "{head}");
}

#[tokio::test]
async fn the_page_may_ask_nothing_but_the_control_api() {
    let simulator = start("").await;
    let (head, page) = send(&simulator, "GET", "/", "host: x", "").await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert!(head.contains("content-type: text/html"), "{head}");
    assert!(
        head.contains("content-security-policy: default-src 'none'; connect-src 'self'"),
        "{head}"
    );
    assert!(page.starts_with("<!doctype html>"), "{page}");
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "http:",
        "https:",
    ] {
        assert!(!page.contains(way), "{way}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let simulator = start("").await;
    let own = simulator.control_url();
    let host = own.strip_prefix("http://").unwrap();
    for (origin, status) in [
        (own.as_str(), 200),
        ("https://example.com", 403),
        ("http://127.0.0.1:1", 403),
        ("null", 403),
    ] {
        let headers = format!("host: {host}\r\norigin: {origin}");
        let (head, _) = send(&simulator, "DELETE", "/faults", &headers, "").await;
        assert!(
            head.starts_with(&format!("http/1.1 {status} ")),
            "{origin}: {head}"
        );
    }
}
