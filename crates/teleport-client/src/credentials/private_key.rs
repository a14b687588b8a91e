//! A private key in PEM.

use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer},
    sign::SigningKey,
};
use secrecy::zeroize::Zeroizing;
use std::sync::Arc;

use crate::credentials::pem::{self, InvalidPem};

/// Why a text has no private key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPrivateKey {
    /// There is nothing.
    #[error("it holds no PEM blocks")]
    NoBlocks,
    /// A PEM block is damaged.
    #[error(transparent)]
    Pem(#[from] InvalidPem),
    /// It is something else.
    #[error("it begins with the PEM block {label} and not with a private key")]
    Label {
        /// The label found.
        label: String,
    },
    /// It needs a pass phrase.
    #[error("the private key is encrypted, which is not supported: write it without a pass phrase")]
    Encrypted,
    /// It is in a hardware key.
    #[error(
        "the private key is in a hardware key (PIV), which is not supported: use a Machine ID bot's identity instead"
    )]
    HardwareKey,
    /// It is written the way OpenSSH does.
    #[error(
        "the private key is in OpenSSH's own format, which is not supported: issue it as PKCS#8 or PKCS#1 \
         (Teleport's identity files are)"
    )]
    OpenSsh,
    /// No known format fits.
    #[error(
        "the private key is damaged: it is neither PKCS#8 nor PKCS#1 nor SEC 1, or of an unknown kind"
    )]
    Damaged,
}

/// Reads the key that is the first block of a text. The label only says that it is a key: Teleport and OpenSSL have both written
/// wrong ones (`api/utils/keys/privatekey.go` in gravitational/teleport), so each format is tried.
pub(crate) fn parse(text: &str) -> Result<Arc<dyn SigningKey>, InvalidPrivateKey> {
    if text.contains(ENCRYPTED) {
        return Err(InvalidPrivateKey::Encrypted);
    }
    let keys = Zeroizing::new(pem::objects::<PrivateKeyDer<'static>>(text)?);
    // OpenSSL writes the parameters of an EC key in a block before it.
    let label = pem::labels(text).find(|label| *label != "EC PARAMETERS");
    match label.ok_or(InvalidPrivateKey::NoBlocks)? {
        "ENCRYPTED PRIVATE KEY" => return Err(InvalidPrivateKey::Encrypted),
        "PIV YUBIKEY PRIVATE KEY" => return Err(InvalidPrivateKey::HardwareKey),
        "OPENSSH PRIVATE KEY" => return Err(InvalidPrivateKey::OpenSsh),
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {}
        label => {
            return Err(InvalidPrivateKey::Label {
                label: pem::shown(label),
            });
        }
    }
    let key = keys.first().ok_or(InvalidPrivateKey::Damaged)?;
    let der = key.secret_der();
    let candidates = [
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der)),
        PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(der)),
        PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(der)),
    ];
    candidates
        .iter()
        .find_map(|candidate| any_supported_type(candidate).ok())
        .ok_or(InvalidPrivateKey::Damaged)
}

/// The header of a key that OpenSSL encrypted (RFC 1421 section 4.6.1.1).
const ENCRYPTED: &str = "Proc-Type: 4,ENCRYPTED";

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    /// The SEC 1 key inside of a PKCS#8 one: the last OCTET STRING of it, at a fixed place for P-256.
    fn sec1_of(pkcs8: &[u8]) -> Vec<u8> {
        let (_, outer) = x509_parser::der_parser::parse_der(pkcs8).unwrap();
        outer.as_sequence().unwrap()[2].as_slice().unwrap().to_vec()
    }

    #[test]
    fn keys_are_read_whatever_their_label() {
        for algorithm in [
            &PKCS_ECDSA_P256_SHA256,
            &PKCS_ECDSA_P384_SHA384,
            &PKCS_ED25519,
        ] {
            let der = KeyPair::generate_for(algorithm).unwrap().serialize_der();
            for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
                assert!(parse(&pem::text(label, &der)).is_ok(), "{label}");
            }
        }
    }

    #[test]
    fn keys_in_other_formats_are_read_by_trial() {
        let pkcs8 = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
            .unwrap()
            .serialize_der();
        assert!(parse(&pem::text("RSA PRIVATE KEY", &sec1_of(&pkcs8))).is_ok());
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let reason = |label: &str| parse(&pem::text(label, &[0; 40])).unwrap_err();
        assert_eq!(
            reason("ENCRYPTED PRIVATE KEY"),
            InvalidPrivateKey::Encrypted
        );
        assert_eq!(
            reason("PIV YUBIKEY PRIVATE KEY"),
            InvalidPrivateKey::HardwareKey
        );
        assert_eq!(reason("OPENSSH PRIVATE KEY"), InvalidPrivateKey::OpenSsh);
        assert_eq!(reason("PRIVATE KEY"), InvalidPrivateKey::Damaged);
        assert!(
            reason("CERTIFICATE")
                .to_string()
                .contains("the PEM block \"CERTIFICATE\" and not")
        );
        let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n\
                         -----END RSA PRIVATE KEY-----";
        assert_eq!(parse(encrypted).unwrap_err(), InvalidPrivateKey::Encrypted);
        assert_eq!(parse("text").unwrap_err(), InvalidPrivateKey::NoBlocks);
    }

    #[test]
    fn the_parameters_of_an_ec_key_may_come_first() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let parameters = pem::text("EC PARAMETERS", &[6, 1, 0]);
        let key = pem::text("EC PRIVATE KEY", &sec1_of(&key.serialize_der()));
        assert!(parse(&(parameters + &key)).is_ok());
    }
}
