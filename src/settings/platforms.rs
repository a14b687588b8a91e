//! The platforms that issue tokens to join with: how each of them is set up to do so, and for whom a token must be.

use teleport_client::JoinMethod;

/// What a person has to know about a platform.
pub(crate) struct Platform {
    pub(crate) method: JoinMethod,
    /// How it is made to issue a token, in full sentences.
    setup: &'static str,
    /// Which audience the token must have, in a full sentence.
    audience: &'static str,
    /// Claims that a rule of the join token can name.
    claims: &'static str,
}

impl Platform {
    /// That of a join method. None for `iam`, which needs no token.
    fn of(method: JoinMethod) -> Option<&'static Self> {
        PLATFORMS.iter().find(|platform| platform.method == method)
    }
}

/// How the platform of a join method is made to issue a token.
pub(crate) fn setup(method: JoinMethod) -> Option<String> {
    let Platform {
        setup, audience, ..
    } = Platform::of(method)?;
    Some(format!("{setup} {audience}"))
}

/// What to do when the cluster does not accept the token of a platform.
pub(crate) fn on_bad_token(method: JoinMethod) -> Option<String> {
    let Platform { audience, .. } = Platform::of(method)?;
    Some(format!(
        "{audience} The cluster must know the issuer of the token: see spec.{method} of the join token. A token that has expired is \
         issued again by a new run."
    ))
}

/// What to do when no rule of the join token allows what runs.
pub(crate) fn on_no_rule(method: JoinMethod) -> Option<String> {
    let Platform { claims, .. } = Platform::of(method)?;
    Some(format!(
        "A rule must match what the platform says of this run. The rules are in spec.{method}.allow of the join token, and name: \
         {claims}."
    ))
}

/// With the sources of the facts in gravitational/teleport: `token_source.go` and `token_validator.go` in `lib/join` for each platform,
/// `lib/kube/token`, and the fields of `ProvisionTokenSpecV2`.
static PLATFORMS: [Platform; 8] = [
    Platform {
        method: JoinMethod::AzureDevops,
        setup: "In Azure Pipelines, give the step that runs Terraform the token of the job: write `env:` with `SYSTEM_ACCESSTOKEN: \
                $(System.AccessToken)` in the step. Azure sets SYSTEM_OIDCREQUESTURI itself.",
        audience: "The audience of its tokens is always api://AzureADTokenExchange.",
        claims: "sub, project_name, pipeline_name, project_id, definition_id, repository_uri, repository_version, repository_ref",
    },
    Platform {
        method: JoinMethod::Bitbucket,
        setup: "In Bitbucket Pipelines, write `oidc: true` in the step that runs Terraform. Bitbucket then sets \
                BITBUCKET_STEP_OIDC_TOKEN.",
        audience: "The audience of its tokens is in the settings of the repository, under OpenID Connect, and must be \
                   spec.bitbucket.audience of the join token.",
        claims: "workspace_uuid, repository_uuid, deployment_environment_uuid, branch_name",
    },
    Platform {
        method: JoinMethod::CircleCi,
        setup: "CircleCI sets CIRCLE_OIDC_TOKEN only in jobs that use at least one context: write `context:` for the job in the \
                workflow.",
        audience: "The audience of its tokens is the ID of the organization, and must be spec.circleci.organization_id of the join \
                   token.",
        claims: "project_id, context_id",
    },
    Platform {
        method: JoinMethod::GitHub,
        setup: "In GitHub Actions, give the job the right to request a token: write `permissions:` with `id-token: write` in the \
                workflow (and `contents: read`, which checking out needs then). GitHub sets ACTIONS_ID_TOKEN_REQUEST_URL and \
                ACTIONS_ID_TOKEN_REQUEST_TOKEN only with that right, and pull requests from forks do not get it.",
        audience: "The audience of the token is always teleport.cluster.local, and the provider asks for it itself.",
        claims: "sub, repository, repository_owner, workflow, environment, actor, ref, ref_type",
    },
    Platform {
        method: JoinMethod::GitLab,
        setup: "In GitLab CI, write `id_tokens:` with `TBOT_GITLAB_JWT:` and its `aud:` in the job that runs Terraform. For a \
                variable of another name, set gitlab_id_token_env_var.",
        audience: "The audience (`aud`) must be the name of the Teleport cluster, such as example.teleport.sh.",
        claims: "sub, ref, ref_type, namespace_path, project_path, pipeline_source, environment, and others",
    },
    Platform {
        method: JoinMethod::Kubernetes,
        setup: "In Kubernetes, mount a projected token of the service account into the pod (`volumes:` with `projected:` and \
                `serviceAccountToken:`), and set KUBERNETES_TOKEN_PATH to its path if that is not the usual one.",
        audience: "The audience of the token must be the name of the Teleport cluster, such as example.teleport.sh, and it must live \
                   for 30 minutes at most.",
        claims: "service_account, as NAMESPACE:NAME",
    },
    Platform {
        method: JoinMethod::Spacelift,
        setup: "Spacelift sets SPACELIFT_OIDC_TOKEN in each run of an account with OIDC. Check that Terraform runs in Spacelift.",
        audience: "The audience of its tokens is the host name of the account, and must be spec.spacelift.hostname of the join token.",
        claims: "space_id, caller_id, caller_type, scope",
    },
    Platform {
        method: JoinMethod::TerraformCloud,
        setup: "In HCP Terraform, set the environment variable TFC_WORKLOAD_IDENTITY_AUDIENCE in the workspace. HCP Terraform then \
                sets TFC_WORKLOAD_IDENTITY_TOKEN in each run. With audience_tag, add the tag in upper case to both, as in \
                TFC_WORKLOAD_IDENTITY_AUDIENCE_TELEPORT.",
        audience: "The audience must be the name of the Teleport cluster, such as example.teleport.sh, or \
                   spec.terraform_cloud.audience of the join token.",
        claims: "organization_id, organization_name, project_id, project_name, workspace_id, workspace_name, run_phase",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_with_a_token_has_its_platform() {
        for method in JoinMethod::ALL {
            let texts = [setup(method), on_bad_token(method), on_no_rule(method)];
            let has_platform = method != JoinMethod::Iam;
            assert!(
                texts.iter().all(|text| text.is_some() == has_platform),
                "{method}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_add() {
        for (method, parts) in [
            (
                JoinMethod::GitHub,
                ["ACTIONS_ID_TOKEN_REQUEST_TOKEN", "id-token: write"],
            ),
            (JoinMethod::GitLab, ["TBOT_GITLAB_JWT", "id_tokens"]),
            (
                JoinMethod::Bitbucket,
                ["BITBUCKET_STEP_OIDC_TOKEN", "oidc: true"],
            ),
            (
                JoinMethod::AzureDevops,
                ["SYSTEM_ACCESSTOKEN", "$(System.AccessToken)"],
            ),
            (
                JoinMethod::TerraformCloud,
                [
                    "TFC_WORKLOAD_IDENTITY_TOKEN",
                    "TFC_WORKLOAD_IDENTITY_AUDIENCE",
                ],
            ),
        ] {
            let text = setup(method).unwrap();
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }
}
