//! One HTTP request on a stream of its own, and the whole answer, within a limit.

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
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
) -> Result<(StatusCode, Vec<u8>), WebRequestError> {
    let broken = |error: hyper::Error| WebRequestError::Broken(chain(&error));
    let starting = http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = starting.await.map_err(broken)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    Ok((status, read(response.into_body(), limit).await?))
}

/// Reads the whole body of an answer. It is not collected in the parts in which it comes: each may be a byte, and takes more than
/// that in memory.
pub(crate) async fn read(mut body: Incoming, limit: usize) -> Result<Vec<u8>, WebRequestError> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| WebRequestError::Broken(chain(&error)))?;
        let part = frame.into_data().unwrap_or_default();
        if part.len() > limit - read.len() {
            return Err(WebRequestError::TooLarge(limit));
        }
        read.extend_from_slice(&part);
    }
    Ok(read)
}
