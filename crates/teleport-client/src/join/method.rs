//! The join methods by name.

use std::{fmt, str::FromStr};

use crate::shown;

/// A supported join method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinMethod {
    /// A signed request to AWS STS proves the AWS identity of this machine.
    Iam,
}

/// Why a text is not the name of a supported join method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJoinMethod {
    /// Its secret works only once, and this client joins again whenever it needs to.
    #[error(
        "the join method \"token\" cannot be used here, because its secret works only once: {}",
        works()
    )]
    SingleUse,
    /// Teleport knows it, and this client does not yet.
    #[error("the join method {name:?} is not supported: {}", works())]
    Unsupported {
        /// Its name.
        name: String,
    },
    /// Teleport does not have it.
    #[error("{name:?} is not a join method: {}", works())]
    Unknown {
        /// What was given.
        name: String,
    },
}

impl FromStr for JoinMethod {
    type Err = InvalidJoinMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "iam" => Ok(Self::Iam),
            "token" => Err(InvalidJoinMethod::SingleUse),
            known if UNSUPPORTED.contains(&known) => Err(InvalidJoinMethod::Unsupported {
                name: known.to_owned(),
            }),
            unknown => Err(InvalidJoinMethod::Unknown {
                name: shown::given(unknown),
            }),
        }
    }
}

impl fmt::Display for JoinMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Iam => "iam",
        })
    }
}

fn works() -> String {
    format!("the supported join methods are: {}", JoinMethod::Iam)
}

/// The others that Teleport knows (`api/types/provisioning.go` in gravitational/teleport).
const UNSUPPORTED: [&str; 15] = [
    "azure",
    "azure_devops",
    "bitbucket",
    "bound_keypair",
    "circleci",
    "ec2",
    "env0",
    "gcp",
    "github",
    "gitlab",
    "kubernetes",
    "oracle",
    "spacelift",
    "terraform_cloud",
    "tpm",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        text.parse::<JoinMethod>().unwrap_err().to_string()
    }

    #[test]
    fn iam_works() {
        assert_eq!("iam".parse(), Ok(JoinMethod::Iam));
        assert_eq!(JoinMethod::Iam.to_string(), "iam");
    }

    #[test]
    fn a_token_is_refused_because_it_works_once() {
        let error = refused("token");
        assert!(
            error.contains("only once") && error.ends_with("join methods are: iam"),
            "{error}"
        );
    }

    #[test]
    fn known_methods_are_distinguished_from_unknown_ones() {
        for known in UNSUPPORTED {
            let error = refused(known);
            assert!(
                error.contains("not supported") && error.ends_with("join methods are: iam"),
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
}
