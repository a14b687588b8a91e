//! Packets (RFC 4253 section 6), in the clear until keys are agreed upon, and from then on with AES-256-GCM (RFC 5647
//! section 7, and `PROTOCOL` of OpenSSH, section 1.6).

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    rand,
};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::SshError;

/// A stream as packets.
pub(crate) struct Packets<S> {
    stream: S,
    unread: BytesMut,
    opening: Option<Cipher>,
    sealing: Option<Cipher>,
    count: u32,
}

/// Encrypts the packets of one direction.
pub(crate) struct Cipher {
    key: LessSafeKey,
    fixed: [u8; 4],
    counter: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Packets<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            unread: BytesMut::new(),
            opening: None,
            sealing: None,
            count: 0,
        }
    }

    /// How many packets have been read.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Decrypts what is read from now on.
    pub(crate) fn open_with(&mut self, cipher: Cipher) {
        self.opening = Some(cipher);
    }

    /// Encrypts what is written from now on.
    pub(crate) fn seal_with(&mut self, cipher: Cipher) {
        self.sealing = Some(cipher);
    }

    /// Reads a line, without its end, ahead of the first packet.
    pub(crate) async fn read_line(&mut self) -> Result<Vec<u8>, SshError> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line = self.unread.split_to(end + 1);
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                return Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec());
            }
            if self.unread.len() > MAX_LINE_BYTES {
                return Err(SshError::Protocol("no line with a version"));
            }
            self.fill().await?;
        }
    }

    /// Writes a line ahead of the first packet.
    pub(crate) async fn write_line(&mut self, line: &[u8]) -> Result<(), SshError> {
        self.stream.write_all(&[line, b"\r\n"].concat()).await?;
        Ok(self.stream.flush().await?)
    }

    /// Reads the payload of a packet, which has one byte or more. When it is dropped before it ends, nothing is lost.
    pub(crate) async fn read(&mut self) -> Result<Vec<u8>, SshError> {
        loop {
            if let Some(payload) = self.take()? {
                self.count = self.count.wrapping_add(1);
                return Ok(payload);
            }
            self.fill().await?;
        }
    }

    /// Writes a packet.
    pub(crate) async fn write(&mut self, payload: &[u8]) -> Result<(), SshError> {
        // Without encryption the length counts as well.
        let (block, head) = match self.sealing {
            Some(_) => (16, 1),
            None => (8, 5),
        };
        let mut padding = block - (head + payload.len()) % block;
        if padding < MIN_PADDING {
            padding += block;
        }
        let long = |_| SshError::Protocol("packet is too long");
        let length = u32::try_from(1 + payload.len() + padding).map_err(long)?;
        let length = length.to_be_bytes();
        let mut body = vec![u8::try_from(padding).unwrap_or(u8::MAX)];
        body.extend_from_slice(payload);
        let end = body.len();
        body.resize(end + padding, 0);
        rand::fill(body.get_mut(end..).unwrap_or_default())?;
        if let Some(cipher) = &mut self.sealing {
            cipher.seal(length, &mut body)?;
        }
        self.stream
            .write_all(&[&length[..], &body].concat())
            .await?;
        Ok(self.stream.flush().await?)
    }

    async fn fill(&mut self) -> Result<(), SshError> {
        match self.stream.read_buf(&mut self.unread).await? {
            0 => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
            _ => Ok(()),
        }
    }

    /// The payload of the next packet. `None` when it has not arrived whole.
    fn take(&mut self) -> Result<Option<Vec<u8>>, SshError> {
        let malformed = || SshError::Protocol("malformed packet");
        let Some(&length) = self.unread.first_chunk::<4>() else {
            return Ok(None);
        };
        let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if size > MAX_PACKET_BYTES {
            return Err(malformed());
        }
        let size = size + self.opening.as_ref().map_or(0, |_| AES_256_GCM.tag_len());
        if self.unread.len() < length.len() + size {
            return Ok(None);
        }
        self.unread.advance(length.len());
        let mut body = self.unread.split_to(size);
        let body = match &mut self.opening {
            Some(cipher) => cipher.open(length, &mut body)?,
            None => &body[..],
        };
        let (padding, rest) = body.split_first().ok_or_else(malformed)?;
        let end = rest.len().checked_sub(usize::from(*padding));
        let payload = end.and_then(|end| rest.get(..end));
        let payload = payload.filter(|payload| !payload.is_empty());
        Ok(Some(payload.ok_or_else(malformed)?.to_vec()))
    }
}

