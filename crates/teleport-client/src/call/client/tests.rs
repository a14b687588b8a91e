use std::{sync::Mutex as StdMutex, time::Duration};

use prost::Message;
use prost_reflect::{DynamicMessage, Value};
use teleport_proto::teleport::{header::v1::Metadata, workloadcluster::v1::WorkloadCluster};

use super::*;
use crate::{
    Client, Part,
    call::method,
    testing::{Answer, Authority, Cluster},
};

const SERVICE: &str = "teleport.workloadcluster.v1.WorkloadClusterService";

/// A call of `GetWorkloadCluster`, as a read or as a write.
fn call(repeatable: Repeatable) -> Call {
    let method = method(SERVICE, "GetWorkloadCluster");
    let mut request = DynamicMessage::new(method.input());
    request.set_field_by_name("name", Value::String("child".to_owned()));
    Call::new(method, request, repeatable)
}

fn child() -> Answer {
    let child = WorkloadCluster {
        metadata: Some(Metadata {
            name: "child".to_owned(),
            ..Metadata::default()
        }),
        ..WorkloadCluster::default()
    };
    Answer::Message(child.encode_to_vec())
}

/// Answers calls with what is scripted, then with the child.
fn scripted(script: Vec<Answer>) -> impl Fn(&str, usize) -> Answer + Send + Sync + 'static {
    move |path, before| match path {
        "/proto.AuthService/Ping" => Answer::Message(Vec::new()),
        _ => script.get(before).cloned().unwrap_or_else(child),
    }
}

fn unavailable() -> Answer {
    Answer::Status(tonic::Code::Unavailable, "try later")
}

#[tokio::test]
async fn nothing_is_dialled_before_the_first_call() {
    let cluster = Cluster::auth(scripted(vec![])).await;
    let client = cluster.client();
    assert!(cluster.alpn().is_empty());
    client.unary(call(Repeatable::Yes)).await.unwrap();
    assert_eq!(cluster.pings(), 1);
}

#[tokio::test]
async fn calls_at_once_share_one_connection() {
    let cluster = Cluster::auth(scripted(vec![])).await;
    let client = cluster.client();
    let calls = (0..50).map(|_| {
        let client = client.clone();
        async move { client.unary(call(Repeatable::Yes)).await }
    });
    for answer in futures_util::future::join_all(calls).await {
        assert!(answer.unwrap().has_field_by_name("metadata"));
    }
    assert_eq!(cluster.pings(), 1);
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_take_the_connection_along() {
    let cluster = Cluster::auth(scripted(vec![])).await;
    let client = cluster.client();
    let mut gone = Box::pin(client.unary(call(Repeatable::Yes)));
    assert!(futures_util::poll!(&mut gone).is_pending());
    drop(gone);
    client.unary(call(Repeatable::Yes)).await.unwrap();
    assert_eq!(cluster.pings(), 1);
}

#[tokio::test]
async fn a_broken_connection_is_replaced_by_the_next_call() {
    let cluster = Cluster::auth(scripted(vec![])).await;
    let client = cluster.client();
    client.unary(call(Repeatable::No)).await.unwrap();
    cluster.break_connections();
    // The client may have noticed the break or not: a read succeeds in both cases.
    client.unary(call(Repeatable::Yes)).await.unwrap();
    assert_eq!(cluster.pings(), 2);
}

#[tokio::test]
async fn renewed_credentials_are_read_for_the_next_connection() {
    let cluster = Cluster::auth(scripted(vec![])).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let authority = cluster.authority();
    std::fs::write(&path, authority.file_of(&authority.issue_expired("bot"))).unwrap();
    let mut config = cluster.config();
    config.sources = vec![Source::identity_file_path(path.clone())];
    let client = Client::new(config);
    let error = client.unary(call(Repeatable::Yes)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CertificateExpired);
    std::fs::write(&path, authority.identity_file("bot")).unwrap();
    client.unary(call(Repeatable::Yes)).await.unwrap();
}

#[tokio::test]
async fn reads_are_repeated_after_any_transient_failure() {
    let busy = Answer::Status(tonic::Code::ResourceExhausted, "rate limit exceeded");
    let cluster = Cluster::auth(scripted(vec![unavailable(), busy, Answer::Drop])).await;
    cluster.client().unary(call(Repeatable::Yes)).await.unwrap();
    assert_eq!(cluster.calls().len(), 4);
}

#[tokio::test]
async fn a_call_is_tried_as_often_as_the_policy_says_with_growing_waits() {
    let cluster = Cluster::auth(scripted(vec![unavailable(); 9])).await;
    let mut config = cluster.config();
    config.retry.base = Duration::from_secs(1000);
    config.retry.cap = Duration::from_secs(1500);
    let waits = Arc::new(StdMutex::new(Vec::new()));
    let slept = waits.clone();
    let sleep = move |wait| {
        slept.lock().unwrap().push(wait);
        std::future::ready(())
    };
    let error = Client::new(config)
        .unary_with(&call(Repeatable::Yes), sleep)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient(Transient::Unavailable));
    assert_eq!(error.server_message(), Some("try later"));
    assert_eq!(cluster.calls().len(), 4);
    let waits = waits.lock().unwrap();
    assert_eq!(waits.len(), 3);
    assert!(
        waits[0] <= Duration::from_secs(1000)
            && waits.iter().all(|wait| *wait <= Duration::from_secs(1500))
    );
}

