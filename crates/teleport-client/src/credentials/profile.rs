//! Profiles of `tsh`: a folder with a description in YAML, keys and certificates (`api/profile/profile.go` and
//! `api/utils/keypaths/keypaths.go` in gravitational/teleport).

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use rustls::pki_types::CertificateDer;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    credentials::{
        contents::Contents,
        identity::{Identity, InvalidIdentity},
        pem::{self, InvalidPem},
        private_key::{self, InvalidPrivateKey},
    },
    dial::address::{Address, InvalidAddress},
    shown,
};

/// Which profile is meant.
#[derive(Clone, Debug)]
pub(crate) struct ProfileName {
    /// None: `.tsh` in the home folder.
    dir: Option<PathBuf>,
    /// None: the current one.
    name: Option<String>,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidProfile {
    /// There is no home folder to look in.
    #[error("the home folder is not known")]
    NoHome,
    /// No profile is the current one.
    #[error("{} names no current profile", shown::path(.0))]
    NoCurrent(PathBuf),
    /// The name is a path, which could leave the folder.
    #[error("{:?} is not the name of a profile: that is the host name of a proxy", shown::given(.0))]
    Name(String),
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", shown::path(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The description is not that of a profile.
    #[error("{} is not a profile: {reason}", shown::path(path))]
    Description {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The proxy's address is invalid.
    #[error(
        "{} has a web_proxy_addr that is not an address: {source}",
        shown::path(path)
    )]
    Address {
        /// The file.
        path: PathBuf,
        /// Why.
        source: InvalidAddress,
    },
    /// A PEM file is damaged.
    #[error("{}: {source}", shown::path(path))]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        source: InvalidPem,
    },
    /// The key cannot be used.
    #[error("{}: {source}", shown::path(path))]
    PrivateKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: InvalidPrivateKey,
    },
    /// Certificate, key and CAs make no identity.
    #[error(transparent)]
    Identity(#[from] InvalidIdentity),
}

/// The keys of the description that are needed. Others are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Description {
    pub(crate) web_proxy_addr: String,
    pub(crate) user: String,
}

impl ProfileName {
    pub(crate) fn new(dir: Option<PathBuf>, name: Option<&str>) -> Self {
        Self {
            dir,
            name: name.map(str::to_owned),
        }
    }

    /// The folder that was given.
    pub(crate) fn given_dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    fn dir(&self) -> Result<PathBuf, InvalidProfile> {
        match &self.dir {
            Some(dir) => Ok(dir.clone()),
            None => std::env::home_dir()
                .map(|home| home.join(".tsh"))
                .ok_or(InvalidProfile::NoHome),
        }
    }

    async fn description(&self, dir: &Path) -> Result<PathBuf, InvalidProfile> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => {
                let path = dir.join("current-profile");
                let name = match tokio::fs::read_to_string(&path).await {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                    read => read.map_err(|source| InvalidProfile::Read {
                        path: path.clone(),
                        source,
                    })?,
                };
                match name.trim() {
                    "" => return Err(InvalidProfile::NoCurrent(path)),
                    name => name.to_owned(),
                }
            }
        };
        if name.contains(['/', '\\']) || Contents::of(&name).is_some() {
            return Err(InvalidProfile::Name(name));
        }
        Ok(dir.join(format!("{name}.yaml")))
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "tsh profile {}", shown::given(name))?,
            None => f.write_str("current tsh profile")?,
        }
        match &self.dir {
            Some(dir) => write!(f, " in {}", shown::path(dir)),
            None => f.write_str(" in ~/.tsh"),
        }
    }
}

