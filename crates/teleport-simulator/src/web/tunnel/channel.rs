//! A channel of a tunnel (RFC 4254 section 5): what comes out of it goes to a server, and what that server says goes in.
//! Each end sends no more than the window of the other allows, so that what is in memory is bounded.

use std::sync::Arc;

use ssh_encoding::Encode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf},
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use crate::ssh::{SshError, message};

/// A channel that a client has opened.
pub(super) struct Channel {
    /// The number by which the client knows it.
    theirs: u32,
    /// Whether it has not been closed from here.
    pub(super) is_open: bool,
    /// How many bytes the client takes.
    window: Arc<Semaphore>,
    /// Most bytes that are sent at once.
    chunk: usize,
    /// How many bytes the client may send.
    allowed: u32,
    /// Bytes that the server has got, and that the client may not send again yet.
    passed: u32,
    /// Leads to the server. `None` when it does not yet, or when the client has sent everything.
    input: Option<mpsc::UnboundedSender<Vec<u8>>>,
    is_connected: bool,
}

/// What happens in the channel with this number.
pub(super) enum Event {
    /// The server has sent bytes.
    Sent(u32, Vec<u8>),
    /// The server has got as many bytes of the client.
    Passed(u32, u32),
    /// The server has ended the connection.
    Ended(u32),
}

impl Channel {
    pub(super) fn new(theirs: u32, window: u32, max_packet: u32) -> Self {
        Self {
            theirs,
            is_open: true,
            window: Arc::new(Semaphore::new(size(window).min(Semaphore::MAX_PERMITS))),
            // A chunk must fit into the window, which no client has to open wider than at first.
            chunk: size(window.min(max_packet)).min(CHUNK_BYTES),
            allowed: WINDOW,
            passed: 0,
            input: None,
            is_connected: false,
        }
    }

    /// The start of a message about this channel.
    pub(super) fn about(&self, number: u8) -> Result<Vec<u8>, SshError> {
        let mut message = vec![number];
        self.theirs.encode(&mut message)?;
        Ok(message)
    }

    /// A message with a text for people. `None` when the client takes nothing.
    pub(super) fn error(&self, text: &str) -> Result<Option<Vec<u8>>, SshError> {
        let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let Ok(taken) = self.window.try_acquire_many(size) else {
            return Ok(None);
        };
        taken.forget();
        let mut data = self.about(message::CHANNEL_EXTENDED_DATA)?;
        STDERR.encode(&mut data)?;
        text.encode(&mut data)?;
        Ok(Some(data))
    }

    /// Whether it leads to a server, or has done so.
    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Connects it with a server. The answer is the server's end of the connection; `tasks` carry what goes through.
    pub(super) fn connect(
        &mut self,
        ours: u32,
        events: mpsc::Sender<Event>,
        tasks: &mut JoinSet<()>,
    ) -> DuplexStream {
        let (near, far) = tokio::io::duplex(BUFFER_BYTES);
        let (output, input) = tokio::io::split(near);
        let (sender, received) = mpsc::unbounded_channel();
        self.input = Some(sender);
        self.is_connected = true;
        tasks.spawn(pass_in(ours, received, input, events.clone()));
        tasks.spawn(pass_out(
            ours,
            output,
            self.window.clone(),
            self.chunk,
            events,
        ));
        far
    }

    /// Takes bytes of the client.
    pub(super) fn receive(&mut self, bytes: Vec<u8>) -> Result<(), SshError> {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let left = self.allowed.checked_sub(size);
        self.allowed = left.ok_or(SshError::Protocol("client sends more than it may"))?;
        if let Some(input) = &self.input {
            // The server may have gone.
            let _ = input.send(bytes);
        }
        Ok(())
    }

    /// The client has sent everything.
    pub(super) fn receive_end(&mut self) {
        self.input = None;
    }

    /// The client takes more bytes.
    pub(super) fn widen(&self, bytes: u32) {
        let room = Semaphore::MAX_PERMITS - self.window.available_permits();
        self.window.add_permits(size(bytes).min(room));
    }

