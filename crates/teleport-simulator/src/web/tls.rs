//! TLS of the simulated servers.

use std::sync::Arc;

use rustls::{
    RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    server::{VerifierBuilderError, WebPkiClientVerifier},
};

use crate::authority::{Authority, AuthorityError, Issued};

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no certificate.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The certificate or its key is of no use.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
    /// The check of client certificates cannot be set up.
    #[error("cannot set up the check of client certificates")]
    ClientCheck(#[from] VerifierBuilderError),
}

/// TLS of an auth server with a certificate of `host`. Those who have a certificate must have it of `users`.
pub(crate) fn auth_server(
    host: &Authority,
    users: &Authority,
) -> Result<Arc<ServerConfig>, TlsError> {
    let certificate = host.server(&["teleport.cluster.local", "*.teleport.cluster.local"])?;
    let mut roots = RootCertStore::empty();
    roots.add(users.certificate().clone())?;
    let provider = crypto();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()?;
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.certificate.clone()],
            certificate.private_key(),
        )?;
    tls.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(tls))
}

/// TLS of a proxy with a web certificate.
pub(crate) fn proxy(
    certificate: &Issued,
    tls_routing: bool,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut tls = ServerConfig::builder_with_provider(crypto())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.certificate.clone()],
            certificate.private_key(),
        )?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if tls_routing {
        tls.alpn_protocols.push(REVERSE_TUNNEL.to_vec());
    }
    Ok(Arc::new(tls))
}

/// One provider for every TLS configuration, so that none depends on what the process has installed.
fn crypto() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Protocol that a proxy with TLS routing offers to those who ask whether it has it.
pub(crate) const REVERSE_TUNNEL: &[u8] = b"teleport-reversetunnel";
