//! Public keys that callers want to have certified, in the forms of the two join services.

use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm,
};
use tonic::Status;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo};

use crate::ssh;

/// The public keys of one identity.
#[derive(Debug)]
pub(crate) struct PublicKeys {
    pub(crate) tls: TlsKey,
    /// In wire form.
    pub(crate) ssh: Vec<u8>,
}

/// A public key for an X.509 certificate.
#[derive(Debug)]
pub(crate) struct TlsKey {
    algorithm: &'static SignatureAlgorithm,
    bits: Vec<u8>,
}

impl PublicKeys {
    /// Reads a SubjectPublicKeyInfo and an SSH key in wire form.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`.
    pub(crate) fn from_binary(tls: &[u8], ssh: &[u8]) -> Result<Self, Status> {
        Ok(Self {
            tls: TlsKey::from_der(tls).ok_or_else(malformed_tls)?,
            ssh: match ssh::keys::parse(ssh) {
                Some(_) => ssh.to_vec(),
                None => return Err(malformed_ssh()),
            },
        })
    }

    /// Reads PEM and a line of an `authorized_keys` file.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`.
    pub(crate) fn from_text(tls: &[u8], ssh: &[u8]) -> Result<Self, Status> {
        Ok(Self {
            tls: TlsKey::from_pem(tls).ok_or_else(malformed_tls)?,
            ssh: ssh::keys::from_line(ssh).ok_or_else(malformed_ssh)?,
        })
    }
}

impl TlsKey {
    fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, parsed) = SubjectPublicKeyInfo::from_der(der).ok()?;
        let algorithm = parsed.algorithm.algorithm.to_id_string();
        let parameters = parsed.algorithm.parameters.as_ref();
        let curve = parameters.and_then(|any| any.as_oid().ok());
        let algorithm = match (algorithm.as_str(), curve.map(|oid| oid.to_id_string())) {
            (EC, Some(curve)) if curve == P256 => &PKCS_ECDSA_P256_SHA256,
            (RSA, _) => &PKCS_RSA_SHA256,
            (ED25519, _) => &PKCS_ED25519,
            _ => return None,
        };
        let bits = parsed.subject_public_key.data.to_vec();
        (rest.is_empty() && !bits.is_empty()).then_some(Self { algorithm, bits })
    }

    fn from_pem(pem: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(pem).ok()?.trim();
        let (label, text) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
        let (body, end) = text.split_once("-----END ")?;
        let body: String = body.split_whitespace().collect();
        let der = BASE64_STANDARD.decode(body).ok()?;
        match label {
            _ if end.strip_suffix("-----") != Some(label) => None,
            "PUBLIC KEY" => Self::from_der(&der),
            // PKCS#1, which is what a SubjectPublicKeyInfo of RSA has inside.
            "RSA PUBLIC KEY" => Some(Self {
                algorithm: &PKCS_RSA_SHA256,
                bits: der,
            }),
            _ => None,
        }
    }
}

impl PublicKeyData for TlsKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

fn malformed_tls() -> Status {
    Status::invalid_argument("malformed or unsupported TLS public key")
}

fn malformed_ssh() -> Status {
    Status::invalid_argument("malformed or unsupported SSH public key")
}

const EC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const RSA: &str = "1.2.840.113549.1.1.1";
const ED25519: &str = "1.3.101.112";

/// Algorithms that the clusters want for keys.
pub(crate) const SUITE: &str = "balanced-v1";

#[cfg(test)]
mod tests {
    use rcgen::KeyPair;

    use super::*;

    #[test]
    fn a_key_is_the_same_in_both_forms() {
        let key = KeyPair::generate().unwrap();
        let ssh = ssh::keys::public(&key);
        let binary = PublicKeys::from_binary(&key.subject_public_key_info(), &ssh).unwrap();
        let pem = key.public_key_pem();
        let text = PublicKeys::from_text(pem.as_bytes(), ssh::keys::line(&ssh).as_bytes()).unwrap();
        for keys in [&binary, &text] {
            assert_eq!(
                keys.tls.subject_public_key_info(),
                key.subject_public_key_info()
            );
            assert_eq!(keys.ssh, ssh);
        }
    }

    #[test]
    fn the_older_form_of_rsa_keys_becomes_the_usual_one() {
        let pem = b"-----BEGIN RSA PUBLIC KEY-----\nMAYCAQMCAQU=\n-----END RSA PUBLIC KEY-----\n";
        let key = TlsKey::from_pem(pem).unwrap();
        let again = TlsKey::from_der(&key.subject_public_key_info()).unwrap();
        assert_eq!(again.bits, [0x30, 6, 2, 1, 3, 2, 1, 5]);
    }

    #[test]
    fn other_keys_are_refused() {
        let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        assert!(TlsKey::from_der(&p384.subject_public_key_info()).is_none());
        for text in [
            "",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN A-----\n-----END A-----",
        ] {
            assert!(TlsKey::from_pem(text.as_bytes()).is_none(), "{text}");
        }
        let status = PublicKeys::from_binary(&[], &[]).unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
    }
}
