//! SSH, as far as Teleport's proxies speak it to clients of their API: keys, certificates, and the server's side of the
//! protocol up to the authentication of the user. What clients do then is in `web::tunnel`.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`keys`] | public keys and signatures, and the lines of an identity file |
//! | [`certificates`] | certificates of users and hosts |
//! | [`packets`] | packets, in the clear and encrypted |
//! | [`exchange`] | versions, algorithms and keys |
//! | [`authentication`] | who the user is |
//!
//! It is our own because russh, the SSH library for Rust, refuses channels of types that it does not know, such as Teleport's.
//! It has one algorithm of each sort, which Go's SSH library, with which Teleport's clients are made, and OpenSSH have as well.

pub(crate) mod authentication;
pub(crate) mod certificates;
pub(crate) mod exchange;
pub(crate) mod keys;
pub(crate) mod packets;

use std::io;

use ssh_encoding::Decode;

/// A connection that cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SshError {
    /// It broke, or has ended.
    #[error("connection ended")]
    Connection(#[from] io::Error),
    /// A field of a message is malformed.
    #[error("malformed message: {0}")]
    Encoding(ssh_encoding::Error),
    /// A key or a number is malformed.
    #[error("malformed key: {0}")]
    Key(ssh_key::Error),
    /// A packet is not what was sealed, or something cannot be signed or agreed upon.
    #[error("encryption failed")]
    Encryption(#[from] aws_lc_rs::error::Unspecified),
    /// The server cannot sign.
    #[error("cannot sign")]
    Sign(#[from] rcgen::Error),
    /// The other end breaks the protocol, or wants what there is not.
    #[error("{0}")]
    Protocol(&'static str),
}

impl From<ssh_encoding::Error> for SshError {
    fn from(error: ssh_encoding::Error) -> Self {
        Self::Encoding(error)
    }
}

impl From<ssh_key::Error> for SshError {
    fn from(error: ssh_key::Error) -> Self {
        Self::Key(error)
    }
}

/// The fields of a message that must have this number.
pub(crate) fn fields(payload: &[u8], number: u8) -> Result<&[u8], SshError> {
    match payload.split_first() {
        Some((found, fields)) if *found == number => Ok(fields),
        _ => Err(SshError::Protocol("unexpected message")),
    }
}

/// The next field of a message.
pub(crate) fn field<T>(fields: &mut &[u8]) -> Result<T, SshError>
where
    T: Decode,
    SshError: From<T::Error>,
{
    Ok(T::decode(fields)?)
}

/// Numbers of messages (RFC 4250 section 4.1, RFC 5656 section 7.1, RFC 8308 section 2.3).
pub(crate) mod message {
    pub(crate) const DISCONNECT: u8 = 1;
    pub(crate) const IGNORE: u8 = 2;
    pub(crate) const UNIMPLEMENTED: u8 = 3;
    pub(crate) const DEBUG: u8 = 4;
    pub(crate) const SERVICE_REQUEST: u8 = 5;
    pub(crate) const SERVICE_ACCEPT: u8 = 6;
    pub(crate) const EXT_INFO: u8 = 7;
    pub(crate) const KEXINIT: u8 = 20;
    pub(crate) const NEWKEYS: u8 = 21;
    pub(crate) const KEX_ECDH_INIT: u8 = 30;
    pub(crate) const KEX_ECDH_REPLY: u8 = 31;
    pub(crate) const USERAUTH_REQUEST: u8 = 50;
    pub(crate) const USERAUTH_FAILURE: u8 = 51;
    pub(crate) const USERAUTH_SUCCESS: u8 = 52;
    pub(crate) const USERAUTH_PK_OK: u8 = 60;
    pub(crate) const GLOBAL_REQUEST: u8 = 80;
    pub(crate) const REQUEST_FAILURE: u8 = 82;
    pub(crate) const CHANNEL_OPEN: u8 = 90;
    pub(crate) const CHANNEL_OPEN_CONFIRMATION: u8 = 91;
    pub(crate) const CHANNEL_OPEN_FAILURE: u8 = 92;
    pub(crate) const CHANNEL_WINDOW_ADJUST: u8 = 93;
    pub(crate) const CHANNEL_DATA: u8 = 94;
    pub(crate) const CHANNEL_EXTENDED_DATA: u8 = 95;
    pub(crate) const CHANNEL_EOF: u8 = 96;
    pub(crate) const CHANNEL_CLOSE: u8 = 97;
    pub(crate) const CHANNEL_REQUEST: u8 = 98;
    pub(crate) const CHANNEL_SUCCESS: u8 = 99;
    pub(crate) const CHANNEL_FAILURE: u8 = 100;
}
