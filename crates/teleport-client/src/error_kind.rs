//! The kinds of failures, for a caller to decide by.

use std::fmt;

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The object does not exist.
    NotFound,
    /// The object already exists.
    AlreadyExists,
    /// The identity lacks a right.
    AccessDenied,
    /// The call needs a second factor, which a program cannot give.
    MfaRequired,
    /// The cluster has the feature, but it is switched off. Teleport's support can enable it.
    FeatureDisabled,
    /// The cluster's edition does not have the feature: it needs Teleport Cloud, or a Teleport Enterprise licence.
    NotInEdition,
    /// The server refuses the request as it is.
    InvalidArgument,
    /// The server's limit for such things is reached.
    LimitReached,
    /// The object changed since it was read, or is not in a state for this.
    Conflict,
    /// The server does not know the call: too old, or another edition.
    Unimplemented,
    /// The server does not accept the caller's identity.
    Unauthenticated,
    /// The cluster does not let the bot join.
    JoinRefused,
    /// Every credential that could be used has expired.
    CertificateExpired,
    /// A credential cannot be read or used.
    Credentials,
    /// The credentials belong to another cluster than the one that answers.
    WrongCluster,
    /// This machine does not trust the certificate of the cluster's proxy.
    UntrustedCertificate,
    /// What answers is not Teleport, is too old, or can be reached only in a way that is not supported.
    UnsupportedServer,
    /// It may work a little later.
    Transient(Transient),
    /// The server failed, or gave an answer that makes no sense.
    Other,
}

/// Why it may work a little later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transient {
    /// The server cannot be reached, or says that it cannot do it now.
    Unavailable,
    /// Too many calls.
    RateLimited,
    /// No answer in time.
    Deadline,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "not found",
            Self::AlreadyExists => "already exists",
            Self::AccessDenied => "access denied",
            Self::MfaRequired => "second factor required",
            Self::FeatureDisabled => "feature disabled",
            Self::NotInEdition => "not in this edition of Teleport",
            Self::InvalidArgument => "invalid argument",
            Self::LimitReached => "limit reached",
            Self::Conflict => "conflict",
            Self::Unimplemented => "unimplemented",
            Self::Unauthenticated => "unauthenticated",
            Self::JoinRefused => "join refused",
            Self::CertificateExpired => "certificate expired",
            Self::Credentials => "unusable credentials",
            Self::WrongCluster => "wrong cluster",
            Self::UntrustedCertificate => "untrusted certificate",
            Self::UnsupportedServer => "unsupported server",
            Self::Transient(Transient::Unavailable) => "unavailable",
            Self::Transient(Transient::RateLimited) => "rate limited",
            Self::Transient(Transient::Deadline) => "deadline exceeded",
            Self::Other => "an error",
        })
    }
}
