//! What a server that is broken or hostile can answer. Each is an error, soon, and no panic.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use h2::{RecvStream, server::SendResponse};
use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::ErrorKind;

/// How long an answer may take that is not slow by itself.
const SOON: Duration = Duration::from_secs(20);

type Respond = SendResponse<Bytes>;

/// How a call fails whose request is answered so.
async fn answered_with<F>(answer: impl FnOnce(Respond) -> F + Send + 'static) -> CallFailure
where
    F: Future<Output = ()> + Send + 'static,
{
    let failing = failure_of(|mut connection| async move {
        let (request, respond): (Request<RecvStream>, Respond) =
            connection.accept().await.unwrap().unwrap();
        drop(request);
        tokio::spawn(answer(respond));
        while connection.accept().await.is_some() {}
    });
    tokio::time::timeout(SOON, failing).await.unwrap()
}

fn head(status: u16, content_type: &'static str) -> Response<()> {
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(())
        .unwrap()
}

/// Sends these frames as the body, and these trailers.
fn body(
    frames: &[&[u8]],
    trailers: &[(&'static str, &[u8])],
) -> impl FnOnce(Respond) -> std::future::Ready<()> + Send + 'static {
    let frames: Vec<_> = frames
        .iter()
        .map(|frame| Bytes::copy_from_slice(frame))
        .collect();
    let mut map = HeaderMap::new();
    for (name, value) in trailers {
        map.append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    move |mut respond| {
        let mut stream = respond
            .send_response(head(200, "application/grpc"), false)
            .unwrap();
        for frame in frames {
            stream.send_data(frame, false).unwrap();
        }
        if map.is_empty() {
            stream.send_data(Bytes::new(), true).unwrap();
        } else {
            stream.send_trailers(map).unwrap();
        }
        std::future::ready(())
    }
}

/// A message as gRPC frames it, with a length that may be a lie.
fn framed(flag: u8, length: u32, message: &[u8]) -> Vec<u8> {
    let mut frame = BytesMut::new();
    frame.put_u8(flag);
    frame.put_u32(length);
    frame.put_slice(message);
    frame.to_vec()
}

#[tokio::test]
async fn answers_that_are_no_messages_are_errors() {
    let garbage = [0xff; 64];
    for frames in [
        vec![],
        vec![framed(0, 64, &garbage)],
        vec![framed(0, 10, &[0])],
        vec![framed(7, 0, &[])],
        vec![framed(1, 4, &garbage[..4])],
        vec![vec![0, 0, 0]],
        vec![framed(0, 0, &[]), framed(0, 0, &[])],
        vec![b"HTTP/1.1 200 OK".to_vec()],
    ] {
        let frames: Vec<_> = frames.iter().map(Vec::as_slice).collect();
        let failure = answered_with(body(&frames, &[])).await;
        assert!(!failure.message.is_empty(), "{frames:?}");
    }
}

#[tokio::test]
async fn an_answer_that_says_it_is_huge_is_not_waited_for_and_leaves_a_doubt() {
    let failure = answered_with(|mut respond: Respond| async move {
        let response = head(200, "application/grpc");
        let mut stream = respond.send_response(response, false).unwrap();
        stream
            .send_data(framed(0, u32::MAX, &[]).into(), false)
            .unwrap();
        std::future::pending().await
    })
    .await;
    assert!(
        failure.message.contains("larger than this program accepts"),
        "{}",
        failure.message
    );
    assert_eq!(failure.kind, ErrorKind::Other);
    assert!(failure.may_have_been_carried_out && !failure.answered);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let failure = answered_with(|mut respond: Respond| async move {
        let response = head(200, "application/grpc");
        let mut stream = respond.send_response(response, false).unwrap();
        // Empty messages, one after the other, so that each alone is small.
        let frame = Bytes::from(vec![0; 16 << 10]);
        loop {
            stream.reserve_capacity(frame.len());
            let capacity = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
            let Some(Ok(capacity)) = capacity else { return };
            let part = frame.slice(..capacity.min(frame.len()));
            if stream.send_data(part, false).is_err() {
                return;
            }
        }
    })
    .await;
    assert!(!failure.message.is_empty());
}

#[tokio::test]
async fn malformed_trailers_are_errors_that_cannot_control_the_terminal() {
    for trailers in [
        &[("grpc-status", b"abc".as_slice())][..],
        &[("grpc-status", b"-1")],
        &[("grpc-status", b"99999999999999999999")],
        &[
            ("grpc-status", b"5"),
            ("grpc-message", b"%1b%5b2J%07 %zz%ff"),
        ],
        &[("grpc-status", b"5"), ("grpc-message", b"\xff\xfe")],
        &[("grpc-status", b"5"), ("grpc-status-details-bin", b"AAAA")],
        &[("grpc-message", b"no status")],
    ] {
        let failure = answered_with(body(&[], trailers)).await;
        let message = &failure.message;
        assert!(
            !message.contains(['\u{1b}', '\u{7}']),
            "{trailers:?}: {message:?}"
        );
    }
}

#[tokio::test]
async fn a_message_of_a_server_is_cut() {
    let long = "x".repeat(8000);
    let trailers = [
        ("grpc-status", b"5".as_slice()),
        ("grpc-message", long.as_bytes()),
    ];
    let failure = answered_with(body(&[], &trailers)).await;
    assert_eq!(failure.kind, ErrorKind::NotFound);
    assert!(
        failure.message.ends_with("... (4000 more characters)"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn pages_of_other_servers_are_errors() {
    for (status, kind) in [
        (200, None),
        (204, None),
        (301, None),
        (400, None),
        (404, Some(ErrorKind::Unimplemented)),
        (
            502,
            Some(ErrorKind::Transient(crate::Transient::Unavailable)),
        ),
    ] {
        let failure = answered_with(move |mut respond: Respond| async move {
            let mut stream = respond
                .send_response(head(status, "text/html"), false)
                .unwrap();
            let _ = stream.send_data(Bytes::from_static(b"<html>hunter2</html>"), true);
        })
        .await;
        assert!(!failure.message.contains("hunter2"), "{}", failure.message);
        if let Some(kind) = kind {
            assert_eq!(failure.kind, kind, "{status}");
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_http2_break_the_connection() {
    for garbage in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        vec![0; 1 << 16],
        vec![0xff; 1 << 16],
        b"SSH-2.0-Teleport\r\n".to_vec(),
    ] {
        let (ours, mut theirs) = duplex(1 << 16);
        let transport = Transport::handshake(ours, "teleport-client/0")
            .await
            .unwrap();
        tokio::spawn(async move {
            let _ = theirs.write_all(&garbage).await;
            let mut rest = Vec::new();
            let _ = theirs.read_to_end(&mut rest).await;
        });
        let failure = tokio::time::timeout(SOON, call(transport)).await.unwrap();
        assert!(!failure.answered, "{}", failure.message);
    }
}

#[tokio::test]
async fn a_goodbye_ends_the_call() {
    for reason in [
        Reason::NO_ERROR,
        Reason::ENHANCE_YOUR_CALM,
        Reason::from(0xffff),
    ] {
        let failure = failure_of(move |mut connection| async move {
            let _request = connection.accept().await;
            connection.abrupt_shutdown(reason);
            while connection.accept().await.is_some() {}
        });
        let failure = tokio::time::timeout(SOON, failure).await.unwrap();
        assert!(!failure.answered, "{}", failure.message);
    }
}
