//! Identity files, as `tctl auth sign`, `tsh login --out` and `tbot` write them.
//!
//! One text holds a private key, an SSH certificate, a TLS certificate, SSH CAs and TLS CAs. The first certificate is the client's
//! own, the others are CAs (`api/identityfile/identityfile.go` in gravitational/teleport). This client speaks TLS only, so the SSH
//! parts may be missing.

use std::{io, path::Path};

use secrecy::ExposeSecret;
use secrecy::SecretSlice;

use crate::credentials::{
    identity::{Identity, InvalidIdentity},
    pem::{self, InvalidPem},
    private_key::{self, InvalidPrivateKey},
};

/// Why a text is not an identity file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidIdentityFile {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// It is not text.
    #[error("it is not a text file")]
    NotText,
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It holds a path where its contents belong.
    #[error("it holds no PEM blocks: it looks like the path of a file")]
    LooksLikePath,
    /// It holds no PEM blocks.
    #[error("it holds no PEM blocks: an identity file begins with a private key")]
    NoBlocks,
    /// A PEM block is damaged.
    #[error(transparent)]
    Pem(#[from] InvalidPem),
    /// The certificate comes before the key.
    #[error(
        "its first PEM block is a certificate: in an identity file the private key comes first"
    )]
    Order,
    /// The first block is not a private key that can be used.
    #[error(transparent)]
    PrivateKey(#[from] InvalidPrivateKey),
    /// Certificate and CAs.
    #[error(transparent)]
    Identity(#[from] InvalidIdentity),
}

impl InvalidIdentityFile {
    /// Whether the line breaks of the text are gone.
    pub(crate) fn has_lost_line_breaks(&self) -> bool {
        matches!(
            self,
            Self::Pem(InvalidPem::LostLineBreaks)
                | Self::PrivateKey(InvalidPrivateKey::Pem(InvalidPem::LostLineBreaks))
        )
    }
}

/// Reads an identity file from disk.
pub(crate) async fn read(path: &Path) -> Result<Identity, InvalidIdentityFile> {
    let bytes = tokio::fs::read(path)
        .await
        .map_err(InvalidIdentityFile::Read)?;
    let bytes = SecretSlice::from(bytes);
    parse(bytes.expose_secret())
}

/// Reads the contents of an identity file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Identity, InvalidIdentityFile> {
    let text = std::str::from_utf8(bytes).map_err(|_| InvalidIdentityFile::NotText)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(InvalidIdentityFile::Empty);
    }
    match pem::labels(text).next() {
        None => return Err(without_blocks(text)),
        Some("CERTIFICATE") => return Err(InvalidIdentityFile::Order),
        Some(_) => {}
    }
    let key = private_key::parse(text)?;
    let mut chain = pem::objects(text)?;
    let cas = chain.split_off(chain.len().min(1));
    Ok(Identity::new(chain, key, cas)?)
}

fn without_blocks(text: &str) -> InvalidIdentityFile {
    if text.contains("-----BEGIN") {
        return InvalidPem::LostLineBreaks.into();
    }
    if !text.contains('\n')
        && text.len() < 4096
        && (text.starts_with(['/', '~', '.']) || Path::new(text).exists())
    {
        return InvalidIdentityFile::LooksLikePath;
    }
    InvalidIdentityFile::NoBlocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Authority;

    fn file() -> String {
        Authority::new("parent").identity_file("bot")
    }

    fn refused(text: &str) -> InvalidIdentityFile {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_file_without_ssh_parts_is_enough() {
        assert_eq!(parse(file().as_bytes()).unwrap().user(), "bot");
    }

    #[test]
    fn ssh_parts_and_comments_are_passed_over() {
        let (key, rest) = {
            let file = file();
            let end = file.find("-----BEGIN CERTIFICATE").unwrap();
            (file[..end].to_owned(), file[end..].to_owned())
        };
        let text = format!(
            "\u{feff}# made by a test\r\n{key}ssh-rsa-cert-v01@openssh.com AAAA\n{rest}@cert-authority parent ssh-rsa AAAA\n"
        );
        assert_eq!(parse(text.as_bytes()).unwrap().user(), "bot");
    }

    #[test]
    fn every_ca_is_kept() {
        let old = Authority::new("parent");
        let new = Authority::new("parent");
        let text = format!("{}{}", old.identity_file("bot"), new.certificate_pem());
        assert_eq!(parse(text.as_bytes()).unwrap().cluster_roots().len(), 2);
    }

    #[test]
    fn the_label_of_the_key_may_be_wrong() {
        let text = file().replace("PRIVATE KEY", "RSA PRIVATE KEY");
        assert!(parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn lost_line_breaks_are_named() {
        for text in [
            file().replace('\n', " "),
            file().replace('\n', "\\n"),
            file().replace('\n', ""),
        ] {
            assert!(refused(&text).has_lost_line_breaks());
        }
    }

    #[test]
    fn what_is_not_an_identity_file_says_why() {
        assert!(matches!(refused(" \n"), InvalidIdentityFile::Empty));
        assert!(matches!(
            refused("hello\nworld"),
            InvalidIdentityFile::NoBlocks
        ));
        assert!(matches!(
            refused("/etc/identity"),
            InvalidIdentityFile::LooksLikePath
        ));
        assert!(matches!(
            parse(&[0xff, 0xfe]).unwrap_err(),
            InvalidIdentityFile::NotText
        ));
        assert!(matches!(
            refused(&file()[..60]),
            InvalidIdentityFile::PrivateKey(InvalidPrivateKey::Pem(InvalidPem::NoEnd { .. }))
        ));
        let authority = Authority::new("parent");
        assert!(matches!(
            refused(&authority.certificate_pem()),
            InvalidIdentityFile::Order
        ));
        let key_only = file()
            .split("-----BEGIN CERTIFICATE")
            .next()
            .unwrap()
            .to_owned();
        assert!(matches!(
            refused(&key_only),
            InvalidIdentityFile::Identity(InvalidIdentity::NoCertificate)
        ));
        let hardware =
            "-----BEGIN PIV YUBIKEY PRIVATE KEY-----\nabc\n-----END PIV YUBIKEY PRIVATE KEY-----\n";
        assert!(refused(hardware).to_string().contains("hardware key"));
    }

    #[tokio::test]
    async fn a_missing_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(&folder.path().join("identity")).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("it cannot be read: No such file"),
            "{error}"
        );
    }
}
