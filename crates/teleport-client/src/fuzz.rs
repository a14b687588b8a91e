//! Fuzz targets: any bytes may come in, from a file or a server. `fuzz/README.md` says how they run.

use std::path::Path;

use http::StatusCode;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use ssh_key::{Certificate, PublicKey};

use crate::{
    Address,
    credentials::{
        identity_file,
        pem::{self, InvalidPem},
        private_key,
        profile::{self, InvalidProfile},
    },
    dial::discovery::{self, Body},
    join::certificates::{certificate_line, key_line},
};

/// An identity file. An error shows nothing of its private key.
pub fn identity_file(bytes: &[u8]) {
    match identity_file::parse(bytes) {
        Ok(identity) => drop(format!("{identity:?}")),
        Err(error) => shows_no_key(&error.to_string(), bytes),
    }
}

/// PEM blocks. What is read is the same when it is written and read again. An error shows nothing of a private key.
pub fn pem(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match pem::objects::<CertificateDer<'static>>(text) {
        Ok(certificates) => {
            let written: String = certificates
                .iter()
                .map(|der| pem::text("CERTIFICATE", der))
                .collect();
            assert_eq!(pem::objects(&written), Ok(certificates));
        }
        Err(error) => shows_no_key(&error.to_string(), bytes),
    }
    let keys: Result<Vec<PrivateKeyDer<'static>>, InvalidPem> = pem::objects(text);
    if let Err(error) = keys {
        shows_no_key(&error.to_string(), bytes);
    }
    if let Err(error) = private_key::parse(text) {
        shows_no_key(&error.to_string(), bytes);
    }
    for label in pem::labels(text) {
        shows_no_key(&pem::shown(label), bytes);
    }
}

/// A certificate or a public key of SSH, as bytes or as a line of text. What is read is one line, which is read as the same.
pub fn ssh_certificate(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let certificates = [
        Certificate::from_bytes(bytes),
        Certificate::from_openssh(&text),
    ];
    for line in certificates.into_iter().flat_map(certificate_line) {
        is_line(&line);
        assert_eq!(certificate_line(Certificate::from_openssh(&line)), Ok(line));
    }
    let keys = [PublicKey::from_bytes(bytes), PublicKey::from_openssh(&text)];
    for line in keys.into_iter().flat_map(key_line) {
        is_line(&line);
        assert_eq!(key_line(PublicKey::from_openssh(&line)), Ok(line));
    }
}

/// The description of a profile of `tsh`. Its user names files in one folder. An error shows nothing of a private key.
pub fn tsh_profile(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let path = Path::new("profile.yaml");
    let description = match profile::describe(path, text) {
        Ok(description) => description,
        Err(error) => return shows_no_key(&error.to_string(), bytes),
    };
    let file = format!("{}.crt", description.user);
    assert_eq!(
        Path::new("keys").join(file).parent(),
        Some(Path::new("keys"))
    );
    if let Err(source) = Address::parse(&description.web_proxy_addr) {
        let path = path.to_owned();
        let error = InvalidProfile::Address { path, source };
        shows_no_key(&error.to_string(), bytes);
    }
}

/// A page of a proxy's web API. Whatever is kept of it and shown is short, and does not control a terminal.
pub fn find(bytes: &[u8]) {
    for status in [
        StatusCode::OK,
        StatusCode::NOT_FOUND,
        StatusCode::BAD_GATEWAY,
    ] {
        let bytes = bytes.to_vec();
        match discovery::read(&Body { status, bytes }) {
            Ok(found) => [
                found.cluster_name,
                found.server_version,
                found.signature_algorithm_suite,
            ]
            .iter()
            .flatten()
            .for_each(|text| is_short(text)),
            Err(error) => is_short(&error.to_string()),
        }
    }
}

fn is_short(text: &str) {
    assert!(text.chars().count() < MAX_SHOWN, "{text}");
    controls_no_terminal(text);
}

fn is_line(text: &str) {
    assert!(!text.contains(['\n', '\r']), "{text:?}");
    controls_no_terminal(text);
}

