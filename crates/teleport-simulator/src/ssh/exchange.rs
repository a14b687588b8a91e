//! Versions, algorithms and keys (RFC 4253 sections 4, 7 and 8, RFC 5656 section 4, RFC 8731, RFC 8308).

use std::sync::Arc;

use aws_lc_rs::{
    aead::NONCE_LEN,
    agreement::{
        Algorithm, ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral,
    },
    digest::{SHA256, digest},
    error::Unspecified,
    rand::{self, SystemRandom},
};
use rcgen::{KeyPair, SigningKey};
use ssh_encoding::{Decode, Encode};
use ssh_key::{Mpint, certificate::CertType};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    SshError,
    certificates::{self, Claims},
    field, fields, keys, message,
    packets::{Cipher, Packets},
};

/// What a server shows of itself.
pub(crate) struct Host {
    key: KeyPair,
    certificate: Vec<u8>,
}

/// A server's end of a connection whose packets are encrypted.
pub(crate) struct Connection<S> {
    pub(crate) packets: Packets<S>,
    host: Arc<Host>,
    client: Vec<u8>,
    session: Vec<u8>,
}

/// What both ends have sent before they agree upon keys, as it goes into the hash.
pub(crate) struct Exchanged<'a> {
    pub(crate) versions: [&'a [u8]; 2],
    pub(crate) offers: [&'a [u8]; 2],
    pub(crate) host: &'a [u8],
    pub(crate) points: [&'a [u8]; 2],
}

/// The algorithms that a client offers, in the order in which it wants them.
struct Offers {
    exchanges: Vec<String>,
    host_keys: Vec<String>,
    ciphers: [Vec<String>; 2],
    guesses: bool,
}

impl Host {
    /// A host with these names, whose certificate the key `authority` has signed.
    pub(crate) fn new(
        names: &[&str],
        authority: &impl SigningKey,
        seconds: (u64, u64),
    ) -> Result<Self, SshError> {
        let key = KeyPair::generate()?;
        let claims = Claims {
            of: CertType::Host,
            id: names.first().copied().unwrap_or_default(),
            principals: names,
            roles: &[],
            seconds,
        };
        let certificate = certificates::sign(&claims, &keys::public(&key), authority)?;
        let certificate = certificate.ok_or(SshError::Protocol("key of the host is unknown"))?;
        Ok(Self { key, certificate })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Exchanges versions and keys with a client.
    pub(crate) async fn accept(stream: S, host: Arc<Host>) -> Result<Self, SshError> {
        let mut packets = Packets::new(stream);
        packets.write_line(VERSION).await?;
        let client = packets.read_line().await?;
        if !client.starts_with(b"SSH-2.0-") {
            return Err(SshError::Protocol("client does not speak SSH 2.0"));
        }
        let offer = packets.read().await?;
        let mut connection = Self {
            packets,
            host,
            client,
            session: Vec::new(),
        };
        connection.exchange(&offer).await?;
        Ok(connection)
    }

    /// Reads a message that is about more than the connection itself.
    pub(crate) async fn read(&mut self) -> Result<Vec<u8>, SshError> {
        loop {
            let payload = self.packets.read().await?;
            if let Some(payload) = self.sift(payload).await? {
                return Ok(payload);
            }
        }
    }

    /// Keeps a message for the caller, unless it is about the connection itself.
    pub(crate) async fn sift(&mut self, payload: Vec<u8>) -> Result<Option<Vec<u8>>, SshError> {
        match payload.first() {
            Some(&(message::IGNORE | message::DEBUG | message::UNIMPLEMENTED)) => Ok(None),
            Some(&message::DISCONNECT) => Err(SshError::Protocol("client has disconnected")),
            Some(&message::KEXINIT) => {
                self.exchange(&payload).await?;
                Ok(None)
            }
            _ => Ok(Some(payload)),
        }
    }

    /// What signatures in this connection are bound to.
    pub(crate) fn session(&self) -> &[u8] {
        &self.session
    }

    /// Agrees upon new keys with a client that has sent its `offer`.
    async fn exchange(&mut self, offer: &[u8]) -> Result<(), SshError> {
        let offers = Offers::decode(offer)?;
        let answer = own_offer()?;
        self.packets.write(&answer).await?;
        let algorithm = offers.choose()?;
        if offers.guesses && !offers.guesses_right() {
            self.packets.read().await?;
        }
        let request = self.packets.read().await?;
        let point: Vec<u8> = field(&mut fields(&request, message::KEX_ECDH_INIT)?)?;

        let key = EphemeralPrivateKey::generate(algorithm, &SystemRandom::new())?;
        let own_point = key.compute_public_key()?;
        let own_point: &[u8] = own_point.as_ref();
        let secret = agree(key, algorithm, &point)?;
        let exchanged = Exchanged {
            versions: [&self.client, VERSION],
            offers: [offer, &answer],
            host: &self.host.certificate,
            points: [&point, own_point],
        };
        let hash = exchanged.hash(&secret)?;
        let mut reply = vec![message::KEX_ECDH_REPLY];
        self.host.certificate.encode(&mut reply)?;
        own_point.encode(&mut reply)?;
        keys::sign(&self.host.key, &hash)?.encode(&mut reply)?;
        self.packets.write(&reply).await?;

        self.packets.write(&[message::NEWKEYS]).await?;
        let is_first = self.session.is_empty();
        if is_first {
            self.session.clone_from(&hash);
        }
        let cipher = |letters| cipher(&secret, &hash, &self.session, letters);
        let (sealing, opening) = (cipher(*b"BD")?, cipher(*b"AC")?);
        self.packets.seal_with(sealing);
        if is_first && offers.exchanges.iter().any(|name| name == "ext-info-c") {
            self.packets.write(&extensions()?).await?;
        }
        fields(&self.packets.read().await?, message::NEWKEYS)?;
        self.packets.open_with(opening);
        Ok(())
    }
}

impl Exchanged<'_> {
    /// The hash that the host signs. `secret` is an [`agree`]d one.
    pub(crate) fn hash(&self, secret: &[u8]) -> Result<Vec<u8>, SshError> {
        let mut hashed = Vec::new();
        let strings = self.versions.into_iter().chain(self.offers);
        let strings = strings.chain([self.host]).chain(self.points);
        for string in strings {
            string.encode(&mut hashed)?;
        }
        hashed.extend_from_slice(secret);
        Ok(digest(&SHA256, &hashed).as_ref().to_vec())
    }
}

impl Offers {
    fn decode(offer: &[u8]) -> Result<Self, SshError> {
        let mut fields = fields(offer, message::KEXINIT)?;
        fields = fields.get(COOKIE_BYTES..).unwrap_or_default();
        let mut names = || -> Result<Vec<String>, SshError> {
            let names: String = field(&mut fields)?;
            Ok(names.split(',').map(str::to_owned).collect())
        };
        let (exchanges, host_keys, ciphers) = (names()?, names()?, [names()?, names()?]);
        for _ in 0..6 {
            names()?; // MACs, compression and languages
        }
        Ok(Self {
            exchanges,
            host_keys,
            ciphers,
            guesses: u8::decode(&mut fields)? != 0,
        })
    }

    /// The algorithm for keys. Of the others there is one each.
    fn choose(&self) -> Result<&'static Algorithm, SshError> {
        let offered = |names: &[String], name| names.iter().any(|offered| offered == name);
        if !offered(&self.host_keys, HOST_KEY) {
            let text = "client takes no host certificates on P-256";
            return Err(SshError::Protocol(text));
        }
        if self.ciphers.iter().any(|names| !offered(names, CIPHER)) {
            return Err(SshError::Protocol("client does not have AES-256-GCM"));
        }
        let known = |name: &String| EXCHANGES.iter().find(|(known, _)| known == name);
        let (_, algorithm) = self.exchanges.iter().find_map(known).ok_or({
            let text = "client has neither curve25519-sha256 nor ecdh-sha2-nistp256";
            SshError::Protocol(text)
        })?;
        Ok(algorithm)
    }

    /// Whether a first packet that the client sent on a guess can be used (RFC 4253 section 7).
    fn guesses_right(&self) -> bool {
        let first = |names: &[String], name| names.first().is_some_and(|first| first == name);
        first(&self.exchanges, EXCHANGES[0].0) && first(&self.host_keys, HOST_KEY)
    }
}

/// The secret that both keys lead to, as a number in wire form.
pub(crate) fn agree(
    key: EphemeralPrivateKey,
    algorithm: &'static Algorithm,
    point: &[u8],
) -> Result<Vec<u8>, SshError> {
    let point = UnparsedPublicKey::new(algorithm, point);
    agree_ephemeral(key, point, SshError::from(Unspecified), |secret| {
        let mut number = Vec::new();
        Mpint::from_positive_bytes(secret)?.encode(&mut number)?;
        Ok(number)
    })
}

/// The cipher of one direction, whose nonce and key are made with these letters.
pub(crate) fn cipher(
    secret: &[u8],
    hash: &[u8],
    session: &[u8],
    letters: [u8; 2],
) -> Result<Cipher, SshError> {
    let [nonce, key] = letters.map(|letter| {
        let hashed = [secret, hash, &[letter], session].concat();
        digest(&SHA256, &hashed)
    });
    let nonce: Option<&[u8; NONCE_LEN]> = nonce.as_ref().first_chunk();
    Cipher::new(key.as_ref(), *nonce.ok_or(Unspecified)?)
}

/// What the server offers.
fn own_offer() -> Result<Vec<u8>, SshError> {
    let exchanges = EXCHANGES.map(|(name, _)| name).join(",");
    offer(&exchanges)
}

/// An offer of these ways to agree upon keys, and of one algorithm each for the rest.
pub(crate) fn offer(exchanges: &str) -> Result<Vec<u8>, SshError> {
    let mut offer = vec![message::KEXINIT];
    let mut cookie = [0; COOKIE_BYTES];
    rand::fill(&mut cookie)?;
    offer.extend_from_slice(&cookie);
    let [mac, compression, language] = ["hmac-sha2-256", "none", ""];
    for names in [
        exchanges,
        HOST_KEY,
        CIPHER,
        CIPHER,
        mac,
        mac,
        compression,
        compression,
        language,
        language,
    ] {
        names.encode(&mut offer)?;
    }
    offer.push(0); // no guess
    0_u32.encode(&mut offer)?;
    Ok(offer)
}

/// Says which signatures users may make. Without it clients sign with RSA and SHA-1, which is refused.
fn extensions() -> Result<Vec<u8>, SshError> {
    let mut extensions = vec![message::EXT_INFO];
    1_u32.encode(&mut extensions)?;
    "server-sig-algs".encode(&mut extensions)?;
    SIGNATURES.encode(&mut extensions)?;
    Ok(extensions)
}

/// As of Teleport's proxies.
pub(crate) const VERSION: &[u8] = b"SSH-2.0-Teleport";
const EXCHANGES: [(&str, &Algorithm); 3] = [
    ("curve25519-sha256", &X25519),
    ("curve25519-sha256@libssh.org", &X25519),
    ("ecdh-sha2-nistp256", &ECDH_P256),
];
const HOST_KEY: &str = "ecdsa-sha2-nistp256-cert-v01@openssh.com";
const CIPHER: &str = "aes256-gcm@openssh.com";
const SIGNATURES: &str = "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-256,rsa-sha2-512";
const COOKIE_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcome of an offer in which `to` replaces `from`.
    fn chosen(exchanges: &str, from: &str, to: &str) -> Result<Offers, String> {
        let offer = offer(exchanges).unwrap();
        let (head, names) = offer.split_at(1 + COOKIE_BYTES);
        let names = String::from_utf8(names.to_vec()).unwrap();
        let offer = [head, names.replace(from, to).as_bytes()].concat();
        let offers = Offers::decode(&offer).unwrap();
        match offers.choose() {
            Ok(_) => Ok(offers),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_client_that_lacks_an_algorithm_learns_which() {
        let known = "diffie-hellman-group14-sha256,ecdh-sha2-nistp256";
        assert!(chosen(known, "", "").is_ok());
        for (exchanges, from, to, text) in [
            ("diffie-hellman-group14-sha256", "", "", "curve25519"),
            (known, "aes256-gcm", "aes256-ctr", "AES-256-GCM"),
            (known, "nistp256-cert", "nistp521-cert", "P-256"),
        ] {
            let error = chosen(exchanges, from, to).err().unwrap();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn a_damaged_offer_is_an_error() {
        let whole = offer("curve25519-sha256").unwrap();
        for end in 0..whole.len() - 4 {
            assert!(Offers::decode(&whole[..end]).is_err(), "{end}");
        }
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] = !damaged[index];
            if let Ok(offers) = Offers::decode(&damaged) {
                let _ = (offers.choose(), offers.guesses_right());
            }
        }
    }

    #[test]
    fn a_guess_is_right_when_both_ends_want_the_same_first() {
        let right = |exchanges| chosen(exchanges, "", "").unwrap().guesses_right();
        assert!(right("curve25519-sha256,ecdh-sha2-nistp256"));
        assert!(!right("ecdh-sha2-nistp256,curve25519-sha256"));
    }
}
