//! What a cluster expects of a token of an identity provider, by the join method and what the join token says of it.

use serde_json::Value;
use tonic::Status;

use crate::join::BotToken;

/// What a token must have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) audience: String,
    pub(super) keys: Keys,
}

/// Who signs it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// An issuer, whose keys the cluster fetches.
    Of {
        /// The claim `iss`.
        issuer: String,
    },
    /// Keys in the join token, a JWKS. Then the issuer is not looked at.
    Given(String),
}

/// The expectation of a join method: `token_validator.go` in each folder of `lib/join`, and `lib/kube/token/validator.go`.
pub(super) fn of(token: &BotToken, cluster: &str) -> Result<Expected, Status> {
    let text = |field: &str| text(token.platform(), field);
    let or = |value: &str, other: &str| match value {
        "" => other.to_owned(),
        value => value.to_owned(),
    };
    let (issuer, audience) = match token.method.as_str() {
        "azure_devops" => (
            format!("https://vstoken.dev.azure.com/{}", text("organization_id")),
            "api://AzureADTokenExchange".to_owned(),
        ),
        "bitbucket" => (text("identity_provider_url"), text("audience")),
        "circleci" => {
            let organization = text("organization_id");
            let issuer = format!("https://oidc.circleci.com/org/{organization}");
            (issuer, organization)
        }
        "github" => (github(token), "teleport.cluster.local".to_owned()),
        "gitlab" => (format!("https://{}", text("domain")), cluster.to_owned()),
        "kubernetes" => (String::new(), cluster.to_owned()),
        "spacelift" => (format!("https://{}", text("hostname")), text("hostname")),
        "terraform_cloud" => (
            format!("https://{}", or(&text("hostname"), "app.terraform.io")),
            or(&text("audience"), cluster),
        ),
        method => {
            return Err(Status::unimplemented(format!(
                "the simulator has no join method {method:?}"
            )));
        }
    };
    let given = match token.method.as_str() {
        "kubernetes" => token.platform()["static_jwks"]["jwks"].as_str(),
        _ => token.platform()["static_jwks"].as_str(),
    };
    let keys = match given {
        Some(jwks) => Keys::Given(jwks.to_owned()),
        None if token.method == "kubernetes" => {
            return Err(Status::unimplemented(
                "the simulator does not run in Kubernetes: only tokens of the type static_jwks work",
            ));
        }
        None => Keys::Of { issuer },
    };
    Ok(Expected { audience, keys })
}

fn github(token: &BotToken) -> String {
    let text = |field: &str| text(token.platform(), field);
    let (server, slug) = (text("enterprise_server_host"), text("enterprise_slug"));
    match (server.as_str(), slug.as_str()) {
        ("", "") => GITHUB.to_owned(),
        ("", slug) => format!("{GITHUB}/{slug}"),
        (server, _) => format!("https://{server}/_services/token"),
    }
}

fn text(platform: &Value, field: &str) -> String {
    platform[field].as_str().unwrap_or_default().to_owned()
}

const GITHUB: &str = "https://token.actions.githubusercontent.com";
