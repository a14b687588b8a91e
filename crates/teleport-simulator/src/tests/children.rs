//! The clusters behind workload clusters: coming, joining, going.

use rustls::pki_types::{CertificateDer, pem::PemObject};
use teleport_proto::{
    auth::{GetRoleRequest, PingRequest, auth_service_client::AuthServiceClient},
    teleport::users::v1::{GetUserRequest, users_service_client::UsersServiceClient},
};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{
    dial::{auth_protocols, channel, dialled, join_channel, tls},
    join_client::{JoinClient, impersonate},
    *,
};

pub(super) fn aws() -> AwsIdentity {
    AwsIdentity {
        access_key_id: "AKIAEXAMPLE".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
        account: "123456789012".to_owned(),
        arn: "arn:aws:sts::123456789012:assumed-role/terraform/run-1".to_owned(),
        expired: false,
    }
}

/// A simulator with the active workload cluster `a`, which [`aws`] may join.
pub(super) async fn with_child(scenario: &str) -> Simulator {
    let simulator = start(&format!("{scenario}\n{CHILD}")).await;
    simulator.put_aws_identity(aws()).unwrap();
    simulator
}

const CHILD: &str = r#"
[[clusters]]
name = "a"

[clusters.spec]
regions = [{ name = "us-west-2" }]
bot = { name = "example-iam" }

[clusters.spec.token]
join_method = "iam"
allow = [{ aws_account = "123456789012", aws_arn = "arn:aws:sts::123456789012:assumed-role/terraform/*" }]
"#;

pub(super) fn web_roots(simulator: &Simulator) -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from_pem_file(simulator.ca_file()).unwrap()]
}

pub(super) async fn join_endpoint(
    simulator: &Simulator,
    host: &str,
) -> Result<Channel, tonic::transport::Error> {
    join_channel(simulator.addresses.proxy, host, &web_roots(simulator)).await
}

async fn child(simulator: &Simulator, identity: &dial::Identity) -> Channel {
    let alpn = auth_protocols("a.localhost");
    channel(simulator.addresses.proxy, identity, &alpn).await
}

/// The calls of the bot itself, by the newer join service.
pub(super) async fn bot_itself(simulator: &Simulator) -> AuthServiceClient<Channel> {
    let client = JoinClient::new(&aws(), "example-iam");
    let join_endpoint = join_endpoint(simulator, "a.localhost").await.unwrap();
    let bot = client.join(join_endpoint).await.unwrap();
    AuthServiceClient::new(child(simulator, &bot).await)
}

/// The identity with the bot's rights.
pub(super) async fn joined(simulator: &Simulator) -> dial::Identity {
    let mut client = bot_itself(simulator).await;
    let made = impersonate(&mut client, "bot-example-iam", &["example-iam"], 600).await;
    made.unwrap()
}

/// A channel to the child with the bot's rights.
pub(super) async fn child_channel(simulator: &Simulator) -> Channel {
    let identity = joined(simulator).await;
    child(simulator, &identity).await
}

fn life(identity: &dial::Identity) -> i64 {
    let (_, parsed) = X509Certificate::from_der(identity.certificate()).unwrap();
    parsed.validity().not_after.timestamp() - OffsetDateTime::now_utc().unix_timestamp()
}

