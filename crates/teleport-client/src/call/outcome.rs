//! The outcome of one try of a call: an answer, a status, silence or a panic.

use std::{any::Any, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tonic::{Response, Status};

use crate::{
    call::{failure::CallFailure, status},
    error_kind::ErrorKind,
};

/// Waits for the answer to a call, at most until the deadline.
///
/// A panic of the code that reads the answer becomes a failure. The server may have made an object by then, and a caller that
/// unwinds could not report it.
pub(crate) async fn outcome<T>(
    rpc: &str,
    address: String,
    deadline: Duration,
    answer: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, CallFailure> {
    let answer = AssertUnwindSafe(tokio::time::timeout(deadline, answer)).catch_unwind();
    Err(match answer.await {
        Ok(Ok(Ok(answer))) => return Ok(answer.into_inner()),
        Ok(Ok(Err(status))) => status::failure(rpc, address, &status),
        Ok(Err(_)) => status::deadline(rpc, address, deadline),
        Err(panic) => CallFailure {
            kind: ErrorKind::Other,
            rpc: rpc.to_owned(),
            address,
            message: format!(
                "the answer could not be read because of a bug in this program: {}",
                text(&*panic)
            ),
            answered: false,
            may_have_been_carried_out: true,
            is_repetition: false,
        },
    })
}

/// What a panic says.
fn text(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    let formatted = || panic.downcast_ref::<String>().map(String::as_str);
    literal.or_else(formatted).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn failure_of(answer: impl Future<Output = Result<Response<()>, Status>>) -> CallFailure {
        let deadline = Duration::from_secs(5);
        let outcome = outcome("CreateRole", "here:443".to_owned(), deadline, answer);
        outcome.await.unwrap_err()
    }

    #[tokio::test]
    async fn after_a_panic_the_call_may_have_been_carried_out() {
        for text in ["no base64", "no UTF-8"] {
            let failure = failure_of(async move { panic!("{text}") }).await;
            assert!(failure.may_have_been_carried_out);
            assert_eq!(failure.kind, ErrorKind::Other);
            assert!(failure.message.ends_with(text), "{}", failure.message);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_with_the_deadline() {
        let failure = failure_of(std::future::pending()).await;
        assert_eq!(failure.message, "no answer within 5s");
    }
}
