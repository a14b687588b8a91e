use prost::Message;
use teleport_proto::teleport::{
    header::v1::Metadata,
    workloadcluster::v1::{
        Allow, Bot, ListWorkloadClustersResponse, Token, WorkloadCluster, WorkloadClusterSpec,
        WorkloadClusterStatus,
    },
};
use tonic::{Code, Status};

use super::*;
use crate::{
    Cause, Error, ErrorKind, NearAddress, Part, RefusalReason,
    call::clock::{Clock, Manual},
    dial::roots::Roots,
    join::testing::{Cluster as Child, TOKEN, aws},
    testing::{Answer, Cluster as Parent},
};

/// A parent that knows the bot of a child, and a client of it.
async fn parent_of(child: &Child, bot: &'static str) -> (Parent, Client) {
    let domain = child.address().to_string();
    let parent = Parent::auth(move |path, _| match path {
        "/proto.AuthService/Ping" => Answer::Message(Vec::new()),
        _ => Answer::Message(described(&domain, bot).encode_to_vec()),
    })
    .await;
    let mut config = parent.config();
    config.dial.roots = Roots::Given(child.web_roots());
    config.dial.aws = aws();
    config.dial.clock = Clock::Manual(Manual::new());
    (parent, Client::new(config))
}

fn described(domain: &str, bot: &str) -> WorkloadCluster {
    WorkloadCluster {
        metadata: Some(Metadata {
            name: "child".to_owned(),
            ..Metadata::default()
        }),
        spec: Some(WorkloadClusterSpec {
            bot: Some(Bot {
                name: bot.to_owned(),
            }),
            token: Some(Token {
                join_method: "iam".to_owned(),
                allow: vec![Allow {
                    aws_account: "444455556666".to_owned(),
                    aws_arn: "arn:aws:sts::444455556666:assumed-role/ci/*".to_owned(),
                }],
            }),
            ..WorkloadClusterSpec::default()
        }),
        status: Some(WorkloadClusterStatus {
            domain: domain.to_owned(),
            ..WorkloadClusterStatus::default()
        }),
        ..WorkloadCluster::default()
    }
}

fn request(token: Option<&str>) -> JoinRequest {
    JoinRequest::new(None, token).unwrap()
}

#[tokio::test]
async fn each_cluster_is_joined_once_for_all_callers() {
    let (one, two) = (Child::proxy().await, Child::proxy().await);
    let clusters = [&one, &two].map(|child| described(&child.address().to_string(), TOKEN));
    let parent = Parent::auth(move |path, _| match path.rsplit('/').next().unwrap() {
        "Ping" => Answer::Message(Vec::new()),
        "ListWorkloadClusters" => {
            let clusters = clusters.to_vec();
            let list = ListWorkloadClustersResponse {
                clusters,
                ..ListWorkloadClustersResponse::default()
            };
            Answer::Message(list.encode_to_vec())
        }
        _ => Answer::Status(Code::NotFound, "not found"),
    })
    .await;
    let mut config = parent.config();
    config.dial.aws = aws();
    config.dial.clock = Clock::Manual(Manual::new());
    config.dial.insecure = true;
    let pool = Pool::new(Client::new(config), request(Some(TOKEN)));
    let calls = (0..20).map(|number| {
        let pool = pool.clone();
        let address = if number % 2 == 0 {
            one.address()
        } else {
            two.address()
        };
        async move { pool.client(&address).ping().await }
    });
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!((one.count("Join"), two.count("Join")), (1, 1));
}

#[tokio::test]
async fn without_a_token_the_parent_is_asked_for_the_bot() {
    let child = Child::proxy().await;
    let (parent, client) = parent_of(&child, TOKEN).await;
    let pool = Pool::new(client, request(None));
    let client = pool.client(&child.address());
    assert!(parent.calls().is_empty());
    client.ping().await.unwrap();
    assert_eq!(parent.calls(), ["GetWorkloadCluster"]);
    assert_eq!(child.count("Join"), 1);
}

/// How a patient call on a cluster at an address fails.
async fn error_at(client: Client, token: Option<&str>, address: &Address) -> Error {
    let pool = Pool::new(client, request(token));
    pool.client(address).patient().ping().await.unwrap_err()
}