/// Reads a profile: its identity, and the address of its proxy.
pub(crate) async fn read(name: &ProfileName) -> Result<(Identity, Address), InvalidProfile> {
    let dir = name.dir()?;
    let path = name.description(&dir).await?;
    let description = describe(&path, &read_text(&path).await?)?;
    let address = Address::parse(&description.web_proxy_addr)
        .map_err(|source| InvalidProfile::Address { path, source })?;
    let keys = dir.join("keys").join(address.host());
    let user = &description.user;

    // Since version 17 the TLS key has its own file. Before, there was one key for TLS and SSH.
    let (chain, key) = match certificates(&keys.join(format!("{user}.crt"))).await {
        Err(InvalidProfile::Read { source, path }) if source.kind() == io::ErrorKind::NotFound => {
            let older = certificates(&keys.join(format!("{user}-x509.pem"))).await;
            // If neither exists, the error shows the newer path.
            let older = older.map_err(|error| match error {
                InvalidProfile::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                    InvalidProfile::Read { path, source }
                }
                error => error,
            })?;
            (older, keys.join(user))
        }
        newer => (newer?, keys.join(format!("{user}.key"))),
    };
    let text = SecretString::from(read_text(&key).await?);
    let key = private_key::parse(text.expose_secret())
        .map_err(|source| InvalidProfile::PrivateKey { path: key, source })?;
    let identity = Identity::new(chain, key, cas(&keys).await?)?;
    Ok((identity, address))
}

/// Reads the description of a profile, which is in the file at this path.
pub(crate) fn describe(path: &Path, text: &str) -> Result<Description, InvalidProfile> {
    let invalid = |reason: String| InvalidProfile::Description {
        path: path.to_owned(),
        reason,
    };
    if text.trim().is_empty() {
        return Err(invalid("it is empty".to_owned()));
    }
    let description: Description = serde_saphyr::from_str_with_options(text, limits())
        .map_err(|error| invalid(malformed(&error)))?;
    match &description {
        Description { web_proxy_addr, .. } if web_proxy_addr.is_empty() => {
            Err(invalid("it has no web_proxy_addr".to_owned()))
        }
        Description { user, .. }
            if user.is_empty() || user.contains(['/', '\\']) || Contents::of(user).is_some() =>
        {
            Err(invalid("it has no user that names a file".to_owned()))
        }
        _ => Ok(description),
    }
}

/// `tsh` writes some twenty keys, and no aliases: a short text of aliases can stand for a million values.
fn limits() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_nodes: 10_000 },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 1_000 },
    }
}

/// Why it is no YAML of a profile. The library's own text quotes the file, which may hold a key.
fn malformed(error: &serde_saphyr::Error) -> String {
    match error.location() {
        Some(place) => format!(
            "line {}, column {} is not the YAML of a profile",
            place.line(),
            place.column()
        ),
        None => "it is not the YAML of a profile".to_owned(),
    }
}

/// The CAs of every file under `cas`, or of the older single file.
async fn cas(keys: &Path) -> Result<Vec<CertificateDer<'static>>, InvalidProfile> {
    let mut found = Vec::new();
    let mut folders = vec![keys.join("cas")];
    let mut first = true;
    while let Some(folder) = folders.pop() {
        let mut entries = match tokio::fs::read_dir(&folder).await {
            Ok(entries) => entries,
            Err(error) if first && error.kind() == io::ErrorKind::NotFound => {
                return certificates(&keys.join("certs.pem")).await;
            }
            Err(source) => {
                return Err(InvalidProfile::Read {
                    path: folder,
                    source,
                });
            }
        };
        first = false;
        loop {
            let read = |source| InvalidProfile::Read {
                path: folder.clone(),
                source,
            };
            let Some(entry) = entries.next_entry().await.map_err(read)? else {
                break;
            };
            if entry.file_type().await.map_err(read)?.is_dir() {
                folders.push(entry.path());
            } else {
                found.extend(certificates(&entry.path()).await?);
            }
        }
    }
    Ok(found)
}

async fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, InvalidProfile> {
    pem::objects(&read_text(path).await?).map_err(|source| InvalidProfile::Pem {
        path: path.to_owned(),
        source,
    })
}

async fn read_text(path: &Path) -> Result<String, InvalidProfile> {
    tokio::fs::read_to_string(path)
        .await
        .map_err(|source| InvalidProfile::Read {
            path: path.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests;
