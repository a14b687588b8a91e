//! A client of its own that reaches an auth server through SSH, as Teleport's own tools do: TLS, SSH, TLS, HTTP/2.

use std::{io, path::Path, sync::Arc};

use aws_lc_rs::{
    agreement::{EphemeralPrivateKey, X25519},
    rand::SystemRandom,
};
use hyper_util::rt::TokioIo;
use rcgen::KeyPair;
use ssh_encoding::{Decode, Encode};
use ssh_key::{
    Certificate, KnownHosts, PublicKey, Signature, certificate::CertType, known_hosts::Marker,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint};

use super::{
    children::web_roots,
    dial::{self, anonymous, tls},
    *,
};
use crate::ssh::{
    certificates::check_signature,
    exchange::{Exchanged, VERSION, agree, cipher, offer},
    field, fields, keys, message,
    packets::Packets,
};

/// What a client logs in with, and whom it trusts.
pub(super) struct Login {
    pub(super) key: KeyPair,
    /// In wire form.
    pub(super) certificate: Vec<u8>,
    /// Lines of a `known_hosts` file.
    pub(super) known_hosts: String,
    pub(super) name: String,
}

/// An end of a connection that has not logged in yet.
pub(super) struct Stranger {
    pub(super) packets: Packets<TlsStream<TcpStream>>,
    session: Vec<u8>,
}

/// A channel that leads to an auth server. Dropping it ends the connection.
pub(super) struct Transport {
    packets: Packets<TlsStream<TcpStream>>,
    /// How many bytes the server takes.
    window: usize,
}

impl Login {
    /// From an identity file, and nothing else.
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap();
        let certificate = Certificate::from_openssh(line("ecdsa-sha2-nistp256-cert")).unwrap();
        let key = text.split_inclusive("-----END PRIVATE KEY-----").next();
        Self {
            key: KeyPair::from_pem(key.unwrap()).unwrap(),
            name: certificate.valid_principals()[0].clone(),
            certificate: certificate.to_bytes().unwrap(),
            known_hosts: line("@cert-authority").to_owned(),
        }
    }

    /// Verifies the certificate of the host `name`, as OpenSSH does. The answer is the key of the host.
    fn host_key(&self, blob: &[u8], name: &str) -> PublicKey {
        let certificate = Certificate::from_bytes(blob).unwrap();
        assert_eq!(certificate.cert_type(), CertType::Host);
        let principals = certificate.valid_principals();
        assert!(principals.iter().any(|host| host == name), "{principals:?}");
        let known = KnownHosts::new(&self.known_hosts);
        let trusted = known.map(Result::unwrap).any(|known| {
            let authority = known.public_key().to_bytes().unwrap();
            known.marker() == Some(&Marker::CertAuthority)
                && check_signature(&certificate, blob, &authority).is_ok()
        });
        assert!(trusted, "the host must be of a known authority");
        certificate.public_key().clone().into()
    }
}

