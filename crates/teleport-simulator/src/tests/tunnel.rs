//! The way of Teleport's own clients: SSH behind the protocol `teleport-reversetunnel`.

use rcgen::KeyPair;
use teleport_proto::auth::{
    GetRoleRequest, ListRolesRequest, PingRequest, auth_service_client::AuthServiceClient,
};

use super::{
    children::with_child,
    ssh_client::{Login, Stranger},
    *,
};
use crate::{
    rules::role::with_rights,
    ssh::{keys, message},
};

const PARENT_HOST: &str = "parent.localhost";
const DIAL: &str = "teleport-transport-dial";
const AUTH: &str = r#"{"address":"@remote-auth-server","conn_type":"node"}"#;

/// A connection of the identity in `file` that has not logged in.
async fn stranger(simulator: &Simulator, login: &Login) -> Stranger {
    let connected = Stranger::connect(simulator, PARENT_HOST, login).await;
    connected.unwrap()
}

/// A connection of the identity that may do everything.
async fn logged_in(simulator: &Simulator) -> Stranger {
    let login = Login::read(simulator.identity_file());
    let mut client = stranger(simulator, &login).await;
    assert!(client.log_in(&login).await);
    client
}

/// Calls of the identity that may do everything.
async fn calls(simulator: &Simulator) -> AuthServiceClient<Channel> {
    let transport = logged_in(simulator).await.dial(DIAL, AUTH).await.unwrap();
    let identity = dial::Identity::read(simulator.identity_file());
    AuthServiceClient::new(transport.calls(&identity).await)
}

#[tokio::test]
async fn an_identity_file_is_enough_to_reach_the_auth_server() {
    let simulator = start("cluster_name = 'acme.example'").await;
    let mut auth = calls(&simulator).await;
    let pong = auth.ping(PingRequest {}).await.unwrap().into_inner();
    assert_eq!(pong.cluster_name, "acme.example");
    assert!(pong.remote_addr.starts_with("127.0.0.1:"));
    let editor = auth.get_role(GetRoleRequest {
        name: "editor".to_owned(),
    });
    let editor = editor.await.unwrap().into_inner();
    assert_eq!(editor.metadata.unwrap().name, "editor");
    let users: Vec<String> = simulator
        .calls()
        .into_iter()
        .map(|call| call.caller)
        .collect();
    assert_eq!(users, ["bot-terraform", "bot-terraform"]);
}

#[tokio::test]
async fn every_login_that_tools_say_is_accepted_and_no_other() {
    let simulator = start("").await;
    let mut login = Login::read(simulator.identity_file());
    for (name, accepted) in [("-teleport-internal-join", true), ("root", false)] {
        login.name = name.to_owned();
        let mut client = stranger(&simulator, &login).await;
        assert_eq!(client.log_in(&login).await, accepted, "{name}");
    }
}

#[tokio::test]
async fn a_child_has_a_tunnel_of_its_own() {
    let simulator = with_child("").await;
    let file = simulator.add_child_identity("a", "bot-child", &Identity::default());
    let file = file.unwrap();
    let login = Login::read(&file);
    let connected = Stranger::connect(&simulator, "a.localhost", &login).await;
    let mut client = connected.unwrap();
    assert!(client.log_in(&login).await);
    let transport = client.dial(DIAL, "@remote-auth-server").await.unwrap();
    let identity = dial::Identity::read(&file);
    let mut auth = AuthServiceClient::new(transport.calls(&identity).await);
    let pong = auth.ping(PingRequest {}).await.unwrap().into_inner();
    assert_eq!(pong.cluster_name, "a.localhost");

    let parent = Login::read(simulator.identity_file());
    let mut at_parent = stranger(&simulator, &parent).await;
    assert!(
        !at_parent.log_in(&login).await,
        "the parent must not know the child's"
    );
    let trusting = Login {
        known_hosts: login.known_hosts,
        ..parent
    };
    let connected = Stranger::connect(&simulator, "a.localhost", &trusting).await;
    let mut at_child = connected.unwrap();
    assert!(
        !at_child.log_in(&trusting).await,
        "the child must not know the parent's"
    );

    simulator.set_state("a", "suspended").unwrap();
    assert!(at_child.packets.read().await.is_err());
    let again = Stranger::connect(&simulator, "a.localhost", &trusting).await;
    assert!(again.is_err());
}

#[tokio::test]
async fn who_has_no_good_certificate_is_refused() {
    let simulator = start("").await;
    let folder = simulator.data_dir();
    let good = Login::read(simulator.identity_file());
    let mut without = Login::read(simulator.identity_file());
    without.certificate = keys::public(&without.key);
    let mut stolen = Login::read(simulator.identity_file());
    stolen.key = KeyPair::generate().unwrap();
    for (what, login) in [
        ("expired", Login::read(&folder.join("identity-expired"))),
        ("foreign", Login::read(&folder.join("identity-foreign"))),
        ("no certificate", without),
        ("somebody else's key", stolen),
    ] {
        let mut client = stranger(&simulator, &good).await;
        assert!(!client.log_in(&login).await, "{what}");
        assert!(
            client.try_to_log_in(&good).await,
            "a later try must still be possible: {what}"
        );
    }
}

