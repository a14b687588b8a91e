//! Joins with a token of the platform on which this runs.

use super::*;
use crate::join::environment::Environment;

/// `{"alg":"ES256"}`, `{"sub":"run"}` and a signature.
const JWT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJydW4ifQ.c2lnbmF0dXJl";

fn on_gitlab(cluster: &Cluster, variables: &[(&str, &str)]) -> (Client, Arc<Manual>) {
    let clock = Manual::new();
    let mut config = config(cluster, &clock);
    config.sources = vec![Source::join(JoinMethod::GitLab, TOKEN)];
    config.dial.environment = Environment::given(variables);
    (Client::new(config), clock)
}

fn gitlab(cluster: &Cluster) -> Client {
    on_gitlab(cluster, &[("TBOT_GITLAB_JWT", JWT)]).0
}

#[tokio::test]
async fn a_token_of_the_platform_is_enough_for_the_newer_service() {
    let cluster = Cluster::proxy().await;
    gitlab(&cluster).ping().await.unwrap();
    assert_eq!(
        cluster.journal(),
        ["Join", "GetRole", "GenerateUserCerts", "GetClusterCACert"]
    );
    assert_eq!(cluster.id_tokens(), [JWT]);
}

#[tokio::test]
async fn a_server_without_the_newer_service_is_joined_through_its_web_api() {
    for code in [Code::Unimplemented, Code::Unavailable] {
        let cluster = Cluster::proxy().await;
        cluster.change(|behaviour| behaviour.newer = Err(code));
        gitlab(&cluster).ping().await.unwrap();
        assert_eq!(
            cluster.journal(),
            [
                "POST /v1/webapi/host/credentials",
                "GetRole",
                "GenerateUserCerts",
                "GetClusterCACert"
            ]
        );
        assert_eq!(cluster.id_tokens(), [JWT]);
    }
}

#[tokio::test]
async fn both_ways_refuse_in_the_same_words() {
    for newer in [Ok(()), Err(Code::Unimplemented)] {
        for (status, reason, kind) in [
            (
                Status::permission_denied("id token claims did not match any allow rules"),
                RefusalReason::NotAllowed,
                ErrorKind::JoinRefused,
            ),
            (
                Status::unknown(
                    "verifying token\n\taudience is not valid: Audience must contain client_id \"child\"",
                ),
                RefusalReason::IdToken,
                ErrorKind::Credentials,
            ),
            (not_there(), RefusalReason::NotFound, ErrorKind::JoinRefused),
        ] {
            let cluster = Cluster::proxy().await;
            let text = status.message().to_owned();
            cluster.change(|behaviour| {
                behaviour.newer = newer;
                behaviour.refusals = [status].into();
            });
            let error = error(&gitlab(&cluster)).await;
            let refusal = refused(&error);
            assert_eq!(
                (refusal.reason, refusal.method),
                (reason, JoinMethod::GitLab)
            );
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(&text), "{error}");
            assert_eq!(refusal.aws_credentials, None);
            assert!(!error.to_string().contains("AWS"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_token_that_a_server_repeats_is_not_shown() {
    for newer in [Ok(()), Err(Code::Unimplemented)] {
        let cluster = Cluster::proxy().await;
        cluster.change(|behaviour| {
            behaviour.newer = newer;
            behaviour.refusals = [Status::unknown(format!("verifying token {JWT}"))].into();
        });
        let text = error(&gitlab(&cluster)).await.to_string();
        assert!(
            text.contains("verifying token (the token)") && !text.contains("eyJ"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_server_without_any_way_is_reported_by_the_newer_one() {
    let cluster = Cluster::proxy().await;
    cluster.change(|behaviour| {
        behaviour.newer = Err(Code::Unimplemented);
        behaviour.older = false;
    });
    let error = error(&gitlab(&cluster)).await;
    assert_eq!(refused(&error).reason, RefusalReason::NoService);
}

#[tokio::test]
async fn without_a_token_nothing_is_dialled_and_nobody_waits() {
    let cluster = Cluster::proxy().await;
    let (client, clock) = on_gitlab(&cluster, &[]);
    let error = error(&client.patient()).await;
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(error.part(), Some(Part::JoinMethod));
    assert_eq!(error.cause(), Some(Cause::NoIdToken(JoinMethod::GitLab)));
    let text = error.to_string();
    assert!(
        text.starts_with("the join by gitlab with token \"tenant-bot\"")
            && text.contains("TBOT_GITLAB_JWT is not set"),
        "{text}"
    );
    assert!(cluster.journal().is_empty());
    assert_eq!(clock.passed(), Duration::ZERO);
}

#[tokio::test]
async fn a_new_join_takes_the_token_of_that_time() {
    let cluster = Cluster::proxy().await;
    let client = gitlab(&cluster);
    client.ping().await.unwrap();
    cluster.remake();
    assert!(client.patient().ping().await.is_ok());
    assert_eq!(cluster.id_tokens(), [JWT, JWT]);
    let shown = format!("{client:?}");
    assert!(!shown.contains("eyJ") && !shown.contains(SECRET), "{shown}");
}
