//! What a call on a cluster can end in, sorted by what a caller does about it.

use std::{fmt, sync::Arc};

use super::{connect::ConnectError, rights};

/// Why a call brought nothing. Cheap to clone: calls that wait for the same connection share its failure.
#[derive(Clone, Debug)]
pub struct Error(Arc<Failure>);

#[derive(Debug)]
enum Failure {
    Connect(ConnectError),
    Call(CallFailure),
}

/// A call that failed on a connection.
#[derive(Debug)]
pub(super) struct CallFailure {
    pub(super) kind: Kind,
    /// Name of the RPC without its service.
    pub(super) rpc: String,
    /// The address that was dialled.
    pub(super) address: String,
    /// What the server, or the transport, says.
    pub(super) message: String,
    /// Whether a server answered, as opposed to the transport failing.
    pub(super) answered: bool,
    /// Whether the server may have done what was asked, which must not be done twice.
    pub(super) may_have_been_carried_out: bool,
}

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// There is no such object.
    NotFound,
    /// There is such an object already.
    AlreadyExists,
    /// The identity lacks a right.
    AccessDenied,
    /// The cluster wants this call confirmed with a second factor, which a program cannot give.
    MfaRequired,
    /// The cluster knows the call and has it switched off; support can switch it on.
    FeatureDisabled,
    /// The server refuses the request as it is.
    InvalidArgument,
    /// The server's limit for such things is reached.
    LimitReached,
    /// The object changed since it was read, or is not in a state for this.
    Conflict,
    /// The server does not know the call: too old, or another edition.
    Unimplemented,
    /// The server does not accept who calls.
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
    /// What answers is no Teleport, too old, or reachable only in a way that is not supported.
    UnsupportedServer,
    /// It may work a little later.
    Transient(Transient),
    /// The server failed, or gave an answer that makes no sense.
    Other,
}

/// Why it may work a little later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transient {
    /// The server is not there, or says that it cannot do it now.
    Unavailable,
    /// Too many calls.
    RateLimited,
    /// No answer in time.
    Deadline,
}

impl Error {
    pub(super) fn call(failure: CallFailure) -> Self {
        Self(Arc::new(Failure::Call(failure)))
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        match &*self.0 {
            Failure::Connect(error) => error.kind(),
            Failure::Call(failure) => failure.kind,
        }
    }

    /// Whether it may work a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind(), Kind::Transient(_))
    }

    /// Whether the server may have done what was asked although no good answer came, and asking again may do it twice. Look
    /// before asking again.
    pub fn may_have_been_carried_out(&self) -> bool {
        match &*self.0 {
            Failure::Connect(_) => false,
            Failure::Call(failure) => failure.may_have_been_carried_out,
        }
    }

    /// Whether no connection came about, so that no call was sent.
    pub fn is_connect(&self) -> bool {
        matches!(&*self.0, Failure::Connect(_))
    }

    /// Whether it is that a cluster does not let the bot join yet, but may a little later.
    pub(super) fn is_early(&self) -> bool {
        matches!(&*self.0, Failure::Connect(error) if error.is_early())
    }

    /// Name of the RPC, without its service. None if there was no connection to send it on.
    pub fn rpc(&self) -> Option<&str> {
        match &*self.0 {
            Failure::Connect(_) => None,
            Failure::Call(failure) => Some(&failure.rpc),
        }
    }

    /// The address that was called, as far as it is known.
    pub fn address(&self) -> Option<String> {
        match &*self.0 {
            Failure::Connect(error) => error.address(),
            Failure::Call(failure) => Some(failure.address.clone()),
        }
    }

    /// The server's own words, if a server answered.
    pub fn server_message(&self) -> Option<&str> {
        match &*self.0 {
            Failure::Call(failure) if failure.answered => Some(&failure.message),
            _ => None,
        }
    }

    /// Whether it is the parent of a cluster to be joined that does not answer: then [`Error::attribute`] is about the parent.
    pub fn is_of_parent(&self) -> bool {
        matches!(&*self.0, Failure::Connect(error) if error.is_of_parent())
    }

    /// The argument of the provider that is to blame, if it is one.
    pub fn attribute(&self) -> Option<&'static str> {
        match &*self.0 {
            Failure::Connect(error) => error.attribute(),
            Failure::Call(_) => None,
        }
    }

    /// What a person can do about it, in full sentences.
    pub fn advice(&self) -> Option<String> {
        match &*self.0 {
            Failure::Connect(error) => error.advice(),
            Failure::Call(failure) => failure.advice(),
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self(Arc::new(Failure::Connect(error)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Failure::Connect(error) => error.fmt(f),
            Failure::Call(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl CallFailure {
    fn advice(&self) -> Option<String> {
        let advice = match self.kind {
            Kind::MfaRequired => {
                "The cluster wants a second factor for this call, and a program cannot give one. Use the identity of a Machine \
                 ID bot, or one made by `tctl auth sign` on an auth server: they are exempt. An identity from `tsh login` is not."
            }
            Kind::AccessDenied => return Some(self.missing_right()),
            Kind::FeatureDisabled => {
                "The cluster knows this feature, and it is switched off there. Teleport support can switch it on."
            }
            Kind::Unimplemented => {
                "The server does not know this call. Either it is older than the feature, or its edition does not have it. \
                 Workload clusters need a current Teleport Cloud cluster."
            }
            Kind::Conflict => {
                "The object changed in the meantime. Run it again: it starts from the object as it is now."
            }
            Kind::Unauthenticated => {
                "The cluster does not accept the credentials. Issue new ones for this cluster."
            }
            Kind::CertificateExpired => "Issue new credentials.",
            Kind::Transient(_) if self.may_have_been_carried_out => {
                "Whether the cluster did it is not known. Look before asking for it again."
            }
            Kind::Transient(Transient::RateLimited) => {
                "The limit is the server's, and the configuration is not to blame. Wait a little and run it again, with fewer \
                 calls at once if need be, such as `-parallelism=4`."
            }
            Kind::LimitReached => {
                "The limit is the server's, and the configuration is not to blame. Delete what is not needed any more, or ask \
                 Teleport support to raise it."
            }
            _ => return None,
        };
        Some(advice.to_owned())
    }

    fn missing_right(&self) -> String {
        let rule = match rights::needed(&self.rpc) {
            Some(right) => {
                let verbs: Vec<_> = right.verbs.iter().map(|verb| format!("{verb:?}")).collect();
                format!(
                    "resources = [{:?}] and verbs = [{}]",
                    right.resource,
                    verbs.join(", ")
                )
            }
            None => "the resource and the verbs that the message names".to_owned(),
        };
        format!(
            "The credentials were accepted but lack a right. Give one of their roles an allow rule with {rule}. If they get a \
             further role for it, issue them anew."
        )
    }
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rpc,
            address,
            message,
            ..
        } = self;
        match (self.answered, message.is_empty()) {
            (true, false) => write!(f, "{address} answered {rpc} with {}: {message}", self.kind),
            (true, true) => write!(
                f,
                "{address} answered {rpc} with {}, without a message",
                self.kind
            ),
            (false, _) => write!(f, "{rpc} on {address}: {message}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "not found",
            Self::AlreadyExists => "already exists",
            Self::AccessDenied => "access denied",
            Self::MfaRequired => "second factor required",
            Self::FeatureDisabled => "feature disabled",
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
