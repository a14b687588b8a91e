//! Joining the parent with tokens of CI platforms.

use teleport_proto::auth::{PingRequest, auth_service_client::AuthServiceClient};

use super::{
    children::{aws, join_endpoint},
    join_client::JoinClient,
    *,
};

#[tokio::test]
async fn a_bot_joins_the_parent_with_a_token_of_its_platform() {
    let simulator =
        start("[[tokens]]\nname = 'iam'\nbot = 'ci'\nallow = [{ aws_account = '1' }]").await;
    let signer = IdTokenSigner::example("https://gitlab.com").unwrap();
    simulator.put_id_token_issuer(signer.issuer()).unwrap();
    let token = serde_json::json!({
        "metadata": {"name": "ci"},
        "spec": {
            "Roles": ["Bot"], "BotName": "ci", "JoinMethod": "gitlab",
            "GitLab": {"Allow": [{"ProjectPath": "acme/web"}]},
        },
    });
    simulator.put_object("parent", "token", &token).unwrap();
    let sign = |project: &str| {
        signer.sign(serde_json::json!({"aud": "parent.localhost", "project_path": project}))
    };
    let mut client = JoinClient::new(&aws(), "ci");
    client.method = Some("gitlab".to_owned());
    client.id_token = Some(sign("acme/web"));
    let endpoint = join_endpoint(&simulator, "parent.localhost").await.unwrap();
    let bot = client.join(endpoint.clone()).await.unwrap();
    let alpn = dial::auth_protocols("parent.localhost");
    let channel = dial::channel(simulator.addresses.proxy, &bot, &alpn).await;
    let pong = AuthServiceClient::new(channel).ping(PingRequest {}).await;
    assert_eq!(pong.unwrap().into_inner().cluster_name, "parent.localhost");

    client.id_token = Some(sign("acme/other"));
    let refused = client.join(endpoint.clone()).await.map(drop);
    assert_refused(refused, Code::PermissionDenied, "match any allow rules");
    client.method = Some("iam".to_owned());
    let refused = client.join(endpoint.clone()).await.map(drop);
    assert_refused(refused, Code::InvalidArgument, "does not match the token's");
    let refused = client.join_legacy(endpoint).await.map(drop);
    assert_refused(refused, Code::PermissionDenied, "the IAM join method");
}
