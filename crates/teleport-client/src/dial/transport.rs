//! gRPC's transport: one HTTP/2 connection over a stream that is already encrypted.
//!
//! hyper is used directly instead of tonic's channel, because hyper reports whether a request that failed was ever sent.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response, Uri, header::USER_AGENT, uri::PathAndQuery};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use prost_reflect::MethodDescriptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::body::Body;
use tower::Service;

use crate::{
    dial::metadata::{CleanBody, clean},
    shown,
};

/// Largest answer that is accepted, in bytes. Teleport's own 4 MiB is too small for long lists.
pub(crate) const MAX_ANSWER_SIZE: usize = 16 << 20;

/// The same for answers that are decoded into types of their own, which are small: those to Ping and to a join.
pub(crate) const MAX_SMALL_ANSWER_SIZE: usize = 1 << 20;

/// The name that every auth server answers to (`api/constants/constants.go` in gravitational/teleport).
pub(crate) const SERVER_NAME: &str = "teleport.cluster.local";

/// A handle on an HTTP/2 connection. Clones share it.
#[derive(Clone)]
pub(crate) struct Transport {
    sender: SendRequest<Body>,
    user_agent: Option<HeaderValue>,
}

/// Why a request got no response.
#[derive(Debug)]
pub(crate) struct TransportError {
    /// Whether nothing of it was written to the connection.
    pub(crate) unsent: bool,
    source: hyper::Error,
}

impl Transport {
    /// Speaks HTTP/2 on a stream. A user agent that is not a header value is left out.
    pub(crate) async fn handshake<T>(stream: T, user_agent: &str) -> hyper::Result<Self>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .handshake(TokioIo::new(stream))
            .await?;
        tokio::spawn(async move {
            match connection.await {
                Ok(()) => tracing::debug!("the connection was closed"),
                Err(error) => tracing::debug!(error = %chain(&error), "the connection broke"),
            }
        });
        Ok(Self {
            sender,
            user_agent: user_agent.parse().ok(),
        })
    }

    /// Whether it can take no further requests.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl Service<Request<Body>> for Transport {
    type Response = Response<CleanBody>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // If it is closed, sending the request fails and hands the request back.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(agent) = &self.user_agent {
            request.headers_mut().insert(USER_AGENT, agent.clone());
        }
        let response = self.sender.try_send_request(request);
        Box::pin(async move {
            let response = response.await.map_err(|mut error| TransportError {
                unsent: error.take_message().is_some(),
                source: error.into_error(),
            })?;
            Ok(clean(response))
        })
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&self.source))
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Path of a method in gRPC's requests.
pub(crate) fn path(method: &MethodDescriptor) -> PathAndQuery {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    PathAndQuery::try_from(path).expect("a protobuf name must be fit for a path")
}

/// Scheme and authority of every request.
pub(crate) fn origin() -> Uri {
    Uri::from_static("https://teleport.cluster.local")
}

/// An error with its causes, each once. What the other side says in it is shown as any text of a server.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = error.source();
    }
    shown::text(&text)
}

/// Teleport's servers take more frequent pings for an attack (`lib/auth/grpcserver.go`).
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(60);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(180);

#[cfg(test)]
mod tests;