    /// A message with bytes of the server.
    pub(super) fn data(&self, bytes: &[u8]) -> Result<Vec<u8>, SshError> {
        let mut data = self.about(message::CHANNEL_DATA)?;
        bytes.encode(&mut data)?;
        Ok(data)
    }

    /// The server has got bytes of the client. The answer allows the client to send as many again, once they are worth a
    /// message.
    pub(super) fn passed(&mut self, bytes: u32) -> Result<Option<Vec<u8>>, SshError> {
        self.passed = self.passed.saturating_add(bytes);
        if self.passed < WINDOW / 4 {
            return Ok(None);
        }
        let passed = std::mem::take(&mut self.passed);
        self.allowed = self.allowed.saturating_add(passed);
        let mut adjust = self.about(message::CHANNEL_WINDOW_ADJUST)?;
        passed.encode(&mut adjust)?;
        Ok(Some(adjust))
    }

    /// Ends it on this side.
    pub(super) fn end(&mut self) {
        self.is_open = false;
        self.input = None;
        self.window.close();
    }
}

impl Drop for Channel {
    /// Ends what waits for the window.
    fn drop(&mut self) {
        self.window.close();
    }
}

fn size(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// From the client to the server. What is not passed on yet is not allowed again, which bounds the queue.
async fn pass_in(
    ours: u32,
    mut received: mpsc::UnboundedReceiver<Vec<u8>>,
    mut input: WriteHalf<DuplexStream>,
    events: mpsc::Sender<Event>,
) {
    while let Some(bytes) = received.recv().await {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if input.write_all(&bytes).await.is_err()
            || events.send(Event::Passed(ours, size)).await.is_err()
        {
            return;
        }
    }
    // The server may have gone.
    let _ = input.shutdown().await;
}

/// From the server to the client.
async fn pass_out(
    ours: u32,
    mut output: ReadHalf<DuplexStream>,
    window: Arc<Semaphore>,
    chunk: usize,
    events: mpsc::Sender<Event>,
) {
    let mut buffer = vec![0; chunk];
    while let Ok(size @ 1..) = output.read(&mut buffer).await {
        let Ok(permits) = window
            .acquire_many(u32::try_from(size).unwrap_or(u32::MAX))
            .await
        else {
            return;
        };
        permits.forget();
        let bytes = buffer.get(..size).unwrap_or_default().to_vec();
        if events.send(Event::Sent(ours, bytes)).await.is_err() {
            return;
        }
    }
    // The tunnel may have gone.
    let _ = events.send(Event::Ended(ours)).await;
}

/// How many bytes a client may send before the server has got them.
pub(super) const WINDOW: u32 = 1024 * 1024;
const CHUNK_BYTES: usize = 32 * 1024;
const BUFFER_BYTES: usize = 64 * 1024;
/// The only kind of extended data (RFC 4254 section 5.2).
const STDERR: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_send_a_window_and_as_much_as_the_server_has_got() {
        let mut channel = Channel::new(1, 0, 0);
        let quarter = vec![0; size(WINDOW / 4)];
        for _ in 0..4 {
            channel.receive(quarter.clone()).unwrap();
        }
        assert!(channel.receive(vec![0]).is_err());
        assert_eq!(channel.passed(WINDOW / 4 - 1).unwrap(), None);
        let adjust = channel.passed(1).unwrap().unwrap();
        assert_eq!(adjust, [93, 0, 0, 0, 1, 0, 4, 0, 0]);
        channel.receive(quarter).unwrap();
        assert!(channel.receive(vec![0]).is_err());
    }

    #[test]
    fn the_window_of_a_client_has_a_bound() {
        let channel = Channel::new(1, u32::MAX, u32::MAX);
        for _ in 0..3 {
            channel.widen(u32::MAX);
        }
        assert!(channel.window.available_permits() <= Semaphore::MAX_PERMITS);
        assert_eq!(channel.chunk, CHUNK_BYTES);
        assert_eq!(Channel::new(1, 2_000, u32::MAX).chunk, 2_000);
    }
}