#[tokio::test]
async fn refusals_are_not_repeated() {
    for code in [
        tonic::Code::NotFound,
        tonic::Code::PermissionDenied,
        tonic::Code::InvalidArgument,
        tonic::Code::Unknown,
    ] {
        let cluster = Cluster::auth(scripted(vec![Answer::Status(code, "no")])).await;
        let error = cluster
            .client()
            .unary(call(Repeatable::Yes))
            .await
            .unwrap_err();
        assert_eq!(error.server_message(), Some("no"));
        assert_eq!(cluster.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_write_in_doubt_is_not_repeated() {
    for answer in [unavailable(), Answer::Drop] {
        let cluster = Cluster::auth(scripted(vec![answer])).await;
        let error = cluster
            .client()
            .unary(call(Repeatable::No))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transient(Transient::Unavailable));
        assert!(error.may_have_been_carried_out());
        assert_eq!(cluster.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_write_that_was_refused_for_the_rate_is_repeated() {
    let busy = Answer::Status(tonic::Code::ResourceExhausted, "rate limit exceeded");
    let cluster = Cluster::auth(scripted(vec![busy])).await;
    cluster.client().unary(call(Repeatable::No)).await.unwrap();
    assert_eq!(cluster.calls().len(), 2);
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_deadline_and_dialled_again() {
    let cluster = Cluster::auth(scripted(vec![Answer::Silence])).await;
    let client = cluster.client();
    let slow = Call {
        deadline: Duration::from_millis(50),
        ..call(Repeatable::Yes)
    };
    let error = client.unary(slow).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient(Transient::Deadline));
    assert!(!error.may_have_been_carried_out() && error.cause().is_none());
    assert!(
        error.to_string().contains("GetWorkloadCluster")
            && error.to_string().contains("within 50ms"),
        "{error}"
    );
    client.unary(call(Repeatable::Yes)).await.unwrap();
    assert_eq!(cluster.pings(), 2);
}

#[tokio::test]
async fn fields_that_are_not_known_come_through_and_go_back() {
    let newer = [0x0a, 2, b'w', b'c', 0xfa, 0x3e, 3, b'n', b'e', b'w'];
    let cluster = Cluster::auth(scripted(vec![Answer::Message(newer.to_vec())])).await;
    let answer = cluster.client().unary(call(Repeatable::Yes)).await.unwrap();
    assert_eq!(
        answer.get_field_by_name("kind").unwrap().as_str(),
        Some("wc")
    );
    assert_eq!(answer.encode_to_vec(), newer);
}

#[tokio::test]
async fn an_answer_that_is_not_a_message_is_an_error_and_leaves_a_doubt() {
    let cluster = Cluster::auth(scripted(vec![Answer::Message(vec![0xff])])).await;
    let error = cluster
        .client()
        .unary(call(Repeatable::No))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.may_have_been_carried_out());
    assert!(
        error
            .to_string()
            .contains("is not a teleport.workloadcluster.v1.WorkloadCluster"),
        "{error}"
    );
}

#[tokio::test]
async fn a_source_that_is_skipped_leaves_the_next_and_an_error_names_all() {
    let cluster = Cluster::auth(scripted(vec![])).await;
    let authority = cluster.authority();
    let expired = authority.file_of(&authority.issue_expired("old-bot"));
    let with = |second: &str| {
        let mut config = cluster.config_with(&expired);
        let more = cluster.config_with(second).sources;
        config.sources.extend(more);
        Client::new(config)
    };
    with(&authority.identity_file("bot"))
        .unary(call(Repeatable::Yes))
        .await
        .unwrap();

    let error = with(&Authority::new("other").identity_file("bot"))
        .unary(call(Repeatable::Yes))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongCluster);
    let text = error.to_string();
    assert!(text.contains("any of the credentials:"), "{text}");
    assert!(
        text.contains("\n- identity file (identity_file): the certificate of \"old-bot\""),
        "{text}"
    );
    assert!(
        text.contains("\n- identity file (identity_file): the credentials are for another cluster"),
        "{text}"
    );
}

#[tokio::test]
async fn a_source_that_cannot_be_read_is_an_error_at_once() {
    let cluster = Cluster::auth(scripted(vec![])).await;
    let mut config = cluster.config_with("nothing");
    config.sources.extend(cluster.config().sources);
    let error = Client::new(config)
        .unary(call(Repeatable::Yes))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(
        error.part(),
        Some(Part::Source(Some("identity_file".to_owned())))
    );
    assert!(
        error
            .to_string()
            .contains("the identity file (identity_file) cannot be used: it holds no PEM blocks"),
        "{error}"
    );
}

#[tokio::test]
async fn a_second_factor_is_explained() {
    let mfa = Answer::Status(
        tonic::Code::PermissionDenied,
        "admin-level API request requires MFA verification",
    );
    let cluster = Cluster::auth(scripted(vec![mfa])).await;
    let error = cluster
        .client()
        .unary(call(Repeatable::No))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MfaRequired);
    assert!(!error.may_have_been_carried_out());
}
