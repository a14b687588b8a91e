//! Fresh key pairs, and their public halves in each form that a cluster asks for. They live in memory only.

use std::{fmt, sync::Arc};

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize};
use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    sign::SigningKey,
};
use secrecy::SecretString;
use ssh_key::{
    Mpint,
    public::{EcdsaPublicKey, KeyData, RsaPublicKey},
};
use x509_parser::{
    der_parser::parse_der,
    prelude::{FromDer, SubjectPublicKeyInfo},
    public_key::PublicKey,
};

use crate::credentials::pem;

/// The algorithm that a cluster wants for the keys of bots, out of its suite of signature algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSA with 2048 bits.
    Rsa,
    /// ECDSA on P-256.
    EcdsaP256,
}

/// A private key with its public half.
pub(super) struct Key {
    algorithm: Algorithm,
    pair: KeyPair,
    public: Public,
}

/// A key cannot be made, or not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key cannot be made: {0}")]
pub(crate) struct KeyError(String);

/// The public half in the forms that are not simply encodings of each other.
struct Public {
    /// X.509's SubjectPublicKeyInfo, DER.
    spki: Vec<u8>,
    /// The key inside of that: a point, or PKCS#1.
    inner: Vec<u8>,
    /// SSH's wire form.
    ssh: Vec<u8>,
    /// A line of an `authorized_keys` file, without its end.
    ssh_line: String,
}

impl Algorithm {
    /// Reads the name of a suite, tolerantly: a suite that is not known has RSA keys, which every cluster takes
    /// (`api/utils/keys/cryptosuites` in gravitational/teleport).
    pub(super) fn of_suite(name: &str) -> Self {
        let name = name.to_ascii_lowercase().replace('_', "-");
        match name.trim_start_matches("signature-algorithm-suite-") {
            // The second of each is the number of the enumeration `types.SignatureAlgorithmSuite`.
            "balanced-v1" | "2" | "fips-v1" | "3" | "hsm-v1" | "4" => Self::EcdsaP256,
            _ => Self::Rsa,
        }
    }
}

