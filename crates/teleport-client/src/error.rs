//! Errors of calls and connections, sorted by what a caller does about them.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    call::{
        failure::CallFailure,
        rights::{self, Right},
        server_texts,
    },
    cause::Cause,
    credentials::{Source, SourceError, SourceKind, identity::Expired},
    dial::{address::Address, dial_error::DialError},
    error_kind::{ErrorKind, Transient},
    join::JoinError,
};

/// Why a call failed. Cheap to clone: calls that wait for the same connection share its failure.
#[derive(Clone, Debug)]
pub struct Error(Arc<Failure>);

#[derive(Debug)]
enum Failure {
    Connect(ConnectError),
    Call(CallFailure),
}

/// A part of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The address of the cluster.
    Address,
    /// How to join.
    JoinMethod,
    /// The name of the token to join with.
    JoinToken,
    /// A source of credentials, by its [origin](Source::origin).
    Source(Option<String>),
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// A source cannot be used at all. Later ones are not tried: that would hide the mistake.
    Source { source: Source, error: SourceError },
    /// Every source was skipped.
    Skipped {
        address: Option<Address>,
        /// Invariant: not empty.
        skipped: Vec<(Source, SkipReason)>,
    },
    /// The cluster did not let the bot join within the time for that.
    GaveUp {
        /// How the last try failed.
        last: Error,
        /// How long it was tried.
        after: Duration,
    },
    /// The client does not join, so that it can issue no identities.
    NotJoining,
    /// Connections are made in a separate task, and that one ended early.
    Interrupted,
}

