//! Join tokens, bots, the auth preference and the control API's objects: what the recordings do not have.

use std::time::Duration;

use serde_json::json;
use teleport_proto::{
    auth::{
        CreateRoleRequest, CreateTokenV2Request, GetRoleRequest,
        auth_service_client::AuthServiceClient, create_token_v2_request::Token as NewToken,
    },
    teleport::{
        clusterconfig::v1::{
            GetAuthPreferenceRequest, ResetAuthPreferenceRequest,
            cluster_config_service_client::ClusterConfigServiceClient,
        },
        machineid::v1::{
            Bot as WireBot, CreateBotRequest, DeleteBotRequest, GetBotRequest, ListBotsRequest,
            UpdateBotRequest, bot_service_client::BotServiceClient,
        },
    },
    types::{ProvisionTokenV2, ResourceRequest},
};

use super::{
    children::{aws, child_channel, join_endpoint, with_child},
    dial::{auth_protocols, channel},
    join_client::JoinClient,
    *,
};
use crate::rules::{bot::with_roles, role::with_rights};

/// A channel to the parent with every right.
async fn parent(simulator: &Simulator) -> Channel {
    let identity = dial::Identity::read(simulator.identity_file());
    let alpn = auth_protocols("parent.localhost");
    channel(simulator.addresses.proxy, &identity, &alpn).await
}

fn ci(roles: &[&str]) -> WireBot {
    let roles: Vec<String> = roles.iter().map(|&role| role.to_owned()).collect();
    with_roles("ci", &roles)
}

fn create_bot(bot: WireBot) -> CreateBotRequest {
    CreateBotRequest { bot: Some(bot) }
}

fn get_bot() -> GetBotRequest {
    GetBotRequest {
        bot_name: "ci".to_owned(),
    }
}

fn create_token(token: JoinToken) -> CreateTokenV2Request {
    CreateTokenV2Request {
        token: Some(NewToken::V2(ProvisionTokenV2::from(token))),
    }
}

fn named(name: &str) -> ResourceRequest {
    ResourceRequest {
        name: name.to_owned(),
    }
}

#[tokio::test]
async fn a_create_that_meets_a_role_leaves_half_a_bot() {
    let simulator = start("").await;
    let channel = parent(&simulator).await;
    let mut bots = BotServiceClient::new(channel.clone());
    let mut auth = AuthServiceClient::new(channel);
    let role = with_rights("bot-ci", []);
    let role = CreateRoleRequest { role: Some(role) };
    auth.create_role(role).await.unwrap();

    let half = bots.create_bot(create_bot(ci(&["access"]))).await;
    assert_refused(half, Code::AlreadyExists, "creating bot role");
    let again = bots.create_bot(create_bot(ci(&["access"]))).await;
    let text = "creating bot user\n\tuser \"bot-ci\" already registered";
    assert_refused(again, Code::AlreadyExists, text);
    let found = bots.get_bot(get_bot()).await.unwrap().into_inner();
    assert!(found.spec.unwrap().roles.is_empty());

    let delete = DeleteBotRequest {
        bot_name: "ci".to_owned(),
    };
    let refused = bots.delete_bot(delete).await;
    assert_refused(refused, Code::Unknown, "consider manually deleting role");
    let gone = bots.get_bot(get_bot()).await;
    assert_refused(gone, Code::NotFound, "user \"bot-ci\" not found");
    let role = GetRoleRequest {
        name: "bot-ci".to_owned(),
    };
    assert!(auth.get_role(role).await.is_ok());
}

