//! Making a connection: one credential source after the other, until one leads to the cluster.

use std::{fmt, time::Duration};

use super::{
    Address, Attribute, Config, Error, Kind, Transient,
    attributes::{self, ATTRIBUTES},
    connection::Connection,
    credentials::{Source, SourceError},
    dial::{self, DialError},
    identity::Expired,
    join::JoinError,
};

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// A source cannot be used at all. Later ones are not tried: the mistake would go unnoticed.
    Source { source: Source, error: SourceError },
    /// Every source was skipped.
    Skipped {
        address: Option<Address>,
        /// Invariant: not empty.
        skipped: Vec<(Source, Reason)>,
    },
    /// The cluster did not let the bot join within the time for that.
    GaveUp {
        /// What came of the last try.
        last: Error,
        /// How long it was tried.
        after: Duration,
    },
    /// The client does not join, so that it can issue no identities.
    NotJoining,
    /// The connection is made on a task of its own, and that ended early.
    Interrupted,
}

/// Why a source was skipped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error("no address is set, and only a tsh profile knows one: set addr")]
    NoAddress,
    #[error(transparent)]
    Expired(#[from] Expired),
    #[error(transparent)]
    Dial(#[from] DialError),
}

/// Connects with the first source that leads to the cluster. A source that has expired, or does not get through, is skipped; one
/// that cannot be read is an error. A bot whose identity the cluster does not accept any more joins again first.
pub(super) async fn connect(config: &Config) -> Result<Connection, ConnectError> {
    let mut skipped = Vec::new();
    let mut last_address = config.address.clone();
    for source in &config.sources {
        let mut outcome = attempt(config, source, &mut last_address).await?;
        if let Err(Reason::Dial(error)) = &outcome
            && error.is_about_identity()
            && source.forget().await
        {
            tracing::debug!(%source, %error, "the bot joins again");
            outcome = attempt(config, source, &mut last_address).await?;
        }
        match outcome {
            Ok(connection) => return Ok(connection),
            Err(reason) => {
                tracing::warn!(address = last_address.as_ref().map(tracing::field::display), %source, %reason, "credentials were skipped");
                skipped.push((source.clone(), reason));
            }
        }
    }
    Err(ConnectError::Skipped {
        address: last_address,
        skipped,
    })
}

/// Tries one source once. Notes the address that is dialled. The outer error is one after which no other source is tried.
async fn attempt(
    config: &Config,
    source: &Source,
    last_address: &mut Option<Address>,
) -> Result<Result<Connection, Reason>, ConnectError> {
    let loaded = source.load(config).await;
    let credentials = loaded.map_err(|error| ConnectError::Source {
        source: source.clone(),
        error,
    })?;
    let address = config
        .address
        .clone()
        .or_else(|| credentials.address.clone());
    let Some(address) = address else {
        return Ok(Err(Reason::NoAddress));
    };
    *last_address = Some(address.clone());
    let identity = &credentials.identity;
    if let Err(expired) = identity.check_validity(config.clock.now()) {
        return Ok(Err(expired.into()));
    }
    Ok(match dial::dial(&address, identity, config).await {
        Ok(dialled) => {
            tracing::debug!(%address, %source, way = %dialled.way, version = %dialled.server_version, "connected");
            Ok(Connection::new(address, credentials, dialled))
        }
        Err(error) => Err(error.into()),
    })
}

impl ConnectError {
    /// Whether the cluster may let the bot in a little later, as it does when it has just become active.
    pub(super) fn is_early(&self) -> bool {
        match self {
            Self::Source {
                error: SourceError::Join(error),
                ..
            } => error.may_pass(),
            Self::Skipped { skipped, .. } => {
                let joined = skipped
                    .iter()
                    .any(|(source, _)| matches!(source, Source::Join(_)));
                joined && matches!(self.kind(), Kind::Transient(_))
            }
            Self::Source { .. } | Self::GaveUp { .. } | Self::NotJoining | Self::Interrupted => {
                false
            }
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Source {
                error: SourceError::Join(error),
                ..
            } => error.kind(),
            Self::Source { .. } | Self::NotJoining => Kind::Credentials,
            Self::GaveUp { last, .. } => last.kind(),
            Self::Skipped { skipped, .. } => {
                // What the sources that were still valid met says more than that another one is not.
                let dialled = skipped.iter().find_map(|(_, reason)| match reason {
                    Reason::Dial(error) => Some(error.kind()),
                    Reason::Expired(_) | Reason::NoAddress => None,
                });
                let unaddressed = skipped
                    .iter()
                    .any(|(_, reason)| matches!(reason, Reason::NoAddress));
                dialled.unwrap_or(if unaddressed {
                    Kind::Credentials
                } else {
                    Kind::CertificateExpired
                })
            }
            Self::Interrupted => Kind::Transient(Transient::Unavailable),
        }
    }

    pub(super) fn address(&self) -> Option<String> {
        match self {
            Self::Skipped { address, .. } => address.as_ref().map(ToString::to_string),
            Self::Source {
                source: Source::Join(_),
                error: SourceError::Join(error),
            } => error.address(),
            Self::GaveUp { last, .. } => last.address(),
            Self::Source { .. } | Self::NotJoining | Self::Interrupted => None,
        }
    }

    /// Whether it is the parent of the cluster to be joined that does not answer.
    pub(super) fn is_of_parent(&self) -> bool {
        match self {
            Self::Source {
                error: SourceError::Join(error),
                ..
            } => matches!(error, JoinError::Parent { .. }),
            Self::GaveUp { last, .. } => last.is_of_parent(),
            _ => false,
        }
    }

    pub(super) fn attribute(&self) -> Option<&'static str> {
        let name = |attribute: &Attribute| attribute.name;
        match self {
            Self::Source {
                error: SourceError::Join(error),
                ..
            } => error.attribute(),
            Self::GaveUp { last, .. } => last.attribute(),
            Self::Source { source, .. } => source.attribute().map(name),
            Self::Skipped { skipped, .. } => match skipped.as_slice() {
                [(source, Reason::Expired(_))] => source.attribute().map(name),
                _ => Some(attributes::ADDR.name).filter(|_| {
                    matches!(
                        self.kind(),
                        Kind::UnsupportedServer | Kind::UntrustedCertificate | Kind::Transient(_)
                    )
                }),
            },
            Self::NotJoining => Some(attributes::JOIN_METHOD.name),
            Self::Interrupted => None,
        }
    }

    pub(super) fn advice(&self) -> Option<String> {
        match self {
            Self::Source {
                source: Source::DefaultProfile(_),
                ..
            } => Some(no_credentials()),
            Self::Source {
                error: SourceError::Join(error),
                ..
            } => error.advice(),
            Self::GaveUp { last, .. } => last.advice(),
            Self::Source { source, .. } => source.has_tilde().then(|| {
                "Terraform takes a ~ at the start of a path literally. Write pathexpand(\"~/...\") in the configuration, and $HOME \
                 in an environment variable."
                    .to_owned()
            }),
            Self::NotJoining | Self::Interrupted => None,
            Self::Skipped { skipped, .. } => {
                let dialled = skipped.iter().find_map(|(_, reason)| match reason {
                    Reason::Dial(error) => error.advice(),
                    Reason::Expired(_) | Reason::NoAddress => None,
                });
                let expired = || {
                    "Issue new credentials. Those of a Machine ID bot (tbot) are renewed on disk as long as it runs, and are read \
                     again for each connection."
                        .to_owned()
                };
                match self.kind() {
                    Kind::CertificateExpired => Some(dialled.unwrap_or_else(expired)),
                    _ => dialled,
                }
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
                "{last} (it was tried again for {}, join_timeout_duration)",
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
            Self::NotJoining => f.write_str(
                "only a client that joins its cluster as a bot can issue identities, and no join_method is set",
            ),
            Self::Interrupted => f.write_str("connecting was interrupted"),
        }
    }
}

impl std::error::Error for ConnectError {}

/// What to set when nothing was.
fn no_credentials() -> String {
    let sources: Vec<_> = ATTRIBUTES
        .iter()
        .filter(|attribute| attributes::is_credential(attribute))
        .map(|attribute| format!("{} ({})", attribute.name, attribute.environment))
        .collect();
    format!(
        "No credentials are configured, so the current profile of tsh was tried. Set one of these arguments or environment \
         variables: {}.",
        sources.join(", ")
    )
}
