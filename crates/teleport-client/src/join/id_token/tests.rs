//! Where tokens come from, and what is wrong with those that do not come.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{
    ErrorKind, JoinMethod,
    dial::{dial_options::DialOptions, http_proxy::HttpProxy, roots::Roots},
    join::{JoinError, environment::Environment, proof::Proof},
    testing::{Authority, server_config},
};

/// `{"alg":"ES256"}`, `{"sub":"run"}` and a signature.
const JWT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJydW4ifQ.c2lnbmF0dXJl";
const REQUEST_TOKEN: &str = "the-secret-request-token";

fn machine(variables: &[(&str, &str)]) -> DialOptions {
    DialOptions {
        environment: Environment::given(variables),
        http_proxy: HttpProxy::none(),
        timeout: Duration::from_secs(5),
        ..DialOptions::default()
    }
}

async fn obtain(
    method: JoinMethod,
    options: &IdTokenOptions,
    dial: &DialOptions,
) -> Result<String, JoinError> {
    match Proof::obtain(method, options, dial).await? {
        Proof::IdToken(token) => Ok(token.expose().to_owned()),
        Proof::Aws(_) => panic!("{method}"),
    }
}

async fn error(method: JoinMethod, dial: &DialOptions) -> IdTokenError {
    match obtain(method, &IdTokenOptions::default(), dial).await {
        Err(JoinError::IdToken { error, .. }) => {
            let text = error.to_string();
            assert!(
                !text.contains(REQUEST_TOKEN) && !text.contains(JWT),
                "{text}"
            );
            error
        }
        other => panic!("{other:?}"),
    }
}

/// A server that answers every request with this, and keeps the requests.
struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn answering(answer: Vec<u8>) -> Self {
        Self::start(answer, None).await
    }

    async fn start(answer: Vec<u8>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let kept = requests.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, kept, tls) = (answer.clone(), kept.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(mut stream) = tls.accept(stream).await {
                                serve(&mut stream, &answer, &kept).await;
                            }
                        }
                        None => serve(&mut stream, &answer, &kept).await,
                    }
                });
            }
        });
        Self { port, requests }
    }

    fn url(&self, scheme: &str, rest: &str) -> String {
        format!("{scheme}://localhost:{}{rest}", self.port)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    answer: &[u8],
    kept: &Mutex<Vec<String>>,
) {
    let mut bytes = vec![0; 16 * 1024];
    let mut length = 0;
    while !bytes[..length].windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut bytes[length..]).await {
            Ok(0) | Err(_) => return,
            Ok(more) => length += more,
        }
    }
    let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
    kept.lock().unwrap().push(request);
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}

fn http(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn github(url: &str) -> DialOptions {
    machine(&[
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN),
    ])
}

