//! Joining the parent from CI, with a token of the platform on which Terraform runs.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use teleport_simulator::{Allow, Fault, IdTokenSigner, JoinToken, Right, RoleChange};
use tonic::Code;

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_token_in_an_environment_variable_joins_the_parent,
    a_token_that_is_requested_joins_the_parent,
    a_token_in_a_file_joins_the_parent,
    a_token_that_the_cluster_does_not_accept_is_explained,
    a_missing_token_is_explained_with_what_to_add,
    an_endpoint_that_gives_no_token_is_described,
    no_token_is_in_the_logs_or_in_the_output,
];

/// The parent, where the bot `ci` may create roles, and joins with the token `ci` that says this of its platform.
fn parent(program: &Program, method: &str, platform: &Value, signer: &IdTokenSigner) -> TestEnv {
    let env = TestEnv::new(program);
    let simulator = &env.simulator;
    simulator.put_id_token_issuer(signer.issuer()).unwrap();
    // The bot comes with a token for AWS identities.
    let with_bot = JoinToken {
        name: "ci-iam".to_owned(),
        bot: "ci".to_owned(),
        allow: vec![Allow {
            aws_account: "123456789012".to_owned(),
            ..Allow::default()
        }],
    };
    simulator.put_join_token("parent", with_bot).unwrap();
    let rights = Right {
        resources: vec!["role".to_owned()],
        verbs: ["create", "read", "update", "delete"]
            .map(str::to_owned)
            .into(),
    };
    let change = RoleChange {
        rules: Some(vec![rights]),
        ..RoleChange::default()
    };
    simulator.change_role("parent", "ci", change).unwrap();
    let token = json!({
        "version": "v2",
        "metadata": {"name": "ci"},
        "spec": {"roles": ["Bot"], "bot_name": "ci", "join_method": method, method: platform},
    });
    simulator.put_object("parent", "token", &token).unwrap();
    env
}

/// Configures a join and a role.
fn configure(env: &TestEnv, method: &str, more: &str) {
    env.write(&format!(
        r#"
provider "teleport" {{
  addr        = {:?}
  join_method = {method:?}
  join_token  = "ci"
  {more}
}}
resource "teleport_role" "this" {{
  version  = "v7"
  metadata = {{ name = "developer" }}
  spec     = {{ allow = {{ logins = ["ubuntu"] }} }}
}}
"#,
        env.simulator.proxy_address(),
    ));
}

#[track_caller]
fn creates_a_role(env: &TestEnv) {
    env.apply().succeeded().without_diagnostics();
    let role = env.simulator.object("parent", "role", "developer").unwrap();
    assert!(role.is_some());
}

fn gitlab() -> (IdTokenSigner, Value) {
    let signer = IdTokenSigner::example_rsa("https://gitlab.com").unwrap();
    (signer, json!({"allow": [{"project_path": "acme/web"}]}))
}

/// The claims of a job that the token of [`gitlab`] allows.
fn job() -> Value {
    json!({"aud": "parent.localhost", "project_path": "acme/web"})
}

fn github() -> (IdTokenSigner, Value) {
    let signer = IdTokenSigner::example("https://token.actions.githubusercontent.com").unwrap();
    (signer, json!({"allow": [{"repository": "acme/web"}]}))
}

fn a_token_in_an_environment_variable_joins_the_parent(program: &Program) {
    let bitbucket = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
    for (method, issuer, platform, claims, variable, more) in [
        (
            "gitlab",
            "https://gitlab.com",
            json!({"allow": [{"project_path": "acme/web"}]}),
            job(),
            "MY_TOKEN",
            "gitlab_id_token_env_var = \"MY_TOKEN\"",
        ),
        (
            "terraform_cloud",
            "https://app.terraform.io",
            json!({"allow": [{"organization_name": "acme", "workspace_name": "teleport"}]}),
            json!({
                "aud": "parent.localhost",
                "terraform_organization_name": "acme",
                "terraform_workspace_name": "teleport",
            }),
            "TFC_WORKLOAD_IDENTITY_TOKEN_TELEPORT",
            "audience_tag = \"teleport\"",
        ),
        (
            "spacelift",
            "https://acme.app.spacelift.io",
            json!({"hostname": "acme.app.spacelift.io", "allow": [{"space_id": "root"}]}),
            json!({"aud": "acme.app.spacelift.io", "spaceId": "root"}),
            "SPACELIFT_OIDC_TOKEN",
            "",
        ),
        (
            "circleci",
            "https://oidc.circleci.com/org/acme",
            json!({"organization_id": "acme", "allow": [{"project_id": "web"}]}),
            json!({"aud": "acme", "oidc.circleci.com/project-id": "web"}),
            "CIRCLE_OIDC_TOKEN",
            "",
        ),
        (
            "bitbucket",
            bitbucket,
            json!({
                "audience": "acme",
                "identity_provider_url": bitbucket,
                "allow": [{"repository_uuid": "{1}"}],
            }),
            json!({"aud": "acme", "repositoryUuid": "{1}"}),
            "BITBUCKET_STEP_OIDC_TOKEN",
            "",
        ),
    ] {
        let signer = IdTokenSigner::example_rsa(issuer).unwrap();
        let mut env = parent(program, method, &platform, &signer);
        env.set(variable, &signer.sign(claims));
        configure(&env, method, more);
        creates_a_role(&env);
        assert!(env.calls("Join") > 0 && env.calls("RegisterUsingToken") == 0);
    }
}

