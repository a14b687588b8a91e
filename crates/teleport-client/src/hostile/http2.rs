//! What the other side of a connection to an auth server sends instead of HTTP/2, and HTTP/2 that is not in order.

use super::*;

const CONNECT: Table = Table {
    operation: Operation::Connect,
    within: Duration::from_secs(10),
    bytes: 1 << 20,
};

/// A frame (RFC 9113 section 4.1), with a length that may be a lie.
fn frame(kind: u8, flags: u8, stream: u32, length: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The settings that a server begins with, and this frame.
fn then(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = payload.len().try_into().unwrap();
    let mut bytes = frame(SETTINGS, 0, 0, 0, &[]);
    bytes.extend(frame(kind, flags, stream, length, payload));
    bytes
}

/// The settings, and this frame again and again.
fn again(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Script {
    let all = then(kind, flags, stream, payload);
    let (start, again) = all.split_at(9);
    endless(start, again)
}

#[tokio::test]
async fn what_is_not_http2_breaks_the_connection() {
    let frame_of = |kind, payload: &[u8]| silent(then(kind, 4, 1, payload));
    let settings = |payload: &[u8]| silent(then(SETTINGS, 0, 0, payload));
    let window = then(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]);
    let part = frame(CONTINUATION, 0, 1, 4, b"\0\x01a\0");
    let parts = [then(HEADERS, 0, 1, &[0x88]), part.clone()].concat();
    let away = |reason: u32| {
        let long = "\u{1b}[2J".to_owned() + &"x".repeat(16_000);
        let payload = [&[0; 4], &reason.to_be_bytes(), long.as_bytes()].concat();
        then(GOAWAY, 0, 0, &payload)
    };
    let broken = [
        ("a page", page("400 Bad Request", "")),
        ("zeros", endless([], [0])),
        ("ones", endless([], [0xff])),
        ("a greeting of SSH", closes("SSH-2.0-Teleport\r\n")),
        ("nothing", closes([])),
        ("a part", closes(frame(SETTINGS, 0, 0, 6, &[0]))),
        (
            "a long frame",
            endless(frame(DATA, 0, 1, 1 << 23, &[]), [0]),
        ),
        ("wrong settings", settings(&[0, 4, 255, 255, 255, 255])),
        ("short settings", settings(&[0])),
        ("a window that is too large", silent(window)),
        ("a promise", frame_of(PUSH_PROMISE, &[0, 0, 0, 2, 0x88])),
        ("wrong headers", frame_of(HEADERS, &[0xff; 64])),
        ("another stream", again(DATA, 0, 9, &[0; 1024])),
        ("more than the window", again(DATA, 0, 1, &[0; 16 << 10])),
        ("headers without end", endless(parts, part)),
        ("resets", again(RST_STREAM, 0, 1, &[0, 0, 0, 8])),
        ("a goodbye", silent(away(0))),
        ("a goodbye for a reason", silent(away(11))),
        ("a goodbye for an unknown reason", closes(away(0xffff))),
    ];
    let says = "closed right after the handshake: the connection broke";
    check(CONNECT, [rows(Hostile::Http2, UNAVAILABLE, says, broken)]).await;
}

#[tokio::test]
async fn http2_that_does_not_answer_is_given_up() {
    let head = then(HEADERS, 4, 1, HEAD);
    let waits = [
        ("silence", silent([])),
        ("settings, then silence", silent(then(SETTINGS, 1, 0, &[]))),
        ("a head, then silence", silent(head.clone())),
        ("a byte now and then", slow(head)),
    ];
    let endless = [
        ("settings", again(SETTINGS, 0, 0, &[])),
        ("pings", again(PING, 0, 0, &[0; 8])),
        ("unknown frames", again(0xbb, 0, 0, &[0; 1024])),
        ("windows", again(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        // `:status: 103`
        ("first responses", again(HEADERS, 4, 1, b"\x08\x03103")),
    ];
    let says = "the answer to Ping took longer than 10s";
    let tables = [
        rows(Hostile::Http2, DEADLINE, says, waits),
        floods(Hostile::Http2, endless),
    ];
    check(CONNECT, tables).await;
}

/// The status 200, and the type of content `application/grpc` (RFC 7541 section 6 and appendix A).
const HEAD: &[u8] = b"\x88\x0f\x10\x10application/grpc";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
