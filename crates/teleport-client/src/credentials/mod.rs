//! Where an identity comes from.
//!
//! | what | where |
//! | --- | --- |
//! | what each of them gives | `identity` |
//! | where they are read from | `identity_file`, `key_pair`, `profile`; a join is in `join` |
//! | their parts | `pem`, `private_key` |
//! | the contents of a file in the wrong place | `contents` |

pub(crate) mod contents;
pub(crate) mod identity;
pub(crate) mod identity_file;
pub(crate) mod key_pair;
pub(crate) mod pem;
pub(crate) mod private_key;
pub(crate) mod profile;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretSlice};
use time::OffsetDateTime;

use self::{
    identity::{Identity, InvalidIdentity},
    identity_file::InvalidIdentityFile,
    profile::{InvalidProfile, ProfileName},
};
use crate::{
    cause::Cause,
    dial::{address::Address, dial_options::DialOptions},
    join::{Bot, JoinError, TokenName, id_token::IdTokenOptions, method::JoinMethod},
    shown,
};

/// One source of an identity. It is read again for each new connection, which is made when the last one broke or its certificate
/// expired. So files that were renewed on disk are used.
#[derive(Clone)]
pub struct Source {
    pub(crate) kind: SourceKind,
    /// Set by [`Source::named`], for errors.
    origin: Option<String>,
}

#[derive(Clone)]
pub(crate) enum SourceKind {
    /// Certificates that the cluster gives to a bot that joins.
    Join(Bot),
    /// Three files.
    KeyPairFiles(key_pair::Paths),
    /// The contents of the three.
    KeyPair(key_pair::Parts),
    /// A file that `tctl auth sign` or `tbot` wrote.
    IdentityFilePath(PathBuf),
    /// Its contents.
    IdentityFile(SecretSlice<u8>),
    /// A profile of `tsh`.
    Profile(ProfileName),
}

/// The identity that a source gives.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) identity: Identity,
    /// The proxy's address, if the source knows it.
    pub(crate) address: Option<Address>,
    /// When to ask the source for a new identity. None if it does not issue them.
    pub(crate) renew_at: Option<OffsetDateTime>,
}

