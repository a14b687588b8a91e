//! The contents of a file where a path, a name or an address belongs.
//!
//! Errors repeat paths and names, and the contents may be a private key. So every such value is looked at before it is shown.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// What a value is that is no path, no name and no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The text of a file, or of a PEM block.
    Text,
    /// The same in base64.
    Base64,
    /// Something that is longer than any path.
    TooLong,
}

impl Contents {
    /// What a value is. None if it may be a path, a name or an address.
    pub fn of(value: &str) -> Option<Self> {
        let value = value.trim();
        let is_text = value.contains(['\n', '\r']) || MARKS.iter().any(|mark| value.contains(mark));
        if is_text {
            return Some(Self::Text);
        }
        if value.starts_with(BASE64_OF_DASHES) {
            return Some(Self::Base64);
        }
        if let Ok(bytes) = BASE64.decode(value) {
            let decoded = String::from_utf8_lossy(&bytes);
            if MARKS.iter().any(|mark| decoded.contains(mark)) {
                return Some(Self::Base64);
            }
            if is_der(&bytes) {
                return Some(Self::Text);
            }
        }
        let mut names = value.split(['/', '\\']);
        let is_too_long = value.len() > MAX_PATH || names.any(|name| name.len() > MAX_NAME);
        is_too_long.then_some(Self::TooLong)
    }
}

/// Whether it is one DER sequence, as the body of a PEM block is (X.690 section 8.1.3).
fn is_der(bytes: &[u8]) -> bool {
    let (length, start) = match bytes {
        [SEQUENCE, length @ 0..=0x7f, ..] => (usize::from(*length), 2),
        [SEQUENCE, 0x81, length, ..] => (usize::from(*length), 3),
        [SEQUENCE, 0x82, high, low, ..] => (usize::from(u16::from_be_bytes([*high, *low])), 4),
        _ => return false,
    };
    length >= MIN_KEY && bytes.len() == start + length
}

/// What only the text of a PEM block has. The dashes may be lost.
const MARKS: [&str; 5] = [
    "-----BEGIN",
    "-----END",
    "PRIVATE KEY",
    "BEGIN CERTIFICATE",
    "END CERTIFICATE",
];
/// How the base64 of a text begins that begins with `-----`.
const BASE64_OF_DASHES: &str = "LS0tLS1";
/// The padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const SEQUENCE: u8 = 0x30;
/// Bytes in a private key, at least.
const MIN_KEY: usize = 32;
/// `PATH_MAX` and `NAME_MAX` of Linux. Other systems have less.
const MAX_PATH: usize = 4096;
const MAX_NAME: usize = 255;

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::testing::Authority;

    #[test]
    fn the_text_of_a_file_is_recognized_also_in_base64_and_without_its_lines() {
        let file = Authority::new("parent").identity_file("bot");
        let body: Vec<_> = file.lines().skip(1).collect();
        let key: String = body
            .iter()
            .copied()
            .take_while(|line| !line.starts_with('-'))
            .collect();
        for text in [
            file.clone(),
            file.replace('\n', " "),
            file.replace('\n', "\\n"),
            file.replace("-----", "").replace('\n', " "),
            file.replacen("-----BEGIN PRIVATE KEY-----", "", 1),
            file.replace('\n', "\r"),
            key.clone(),
            "ssh-rsa AAAA\nssh-rsa BBBB".to_owned(),
        ] {
            assert_eq!(Contents::of(&text), Some(Contents::Text), "{text}");
        }
        for text in [&file, &format!("# by tbot\n{file}")] {
            let encoded = STANDARD.encode(text);
            assert_eq!(Contents::of(&encoded), Some(Contents::Base64));
            let unpadded = encoded.trim_end_matches('=');
            assert_eq!(Contents::of(unpadded), Some(Contents::Base64));
        }
        assert_eq!(
            Contents::of("LS0tLS1CRUdJTiBD*"),
            Some(Contents::Base64),
            "cut off"
        );
    }

    #[test]
    fn what_is_longer_than_a_path_is_none() {
        let name = "a".repeat(256);
        assert_eq!(Contents::of(&name), Some(Contents::TooLong));
        assert_eq!(Contents::of(&"/a".repeat(2049)), Some(Contents::TooLong));
        assert_eq!(Contents::of(&"/a".repeat(2000)), None);
    }

    #[test]
    fn paths_names_and_addresses_are_not_taken_for_contents() {
        for value in [
            "",
            " /var/lib/tbot/identity\n",
            "~/identity",
            "C:\\keys\\identity.pem",
            "keys/BEGIN",
            "proxy.example.com",
            "example.teleport.sh:443",
            "terraform",
            "MAAA",
            "30s",
            "/secrets/3f2504e0-4f89-11d3-9a0c-0305e82c3301/private-key.pem",
        ] {
            assert_eq!(Contents::of(value), None, "{value}");
        }
    }
}
