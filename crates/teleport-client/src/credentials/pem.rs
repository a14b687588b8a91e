//! PEM blocks as they stand in Teleport's files: in any order, with labels that need not be true.

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// One block.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) label: String,
    /// Whether its headers say that it is encrypted (RFC 1421 section 4.6.1.1).
    pub(crate) encrypted: bool,
    pub(crate) der: SecretSlice<u8>,
}

/// Why a text has no good PEM blocks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPem {
    /// A block begins and does not end.
    #[error("the PEM block {label:?} has no end line: the text is cut off")]
    NoEnd {
        /// The label of the begin line.
        label: String,
    },
    /// The begin line goes on after its label.
    #[error("a line begins a PEM block and goes on after it: the line breaks are lost")]
    LostLineBreaks,
    /// The body of a block is no base64.
    #[error("the PEM block {label:?} is damaged: its body is no base64")]
    Body {
        /// The label of the begin line.
        label: String,
    },
}

/// The blocks of a text, in order. What stands outside of blocks is not looked at.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, InvalidPem> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(rest) = line.strip_prefix(BEGIN) else {
            continue;
        };
        let label = match rest.split_once(DASHES) {
            Some((label, "")) => label.to_owned(),
            Some(_) => return Err(InvalidPem::LostLineBreaks),
            None => rest.trim_end_matches('-').to_owned(),
        };
        let mut body = String::new();
        let mut encrypted = false;
        loop {
            let Some(line) = lines.next() else {
                return Err(InvalidPem::NoEnd { label });
            };
            if line.starts_with(END) {
                break;
            }
            match line.split_once(':') {
                Some((name, value)) => {
                    encrypted |= name == "Proc-Type" && value.contains("ENCRYPTED")
                }
                None => body.push_str(line),
            }
        }
        blocks.push(block(label, encrypted, SecretString::from(body))?);
    }
    Ok(blocks)
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

fn block(label: String, encrypted: bool, body: SecretString) -> Result<Block, InvalidPem> {
    match STANDARD.decode(body.expose_secret()) {
        Ok(der) => Ok(Block {
            label,
            encrypted,
            der: SecretSlice::from(der),
        }),
        // The body of an encrypted block, or of one that points to a hardware key, is of no use here anyway.
        Err(_) if encrypted || label.contains("YUBIKEY") => Ok(Block {
            label,
            encrypted,
            der: SecretSlice::from(Vec::new()),
        }),
        Err(_) => Err(InvalidPem::Body { label }),
    }
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END";
const DASHES: &str = "-----";
const LINE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for length in [0, 1, 48, 49, 500] {
            let der: Vec<u8> = (0..length).map(|number| number as u8).collect();
            let text = text("CERTIFICATE", &der);
            assert!(text.ends_with("-----END CERTIFICATE-----\n"));
            assert!(text.lines().all(|line| line.len() <= 64));
            let [block] = blocks(&text).unwrap().try_into().ok().unwrap();
            assert_eq!(block.label, "CERTIFICATE");
            assert_eq!(block.der.expose_secret(), der);
        }
    }

    fn labels(text: &str) -> Vec<String> {
        blocks(text)
            .unwrap()
            .into_iter()
            .map(|block| block.label)
            .collect()
    }

    #[test]
    fn blocks_are_found_in_order_among_other_lines() {
        let text = "a comment\r\n  -----BEGIN A-----  \r\nAAAA\r\nAA==\r\n-----END A-----\r\nssh-rsa ...\n-----BEGIN B C-----\n-----END B C-----";
        assert_eq!(labels(text), ["A", "B C"]);
        assert_eq!(blocks(text).unwrap()[0].der.expose_secret(), [0; 4]);
    }

    #[test]
    fn a_cut_off_block_is_refused() {
        assert_eq!(
            blocks("-----BEGIN A-----\nAAAA\n").err(),
            Some(InvalidPem::NoEnd {
                label: "A".to_owned()
            })
        );
    }

    #[test]
    fn a_block_on_one_line_has_lost_its_line_breaks() {
        assert_eq!(
            blocks("-----BEGIN A----- AAAA -----END A-----").err(),
            Some(InvalidPem::LostLineBreaks)
        );
        assert_eq!(
            blocks("-----BEGIN A-----\\nAAAA\\n-----END A-----\\n").err(),
            Some(InvalidPem::LostLineBreaks)
        );
    }

    #[test]
    fn a_damaged_body_is_refused_without_showing_it() {
        let error = blocks("-----BEGIN A-----\nAA*A\n-----END A-----")
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("damaged") && !error.contains("AA*A"),
            "{error}"
        );
    }

    #[test]
    fn encryption_headers_are_noticed() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----";
        let blocks = blocks(text).unwrap();
        assert!(blocks[0].encrypted);
    }
}
