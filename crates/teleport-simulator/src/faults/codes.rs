//! The names of gRPC status codes.

use tonic::Code;

/// Name of a code in lower case with underscores.
pub(crate) fn name(code: Code) -> &'static str {
    NAMES
        .iter()
        .find(|(_, known)| *known == code)
        .map_or("unknown", |(name, _)| name)
}

/// The code of a name in any case, with underscores or without, or of a number. `None` for others.
pub(crate) fn parse(text: &str) -> Option<Code> {
    if let Ok(number) = text.parse::<i32>() {
        return (0..=16).contains(&number).then(|| Code::from_i32(number));
    }
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let wanted = plain(text);
    NAMES
        .iter()
        .find(|(name, _)| plain(name) == wanted)
        .map(|(_, code)| *code)
}

/// Every name, for messages.
pub(crate) fn names() -> String {
    let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

const NAMES: [(&str, Code); 17] = [
    ("ok", Code::Ok),
    ("cancelled", Code::Cancelled),
    ("unknown", Code::Unknown),
    ("invalid_argument", Code::InvalidArgument),
    ("deadline_exceeded", Code::DeadlineExceeded),
    ("not_found", Code::NotFound),
    ("already_exists", Code::AlreadyExists),
    ("permission_denied", Code::PermissionDenied),
    ("resource_exhausted", Code::ResourceExhausted),
    ("failed_precondition", Code::FailedPrecondition),
    ("aborted", Code::Aborted),
    ("out_of_range", Code::OutOfRange),
    ("unimplemented", Code::Unimplemented),
    ("internal", Code::Internal),
    ("unavailable", Code::Unavailable),
    ("data_loss", Code::DataLoss),
    ("unauthenticated", Code::Unauthenticated),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_by_number_and_by_name_in_any_style() {
        for text in ["5", "not_found", "NOT_FOUND", "NotFound"] {
            assert_eq!(parse(text), Some(Code::NotFound), "{text}");
        }
        for text in ["", "17", "-1", "gone"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_number_has_its_name() {
        for number in 0..=16 {
            let code = Code::from_i32(number);
            assert_eq!(parse(name(code)), Some(code));
        }
    }
}
