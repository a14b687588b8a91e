//! Public keys and signatures, and the lines of an identity file (RFC 4253 section 6.6, RFC 5656, RFC 8332).

use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
        UnparsedPublicKey,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::SigningKey;
use ssh_encoding::{Decode, Encode};
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, Mpint, PublicKey, Signature, public::KeyData};

use super::SshError;

/// A key or certificate in wire form as a line of an `authorized_keys` file.
pub(crate) fn line(blob: &[u8]) -> String {
    let kind = String::decode(&mut &blob[..]).unwrap_or_default();
    format!("{kind} {}\n", BASE64_STANDARD.encode(blob))
}

/// The wire form of the key in a line of an `authorized_keys` file. `None` when it is malformed, or of an unknown type.
pub(crate) fn from_line(line: &[u8]) -> Option<Vec<u8>> {
    let mut words = std::str::from_utf8(line).ok()?.split_whitespace();
    let (kind, text) = (words.next()?, words.next()?);
    let blob = BASE64_STANDARD.decode(text).ok()?;
    (parse(&blob)?.0 == kind).then_some(blob)
}

/// The type of a public key in wire form, and the fields behind it. `None` for keys that are not known.
pub(crate) fn parse(blob: &[u8]) -> Option<(String, &[u8])> {
    match PublicKey::from_bytes(blob).ok()?.algorithm() {
        P256 | Algorithm::Ed25519 | Algorithm::Rsa { hash: None } => {}
        _ => return None,
    }
    let mut fields = blob;
    let kind = String::decode(&mut fields).ok()?;
    Some((kind, fields))
}

/// The public key on P-256 of a key pair, in wire form.
pub(crate) fn public(key: &impl SigningKey) -> Vec<u8> {
    let fields = [KIND.as_bytes(), CURVE.as_bytes(), key.der_bytes()];
    let string = |field: &[u8]| [&length(field)[..], field].concat();
    fields.map(string).concat()
}

/// The line of a host certificate authority in the form of a `known_hosts` file. `authority` is its public key in wire
/// form.
pub(crate) fn certificate_authority(cluster: &str, proxy: &str, authority: &[u8]) -> String {
    format!(
        "@cert-authority {proxy},{cluster},*.{cluster} {} type=host\n",
        line(authority).trim_end()
    )
}

/// A signature in wire form with a key on P-256.
pub(crate) fn sign(key: &impl SigningKey, message: &[u8]) -> Result<Vec<u8>, SshError> {
    let mut signature = Vec::new();
    Signature::new(P256, numbers(&key.sign(message)?))?.encode(&mut signature)?;
    Ok(signature)
}

/// Whether a signature is that of `key` for `message`.
pub(crate) fn verify(key: &KeyData, signature: &Signature, message: &[u8]) -> bool {
    let bytes = signature.as_bytes();
    let verified = match (key, signature.algorithm()) {
        (KeyData::Ecdsa(key), P256) => fixed(bytes).map(|numbers| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.as_sec1_bytes())
                .verify(message, &numbers)
        }),
        (KeyData::Ed25519(key), Algorithm::Ed25519) => {
            Some(UnparsedPublicKey::new(&ED25519, key.0).verify(message, bytes))
        }
        (KeyData::Rsa(key), Algorithm::Rsa { hash: Some(hash) }) => {
            let parameters = match hash {
                HashAlg::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
                _ => &RSA_PKCS1_2048_8192_SHA512,
            };
            let numbers = key.n.as_positive_bytes().zip(key.e.as_positive_bytes());
            numbers.map(|(n, e)| PublicKeyComponents { n, e }.verify(parameters, message, bytes))
        }
        _ => None,
    };
    verified.is_some_and(|verified| verified.is_ok())
}

/// The two numbers of an ECDSA signature, from X.509's form (a DER sequence of two integers) to SSH's. The integers look
/// alike in both; on P-256 every length is one byte.
fn numbers(der: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    let mut rest = der.get(2..).unwrap_or_default();
    while let [_, size, tail @ ..] = rest
        && let Some((number, after)) = tail.split_at_checked(usize::from(*size))
    {
        blob.extend(length(number));
        blob.extend(number);
        rest = after;
    }
    blob
}

