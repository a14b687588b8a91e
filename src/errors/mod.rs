//! Every diagnostic of the provider is made here, by one builder, and errors of the client are worded here.
//!
//! ```ignore
//! errors::error(Summary::NotFound).at(path).detail(format!("There is no {what}.")).add(diags);
//! ```

mod summary;

use std::error::Error as _;

use teleport_client::{Contents, Error, ErrorKind, Transient};
use tfplugin::{Diagnostic, Diagnostics, Path, Severity};

use crate::{
    clusters::provider_data::WORKLOAD_CLUSTERS,
    settings::{advice::advice, attributes, sources::attribute_of, values::InvalidSettings},
};
pub(crate) use summary::Summary;

/// Begins an error.
pub(crate) fn error(summary: Summary) -> Builder {
    Builder::new(Severity::Error, summary)
}

/// Begins a warning.
pub(crate) fn warning(summary: Summary) -> Builder {
    Builder::new(Severity::Warning, summary)
}

/// A diagnostic that is being written. It counts only once it was added.
#[must_use = "a diagnostic has no effect until it is added"]
pub(crate) struct Builder(Diagnostic);

impl Builder {
    fn new(severity: Severity, summary: Summary) -> Self {
        Self(Diagnostic {
            severity,
            summary: summary.text().to_owned(),
            detail: String::new(),
            path: Path::root(),
        })
    }

    /// The attribute that it is about. Without this it is the whole block.
    pub(crate) fn at(mut self, path: Path) -> Self {
        self.0.path = path;
        self
    }

    /// What happened exactly, why, and what to do. Each call adds a paragraph. A value in quotes that is the contents of a file is
    /// left out.
    pub(crate) fn detail(mut self, paragraph: impl AsRef<str>) -> Self {
        if !self.0.detail.is_empty() {
            self.0.detail.push_str("\n\n");
        }
        let paragraph = without_contents(paragraph.as_ref());
        self.0.detail.push_str(&paragraph);
        self
    }

    /// Adds the paragraphs that there are.
    fn details<const N: usize>(self, paragraphs: [Option<String>; N]) -> Self {
        paragraphs.into_iter().flatten().fold(self, Self::detail)
    }

    /// Adds it to the others.
    pub(crate) fn add(self, diags: &mut Diagnostics) {
        diags.push(self.0);
    }
}

/// A text without the contents of files in it: a credential may stand in the place of any attribute. The values in a text are in
/// quotes, on one line.
fn without_contents(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('"') {
        shown.push_str(before);
        shown.push('"');
        rest = after;
        let Some(end) = end_of_value(after) else {
            continue;
        };
        let (value, after) = after.split_at(end);
        let is_shown = !is_contents(value);
        shown.push_str(if is_shown { value } else { NOT_SHOWN });
        shown.push('"');
        rest = &after[1..];
    }
    shown.push_str(rest);
    shown
}

/// Whether a value is the contents of a file, which may be a secret.
pub(crate) fn is_contents(value: &str) -> bool {
    matches!(Contents::of(value), Some(Contents::Text | Contents::Base64))
}

/// Where the quote is that ends a value. None if there is none on this line.
fn end_of_value(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.find(|char| {
        let is_end = matches!(char, '"' | '\n') && !is_escaped;
        is_escaped = char == '\\' && !is_escaped;
        is_end
    })?;
    text[end..].starts_with('"').then_some(end)
}

/// The end of a sentence that shows a value. The contents of a file may be a secret, and are not repeated.
pub(crate) fn got(text: &str) -> String {
    match Contents::of(text) {
        Some(_) => String::new(),
        None => format!(", got: {text:?}"),
    }
}

/// Warns of a value that the provider does not know, and a newer cluster may know. `known` lists what the provider knows.
pub(crate) fn unfamiliar(path: &Path, value: &str, known: &str, diags: &mut Diagnostics) {
    warning(Summary::UnfamiliarValue)
        .at(path.clone())
        .detail(format!(
            "{path} is {value}, which this provider does not know. It knows {known}. If the cluster does not know it either, the \
             apply fails."
        ))
        .add(diags);
}

/// Adds an error of the client. `doing` says what was being done, such as `reading the workload cluster "a"`.
pub(crate) fn call_failed(error: &Error, doing: &str, diags: &mut Diagnostics) {
    call_failed_and(error, doing, None, diags);
}

/// Adds an error of the client, with one more paragraph.
pub(crate) fn call_failed_and(
    error: &Error,
    doing: &str,
    more: Option<&str>,
    diags: &mut Diagnostics,
) {
    of_client(error, doing)
        .details([
            attribute_of(error).map(argument),
            more.map(str::to_owned),
            advice(error),
        ])
        .add(diags);
}