fn controls_no_terminal(text: &str) {
    let controls = |char: char| char.is_control() && char != '\n' && char != '\t';
    assert!(!text.contains(controls), "{text:?}");
}

fn shows_no_key(error: &str, input: &[u8]) {
    controls_no_terminal(error);
    for key in keys(&String::from_utf8_lossy(input)) {
        assert!(!error.contains(key), "{error}");
    }
}

/// The lines in the bodies of the private keys in a text. The line breaks may be lost, or written as `\n`.
fn keys(text: &str) -> Vec<&str> {
    let bodies = text.split("PRIVATE KEY-----").skip(1);
    let bodies = bodies.filter_map(|rest| rest.split_once("-----END")?.0.into());
    let is_base64 = |char: char| char.is_ascii_alphanumeric() || matches!(char, '+' | '/' | '=');
    let is_key = |body: &&str| {
        let mut rest = body.chars();
        rest.all(|char| is_base64(char) || char.is_whitespace() || char == '\\')
    };
    bodies
        .filter(is_key)
        .flat_map(|body| body.split("\\n"))
        .flat_map(|part| part.split(move |char| !is_base64(char)))
        .filter(|line| line.len() >= MIN_KEY)
        .map(|line| &line[..MIN_KEY])
        .collect()
}

/// More than a name, with the words around it.
const MAX_SHOWN: usize = 600;
/// Fewer characters may be a word of the error.
const MIN_KEY: usize = 24;

#[cfg(test)]
#[path = "../../../fuzz/bounded.rs"]
mod bounded;

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;
    use crate::testing::Authority;

    #[test]
    fn the_key_in_a_text_is_found_however_it_is_written() {
        let file = Authority::new("parent").identity_file("bot");
        for text in [
            file.clone(),
            file.replace('\n', " "),
            file.replace('\n', "\\n"),
        ] {
            let [first, ..] = keys(&text)[..] else {
                panic!("{text}");
            };
            assert!(file.lines().nth(1).unwrap().starts_with(first));
        }
    }

    #[test]
    fn identity_file_on_bounded_inputs() {
        let authority = Authority::new("parent");
        let file = authority.identity_file("bot");
        let ssh = file.replacen(
            "-----BEGIN CERT",
            "ssh-rsa-cert-v01@openssh.com AAAA\n-----BEGIN CERT",
            1,
        );
        let seeds = [
            file.replace('\n', " "),
            file.replace('\n', "\\n"),
            file[..200].to_owned(),
            file,
            ssh,
        ];
        bounded::run(
            "identity_file",
            identity_file,
            1_500,
            &seeds.map(String::into_bytes),
        );
    }

    #[test]
    fn pem_on_bounded_inputs() {
        let authority = Authority::new("parent");
        let issued = authority.issue("bot");
        let seeds = [issued.key_pem, authority.certificate_pem()];
        bounded::run("pem", pem, 1_500, &seeds.map(String::into_bytes));
    }

    #[test]
    fn ssh_certificate_on_bounded_inputs() {
        bounded::run("ssh_certificate", ssh_certificate, 3_000, &[]);
    }

    #[test]
    fn tsh_profile_on_bounded_inputs() {
        let file = Authority::new("parent").identity_file("bot");
        let (key, _) = file.split_once("-----BEGIN CERT").unwrap();
        let seeds = [
            format!(
                "web_proxy_addr: |\n  {}\nuser: bot\n",
                key.trim().replace('\n', "\n  ")
            ),
            format!(
                "web_proxy_addr: \"{}\"\nuser: bot\n",
                key.replace('\n', "\\n")
            ),
            format!(
                "web_proxy_addr: parent\nuser: >\n  {}\n",
                key.trim().replace('\n', "\n  ")
            ),
            format!("web_proxy_addr: {}\nuser: bot\n", STANDARD.encode(key)),
            key.to_owned(),
        ];
        bounded::run(
            "tsh_profile",
            tsh_profile,
            2_000,
            &seeds.map(String::into_bytes),
        );
    }

    #[test]
    fn find_on_bounded_inputs() {
        bounded::run("find", find, 4_000, &[]);
    }
}
