//! Accepting connections: bounded in number, and ended with their listener.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::{ServerConfig, server::Acceptor};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake, server::TlsStream};

/// What a connection consists of: TCP, or a channel within another connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// Hands connections to `serve` for as long as it is polled. Its end ends them all.
pub(crate) async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream, SocketAddr) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                // Out of file descriptors, most likely: some time must pass before it can be better.
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%address, %error, "cannot set TCP_NODELAY");
        }
        let Ok(permit) = free.clone().try_acquire_owned() else {
            tracing::warn!(%address, "connection refused, there are {MAX_CONNECTIONS} already");
            continue;
        };
        let served = serve(stream, address);
        connections.spawn(async move {
            served.await;
            drop(permit);
        });
    }
}

/// Reads a ClientHello and answers nothing yet.
pub(crate) async fn hello<S: Stream>(stream: S) -> io::Result<StartHandshake<S>> {
    let acceptor = LazyConfigAcceptor::new(Acceptor::default(), stream);
    in_time(acceptor).await
}

/// Answers a ClientHello.
pub(crate) async fn handshake<S: Stream>(
    hello: StartHandshake<S>,
    config: Arc<ServerConfig>,
) -> io::Result<TlsStream<S>> {
    in_time(hello.into_stream(config)).await
}

async fn in_time<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(STEP_TIMEOUT, step)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

const MAX_CONNECTIONS: usize = 1_024;
const STEP_TIMEOUT: Duration = Duration::from_secs(30);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn connections_end_with_their_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (opened, mut waits) = tokio::sync::mpsc::unbounded_channel();
        let accepting = tokio::spawn(accept(listener, move |stream, _| {
            let opened = opened.clone();
            async move {
                opened.send(()).unwrap();
                std::future::pending::<()>().await;
                drop(stream);
            }
        }));
        let mut stream = TcpStream::connect(address).await.unwrap();
        waits.recv().await.unwrap();
        accepting.abort();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    }
}