#[tokio::test]
async fn a_bot_joins_by_either_service_and_takes_its_role() {
    let simulator = with_child("").await;
    let client = JoinClient::new(&aws(), "example-iam");
    for legacy in [false, true] {
        let join_endpoint = join_endpoint(&simulator, "a.localhost").await.unwrap();
        let bot = match legacy {
            false => client.join(join_endpoint).await.unwrap(),
            true => client.join_legacy(join_endpoint).await.unwrap(),
        };
        assert!((3500..=3600).contains(&life(&bot)), "{}", life(&bot));
        let mut client = AuthServiceClient::new(child(&simulator, &bot).await);
        let pong = client.ping(PingRequest {}).await.unwrap().into_inner();
        assert_eq!(pong.cluster_name, "a.localhost");
        assert_eq!(pong.signature_algorithm_suite, 2);
        let own = GetRoleRequest {
            name: "bot-example-iam".to_owned(),
        };
        let role = client.get_role(own).await.unwrap().into_inner();
        let allow = role.spec.unwrap().allow.unwrap();
        assert_eq!(allow.impersonate.unwrap().roles, ["example-iam"]);
        let other = GetRoleRequest {
            name: "example-iam".to_owned(),
        };
        let refused = client.get_role(other.clone()).await;
        assert_refused(refused, Code::PermissionDenied, "\"read\" on \"role\"");

        let made = impersonate(&mut client, "bot-example-iam", &["example-iam"], 600).await;
        let made = made.unwrap();
        assert!((590..=600).contains(&life(&made)), "{}", life(&made));
        let mut client = AuthServiceClient::new(child(&simulator, &made).await);
        assert!(client.get_role(other).await.is_ok());
        let again = impersonate(&mut client, "bot-example-iam", &["example-iam"], 600).await;
        assert_refused(again.map(drop), Code::PermissionDenied, "reissue");
    }
    let joins: Vec<Call> = simulator.calls();
    let joins: Vec<_> = joins.iter().filter(|call| call.caller.is_empty()).collect();
    assert_eq!(joins.len(), 2);
    for (call, rpc) in joins.iter().zip(["Join", "RegisterUsingIAMMethod"]) {
        assert_eq!((call.cluster.as_str(), call.rpc.as_str()), ("a", rpc));
        assert_eq!(call.name.as_deref(), Some("example-iam"));
        assert_eq!(call.code, Some(Code::Ok));
    }
}

#[tokio::test]
async fn what_a_client_may_not_do_is_refused_by_both_services() {
    let simulator = with_child("").await;
    let good = JoinClient::new(&aws(), "example-iam");
    let stranger = AwsIdentity {
        access_key_id: "AKIAOTHER".to_owned(),
        arn: "arn:aws:sts::123456789012:assumed-role/other/run-1".to_owned(),
        ..aws()
    };
    simulator.put_aws_identity(stranger.clone()).unwrap();
    let elsewhere = AwsIdentity {
        access_key_id: "AKIAELSEWHERE".to_owned(),
        account: "210987654321".to_owned(),
        ..aws()
    };
    simulator.put_aws_identity(elsewhere.clone()).unwrap();
    let expired = AwsIdentity {
        access_key_id: "AKIAEXPIRED".to_owned(),
        expired: true,
        ..aws()
    };
    simulator.put_aws_identity(expired.clone()).unwrap();
    let unknown = AwsIdentity {
        access_key_id: "AKIAUNKNOWN".to_owned(),
        ..aws()
    };
    let with = |aws: &AwsIdentity| JoinClient::new(aws, "example-iam");
    let denied = Code::PermissionDenied;
    let cases = [
        (with(&stranger), denied, "did not match any allow rules"),
        (with(&elsewhere), denied, "did not match any allow rules"),
        (with(&expired), denied, "ExpiredToken"),
        (with(&unknown), denied, "InvalidClientTokenId"),
        (
            JoinClient::new(&aws(), "other"),
            denied,
            "token expired or not found",
        ),
        (
            JoinClient {
                role: "Node".to_owned(),
                ..good.clone()
            },
            Code::InvalidArgument,
            "Node",
        ),
        (
            JoinClient {
                time: OffsetDateTime::now_utc() - time::Duration::minutes(16),
                ..good.clone()
            },
            denied,
            "Signature expired",
        ),
        (
            JoinClient {
                life: Some(-5),
                ..good.clone()
            },
            Code::InvalidArgument,
            "future",
        ),
    ];
    for (client, code, text) in cases {
        let channel = join_endpoint(&simulator, "a.localhost").await.unwrap();
        assert_refused(client.join(channel.clone()).await.map(drop), code, text);
        assert_refused(client.join_legacy(channel).await.map(drop), code, text);
    }
    let method = JoinClient {
        method: Some("token".to_owned()),
        ..good
    };
    let channel = join_endpoint(&simulator, "a.localhost").await.unwrap();
    let refused = method.join(channel).await;
    assert_refused(refused.map(drop), Code::InvalidArgument, "\"token\"");
    assert!(
        simulator
            .calls()
            .iter()
            .all(|call| call.code != Some(Code::Ok))
    );
}

