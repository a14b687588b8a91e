mod bundle;
mod platforms;
mod reach;
mod renewal;

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use time::OffsetDateTime;
use tonic::{Code, Status};

use super::{
    aws::{Aws, Given},
    caller::AwsError,
    testing::{Cluster, SECRET, TOKEN, USER, aws},
};
use crate::{
    Cause, Client, Config, Error, ErrorKind, JoinMethod, Part, Refusal, RefusalReason, Source,
    Transient,
    call::clock::{Clock, Manual},
    dial::roots::Roots,
};

const MINUTE: Duration = Duration::from_secs(60);

fn config(cluster: &Cluster, clock: &Arc<Manual>) -> Config {
    let source = Source::join(JoinMethod::Iam, TOKEN);
    let address = cluster.address().to_string();
    let mut config = crate::testing::config(&address, source, cluster.web_roots());
    config.dial.aws = aws();
    config.dial.clock = Clock::Manual(clock.clone());
    cluster.follow(config.dial.clock.clone());
    config
}

fn client(cluster: &Cluster) -> (Client, Arc<Manual>) {
    let clock = Manual::new();
    (Client::new(config(cluster, &clock)), clock)
}

async fn error(client: &Client) -> Error {
    client.ping().await.unwrap_err()
}

fn refused(error: &Error) -> Refusal {
    match error.cause() {
        Some(Cause::JoinRefused(refusal)) => *refusal,
        cause => panic!("{error}: {cause:?}"),
    }
}

fn not_there() -> Status {
    Status::permission_denied("\"tenant-bot\" can not join the cluster, token expired or not found")
}

fn not_allowed() -> Status {
    Status::permission_denied("instance did not match any allow rules in token tenant-bot")
}

#[tokio::test]
async fn the_first_call_joins_and_all_share_that() {
    let cluster = Cluster::proxy().await;
    let (client, _) = client(&cluster);
    assert!(cluster.journal().is_empty());
    let calls = (0..20).map(|_| {
        let client = client.clone();
        async move { client.ping().await }
    });
    for answer in join_all(calls).await {
        assert_eq!(answer.unwrap().cluster_name, "child");
    }
    assert_eq!(
        cluster.journal(),
        ["Join", "GetRole", "GenerateUserCerts", "GetClusterCACert"]
    );
}

/// A server answers a client that names an older version with roles that are downgraded for it (`lib/auth/grpcserver.go` in
/// gravitational/teleport), and refuses one that is too old.
#[tokio::test]
async fn no_call_names_a_version_of_the_client() {
    for newer in [Ok(()), Err(Code::Unimplemented)] {
        let cluster = Cluster::proxy().await;
        cluster.change(|behaviour| behaviour.newer = newer);
        let (client, _) = client(&cluster);
        client.ping().await.unwrap();
        assert_eq!(cluster.journal().len(), 4);
        let headers = cluster.headers();
        assert!(headers.contains("content-type"), "{headers:?}");
        assert!(!headers.contains("version"), "{headers:?}");
    }
}

