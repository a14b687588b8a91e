//! The control API, over HTTP.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

/// Sends a request to the control API; status and JSON of the answer.
async fn http(simulator: &Simulator, method: &str, path: &str, body: &str) -> (u16, Value) {
    let (head, body) = send(simulator, method, path, "host: x", body).await;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

/// Sends a request with these headers; head and body of the answer.
pub(super) async fn send(
    simulator: &Simulator,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (String, String) {
    let mut stream = TcpStream::connect(simulator.addresses.control)
        .await
        .unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\n{headers}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

async fn ok(simulator: &Simulator, method: &str, path: &str, body: &str) -> Value {
    let (status, json) = http(simulator, method, path, body).await;
    assert_eq!(status, 200, "{json}");
    json
}

async fn error(simulator: &Simulator, method: &str, path: &str, body: &str) -> (u16, String) {
    let (status, json) = http(simulator, method, path, body).await;
    (status, json["error"].as_str().unwrap().to_owned())
}

const SPEC: &str = r#"{"spec":{"regions":[{"name":"us-west-2"}]}}"#;

#[tokio::test]
async fn a_cluster_is_made_changed_and_deleted_from_outside() {
    let simulator = start("provisioning = '1h'").await;
    let made = ok(&simulator, "POST", "/clusters/a", SPEC).await;
    assert_eq!(made["state"], "creating");
    let change = r#"{"state":"error","message":"no room","domain":"x.example"}"#;
    let changed = ok(&simulator, "POST", "/clusters/a", change).await;
    assert_eq!(changed["state"], "error");
    assert_eq!(changed["message"], "no room");
    let mut bot = bot(&simulator).await;
    let answer = bot.get_workload_cluster(read("a")).await.unwrap();
    let status = answer.into_inner().status.unwrap();
    assert_eq!(
        (status.state.as_str(), status.domain.as_str()),
        ("error", "x.example")
    );

    ok(
        &simulator,
        "POST",
        "/clusters/a",
        r#"{"status_missing":true}"#,
    )
    .await;
    let answer = bot.get_workload_cluster(read("a")).await.unwrap();
    assert!(answer.into_inner().status.is_none());
    let view = ok(&simulator, "GET", "/clusters/a", "").await;
    assert_eq!(view["reads"], 2);

    let drift = r#"{"spec":{"regions":[{"name":"eu-central-1"}]}}"#;
    let drifted = ok(&simulator, "POST", "/clusters/a", drift).await;
    assert_ne!(drifted["revision"], view["revision"]);
    ok(&simulator, "DELETE", "/clusters/a", "").await;
    let all = ok(&simulator, "GET", "/clusters", "").await;
    assert_eq!(all, json!({"clusters": [], "held_names": []}));
    assert!(bot.create_workload_cluster(create("a")).await.is_ok());
}

#[tokio::test]
async fn a_script_moves_on_with_the_reads_of_the_api_alone() {
    let simulator = start("").await;
    ok(&simulator, "POST", "/clusters/a", SPEC).await;
    ok(
        &simulator,
        "POST",
        "/clusters/a",
        r#"{"states":["one","two"]}"#,
    )
    .await;
    for _ in 0..3 {
        let view = ok(&simulator, "GET", "/clusters/a", "").await;
        assert_eq!(view["state"], "one");
    }
    let mut bot = bot(&simulator).await;
    for expected in ["one", "two", "two"] {
        let answer = bot.get_workload_cluster(read("a")).await.unwrap();
        assert_eq!(state(answer.get_ref()), expected);
    }
}

#[tokio::test]
async fn calls_are_listed_with_who_and_what() {
    let simulator = start("").await;
    let mut bot = bot(&simulator).await;
    bot.create_workload_cluster(create("a")).await.unwrap();
    let missing = bot.get_workload_cluster(read("b")).await;
    assert_refused(missing, Code::NotFound, "b");
    let json = ok(&simulator, "GET", "/calls", "").await;
    let calls = json["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["rpc"], "CreateWorkloadCluster");
    assert_eq!(calls[0]["name"], "a");
    assert_eq!(calls[0]["caller"], "bot-terraform");
    assert_eq!(calls[0]["code"], "ok");
    assert_eq!(calls[1]["code"], "not_found");
    let last = ok(&simulator, "GET", "/calls?last=1", "").await;
    assert_eq!(last["calls"], json!([calls[1]]));
    let more = ok(&simulator, "GET", "/calls?last=3", "").await;
    assert_eq!(more, json);
    ok(&simulator, "DELETE", "/calls", "").await;
    assert!(simulator.calls().is_empty());
}

#[tokio::test]
async fn faults_are_added_listed_and_cleared() {
    let simulator = start("").await;
    let fault = r#"{"rpc":"GetWorkloadCluster","code":"unavailable","times":2}"#;
    ok(&simulator, "POST", "/faults", fault).await;
    let mut bot = bot(&simulator).await;
    let failed = bot.get_workload_cluster(read("a")).await;
    assert_refused(failed, Code::Unavailable, "simulator");
    let json = ok(&simulator, "GET", "/faults", "").await;
    assert_eq!(json["faults"][0]["times"], 1);
    assert_eq!(json["faults"][0]["code"], "unavailable");
    ok(&simulator, "DELETE", "/faults", "").await;
    let answer = bot.get_workload_cluster(read("a")).await;
    assert_refused(answer, Code::NotFound, "a");
}

#[tokio::test]
async fn a_held_name_is_listed_and_released() {
    let simulator = start("held_names = ['old']").await;
    let all = ok(&simulator, "GET", "/clusters", "").await;
    assert_eq!(all["held_names"], json!(["old"]));
    ok(&simulator, "POST", "/release-name/old", "").await;
    let (status, text) = error(&simulator, "POST", "/release-name/old", "").await;
    assert_eq!((status, text.as_str()), (404, "name \"old\" is not held"));
}

#[tokio::test]
async fn an_identity_is_made_from_outside() {
    let simulator = start("").await;
    let body = r#"{"name":"reader","user":"bot-reader","verbs":["read"]}"#;
    let json = ok(&simulator, "POST", "/identities", body).await;
    let path = PathBuf::from(json["identity_file"].as_str().unwrap());
    let mut reader = client(&simulator, &path).await;
    let answer = reader.get_workload_cluster(read("a")).await;
    assert_refused(answer, Code::NotFound, "a");
    let answer = reader.create_workload_cluster(create("a")).await;
    assert_refused(answer, Code::PermissionDenied, "\"create\"");
    assert_eq!(simulator.calls()[0].caller, "bot-reader");
}

#[tokio::test]
async fn wrong_input_is_refused_with_the_name_of_the_field() {
    let simulator = start("").await;
    let cases = [
        ("/clusters/a", r#"{"stat":"active"}"#, "`stat`"),
        ("/clusters/a", r#"{"state":1}"#, "state"),
        ("/clusters/a", r#"{"state":"a","states":["b"]}"#, "states"),
        ("/clusters/a", r#"{"states":[]}"#, "states: must have"),
        ("/clusters/a", r#"{"spec":{"regions":[]}}"#, "spec.regions"),
        ("/clusters/A", SPEC, "metadata.name \"A\""),
        ("/clusters/a", "{", "EOF"),
        ("/faults", r#"{"rpc":"Get","drop":"after"}"#, "rpc: \"Get\""),
        ("/faults", r#"{"rpc":"Ping","times":-1}"#, "times"),
        ("/faults", r#"{"drop":"after"}"#, "`rpc`"),
        ("/identities", r#"{"name":"../up"}"#, "name: must"),
        ("/identities", r#"{"name":"key"}"#, "name: \"key\""),
        ("/identities", r#"{"name":"a","user":""}"#, "user: must"),
        (
            "/identities",
            r#"{"name":"a","verbs":["write"]}"#,
            "verbs[0]",
        ),
    ];
    for (path, body, expected) in cases {
        let (status, text) = error(&simulator, "POST", path, body).await;
        assert_eq!(status, 400, "{path} {body}: {text}");
        assert!(text.contains(expected), "{path} {body}: {text}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_404() {
    let simulator = start("").await;
    for (method, path) in [
        ("GET", "/clusters/a"),
        ("POST", "/clusters/a"),
        ("DELETE", "/clusters/a"),
        ("GET", "/nothing"),
    ] {
        let (status, text) = error(&simulator, method, path, "{}").await;
        assert_eq!(status, 404, "{method} {path}: {text}");
    }
}

#[tokio::test]
async fn a_scenario_puts_clusters_and_faults_there() {
    let simulator = start(
        "
        [[clusters]]
        name = 'old'
        message = 'no room'
        spec = { regions = [{ name = 'us-west-2' }] }

        [[faults]]
        rpc = 'GetWorkloadCluster'
        code = 'resource_exhausted'
        ",
    )
    .await;
    let view = simulator.cluster("old").unwrap();
    assert_eq!(
        (view.state.as_str(), view.message.as_deref()),
        ("active", Some("no room"))
    );
    let mut bot = bot(&simulator).await;
    let failed = bot.get_workload_cluster(read("old")).await;
    assert_refused(failed, Code::ResourceExhausted, "");
    let answer = bot.get_workload_cluster(read("old")).await.unwrap();
    assert_eq!(state(answer.get_ref()), "active");
    simulator.set_state("old", "suspended").unwrap();
    let answer = bot.get_workload_cluster(read("old")).await.unwrap();
    assert_eq!(state(answer.get_ref()), "suspended");
    simulator.clear_faults();
    simulator.clear_calls();
    assert!(simulator.delete_cluster("old"));
    assert!(!simulator.delete_cluster("old"));
}

#[tokio::test]
async fn what_is_in_a_child_is_seen_and_changed_from_outside() {
    let simulator = children::with_child("").await;
    let users = ok(&simulator, "GET", "/clusters/a/users", "").await;
    assert_eq!(users["users"][0]["name"], "bot-example-iam");
    let body =
        r#"{"version":"v7","logins":["root"],"rules":[{"resources":["node"],"verbs":["read"]}]}"#;
    let role = ok(&simulator, "POST", "/clusters/a/roles/dev", body).await;
    assert_eq!(
        (&role["version"], &role["logins"]),
        (&json!("v7"), &json!(["root"]))
    );
    let body = r#"{"roles":["dev"],"traits":{"logins":["bob"]},"password":true,"mfa":"totp"}"#;
    let user = ok(&simulator, "POST", "/clusters/a/users/bob", body).await;
    assert_eq!(
        (&user["password"], &user["mfa"]),
        (&json!(true), &json!("totp"))
    );
    assert_eq!(user["traits"], json!({"logins": ["bob"]}));
    let drift = r#"{"description":"drift"}"#;
    let drifted = ok(&simulator, "POST", "/clusters/a/users/bob", drift).await;
    assert_eq!(
        (&drifted["description"], &drifted["mfa"]),
        (&json!("drift"), &json!("totp"))
    );
    ok(&simulator, "DELETE", "/clusters/a/roles/dev", "").await;
    let roles = ok(&simulator, "GET", "/clusters/a/roles", "").await;
    let names: Vec<&Value> = roles["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| &role["name"])
        .collect();
    assert!(!names.contains(&&json!("dev")) && names.contains(&&json!("example-iam")));
    ok(&simulator, "DELETE", "/clusters/a/users/bob", "").await;

    let token = r#"{"bot":"ci","allow":[{"aws_account":"1"}]}"#;
    ok(&simulator, "POST", "/clusters/parent/tokens/ci", token).await;
    let tokens = ok(&simulator, "GET", "/clusters/parent/tokens", "").await;
    assert_eq!(tokens["join_tokens"][0]["bot"], "ci");
    assert_eq!(tokens["reset_tokens"], json!([]));
    ok(&simulator, "DELETE", "/clusters/parent/tokens/ci", "").await;
    let aws = r#"{"access_key_id":"a","secret_access_key":"b","account":"1","arn":"c"}"#;
    ok(&simulator, "POST", "/aws-identities", aws).await;
    let fault = r#"{"rpc":"join","cluster":"a","code":"permission_denied","times":3}"#;
    ok(&simulator, "POST", "/faults", fault).await;
    let faults = ok(&simulator, "GET", "/faults", "").await;
    assert_eq!(faults["faults"][0]["cluster"], "a");
    let human = r#"{"name":"human","cluster":"a","user":"alice","rights":{"user":["read"]}}"#;
    ok(&simulator, "POST", "/identities", human).await;
    assert!(
        simulator
            .users("a")
            .unwrap()
            .iter()
            .any(|user| user.name == "alice")
    );
}

#[tokio::test]
async fn wrong_changes_of_a_child_are_refused() {
    let simulator = children::with_child("").await;
    let cases = [
        ("POST", "/clusters/a/roles/Proxy", "{}", 400, "reserved"),
        (
            "POST",
            "/clusters/a/users/b",
            r#"{"roles":["x"]}"#,
            404,
            "role x is not found",
        ),
        (
            "POST",
            "/clusters/a/users/b",
            r#"{"mfa":"sms"}"#,
            400,
            "sms",
        ),
        (
            "POST",
            "/clusters/a/tokens/t",
            r#"{"bot":"b","allow":[{}]}"#,
            400,
            "allow[0]",
        ),
        (
            "POST",
            "/faults",
            r#"{"rpc":"connect","code":5}"#,
            400,
            "connect",
        ),
        ("GET", "/clusters/b/roles", "", 404, "\"b\""),
        ("DELETE", "/clusters/a/roles/x", "", 404, "no role \"x\""),
        ("DELETE", "/clusters/a/users/x", "", 404, "no user \"x\""),
        (
            "POST",
            "/identities",
            r#"{"name":"n","cluster":"b"}"#,
            404,
            "\"b\"",
        ),
    ];
    for (method, path, body, status, text) in cases {
        let answer = error(&simulator, method, path, body).await;
        assert_eq!(answer.0, status, "{method} {path} {body}: {}", answer.1);
        assert!(
            answer.1.contains(text),
            "{method} {path} {body}: {}",
            answer.1
        );
    }
}

#[tokio::test]
async fn objects_of_every_kind_and_the_read_lag_are_changed_from_outside() {
    let simulator = start("").await;
    let tokens = "/clusters/parent/objects/token";
    let token = r#"{"Metadata": {"Name": "ci"}, "Spec": {"Roles": ["Node"]}}"#;
    let made = ok(&simulator, "POST", tokens, token).await;
    assert_eq!(made["Spec"]["JoinMethod"], "token");
    let one = format!("{tokens}/ci");
    assert_eq!(ok(&simulator, "GET", &one, "").await, made);
    let all = ok(&simulator, "GET", tokens, "").await;
    assert_eq!(all["objects"], json!([made]));
    ok(&simulator, "DELETE", &one, "").await;
    for method in ["GET", "DELETE"] {
        assert_eq!(error(&simulator, method, &one, "").await.0, 404);
    }
    let unknown = error(&simulator, "GET", "/clusters/parent/objects/lamp", "").await;
    assert_eq!(unknown.0, 404);
    assert!(unknown.1.contains("cluster_auth_preference"), "{unknown:?}");
    let refused = error(
        &simulator,
        "POST",
        tokens,
        r#"{"Metadata": {"Name": "a b"}}"#,
    )
    .await;
    assert_eq!(refused.0, 400);

    ok(&simulator, "POST", "/read-lag", r#"{"read_lag": "1500ms"}"#).await;
    let lag = ok(&simulator, "GET", "/read-lag", "").await;
    assert_eq!(lag["read_lag"], "1s 500ms");
    let wrong = error(&simulator, "POST", "/read-lag", r#"{"read_lag": "soon"}"#).await;
    assert_eq!(wrong.0, 400);
}