#[tokio::test]
async fn a_joined_bot_takes_no_role_but_its_own() {
    let simulator = with_child("").await;
    let client = JoinClient::new(&aws(), "example-iam");
    let join_endpoint = join_endpoint(&simulator, "a.localhost").await.unwrap();
    let bot = client.join(join_endpoint).await.unwrap();
    let mut client = AuthServiceClient::new(child(&simulator, &bot).await);
    let name = "bot-example-iam";
    let none = impersonate(&mut client, name, &[], 60).await;
    assert_refused(
        none.map(drop),
        Code::InvalidArgument,
        "at least one role request",
    );
    let more = impersonate(&mut client, name, &["example-iam", "editor"], 60).await;
    assert_refused(more.map(drop), Code::PermissionDenied, "editor");
    let other = impersonate(&mut client, "alice", &["example-iam"], 60).await;
    assert_refused(other.map(drop), Code::PermissionDenied, "other users");
}

#[tokio::test]
async fn certificates_end_when_they_say() {
    let simulator = with_child("certificate_life = '2s'").await;
    let client = JoinClient {
        life: Some(3600),
        ..JoinClient::new(&aws(), "example-iam")
    };
    let join_endpoint = join_endpoint(&simulator, "a.localhost").await.unwrap();
    let bot = client.join(join_endpoint).await.unwrap();
    assert!(life(&bot) <= 2);
    let channel = child(&simulator, &bot).await;
    let mut client = AuthServiceClient::new(channel);
    assert!(client.ping(PingRequest {}).await.is_ok());
    let refused = loop {
        match client.ping(PingRequest {}).await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Err(status) => break status,
        }
    };
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("expired"), "{refused}");
    let alpn = auth_protocols("a.localhost");
    let address = simulator.addresses.proxy;
    let name = "teleport.cluster.local";
    let again = dialled(address, name, bot.config(), &alpn).await;
    let again = match again {
        Ok(channel) => AuthServiceClient::new(channel)
            .ping(PingRequest {})
            .await
            .is_ok(),
        Err(_) => false,
    };
    assert!(!again);
}

#[tokio::test]
async fn a_child_starts_when_its_cluster_is_active_and_ends_with_it() {
    let simulator = start("active_after_reads = 1").await;
    let mut bot = bot(&simulator).await;
    bot.create_workload_cluster(create("a")).await.unwrap();
    assert!(join_endpoint(&simulator, "a.localhost").await.is_err());
    for expected in ["creating", "active"] {
        assert!(simulator.users("a").is_err());
        let answer = bot.get_workload_cluster(read("a")).await.unwrap();
        assert_eq!(state(answer.get_ref()), expected);
    }
    assert!(join_endpoint(&simulator, "a.localhost").await.is_ok());
    let path = simulator.add_child_identity("a", "alice", &Identity::default());
    let identity = dial::Identity::read(&path.unwrap());
    let mut client = AuthServiceClient::new(child(&simulator, &identity).await);
    assert!(client.ping(PingRequest {}).await.is_ok());
    bot.delete_workload_cluster(delete("a")).await.unwrap();
    assert!(client.ping(PingRequest {}).await.is_err());
    assert!(join_endpoint(&simulator, "a.localhost").await.is_err());
}