impl Stranger {
    /// Connects with the proxy `host`, and verifies with `login` that it is the one.
    pub(super) async fn connect(
        simulator: &Simulator,
        host: &str,
        login: &Login,
    ) -> io::Result<Self> {
        let alpn = ["teleport-reversetunnelv2", "teleport-reversetunnel"].map(str::to_owned);
        let config = anonymous(&web_roots(simulator));
        let stream = tls(simulator.addresses.proxy, host, config, &alpn).await?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn[1].as_bytes()));
        let mut packets = Packets::new(stream);
        packets.write_line(CLIENT).await.unwrap();
        assert_eq!(packets.read_line().await.unwrap(), VERSION);
        let mut stranger = Self {
            packets,
            session: Vec::new(),
        };
        stranger.session = stranger.exchange(host, login).await;
        let extensions = stranger.packets.read().await.unwrap();
        let mut rest = fields(&extensions, message::EXT_INFO).unwrap();
        assert_eq!(field::<u32>(&mut rest).unwrap(), 1);
        assert_eq!(field::<String>(&mut rest).unwrap(), "server-sig-algs");
        Ok(stranger)
    }

    /// Exchanges keys. The answer is the hash.
    async fn exchange(&mut self, host: &str, login: &Login) -> Vec<u8> {
        let own = offer("curve25519-sha256,ext-info-c").unwrap();
        self.packets.write(&own).await.unwrap();
        let theirs = self.packets.read().await.unwrap();
        let key = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).unwrap();
        let point = key.compute_public_key().unwrap();
        let mut init = vec![message::KEX_ECDH_INIT];
        point.as_ref().encode(&mut init).unwrap();
        self.packets.write(&init).await.unwrap();

        let reply = self.packets.read().await.unwrap();
        let mut rest = fields(&reply, message::KEX_ECDH_REPLY).unwrap();
        let [certificate, their_point, signature]: [Vec<u8>; 3] =
            std::array::from_fn(|_| field(&mut rest).unwrap());
        let secret = agree(key, &X25519, &their_point).unwrap();
        let exchanged = Exchanged {
            versions: [CLIENT, VERSION],
            offers: [&own, &theirs],
            host: &certificate,
            points: [point.as_ref(), &their_point],
        };
        let hash = exchanged.hash(&secret).unwrap();
        let host_key = login.host_key(&certificate, host);
        let signature = Signature::decode(&mut &signature[..]).unwrap();
        assert!(keys::verify(host_key.key_data(), &signature, &hash));

        let session = match self.session.is_empty() {
            true => &hash,
            false => &self.session,
        };
        let cipher = |letters| cipher(&secret, &hash, session, letters).unwrap();
        let (sealing, opening) = (cipher(*b"AC"), cipher(*b"BD"));
        self.packets.write(&[message::NEWKEYS]).await.unwrap();
        self.packets.seal_with(sealing);
        let new_keys = self.packets.read().await.unwrap();
        assert_eq!(new_keys, [message::NEWKEYS]);
        self.packets.open_with(opening);
        hash
    }

    /// Logs in. False when it is refused.
    pub(super) async fn log_in(&mut self, login: &Login) -> bool {
        let mut service = vec![message::SERVICE_REQUEST];
        "ssh-userauth".encode(&mut service).unwrap();
        self.packets.write(&service).await.unwrap();
        fields(&self.packets.read().await.unwrap(), message::SERVICE_ACCEPT).unwrap();
        self.try_to_log_in(login).await
    }

    /// One try: asks whether the certificate would do, and shows it with a signature.
    pub(super) async fn try_to_log_in(&mut self, login: &Login) -> bool {
        let request = |is_signed: u8| {
            let mut request = vec![message::USERAUTH_REQUEST];
            for text in [login.name.as_str(), "ssh-connection", "publickey"] {
                text.encode(&mut request).unwrap();
            }
            request.push(is_signed);
            let kind = String::decode(&mut &login.certificate[..]).unwrap();
            kind.encode(&mut request).unwrap();
            login.certificate.encode(&mut request).unwrap();
            request
        };
        self.packets.write(&request(0)).await.unwrap();
        let answer = self.packets.read().await.unwrap();
        let would_do = answer[0] == message::USERAUTH_PK_OK;

        let mut request = request(1);
        let mut signed = Vec::new();
        self.session.encode(&mut signed).unwrap();
        signed.extend_from_slice(&request);
        let signature = keys::sign(&login.key, &signed).unwrap();
        signature.encode(&mut request).unwrap();
        self.packets.write(&request).await.unwrap();
        let answer = self.packets.read().await.unwrap();
        let logged_in = answer == [message::USERAUTH_SUCCESS];
        assert!(
            would_do || !logged_in,
            "a certificate that would not do must not do"
        );
        logged_in
    }

    /// Opens a channel. The answer is its number at the server and what the server takes, or the text of a refusal.
    pub(super) async fn open(&mut self, kind: &str) -> Result<(u32, u32), String> {
        let mut open = vec![message::CHANNEL_OPEN];
        kind.encode(&mut open).unwrap();
        for number in [OURS, WINDOW, 1 << 15] {
            number.encode(&mut open).unwrap();
        }
        self.packets.write(&open).await.unwrap();
        let answer = self.packets.read().await.unwrap();
        let mut rest = &answer[1..];
        assert_eq!(field::<u32>(&mut rest).unwrap(), OURS);
        let number = field::<u32>(&mut rest).unwrap();
        match answer[0] {
            message::CHANNEL_OPEN_CONFIRMATION => Ok((number, field(&mut rest).unwrap())),
            message::CHANNEL_OPEN_FAILURE => Err(field(&mut rest).unwrap()),
            other => panic!("{other}"),
        }
    }

    /// Opens a channel and says where it is to lead. The answer to a refusal is its text.
    pub(super) async fn dial(mut self, request: &str, address: &str) -> Result<Transport, String> {
        let (theirs, window) = self.open("teleport-transport").await?;
        let mut dial = about(message::CHANNEL_REQUEST, theirs);
        request.encode(&mut dial).unwrap();
        dial.push(1); // wants a reply
        dial.extend_from_slice(address.as_bytes());
        self.packets.write(&dial).await.unwrap();
        let mut text = String::new();
        loop {
            let answer = self.packets.read().await.unwrap();
            let mut rest = &answer[5..];
            match answer[0] {
                message::CHANNEL_SUCCESS => break,
                message::CHANNEL_EXTENDED_DATA => {
                    assert_eq!(field::<u32>(&mut rest).unwrap(), 1);
                    text = field(&mut rest).unwrap();
                }
                message::CHANNEL_FAILURE | message::CHANNEL_EOF => {}
                message::CHANNEL_CLOSE => return Err(text),
                other => panic!("{other}"),
            }
        }
        assert_eq!(theirs, 0);
        Ok(Transport {
            packets: self.packets,
            window: usize::try_from(window).unwrap(),
        })
    }

    /// Has new keys made.
    pub(super) async fn renew_keys(&mut self, host: &str, login: &Login) {
        self.exchange(host, login).await;
    }
}

