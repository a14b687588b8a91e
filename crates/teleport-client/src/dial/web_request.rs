//! One HTTP request on a stream of its own, and the whole answer, within a limit.

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;

use crate::dial::{socket::Stream, transport::chain};

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebRequestError {
    /// The connection broke, or the answer is not HTTP.
    #[error("no answer over HTTP: {0}")]
    Broken(String),
    /// The answer is larger than any that is expected.
    #[error("the answer has more than {} KiB", .0 >> 10)]
    TooLarge(usize),
}

/// Sends a request. The answer has at most `limit` bytes.
pub(crate) async fn send(
    stream: impl Stream + 'static,
    request: Request<Full<Bytes>>,
    limit: usize,
) -> Result<(StatusCode, Bytes), WebRequestError> {
    let broken = |error: hyper::Error| WebRequestError::Broken(chain(&error));
    let starting = http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = starting.await.map_err(broken)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    match Limited::new(response.into_body(), limit).collect().await {
        Ok(body) => Ok((status, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(WebRequestError::TooLarge(limit)),
        Err(error) => Err(WebRequestError::Broken(chain(error.as_ref()))),
    }
}
