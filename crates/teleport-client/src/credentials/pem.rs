//! PEM blocks in Teleport's files, among other lines.

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::pem::{Error, PemObject, SectionKind};
use secrecy::{ExposeSecret, SecretString};

/// Why the PEM blocks of a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPem {
    /// A block begins and does not end.
    #[error("the PEM block {label} has no end line: the text is cut off")]
    NoEnd {
        /// The label of the begin line.
        label: String,
    },
    /// A begin line has more text after its label.
    #[error("its line breaks are lost or written as \\n")]
    LostLineBreaks,
    /// The body of a block is not base64.
    #[error("the PEM block {label} is damaged: its body is not base64")]
    Body {
        /// The label of the begin line.
        label: String,
    },
}

/// The blocks of one type, in order. Lines outside of blocks and blocks of other types are ignored.
pub(crate) fn objects<T: PemObject>(text: &str) -> Result<Vec<T>, InvalidPem> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    if lines.iter().any(|line| goes_on(line)) {
        return Err(InvalidPem::LostLineBreaks);
    }
    let text = SecretString::from(lines.join("\n"));
    let text = text.expose_secret();
    let is_known = |label: &&str| SectionKind::try_from(label.as_bytes()).is_ok();
    let mut known = labels(text).filter(is_known);
    let mut objects = Vec::new();
    for block in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
        let label = known.next();
        let (kind, der) = block.map_err(|error| match error {
            Error::MissingSectionEnd { .. } => InvalidPem::NoEnd {
                label: shown(labels(text).last().unwrap_or_default()),
            },
            _ => InvalidPem::Body {
                label: shown(label.unwrap_or_default()),
            },
        })?;
        objects.extend(T::from_pem(kind, der));
    }
    Ok(objects)
}

/// Whether a line is a begin line with more text after its label, or without the dashes after it.
fn goes_on(line: &str) -> bool {
    let Some(rest) = line.strip_prefix(BEGIN) else {
        return false;
    };
    let is_of_label =
        |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == ' ';
    !rest
        .strip_suffix(DASHES)
        .is_some_and(|label| label.len() <= MAX_LABEL && label.chars().all(is_of_label))
}

/// A label for an error. Only those that are known are repeated: others may be a secret whose line breaks are lost.
pub(crate) fn shown(label: &str) -> String {
    if KNOWN.contains(&label) {
        format!("{label:?}")
    } else {
        "of an unknown type".to_owned()
    }
}

/// The labels of all blocks, in order. If the line breaks are lost, a label may hold a secret: see [`shown`].
pub(crate) fn labels(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix(BEGIN)?.strip_suffix(DASHES))
}

/// Writes one block (RFC 7468).
pub(crate) fn text(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        text.extend([line, "\n"]);
        rest = more;
    }
    text.extend([END, " ", label, DASHES, "\n"]);
    text
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END";
const DASHES: &str = "-----";
const LINE: usize = 64;
/// Longer than all that are known.
const MAX_LABEL: usize = 40;
/// The labels that files of keys and certificates have (RFC 7468, and OpenSSL and OpenSSH).
const KNOWN: [&str; 14] = [
    "CERTIFICATE",
    "CERTIFICATE REQUEST",
    "EC PARAMETERS",
    "EC PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "PIV YUBIKEY PRIVATE KEY",
    "PKCS7",
    "PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PRIVATE KEY",
    "RSA PUBLIC KEY",
    "TRUSTED CERTIFICATE",
    "X509 CRL",
];

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;

    use super::*;

    fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, InvalidPem> {
        objects(text)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for length in [1, 48, 49, 500] {
            let der: Vec<u8> = (0..length).map(|number| number as u8).collect();
            let text = text("CERTIFICATE", &der);
            assert!(text.ends_with("-----END CERTIFICATE-----\n"));
            assert!(text.lines().all(|line| line.len() <= 64));
            assert_eq!(certificates(&text).unwrap(), [CertificateDer::from(der)]);
        }
    }

    #[test]
    fn blocks_are_found_in_order_among_other_lines() {
        let text = "a comment\r\n  -----BEGIN CERTIFICATE-----  \r\nAAAA\r\n AA==\r\n-----END CERTIFICATE-----\r\nssh-rsa ...\n\
                    -----BEGIN B C-----\n?\n-----END B C-----\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
        let expected = [vec![0; 4], vec![0; 3]].map(CertificateDer::from);
        assert_eq!(certificates(text).unwrap(), expected);
        let labels: Vec<_> = labels(text).collect();
        assert_eq!(labels, ["CERTIFICATE", "B C", "CERTIFICATE"]);
    }

    #[test]
    fn a_cut_off_block_is_refused() {
        for (written, label) in [
            ("A", "of an unknown type"),
            ("CERTIFICATE", "\"CERTIFICATE\""),
        ] {
            let text = format!("-----BEGIN {written}-----\nAAAA\n");
            let label = label.to_owned();
            assert_eq!(certificates(&text), Err(InvalidPem::NoEnd { label }));
        }
    }

    #[test]
    fn a_block_on_one_line_has_lost_its_line_breaks() {
        let good = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
        for text in [
            "-----BEGIN PRIVATE KEY----- AAAA -----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n",
            "-----BEGIN PRIVATE KEY\nAAAA\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY AAaa END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY\\nsecret\\n-----",
        ] {
            for text in [text.to_owned(), format!("{text}\n{good}")] {
                assert_eq!(certificates(&text), Err(InvalidPem::LostLineBreaks));
            }
        }
    }

    #[test]
    fn a_label_that_is_not_known_is_not_repeated() {
        let text = "-----BEGIN PRIVATE KEY ABCDEFGH-----\nAAAA\n";
        let error = certificates(text).unwrap_err().to_string();
        assert!(error.contains("of an unknown type"), "{error}");
    }

    #[test]
    fn a_damaged_block_is_named_without_its_body() {
        let block = |label: &str, body: &str| {
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        let text = block("B", "?") + &block("PRIVATE KEY", "AAAA") + &block("CERTIFICATE", "AA*A");
        let error = certificates(&text).unwrap_err().to_string();
        assert_eq!(
            error,
            "the PEM block \"CERTIFICATE\" is damaged: its body is not base64"
        );
    }
}
