//! Verifies web certificates as curl and Go do: a certificate that is itself among the roots is trusted.
//!
//! webpki takes no CA certificate as that of a server. The one that a Teleport proxy makes for itself is a CA (`lib/utils/certs.go`
//! in gravitational/teleport), so that listing it in `SSL_CERT_FILE` would not be enough.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::dial::roots::WebRoots;

/// Lets webpki verify, and after that looks for the certificate itself among the roots.
#[derive(Debug)]
pub(crate) struct WebVerifier {
    inner: Arc<WebPkiServerVerifier>,
    roots: Arc<WebRoots>,
}

impl WebVerifier {
    pub(crate) fn new(roots: Arc<WebRoots>, provider: Arc<CryptoProvider>) -> Result<Self, Error> {
        let inner = WebPkiServerVerifier::builder_with_provider(roots.store.clone(), provider)
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { inner, roots })
    }
}

impl ServerCertVerifier for WebVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(_) if self.roots.contains(end_entity) => {
                verify_root(end_entity, server_name, now)?;
                Ok(ServerCertVerified::assertion())
            }
            // The error of webpki is that a CA is no server. What helps is to trust it.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if is_ca(end_entity) => {
                Err(CertificateError::UnknownIssuer.into())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Checks name and validity of a certificate that is a root. Its issuer is itself.
fn verify_root(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
    let (_, parsed) =
        X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = parsed.validity();
    if now < validity.not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

fn is_ca(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| parsed.is_ca())
}

#[cfg(test)]
mod tests {
    use rustls::crypto::aws_lc_rs;
    use std::time::Duration;

    use super::*;
    use crate::testing::Authority;

    /// Verifies a certificate that signed itself and is a CA, as Teleport's proxies make them.
    fn verify(root: &Authority, presented: &Authority, name: &str, at: i64) -> Result<(), Error> {
        let roots = Arc::new(WebRoots::new([root.certificate()]));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebVerifier::new(roots, provider).unwrap();
        let now = time::OffsetDateTime::now_utc().unix_timestamp() + at;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.try_into().unwrap()));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let verified = verifier.verify_server_cert(&presented.certificate(), &[], &name, &[], now);
        verified.map(|_| ())
    }

    fn refusal(result: Result<(), Error>) -> CertificateError {
        match result.unwrap_err() {
            Error::InvalidCertificate(error) => error,
            error => panic!("{error}"),
        }
    }

    #[test]
    fn a_ca_certificate_that_is_a_root_is_trusted_for_its_names_and_its_time() {
        let own = Authority::with_names("proxy.example.com", &["proxy.example.com"]);
        let other = Authority::with_names("proxy.example.com", &["proxy.example.com"]);
        verify(&own, &own, "proxy.example.com", 0).unwrap();
        let name = refusal(verify(&own, &own, "other.example.com", 0));
        assert!(
            matches!(name, CertificateError::NotValidForNameContext { .. }),
            "{name:?}"
        );
        let late = verify(&own, &own, "proxy.example.com", 7200);
        assert_eq!(refusal(late), CertificateError::Expired);
        let early = verify(&own, &own, "proxy.example.com", -7200);
        assert_eq!(refusal(early), CertificateError::NotValidYet);
        let unknown = verify(&own, &other, "proxy.example.com", 0);
        assert_eq!(refusal(unknown), CertificateError::UnknownIssuer);
    }
}