#[tokio::test]
async fn nothing_is_signed_for_an_address_that_the_parent_does_not_list() {
    let child = Child::proxy().await;
    let domain = child.address().to_string();
    let parent = Parent::auth(move |path, _| match path.rsplit('/').next().unwrap() {
        "Ping" | "ListWorkloadClusters" => Answer::Message(Vec::new()),
        _ => Answer::Message(described(&domain, TOKEN).encode_to_vec()),
    })
    .await;
    let client = Client::new(parent.config());
    let mut config = client.config().clone();
    config.dial.aws = aws();
    let client = Client::new(config);
    let wrong_port = Address::parse("child.localhost:1").unwrap();
    let own = client.config().address().unwrap().clone();
    let domain = NearAddress::Cluster {
        name: "child".to_owned(),
        domain: child.address().to_string(),
    };
    let addresses = [(wrong_port, domain), (own, NearAddress::Parent)];
    let with = |token| {
        addresses
            .clone()
            .map(|(address, near)| (token, address, near))
    };
    for (token, address, near) in with(None).into_iter().chain(with(Some(TOKEN))) {
        let error = error_at(client.clone(), token, &address).await;
        assert_eq!(
            (error.kind(), error.part()),
            (ErrorKind::JoinRefused, Some(Part::Address))
        );
        let text = error.to_string();
        assert!(
            text.contains(&format!("no workload cluster with the domain {address}")),
            "{text}"
        );
        let near = Some(near);
        assert_eq!(error.cause(), Some(Cause::NoWorkloadCluster { near }));
    }
    assert_eq!(child.count("Join"), 0);
}

#[tokio::test]
async fn a_cluster_without_a_bot_is_reported() {
    let child = Child::proxy().await;
    let (_parent, client) = parent_of(&child, "").await;
    let error = error_at(client, None, &child.address()).await;
    assert_eq!(
        (error.kind(), error.part()),
        (ErrorKind::JoinRefused, Some(Part::JoinToken))
    );
    let text = error.to_string();
    assert!(text.contains("has no bot to join as"), "{text}");
    assert_eq!(child.count("Join"), 0);
}

/// The token of a cluster that was just created appears a little later. The parent was not just created.
#[tokio::test]
async fn a_token_that_the_parent_itself_does_not_have_is_not_waited_for() {
    let cluster = Child::proxy().await;
    let refusal = Status::permission_denied("token expired or not found");
    cluster.change(|behaviour| behaviour.refusals = [refusal].into());
    let (_parent, client) = parent_of(&cluster, TOKEN).await;
    let config = client.config().clone().with_address(cluster.address());
    let address = cluster.address();
    let joining = Client::new(config).joining(address, &request(Some(TOKEN)));
    let error = joining.patient().ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JoinRefused);
    let Some(Cause::JoinRefused(refusal)) = error.cause() else {
        panic!("{error}");
    };
    assert!(refusal.at_parent);
    assert_eq!(cluster.count("Join"), 1);
}

#[tokio::test]
async fn a_wrong_identity_is_shown_with_what_the_token_allows() {
    let child = Child::proxy().await;
    let refusal = Status::new(
        Code::PermissionDenied,
        "instance did not match any allow rules",
    );
    child.change(|behaviour| behaviour.refusals = [refusal].into());
    let (_parent, client) = parent_of(&child, TOKEN).await;
    let pool = Pool::new(client, request(Some(TOKEN)));
    let error = pool
        .client(&child.address())
        .patient()
        .ping()
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the caller is account 111122223333"),
        "{error}"
    );
    let Some(Cause::JoinRefused(refusal)) = error.cause() else {
        panic!("{error}");
    };
    assert_eq!(refusal.reason, RefusalReason::NotAllowed);
    let rule = "account 444455556666 with ARN arn:aws:sts::444455556666:assumed-role/ci/*";
    assert_eq!(refusal.rules.as_deref(), Some(rule));
}

#[tokio::test]
async fn the_client_that_was_longest_not_used_makes_room() {
    let child = Child::proxy().await;
    let (_parent, parent) = parent_of(&child, TOKEN).await;
    let pool = Pool::with_capacity(parent, request(None), 2);
    let address = |name: &str| Address::parse(&format!("{name}.example.com")).unwrap();
    let held = |pool: &Pool| {
        let clients = pool.clients.lock().unwrap();
        let mut held: Vec<_> = clients.by_address.keys().map(Address::host).collect();
        held.sort();
        held
    };
    for name in ["a", "b", "a", "c"] {
        pool.client(&address(name));
    }
    assert_eq!(held(&pool), ["a.example.com", "c.example.com"]);
}

#[test]
fn a_request_has_the_method_of_teleport_cloud_unless_it_says_another() {
    assert_eq!(
        JoinRequest::new(None, None),
        JoinRequest::new(Some("iam"), Some(" "))
    );
    let error = JoinRequest::new(Some("token"), None).unwrap_err();
    assert!(
        error.to_string().ends_with("join methods are: iam"),
        "{error}"
    );
}
