//! A stream that keeps the TLS alert that the other side ended it with.
//!
//! With TLS 1.3 a server that refuses the client's certificate says so only after the client's handshake is done (RFC 8446
//! section 4.6), and then closes. What the client sends until then fails, often before it has read the alert, and the connection
//! may be closed before the client asks for the reason.

use std::{
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use rustls::{AlertDescription, Error};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The alert that a stream ended with. Empty until then. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastAlert(Arc<OnceLock<AlertDescription>>);

impl LastAlert {
    /// The alert, if there has been one.
    pub(crate) fn received(&self) -> Option<AlertDescription> {
        self.0.get().copied()
    }

    fn note(&self, error: &io::Error) {
        let error = error.get_ref().and_then(|error| error.downcast_ref());
        if let Some(Error::AlertReceived(alert)) = error {
            self.0.get_or_init(|| *alert);
        }
    }
}

/// A TLS stream whose last alert is kept.
pub(crate) struct AlertStream<S> {
    stream: S,
    alert: LastAlert,
    /// A write failed with it, and what the other side sent before is being read.
    broken: Option<io::Error>,
}

impl<S> AlertStream<S> {
    pub(crate) fn new(stream: S, alert: LastAlert) -> Self {
        Self {
            stream,
            alert,
            broken: None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AlertStream<S> {
    /// Writes. A write that finds the connection closed fails only after all that came before has been read.
    fn poll_attempt<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.broken.is_none() {
            match ready!(write(Pin::new(&mut self.stream), cx)) {
                Err(error) if is_end(&error) => self.broken = Some(error),
                result => return Poll::Ready(result),
            }
        }
        ready!(self.poll_rest(cx));
        let error = self.broken.take();
        Poll::Ready(Err(error.unwrap_or_else(|| ErrorKind::BrokenPipe.into())))
    }

    /// Reads to the end. There is little left: the other side has closed the connection.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 1024];
        loop {
            let mut rest = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut *self).poll_read(cx, &mut rest)) {
                Ok(()) if !rest.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for AlertStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        if let Err(error) = &result {
            self.alert.note(error);
        }
        Poll::Ready(result)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for AlertStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_attempt(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_attempt(cx, |stream, cx| stream.poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_attempt(cx, |stream, cx| stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Whether it means that the other side has closed the connection.
fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
    )
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Fails every write, and has these reads; then it never answers.
    struct Closed {
        write: ErrorKind,
        reads: VecDeque<Poll<io::Result<&'static [u8]>>>,
    }

    impl AsyncRead for Closed {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let read = self.reads.pop_front();
            if matches!(read, Some(Poll::Pending)) {
                cx.waker().wake_by_ref();
            }
            let bytes = ready!(read.unwrap_or(Poll::Pending))?;
            buffer.put_slice(bytes);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Closed {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(self.write.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(self.write.into()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn unknown_ca() -> Poll<io::Result<&'static [u8]>> {
        let alert = Error::AlertReceived(AlertDescription::UnknownCA);
        Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, alert)))
    }

    fn closed(
        write: ErrorKind,
        reads: impl IntoIterator<Item = Poll<io::Result<&'static [u8]>>>,
    ) -> (AlertStream<Closed>, LastAlert) {
        let reads = reads.into_iter().collect();
        let alert = LastAlert::default();
        (
            AlertStream::new(Closed { write, reads }, alert.clone()),
            alert,
        )
    }

    #[tokio::test]
    async fn a_write_fails_after_the_alert_that_came_before_was_read() {
        for kind in [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset] {
            let came: &[u8] = b"settings";
            let reads = || [Poll::Pending, Poll::Ready(Ok(came)), unknown_ca()];
            let (mut stream, alert) = closed(kind, reads());
            assert_eq!(stream.write(b"x").await.unwrap_err().kind(), kind);
            assert_eq!(alert.received(), Some(AlertDescription::UnknownCA));

            let (mut stream, alert) = closed(kind, reads());
            assert_eq!(stream.flush().await.unwrap_err().kind(), kind);
            assert_eq!(alert.received(), Some(AlertDescription::UnknownCA));
        }
    }

    #[tokio::test]
    async fn an_end_without_an_alert_is_only_an_end() {
        let (mut stream, alert) = closed(ErrorKind::BrokenPipe, [Poll::Ready(Ok(&[][..]))]);
        let error = stream.write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(alert.received(), None);
    }

    #[tokio::test]
    async fn a_write_that_fails_otherwise_waits_for_nothing() {
        let (mut stream, alert) = closed(ErrorKind::InvalidData, []);
        let error = stream.write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(alert.received(), None);
    }

    #[tokio::test]
    async fn an_alert_that_is_read_is_kept() {
        let (mut stream, alert) = closed(ErrorKind::BrokenPipe, [unknown_ca()]);
        assert!(stream.read_u8().await.is_err());
        assert_eq!(alert.received(), Some(AlertDescription::UnknownCA));
    }
}