impl Cipher {
    /// Encrypts with 32 bytes of `key`, and a nonce that starts as `iv`.
    pub(crate) fn new(key: &[u8], iv: [u8; NONCE_LEN]) -> Result<Self, SshError> {
        let [a, b, c, d, counter @ ..] = iv;
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?),
            fixed: [a, b, c, d],
            counter: u64::from_be_bytes(counter),
        })
    }

    /// Encrypts in place. The tag comes behind; the length of a packet is not encrypted, but protected.
    fn seal(&mut self, length: [u8; 4], body: &mut Vec<u8>) -> Result<(), Unspecified> {
        let nonce = self.nonce();
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(length), body)
    }

    fn open<'a>(&mut self, length: [u8; 4], body: &'a mut [u8]) -> Result<&'a [u8], Unspecified> {
        let nonce = self.nonce();
        let opened = self.key.open_in_place(nonce, Aad::from(length), body)?;
        Ok(opened)
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        let (fixed, counter) = nonce.split_at_mut(self.fixed.len());
        fixed.copy_from_slice(&self.fixed);
        counter.copy_from_slice(&self.counter.to_be_bytes());
        self.counter = self.counter.wrapping_add(1);
        Nonce::assume_unique_for_key(nonce)
    }
}

const MIN_PADDING: usize = 4;
/// Go sends at most 32 KiB of data in a packet, and a certificate can have many roles.
const MAX_PACKET_BYTES: usize = 256 * 1024;
const MAX_LINE_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher() -> Cipher {
        // The counter wraps, as it may.
        Cipher::new(&[7; 32], [0xff; NONCE_LEN]).unwrap()
    }

    fn pair() -> (
        Packets<tokio::io::DuplexStream>,
        Packets<tokio::io::DuplexStream>,
    ) {
        let (near, far) = tokio::io::duplex(1 << 20);
        (Packets::new(near), Packets::new(far))
    }

    #[tokio::test]
    async fn packets_of_every_size_arrive_in_the_clear_and_encrypted() {
        let (mut near, mut far) = pair();
        for encrypted in [false, true] {
            if encrypted {
                near.seal_with(cipher());
                far.open_with(cipher());
            }
            for size in 1..70 {
                near.write(&vec![9; size]).await.unwrap();
                assert_eq!(far.read().await.unwrap(), vec![9; size]);
            }
        }
        assert_eq!(far.count(), 138);
    }

    #[tokio::test]
    async fn a_read_that_is_dropped_loses_nothing() {
        let (mut near, mut far) = pair();
        near.stream.write_all(&[0, 0, 0, 12, 10, 5]).await.unwrap();
        let soon = std::time::Duration::from_millis(5);
        assert!(tokio::time::timeout(soon, far.read()).await.is_err());
        near.stream.write_all(&[0; 10]).await.unwrap();
        assert_eq!(far.read().await.unwrap(), [5]);
    }

    #[tokio::test]
    async fn malformed_packets_end_the_connection() {
        for bytes in [
            &[0xff, 0xff, 0xff, 0xff][..],
            &[0, 0, 0, 0],
            &[0, 0, 0, 2, 9, 9],
            &[0, 0, 0, 2, 1, 9],
        ] {
            let (mut near, mut far) = pair();
            near.stream.write_all(bytes).await.unwrap();
            let error = far.read().await.unwrap_err();
            assert_eq!(error.to_string(), "malformed packet", "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn a_packet_that_was_changed_on_the_way_is_refused() {
        let (mut near, mut far) = pair();
        near.seal_with(cipher());
        near.write(b"message").await.unwrap();
        let mut bytes = vec![0; 36];
        far.stream.read_exact(&mut bytes).await.unwrap();
        bytes[10] ^= 1;
        let (mut near, mut far) = pair();
        far.open_with(cipher());
        near.stream.write_all(&bytes).await.unwrap();
        let error = far.read().await.unwrap_err();
        assert_eq!(error.to_string(), "encryption failed");
    }

    #[tokio::test]
    async fn a_line_may_end_in_two_ways_and_has_an_end() {
        let (mut near, mut far) = pair();
        near.write_line(b"one").await.unwrap();
        near.stream.write_all(b"two\n").await.unwrap();
        assert_eq!(far.read_line().await.unwrap(), b"one");
        assert_eq!(far.read_line().await.unwrap(), b"two");
        near.stream.write_all(&[b'x'; 300]).await.unwrap();
        assert!(far.read_line().await.is_err());
    }
}