/// Adds an error of the client about a workload cluster that the attribute at `path` names, and that the provider joins as
/// `workload_clusters` of the provider block says.
pub(crate) fn call_failed_there(
    path: Path,
    error: &Error,
    doing: &str,
    more: Option<&str>,
    diags: &mut Diagnostics,
) {
    let (path, argument) = match attribute_of(error) {
        Some(name) if error.of_parent().is_some() => (Path::root(), Some(argument(name))),
        Some(name @ (JOIN_METHOD | JOIN_TOKEN)) => {
            let name = format!("{WORKLOAD_CLUSTERS}.{name}");
            (Path::root(), Some(argument(&name)))
        }
        Some(_) => (path, None),
        None => (Path::root(), None),
    };
    of_client(error, doing)
        .at(path)
        .details([argument, more.map(str::to_owned), advice(error)])
        .add(diags);
}

/// Adds an error of the client that an attribute of the resource causes, and no argument of the provider block.
pub(crate) fn call_failed_at(path: Path, error: &Error, doing: &str, diags: &mut Diagnostics) {
    of_client(error, doing)
        .at(path)
        .details([advice(error)])
        .add(diags);
}

/// Adds an error of the client with other advice than the client gives.
pub(crate) fn call_failed_so(error: &Error, doing: &str, advice: &str, diags: &mut Diagnostics) {
    of_client(error, doing)
        .details([attribute_of(error).map(argument), Some(advice.to_owned())])
        .add(diags);
}

/// Adds everything that is wrong with the provider block.
pub(crate) fn invalid_settings(problems: &InvalidSettings, diags: &mut Diagnostics) {
    for problem in &problems.0 {
        error(Summary::InvalidProviderConfiguration)
            .at(Path::attribute(problem.attribute.name))
            .detail(sentence(&problem.to_string()))
            .add(diags);
    }
}

/// Begins an error of the client: what was being done, and how it failed.
fn of_client(failure: &Error, doing: &str) -> Builder {
    error(summary_of(failure.kind()))
        .detail(sentence(&format!("While {doing}: {}", chain(failure))))
}

