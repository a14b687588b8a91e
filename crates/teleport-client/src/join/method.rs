//! The join methods by name.

use std::{fmt, str::FromStr};

use crate::shown;

/// A supported join method. All but `iam` prove by a token of an identity provider what runs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinMethod {
    /// Azure DevOps issues a token for a pipeline run.
    AzureDevops,
    /// Bitbucket Pipelines issues a token for a step.
    Bitbucket,
    /// CircleCI issues a token for a job.
    CircleCi,
    /// GitHub Actions issues a token for a job.
    GitHub,
    /// GitLab CI issues a token for a job.
    GitLab,
    /// A signed request to AWS STS proves the AWS identity of this machine.
    Iam,
    /// Kubernetes issues a token for the service account of a pod.
    Kubernetes,
    /// Spacelift issues a token for a run.
    Spacelift,
    /// HCP Terraform, once called Terraform Cloud, issues a token for a run.
    TerraformCloud,
}

/// Why a text is not the name of a supported join method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJoinMethod {
    /// Its secret works only once, and this client joins again whenever it needs to.
    #[error(
        "the join method \"token\" cannot be used here, because its secret works only once: {}",
        works(.supported)
    )]
    SingleUse {
        /// The methods that work here.
        supported: &'static [JoinMethod],
    },
    /// Teleport knows it, and it does not work here.
    #[error("the join method {name:?} is not supported here: {}", works(.supported))]
    Unsupported {
        /// Its name.
        name: String,
        /// The methods that work here.
        supported: &'static [JoinMethod],
    },
    /// Teleport does not have it.
    #[error("{name:?} is not a join method: {}", works(.supported))]
    Unknown {
        /// What was given.
        name: String,
        /// The methods that work here.
        supported: &'static [JoinMethod],
    },
}

impl JoinMethod {
    /// Every supported method, in the order of their names.
    pub const ALL: [Self; 9] = [
        Self::AzureDevops,
        Self::Bitbucket,
        Self::CircleCi,
        Self::GitHub,
        Self::GitLab,
        Self::Iam,
        Self::Kubernetes,
        Self::Spacelift,
        Self::TerraformCloud,
    ];

    /// Its name (`JoinMethod` in `api/types/provisioning.go` in gravitational/teleport).
    pub const fn name(self) -> &'static str {
        match self {
            Self::AzureDevops => "azure_devops",
            Self::Bitbucket => "bitbucket",
            Self::CircleCi => "circleci",
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Iam => "iam",
            Self::Kubernetes => "kubernetes",
            Self::Spacelift => "spacelift",
            Self::TerraformCloud => "terraform_cloud",
        }
    }

    /// The method of that name, if it is one of `supported`.
    pub(super) fn among(supported: &'static [Self], text: &str) -> Result<Self, InvalidJoinMethod> {
        if let Some(method) = supported.iter().find(|method| method.name() == text) {
            return Ok(*method);
        }
        let is_known = |name: &&str| *name == text;
        let others = Self::ALL.map(Self::name);
        Err(match text {
            "token" => InvalidJoinMethod::SingleUse { supported },
            known if others.iter().chain(&UNSUPPORTED).any(is_known) => {
                InvalidJoinMethod::Unsupported {
                    name: known.to_owned(),
                    supported,
                }
            }
            unknown => InvalidJoinMethod::Unknown {
                name: shown::given(unknown),
                supported,
            },
        })
    }
}

impl FromStr for JoinMethod {
    type Err = InvalidJoinMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::among(&Self::ALL, text)
    }
}

impl fmt::Display for JoinMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn works(supported: &[JoinMethod]) -> String {
    let names: Vec<_> = supported.iter().map(|method| method.name()).collect();
    format!("the supported join methods are: {}", names.join(", "))
}

/// The others that Teleport knows (`api/types/provisioning.go` in gravitational/teleport). Their proof is more than a token.
const UNSUPPORTED: [&str; 7] = [
    "azure",
    "bound_keypair",
    "ec2",
    "env0",
    "gcp",
    "oracle",
    "tpm",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        text.parse::<JoinMethod>().unwrap_err().to_string()
    }

    #[test]
    fn every_supported_method_has_its_name() {
        for method in JoinMethod::ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
        }
        assert!(JoinMethod::ALL.is_sorted_by_key(|method| method.name()));
    }

    #[test]
    fn a_token_is_refused_because_it_works_once() {
        let error = refused("token");
        assert!(
            error.contains("only once") && error.ends_with("spacelift, terraform_cloud"),
            "{error}"
        );
    }

    #[test]
    fn known_methods_are_distinguished_from_unknown_ones() {
        for known in UNSUPPORTED {
            let error = refused(known);
            assert!(
                error.contains("is not supported here") && error.contains("are: azure_devops, "),
                "{error}"
            );
        }
        for unknown in ["IAM", "aws", "", "jwt"] {
            assert!(
                refused(unknown).contains("is not a join method"),
                "{unknown}"
            );
        }
    }

    #[test]
    fn where_few_methods_work_the_others_are_refused_with_those() {
        let error = JoinMethod::among(&[JoinMethod::Iam], "github").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the join method \"github\" is not supported here: the supported join methods are: iam"
        );
    }
}
