//! Why a call is refused.

use tonic::{Code, Status};

/// Why a call is refused: a code and a text, as they go over the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { code, text }
    }

    /// The object breaks a rule.
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, text)
    }

    /// The caller may not do this.
    pub(crate) fn denied(text: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, text)
    }

    /// The object does not exist.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(Code::NotFound, text)
    }

    /// There is such an object already.
    pub(crate) fn exists(text: impl Into<String>) -> Self {
        Self::new(Code::AlreadyExists, text)
    }

    /// Go code that has no code of its own for an error.
    pub(crate) fn unknown(text: impl Into<String>) -> Self {
        Self::new(Code::Unknown, text)
    }

    /// The object was written after the caller read it.
    pub(crate) fn stale() -> Self {
        let text = "resource revision does not match, it may have been concurrently created|modified|deleted; please work \
                    from the latest state, or use --force to overwrite";
        Self::new(Code::FailedPrecondition, text)
    }

    /// A limit is reached.
    pub(crate) fn too_many(what: &str) -> Self {
        Self::new(
            Code::ResourceExhausted,
            format!("limit of {what} is reached"),
        )
    }

    /// The same with the step that failed, as Go wraps errors.
    pub(crate) fn during(self, step: &str) -> Self {
        let text = self.text.replace('\n', "\n\t");
        Self::new(self.code, format!("{step}\n\t{text}"))
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code, refusal.text)
    }
}
