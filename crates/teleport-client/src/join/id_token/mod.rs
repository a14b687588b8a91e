//! Tokens of identity providers: signed statements about what runs here, for the join methods other than `iam`.
//!
//! A token is a secret. It is held as one, and no error repeats it, nor the token with which it is requested.
//!
//! | where it comes from | file |
//! | --- | --- |
//! | an environment variable | `variable` |
//! | one HTTP request | `github`, `azure_devops`, both with `request` |
//! | a file | `kubernetes` |

pub(super) mod azure_devops;
pub(super) mod github;
pub(super) mod kubernetes;
mod request;
pub(super) mod variable;

#[cfg(test)]
mod tests;

use std::{io, path::PathBuf, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    dial::{dial_error::WayError, web_request::WebRequestError},
    shown,
};

/// A token that an identity provider signed (RFC 7519).
#[derive(Clone, Debug)]
pub(crate) struct IdToken(SecretString);

/// Which token to take where a platform can issue several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdTokenOptions {
    /// Tag of the token of HCP Terraform (`TerraformCloudAudienceTag` in `lib/auth/join/join.go` in gravitational/teleport).
    pub audience_tag: Option<String>,
    /// Name of the environment variable with the token of GitLab (`GitlabParams` there).
    pub gitlab_variable: Option<String>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdTokenError {
    /// The platform sets this variable where a token can be had.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// The variable holds something else.
    #[error("the environment variable {0} does not hold a signed token (a JWT)")]
    NotInVariable(String),
    /// The file cannot be read.
    #[error("the token of the service account cannot be read from {}: {error}", shown::path(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file holds something else.
    #[error("the file {} does not hold a signed token (a JWT)", shown::path(.0))]
    NotInFile(PathBuf),
    /// The variable does not say where to ask.
    #[error(
        "the environment variable {0} is not an address that tokens can be requested from: it must begin with https://"
    )]
    Endpoint(&'static str),
    /// There is no connection to where tokens are requested.
    #[error("{host} cannot be reached to request a token: {error}")]
    Reach {
        /// Host and port.
        host: String,
        /// Why.
        error: WayError,
    },
    /// No answer in time.
    #[error("{host} did not answer the request for a token within {}", humantime::format_duration(*.after))]
    Silent {
        /// Host and port.
        host: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection broke, or the answer is too large.
    #[error("{host} did not answer the request for a token: {error}")]
    Broken {
        /// Host and port.
        host: String,
        /// How.
        error: WebRequestError,
    },
    /// It refuses.
    #[error("{host} answered the request for a token with {status}")]
    Refused {
        /// Host and port.
        host: String,
        /// The status.
        status: StatusCode,
    },
    /// The answer has no token.
    #[error("{host} answered the request for a token with something else than a token")]
    NoToken {
        /// Host and port.
        host: String,
    },
}

impl IdToken {
    /// Takes a text that has the form of a token: three parts, of which the first two are JSON in base64. White space around it
    /// does not count. The signature is for the cluster to verify.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_TOKEN {
            return None;
        }
        let parts: Vec<_> = text.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return None;
        };
        let is_json = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
            serde_json::from_slice::<serde_json::Map<_, _>>(&bytes).is_ok()
        };
        let is_token = is_json(header) && is_json(claims) && !signature.is_empty();
        (is_token && URL_SAFE_NO_PAD.decode(signature).is_ok()).then(|| Self(text.into()))
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl IdTokenOptions {
    /// The variable that GitLab is configured to set (`lib/gitlab/token_source.go` in gravitational/teleport).
    pub(super) fn gitlab_variable(&self) -> &str {
        self.gitlab_variable.as_deref().unwrap_or("TBOT_GITLAB_JWT")
    }

    /// The variable that HCP Terraform sets (`lib/terraformcloud/token_source.go` in gravitational/teleport).
    pub(super) fn terraform_cloud_variable(&self) -> String {
        let tag = self.audience_tag.as_deref().map(str::to_uppercase);
        let tag = tag.map_or_else(String::new, |tag| format!("_{tag}"));
        format!("TFC_WORKLOAD_IDENTITY_TOKEN{tag}")
    }
}

impl IdTokenError {
    /// Whether the platform is not set up to issue a token, as opposed to failing to do so.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Unset(_)
            | Self::NotInVariable(_)
            | Self::Unreadable { .. }
            | Self::NotInFile(_)
            | Self::Endpoint(_) => true,
            Self::Refused { status, .. } => status.is_client_error(),
            Self::Reach { .. }
            | Self::Silent { .. }
            | Self::Broken { .. }
            | Self::NoToken { .. } => false,
        }
    }
}

/// Length of a token, in bytes. Those of real platforms have one or two thousand.
const MAX_TOKEN: usize = 32 * 1024;
