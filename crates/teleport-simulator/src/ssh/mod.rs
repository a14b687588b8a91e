//! SSH keys, certificates and the lines of an identity file, in OpenSSH's formats (its `PROTOCOL.certkeys`, RFC 5656).
//!
//! The simulator speaks no SSH, but Teleport's own readers refuse an identity file without an SSH certificate.

use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::SigningKey;

/// A user's certificate for the public key `key`, in OpenSSH's wire form, which holds in the seconds since 1970 from
/// `seconds.0` to `seconds.1`. `authority` is a key on P-256. `None` when `key` is not a public key.
///
/// # Errors
/// When `authority` cannot sign.
pub(crate) fn user_certificate(
    user: &str,
    key: &[u8],
    authority: &impl SigningKey,
    seconds: (u64, u64),
) -> Result<Option<Vec<u8>>, rcgen::Error> {
    let Some((kind, fields)) = key_type(key) else {
        return Ok(None);
    };
    let mut blob = Blob::default();
    blob.text(&format!("{kind}{CERTIFICATE_SUFFIX}"));
    blob.bytes(&fastrand::u128(..).to_be_bytes()); // nonce
    blob.0.extend_from_slice(fields);
    blob.number64(1); // serial
    blob.number32(1); // type: user
    blob.text(user); // key id
    let mut principals = Blob::default();
    principals.text(user);
    blob.bytes(&principals.0);
    blob.number64(seconds.0); // valid after
    blob.number64(seconds.1); // valid before
    blob.bytes(&[]); // critical options
    blob.bytes(&[]); // extensions
    blob.bytes(&[]); // reserved
    blob.bytes(&public_key(authority.der_bytes()));
    let mut signature = Blob::default();
    signature.text(KEY_TYPE);
    signature.bytes(&numbers(&authority.sign(&blob.0)?));
    blob.bytes(&signature.0);
    Ok(Some(blob.0))
}

/// A key or certificate in wire form as a line of an `authorized_keys` file.
pub(crate) fn line(blob: &[u8]) -> String {
    let kind = key_name(blob).map_or("", |(kind, _)| kind);
    format!("{kind} {}\n", BASE64_STANDARD.encode(blob))
}

/// The wire form in a line of an `authorized_keys` file. `None` when it is malformed.
pub(crate) fn from_line(line: &[u8]) -> Option<Vec<u8>> {
    let mut words = std::str::from_utf8(line).ok()?.split_whitespace();
    let (kind, text) = (words.next()?, words.next()?);
    let blob = BASE64_STANDARD.decode(text).ok()?;
    (key_type(&blob)?.0 == kind).then_some(blob)
}

/// The type of a public key in wire form, and the fields behind it. `None` for keys that are not known.
pub(crate) fn key_type(blob: &[u8]) -> Option<(&str, &[u8])> {
    let (kind, fields) = key_name(blob)?;
    let mut rest = fields;
    let mut count = 0;
    while !rest.is_empty() {
        rest = field(rest)?.1;
        count += 1;
    }
    KEYS.contains(&(kind, count)).then_some((kind, fields))
}

/// A public key on P-256, an uncompressed point, in wire form.
pub(crate) fn public_key(point: &[u8]) -> Vec<u8> {
    let mut blob = Blob::default();
    blob.text(KEY_TYPE);
    blob.text(CURVE);
    blob.bytes(point);
    blob.0
}

/// The line of a host certificate authority in the form of a `known_hosts` file. `authority` is an uncompressed point
/// on P-256.
pub(crate) fn certificate_authority(cluster: &str, proxy: &str, authority: &[u8]) -> String {
    format!(
        "@cert-authority {proxy},{cluster},*.{cluster} {KEY_TYPE} {} type=host\n",
        BASE64_STANDARD.encode(public_key(authority))
    )
}

fn key_name(blob: &[u8]) -> Option<(&str, &[u8])> {
    let (name, fields) = field(blob)?;
    Some((std::str::from_utf8(name).ok()?, fields))
}

/// The first field of a blob, and the rest.
fn field(blob: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = blob.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
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

const CERTIFICATE_SUFFIX: &str = "-cert-v01@openssh.com";
/// Types of keys with the number of their fields.
const KEYS: [(&str, usize); 3] = [(KEY_TYPE, 2), ("ssh-ed25519", 1), ("ssh-rsa", 2)];
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
    fn a_certificate_has_its_type_the_fields_of_the_key_and_its_times() {
        let (key, authority) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let key = public_key(key.der_bytes());
        let made = user_certificate("bot-terraform", &key, &authority, (5, 7)).unwrap();
        let blob = made.unwrap();
        let line = line(&blob);
        assert!(line.starts_with("ecdsa-sha2-nistp256-cert-v01@openssh.com "));
        assert!(line.ends_with('\n'));
        assert_eq!(decode(&line, 1), blob);
        let (_, fields) = key_name(&blob).unwrap();
        let (_, rest) = field(fields).unwrap();
        assert!(rest.starts_with(key_type(&key).unwrap().1));
        let times = [5_u64, 7].map(u64::to_be_bytes).concat();
        assert!(blob.windows(16).any(|window| window == times));
    }

    #[test]
    fn what_is_no_public_key_is_none() {
        let key = public_key(&[4; 65]);
        assert_eq!(from_line(line(&key).as_bytes()).unwrap(), key);
        assert!(from_line(b"ssh-rsa AAAA").is_none());
        assert!(from_line(format!("ssh-rsa {}", &line(&key)[20..]).as_bytes()).is_none());
        for blob in [&key[..key.len() - 1], &[], &[0, 0, 0, 9, 1]] {
            assert!(key_type(blob).is_none());
            let authority = KeyPair::generate().unwrap();
            assert!(
                user_certificate("a", blob, &authority, (0, 1))
                    .unwrap()
                    .is_none()
            );
        }
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