#[tokio::test]
async fn pages_of_bots_are_pages_of_users() {
    let simulator = start("").await;
    let mut bots = BotServiceClient::new(parent(&simulator).await);
    bots.create_bot(create_bot(ci(&["access"]))).await.unwrap();
    let (mut sizes, mut names, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let request = ListBotsRequest {
            page_size: 1,
            page_token: token,
        };
        let page = bots.list_bots(request).await.unwrap().into_inner();
        sizes.push(page.bots.len());
        names.extend(page.bots.into_iter().map(|bot| bot.metadata.unwrap().name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert!(names.contains(&"ci".to_owned()), "{names:?}");
    // The first user, alice, is a person.
    assert_eq!(sizes.first(), Some(&0));
}

#[tokio::test]
async fn an_update_of_a_bot_that_is_not_there_finds_none() {
    let simulator = start("").await;
    let mut bots = BotServiceClient::new(parent(&simulator).await);
    let request = UpdateBotRequest {
        bot: Some(ci(&["access"])),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["spec.roles".to_owned()],
        }),
    };
    let missing = bots.update_bot(request).await;
    assert_refused(missing, Code::NotFound, "\"bot-ci\" not found");
}

#[tokio::test]
async fn a_token_of_the_api_lets_its_bot_join_until_it_is_deleted() {
    let simulator = with_child("").await;
    let channel = parent(&simulator).await;
    let mut bots = BotServiceClient::new(channel.clone());
    let mut auth = AuthServiceClient::new(channel);
    bots.create_bot(create_bot(ci(&["access"]))).await.unwrap();
    let token = JoinToken {
        name: "ci-token".to_owned(),
        bot: "ci".to_owned(),
        allow: vec![Allow {
            aws_account: aws().account,
            ..Allow::default()
        }],
    };
    auth.create_token_v2(create_token(token)).await.unwrap();
    let listed = auth.get_tokens(()).await.unwrap().into_inner();
    assert_eq!(listed.provision_tokens.len(), 1);
    let client = JoinClient::new(&aws(), "ci-token");
    let join = || async {
        client
            .join(join_endpoint(&simulator, "parent.localhost").await.unwrap())
            .await
    };
    assert!(join().await.is_ok());
    auth.delete_token(named("ci-token")).await.unwrap();
    let refused = join().await.map(drop);
    assert_refused(refused, Code::PermissionDenied, "expired or not found");
}

#[tokio::test]
async fn the_bot_of_a_child_may_touch_neither_tokens_nor_bots_and_only_read_the_preference() {
    let simulator = with_child("").await;
    let channel = child_channel(&simulator).await;
    let token = AuthServiceClient::new(channel.clone())
        .get_token(named("example-iam"))
        .await;
    assert_refused(token, Code::PermissionDenied, "\"read\" on \"token\"");
    let bot = BotServiceClient::new(channel.clone())
        .create_bot(create_bot(ci(&[])))
        .await;
    assert_refused(bot, Code::PermissionDenied, "\"create\" on \"bot\"");
    let mut preferences = ClusterConfigServiceClient::new(channel);
    let preference = preferences.get_auth_preference(GetAuthPreferenceRequest {});
    assert!(preference.await.is_ok());
    let reset = preferences.reset_auth_preference(ResetAuthPreferenceRequest {});
    let text = "\"update\" on \"cluster_auth_preference\"";
    assert_refused(reset.await, Code::PermissionDenied, text);
}

#[tokio::test]
async fn somebody_else_changes_objects_of_every_kind() {
    let simulator = start("").await;
    let bot = json!({"metadata": {"name": "ci"}, "spec": {"roles": ["access"]}});
    let stored = simulator.put_object("parent", "bot", &bot).unwrap();
    assert_eq!(stored["status"]["user_name"], "bot-ci");
    let token = json!({"Metadata": {"Name": "t"}, "Spec": {"Roles": ["node"]}});
    let stored = simulator.put_object("parent", "token", &token).unwrap();
    assert_eq!(stored["Spec"]["Roles"][0], "Node");
    let preference = json!({"Spec": {"SecondFactor": "otp", "MessageOfTheDay": "hello"}});
    let kind = "cluster_auth_preference";
    simulator.put_object("parent", kind, &preference).unwrap();
    let motd = |simulator: &Simulator| {
        let found = simulator.object("parent", kind, "cluster-auth-preference");
        found.unwrap().unwrap()["Spec"]["MessageOfTheDay"].clone()
    };
    assert_eq!(motd(&simulator), "hello");
    assert!(simulator.delete_object("parent", kind, "").unwrap());
    assert!(motd(&simulator).is_null());

    for (kind, name) in [("bot", "ci"), ("token", "t"), ("role", "access")] {
        let object = simulator.object("parent", kind, name).unwrap();
        assert!(object.is_some(), "{kind}");
        assert!(!simulator.objects("parent", kind).unwrap().is_empty());
        assert!(simulator.delete_object("parent", kind, name).unwrap());
        assert!(!simulator.delete_object("parent", kind, name).unwrap());
        assert_eq!(simulator.object("parent", kind, name).unwrap(), None);
    }
    let wrong = json!({"Spec": {"Nothing": 1}});
    assert!(simulator.put_object("parent", "token", &wrong).is_err());
    assert!(simulator.objects("parent", "lamp").is_err());
}

#[tokio::test]
async fn reads_lag_behind_as_long_as_the_lag_is_set() {
    let simulator = start("read_lag = '1h'").await;
    let mut bots = BotServiceClient::new(parent(&simulator).await);
    bots.create_bot(create_bot(ci(&["access"]))).await.unwrap();
    let unseen = bots.get_bot(get_bot()).await;
    assert_refused(unseen, Code::NotFound, "not found");
    assert!(simulator.object("parent", "bot", "ci").unwrap().is_some());
    assert_eq!(simulator.read_lag(), Duration::from_secs(3_600));
    simulator.set_read_lag(Duration::ZERO);
    assert!(bots.get_bot(get_bot()).await.is_ok());
}

#[tokio::test]
async fn what_is_changed_from_outside_is_read_at_once() {
    let simulator = start("read_lag = '1h'").await;
    let mut bots = BotServiceClient::new(parent(&simulator).await);
    let object = json!({"metadata": {"name": "ci"}, "spec": {"roles": ["access"]}});
    simulator.put_object("parent", "bot", &object).unwrap();
    assert!(bots.get_bot(get_bot()).await.is_ok());
    assert!(simulator.delete_object("parent", "bot", "ci").unwrap());
    let gone = bots.get_bot(get_bot()).await;
    assert_refused(gone, Code::NotFound, "not found");

    // Also where the cache still shows something earlier.
    bots.create_bot(create_bot(ci(&["access"]))).await.unwrap();
    simulator.put_object("parent", "bot", &object).unwrap();
    assert!(bots.get_bot(get_bot()).await.is_ok());
}

#[tokio::test]
async fn only_teleport_cloud_has_workload_clusters() {
    for edition in ["oss", "enterprise"] {
        let simulator = start(&format!("edition = '{edition}'")).await;
        let refused = bot(&simulator).await.get_workload_cluster(read("a")).await;
        let text = "only available for Teleport Cloud users";
        assert_refused(refused, Code::PermissionDenied, text);
    }
}
