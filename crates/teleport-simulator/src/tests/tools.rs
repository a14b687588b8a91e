//! Calls that Teleport's own tools make besides those on objects.

use http::uri::PathAndQuery;
use rcgen::KeyPair;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject};
use ssh_key::Certificate;
use teleport_proto::{
    auth::{
        AdminAction, CreateAuthenticateChallengeRequest, IsMfaRequiredRequest, MfaRequired,
        PingRequest, UserCertsRequest, auth_service_client::AuthServiceClient,
        is_mfa_required_request::Target,
    },
    teleport::{
        presence::v1::{ListRemoteClustersRequest, presence_service_client::PresenceServiceClient},
        trust::v1::{
            GetCertAuthoritiesRequest, GetCertAuthorityRequest,
            trust_service_client::TrustServiceClient,
        },
    },
    types::{CaKeySet, CertAuthorityV2},
};

use time::OffsetDateTime;

use super::{
    children::{bot_itself, child_channel, with_child},
    dial::join_channel,
    ssh_client::{Login, Stranger},
    *,
};
use crate::{grpc::raw::Raw, rules::role::with_rights, ssh};

async fn authorities(channel: &Channel, kind: &str, keys: bool) -> Result<CertAuthorityV2, Status> {
    let request = GetCertAuthoritiesRequest {
        r#type: kind.to_owned(),
        include_key: keys,
    };
    let mut trust = TrustServiceClient::new(channel.clone());
    let answer = trust.get_cert_authorities(request).await?.into_inner();
    assert_eq!(answer.cert_authorities_v2.len(), 1);
    Ok(answer.cert_authorities_v2[0].clone())
}

async fn authority(
    channel: &Channel,
    kind: &str,
    cluster: &str,
    keys: bool,
) -> Result<CertAuthorityV2, Status> {
    let request = GetCertAuthorityRequest {
        r#type: kind.to_owned(),
        domain: cluster.to_owned(),
        include_key: keys,
    };
    let mut trust = TrustServiceClient::new(channel.clone());
    Ok(trust.get_cert_authority(request).await?.into_inner())
}

fn keys(authority: &CertAuthorityV2) -> CaKeySet {
    let spec = authority.spec.clone().unwrap();
    spec.active_keys.unwrap()
}

fn has_private(keys: &CaKeySet) -> bool {
    let ssh = keys.ssh.iter().map(|pair| &pair.private_key);
    let tls = keys.tls.iter().map(|pair| &pair.key);
    ssh.chain(tls).all(|key| key.starts_with(b"-----BEGIN "))
}

#[tokio::test]
async fn the_authorities_are_those_of_the_identity_file() {
    let simulator = start("cluster_name = 'acme.example'").await;
    let channel = channel(&simulator, &simulator.data_dir().join("identity-no-rights")).await;
    let file = std::fs::read_to_string(simulator.identity_file()).unwrap();
    for (kind, ssh) in [("host", 1), ("user", 1), ("db", 0)] {
        let found = authorities(&channel, kind, false).await.unwrap();
        assert_eq!(found.kind, "cert_authority");
        assert_eq!(
            (found.sub_kind.as_str(), found.version.as_str()),
            (kind, "v2")
        );
        assert_eq!(found.metadata.as_ref().unwrap().name, "acme.example");
        let one = authority(&channel, kind, "acme.example", false).await;
        assert_eq!(one.unwrap(), found);
        let keys = keys(&found);
        assert_eq!((keys.ssh.len(), keys.tls.len()), (ssh, 1));
        assert!(keys.ssh.iter().all(|pair| pair.private_key.is_empty()));
        assert!(keys.tls.iter().all(|pair| pair.key.is_empty()));
        let tls = String::from_utf8(keys.tls[0].cert.clone()).unwrap();
        assert_eq!(file.contains(&tls), kind != "user", "{kind}");
        if kind == "host" {
            let line = String::from_utf8(keys.ssh[0].public_key.clone()).unwrap();
            assert!(file.contains(line.trim_end()));
        }
    }
}