/// Why a source gives no identity.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The bot cannot join.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// Its contents are not an identity.
    #[error(transparent)]
    Identity(#[from] InvalidIdentity),
    /// The identity file is malformed.
    #[error(transparent)]
    IdentityFile(#[from] InvalidIdentityFile),
    /// A key pair's part is malformed.
    #[error(transparent)]
    KeyPair(#[from] key_pair::InvalidKeyPair),
    /// The profile is missing or malformed.
    #[error(transparent)]
    Profile(#[from] InvalidProfile),
}

impl SourceError {
    pub(crate) fn cause(&self) -> Option<Cause> {
        Some(match self {
            Self::Join(error) => return error.cause(),
            Self::IdentityFile(InvalidIdentityFile::LooksLikePath) => Cause::PathAsContents,
            Self::IdentityFile(error) if error.has_lost_line_breaks() => Cause::LostLineBreaks,
            Self::Profile(InvalidProfile::NoCurrent(_)) => Cause::NoCurrentProfile,
            Self::Profile(InvalidProfile::NoHome) => Cause::NoHomeFolder,
            _ => return None,
        })
    }
}

impl Source {
    /// Joining the cluster as a bot, with a token of this name.
    pub fn join(method: JoinMethod, token: &str) -> Self {
        Self::join_with(method, token, IdTokenOptions::default())
    }

    /// The same, where the platform can give several tokens of its own.
    pub fn join_with(method: JoinMethod, token: &str, options: IdTokenOptions) -> Self {
        let bot = Bot::new(method, TokenName::Given(token.to_owned()), None);
        Self::of_bot(bot.with_id_token(options))
    }

    /// A client certificate, its private key and the cluster's CAs in three PEM files.
    pub fn key_pair_files(cert: PathBuf, key: PathBuf, root_ca: PathBuf) -> Self {
        Self::of(SourceKind::KeyPairFiles(key_pair::Paths {
            cert,
            key,
            root_ca,
        }))
    }

    /// The same three as PEM texts.
    pub fn key_pair(cert: SecretSlice<u8>, key: SecretSlice<u8>, root_ca: SecretSlice<u8>) -> Self {
        Self::of(SourceKind::KeyPair(key_pair::Parts::new(
            cert, key, root_ca,
        )))
    }

    /// An identity file, as `tctl auth sign`, `tsh login --out` and `tbot` write it.
    pub fn identity_file_path(path: impl Into<PathBuf>) -> Self {
        Self::of(SourceKind::IdentityFilePath(path.into()))
    }

    /// The contents of an identity file.
    pub fn identity_file(contents: SecretSlice<u8>) -> Self {
        Self::of(SourceKind::IdentityFile(contents))
    }

    /// A profile of `tsh`, by default the current one in the home folder.
    pub fn profile(dir: Option<PathBuf>, name: Option<&str>) -> Self {
        Self::of(SourceKind::Profile(ProfileName::new(dir, name)))
    }

    /// Names the origin of the source, such as a setting. Errors repeat it.
    #[must_use]
    pub fn named(mut self, origin: &str) -> Self {
        self.origin = Some(origin.to_owned());
        self
    }

    /// The origin that [`Source::named`] set.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Whether the address may come from it.
    pub fn knows_address(&self) -> bool {
        matches!(self.kind, SourceKind::Profile(_))
    }

    pub(crate) fn of_bot(bot: Bot) -> Self {
        Self::of(SourceKind::Join(bot))
    }

    /// Whether a bot joins.
    pub(crate) fn joins(&self) -> bool {
        matches!(self.kind, SourceKind::Join(_))
    }

    fn of(kind: SourceKind) -> Self {
        Self { kind, origin: None }
    }

    /// Whether it is read from a path that begins with a `~`, which only a shell expands.
    pub(crate) fn has_tilde(&self) -> bool {
        let has_tilde = |path: &Path| path.starts_with("~");
        match &self.kind {
            SourceKind::KeyPairFiles(paths) => [&paths.cert, &paths.key, &paths.root_ca]
                .into_iter()
                .any(|path| has_tilde(path)),
            SourceKind::IdentityFilePath(path) => has_tilde(path),
            SourceKind::Profile(name) => name.given_dir().is_some_and(has_tilde),
            _ => false,
        }
    }

    /// Produces the identity, for a client of this address.
    pub(crate) async fn load(
        &self,
        address: Option<&Address>,
        options: &DialOptions,
    ) -> Result<Credentials, SourceError> {
        let identity = match &self.kind {
            SourceKind::Join(bot) => {
                let address = address.ok_or(JoinError::NoAddress)?;
                let renewable = bot.identity(options, address).await?;
                return Ok(Credentials {
                    identity: renewable.identity,
                    address: None,
                    renew_at: Some(renewable.renew_at),
                });
            }
            SourceKind::KeyPairFiles(paths) => paths.read().await?.identity()?,
            SourceKind::KeyPair(parts) => parts.identity()?,
            SourceKind::IdentityFilePath(path) => identity_file::read(path).await?,
            SourceKind::IdentityFile(bytes) => identity_file::parse(bytes.expose_secret())?,
            SourceKind::Profile(name) => {
                let (identity, address) = profile::read(name).await?;
                return Ok(Credentials {
                    identity,
                    address: Some(address),
                    renew_at: None,
                });
            }
        };
        Ok(Credentials {
            identity,
            address: None,
            renew_at: None,
        })
    }

    /// Drops what it keeps, because the cluster does not accept the identity that it gave. True if it can give another one now.
    pub(crate) async fn forget(&self) -> bool {
        let SourceKind::Join(bot) = &self.kind else {
            return false;
        };
        bot.forget().await;
        true
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SourceKind::Join(bot) => bot.fmt(f),
            SourceKind::KeyPairFiles(paths) => write!(f, "key pair {}", shown::path(&paths.cert)),
            SourceKind::KeyPair(_) => f.write_str("key pair"),
            SourceKind::IdentityFilePath(path) => write!(f, "identity file {}", shown::path(path)),
            SourceKind::IdentityFile(_) => f.write_str("identity file"),
            SourceKind::Profile(name) => name.fmt(f),
        }?;
        match &self.origin {
            Some(origin) => write!(f, " ({origin})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;
    use crate::testing::Authority;

    #[test]
    fn a_path_that_only_a_shell_expands_is_noticed() {
        let pair = |ca: &str| {
            let [cert, key, ca] = ["/cert", "/key", ca].map(PathBuf::from);
            Source::key_pair_files(cert, key, ca).has_tilde()
        };
        assert!(pair("~/ca") && !pair("/home/me/ca") && !pair("~ca"));
        assert!(Source::identity_file_path("~/identity").has_tilde());
        assert!(Source::profile(Some("~/.tsh".into()), None).has_tilde());
        assert!(!Source::identity_file(b"~/identity".to_vec().into()).has_tilde());
    }

    #[test]
    fn errors_and_logs_show_the_origin_and_never_the_contents() {
        let source = Source::identity_file(b"hunter2".to_vec().into()).named("the vault");
        for shown in [source.to_string(), format!("{source:?}")] {
            assert_eq!(shown, "identity file (the vault)");
        }
    }

    #[tokio::test]
    async fn errors_and_logs_never_show_the_text_of_a_file_that_stands_where_its_path_belongs() {
        let file = Authority::new("parent").identity_file("bot");
        let encoded = STANDARD.encode(&file);
        for text in [&file, &file.replace('\n', " "), &encoded] {
            let path = PathBuf::from(text);
            let body = &file.lines().nth(1).unwrap()[..40];
            let hidden = |shown: String| {
                assert!(
                    !shown.contains(body) && !shown.contains(&encoded[60..100]),
                    "{shown}"
                );
            };
            for source in [
                Source::identity_file_path(&path),
                Source::key_pair_files(path.clone(), path.clone(), path.clone()),
                Source::profile(Some(path.clone()), None),
                Source::profile(None, Some(text)),
            ] {
                let error = source.load(None, &DialOptions::default()).await;
                hidden(format!("{source:?} {}", error.unwrap_err()));
            }
        }
    }
}