#[tokio::test]
async fn a_cluster_that_goes_behind_the_apis_back_takes_its_child_along() {
    let simulator = with_child("").await;
    let mut client = AuthServiceClient::new(child_channel(&simulator).await);
    assert!(client.ping(PingRequest {}).await.is_ok());
    simulator.set_state("a", "suspended").unwrap();
    assert!(client.ping(PingRequest {}).await.is_err());
    assert!(join_endpoint(&simulator, "a.localhost").await.is_err());
    simulator.set_state("a", "active").unwrap();
    let users = simulator.users("a").unwrap();
    let mut client = AuthServiceClient::new(child_channel(&simulator).await);
    assert!(client.ping(PingRequest {}).await.is_ok());
    assert!(simulator.delete_cluster("a"));
    assert!(client.ping(PingRequest {}).await.is_err());
    assert!(simulator.users("a").is_err());
    assert!(users.iter().any(|user| user.name == "bot-example-iam"));
}

#[tokio::test]
async fn a_cluster_of_the_same_name_is_another_cluster() {
    let simulator = with_child("").await;
    let old = joined(&simulator).await;
    assert!(simulator.delete_cluster("a"));
    let spec = ClusterChange {
        spec: Some(Spec {
            regions: vec![Region {
                name: "us-west-2".to_owned(),
            }],
            ..Spec::default()
        }),
        state: Some("active".to_owned()),
        ..ClusterChange::default()
    };
    simulator.change_cluster("a", spec).unwrap();
    assert!(simulator.join_tokens("a").unwrap().is_empty());
    let alpn = auth_protocols("a.localhost");
    let address = simulator.addresses.proxy;
    let dialled = dialled(address, "teleport.cluster.local", old.config(), &alpn).await;
    assert!(dialled.is_err());
}

#[tokio::test]
async fn the_bot_has_the_rights_of_the_guide_and_no_more() {
    let simulator = with_child("").await;
    let roles = simulator.roles("a").unwrap();
    let role = roles
        .iter()
        .find(|role| role.name == "example-iam")
        .unwrap();
    let verbs = ["create", "read", "list", "update"].map(str::to_owned);
    let right = |resource: &str| Right {
        resources: vec![resource.to_owned()],
        verbs: verbs.to_vec(),
    };
    assert_eq!(role.rules, [right("user"), right("role")]);
    let tokens = simulator.join_tokens("a").unwrap();
    assert_eq!(
        (tokens[0].name.as_str(), tokens[0].bot.as_str()),
        ("example-iam", "example-iam")
    );
    let mut users = UsersServiceClient::new(child_channel(&simulator).await);
    let own = GetUserRequest {
        current_user: true,
        ..GetUserRequest::default()
    };
    let own = users
        .get_user(own)
        .await
        .unwrap()
        .into_inner()
        .user
        .unwrap();
    let metadata = own.metadata.unwrap();
    assert_eq!(metadata.name, "bot-example-iam");
    assert_eq!(metadata.labels["teleport.internal/bot"], "example-iam");
}

#[tokio::test]
async fn identities_of_parent_and_child_are_not_accepted_by_each_other() {
    let simulator = with_child("").await;
    let parent = dial::Identity::read(simulator.identity_file());
    let alpn = auth_protocols("a.localhost");
    let name = "teleport.cluster.local";
    let address = simulator.addresses.proxy;
    assert!(
        dialled(address, name, parent.config(), &alpn)
            .await
            .is_err()
    );
    let join_endpoint = join_endpoint(&simulator, "parent.localhost").await.unwrap();
    let refused = JoinClient::new(&aws(), "example-iam")
        .join(join_endpoint)
        .await;
    assert_refused(refused.map(drop), Code::PermissionDenied, "not found");
}

