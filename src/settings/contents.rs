//! The contents of a file in the value of an argument that takes a path, a name or something else that errors repeat.

use teleport_client::Contents;

use super::{
    attributes::{self as attribute, ATTRIBUTES, Attribute},
    values::{Problem, Settings},
};

/// The arguments that have the contents of a file in the place of something else. The values are not repeated: they may be private
/// keys.
pub(super) fn misplaced(settings: &Settings) -> Vec<Problem> {
    let others = ATTRIBUTES
        .iter()
        .filter(|attribute| !TAKE_CONTENTS.contains(attribute));
    others
        .filter_map(|attribute| {
            let contents = Contents::of(settings.text(attribute)?)?;
            Some(Problem {
                attribute: *attribute,
                message: explain(attribute, contents),
            })
        })
        .collect()
}

/// What is wrong, and which argument takes it.
fn explain(attribute: &Attribute, contents: Contents) -> String {
    let wanted = wanted(attribute);
    let (text, base64) = takers(attribute);
    match (contents, text) {
        (Contents::Text, Some(text)) => {
            format!(
                "it is the text of a file, and not {wanted}: set {} to it",
                shown(text)
            )
        }
        (Contents::Text, None) => format!(
            "it is the text of a file, and not {wanted}: set {} to base64encode() of it",
            shown(base64)
        ),
        (Contents::Base64, _) => format!(
            "it is a file in base64, and not {wanted}: set {} to it",
            shown(base64)
        ),
        (Contents::TooLong, _) => format!("it is too long for {wanted}"),
    }
}

fn wanted(attribute: &Attribute) -> &'static str {
    if PATHS.contains(attribute) {
        "a path"
    } else if *attribute == attribute::PROFILE_NAME {
        "the name of a profile"
    } else if *attribute == attribute::ADDR {
        "an address"
    } else if *attribute == attribute::JOIN_TOKEN {
        "the name of a join token"
    } else {
        "a value of this argument"
    }
}

/// The arguments that take the text of the file, if one does, and the text in base64.
fn takers(attribute: &Attribute) -> (Option<Attribute>, Attribute) {
    let parts = [
        (attribute::CERT_PATH, attribute::CERT_BASE64),
        (attribute::KEY_PATH, attribute::KEY_BASE64),
        (attribute::ROOT_CA_PATH, attribute::ROOT_CA_BASE64),
    ];
    match parts.iter().find(|(path, _)| path == attribute) {
        Some((_, base64)) => (None, *base64),
        None => (
            Some(attribute::IDENTITY_FILE),
            attribute::IDENTITY_FILE_BASE64,
        ),
    }
}

fn shown(attribute: Attribute) -> String {
    let Attribute {
        name, environment, ..
    } = attribute;
    format!("{name} (environment variable {environment})")
}

const TAKE_CONTENTS: [Attribute; 5] = [
    attribute::CERT_BASE64,
    attribute::KEY_BASE64,
    attribute::ROOT_CA_BASE64,
    attribute::IDENTITY_FILE,
    attribute::IDENTITY_FILE_BASE64,
];
const PATHS: [Attribute; 5] = [
    attribute::CERT_PATH,
    attribute::KEY_PATH,
    attribute::ROOT_CA_PATH,
    attribute::IDENTITY_FILE_PATH,
    attribute::PROFILE_DIR,
];

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIsecret\n-----END PRIVATE KEY-----\n";
    const ENCODED: &str = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1DNENBUUF3c2VjcmV0";

    fn problem(attribute: &Attribute, value: &str) -> String {
        let mut settings = Settings::default();
        settings.set(attribute, value);
        let [problem] = settings.validate().unwrap_err().0.try_into().unwrap();
        assert_eq!(problem.attribute, *attribute);
        problem.to_string()
    }

    #[test]
    fn the_text_of_a_file_is_never_repeated_and_the_argument_for_it_is_named() {
        for attribute in &ATTRIBUTES {
            if TAKE_CONTENTS.contains(attribute) {
                continue;
            }
            let long = "secret".repeat(1000);
            for value in [KEY, &KEY.replace('\n', " "), ENCODED, &long] {
                let text = problem(attribute, value);
                assert!(!text.contains("secret") && !text.contains("MC4"), "{text}");
                assert!(!text.contains("LS0t"), "{text}");
                assert!(text.starts_with(attribute.name), "{text}");
            }
        }
        for (attribute, value, taker) in [
            (
                attribute::IDENTITY_FILE_PATH,
                KEY,
                "not a path: set identity_file (environment",
            ),
            (
                attribute::IDENTITY_FILE_PATH,
                ENCODED,
                "set identity_file_base64 (environment",
            ),
            (
                attribute::KEY_PATH,
                KEY,
                "TF_TELEPORT_KEY_BASE64) to base64encode() of it",
            ),
            (attribute::CERT_PATH, ENCODED, "set cert_base64 ("),
            (attribute::ROOT_CA_PATH, KEY, "set root_ca_base64 ("),
            (
                attribute::PROFILE_NAME,
                KEY,
                "not the name of a profile: set identity_file (",
            ),
        ] {
            let text = problem(&attribute, value);
            assert!(text.contains(taker), "{text}");
        }
    }
}
