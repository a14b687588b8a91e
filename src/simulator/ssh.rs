//! The SSH lines of an identity file, in OpenSSH's formats (its `PROTOCOL.certkeys`, RFC 5656).
//!
//! The simulator speaks no SSH, but Teleport's own readers refuse an identity file without an SSH certificate.

use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::SigningKey;

/// The line of a user's certificate in the form of an `authorized_keys` file. `key` is an uncompressed point on P-256,
/// `authority` a key on the same curve.
///
/// # Errors
/// When `authority` cannot sign.
pub(super) fn user_certificate(
    user: &str,
    key: &[u8],
    authority: &impl SigningKey,
) -> Result<String, rcgen::Error> {
    let mut blob = Blob::default();
    blob.text(CERTIFICATE_TYPE);
    blob.bytes(&fastrand::u128(..).to_be_bytes()); // nonce
    blob.text(CURVE);
    blob.bytes(key);
    blob.number64(1); // serial
    blob.number32(1); // type: user
    blob.text(user); // key id
    let mut principals = Blob::default();
    principals.text(user);
    blob.bytes(&principals.0);
    blob.number64(0); // valid after
    blob.number64(u64::MAX); // valid before
    blob.bytes(&[]); // critical options
    blob.bytes(&[]); // extensions
    blob.bytes(&[]); // reserved
    blob.bytes(&public_key(authority.der_bytes()));
    let mut signature = Blob::default();
    signature.text(KEY_TYPE);
    signature.bytes(&numbers(&authority.sign(&blob.0)?));
    blob.bytes(&signature.0);
    Ok(format!(
        "{CERTIFICATE_TYPE} {}\n",
        BASE64_STANDARD.encode(&blob.0)
    ))
}

/// The line of a host certificate authority in the form of a `known_hosts` file. `authority` is an uncompressed point
/// on P-256.
pub(super) fn certificate_authority(cluster: &str, proxy: &str, authority: &[u8]) -> String {
    format!(
        "@cert-authority {proxy},{cluster},*.{cluster} {KEY_TYPE} {} type=host\n",
        BASE64_STANDARD.encode(public_key(authority))
    )
}

fn public_key(point: &[u8]) -> Vec<u8> {
    let mut blob = Blob::default();
    blob.text(KEY_TYPE);
    blob.text(CURVE);
    blob.bytes(point);
    blob.0
}

/// The two numbers of an ECDSA signature, from X.509's form (a DER sequence of two integers) to SSH's. The integers look
/// alike in both; on P-256 every length is one byte.
fn numbers(der: &[u8]) -> Vec<u8> {
    let mut blob = Blob::default();
    let mut rest = der.get(2..).unwrap_or_default();
    while let [_, length, tail @ ..] = rest
        && let Some((number, after)) = tail.split_at_checked(usize::from(*length))
    {
        blob.bytes(number);
        rest = after;
    }
    blob.0
}

/// Bytes in the data types of RFC 4251 section 5.
#[derive(Default)]
struct Blob(Vec<u8>);

impl Blob {
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("an SSH field must fit 32 bits");
        self.number32(length);
        self.0.extend_from_slice(bytes);
    }

    fn number32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn number64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }
}

const CERTIFICATE_TYPE: &str = "ecdsa-sha2-nistp256-cert-v01@openssh.com";
const KEY_TYPE: &str = "ecdsa-sha2-nistp256";
const CURVE: &str = "nistp256";

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, PublicKeyData};

    use super::*;

    fn decode(line: &str, field: usize) -> Vec<u8> {
        let text = line.split_whitespace().nth(field).unwrap();
        BASE64_STANDARD.decode(text).unwrap()
    }

    #[test]
    fn a_certificate_line_starts_with_its_type_and_repeats_it_in_the_blob() {
        let (key, authority) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let line = user_certificate("bot-terraform", key.der_bytes(), &authority).unwrap();
        assert!(line.starts_with("ecdsa-sha2-nistp256-cert-v01@openssh.com "));
        assert!(line.ends_with('\n'));
        let blob = decode(&line, 1);
        assert_eq!(&blob[..4], &[0, 0, 0, 40]);
        assert_eq!(&blob[4..44], CERTIFICATE_TYPE.as_bytes());
    }

    #[test]
    fn a_signature_in_der_becomes_two_numbers_with_lengths() {
        let der = [0x30, 7, 2, 1, 5, 2, 2, 0, 0x81];
        assert_eq!(numbers(&der), [0, 0, 0, 1, 5, 0, 0, 0, 2, 0, 0x81]);
        assert!(numbers(&[0x30, 7, 2, 9]).is_empty());
    }

    #[test]
    fn an_authority_line_names_the_hosts_and_carries_the_key() {
        let line = certificate_authority("acme.example", "parent.localhost", &[5; 65]);
        assert!(line.starts_with("@cert-authority parent.localhost,acme.example,*.acme.example "));
        assert!(decode(&line, 3).ends_with(&[5; 65]));
    }
}
