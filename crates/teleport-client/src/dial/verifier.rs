//! Keeps the certificate that an auth server or a join service presented, so that a failure can be explained.

use std::sync::{Arc, OnceLock};

use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::{credentials::identity::organization, dial::transport::SERVER_NAME};

/// The certificate that a server presented. Empty until then.
#[derive(Debug, Default)]
pub(crate) struct Presented(OnceLock<ServerCertificate>);

/// What a server's certificate says. None of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerCertificate {
    /// The names that it is for.
    pub(crate) names: Vec<String>,
    /// The cluster that issued it: the issuer's first organization.
    pub(crate) cluster_name: Option<String>,
}

impl Presented {
    pub(crate) fn certificate(&self) -> Option<&ServerCertificate> {
        self.0.get()
    }
}

impl ServerCertificate {
    /// Whether it is for an auth server of some Teleport cluster.
    pub(crate) fn is_auth_server(&self) -> bool {
        let below = format!("*.{SERVER_NAME}");
        self.names
            .iter()
            .any(|name| *name == SERVER_NAME || *name == below)
    }

    fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map_or_else(Vec::new, |extension| {
            let names = extension.value.general_names.iter();
            names
                .filter_map(|name| match name {
                    GeneralName::DNSName(name) => Some((*name).to_owned()),
                    _ => None,
                })
                .collect()
        });
        Some(Self {
            names,
            cluster_name: organization(certificate.issuer()),
        })
    }
}

/// Keeps the certificate and lets another verifier verify it.
#[derive(Debug)]
pub(crate) struct ClusterVerifier {
    inner: Arc<dyn ServerCertVerifier>,
    presented: Arc<Presented>,
}

impl ClusterVerifier {
    pub(crate) fn new(inner: Arc<dyn ServerCertVerifier>, presented: Arc<Presented>) -> Self {
        Self { inner, presented }
    }
}

impl ServerCertVerifier for ClusterVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(certificate) = ServerCertificate::read(end_entity) {
            self.presented.0.get_or_init(|| certificate);
        }
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
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