/// Why a source was skipped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SkipReason {
    #[error("no address is set, and only a tsh profile knows one")]
    NoAddress,
    #[error(transparent)]
    Expired(#[from] Expired),
    #[error(transparent)]
    Dial(#[from] DialError),
}

impl Error {
    pub(crate) fn call(failure: CallFailure) -> Self {
        Self(Arc::new(Failure::Call(failure)))
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Failure::Connect(error) => error.kind(),
            Failure::Call(failure) => failure.kind,
        }
    }

    /// Whether it may work a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind(), ErrorKind::Transient(_))
    }

    /// Whether the server may have carried out the call although it failed. Calling again may do it twice: read the object first.
    pub fn may_have_been_carried_out(&self) -> bool {
        match &*self.0 {
            Failure::Connect(_) => false,
            Failure::Call(failure) => failure.may_have_been_carried_out,
        }
    }

    /// Whether the client had tried the call before, so that what the server refuses may be what an earlier try did.
    pub fn is_repetition(&self) -> bool {
        match &*self.0 {
            Failure::Connect(_) => false,
            Failure::Call(failure) => failure.is_repetition,
        }
    }

    /// Whether there was no connection, so that no call was sent.
    pub fn is_connect(&self) -> bool {
        matches!(&*self.0, Failure::Connect(_))
    }

    /// Whether a cluster does not let the bot join yet, but may a little later.
    pub(crate) fn may_join_later(&self) -> bool {
        matches!(&*self.0, Failure::Connect(error) if error.may_join_later())
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

    /// The message of the server, if a server answered.
    pub fn server_message(&self) -> Option<&str> {
        match &*self.0 {
            Failure::Call(failure) if failure.answered => Some(&failure.message),
            _ => None,
        }
    }

    /// Whether the server refuses to delete an object because others refer to it.
    pub fn is_still_in_use(&self) -> bool {
        self.server_message()
            .is_some_and(server_texts::is_still_in_use)
    }

    /// Whether the server created the user of a bot and then failed at its role, so that the user remains.
    pub fn is_bot_without_role(&self) -> bool {
        self.server_message()
            .is_some_and(server_texts::is_bot_without_role)
    }

    /// The part of the configuration that causes it, if one does.
    pub fn part(&self) -> Option<Part> {
        match &*self.0 {
            Failure::Connect(error) => error.part(),
            Failure::Call(_) => None,
        }
    }

    /// The right that the identity lacks, as far as the name of the call says.
    pub fn missing_right(&self) -> Option<Right> {
        match &*self.0 {
            Failure::Call(failure) if failure.kind == ErrorKind::AccessDenied => {
                rights::needed(&failure.rpc)
            }
            _ => None,
        }
    }

    /// What the parent of the cluster to join answered, if that is why the join failed.
    pub fn of_parent(&self) -> Option<&Self> {
        match &*self.0 {
            Failure::Connect(error) => error.of_parent(),
            Failure::Call(_) => None,
        }
    }

    /// How long a join was repeated before the client gave up.
    pub fn gave_up_after(&self) -> Option<Duration> {
        match &*self.0 {
            Failure::Connect(ConnectError::GaveUp { after, .. }) => Some(*after),
            _ => None,
        }
    }

    /// Why there is no connection, if that is something that a person can do something about.
    pub fn cause(&self) -> Option<Cause> {
        match &*self.0 {
            Failure::Connect(error) => error.cause(),
            Failure::Call(_) => None,
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

impl ConnectError {
    /// Whether the cluster may let the bot join a little later, as it does when it has just become active.
    pub(crate) fn may_join_later(&self) -> bool {
        match self {
            Self::Source {
                error: SourceError::Join(error),
                ..
            } => error.may_succeed_later(),
            Self::Skipped { skipped, .. } => {
                let joined = skipped
                    .iter()
                    .any(|(source, _)| matches!(source.kind, SourceKind::Join(_)));
                joined && matches!(self.kind(), ErrorKind::Transient(_))
            }
            Self::Source { .. } | Self::GaveUp { .. } | Self::NotJoining | Self::Interrupted => {
                false
            }
        }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Source {
                error: SourceError::Join(error),
                ..
            } => error.kind(),
            Self::Source { .. } | Self::NotJoining => ErrorKind::Credentials,
            Self::GaveUp { last, .. } => last.kind(),
            Self::Skipped { skipped, .. } => {
                // How a valid source failed says more than that another one has expired.
                let dialled = skipped.iter().find_map(|(_, reason)| match reason {
                    SkipReason::Dial(error) => Some(error.kind()),
                    SkipReason::Expired(_) | SkipReason::NoAddress => None,
                });
                let unaddressed = skipped
                    .iter()
                    .any(|(_, reason)| matches!(reason, SkipReason::NoAddress));
                dialled.unwrap_or(if unaddressed {
                    ErrorKind::Credentials
                } else {
                    ErrorKind::CertificateExpired
                })
            }
            Self::Interrupted => ErrorKind::Transient(Transient::Unavailable),
        }
    }

    pub(crate) fn address(&self) -> Option<String> {
        match self {
            Self::Skipped { address, .. } => address.as_ref().map(ToString::to_string),
            Self::Source {
                error: SourceError::Join(error),
                ..
            } => error.address(),
            Self::GaveUp { last, .. } => last.address(),
            Self::Source { .. } | Self::NotJoining | Self::Interrupted => None,
        }
    }

    fn of_parent(&self) -> Option<&Error> {
        match self {
            Self::Source {
                error: SourceError::Join(JoinError::Parent { error, .. }),
                ..
            } => Some(&error.0),
            Self::GaveUp { last, .. } => last.of_parent(),
            _ => None,
        }
    }

    pub(crate) fn part(&self) -> Option<Part> {
        let of = |source: &Source| Part::Source(source.origin().map(str::to_owned));
        match self {
            Self::Source {
                error: SourceError::Join(error),
                ..
            } => error.part(),
            Self::GaveUp { last, .. } => last.part(),
            Self::Source { source, .. } => Some(of(source)),
            Self::Skipped { skipped, .. } => match skipped.as_slice() {
                [(source, SkipReason::Expired(_))] => Some(of(source)),
                _ => Some(Part::Address).filter(|_| {
                    matches!(
                        self.kind(),
                        ErrorKind::UnsupportedServer
                            | ErrorKind::UntrustedCertificate
                            | ErrorKind::Transient(_)
                    )
                }),
            },
            Self::NotJoining => Some(Part::JoinMethod),
            Self::Interrupted => None,
        }
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        match self {
            Self::Source { source, .. } if source.has_tilde() => Some(Cause::LiteralTilde),
            Self::Source { error, .. } => error.cause(),
            Self::GaveUp { last, .. } => last.cause(),
            Self::NotJoining | Self::Interrupted => None,
            Self::Skipped { skipped, .. } => {
                let dialled = skipped.iter().find_map(|(_, reason)| match reason {
                    SkipReason::Dial(error) => error.cause(),
                    SkipReason::Expired(_) | SkipReason::NoAddress => None,
                });
                let expired = self.kind() == ErrorKind::CertificateExpired;
                dialled.or_else(|| expired.then_some(Cause::Expired))
            }
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source {
                source,
                error: error @ SourceError::Join(_),
            } => write!(f, "the {source} failed: {error}"),
            Self::Source { source, error } => write!(f, "the {source} cannot be used: {error}"),
            Self::GaveUp { last, after } => write!(
                f,
                "{last} (it was tried again for {})",
                humantime::format_duration(Duration::from_secs(after.as_secs()))
            ),
            Self::Skipped { address, skipped } => {
                f.write_str("no connection")?;
                if let Some(address) = address {
                    write!(f, " to {address}")?;
                }
                match skipped.as_slice() {
                    [(source, reason)] => write!(f, " with the {source}: {reason}"),
                    skipped => {
                        f.write_str(" with any of the credentials:")?;
                        for (source, reason) in skipped {
                            write!(f, "\n- {source}: {reason}")?;
                        }
                        Ok(())
                    }
                }
            }
            Self::NotJoining => {
                f.write_str("only a client that joins its cluster as a bot can issue identities")
            }
            Self::Interrupted => f.write_str("connecting was interrupted"),
        }
    }
}

impl std::error::Error for ConnectError {}
