//! What is in the answer to a call.

use h2::Reason;

use super::{server::grpc, *};
use crate::ErrorKind::{InvalidArgument, NotFound, Other, Unimplemented};

const WRITE: Table = Table {
    operation: Operation::Write,
    within: Duration::from_secs(30),
    bytes: 16 << 20,
};

/// A message as gRPC frames it.
pub(super) fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    with_length(flag, message.len().try_into().unwrap(), message)
}

/// The same with a length that may be a lie.
fn with_length(flag: u8, length: u32, message: &[u8]) -> Vec<u8> {
    let mut frame = vec![flag];
    frame.extend(length.to_be_bytes());
    frame.extend(message);
    frame
}

fn created(answer: Answer) -> Hostile {
    call("CreateWorkloadCluster", answer)
}

/// Answers with which every call fails, and how.
pub(super) fn broken() -> [(&'static str, Answer, ErrorKind); 17] {
    let ok = |body: &[u8]| grpc(body, End::Trailers(vec![("grpc-status", b"0".to_vec())]));
    let then = |body: &[u8], then| grpc(body, End::Then(then));
    let page = |status| Answer::page(status, "text/html", b"<html>hunter2", End::Trailers(vec![]));
    let nothing = Answer {
        head: None,
        ..ok(&[])
    };
    let huge = with_length(0, u32::MAX, &[]);
    let long = with_length(0, 1000, &[]);
    let away = End::GoAway(Reason::ENHANCE_YOUR_CALM);
    [
        ("garbage", ok(&framed(0, &[0xff; 64])), Other),
        ("a part", ok(&with_length(0, 10, &[0])), Other),
        ("a part of a length", ok(&[0, 0, 0]), Other),
        ("an unknown flag", ok(&framed(7, &[])), Other),
        ("compressed", ok(&framed(1, &[0xff; 4])), Other),
        ("text", ok(b"HTTP/1.1 200 OK"), Other),
        ("4 GiB", then(&huge, Then::Silence), Other),
        ("silence", nothing, DEADLINE),
        ("a head, then silence", then(&[], Then::Silence), DEADLINE),
        ("slow", then(&long, Then::Slow(vec![0])), DEADLINE),
        ("a head, then the end", then(&[], Then::Close), UNAVAILABLE),
        ("a byte, then the end", then(&[0], Then::Close), UNAVAILABLE),
        (
            "a reset",
            grpc(&[], End::Reset(Reason::INTERNAL_ERROR)),
            UNAVAILABLE,
        ),
        ("a goodbye", grpc(&[], away), UNAVAILABLE),
        ("a redirect", page(301), Other),
        ("another page", page(200), Other),
        ("the page of a gateway", page(502), UNAVAILABLE),
    ]
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_an_error() {
    let of = |(name, answer, kind)| rows(created, kind, "CreateWorkloadCluster", [(name, answer)]);
    check(WRITE, broken().map(of)).await;
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let again = |start: &[u8], again: &[u8]| grpc(start, End::Then(Then::Endless(again.to_vec())));
    // The field `kind`, 16 KiB long.
    let message = [b"\x0a\x80\x80\x01", [b'x'; 16 << 10].as_slice()].concat();
    let nonsense = [
        ("no message", Answer::trailers(&[("grpc-status", b"0")])),
        ("messages without end", again(&[], &framed(0, &message))),
        (
            "a message, and more",
            again(&with_length(0, 15 << 20, &[]), &[0x12]),
        ),
        (
            "a page",
            Answer::page(200, "text/html", b"", End::Then(Then::Endless(vec![0]))),
        ),
    ];
    let large = [(
        "a message without end",
        again(&with_length(0, 17 << 20, &[]), &[0]),
    )];
    let tables = [
        rows(created, Other, "CreateWorkloadCluster", nonsense),
        rows(created, Other, "larger than this program accepts", large),
    ];
    check(WRITE, tables).await;
}

#[tokio::test]
async fn what_trailers_say_is_shown_in_part_and_cannot_control_the_terminal() {
    let (status, message, details) = ("grpc-status", "grpc-message", "grpc-status-details-bin");
    let long = "x".repeat(8000);
    let unknown: [(_, &[(_, &[u8])]); 6] = [
        ("a text", &[(status, b"abc")]),
        ("a negative number", &[(status, b"-1")]),
        ("a large number", &[(status, b"99999999999999999999")]),
        ("no status", &[(message, b"hi")]),
        ("no text", &[(status, b"3"), (message, b"%1b%ff")]),
        ("not even ASCII", &[(status, b"5"), (message, b"\xff\xfe")]),
    ];
    let damaged: [(_, &[(_, &[u8])]); 2] = [
        ("no base64", &[(status, b"5"), (details, b"***")]),
        ("no details", &[(status, b"5"), (details, b"AAAA")]),
    ];
    let control: [(_, &[(_, &[u8])]); 1] =
        [("control", &[(status, b"3"), (message, b"%1b%5b2J%07 %zz")])];
    let long: [(_, &[(_, &[u8])]); 1] = [("long", &[(status, b"5"), (message, long.as_bytes())])];
    let at = |trailers: &[(&'static str, &[u8])]| created(Answer::trailers(trailers));
    let tables = [
        rows(at, Other, "CreateWorkloadCluster", unknown),
        rows(at, NotFound, "CreateWorkloadCluster", damaged),
        rows(at, InvalidArgument, "\u{fffd}[2J\u{fffd} %zz", control),
        rows(at, NotFound, "... (4000 more characters)", long),
    ];
    check(WRITE, tables).await;
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unimplemented() {
    let page = Answer::page(404, "text/html", b"<html>hunter2", End::Trailers(vec![]));
    check(
        WRITE,
        [rows(created, Unimplemented, "", [("a page", page)])],
    )
    .await;
}
