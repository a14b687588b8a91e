use h2::{Reason, server};
use teleport_proto::auth::{PingRequest, PingResponse};
use tokio::io::{DuplexStream, duplex};
use tonic::client::Grpc;
use tonic_prost::ProstCodec;

use super::*;
use crate::call::{failure::CallFailure, method, status};

async fn call(transport: Transport) -> CallFailure {
    let mut grpc = Grpc::with_origin(transport, origin());
    let codec: ProstCodec<PingRequest, PingResponse> = ProstCodec::default();
    let path = path(&method("proto.AuthService", "Ping"));
    let status = grpc
        .unary(tonic::Request::new(PingRequest {}), path, codec)
        .await
        .unwrap_err();
    status::failure("Ping", "here:443".to_owned(), &status)
}

/// Speaks HTTP/2 to the client, and lets `serve` answer.
async fn failure_of<F>(
    serve: impl FnOnce(server::Connection<DuplexStream, bytes::Bytes>) -> F,
) -> CallFailure
where
    F: Future<Output = ()> + Send + 'static,
{
    let (ours, theirs) = duplex(1 << 16);
    let handshake = tokio::spawn(server::handshake(theirs));
    let transport = Transport::handshake(ours, "teleport-client/0")
        .await
        .unwrap();
    tokio::spawn(serve(handshake.await.unwrap().unwrap()));
    call(transport).await
}

#[tokio::test]
async fn every_request_names_the_user_agent() {
    let (found, agent) = tokio::sync::oneshot::channel();
    failure_of(|mut connection| async move {
        let (request, mut respond) = connection.accept().await.unwrap().unwrap();
        let _ = found.send(request.headers()["user-agent"].clone());
        respond.send_reset(Reason::REFUSED_STREAM);
        while connection.accept().await.is_some() {}
    })
    .await;
    assert_eq!(agent.await.unwrap(), "teleport-client/0");
}

#[tokio::test]
async fn a_refused_stream_was_not_processed() {
    let failure = failure_of(|mut connection| async move {
        let (_, mut respond) = connection.accept().await.unwrap().unwrap();
        respond.send_reset(Reason::REFUSED_STREAM);
        while connection.accept().await.is_some() {}
    })
    .await;
    assert!(!failure.may_have_been_carried_out, "{}", failure.message);
}

#[tokio::test]
async fn a_stream_that_is_reset_for_another_reason_leaves_a_doubt() {
    let failure = failure_of(|mut connection| async move {
        let (_, mut respond) = connection.accept().await.unwrap().unwrap();
        respond.send_reset(Reason::INTERNAL_ERROR);
        while connection.accept().await.is_some() {}
    })
    .await;
    assert!(failure.may_have_been_carried_out, "{}", failure.message);
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_leaves_a_doubt() {
    let failure = failure_of(|mut connection| async move {
        let _request = connection.accept().await;
    })
    .await;
    assert!(failure.may_have_been_carried_out, "{}", failure.message);
    assert!(!failure.answered);
}

#[tokio::test]
async fn a_status_in_the_headers_with_damaged_details_is_read_without_them() {
    let failure = failure_of(|mut connection| async move {
        let (_, mut respond) = connection.accept().await.unwrap().unwrap();
        let response = Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", "9")
            .header("grpc-status-details-bin", "***")
            .body(())
            .unwrap();
        respond.send_response(response, true).unwrap();
        while connection.accept().await.is_some() {}
    })
    .await;
    assert_eq!(failure.kind, crate::ErrorKind::Conflict);
}

#[tokio::test]
async fn a_request_on_a_closed_connection_was_not_processed() {
    let (ours, theirs) = duplex(1 << 16);
    let transport = Transport::handshake(ours, "teleport-client/0")
        .await
        .unwrap();
    drop(theirs);
    while !transport.is_closed() {
        tokio::task::yield_now().await;
    }
    let failure = call(transport).await;
    assert!(!failure.may_have_been_carried_out, "{}", failure.message);
}

#[test]
fn paths_are_those_of_grpc() {
    assert_eq!(
        path(&method("proto.AuthService", "Ping")).as_str(),
        "/proto.AuthService/Ping"
    );
}