/// The text with a full stop, unless it ends like a sentence already.
pub(crate) fn sentence(text: &str) -> String {
    if text.ends_with(['.', '?', '!']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// The error and its causes in one line.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    without_references(&text).trim_end_matches('.').to_owned()
}

/// The text without links to the documentation of libraries, which is for programmers.
fn without_references(text: &str) -> String {
    let Some(start) = text.find(DOCUMENTATION) else {
        return text.to_owned();
    };
    let (before, reference) = text.split_at(start);
    let end = reference.find(char::is_whitespace);
    let mut end = end.unwrap_or(reference.len());
    // A separator after the link stays.
    while reference[..end].ends_with([':', ',', ';', ')']) {
        end -= 1;
    }
    let before = before.trim_end().trim_end_matches(':');
    format!("{before}{}", without_references(&reference[end..]))
}

/// Arguments of the provider block are no attributes of a resource, so that they are named in the text.
fn argument(name: &str) -> String {
    format!("The argument of the provider block concerned is {name}.")
}

fn summary_of(kind: ErrorKind) -> Summary {
    match kind {
        ErrorKind::NotFound => Summary::NotFound,
        ErrorKind::AlreadyExists => Summary::AlreadyExists,
        ErrorKind::AccessDenied => Summary::AccessDenied,
        ErrorKind::MfaRequired => Summary::MfaRequired,
        ErrorKind::FeatureDisabled => Summary::FeatureNotAvailable,
        ErrorKind::InvalidArgument => Summary::RefusedByTeleport,
        ErrorKind::LimitReached => Summary::LimitReached,
        ErrorKind::Conflict => Summary::ChangedBySomebodyElse,
        ErrorKind::Unimplemented | ErrorKind::NotInEdition => Summary::NotSupportedByCluster,
        ErrorKind::Unauthenticated | ErrorKind::Credentials => Summary::InvalidCredentials,
        ErrorKind::JoinRefused => Summary::JoinRefused,
        ErrorKind::CertificateExpired => Summary::CredentialsExpired,
        ErrorKind::WrongCluster => Summary::WrongCluster,
        ErrorKind::UntrustedCertificate => Summary::CertificateNotTrusted,
        ErrorKind::UnsupportedServer => Summary::UnsupportedServer,
        ErrorKind::Transient(Transient::RateLimited) => Summary::RateLimited,
        ErrorKind::Transient(Transient::Deadline) => Summary::NoAnswerInTime,
        ErrorKind::Transient(Transient::Unavailable) => Summary::ClusterUnavailable,
        ErrorKind::Other => Summary::TeleportError,
    }
}

const DOCUMENTATION: &str = "https://docs.rs/";

const JOIN_METHOD: &str = attributes::JOIN_METHOD.name;
const JOIN_TOKEN: &str = attributes::JOIN_TOKEN.name;

const NOT_SHOWN: &str = "(the contents of a file, not shown)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_has_a_paragraph_for_each_detail_and_is_added_once() {
        let mut diags = Diagnostics::new();
        for _ in 0..2 {
            error(Summary::NotFound)
                .at(Path::attribute("user"))
                .detail("There is no user.")
                .detail("Create one.")
                .add(&mut diags);
        }
        let [diagnostic] = diags.iter().collect::<Vec<_>>()[..] else {
            panic!("{diags:?}")
        };
        assert_eq!(diagnostic.severity, Severity::Error);
        assert_eq!(diagnostic.summary, "Not Found");
        assert_eq!(diagnostic.detail, "There is no user.\n\nCreate one.");
        assert_eq!(diagnostic.path, Path::attribute("user"));
    }

    #[test]
    fn contents_of_files_are_left_out_and_nothing_else_is() {
        let key = "-----BEGIN PRIVATE KEY-----\nMC4\"CAQ\n";
        for (detail, shown) in [
            (
                format!("name must be a, got: {key:?} (of 3)."),
                "name must be a, got: \"(the contents of a file, not shown)\" (of 3).",
            ),
            (
                "no \"LS0tLS1CRUdJ\" and \"b\"".to_owned(),
                "no \"(the contents of a file, not shown)\" and \"b\"",
            ),
            (
                "one \" alone\nid = \"a/b\"\n}".to_owned(),
                "one \" alone\nid = \"a/b\"\n}",
            ),
            ("\"a\\\\\" and \"\"".to_owned(), "\"a\\\\\" and \"\""),
        ] {
            assert_eq!(without_contents(&detail), shown);
        }
    }

    #[test]
    fn every_kind_of_error_has_its_summary() {
        for (kind, summary) in [
            (ErrorKind::NotFound, "Not Found"),
            (ErrorKind::AlreadyExists, "Already Exists"),
            (ErrorKind::AccessDenied, "Access Denied"),
            (ErrorKind::MfaRequired, "MFA Required"),
            (ErrorKind::FeatureDisabled, "Feature Not Available"),
            (ErrorKind::InvalidArgument, "Refused by Teleport"),
            (ErrorKind::LimitReached, "Limit Reached"),
            (ErrorKind::Conflict, "Changed by Somebody Else"),
            (ErrorKind::Unimplemented, "Not Supported by the Cluster"),
            (ErrorKind::Unauthenticated, "Invalid Credentials"),
            (ErrorKind::Credentials, "Invalid Credentials"),
            (ErrorKind::JoinRefused, "Join Refused"),
            (ErrorKind::CertificateExpired, "Credentials Expired"),
            (ErrorKind::WrongCluster, "Wrong Cluster"),
            (ErrorKind::UntrustedCertificate, "Certificate Not Trusted"),
            (ErrorKind::UnsupportedServer, "Unsupported Server"),
            (ErrorKind::Transient(Transient::RateLimited), "Rate Limited"),
            (
                ErrorKind::Transient(Transient::Deadline),
                "No Answer in Time",
            ),
            (
                ErrorKind::Transient(Transient::Unavailable),
                "Cluster Unavailable",
            ),
            (ErrorKind::Other, "Teleport Error"),
        ] {
            assert_eq!(summary_of(kind).text(), summary);
        }
    }

    /// The texts of all tests: of `tests/`, and of the modules in `src/` that only tests have.
    fn tests(folder: &std::path::Path, texts: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                tests(&path, texts);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let is_test = path.to_string_lossy().contains("tests");
                let start = if is_test {
                    Some(0)
                } else {
                    text.find("#[cfg(test)]")
                };
                texts.push_str(start.map_or("", |start| &text[start..]));
            }
        }
    }

    #[test]
    fn every_summary_occurs_in_a_test() {
        let mut texts = String::new();
        for folder in ["src", "tests"] {
            let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            tests(&root.join(folder), &mut texts);
        }
        for summary in Summary::ALL {
            let in_a_text = texts.contains(summary.text());
            let by_name = texts.contains(&format!("Summary::{summary:?}"));
            assert!(in_a_text || by_name, "{summary:?} is in no test");
        }
    }

    #[test]
    fn no_two_summaries_have_one_text() {
        for (index, summary) in Summary::ALL.iter().enumerate() {
            let others = &Summary::ALL[index + 1..];
            assert!(
                others.iter().all(|other| other.text() != summary.text()),
                "{summary:?}"
            );
        }
    }

    #[test]
    fn references_to_documentation_of_libraries_are_left_out() {
        for (text, without) in [
            ("closed", "closed"),
            ("closed: https://docs.rs/rustls/a.html#b", "closed"),
            (
                "proxy: closed: https://docs.rs/a#b; auth server: https://docs.rs/c",
                "proxy: closed; auth server",
            ),
            (
                "see https://goteleport.com/docs",
                "see https://goteleport.com/docs",
            ),
        ] {
            assert_eq!(without_references(text), without);
        }
    }
}
