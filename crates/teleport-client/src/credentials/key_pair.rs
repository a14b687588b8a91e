//! A client certificate, its private key and the cluster's CAs as three PEM texts.

use std::{io, path::PathBuf};

use rustls::pki_types::CertificateDer;
use secrecy::{ExposeSecret, SecretSlice};

use crate::credentials::{
    identity::{Identity, InvalidIdentity},
    pem::{self, InvalidPem},
    private_key::{self, InvalidPrivateKey},
};
use crate::shown;

/// Where the three files are.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) root_ca: PathBuf,
}

/// The contents of the three files.
#[derive(Clone)]
pub(crate) struct Parts {
    cert: Part,
    key: Part,
    root_ca: Part,
}

#[derive(Clone)]
struct Part {
    /// What an error calls it.
    name: String,
    contents: SecretSlice<u8>,
}

/// Why three texts are not a key pair. Each error names the text that causes it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidKeyPair {
    /// A file cannot be read.
    #[error("{name} cannot be read: {source}")]
    Read {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A part has no PEM blocks.
    #[error("{name} holds no PEM blocks")]
    NoBlocks {
        /// The part.
        name: String,
    },
    /// A part is a damaged PEM text.
    #[error("{name}: {source}")]
    Pem {
        /// The part.
        name: String,
        /// Why.
        source: InvalidPem,
    },
    /// A part that should hold certificates holds something else.
    #[error("{name} holds a PEM block {label} where a certificate belongs")]
    Label {
        /// The part.
        name: String,
        /// The label found.
        label: String,
    },
    /// The key cannot be used.
    #[error("{name}: {source}")]
    PrivateKey {
        /// The part.
        name: String,
        /// Why.
        source: InvalidPrivateKey,
    },
    /// The parts make no identity.
    #[error(transparent)]
    Identity(#[from] InvalidIdentity),
}

impl Paths {
    /// Reads the files.
    pub(crate) async fn read(&self) -> Result<Parts, InvalidKeyPair> {
        Ok(Parts {
            cert: Part::read(&self.cert).await?,
            key: Part::read(&self.key).await?,
            root_ca: Part::read(&self.root_ca).await?,
        })
    }
}

impl Parts {
    /// From the three texts.
    pub(crate) fn new(
        cert: SecretSlice<u8>,
        key: SecretSlice<u8>,
        root_ca: SecretSlice<u8>,
    ) -> Self {
        let part = |name: &str, contents| Part {
            name: name.to_owned(),
            contents,
        };
        Self {
            cert: part("the certificate", cert),
            key: part("the private key", key),
            root_ca: part("the CA's text", root_ca),
        }
    }

    /// The identity that they make. The certificate's text may hold a chain.
    pub(crate) fn identity(&self) -> Result<Identity, InvalidKeyPair> {
        let chain = self.cert.certificates()?;
        let key =
            private_key::parse(self.key.text()?).map_err(|source| InvalidKeyPair::PrivateKey {
                name: self.key.name.clone(),
                source,
            })?;
        let cas = self.root_ca.certificates()?;
        Ok(Identity::new(chain, key, cas)?)
    }
}

impl Part {
    async fn read(path: &PathBuf) -> Result<Self, InvalidKeyPair> {
        let name = shown::path(path);
        match tokio::fs::read(path).await {
            Ok(bytes) => Ok(Self {
                name,
                contents: SecretSlice::from(bytes),
            }),
            Err(source) => Err(InvalidKeyPair::Read { name, source }),
        }
    }

    fn text(&self) -> Result<&str, InvalidKeyPair> {
        std::str::from_utf8(self.contents.expose_secret()).map_err(|_| self.no_blocks())
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, InvalidKeyPair> {
        let text = self.text()?;
        let certificates: Vec<_> = pem::objects(text).map_err(|source| InvalidKeyPair::Pem {
            name: self.name.clone(),
            source,
        })?;
        match pem::labels(text).find(|label| *label != "CERTIFICATE") {
            Some(label) => Err(InvalidKeyPair::Label {
                name: self.name.clone(),
                label: pem::shown(label),
            }),
            None if certificates.is_empty() => Err(self.no_blocks()),
            None => Ok(certificates),
        }
    }

    fn no_blocks(&self) -> InvalidKeyPair {
        InvalidKeyPair::NoBlocks {
            name: self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Authority;

    fn parts(cert: &str, key: &str, ca: &str) -> Parts {
        let bytes = |text: &str| SecretSlice::from(text.as_bytes().to_vec());
        Parts::new(bytes(cert), bytes(key), bytes(ca))
    }

    #[test]
    fn three_texts_make_an_identity() {
        let authority = Authority::new("parent");
        let issued = authority.issue("bot");
        let identity = parts(
            &issued.cert_pem,
            &issued.key_pem,
            &authority.certificate_pem(),
        )
        .identity()
        .unwrap();
        assert_eq!(identity.user(), "bot");
    }

    #[test]
    fn swapped_parts_are_named() {
        let authority = Authority::new("parent");
        let issued = authority.issue("bot");
        let ca = authority.certificate_pem();
        let error = parts(&issued.key_pem, &issued.cert_pem, &ca)
            .identity()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the certificate holds a PEM block \"PRIVATE KEY\" where a certificate belongs"
        );
        let error = parts(&issued.cert_pem, &ca, &ca).identity().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the private key: it begins with the PEM block \"CERTIFICATE\""),
            "{error}"
        );
    }

    #[test]
    fn a_part_without_pem_blocks_is_named() {
        let issued = Authority::new("parent").issue("bot");
        let error = parts(&issued.cert_pem, &issued.key_pem, "nothing")
            .identity()
            .unwrap_err();
        assert_eq!(error.to_string(), "the CA's text holds no PEM blocks");
    }

    #[tokio::test]
    async fn files_are_read_and_a_missing_one_named() {
        let authority = Authority::new("parent");
        let issued = authority.issue("bot");
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("cert"), &issued.cert_pem).unwrap();
        std::fs::write(path("key"), &issued.key_pem).unwrap();
        let paths = Paths {
            cert: path("cert"),
            key: path("key"),
            root_ca: path("ca"),
        };
        let error = paths.read().await.err().unwrap().to_string();
        assert!(
            error.contains("/ca cannot be read: No such file"),
            "{error}"
        );
        std::fs::write(path("ca"), authority.certificate_pem()).unwrap();
        assert_eq!(
            paths.read().await.unwrap().identity().unwrap().user(),
            "bot"
        );
    }
}