#[tokio::test]
async fn other_authorities_and_other_clusters_are_refused() {
    let simulator = start("").await;
    let channel = channel(&simulator, simulator.identity_file()).await;
    let unknown = authorities(&channel, "lamp", false).await;
    assert_refused(
        unknown,
        Code::InvalidArgument,
        "\"lamp\" authority type is not supported",
    );
    let other = authority(&channel, "host", "other.example", false).await;
    assert_refused(
        other,
        Code::NotFound,
        "key \"/authorities/host/other.example\" is not found",
    );
}

#[tokio::test]
async fn private_keys_are_for_those_who_may_read_them_and_people_need_mfa_for_them() {
    let simulator = start("mfa_for_admin_actions = true").await;
    let refused = |result| {
        let text = "\"read\" on \"cert_authority\"";
        assert_refused::<CertAuthorityV2>(result, Code::PermissionDenied, text);
    };
    let bot = channel(&simulator, simulator.identity_file()).await;
    refused(authorities(&bot, "user", true).await);
    refused(authority(&bot, "user", "parent.localhost", true).await);

    let reader = |user: &str| {
        let identity = Identity::default().user(user);
        let identity = identity.rights("cert_authority", [Verb::Read]);
        let name = format!("reader-{user}");
        simulator.add_identity(&name, &identity).unwrap()
    };
    let bot = channel(&simulator, &reader("bot-reader")).await;
    assert!(has_private(&keys(
        &authorities(&bot, "user", true).await.unwrap()
    )));
    let one = authority(&bot, "host", "parent.localhost", true).await;
    assert!(has_private(&keys(&one.unwrap())));

    let human = channel(&simulator, &reader("bob")).await;
    assert!(authorities(&human, "user", false).await.is_ok());
    let refused = authorities(&human, "user", true).await;
    assert_refused(refused, Code::PermissionDenied, "MFA");
}

#[tokio::test]
async fn a_role_can_deny_what_everybody_may() {
    let simulator = start("").await;
    let file = simulator.data_dir().join("identity-no-rights");
    let channel = channel(&simulator, &file).await;
    let list = || PresenceServiceClient::new(channel.clone());
    let request = || ListRemoteClustersRequest::default();
    let answer = list().list_remote_clusters(request()).await.unwrap();
    assert!(answer.into_inner().remote_clusters.is_empty());

    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let mut role = with_rights("identity-no-rights", [("*", words(&["*"]))]);
    let spec = role.spec.as_mut().unwrap();
    spec.deny = spec.allow.take();
    let store = simulator.control.tenant().store();
    store.put(&crate::rules::ROLE, &role).unwrap();
    let denied = list().list_remote_clusters(request()).await;
    let text = "\"list\" on \"remote_cluster\"";
    assert_refused(denied, Code::PermissionDenied, text);
    let denied = authorities(&channel, "host", false).await;
    let text = "\"readnosecrets\" on \"cert_authority\"";
    assert_refused(denied, Code::PermissionDenied, text);
}

#[tokio::test]
async fn only_people_are_asked_for_a_second_factor() {
    let simulator = start("mfa_for_admin_actions = true").await;
    let human = simulator.data_dir().join("identity-human");
    for (file, required) in [
        (simulator.identity_file(), MfaRequired::No),
        (&human, MfaRequired::Yes),
    ] {
        let mut auth = AuthServiceClient::new(channel(&simulator, file).await);
        let check = IsMfaRequiredRequest {
            target: Some(Target::AdminAction(AdminAction {})),
        };
        for (check, required) in [(Some(check), required), (None, MfaRequired::Unspecified)] {
            let request = CreateAuthenticateChallengeRequest {
                mfa_required_check: check,
            };
            let answer = auth.create_authenticate_challenge(request).await.unwrap();
            assert_eq!(answer.into_inner().mfa_required(), required);
        }
    }
    let simulator = start("").await;
    let human = simulator.data_dir().join("identity-human");
    let mut auth = AuthServiceClient::new(channel(&simulator, &human).await);
    let request = CreateAuthenticateChallengeRequest {
        mfa_required_check: Some(IsMfaRequiredRequest {
            target: Some(Target::AdminAction(AdminAction {})),
        }),
    };
    let answer = auth.create_authenticate_challenge(request).await.unwrap();
    assert_eq!(answer.into_inner().mfa_required(), MfaRequired::No);
}