#[tokio::test]
async fn the_roles_that_the_bot_may_impersonate_are_asked_for() {
    let cluster = Cluster::proxy().await;
    let (client, _) = client(&cluster);
    client.ping().await.unwrap();
    let request = cluster.last_request();
    assert_eq!(request.username, USER);
    assert_eq!(request.role_requests, ["editor", "auditor"]);
    assert_eq!(request.route_to_cluster, "child");
    assert!(request.use_role_requests && !request.reissuable_role_impersonation);
    assert!(
        request
            .tls_public_key
            .starts_with(b"-----BEGIN PUBLIC KEY-----\n")
    );
    assert!(
        request
            .ssh_public_key
            .starts_with(b"ecdsa-sha2-nistp256 AAAA")
    );
    let expires = request.expires.unwrap().seconds;
    let asked = expires - OffsetDateTime::now_utc().unix_timestamp();
    assert!((3500..=3600).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_server_without_the_newer_service_is_joined_by_the_older() {
    for code in [Code::Unimplemented, Code::Unavailable, Code::Unknown] {
        let cluster = Cluster::proxy().await;
        cluster.change(|behaviour| behaviour.newer = Err(code));
        let (client, _) = client(&cluster);
        client.ping().await.unwrap();
        assert_eq!(cluster.journal()[0], "RegisterUsingIAMMethod", "{code:?}");
        assert_eq!(cluster.journal().len(), 4);
    }
}

#[tokio::test]
async fn a_cluster_with_the_legacy_suite_gets_rsa_keys_from_both_services() {
    for newer in [Ok(()), Err(Code::Unimplemented)] {
        let cluster = Cluster::proxy().await;
        cluster.change(|behaviour| {
            behaviour.newer = newer;
            behaviour.suite = "legacy";
        });
        let (client, _) = client(&cluster);
        client.ping().await.unwrap();
        let request = cluster.last_request();
        assert!(
            request
                .tls_public_key
                .starts_with(b"-----BEGIN RSA PUBLIC KEY-----\n")
        );
        assert!(request.ssh_public_key.starts_with(b"ssh-rsa AAAA"));
    }
}

#[tokio::test]
async fn a_cluster_without_any_join_service_is_reported() {
    let cluster = Cluster::proxy().await;
    cluster.change(|behaviour| {
        behaviour.newer = Err(Code::Unimplemented);
        behaviour.older = false;
    });
    let (client, _) = client(&cluster);
    let error = error(&client.patient()).await;
    assert_eq!(error.kind(), ErrorKind::UnsupportedServer);
    assert_eq!(refused(&error).reason, RefusalReason::NoService);
}

#[tokio::test]
async fn the_failure_of_the_newer_service_is_reported_when_the_older_does_not_exist() {
    let cluster = Cluster::proxy().await;
    cluster.change(|behaviour| {
        behaviour.newer = Err(Code::ResourceExhausted);
        behaviour.older = false;
    });
    let (client, _) = client(&cluster);
    let error = error(&client).await;
    assert_eq!(error.kind(), ErrorKind::Transient(Transient::RateLimited));
}

#[tokio::test]
async fn an_auth_server_is_joined_on_its_own_port_if_its_ca_is_trusted() {
    let cluster = Cluster::auth().await;
    let clock = Manual::new();
    let mut config = config(&cluster, &clock);
    config.dial.roots = Roots::Given(cluster.host_roots());
    Client::new(config.clone()).ping().await.unwrap();
    assert_eq!(cluster.journal()[0], "Join");

    config.dial.roots = Roots::Given(cluster.web_roots());
    let untrusting = config.joining(cluster.address(), config.bot().unwrap().clone());
    let bot = super::Bot::new(
        JoinMethod::Iam,
        super::TokenName::Given(TOKEN.to_owned()),
        None,
    );
    let error =
        error(&Client::new(untrusting.joining(cluster.address(), bot.clone())).patient()).await;
    assert_eq!(error.kind(), ErrorKind::UntrustedCertificate);
    assert!(
        matches!(
            error.cause(),
            Some(Cause::UntrustedIssuer { joining: true, .. })
        ),
        "{error}"
    );

    let mut insecure = untrusting.joining(cluster.address(), bot);
    insecure.dial.insecure = true;
    Client::new(insecure).ping().await.unwrap();
}

#[tokio::test]
async fn without_aws_credentials_nothing_is_dialled_and_what_was_tried_is_reported() {
    let cluster = Cluster::proxy().await;
    let clock = Manual::new();
    let mut config = config(&cluster, &clock);
    config.dial.aws = Aws::given(Given {
        caller: Box::new(|| Err(AwsError::NoCredentials)),
        identity: None,
    });
    let error = error(&Client::new(config).patient()).await;
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(error.part(), Some(Part::JoinMethod));
    let text = error.to_string();
    assert!(
        text.starts_with("the join by iam with token \"tenant-bot\"")
            && text.contains("no AWS credentials")
            && text.contains("AWS_PROFILE"),
        "{text}"
    );
    assert_eq!(error.cause(), Some(Cause::NoAwsCredentials));
    assert!(cluster.journal().is_empty());
    assert_eq!(clock.passed(), Duration::ZERO);
}

#[tokio::test]
async fn a_wrong_identity_is_never_tried_again_and_shown() {
    let cluster = Cluster::proxy().await;
    cluster.change(|behaviour| behaviour.refusals = [not_allowed()].into());
    let (client, clock) = client(&cluster);
    let error = error(&client.patient()).await;
    assert_eq!(error.kind(), ErrorKind::JoinRefused);
    let text = error.to_string();
    assert!(text.contains("did not match any allow rules"), "{text}");
    assert!(
        text.contains("account 111122223333, ARN arn:aws:sts::111122223333:assumed-role/other/me"),
        "{text}"
    );
    assert_eq!(refused(&error).reason, RefusalReason::NotAllowed);
    assert_eq!(cluster.journal(), ["Join"]);
    assert_eq!(clock.passed(), Duration::ZERO);
}

#[tokio::test]
async fn an_expired_aws_session_is_reported() {
    let cluster = Cluster::proxy().await;
    let refusal = r#"aws sts api returned status: "403 Forbidden" body: "{\"Error\":{\"Code\":\"ExpiredToken\"}}""#;
    cluster.change(|behaviour| behaviour.refusals = [Status::permission_denied(refusal)].into());
    let (client, _) = client(&cluster);
    let error = error(&client.patient()).await;
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(refused(&error).reason, RefusalReason::AwsExpired);
}

#[tokio::test]
async fn aws_credentials_that_aws_refuses_are_blamed_and_no_argument() {
    for code in [
        "SignatureDoesNotMatch",
        "InvalidClientTokenId",
        "ExpiredToken",
    ] {
        let cluster = Cluster::proxy().await;
        let refusal = format!(
            r#"aws sts api returned status: "403 Forbidden" body: "{{\"Error\":{{\"Code\":\"{code}\"}}}}""#
        );
        cluster
            .change(|behaviour| behaviour.refusals = [Status::permission_denied(refusal)].into());
        let (client, _) = client(&cluster);
        let error = error(&client.patient()).await;
        assert_eq!((error.kind(), error.part()), (ErrorKind::Credentials, None));
        let text = error.to_string();
        assert!(
            text.contains("AWS does not accept the AWS credentials") && text.contains(code),
            "{text}"
        );
        let credentials = refused(&error).aws_credentials.unwrap();
        assert!(
            credentials.starts_with("those with the access key \"AKIDEXAMPLE\""),
            "{credentials}"
        );
    }
}

#[tokio::test]
async fn only_a_patient_client_waits_for_a_token_that_does_not_exist_yet() {
    let cluster = Cluster::proxy().await;
    cluster.change(|behaviour| behaviour.refusals = vec![not_there(); 4].into());
    let (client, clock) = client(&cluster);
    let error = error(&client).await;
    assert_eq!(
        (error.kind(), error.part()),
        (ErrorKind::JoinRefused, Some(Part::JoinToken))
    );
    assert_eq!(refused(&error).reason, RefusalReason::NotFound);
    assert_eq!(refused(&error).token, TOKEN);
    assert_eq!(cluster.count("Join"), 1);

    client.patient().ping().await.unwrap();
    assert_eq!(cluster.count("Join"), 5);
    // Three waits that grow from half a second.
    assert!(clock.passed() > Duration::from_secs(3) && clock.passed() < Duration::from_secs(8));
}

#[tokio::test]
async fn those_who_wait_wait_together() {
    let cluster = Cluster::proxy().await;
    cluster.change(|behaviour| behaviour.refusals = vec![not_there(); 3].into());
    let (client, _) = client(&cluster);
    let calls = (0..10).map(|_| {
        let client = client.patient();
        async move { client.ping().await }
    });
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(cluster.count("Join"), 4);
}

#[tokio::test]
async fn waiting_ends_when_the_time_for_joins_is_up() {
    let cluster = Cluster::proxy().await;
    cluster.change(|behaviour| behaviour.refusals = vec![not_there(); 1000].into());
    let (client, clock) = client(&cluster);
    let error = error(&client.patient()).await;
    assert_eq!(error.kind(), ErrorKind::JoinRefused);
    let text = error.to_string();
    assert!(
        text.contains("not found") && text.contains("it was tried again for 5m"),
        "{text}"
    );
    assert_eq!(clock.passed(), 5 * MINUTE);
    // Who comes later does not wait all over again.
    let tried = cluster.count("Join");
    assert!(client.patient().ping().await.is_err());
    assert_eq!(cluster.count("Join"), tried + 1);
    assert_eq!(clock.passed(), 5 * MINUTE);
}

#[tokio::test]
async fn what_fails_after_the_join_is_tried_again_without_another_one() {
    let cluster = Cluster::proxy().await;
    let missing = Status::not_found("role bot-tenant-bot is not found");
    cluster.change(|behaviour| behaviour.role_failures = vec![missing; 2].into());
    let (client, _) = client(&cluster);
    client.patient().ping().await.unwrap();
    assert_eq!(cluster.count("Join"), 1);
    assert_eq!(cluster.count("GetRole"), 3);
}

#[tokio::test]
async fn a_bot_without_roles_is_reported() {
    let cluster = Cluster::proxy().await;
    cluster.change(|behaviour| behaviour.roles.clear());
    let (client, _) = client(&cluster);
    let text = error(&client.patient()).await.to_string();
    assert!(
        text.contains("the bot \"bot-tenant-bot\" has no roles"),
        "{text}"
    );
}

#[test]
fn a_client_shows_no_secret() {
    let source = Source::join(JoinMethod::Iam, TOKEN);
    let mut config = Config::new("localhost:1".parse().ok(), vec![source]);
    config.dial.aws = aws();
    let shown = format!("{:?}", Client::new(config));
    assert!(
        shown.contains("join by iam") && !shown.contains(SECRET),
        "{shown}"
    );
}
