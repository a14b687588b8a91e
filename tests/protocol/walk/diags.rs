//! The diagnostics of an answer.

use tfplugin::proto::tfplugin6::{
    AttributePath, Diagnostic, attribute_path::step::Selector, diagnostic::Severity,
};

/// The diagnostics of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Diags(pub(crate) Vec<Diagnostic>);

impl Diags {
    /// There is none.
    #[track_caller]
    pub(crate) fn nothing(&self) {
        assert!(self.0.is_empty(), "{self:#?}");
    }

    /// There is no error.
    #[track_caller]
    pub(crate) fn no_error(&self) {
        assert!(!self.has_error(), "{self:#?}");
    }

    /// There is one error, with these key phrases.
    #[track_caller]
    pub(crate) fn error(&self, phrases: &[&str]) {
        assert!(self.of(Severity::Error).count() == 1, "{self:#?}");
        self.says(Severity::Error, phrases);
    }

    /// There is an error at this attribute, with these key phrases.
    #[track_caller]
    pub(crate) fn error_at(&self, at: &str, phrases: &[&str]) {
        self.says_at(Severity::Error, Some(at), phrases);
    }

    /// There is one warning and nothing else, with these key phrases.
    #[track_caller]
    pub(crate) fn warning(&self, phrases: &[&str]) {
        self.no_error();
        assert!(self.0.len() == 1, "{self:#?}");
        self.says(Severity::Warning, phrases);
    }

    /// Whether there is an error.
    pub(crate) fn has_error(&self) -> bool {
        self.of(Severity::Error).next().is_some()
    }

    #[track_caller]
    fn says(&self, severity: Severity, phrases: &[&str]) {
        self.says_at(severity, None, phrases);
    }

    #[track_caller]
    fn says_at(&self, severity: Severity, at: Option<&str>, phrases: &[&str]) {
        let said = self.of(severity).any(|diagnostic| {
            let place = diagnostic.attribute.as_ref().map(dotted);
            let text = format!("{}\n{}", diagnostic.summary, diagnostic.detail);
            at.is_none_or(|at| place.as_deref() == Some(at))
                && phrases.iter().all(|phrase| text.contains(phrase))
        });
        assert!(
            said,
            "{phrases:?} must be in a diagnostic of {severity:?} at {at:?}: {self:#?}"
        );
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = &Diagnostic> {
        self.0
            .iter()
            .filter(move |diagnostic| diagnostic.severity() == severity)
    }
}

/// A path as people write it, such as `spec.regions[0].name`.
pub(crate) fn dotted(path: &AttributePath) -> String {
    let mut text = String::new();
    for step in &path.steps {
        match step.selector.as_ref().unwrap() {
            Selector::AttributeName(name) if text.is_empty() => text.push_str(name),
            Selector::AttributeName(name) => text.push_str(&format!(".{name}")),
            Selector::ElementKeyString(key) => text.push_str(&format!("[{key:?}]")),
            Selector::ElementKeyInt(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}