/// The two numbers of an ECDSA signature on P-256, from SSH's form to one of fixed length.
fn fixed(mut numbers: &[u8]) -> Option<[u8; 64]> {
    let mut fixed = [0; 64];
    for half in fixed.chunks_exact_mut(32) {
        let number = Mpint::decode(&mut numbers).ok()?;
        let bytes = number.as_positive_bytes()?;
        let start = half.len().checked_sub(bytes.len())?;
        half.get_mut(start..)?.copy_from_slice(bytes);
    }
    numbers.is_empty().then_some(fixed)
}

/// What comes before the bytes of a string (RFC 4251 section 5).
fn length(bytes: &[u8]) -> [u8; 4] {
    let length = u32::try_from(bytes.len()).expect("a key must be shorter than 4 GiB");
    length.to_be_bytes()
}

const P256: Algorithm = Algorithm::Ecdsa {
    curve: EcdsaCurve::NistP256,
};
const KIND: &str = "ecdsa-sha2-nistp256";
const CURVE: &str = "nistp256";

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        rand::SystemRandom,
        rsa::{KeyPair as RsaKeyPair, KeySize},
        signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512},
    };
    use rcgen::KeyPair;
    use ssh_key::public::{Ed25519PublicKey, RsaPublicKey};

    use super::*;

    #[test]
    fn what_is_no_public_key_is_none() {
        let key = public(&KeyPair::generate().unwrap());
        assert_eq!(from_line(line(&key).as_bytes()).unwrap(), key);
        assert!(from_line(b"ssh-rsa AAAA").is_none());
        assert!(from_line(format!("ssh-rsa {}", &line(&key)[20..]).as_bytes()).is_none());
        for blob in [&key[..key.len() - 1], &[], &[0, 0, 0, 9, 1]] {
            assert!(parse(blob).is_none());
        }
    }

    #[test]
    fn a_signature_in_der_becomes_two_numbers_with_lengths() {
        let der = [0x30, 7, 2, 1, 5, 2, 2, 0, 0x81];
        let ssh = numbers(&der);
        assert_eq!(ssh, [0, 0, 0, 1, 5, 0, 0, 0, 2, 0, 0x81]);
        let fixed = fixed(&ssh).unwrap();
        assert_eq!((fixed[31], fixed[63]), (5, 0x81));
        assert!(numbers(&[0x30, 7, 2, 9]).is_empty());
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_message() {
        let pair = KeyPair::generate().unwrap();
        let key = KeyData::decode(&mut &public(&pair)[..]).unwrap();
        let other = public(&KeyPair::generate().unwrap());
        let other = KeyData::decode(&mut &other[..]).unwrap();
        // A number with a leading zero, or a shorter one, comes up in a few of these.
        for round in 0..600_u32 {
            let message = round.to_be_bytes();
            let signature = sign(&pair, &message).unwrap();
            let signature = Signature::decode(&mut &signature[..]).unwrap();
            assert!(verify(&key, &signature, &message), "{round}");
            assert!(!verify(&key, &signature, b"other"));
            assert!(!verify(&other, &signature, &message));
        }
    }

    #[test]
    fn signatures_of_ed25519_and_rsa_are_verified() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = pair.public_key().as_ref().try_into().unwrap();
        let signature = Signature::new(Algorithm::Ed25519, pair.sign(b"message").as_ref());
        check(
            &KeyData::Ed25519(Ed25519PublicKey(key)),
            &signature.unwrap(),
        );

        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let key = KeyData::Rsa(RsaPublicKey {
            e: Mpint::from_positive_bytes(&public.e).unwrap(),
            n: Mpint::from_positive_bytes(&public.n).unwrap(),
        });
        for (padding, hash) in [
            (&RSA_PKCS1_SHA256, HashAlg::Sha256),
            (&RSA_PKCS1_SHA512, HashAlg::Sha512),
        ] {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(padding, &SystemRandom::new(), b"message", &mut signature)
                .unwrap();
            let algorithm = Algorithm::Rsa { hash: Some(hash) };
            check(&key, &Signature::new(algorithm, signature).unwrap());
        }
    }

    fn check(key: &KeyData, signature: &Signature) {
        assert!(verify(key, signature, b"message"));
        assert!(!verify(key, signature, b"massage"));
    }

    #[test]
    fn an_authority_line_names_the_hosts_and_carries_the_key() {
        let key = public(&KeyPair::generate().unwrap());
        let line = certificate_authority("acme.example", "parent.localhost", &key);
        let start = "@cert-authority parent.localhost,acme.example,*.acme.example \
                     ecdsa-sha2-nistp256 ";
        let key = line.strip_prefix(start).unwrap();
        assert!(key.ends_with(" type=host\n"), "{key}");
    }
}
