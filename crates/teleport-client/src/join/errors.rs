//! Why a join fails.

use tonic::Status;

use super::{
    caller::AwsError, certificates::InvalidCertificates, id_token::IdTokenError, key::KeyError,
    method::JoinMethod, parent::ParentError, refusal::Refusal, sts::SignError,
};
use crate::{
    Address, ErrorKind,
    call::failure::CallFailure,
    cause::{Cause, NearAddress},
    dial::{
        dial_error::{DialError, WayError},
        handshake::HandshakeError,
    },
    error::Part,
    shown,
};

/// Why a join fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    /// This machine has no usable AWS credentials.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// There is no token of an identity provider.
    #[error("there is no token to join with: {error}")]
    IdToken {
        /// How to join.
        method: JoinMethod,
        /// Why there is none.
        error: IdTokenError,
    },
    /// The request to AWS cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A key cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The cluster's join service cannot be reached.
    #[error("the join service of {address} cannot be reached: {error}")]
    Reach {
        /// What was dialled.
        address: Address,
        /// How it failed.
        error: WayError,
    },
    /// It refuses the join.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// It does not keep to the protocol.
    #[error("the join service did not answer with {0}")]
    Protocol(&'static str),
    /// Its certificates cannot be used.
    #[error("the cluster's answer cannot be used: {0}")]
    Certificates(#[from] InvalidCertificates),
    /// The bot joined, but cannot connect.
    #[error("the bot joined, but could not connect: {0}")]
    Dial(#[from] DialError),
    /// The bot joined, but the cluster refuses certificates for its roles.
    #[error("the bot joined, but got no certificates for its roles: {0}")]
    Call(CallFailure),
    /// The bot has no roles to act with.
    #[error(
        "the bot {:?} has no roles: it may not impersonate any, so there is nothing that it can do",
        shown::name(.0)
    )]
    NoRoles(String),
    /// The parent cluster, which knows the bot, cannot be asked.
    #[error(
        "the parent cluster does not say whether {address} is a workload cluster of its own, and which bot it has: {error}"
    )]
    Parent {
        /// The child.
        address: Address,
        /// Why.
        error: ParentError,
    },
    /// The parent cluster has no workload cluster with this domain.
    #[error("the parent cluster has no workload cluster with the domain {address}")]
    NoCluster {
        /// The address that is not a domain of one.
        address: Address,
        /// What it may be instead.
        near: Option<NearAddress>,
    },
    /// The workload cluster has no bot.
    #[error("the workload cluster {address} has no bot to join as (spec.bot)")]
    NoBot {
        /// The child.
        address: Address,
    },
    /// No cluster to join is configured.
    #[error("no address is set: a join needs the address of the cluster's proxy")]
    NoAddress,
}

/// Why an exchange with a join service failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The service does not exist on the server, or does not work.
    NoService(Status),
    /// The server refused the join.
    Refused(Status),
    /// Something went wrong on this side.
    Failed(JoinError),
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        Self::Failed(error)
    }
}

impl From<Refusal> for JoinError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl JoinError {
    /// Whether the same join may succeed a little later. Right after a cluster became active, its name, its certificate, the token
    /// and the bot do not all exist yet.
    pub(crate) fn may_succeed_later(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.may_succeed_later(),
            Self::Reach { error, .. } => match error {
                WayError::Web(error) => !matches!(
                    error,
                    HandshakeError::UnknownIssuer
                        | HandshakeError::NotValidNow
                        | HandshakeError::NotTls
                ),
                // A cluster that is still being set up may answer at its name before it speaks HTTP/2 there.
                WayError::NoHttp2 => true,
                error => matches!(error.kind(), ErrorKind::Transient(_)),
            },
            Self::Dial(error) => matches!(error.kind(), ErrorKind::Transient(_)),
            Self::Call(failure) => {
                matches!(failure.kind, ErrorKind::Transient(_) | ErrorKind::NotFound)
            }
            Self::Parent { error, .. } => matches!(error.0.kind(), ErrorKind::Transient(_)),
            _ => false,
        }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Aws(AwsError::Roots(_)) => ErrorKind::UntrustedCertificate,
            Self::Sign(SignError::Challenge) => ErrorKind::Other,
            Self::Aws(_) | Self::IdToken { .. } | Self::Sign(_) | Self::NoAddress => {
                ErrorKind::Credentials
            }
            Self::Reach { error, .. } => error.kind(),
            Self::Refused(refusal) => refusal.kind(),
            Self::Dial(error) => error.kind(),
            Self::Call(failure) => failure.kind,
            Self::NoRoles(_) | Self::NoCluster { .. } | Self::NoBot { .. } => {
                ErrorKind::JoinRefused
            }
            Self::Parent { error, .. } => error.0.kind(),
            Self::Key(_) | Self::Protocol(_) | Self::Certificates(_) => ErrorKind::Other,
        }
    }

    /// The address that was called, as far as it is known.
    pub(crate) fn address(&self) -> Option<String> {
        match self {
            Self::Reach { address, .. }
            | Self::Parent { address, .. }
            | Self::NoCluster { address, .. }
            | Self::NoBot { address } => Some(address.to_string()),
            Self::Call(failure) => Some(failure.address.clone()),
            _ => None,
        }
    }

    /// The part of the configuration that causes it.
    pub(crate) fn part(&self) -> Option<Part> {
        match self {
            Self::Reach { .. } | Self::NoCluster { .. } | Self::NoAddress => Some(Part::Address),
            // The AWS credentials or the token of the platform cause it then, and no part of the configuration.
            Self::Refused(refusal) if refusal.kind() == ErrorKind::Credentials => None,
            Self::Refused(_) | Self::NoBot { .. } => Some(Part::JoinToken),
            // This machine and the server cause these.
            Self::Aws(AwsError::Roots(_)) | Self::Sign(SignError::Challenge) => None,
            Self::Aws(_) | Self::Sign(_) | Self::IdToken { .. } => Some(Part::JoinMethod),
            Self::Parent { error, .. } => error.0.part(),
            _ => None,
        }
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        Some(match self {
            Self::Aws(AwsError::Half { missing, .. }) => Cause::HalfAwsCredentials { missing },
            Self::Aws(AwsError::NoCredentials) => Cause::NoAwsCredentials,
            Self::Aws(AwsError::Expired { .. } | AwsError::Unusable(_)) => Cause::BadAwsCredentials,
            Self::IdToken { method, error } if error.is_missing() => Cause::NoIdToken(*method),
            Self::Sign(SignError::Partition(_)) => Cause::UnknownPartition,
            Self::Reach { error, .. } => match error.cause()? {
                Cause::UntrustedIssuer { trusted, .. } => Cause::UntrustedIssuer {
                    trusted,
                    joining: true,
                },
                cause => cause,
            },
            Self::Refused(refusal) => Cause::JoinRefused(refusal.clone()),
            Self::Dial(error) => return error.cause(),
            Self::NoRoles(_) => Cause::NoRoles,
            Self::NoCluster { near, .. } => Cause::NoWorkloadCluster { near: near.clone() },
            Self::NoBot { .. } => Cause::NoBot,
            _ => return None,
        })
    }
}
