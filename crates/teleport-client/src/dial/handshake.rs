//! TLS handshakes, and what their failures mean.

use std::{io, sync::Arc};

use rustls::{AlertDescription, CertificateError, ClientConfig, Error, pki_types::ServerName};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::dial::socket::Stream;

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
    Certificate(String),
    /// The other side refuses.
    #[error("it broke off the handshake with the alert {0:?}")]
    Alert(AlertDescription),
    /// The other side closed the connection.
    #[error("it closed the connection during the handshake")]
    Closed,
    /// Anything else.
    #[error("the handshake failed: {0}")]
    Other(String),
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
                    Self::WrongName(presented.clone())
                }
                CertificateError::NotValidForName => Self::WrongName(Vec::new()),
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::NotValidNow,
                error => Self::Certificate(error.to_string()),
            },
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

fn for_names(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!(" ({})", names.join(", "))
}
