//! Identities for other programs.

use rustls::pki_types::CertificateDer;
use secrecy::ExposeSecret;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{super::testing::ssh, *};
use crate::credentials::{identity_file, pem};

#[tokio::test]
async fn an_issued_identity_is_complete_and_in_order() {
    let cluster = Cluster::proxy().await;
    let (client, _) = client(&cluster);
    let bundle = client.issue_identity(Some(10 * MINUTE)).await.unwrap();
    assert_eq!(
        (bundle.user.as_str(), bundle.cluster_name.as_str()),
        (USER, "child")
    );
    let asked = cluster.last_request().expires.unwrap().seconds;
    assert!((asked - OffsetDateTime::now_utc().unix_timestamp() - 600).abs() < 5);

    let file = bundle.identity_file.expose_secret();
    let labels: Vec<_> = pem::labels(file).collect();
    let certificates: Vec<CertificateDer<'static>> = pem::objects(file).unwrap();
    assert_eq!(labels, ["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"]);
    let ssh = file
        .find("\necdsa-sha2-nistp256-cert-v01@openssh.com AAAA")
        .unwrap();
    let authority = file
        .find("\n@cert-authority child,*.child ssh-ed25519 AAAA")
        .unwrap();
    let first_certificate = file.find("-----BEGIN CERTIFICATE").unwrap();
    assert!(ssh < first_certificate && first_certificate < authority);
    let (_, certificate) = X509Certificate::from_der(&certificates[0]).unwrap();
    assert_eq!(
        certificate.validity().not_after.to_datetime(),
        bundle.expires
    );
    let host_ca = cluster.own().host_ca.certificate();
    assert_eq!(certificates[1], host_ca);

    let parsed = identity_file::parse(file.as_bytes()).unwrap();
    assert_eq!(
        (parsed.user(), parsed.cluster_name()),
        (USER, Some("child"))
    );
    let parts = format!(
        "{}{}{}",
        bundle.tls_private_key.expose_secret(),
        bundle.tls_cert,
        bundle.tls_ca_certs
    );
    assert_eq!(identity_file::parse(parts.as_bytes()).unwrap().user(), USER);
    let shown = format!("{bundle:?}");
    assert!(
        !shown.contains("PRIVATE KEY") && shown.contains(USER),
        "{shown}"
    );
    // The one that the client acts with is another one.
    assert_eq!(
        (cluster.count("Join"), cluster.count("GenerateUserCerts")),
        (1, 2)
    );
}

#[tokio::test]
async fn only_the_authorities_of_hosts_are_trusted_whichever_service_was_joined_by() {
    for newer in [Ok(()), Err(Code::Unimplemented)] {
        let cluster = Cluster::proxy().await;
        cluster.change(|behaviour| behaviour.newer = newer);
        let (client, _) = client(&cluster);
        let bundle = client.issue_identity(None).await.unwrap();
        let own = cluster.own();
        assert_eq!(bundle.tls_ca_certs, own.host_ca.certificate_pem());
        let file = bundle.identity_file.expose_secret();
        let lines = file.lines();
        let lines: Vec<_> = lines.filter(|line| line.starts_with('@')).collect();
        let [authority] = lines[..] else {
            panic!("{lines:?}");
        };
        let key = ssh::HOST_CA.strip_suffix(" hosts").unwrap();
        assert!(authority.contains(key), "{authority}");
    }
}

#[tokio::test]
async fn only_a_client_that_joins_issues_identities() {
    let source = Source::identity_file(b"text".to_vec().into());
    let client = Client::new(Config::new("localhost:1".parse().ok(), vec![source]));
    let error = client.issue_identity(None).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.part()),
        (ErrorKind::Credentials, Some(Part::JoinMethod))
    );
}
