use super::*;
use crate::{
    Cause, Client, Config, Error, ErrorKind, Part, Transient,
    dial::roots::Roots,
    testing::{Answer, Authority, Cluster, Web},
};
use http::StatusCode;
use tokio::net::TcpListener;

fn pong(_: &str, _: usize) -> Answer {
    Answer::Message(Vec::new())
}

async fn failure(config: Config) -> Error {
    Client::new(config).ping().await.unwrap_err()
}

#[track_caller]
fn assert_says(error: &Error, phrases: &[&str]) {
    let text = error.to_string();
    for phrase in phrases {
        assert!(text.contains(phrase), "{phrase:?} is missing in: {text}");
    }
}

#[tokio::test]
async fn an_auth_server_is_reached_with_mutual_tls() {
    let cluster = Cluster::auth(pong).await;
    let pong = cluster.client().ping().await.unwrap();
    assert_eq!(pong.cluster_name, "parent");
    assert!(cluster.alpn().contains(&vec!["h2".to_owned()]));
}

#[tokio::test]
async fn a_proxy_is_reached_by_exactly_the_route_and_http2() {
    let cluster = Cluster::proxy(pong).await;
    assert_eq!(
        cluster.client().ping().await.unwrap().cluster_name,
        "parent"
    );
    let route = "teleport-auth@706172656e74.teleport.cluster.local";
    assert!(
        cluster
            .alpn()
            .contains(&vec![route.to_owned(), "h2".to_owned()]),
        "{:?}",
        cluster.alpn()
    );
}

#[tokio::test]
async fn the_identity_names_the_cluster_when_the_proxy_does_not() {
    let find = r#"{"proxy":{"tls_routing_enabled":true}}"#.to_owned();
    let cluster = Cluster::start(
        Authority::new("parent"),
        Web::Find(StatusCode::OK, find),
        pong,
    )
    .await;
    assert_eq!(
        cluster.client().ping().await.unwrap().cluster_name,
        "parent"
    );
}

#[tokio::test]
async fn insecure_turns_off_the_check_of_the_web_certificate_alone() {
    let cluster = Cluster::proxy(pong).await;
    let mut config = cluster.config();
    config.dial.roots = Roots::Given(Authority::new("elsewhere").roots());
    let error = failure(config.clone()).await;
    assert_eq!(error.kind(), ErrorKind::UntrustedCertificate);
    assert_says(
        &error,
        &[
            "as an auth server: its certificate is not from the CA",
            "as a proxy: its certificate is from an issuer that is not trusted",
        ],
    );
    assert!(matches!(
        error.cause(),
        Some(Cause::UntrustedIssuer { joining: false, .. })
    ));

    config.dial.insecure = true;
    Client::new(config).ping().await.unwrap();

    let stranger = Authority::new("parent").identity_file("bot");
    let mut config = cluster.config_with(&stranger);
    config.dial.insecure = true;
    assert_eq!(failure(config).await.kind(), ErrorKind::WrongCluster);
}

#[tokio::test]
async fn credentials_of_another_cluster_are_reported_by_name() {
    let foreign = Authority::new("other").identity_file("bot");
    for cluster in [Cluster::auth(pong).await, Cluster::proxy(pong).await] {
        let error = failure(cluster.config_with(&foreign)).await;
        assert_eq!(error.kind(), ErrorKind::WrongCluster, "{error}");
        assert_says(
            &error,
            &["cluster \"parent\" answers", "are from cluster \"other\""],
        );
        assert_eq!(error.cause(), Some(Cause::WrongCluster));
    }
}