/// An endpoint that issues tokens, or does not: it answers every request with this.
struct Endpoint {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    fn answering(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let kept = requests.clone();
        std::thread::spawn(move || {
            // Those that are not answered stay open.
            let mut open = Vec::new();
            for mut stream in listener.incoming().flatten() {
                let mut bytes = [0; 8192];
                let length = stream.read(&mut bytes).unwrap_or_default();
                let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
                kept.lock().unwrap().push(request);
                if answer.is_empty() {
                    open.push(stream);
                } else {
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        Self { port, requests }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/token?a=b", self.port)
    }

    fn request(&self) -> String {
        self.requests.lock().unwrap().last().cloned().unwrap()
    }
}

fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn a_token_that_is_requested_joins_the_parent(program: &Program) {
    let (signer, platform) = github();
    let mut env = parent(program, "github", &platform, &signer);
    let claims = json!({"aud": "teleport.cluster.local", "repository": "acme/web"});
    let issued = json!({"value": signer.sign(claims)}).to_string();
    let endpoint = Endpoint::answering(http("200 OK", &issued));
    env.set("ACTIONS_ID_TOKEN_REQUEST_URL", &endpoint.url());
    env.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "allowed");
    configure(&env, "github", "");
    creates_a_role(&env);
    let request = endpoint.request();
    assert!(
        request.starts_with("GET /token?a=b&audience=teleport.cluster.local HTTP/1.1\r\n"),
        "{request}"
    );

    let signer = IdTokenSigner::example("https://vstoken.dev.azure.com/acme").unwrap();
    let platform = json!({"organization_id": "acme", "allow": [{"project_name": "web"}]});
    let mut env = parent(program, "azure_devops", &platform, &signer);
    let claims = json!({
        "aud": "api://AzureADTokenExchange",
        "org_id": "acme",
        "sub": "p://acme/web/deploy",
    });
    let issued = json!({"oidcToken": signer.sign(claims)}).to_string();
    let endpoint = Endpoint::answering(http("200 OK", &issued));
    env.set("SYSTEM_OIDCREQUESTURI", &endpoint.url());
    env.set("SYSTEM_ACCESSTOKEN", "allowed");
    configure(&env, "azure_devops", "");
    // A server that has no such join yet in the newer service.
    let unknown = Fault::code("Join", Code::Unimplemented);
    env.simulator.add_fault(unknown.times(9)).unwrap();
    creates_a_role(&env);
    assert!(env.calls("RegisterUsingToken") > 0);
    let request = endpoint.request();
    assert!(
        request.starts_with("POST /token?a=b&api-version=7.1 HTTP/1.1\r\n"),
        "{request}"
    );
}

fn a_token_in_a_file_joins_the_parent(program: &Program) {
    let signer = IdTokenSigner::example_rsa("https://kubernetes.default.svc").unwrap();
    let platform = json!({
        "type": "static_jwks",
        "static_jwks": {"jwks": signer.issuer().jwks},
        "allow": [{"service_account": "ci:terraform"}],
    });
    let mut env = parent(program, "kubernetes", &platform, &signer);
    let path = env.path("token");
    env.set("KUBERNETES_TOKEN_PATH", &path.to_string_lossy());
    configure(&env, "kubernetes", "");
    env.apply().error(&[
        "Invalid Credentials",
        &path.to_string_lossy(),
        "No such file",
        "serviceAccountToken",
    ]);
    let claims = json!({
        "aud": ["parent.localhost"],
        "sub": "system:serviceaccount:ci:terraform",
        "kubernetes.io": {"namespace": "ci", "pod": {"name": "run-1"}},
    });
    fs::write(&path, signer.sign(claims) + "\n").unwrap();
    creates_a_role(&env);
}

fn a_token_that_the_cluster_does_not_accept_is_explained(program: &Program) {
    let (signer, platform) = gitlab();
    let mut env = parent(program, "gitlab", &platform, &signer);
    let stranger = IdTokenSigner::example("https://gitlab.com").unwrap();
    configure(&env, "gitlab", "");
    let past = json!(1_700_000_000);
    for (token, phrases) in [
        (
            signer.sign(with(job(), "aud", json!("https://other.example.com"))),
            [
                "Invalid Credentials",
                "audience is not valid",
                "(`aud`) must be the name of the Teleport cluster",
            ],
        ),
        (
            signer.sign(with(job(), "exp", past)),
            ["Invalid Credentials", "token has expired", "by a new run"],
        ),
        (
            stranger.sign(job()),
            [
                "Invalid Credentials",
                "invalid signature",
                "know the issuer",
            ],
        ),
        (
            signer.sign(with(job(), "project_path", json!("acme/other"))),
            [
                "Join Refused",
                "did not match any allow rules",
                "spec.gitlab.allow",
            ],
        ),
    ] {
        env.set("TBOT_GITLAB_JWT", &token);
        for newer in [true, false] {
            env.simulator.clear_faults();
            if !newer {
                let unknown = Fault::code("Join", Code::Unimplemented);
                env.simulator.add_fault(unknown.times(99)).unwrap();
            }
            let error = env.apply().error(&phrases);
            assert!(
                !error.text.contains("eyJ") && !error.text.contains("AWS"),
                "{}",
                error.text
            );
        }
    }
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn a_missing_token_is_explained_with_what_to_add(program: &Program) {
    let (signer, platform) = gitlab();
    let mut env = parent(program, "gitlab", &platform, &signer);
    for (method, variable, add) in [
        (
            "azure_devops",
            "SYSTEM_OIDCREQUESTURI",
            "$(System.AccessToken)",
        ),
        ("bitbucket", "BITBUCKET_STEP_OIDC_TOKEN", "oidc: true"),
        ("circleci", "CIRCLE_OIDC_TOKEN", "context:"),
        ("github", "ACTIONS_ID_TOKEN_REQUEST_URL", "id-token: write"),
        ("gitlab", "TBOT_GITLAB_JWT", "id_tokens:"),
        ("spacelift", "SPACELIFT_OIDC_TOKEN", "runs in Spacelift"),
        (
            "terraform_cloud",
            "TFC_WORKLOAD_IDENTITY_TOKEN",
            "TFC_WORKLOAD_IDENTITY_AUDIENCE",
        ),
    ] {
        // What the machine of the tests sets does not count.
        env.set(variable, "");
        configure(&env, method, "");
        let missing = format!("the environment variable {variable} is not set");
        env.apply()
            .error(&["Invalid Credentials", &missing, add, "join_method"]);
    }
    assert_eq!(env.simulator.calls().len(), 0);
    configure(&env, "gitlab", "gitlab_id_token_env_var = \"not a name\"");
    env.run(&["validate", "-json"]).error(&[
        "Invalid Attribute Value",
        "gitlab_id_token_env_var",
        "letters, digits",
    ]);
    configure(&env, "azure", "");
    env.run(&["validate", "-json"])
        .error(&["\"azure\" is not supported here", "terraform_cloud"]);
}

fn an_endpoint_that_gives_no_token_is_described(program: &Program) {
    let (signer, platform) = github();
    let mut env = parent(program, "github", &platform, &signer);
    env.set(
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "the-request-token-of-this-job",
    );
    let huge = json!({"value": "A".repeat(1 << 20)}).to_string();
    for (answer, phrases) in [
        (
            http("403 Forbidden", "no"),
            ["Invalid Credentials", "403 Forbidden"],
        ),
        (
            http("200 OK", "<html></html>"),
            ["Invalid Credentials", "something else than a token"],
        ),
        (
            http("200 OK", &huge),
            ["Invalid Credentials", "more than 64 KiB"],
        ),
        (String::new(), ["Invalid Credentials", "within 1s"]),
    ] {
        let endpoint = Endpoint::answering(answer);
        env.set("ACTIONS_ID_TOKEN_REQUEST_URL", &endpoint.url());
        configure(&env, "github", "dial_timeout_duration = \"1s\"");
        let error = env.apply().error(&phrases);
        assert!(!error.text.contains("the-request-token"), "{}", error.text);
        assert!(endpoint.request().contains("Bearer the-request-token"));
    }
    assert_eq!(env.simulator.calls().len(), 0);
}

fn no_token_is_in_the_logs_or_in_the_output(program: &Program) {
    let (signer, platform) = github();
    let mut env = parent(program, "github", &platform, &signer);
    let claims = json!({"aud": "teleport.cluster.local", "repository": "acme/web"});
    let token = signer.sign(claims);
    let endpoint = Endpoint::answering(http("200 OK", &json!({"value": token}).to_string()));
    env.set("ACTIONS_ID_TOKEN_REQUEST_URL", &endpoint.url());
    env.set(
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "the-request-token-of-this-job",
    );
    env.set("TF_LOG", "TRACE");
    configure(&env, "github", "");
    let signature = token.rsplit_once('.').unwrap().1;
    for newer in [true, false] {
        if !newer {
            let unknown = Fault::code("Join", Code::Unimplemented);
            env.simulator.add_fault(unknown.times(99)).unwrap();
        }
        let outcome = env.apply().succeeded();
        let shown = format!("{}{}", outcome.stderr, outcome.stdout);
        assert!(
            shown.contains("joined the cluster") && shown.contains("asked for a token"),
            "the provider's log must be there"
        );
        for secret in [signature, &token, "the-request-token", "eyJ"] {
            assert!(!shown.contains(secret), "{outcome}");
        }
    }
}
