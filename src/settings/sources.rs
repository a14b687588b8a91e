//! Which credentials the settings name, in the order in which they are tried.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use teleport_client::{Error, IdTokenOptions, Part, Source};

use super::{
    attributes::{self as attribute, ATTRIBUTES, Attribute},
    values::{Problem, Settings},
};

/// The sources that the settings name, in the official provider's order
/// (`integrations/terraform/provider/credentials.go` in gravitational/teleport). Without any it is the current profile.
///
/// The configuration takes precedence over the environment where one of them names a join and the other something else: what stands in the
/// environment for one provider block must not change who another one is.
pub(super) fn sources(
    settings: &Settings,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) -> Vec<Source> {
    let settings = &settled(settings, warnings);
    let mut sources = Vec::new();
    sources.extend(join(settings, problems));
    if let Some([cert, key, ca]) = key_pair(settings, problems, KEY_PAIR_PATHS) {
        let path = |value: &SecretString| PathBuf::from(value.expose_secret());
        let source = Source::key_pair_files(path(cert), path(key), path(ca));
        sources.push(source.named(&names(&KEY_PAIR_PATHS)));
    }
    if let Some([cert, key, ca]) = key_pair(settings, problems, KEY_PAIR_BASE64) {
        let [cert_attribute, key_attribute, ca_attribute] = KEY_PAIR_BASE64;
        let cert = decoded(&cert_attribute, cert, problems);
        let key = decoded(&key_attribute, key, problems);
        let root_ca = decoded(&ca_attribute, ca, problems);
        if let (Some(cert), Some(key), Some(root_ca)) = (cert, key, root_ca) {
            let source = Source::key_pair(cert, key, root_ca);
            sources.push(source.named(&names(&KEY_PAIR_BASE64)));
        }
    }
    if let Some(path) = settings.path(&attribute::IDENTITY_FILE_PATH) {
        sources.push(Source::identity_file_path(path).named(attribute::IDENTITY_FILE_PATH.name));
    }
    if let Some(text) = settings.get(&attribute::IDENTITY_FILE) {
        let bytes = SecretSlice::from(text.expose_secret().as_bytes().to_vec());
        sources.push(Source::identity_file(bytes).named(attribute::IDENTITY_FILE.name));
    }
    if let Some(text) = settings.get(&attribute::IDENTITY_FILE_BASE64)
        && let Some(bytes) = decoded(&attribute::IDENTITY_FILE_BASE64, text, problems)
    {
        sources.push(Source::identity_file(bytes).named(attribute::IDENTITY_FILE_BASE64.name));
    }
    let dir = settings.path(&attribute::PROFILE_DIR);
    let name = settings.text(&attribute::PROFILE_NAME);
    let origin = match (name, &dir) {
        (Some(_), Some(_)) => names(&[attribute::PROFILE_NAME, attribute::PROFILE_DIR]),
        (Some(_), None) => attribute::PROFILE_NAME.name.to_owned(),
        (None, Some(_)) => attribute::PROFILE_DIR.name.to_owned(),
        (None, None) if sources.is_empty() && problems.is_empty() => NOT_CONFIGURED.to_owned(),
        (None, None) => return sources,
    };
    sources.push(Source::profile(dir, name).named(&origin));
    sources
}

/// The settings without the credentials of the environment that others in the configuration shut out.
fn settled(settings: &Settings, warnings: &mut Vec<Problem>) -> Settings {
    let configured = |group: &&&[Attribute]| settings.is_configured(group);
    let others: Vec<_> = OTHERS.iter().filter(configured).collect();
    if !settings.is_configured(&JOIN) {
        return match others.as_slice() {
            [] => settings.clone(),
            _ => settings.without(&JOIN),
        };
    }
    if !others.is_empty() {
        let set = others.iter().copied().copied().flatten();
        let set = set.filter(|attribute| settings.is_configured(&[**attribute]));
        let names: Vec<_> = set.map(|attribute| attribute.name).collect();
        warnings.push(Problem {
            attribute: attribute::JOIN_METHOD,
            message: format!(
                "a join and other credentials ({}) are both configured: the join is used. If it fails, that is an error; the others \
                 are used only where it succeeds and the cluster then does not answer to the bot. Leave one of them out",
                names.join(", ")
            ),
        });
    }
    let shut_out = OTHERS.iter().filter(|group| !configured(group));
    shut_out.fold(settings.clone(), |settings, group| settings.without(group))
}