impl Transport {
    /// What is written to the answer goes through the channel, and what comes out of it can be read from there.
    fn stream(self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 16);
        tokio::spawn(self.pass(far));
        near
    }

    async fn pass(mut self, mut far: DuplexStream) {
        let mut buffer = vec![0; 1 << 15];
        loop {
            let room = self.window.min(buffer.len());
            tokio::select! {
                read = far.read(&mut buffer[..room]), if room > 0 => {
                    let Ok(size @ 1..) = read else {
                        return;
                    };
                    self.window -= size;
                    let mut data = about(message::CHANNEL_DATA, 0);
                    buffer[..size].encode(&mut data).unwrap();
                    self.packets.write(&data).await.unwrap();
                }
                payload = self.packets.read() => {
                    let Ok(payload) = payload else {
                        return;
                    };
                    let mut rest = &payload[5..];
                    match payload[0] {
                        message::CHANNEL_DATA => {
                            let data: Vec<u8> = field(&mut rest).unwrap();
                            let size = u32::try_from(data.len()).unwrap();
                            far.write_all(&data).await.unwrap();
                            let mut adjust = about(message::CHANNEL_WINDOW_ADJUST, 0);
                            size.encode(&mut adjust).unwrap();
                            self.packets.write(&adjust).await.unwrap();
                        }
                        message::CHANNEL_WINDOW_ADJUST => {
                            self.window += usize::try_from(field::<u32>(&mut rest).unwrap()).unwrap();
                        }
                        message::CHANNEL_EOF => {}
                        message::CHANNEL_CLOSE => return,
                        other => panic!("{other}"),
                    }
                }
            }
        }
    }

    /// Calls of `identity` through the channel.
    pub(super) async fn calls(self, identity: &dial::Identity) -> Channel {
        let mut config = identity.config();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = "teleport.cluster.local".try_into().unwrap();
        let tls = TlsConnector::from(Arc::new(config));
        let stream = tls.connect(name, self.stream()).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut stream = Some(TokioIo::new(stream));
        let connector = tower::service_fn(move |_| {
            let stream = stream.take();
            async { stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)) }
        });
        Endpoint::from_static("https://teleport.cluster.local")
            .connect_with_connector(connector)
            .await
            .unwrap()
    }
}

fn about(number: u8, theirs: u32) -> Vec<u8> {
    let mut message = vec![number];
    theirs.encode(&mut message).unwrap();
    message
}

const CLIENT: &[u8] = b"SSH-2.0-Test";
/// The number by which the client knows its channel.
const OURS: u32 = 7;
/// How many bytes the client takes at first: few, so that the server has to wait.
const WINDOW: u32 = 2_000;