#[tokio::test]
async fn who_tries_too_often_is_disconnected() {
    let simulator = start("").await;
    let good = Login::read(simulator.identity_file());
    let foreign = Login::read(&simulator.data_dir().join("identity-foreign"));
    let mut client = stranger(&simulator, &good).await;
    assert!(!client.log_in(&foreign).await);
    for _ in 0..4 {
        assert!(!client.try_to_log_in(&foreign).await);
    }
    assert!(client.packets.read().await.is_err());
}

#[tokio::test]
async fn a_tunnel_leads_to_the_auth_server_and_nowhere_else() {
    let simulator = start("").await;
    for (request, address) in [
        (DIAL, r#"{"address":"10.0.0.1:22"}"#),
        (DIAL, "@local-node"),
        (DIAL, ""),
        ("exec", AUTH),
    ] {
        let refused = logged_in(&simulator).await.dial(request, address).await;
        let text = refused.map(drop).unwrap_err();
        assert!(text.starts_with("connection rejected: "), "{text}");
    }
    let mut client = logged_in(&simulator).await;
    let session = client.open("session").await.unwrap_err();
    assert!(
        session.starts_with("Cannot open new SSH session"),
        "{session}"
    );
    let other = client.open("direct-tcpip").await.unwrap_err();
    assert!(
        other.contains("unknown channel request direct-tcpip"),
        "{other}"
    );
    assert!(client.dial(DIAL, AUTH).await.is_ok());
}

#[tokio::test]
async fn other_messages_are_answered_as_the_protocol_says() {
    let simulator = start("").await;
    let mut client = logged_in(&simulator).await;
    let keepalive = b"\x50\0\0\0\x15keepalive@openssh.com\x01";
    client.packets.write(keepalive).await.unwrap();
    let answer = client.packets.read().await.unwrap();
    assert_eq!(answer, [message::REQUEST_FAILURE]);
    client.packets.write(&[message::IGNORE]).await.unwrap();
    client.packets.write(&[200]).await.unwrap();
    let answer = client.packets.read().await.unwrap();
    // The packets before were: offer, point, new keys, service, two tries, keepalive, and the one to ignore.
    assert_eq!(answer, [message::UNIMPLEMENTED, 0, 0, 0, 8]);
    let for_channel_9 = [message::CHANNEL_EOF, 0, 0, 0, 9];
    client.packets.write(&for_channel_9).await.unwrap();
    assert!(client.packets.read().await.is_err());
}

#[tokio::test]
async fn keys_can_be_renewed() {
    let simulator = start("").await;
    let login = Login::read(simulator.identity_file());
    let mut client = logged_in(&simulator).await;
    client.renew_keys(PARENT_HOST, &login).await;
    let transport = client.dial(DIAL, AUTH).await.unwrap();
    let identity = dial::Identity::read(simulator.identity_file());
    let mut auth = AuthServiceClient::new(transport.calls(&identity).await);
    assert!(auth.ping(PingRequest {}).await.is_ok());
}

#[tokio::test]
async fn more_than_a_window_goes_through_in_both_directions() {
    let simulator = start("").await;
    let mut auth = calls(&simulator).await;
    for number in 0..8 {
        let name = format!("large-{number}");
        let mut role = with_rights(&name, []);
        role.metadata.as_mut().unwrap().description = "x".repeat(200_000);
        let role = teleport_proto::auth::CreateRoleRequest { role: Some(role) };
        auth.create_role(role).await.unwrap();
    }
    let mut auth = auth.max_decoding_message_size(8 << 20);
    let roles = auth.list_roles(ListRolesRequest {
        limit: 100,
        ..ListRolesRequest::default()
    });
    let roles = roles.await.unwrap().into_inner().roles;
    let large = roles.iter().map(|role| role.metadata.as_ref().unwrap());
    let large = large.filter(|metadata| metadata.description.len() == 200_000);
    assert_eq!(large.count(), 8);
}

#[tokio::test]
async fn what_goes_wrong_goes_wrong_here_too() {
    let simulator = start("").await;
    let login = Login::read(simulator.identity_file());
    simulator.add_fault(Fault::unreachable()).unwrap();
    let unreachable = Stranger::connect(&simulator, PARENT_HOST, &login).await;
    assert!(unreachable.is_err());

    let mut auth = calls(&simulator).await;
    let busy = Fault::code("Ping", Code::Unavailable).message("busy");
    simulator.add_fault(busy).unwrap();
    let failed = auth.ping(PingRequest {}).await;
    assert_refused(failed, Code::Unavailable, "busy");
    simulator.add_fault(Fault::drop_before("Ping")).unwrap();
    assert!(auth.ping(PingRequest {}).await.is_err());

    let mut client = logged_in(&simulator).await;
    simulator.close_connections();
    assert!(client.packets.read().await.is_err());
    assert!(calls(&simulator).await.ping(PingRequest {}).await.is_ok());
}

#[tokio::test]
async fn without_tls_routing_there_is_no_tunnel() {
    let simulator = start("tls_routing = false").await;
    let login = Login::read(simulator.identity_file());
    let refused = Stranger::connect(&simulator, PARENT_HOST, &login).await;
    let error = refused.map(drop).unwrap_err();
    assert!(
        error.to_string().contains("NoApplicationProtocol"),
        "{error}"
    );
}
