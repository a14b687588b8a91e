use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use tonic::Code;

use super::*;
use crate::{rules::TOKEN, store::object};

const CLUSTER: &str = "parent.localhost";

/// A join token of a method, with this for its platform.
fn token(method: &str, platform: &Value) -> BotToken {
    let json = json!({
        "metadata": {"name": "ci"},
        "spec": {"roles": ["Bot"], "bot_name": "ci", "join_method": method, method: platform},
    });
    let descriptor = object::descriptor(TOKEN.message);
    BotToken::of(&DynamicMessage::deserialize(descriptor, json).unwrap()).unwrap()
}

/// A platform: its join method, its issuer, what the join token says, the claims of a token that it allows, and such a change of a
/// claim that it does not.
struct Platform {
    method: &'static str,
    issuer: &'static str,
    platform: Value,
    claims: Value,
    other: (&'static str, Value),
}

fn platforms() -> Vec<Platform> {
    vec![
        Platform {
            method: "azure_devops",
            issuer: "https://vstoken.dev.azure.com/org-1",
            platform: json!({"organization_id": "org-1", "allow": [{"project_name": "web", "pipeline_name": "deploy"}]}),
            claims: json!({"aud": "api://AzureADTokenExchange", "org_id": "org-1", "sub": "p://acme/web/deploy"}),
            other: ("sub", json!("p://acme/web/test")),
        },
        Platform {
            method: "bitbucket",
            issuer: "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
            platform: json!({
                "identity_provider_url": "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
                "audience": "ari:cloud:bitbucket::workspace/1",
                "allow": [{"workspace_uuid": "{1}", "branch_name": "main"}],
            }),
            claims: json!({"aud": ["ari:cloud:bitbucket::workspace/1"], "workspaceUuid": "{1}", "branchName": "main"}),
            other: ("branchName", json!("feature")),
        },
        Platform {
            method: "circleci",
            issuer: "https://oidc.circleci.com/org/org-1",
            platform: json!({"organization_id": "org-1", "allow": [{"project_id": "p", "context_id": "c"}]}),
            claims: json!({
                "aud": "org-1",
                "oidc.circleci.com/project-id": "p",
                "oidc.circleci.com/context-ids": ["a", "c"],
            }),
            other: ("oidc.circleci.com/context-ids", json!(["a"])),
        },
        Platform {
            method: "github",
            issuer: "https://token.actions.githubusercontent.com",
            platform: json!({"allow": [{"repository": "acme/*", "ref": "refs/heads/main", "ref_type": "branch"}]}),
            claims: json!({
                "aud": "teleport.cluster.local",
                "repository": "acme/web",
                "ref": "refs/heads/main",
                "ref_type": "branch",
            }),
            other: ("repository", json!("other/web")),
        },
        Platform {
            method: "gitlab",
            issuer: "https://gitlab.example.com",
            platform: json!({
                "domain": "gitlab.example.com",
                "allow": [{"project_path": "acme/*", "ref_protected": {"value": true}}],
            }),
            claims: json!({"aud": CLUSTER, "project_path": "acme/web", "ref_protected": "true"}),
            other: ("ref_protected", json!("false")),
        },
        Platform {
            method: "spacelift",
            issuer: "https://acme.app.spacelift.io",
            platform: json!({
                "hostname": "acme.app.spacelift.io",
                "enable_glob_matching": true,
                "allow": [{"space_id": "prod-*", "scope": "write"}],
            }),
            claims: json!({"aud": "acme.app.spacelift.io", "spaceId": "prod-eu", "scope": "write"}),
            other: ("scope", json!("read")),
        },
        Platform {
            method: "terraform_cloud",
            issuer: "https://app.terraform.io",
            platform: json!({"allow": [{"organization_name": "acme", "workspace_name": "teleport"}]}),
            claims: json!({
                "aud": CLUSTER,
                "terraform_organization_name": "acme",
                "terraform_workspace_name": "teleport",
            }),
            other: ("terraform_workspace_name", json!("other")),
        },
    ]
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

#[track_caller]
fn refused(result: Result<(), Status>, code: Code, text: &str) {
    let status = result.unwrap_err();
    assert_eq!(status.code(), code, "{status}");
    assert!(status.message().contains(text), "{status}");
}

#[test]
fn each_platform_has_its_issuer_its_audience_and_its_rules() {
    for platform in platforms() {
        let signer = IdTokenSigner::example(platform.issuer).unwrap();
        let issuers = [signer.issuer()];
        let token = token(platform.method, &platform.platform);
        let admit = |claims: Value| admit(&token, CLUSTER, &signer.sign(claims), &issuers);
        admit(platform.claims.clone()).unwrap();
        let (claim, value) = platform.other;
        refused(
            admit(with(&platform.claims, claim, value)),
            Code::PermissionDenied,
            "match any allow rules",
        );
        refused(
            admit(with(
                &platform.claims,
                "aud",
                json!("https://other.example.com"),
            )),
            Code::Unknown,
            "audience is not valid",
        );
        refused(
            admit(with(
                &platform.claims,
                "iss",
                json!("https://other.example.com"),
            )),
            Code::Unknown,
            "issuer does not match",
        );
    }
}

#[test]
fn the_time_of_a_token_is_checked() {
    let platform = &platforms()[3];
    let signer = IdTokenSigner::example_rsa(platform.issuer).unwrap();
    let issuers = [signer.issuer()];
    let token = token(platform.method, &platform.platform);
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    for (claim, value, text) in [
        ("exp", json!(now - 60), "token has expired"),
        ("nbf", json!(now + 60), "token is not valid yet"),
        ("exp", Value::Null, "exp"),
    ] {
        let claims = with(&platform.claims, claim, value);
        let admitted = admit(&token, CLUSTER, &signer.sign(claims), &issuers);
        refused(admitted, Code::Unknown, text);
    }
    admit(
        &token,
        CLUSTER,
        &signer.sign(platform.claims.clone()),
        &issuers,
    )
    .unwrap();
}

#[test]
fn the_signature_of_a_token_is_checked() {
    let platform = &platforms()[3];
    let token = token(platform.method, &platform.platform);
    let known = IdTokenSigner::example(platform.issuer).unwrap();
    let other = IdTokenSigner::example(platform.issuer).unwrap();
    let issuers = [known.issuer()];
    let forged = other.sign(platform.claims.clone());
    let result = admit(&token, CLUSTER, &forged, &issuers);
    refused(result, Code::Unknown, "failed to verify");
    // Claims of one token with the signature of another one.
    let (mine, theirs) = (known.sign(json!({})), known.sign(platform.claims.clone()));
    let claims = theirs.rsplit_once('.').unwrap().0;
    let signature = mine.rsplit_once('.').unwrap().1;
    let mixed = format!("{claims}.{signature}");
    let result = admit(&token, CLUSTER, &mixed, &issuers);
    refused(result, Code::Unknown, "failed to verify");
    for garbage in ["", "a.b.c", "garbage", &"x".repeat(10_000)] {
        let result = admit(&token, CLUSTER, garbage, &issuers);
        refused(result, Code::Unknown, "parsing of request failed");
    }
    let result = admit(&token, CLUSTER, &theirs, &[]);
    refused(result, Code::Unknown, "no issuer \"https://token.actions");
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let platform = &platforms()[3];
    let token = token(platform.method, &platform.platform);
    let known = IdTokenSigner::example(platform.issuer).unwrap();
    let signed = known.sign(platform.claims.clone());
    let claims = signed.split('.').nth(1).unwrap();
    // {"alg":"none"} and {"alg":"HS256"}
    for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9"] {
        let unsigned = format!("{header}.{claims}.AAAA");
        let result = admit(&token, CLUSTER, &unsigned, &[known.issuer()]);
        assert_eq!(result.unwrap_err().code(), Code::Unknown);
    }
}

#[test]
fn a_service_account_of_kubernetes_joins_with_the_keys_in_the_token() {
    let signer = IdTokenSigner::example_rsa("https://kubernetes.default.svc").unwrap();
    let platform = json!({
        "type": "static_jwks",
        "static_jwks": {"jwks": signer.issuer().jwks},
        "allow": [{"service_account": "ci:terraform"}],
    });
    let token = token("kubernetes", &platform);
    let claims = json!({
        "aud": [CLUSTER],
        "sub": "system:serviceaccount:ci:terraform",
        "kubernetes.io": {"namespace": "ci", "pod": {"name": "run-1"}},
    });
    let admit = |claims: Value| admit(&token, CLUSTER, &signer.sign(claims), &[]);
    admit(claims.clone()).unwrap();
    let other = with(&claims, "sub", json!("system:serviceaccount:ci:other"));
    refused(admit(other), Code::PermissionDenied, "did not match");
    let unbound = with(&claims, "kubernetes.io", json!({"namespace": "ci"}));
    refused(admit(unbound), Code::InvalidArgument, "pod bound");
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let long = with(&claims, "exp", json!(now + 7200));
    refused(admit(long), Code::InvalidArgument, "TTL of less than");
}

#[test]
fn other_methods_are_refused() {
    let result = admit(&token("gcp", &json!({})), CLUSTER, "a.b.c", &[]);
    refused(result, Code::Unimplemented, "no join method \"gcp\"");
    let in_cluster = token("kubernetes", &json!({"type": "in_cluster"}));
    let result = admit(&in_cluster, CLUSTER, "a.b.c", &[]);
    refused(result, Code::Unimplemented, "Kubernetes");
}

#[test]
fn an_issuer_needs_keys_and_shows_none_that_is_private() {
    let signer = IdTokenSigner::example("https://issuer.example.com").unwrap();
    signer.issuer().check().unwrap();
    assert!(!signer.issuer().jwks.contains("\"d\""));
    for (issuer, jwks) in [("", "{\"keys\":[]}"), ("a", ""), ("a", "{}")] {
        let issuer = IdTokenIssuer {
            issuer: issuer.to_owned(),
            jwks: jwks.to_owned(),
        };
        assert!(issuer.check().is_err(), "{issuer:?}");
    }
}
