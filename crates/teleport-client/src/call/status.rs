//! gRPC statuses as Teleport means them (`trail/trail.go` in gravitational/trace).

use std::{error::Error as StdError, time::Duration};

use http_body_util::LengthLimitError;
use tonic::{Code, Status};

use crate::{
    call::{failure::CallFailure, server_texts},
    dial::transport::{TransportError, chain},
    error_kind::{ErrorKind, Transient},
    shown,
};

/// What a status that ended a call means.
pub(crate) fn failure(rpc: &str, address: String, status: &Status) -> CallFailure {
    // Only what the transport reports has a cause; what the server sent has none.
    let failure = match status.source() {
        _ if is_too_large(status) => CallFailure {
            message: TOO_LARGE.to_owned(),
            // The server may have done what was asked before it answered.
            may_have_been_carried_out: true,
            ..blank()
        },
        Some(cause) => broken(cause),
        None => answered(status),
    };
    CallFailure {
        rpc: rpc.to_owned(),
        address,
        ..failure
    }
}

/// The status of an answer that is not read, because it is too large.
pub(crate) fn too_large() -> Status {
    Status::out_of_range(TONIC_TOO_LARGE)
}

/// Whether an answer is larger than is accepted: tonic found so from its length, or the transport from what came.
fn is_too_large(status: &Status) -> bool {
    let mut next = status.source();
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    status.code() == Code::OutOfRange && status.message().starts_with(TONIC_TOO_LARGE)
}

/// There was no answer in time.
pub(crate) fn deadline(rpc: &str, address: String, deadline: Duration) -> CallFailure {
    CallFailure {
        kind: ErrorKind::Transient(Transient::Deadline),
        rpc: rpc.to_owned(),
        address,
        message: format!("no answer within {}", humantime::format_duration(deadline)),
        answered: false,
        may_have_been_carried_out: true,
        is_repetition: false,
    }
}

fn answered(status: &Status) -> CallFailure {
    let message = status.message();
    let kind = kind(status.code(), message);
    // A server refuses before it does anything. These are not refusals: it may have begun.
    let in_doubt = match kind {
        ErrorKind::Transient(Transient::Unavailable | Transient::Deadline) | ErrorKind::Other => {
            true
        }
        _ => status.code() == Code::Aborted,
    };
    CallFailure {
        kind,
        message: shown::text(message),
        answered: true,
        may_have_been_carried_out: in_doubt,
        ..blank()
    }
}

fn broken(cause: &(dyn StdError + 'static)) -> CallFailure {
    CallFailure {
        kind: ErrorKind::Transient(Transient::Unavailable),
        message: format!("the connection broke: {}", chain(cause)),
        answered: false,
        may_have_been_carried_out: !surely_not_processed(cause),
        ..blank()
    }
}

/// Whether the transport says that the server did nothing with the request: it was never sent, or HTTP/2 guarantees it. A refused
/// stream (RFC 9113 section 8.7) and one above the last that a GOAWAY names (section 6.8) were not processed.
fn surely_not_processed(cause: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(cause);
    while let Some(error) = next {
        if let Some(TransportError { unsent: true, .. }) = error.downcast_ref() {
            return true;
        }
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
            return error.is_remote() && (refused || error.is_go_away());
        }
        next = error.source();
    }
    false
}

fn kind(code: Code, message: &str) -> ErrorKind {
    match code {
        Code::ResourceExhausted if server_texts::is_limit(message) => ErrorKind::LimitReached,
        Code::PermissionDenied | Code::FailedPrecondition if server_texts::is_quota(message) => {
            ErrorKind::LimitReached
        }
        Code::NotFound => ErrorKind::NotFound,
        Code::AlreadyExists => ErrorKind::AlreadyExists,
        Code::PermissionDenied => server_texts::denial(message),
        Code::InvalidArgument | Code::OutOfRange => ErrorKind::InvalidArgument,
        Code::FailedPrecondition | Code::Aborted => ErrorKind::Conflict,
        Code::Unimplemented => ErrorKind::Unimplemented,
        Code::Unauthenticated => ErrorKind::Unauthenticated,
        Code::Unavailable => ErrorKind::Transient(Transient::Unavailable),
        // gRPC has the same code for a message that is too large. CertificateRequest again does not make it smaller.
        Code::ResourceExhausted if server_texts::is_too_large(message) => ErrorKind::Other,
        Code::ResourceExhausted => ErrorKind::Transient(Transient::RateLimited),
        Code::DeadlineExceeded => ErrorKind::Transient(Transient::Deadline),
        Code::Ok | Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            server_texts::unclassified(message)
        }
    }
}

fn blank() -> CallFailure {
    CallFailure {
        kind: ErrorKind::Other,
        rpc: String::new(),
        address: String::new(),
        message: String::new(),
        answered: false,
        may_have_been_carried_out: false,
        is_repetition: false,
    }
}

const TOO_LARGE: &str = "the answer is larger than this program accepts, so it was not read";