#[tokio::test]
async fn the_parent_can_be_joined_with_a_token_of_its_own_and_on_its_auth_port() {
    let token = "[[tokens]]\nname = 'ci'\nbot = 'ci'\nallow = [{ aws_account = '123456789012' }]";
    let simulator = start(token).await;
    simulator.put_aws_identity(aws()).unwrap();
    let editor = RoleChange {
        rules: Some(vec![Right {
            resources: vec!["workload_cluster".to_owned()],
            verbs: vec!["read".to_owned()],
        }]),
        ..RoleChange::default()
    };
    simulator.change_role("parent", "ci", editor).unwrap();
    let own = dial::Identity::read(simulator.identity_file());
    let h2 = ["h2".to_owned()];
    let config = dial::anonymous(own.roots());
    let name = "teleport.cluster.local";
    let auth = dialled(simulator.addresses.auth, name, config, &h2).await;
    let bot = JoinClient::new(&aws(), "ci")
        .join(auth.unwrap())
        .await
        .unwrap();
    let alpn = auth_protocols("parent.localhost");
    let address = simulator.addresses.proxy;
    let mut client = AuthServiceClient::new(channel(address, &bot, &alpn).await);
    let made = impersonate(&mut client, "bot-ci", &["ci"], 60)
        .await
        .unwrap();
    let channel = channel(address, &made, &alpn).await;
    let mut clusters = WorkloadClusterServiceClient::new(channel);
    let missing = clusters.get_workload_cluster(read("x")).await;
    assert_refused(missing, Code::NotFound, "x");
}

#[tokio::test]
async fn those_without_certificate_can_join_and_nothing_else() {
    let simulator = with_child("").await;
    let own = dial::Identity::read(simulator.identity_file());
    let config = dial::anonymous(own.roots());
    let name = "teleport.cluster.local";
    let auth = dialled(simulator.addresses.auth, name, config, &["h2".to_owned()]).await;
    let mut clusters = WorkloadClusterServiceClient::new(auth.unwrap());
    let refused = clusters.get_workload_cluster(read("a")).await;
    assert_refused(refused, Code::PermissionDenied, "access denied");
    let join_endpoint = join_endpoint(&simulator, "a.localhost").await.unwrap();
    let unknown = AuthServiceClient::new(join_endpoint)
        .ping(PingRequest {})
        .await;
    assert_refused(unknown, Code::Unimplemented, "");
}

#[tokio::test]
async fn the_web_api_answers_for_the_cluster_that_is_asked() {
    let simulator = with_child("").await;
    for (sni, host, name) in [
        ("a.localhost", "a.localhost:1", "a.localhost"),
        ("a.localhost", "x", "a.localhost"),
        ("parent.localhost", "parent.localhost", "parent.localhost"),
        ("localhost", "a.localhost", "a.localhost"),
    ] {
        let config = dial::anonymous(&web_roots(&simulator));
        let alpn = ["http/1.1".to_owned()];
        let stream = tls(simulator.addresses.proxy, sni, config, &alpn).await;
        let mut stream = stream.unwrap();
        let request =
            format!("GET /webapi/find HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The server may end without a close_notify.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let expected = format!("\"cluster_name\":\"{name}\"");
        assert!(answer.contains(&expected), "{sni} {host}: {answer}");
    }
    assert!(
        join_endpoint(&simulator, "unknown.localhost")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn joins_are_refused_and_names_lead_nowhere_as_often_as_faults_say() {
    let simulator = with_child("").await;
    let unreachable = Fault::unreachable().cluster("a").times(2);
    simulator.add_fault(unreachable).unwrap();
    assert!(join_endpoint(&simulator, "parent.localhost").await.is_ok());
    for _ in 0..2 {
        assert!(join_endpoint(&simulator, "a.localhost").await.is_err());
    }
    let channel = join_endpoint(&simulator, "a.localhost").await.unwrap();
    let refused = Fault::join_refused().cluster("a").times(2);
    simulator.add_fault(refused).unwrap();
    simulator
        .add_fault(Fault::join_refused().cluster("b"))
        .unwrap();
    let client = JoinClient::new(&aws(), "example-iam");
    let text = "token expired or not found";
    let refused = client.join(channel.clone()).await;
    assert_refused(refused.map(drop), Code::PermissionDenied, text);
    let refused = client.join_legacy(channel.clone()).await;
    assert_refused(refused.map(drop), Code::PermissionDenied, text);
    assert!(client.join(channel).await.is_ok());
    assert_eq!(simulator.faults().len(), 1);
}