#[tokio::test]
async fn each_platform_has_its_variable() {
    let tagged = IdTokenOptions {
        audience_tag: Some("teleport".to_owned()),
        gitlab_variable: Some("MY_TOKEN".to_owned()),
    };
    let none = IdTokenOptions::default();
    for (method, options, variable) in [
        (JoinMethod::Bitbucket, &none, "BITBUCKET_STEP_OIDC_TOKEN"),
        (JoinMethod::CircleCi, &none, "CIRCLE_OIDC_TOKEN"),
        (JoinMethod::GitLab, &none, "TBOT_GITLAB_JWT"),
        (JoinMethod::GitLab, &tagged, "MY_TOKEN"),
        (JoinMethod::Spacelift, &none, "SPACELIFT_OIDC_TOKEN"),
        (
            JoinMethod::TerraformCloud,
            &none,
            "TFC_WORKLOAD_IDENTITY_TOKEN",
        ),
        (
            JoinMethod::TerraformCloud,
            &tagged,
            "TFC_WORKLOAD_IDENTITY_TOKEN_TELEPORT",
        ),
    ] {
        let padded = format!(" {JWT}\n");
        let token = obtain(method, options, &machine(&[(variable, &padded)])).await;
        assert_eq!(token.unwrap(), JWT, "{variable}");
        for wrong in [vec![], vec![(variable, " ")]] {
            let error = obtain(method, options, &machine(&wrong)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Credentials);
            assert_eq!(error.cause(), Some(crate::Cause::NoIdToken(method)));
            let text = error.to_string();
            assert!(
                text.ends_with(&format!("the environment variable {variable} is not set")),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_token_is_not_sent_and_not_shown() {
    let long = format!("{JWT}{}", "A".repeat(MAX_TOKEN));
    for garbage in [
        "garbage",
        "a.b.c",
        "e30.e30",
        "e30.e30.",
        "e30.e30.AA.AA",
        &long,
    ] {
        let dial = machine(&[("CIRCLE_OIDC_TOKEN", garbage)]);
        let text = error(JoinMethod::CircleCi, &dial).await.to_string();
        assert_eq!(
            text,
            "the environment variable CIRCLE_OIDC_TOKEN does not hold a signed token (a JWT)"
        );
    }
    assert!(!format!("{:?}", IdToken::parse(JWT).unwrap()).contains("eyJ"));
}

#[tokio::test]
async fn kubernetes_has_the_token_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let dial = machine(&[("KUBERNETES_TOKEN_PATH", path.to_str().unwrap())]);
    let text = error(JoinMethod::Kubernetes, &dial).await.to_string();
    assert!(
        text.contains("No such file") && text.contains("/token: "),
        "{text}"
    );
    std::fs::write(&path, format!("{JWT}\n")).unwrap();
    let options = IdTokenOptions::default();
    assert_eq!(
        obtain(JoinMethod::Kubernetes, &options, &dial)
            .await
            .unwrap(),
        JWT
    );
    for garbage in ["", "garbage", &"A".repeat(10 * MAX_TOKEN)] {
        std::fs::write(&path, garbage).unwrap();
        let text = error(JoinMethod::Kubernetes, &dial).await.to_string();
        assert!(text.contains("does not hold a signed token"), "{text}");
    }
    let usual = error(JoinMethod::Kubernetes, &machine(&[]))
        .await
        .to_string();
    assert!(
        usual.contains("/var/run/secrets/kubernetes.io/serviceaccount/token"),
        "{usual}"
    );
}

#[tokio::test]
async fn github_issues_a_token_on_request() {
    let server =
        Server::answering(http("200 OK", &format!(r#"{{"count":1,"value":"{JWT}"}}"#))).await;
    let dial = github(&server.url("http", "/abc?api-version=2.0"));
    let options = IdTokenOptions::default();
    assert_eq!(
        obtain(JoinMethod::GitHub, &options, &dial).await.unwrap(),
        JWT
    );
    let request = server.requests().remove(0);
    assert!(
        request
            .starts_with("GET /abc?api-version=2.0&audience=teleport.cluster.local HTTP/1.1\r\n"),
        "{request}"
    );
    let lower = request.to_lowercase();
    for header in [
        format!("authorization: bearer {REQUEST_TOKEN}\r\n"),
        "accept: application/json; api-version=2.0\r\n".to_owned(),
        format!("host: localhost:{}\r\n", server.port),
    ] {
        assert!(lower.contains(&header), "{header}: {request}");
    }
    for missing in [
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    ] {
        let set: Vec<_> = [
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://example.com/"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN),
        ]
        .into_iter()
        .filter(|(name, _)| *name != missing)
        .collect();
        let text = error(JoinMethod::GitHub, &machine(&set)).await.to_string();
        assert_eq!(
            text,
            format!("the environment variable {missing} is not set")
        );
    }
}

#[tokio::test]
async fn azure_devops_issues_a_token_on_request() {
    let server = Server::answering(http("200 OK", &format!(r#"{{"oidcToken":"{JWT}"}}"#))).await;
    let dial = machine(&[
        (
            "SYSTEM_OIDCREQUESTURI",
            &server.url("http", "/acme/oidctoken?api-version=1&a=b"),
        ),
        ("SYSTEM_ACCESSTOKEN", REQUEST_TOKEN),
    ]);
    let options = IdTokenOptions::default();
    assert_eq!(
        obtain(JoinMethod::AzureDevops, &options, &dial)
            .await
            .unwrap(),
        JWT
    );
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("POST /acme/oidctoken?a=b&api-version=7.1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.to_lowercase().contains("content-length: 0\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn a_token_is_requested_over_tls_and_only_from_whom_this_machine_trusts() {
    let ca = Authority::new("web");
    let site = ca.issue_for_names(&["localhost"]);
    let config = server_config(&site, &[]);
    let answer = http("200 OK", &format!(r#"{{"value":"{JWT}"}}"#));
    let server = Server::start(answer, Some(TlsAcceptor::from(config))).await;
    let mut dial = github(&server.url("https", "/"));
    dial.roots = Roots::Given(ca.roots());
    let options = IdTokenOptions::default();
    assert_eq!(
        obtain(JoinMethod::GitHub, &options, &dial).await.unwrap(),
        JWT
    );
    // What is accepted of a proxy for tests is not accepted here.
    dial.insecure = true;
    dial.roots = Roots::Given(Authority::new("other").roots());
    let untrusted = error(JoinMethod::GitHub, &dial).await;
    let text = untrusted.to_string();
    assert!(
        text.contains("cannot be reached to request a token"),
        "{text}"
    );
    assert!(!untrusted.is_missing());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_secret_is_sent_only_to_an_address_that_is_safe() {
    for url in [
        "http://example.com/token",
        "ftp://example.com/",
        "example.com",
        "https://user:password@example.com/",
        "not a url",
    ] {
        let text = error(JoinMethod::GitHub, &github(url)).await.to_string();
        assert!(
            text.starts_with(
                "the environment variable ACTIONS_ID_TOKEN_REQUEST_URL is not an address"
            ),
            "{text}"
        );
        assert!(
            !text.contains("example.com") && !text.contains("password"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn only_a_refusal_says_that_the_job_has_no_token() {
    for (status, is_missing) in [("403 Forbidden", true), ("503 Service Unavailable", false)] {
        let server = Server::answering(http(status, "no")).await;
        let error = error(JoinMethod::GitHub, &github(&server.url("http", "/"))).await;
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("localhost:{} ", server.port)),
            "{text}"
        );
        assert_eq!(error.is_missing(), is_missing, "{text}");
    }
}