impl Key {
    /// Makes a key, on a thread where it may take its time.
    pub(super) async fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        tokio::task::spawn_blocking(move || Self::new(algorithm))
            .await
            .unwrap_or_else(|_| Err(KeyError("it was interrupted".to_owned())))
    }

    fn new(algorithm: Algorithm) -> Result<Self, KeyError> {
        let pair = match algorithm {
            Algorithm::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
            Algorithm::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        };
        let pair = pair.map_err(|error| KeyError(error.to_string()))?;
        let public = Public::new(pair.subject_public_key_info())
            .ok_or_else(|| KeyError("its public half cannot be read".to_owned()))?;
        Ok(Self {
            algorithm,
            pair,
            public,
        })
    }

    /// SubjectPublicKeyInfo, DER.
    pub(super) fn public_der(&self) -> &[u8] {
        &self.public.spki
    }

    /// The public key as Teleport writes it in PEM.
    pub(super) fn public_pem(&self) -> String {
        match self.algorithm {
            Algorithm::Rsa => pem::text("RSA PUBLIC KEY", &self.public.inner),
            Algorithm::EcdsaP256 => pem::text("PUBLIC KEY", &self.public.spki),
        }
    }

    /// SSH's wire form of the public key.
    pub(super) fn public_ssh(&self) -> &[u8] {
        &self.public.ssh
    }

    /// A line of an `authorized_keys` file, with its end.
    pub(super) fn public_ssh_line(&self) -> String {
        format!("{}\n", self.public.ssh_line)
    }

    /// The private key as Teleport writes it in PEM: PKCS#1 for RSA, PKCS#8 for others.
    pub(super) fn private_pem(&self) -> SecretString {
        let pkcs8 = self.pair.serialized_der();
        let text = match self.algorithm {
            // PKCS#8 wraps it up (RFC 5208 section 5): the octets after the version and the algorithm.
            Algorithm::Rsa => parse_der(pkcs8).ok().and_then(|(_, outer)| {
                let inner = outer.as_sequence().ok()?.get(2)?;
                Some(pem::text("RSA PRIVATE KEY", inner.as_slice().ok()?))
            }),
            Algorithm::EcdsaP256 => None,
        };
        SecretString::from(text.unwrap_or_else(|| pem::text("PRIVATE KEY", pkcs8)))
    }

    /// The key for TLS.
    pub(super) fn signing_key(&self) -> Result<Arc<dyn SigningKey>, KeyError> {
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.pair.serialized_der()));
        any_supported_type(&der).map_err(|error| KeyError(error.to_string()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl Public {
    fn new(spki: Vec<u8>) -> Option<Self> {
        let (_, parsed) = SubjectPublicKeyInfo::from_der(&spki).ok()?;
        let inner = parsed.subject_public_key.data.to_vec();
        let ssh = match parsed.parsed().ok()? {
            PublicKey::RSA(key) => KeyData::Rsa(RsaPublicKey {
                e: Mpint::from_positive_bytes(key.exponent).ok()?,
                n: Mpint::from_positive_bytes(key.modulus).ok()?,
            }),
            PublicKey::EC(point) => {
                KeyData::Ecdsa(EcdsaPublicKey::from_sec1_bytes(point.data()).ok()?)
            }
            _ => return None,
        };
        let ssh = ssh_key::PublicKey::from(ssh);
        Some(Self {
            inner,
            ssh: ssh.to_bytes().ok()?,
            ssh_line: ssh.to_openssh().ok()?,
            spki,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use secrecy::ExposeSecret;

    use super::*;
    use crate::credentials::private_key;

    #[test]
    fn suites_are_read_in_every_spelling() {
        for name in [
            "balanced-v1",
            "fips-v1",
            "hsm-v1",
            "SIGNATURE_ALGORITHM_SUITE_BALANCED_V1",
            "2",
        ] {
            assert_eq!(Algorithm::of_suite(name), Algorithm::EcdsaP256, "{name}");
        }
        for name in [
            "legacy",
            "",
            "SIGNATURE_ALGORITHM_SUITE_LEGACY",
            "1",
            "newer-v7",
        ] {
            assert_eq!(Algorithm::of_suite(name), Algorithm::Rsa, "{name}");
        }
    }

    #[test]
    fn every_form_is_of_the_same_key() {
        for algorithm in [Algorithm::Rsa, Algorithm::EcdsaP256] {
            let key = Key::new(algorithm).unwrap();
            let private = key.private_pem();
            let private = private.expose_secret();
            let read = private_key::parse(private).unwrap();
            let public = read.public_key().unwrap();
            assert_eq!(public.as_ref(), key.public_der());
            let (_, parsed) = SubjectPublicKeyInfo::from_der(key.public_der()).unwrap();
            let public = key.public_pem();
            let der = der_of(&public);
            let labels = [private, &public].map(|text| pem::labels(text).next().unwrap());
            let blob = key.public_ssh();
            match (algorithm, parsed.parsed().unwrap()) {
                (Algorithm::Rsa, PublicKey::RSA(rsa)) => {
                    assert_eq!(labels, ["RSA PRIVATE KEY", "RSA PUBLIC KEY"]);
                    assert_eq!(der, &*parsed.subject_public_key.data);
                    assert!(blob.ends_with(rsa.modulus) && rsa.key_size() == 2048);
                }
                (Algorithm::EcdsaP256, PublicKey::EC(point)) => {
                    assert_eq!(labels, ["PRIVATE KEY", "PUBLIC KEY"]);
                    assert_eq!(der, key.public_der());
                    assert!(blob.ends_with(point.data()) && point.data().len() == 65);
                }
                _ => panic!("{algorithm:?} made another kind of key"),
            }
            let line = key.public_ssh_line();
            assert!(line.ends_with('\n'));
            let read = ssh_key::PublicKey::from_openssh(&line).unwrap();
            assert_eq!(read.to_bytes().unwrap(), blob);
        }
    }

    /// The body of one PEM block.
    pub(in crate::join) fn der_of(text: &str) -> Vec<u8> {
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        STANDARD.decode(body).unwrap()
    }

    /// SubjectPublicKeyInfo around PKCS#1 (RFC 8017 appendix A.1), built by hand for a key of 2048 bits.
    pub(in crate::join) fn spki_of_pkcs1(pkcs1: &[u8]) -> Vec<u8> {
        let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
        let long = |tag: u8, body: &[u8]| {
            let length = u16::try_from(body.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..], body].concat()
        };
        let bits = long(3, &[&[0], pkcs1].concat());
        long(0x30, &[&algorithm[..], &bits].concat())
    }

    #[test]
    fn debug_shows_no_key() {
        let key = Key::new(Algorithm::EcdsaP256).unwrap();
        assert_eq!(format!("{key:?}"), "Key { algorithm: EcdsaP256, .. }");
    }
}