#[tokio::test]
async fn what_a_bot_gets_is_enough_to_reach_its_cluster() {
    let simulator = with_child("").await;
    let key = KeyPair::generate().unwrap();
    let request = UserCertsRequest {
        username: "bot-example-iam".to_owned(),
        expires: Some(prost_types::Timestamp {
            seconds: OffsetDateTime::now_utc().unix_timestamp() + 600,
            nanos: 0,
        }),
        role_requests: vec!["example-iam".to_owned()],
        use_role_requests: true,
        ssh_public_key: ssh::keys::line(&ssh::keys::public(&key)).into_bytes(),
        tls_public_key: key.public_key_pem().into_bytes(),
        ..UserCertsRequest::default()
    };
    let mut bot = bot_itself(&simulator).await;
    let certs = bot.generate_user_certs(request).await.unwrap().into_inner();
    let channel = child_channel(&simulator).await;
    let mut trust = TrustServiceClient::new(channel);
    let authorities = trust.get_cert_authorities(GetCertAuthoritiesRequest {
        r#type: "host".to_owned(),
        include_key: false,
    });
    let authorities = authorities.await.unwrap().into_inner().cert_authorities_v2;
    let spec = authorities[0].spec.as_ref().unwrap();
    let trusted = spec.active_keys.as_ref().unwrap();
    let host_key = String::from_utf8(trusted.ssh[0].public_key.clone()).unwrap();
    let certificate = Certificate::from_openssh(std::str::from_utf8(&certs.ssh).unwrap());
    let certificate = certificate.unwrap();
    let login = Login {
        name: certificate.valid_principals()[0].clone(),
        certificate: certificate.to_bytes().unwrap(),
        known_hosts: format!("@cert-authority *.localhost {host_key}"),
        key,
    };
    let mut client = Stranger::connect(&simulator, "a.localhost", &login)
        .await
        .unwrap();
    assert!(client.log_in(&login).await);

    let identity = dial::Identity {
        key: PrivatePkcs8KeyDer::from(login.key.serialize_der()).into(),
        certificates: [&certs.tls, &trusted.tls[0].cert]
            .map(|pem| CertificateDer::from_pem_slice(pem).unwrap())
            .to_vec(),
    };
    let transport = client
        .dial("teleport-transport-dial", "@remote-auth-server")
        .await
        .unwrap();
    let mut auth = AuthServiceClient::new(transport.calls(&identity).await);
    let pong = auth.ping(PingRequest {}).await.unwrap().into_inner();
    assert_eq!(pong.cluster_name, "a.localhost");
}

/// Makes a call of which nothing is known but the path.
async fn call(channel: Channel, path: &'static str) -> Status {
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let (path, empty) = (
        PathAndQuery::from_static(path),
        tonic::Request::new(Vec::new()),
    );
    let called = grpc.unary(empty, path, Raw).await;
    called.map(drop).unwrap_err()
}

#[tokio::test]
async fn a_call_that_is_not_implemented_is_named() {
    let simulator = start("").await;
    let bot = channel(&simulator, simulator.identity_file()).await;
    for path in [
        "/teleport.machineid.v1.BotInstanceService/SubmitHeartbeat",
        "/teleport.trust.v1.TrustService/RotateCertAuthority",
        "/proto.AuthService/GetClusterAlerts",
    ] {
        let status = call(bot.clone(), path).await;
        assert_eq!(status.code(), Code::Unimplemented);
        let text = format!("the simulator does not implement {path}");
        assert_eq!(status.message(), text);
    }
    let roots = children::web_roots(&simulator);
    let host = "parent.localhost";
    let stranger = join_channel(simulator.addresses.proxy, host, &roots).await;
    let status = call(stranger.unwrap(), "/proto.AuthService/Ping").await;
    assert_eq!(status.code(), Code::Unimplemented);
    let text = "the simulator does not implement /proto.AuthService/Ping for callers without a certificate";
    assert_eq!(status.message(), text);
}
