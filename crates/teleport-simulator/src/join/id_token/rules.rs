//! The allow rules of a join token, against the claims of a token of an identity provider.

use serde_json::{Map, Value};
use tonic::Status;

use crate::join::{BotToken, glob};

/// How a field of a rule and a claim are compared.
#[derive(Clone, Copy)]
enum Compare {
    /// They are the same text.
    Same,
    /// The field is a pattern.
    Pattern,
    /// The field is a pattern if the token says so, or else the same text.
    PatternIfEnabled,
    /// The claim is a list that has the text.
    Listed,
    /// The field is true or false, and the claim is so as a text.
    Truth,
    /// The claim is the name of a service account, which the field has without its prefix.
    ServiceAccount,
    /// The field is a part of the claim, `p://ORGANIZATION/PROJECT/PIPELINE`, by its number.
    Part(usize),
}

/// Fields of a rule, with the claim of each.
type Conditions = &'static [(&'static str, &'static str, Compare)];

/// Checks that the claims fulfil every condition of one rule.
pub(super) fn check(token: &BotToken, claims: &Map<String, Value>) -> Result<(), Status> {
    let platform = token.platform();
    check_more(token, claims)?;
    let conditions = CONDITIONS
        .iter()
        .find(|(method, _)| *method == token.method)
        .map_or(&[] as Conditions, |(_, conditions)| conditions);
    let enabled = platform["enable_glob_matching"].as_bool() == Some(true);
    let fulfils = |rule: &Value| {
        let mut fields = rule.as_object().into_iter().flatten();
        fields.all(|(field, wanted)| {
            let condition = conditions.iter().find(|(name, ..)| name == field);
            // What is not known here is never fulfilled.
            condition.is_some_and(|(_, claim, compare)| {
                compare.holds(wanted, claims.get(*claim).unwrap_or(&Value::Null), enabled)
            })
        })
    };
    let rules = platform["allow"].as_array();
    if rules.into_iter().flatten().any(fulfils) {
        return Ok(());
    }
    Err(Status::permission_denied(match token.method.as_str() {
        "kubernetes" => "kubernetes token did not match any allow rules",
        "azure_devops" => "id token claims failed to match any allow rules",
        _ => "id token claims did not match any allow rules",
    }))
}

