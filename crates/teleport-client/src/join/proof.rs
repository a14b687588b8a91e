//! What a bot shows to a cluster to prove who it is.

use tonic::Status;

use super::{
    JoinError,
    caller::Caller,
    id_token::{IdToken, IdTokenOptions, azure_devops, github, kubernetes, variable},
    method::JoinMethod,
};
use crate::dial::dial_options::DialOptions;

/// What a join shows.
pub(super) enum Proof {
    /// An AWS identity, which signs a challenge of the cluster.
    Aws(Caller),
    /// A token of an identity provider.
    IdToken(IdToken),
}

impl Proof {
    /// Finds what a method needs on this machine, or asks the identity provider for it.
    ///
    /// The variables of a method whose token is in one: `lib/bitbucket`, `lib/circleci`, `lib/gitlab`, `lib/spacelift` and
    /// `lib/terraformcloud` in gravitational/teleport, `token_source.go` in each. Newer releases have them in `lib/join`.
    pub(super) async fn obtain(
        method: JoinMethod,
        options: &IdTokenOptions,
        dial: &DialOptions,
    ) -> Result<Self, JoinError> {
        let variable = |name: &str| variable::token(&dial.environment, name);
        let token = match method {
            JoinMethod::Iam => return Ok(Self::Aws(dial.aws.caller(dial.clock.now()).await?)),
            JoinMethod::AzureDevops => azure_devops::token(dial).await,
            JoinMethod::Bitbucket => variable("BITBUCKET_STEP_OIDC_TOKEN"),
            JoinMethod::CircleCi => variable("CIRCLE_OIDC_TOKEN"),
            JoinMethod::GitHub => github::token(dial).await,
            JoinMethod::GitLab => variable(options.gitlab_variable()),
            JoinMethod::Kubernetes => kubernetes::token(&dial.environment).await,
            JoinMethod::Spacelift => variable("SPACELIFT_OIDC_TOKEN"),
            JoinMethod::TerraformCloud => variable(&options.terraform_cloud_variable()),
        };
        match token {
            Ok(token) => Ok(Self::IdToken(token)),
            Err(error) => Err(JoinError::IdToken { method, error }),
        }
    }

    /// What a server answered, without a token that it repeats.
    pub(super) fn hidden_in(&self, status: &Status) -> Status {
        match self {
            Self::IdToken(token) if status.message().contains(token.expose()) => {
                let message = status.message().replace(token.expose(), "(the token)");
                Status::new(status.code(), message)
            }
            _ => status.clone(),
        }
    }
}