/// `decode_chunk` in `codec/decode.rs` of tonic.
const TONIC_TOO_LARGE: &str = "Error, decoded message length too large";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn sent_by_server(code: Code, message: &str) -> CallFailure {
        failure("Rpc", "here:443".to_owned(), &Status::new(code, message))
    }

    fn reported_by_transport(cause: impl StdError + Send + Sync + 'static) -> CallFailure {
        let mut status = Status::new(Code::Unknown, "transport");
        status.set_source(Arc::new(cause));
        failure("Rpc", "here:443".to_owned(), &status)
    }

    #[test]
    fn codes_mean_what_teleport_means_by_them() {
        for (code, kind) in [
            (Code::NotFound, ErrorKind::NotFound),
            (Code::AlreadyExists, ErrorKind::AlreadyExists),
            (Code::PermissionDenied, ErrorKind::AccessDenied),
            (Code::InvalidArgument, ErrorKind::InvalidArgument),
            (Code::FailedPrecondition, ErrorKind::Conflict),
            (Code::Unimplemented, ErrorKind::Unimplemented),
            (Code::Unauthenticated, ErrorKind::Unauthenticated),
            (
                Code::Unavailable,
                ErrorKind::Transient(Transient::Unavailable),
            ),
            (
                Code::ResourceExhausted,
                ErrorKind::Transient(Transient::RateLimited),
            ),
            (
                Code::DeadlineExceeded,
                ErrorKind::Transient(Transient::Deadline),
            ),
            (Code::Unknown, ErrorKind::Other),
        ] {
            assert_eq!(sent_by_server(code, "some text").kind, kind);
        }
    }

    #[test]
    fn what_a_server_says_cannot_control_the_terminal_and_is_cut() {
        let message = format!("\u{1b}[2J{}", "x".repeat(100_000));
        let failure = sent_by_server(Code::NotFound, &message);
        assert!(failure.message.starts_with("\u{fffd}[2Jxx"));
        assert!(failure.message.len() < 5000);
    }

    #[test]
    fn a_message_that_is_too_large_is_not_a_rate_limit() {
        let failure = sent_by_server(
            Code::ResourceExhausted,
            "trying to send message larger than max (5 vs. 4)",
        );
        assert_eq!(failure.kind, ErrorKind::Other);
        assert!(failure.may_have_been_carried_out);
    }

    #[test]
    fn a_quota_is_not_a_rate_limit() {
        let kind = |code, text| sent_by_server(code, text).kind;
        let limited = ErrorKind::Transient(Transient::RateLimited);
        for text in [
            "workload cluster quota exceeded",
            "integrated limit of 5 is reached",
            "the limit of 5 workload clusters is reached",
            "cluster has reached its maximum number of users",
        ] {
            assert_eq!(
                kind(Code::ResourceExhausted, text),
                ErrorKind::LimitReached,
                "{text}"
            );
        }
        for text in [
            "",
            "rate limit exceeded",
            "quota exceeded: 100 calls per minute",
            "rate limit reached",
            "too many requests",
        ] {
            assert_eq!(kind(Code::ResourceExhausted, text), limited, "{text}");
        }
        assert_eq!(
            kind(Code::FailedPrecondition, "Quota exceeded"),
            ErrorKind::LimitReached
        );
        assert_eq!(
            kind(Code::PermissionDenied, "quota reached"),
            ErrorKind::LimitReached
        );
        assert_eq!(
            kind(Code::InvalidArgument, "role \"quota-exceeded\""),
            ErrorKind::InvalidArgument
        );
    }

    #[test]
    fn refusals_are_certain_and_failures_are_not() {
        let in_doubt = |code| sent_by_server(code, "").may_have_been_carried_out;
        for code in [
            Code::NotFound,
            Code::PermissionDenied,
            Code::InvalidArgument,
            Code::ResourceExhausted,
            Code::FailedPrecondition,
        ] {
            assert!(!in_doubt(code), "{code:?}");
        }
        for code in [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::Unknown,
            Code::Internal,
            Code::Cancelled,
            Code::Aborted,
        ] {
            assert!(in_doubt(code), "{code:?}");
        }
    }

    #[test]
    fn a_stream_that_http2_says_was_refused_was_not_processed() {
        // Only a reset that came from the peer says so; h2 has no way to make one here, so this is the local one.
        let refused = reported_by_transport(h2::Error::from(h2::Reason::REFUSED_STREAM));
        assert_eq!(refused.kind, ErrorKind::Transient(Transient::Unavailable));
        assert!(refused.may_have_been_carried_out);
        assert!(!refused.answered);
    }

    #[test]
    fn any_other_break_leaves_a_doubt() {
        let failure =
            reported_by_transport(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert!(failure.may_have_been_carried_out);
        assert!(
            failure
                .message
                .contains("the connection broke: connection reset"),
            "{}",
            failure.message
        );
    }
}
