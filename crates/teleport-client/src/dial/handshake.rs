//! TLS handshakes, and what their failures mean.

use std::{io, sync::Arc};

use rustls::{AlertDescription, CertificateError, ClientConfig, Error, pki_types::ServerName};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{dial::socket::Stream, shown};

/// Why a handshake failed, from the client's point of view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandshakeError {
    /// The other side speaks something else, such as plain HTTP or SSH.
    #[error("what answers there does not speak TLS: is the port right?")]
    NotTls,
    /// The certificate is not from an issuer that is trusted.
    #[error("its certificate is from an issuer that is not trusted")]
    UnknownIssuer,
    /// The certificate is for another name.
    #[error("its certificate is for another name{}", for_names(.0))]
    WrongName(Vec<String>),
    /// The certificate is not valid now.
    #[error("its certificate has expired or is not valid yet: check the clock of this machine too")]
    NotValidNow,
    /// The certificate is invalid in another way.
    #[error("its certificate is not accepted: {0}")]
    Certificate(&'static str),
    /// The other side refuses.
    #[error("it broke off the handshake with the alert {}", alert_name(*.0))]
    Alert(AlertDescription),
    /// The other side closed the connection.
    #[error("it closed the connection during the handshake")]
    Closed,
    /// Anything else.
    #[error("the handshake failed: {0}")]
    Other(String),
    /// There is no version of TLS, or no algorithm, that both have.
    #[error(
        "the handshake failed: it and this program have no version or algorithm of TLS in common"
    )]
    Incompatible,
    /// The other side breaks the rules of TLS.
    #[error("the handshake failed: it does not keep to the rules of TLS")]
    Misbehaved,
}

/// Speaks TLS on a stream.
pub(crate) async fn handshake(
    stream: Box<dyn Stream>,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
) -> Result<TlsStream<Box<dyn Stream>>, HandshakeError> {
    let connecting = TlsConnector::from(config).connect(name, stream);
    connecting
        .await
        .map_err(|error| HandshakeError::new(&error))
}

impl HandshakeError {
    fn new(error: &io::Error) -> Self {
        match error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Error>())
        {
            Some(error) => Self::from_rustls(error),
            None => match error.kind() {
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe => Self::Closed,
                _ => Self::Other(error.to_string()),
            },
        }
    }

    fn from_rustls(error: &Error) -> Self {
        match error {
            Error::InvalidMessage(_) => Self::NotTls,
            Error::AlertReceived(alert) => Self::Alert(*alert),
            Error::InvalidCertificate(error) => match error {
                // A CA of the same name with another key: the cluster was recreated, or its CA was rotated.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    Self::UnknownIssuer
                }
                CertificateError::NotValidForNameContext { presented, .. } => {
                    Self::WrongName(presented.iter().map(|name| plain(name)).collect())
                }
                CertificateError::NotValidForName => Self::WrongName(Vec::new()),
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::NotValidNow,
                error => Self::Certificate(fault(error)),
            },
            Error::PeerIncompatible(_) => Self::Incompatible,
            Error::PeerMisbehaved(_)
            | Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. } => Self::Misbehaved,
            error => Self::Other(error.to_string()),
        }
    }
}

impl HandshakeError {
    /// Whether it is that the other side's certificate is not accepted here.
    pub(crate) fn is_about_certificate(&self) -> bool {
        matches!(
            self,
            Self::UnknownIssuer | Self::WrongName(_) | Self::NotValidNow | Self::Certificate(_)
        )
    }
}

/// Whether an alert says that the other side does not accept the client's certificate.
pub(crate) fn is_refusal(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired
    )
}

/// The name of an alert (RFC 8446 section 6), in the spelling of rustls, or its number.
pub(crate) fn alert_name(alert: AlertDescription) -> String {
    let number = || u8::from(alert).to_string();
    alert.as_str().map_or_else(number, str::to_owned)
}

/// What is wrong with a certificate, in words.
fn fault(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::BadEncoding => "it is malformed",
        CertificateError::Revoked => "it was revoked",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not for servers"
        }
        CertificateError::UnhandledCriticalExtension => {
            "it has a critical extension that is not known here"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its signature algorithm is not supported"
        }
        _ => "it is malformed, or not fit for a server",
    }
}

/// A name in a certificate, which webpki writes as `DnsName("example.com")` or `IpAddress(127.0.0.1)`.
fn plain(name: &str) -> String {
    let inside = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(name).trim_matches('"').to_owned()
}

fn for_names(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!(" ({})", shown::names(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_no_value_of_the_library() {
        let certificate = |error| HandshakeError::from_rustls(&Error::InvalidCertificate(error));
        let wrong = certificate(CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("a.example.com").unwrap(),
            presented: vec![
                "DnsName(\"b.example.com\")".to_owned(),
                "IpAddress(127.0.0.1)".to_owned(),
            ],
        });
        assert_eq!(
            wrong.to_string(),
            "its certificate is for another name (b.example.com, 127.0.0.1)"
        );
        let other = rustls::OtherError(Arc::new(io::Error::other("CaUsedAsEndEntity")));
        let other = certificate(CertificateError::Other(other)).to_string();
        assert!(other.ends_with("not fit for a server"), "{other}");
        let alert = HandshakeError::Alert(AlertDescription::Unknown(222)).to_string();
        assert!(alert.ends_with("the alert 222"), "{alert}");
        let misbehaved = Error::PeerMisbehaved(rustls::PeerMisbehaved::TooMuchEarlyDataReceived);
        let text = HandshakeError::from_rustls(&misbehaved).to_string();
        assert!(text.ends_with("rules of TLS"), "{text}");
    }
}