#[tokio::test]
async fn a_client_certificate_that_the_server_refuses_is_an_error_of_connecting() {
    let other = Authority::new("users");
    let cluster =
        Cluster::start_trusting(Authority::new("parent"), other.roots(), Web::None, pong).await;
    let error = failure(cluster.config()).await;
    assert!(error.is_connect());
    assert_eq!(error.cause(), Some(Cause::ClientRefused), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
}

#[tokio::test]
async fn an_expired_identity_is_described_without_dialling() {
    let cluster = Cluster::auth(pong).await;
    let authority = cluster.authority();
    let file = authority.file_of(&authority.issue_expired("bot-builder"));
    let error = failure(cluster.config_with(&file)).await;
    assert_eq!(error.kind(), ErrorKind::CertificateExpired);
    assert_eq!(
        error.part(),
        Some(Part::Source(Some("identity_file".to_owned())))
    );
    assert_says(
        &error,
        &["\"bot-builder\" in cluster \"parent\" expired at 20", "1h"],
    );
    assert_eq!(error.cause(), Some(Cause::Expired));
    assert!(cluster.alpn().is_empty());
}

#[tokio::test]
async fn a_proxy_without_tls_routing_is_not_supported() {
    let find = r#"{"proxy":{"tls_routing_enabled":false},"cluster_name":"parent"}"#.to_owned();
    let cluster = Cluster::start(
        Authority::new("parent"),
        Web::Find(StatusCode::OK, find),
        pong,
    )
    .await;
    let error = failure(cluster.config()).await;
    assert_eq!(error.kind(), ErrorKind::UnsupportedServer);
    assert_says(
        &error,
        &[
            "does not have TLS routing enabled",
            "SSH tunnels is not supported",
        ],
    );
    assert_eq!(error.cause(), Some(Cause::NoTlsRouting));
}

#[tokio::test]
async fn a_load_balancer_that_drops_alpn_is_reported() {
    let find = r#"{"proxy":{"tls_routing_enabled":true},"cluster_name":"parent"}"#.to_owned();
    let cluster = Cluster::start(
        Authority::new("parent"),
        Web::BehindLoadBalancer(find),
        pong,
    )
    .await;
    let error = failure(cluster.config()).await;
    assert_eq!(error.kind(), ErrorKind::UnsupportedServer);
    assert_says(
        &error,
        &[
            "load balancer",
            "connection upgrade, which is not supported",
        ],
    );
    assert_eq!(error.cause(), Some(Cause::ConnectionUpgrade));
}

#[tokio::test]
async fn a_proxy_that_has_no_auth_server_to_route_to_is_transient() {
    let find = r#"{"proxy":{"tls_routing_enabled":true},"cluster_name":"parent"}"#.to_owned();
    let cluster = Cluster::start(Authority::new("parent"), Web::FindWithoutAuth(find), pong).await;
    let error = failure(cluster.config()).await;
    assert_eq!(error.kind(), ErrorKind::Transient(Transient::Unavailable));
    assert_says(
        &error,
        &["closed the connection to the auth server of cluster \"parent\""],
    );
}

#[tokio::test]
async fn a_web_site_that_is_not_teleport_is_reported() {
    let web = Web::Find(StatusCode::NOT_FOUND, "<html></html>".to_owned());
    let cluster = Cluster::start(Authority::new("parent"), web, pong).await;
    let error = failure(cluster.config()).await;
    assert_eq!(error.kind(), ErrorKind::UnsupportedServer);
    assert_eq!(error.part(), Some(Part::Address));
    assert_says(
        &error,
        &[
            "as an auth server: ",
            "as a proxy: it is not a Teleport proxy",
            "404 Not Found and an HTML page",
        ],
    );
    assert_eq!(error.cause(), Some(Cause::NotTeleport));
}

#[tokio::test]
async fn a_proxy_that_is_down_behind_its_gateway_is_transient() {
    let web = Web::Find(StatusCode::BAD_GATEWAY, "<html></html>".to_owned());
    let cluster = Cluster::start(Authority::new("parent"), web, pong).await;
    assert_eq!(
        failure(cluster.config()).await.kind(),
        ErrorKind::Transient(Transient::Unavailable)
    );
}

#[tokio::test]
async fn an_address_where_nothing_listens_fails_at_once() {
    let cluster = Cluster::auth(pong).await;
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Address::parse(&listener.local_addr().unwrap().to_string()).unwrap()
    };
    let error = failure(cluster.config().with_address(address.clone())).await;
    assert_eq!(error.kind(), ErrorKind::Transient(Transient::Unavailable));
    assert_says(&error, &[&format!("no connection to {address}"), "refused"]);
    assert_eq!(error.cause(), Some(Cause::Unreachable));
}

#[tokio::test]
async fn an_old_cluster_is_refused_by_its_version() {
    use prost::Message;
    let old = |_: &str, _: usize| {
        let ping = PingResponse {
            server_version: "14.3.2".to_owned(),
            ..PingResponse::default()
        };
        Answer::Message(ping.encode_to_vec())
    };
    let error = failure(Cluster::auth(old).await.config()).await;
    assert_eq!(error.kind(), ErrorKind::UnsupportedServer);
    assert_says(&error, &["runs Teleport 14.3.2", "15.0.0"]);
    assert_eq!(error.cause(), Some(Cause::TooOld));
}

#[tokio::test]
async fn a_cluster_that_does_not_know_ping_is_too_old() {
    let old = |_: &str, _: usize| Answer::Status(tonic::Code::Unimplemented, "unknown method Ping");
    let error = failure(Cluster::proxy(old).await.config()).await;
    assert_eq!(error.kind(), ErrorKind::UnsupportedServer);
    assert_says(&error, &["Ping was answered with unimplemented"]);
    assert_eq!(error.cause(), Some(Cause::TooOld));
}

#[test]
fn versions_are_compared_by_their_major_number() {
    assert!(is_too_old("14.99.0") && is_too_old("v9.0.0-dev"));
    assert!(
        !is_too_old("15.0.0")
            && !is_too_old("18.1.0-alpha.1")
            && !is_too_old("")
            && !is_too_old("odd")
    );
}