/// The bot to join as, if that is meant: the method or the token is set.
fn join(settings: &Settings, problems: &mut Vec<Problem>) -> Option<Source> {
    let method = settings.text(&attribute::JOIN_METHOD);
    let token = settings.text(&attribute::JOIN_TOKEN);
    if method.is_none() && token.is_none() {
        return None;
    }
    let mut missing = |attribute: Attribute, what: &str| {
        let message = format!("it is not set, and a join needs {what}");
        problems.push(Problem { attribute, message });
    };
    if settings.get(&attribute::ADDR).is_none() {
        missing(attribute::ADDR, "the address of the cluster's proxy");
    }
    if method.is_none() {
        missing(attribute::JOIN_METHOD, "a method, such as iam or github");
    }
    if token.is_none() {
        let what = "the name of a token; in a workload cluster that is the name of the bot";
        missing(attribute::JOIN_TOKEN, what);
    }
    match method?.parse() {
        Ok(method) => {
            let text = |attribute| settings.text(attribute).map(str::to_owned);
            let options = IdTokenOptions {
                audience_tag: text(&attribute::AUDIENCE_TAG),
                gitlab_variable: text(&attribute::GITLAB_ID_TOKEN_ENV_VAR),
            };
            Some(Source::join_with(method, token?, options).named(&names(&JOIN)))
        }
        Err(error) => {
            problems.push(Problem {
                attribute: attribute::JOIN_METHOD,
                message: error.to_string(),
            });
            None
        }
    }
}

/// The three values of a key pair, if it is meant: its certificate or its key is set.
fn key_pair<'a>(
    settings: &'a Settings,
    problems: &mut Vec<Problem>,
    attributes: [Attribute; 3],
) -> Option<[&'a SecretString; 3]> {
    let values = attributes
        .each_ref()
        .map(|attribute| settings.get(attribute));
    match values {
        [None, None, _] => None,
        [Some(cert), Some(key), Some(ca)] => Some([cert, key, ca]),
        _ => {
            let names = names(&attributes);
            for (attribute, value) in attributes.iter().zip(values) {
                if value.is_none() {
                    problems.push(Problem {
                        attribute: *attribute,
                        message: format!(
                            "it is not set, and a key pair needs all three of {names}"
                        ),
                    });
                }
            }
            None
        }
    }
}

/// The argument of the provider that an error is about.
pub(crate) fn attribute_of(error: &Error) -> Option<&'static str> {
    match error.part()? {
        Part::Address => Some(attribute::ADDR.name),
        Part::JoinMethod => Some(attribute::JOIN_METHOD.name),
        Part::JoinToken => Some(attribute::JOIN_TOKEN.name),
        Part::Source(origin) => {
            // A source is named by its arguments, the one to blame first.
            let origin = origin?;
            let first = origin.split(',').next()?;
            let mut names = ATTRIBUTES.iter().map(|attribute| attribute.name);
            names.find(|name| *name == first)
        }
    }
}

/// The names of arguments, for a text.
fn names(attributes: &[Attribute]) -> String {
    let names: Vec<_> = attributes.iter().map(|attribute| attribute.name).collect();
    names.join(", ")
}

/// The bytes of a value in base64. Line breaks inside do not count.
fn decoded(
    attribute: &Attribute,
    value: &SecretString,
    problems: &mut Vec<Problem>,
) -> Option<SecretSlice<u8>> {
    let text: String = value.expose_secret().split_ascii_whitespace().collect();
    let text = SecretString::from(text);
    let problem = match STANDARD.decode(text.expose_secret()) {
        Ok(bytes) => return Some(SecretSlice::from(bytes)),
        Err(_) if value.expose_secret().contains("-----BEGIN") => {
            "it is PEM text and not base64: use the argument without _base64, or encode it with base64encode()"
        }
        Err(_) => "it is not base64 (standard alphabet, with padding)",
    };
    problems.push(Problem {
        attribute: *attribute,
        message: problem.to_owned(),
    });
    None
}

/// What the current profile is called when it is used for want of anything else.
pub(crate) const NOT_CONFIGURED: &str = "because no credentials are configured";

const KEY_PAIR_PATHS: [Attribute; 3] = [
    attribute::CERT_PATH,
    attribute::KEY_PATH,
    attribute::ROOT_CA_PATH,
];
const KEY_PAIR_BASE64: [Attribute; 3] = [
    attribute::CERT_BASE64,
    attribute::KEY_BASE64,
    attribute::ROOT_CA_BASE64,
];

const JOIN: [Attribute; 2] = [attribute::JOIN_METHOD, attribute::JOIN_TOKEN];
/// What else credentials are given by, each group whole.
const OTHERS: [&[Attribute]; 6] = [
    &KEY_PAIR_PATHS,
    &KEY_PAIR_BASE64,
    &[attribute::IDENTITY_FILE_PATH],
    &[attribute::IDENTITY_FILE],
    &[attribute::IDENTITY_FILE_BASE64],
    &[attribute::PROFILE_NAME, attribute::PROFILE_DIR],
];