/// What two platforms want of a token beside its rules.
fn check_more(token: &BotToken, claims: &Map<String, Value>) -> Result<(), Status> {
    let text = |claim: &str| {
        claims
            .get(claim)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match token.method.as_str() {
        // `Validate` in `lib/join/azuredevops/token_validator.go`.
        "azure_devops" => {
            let (found, wanted) = (text("org_id"), &token.platform()["organization_id"]);
            if wanted.as_str() != Some(found) {
                return Err(Status::invalid_argument(format!(
                    "organization ID in token ({found}) does not match configured ({wanted})"
                )));
            }
        }
        // `ValidateTokenWithJWKS` in `lib/kube/token/validator.go`.
        "kubernetes" => {
            let pod = claims
                .get("kubernetes.io")
                .map(|bound| &bound["pod"]["name"]);
            if pod.and_then(Value::as_str).unwrap_or_default().is_empty() {
                return Err(Status::invalid_argument(
                    "static_jwks joining requires the use of projected pod bound service account token",
                ));
            }
            let time = |claim: &str| claims.get(claim).and_then(Value::as_i64);
            let life = time("exp").zip(time("iat")).map(|(end, start)| end - start);
            if life.is_none_or(|life| life > LONGEST_LIFE) {
                return Err(Status::invalid_argument(
                    "static_jwks joining requires the use of a service account token with a TTL of less than 30m0s",
                ));
            }
        }
        _ => {}
    }
    Ok(())
}

impl Compare {
    fn holds(self, wanted: &Value, claim: &Value, enabled: bool) -> bool {
        let text = wanted.as_str().unwrap_or_default();
        let found = claim.as_str().unwrap_or_default();
        match self {
            Self::Same => text == found,
            Self::Pattern => glob(text.as_bytes(), found.as_bytes()),
            Self::PatternIfEnabled if enabled => glob(text.as_bytes(), found.as_bytes()),
            Self::PatternIfEnabled => text == found,
            Self::Listed => claim
                .as_array()
                .into_iter()
                .flatten()
                .any(|one| one == text),
            Self::Truth => wanted["value"].as_bool().unwrap_or_default().to_string() == found,
            Self::ServiceAccount => found.strip_prefix("system:serviceaccount:") == Some(text),
            Self::Part(number) => {
                let parts = found.strip_prefix("p://").unwrap_or_default();
                parts.split('/').nth(number) == Some(text)
            }
        }
    }
}

/// Seconds.
const LONGEST_LIFE: i64 = 30 * 60;

use Compare::{Listed, Part, Pattern, PatternIfEnabled, Same, ServiceAccount, Truth};

/// The rules of each platform: `checkGithubAllowRules` in `lib/join/githubactions`, and its like.
static CONDITIONS: [(&str, Conditions); 8] = [
    (
        "azure_devops",
        &[
            ("sub", "sub", Same),
            ("project_name", "sub", Part(1)),
            ("pipeline_name", "sub", Part(2)),
            ("project_id", "prj_id", Same),
            ("definition_id", "def_id", Same),
            ("repository_uri", "rpo_uri", Same),
            ("repository_version", "rpo_ver", Same),
            ("repository_ref", "rpo_ref", Same),
        ],
    ),
    (
        "bitbucket",
        &[
            ("workspace_uuid", "workspaceUuid", Same),
            ("repository_uuid", "repositoryUuid", Same),
            (
                "deployment_environment_uuid",
                "deploymentEnvironmentUuid",
                Same,
            ),
            ("branch_name", "branchName", Same),
        ],
    ),
    (
        "circleci",
        &[
            ("project_id", "oidc.circleci.com/project-id", Same),
            ("context_id", "oidc.circleci.com/context-ids", Listed),
        ],
    ),
    (
        "github",
        &[
            ("sub", "sub", Pattern),
            ("repository", "repository", Pattern),
            ("repository_owner", "repository_owner", Pattern),
            ("workflow", "workflow", Pattern),
            ("environment", "environment", Pattern),
            ("actor", "actor", Pattern),
            ("ref", "ref", Pattern),
            ("ref_type", "ref_type", Same),
        ],
    ),
    (
        "gitlab",
        &[
            ("sub", "sub", Pattern),
            ("ref", "ref", Pattern),
            ("ref_type", "ref_type", Same),
            ("namespace_path", "namespace_path", Pattern),
            ("project_path", "project_path", Pattern),
            ("pipeline_source", "pipeline_source", Same),
            ("environment", "environment", Same),
            ("user_login", "user_login", Same),
            ("user_id", "user_id", Same),
            ("user_email", "user_email", Same),
            ("ref_protected", "ref_protected", Truth),
            ("environment_protected", "environment_protected", Truth),
            ("ci_config_sha", "ci_config_sha", Same),
            ("ci_config_ref_uri", "ci_config_ref_uri", Same),
            ("deployment_tier", "deployment_tier", Same),
            ("project_visibility", "project_visibility", Same),
        ],
    ),
    ("kubernetes", &[("service_account", "sub", ServiceAccount)]),
    (
        "spacelift",
        &[
            ("space_id", "spaceId", PatternIfEnabled),
            ("caller_id", "callerId", PatternIfEnabled),
            ("caller_type", "callerType", Same),
            ("scope", "scope", Same),
        ],
    ),
    (
        "terraform_cloud",
        &[
            ("organization_id", "terraform_organization_id", Same),
            ("organization_name", "terraform_organization_name", Same),
            ("project_id", "terraform_project_id", Same),
            ("project_name", "terraform_project_name", Same),
            ("workspace_id", "terraform_workspace_id", Same),
            ("workspace_name", "terraform_workspace_name", Same),
            ("run_phase", "terraform_run_phase", Same),
        ],
    ),
];
