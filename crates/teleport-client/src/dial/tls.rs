//! The two TLS configurations. The web's trusts public roots and shows no certificate; the cluster's trusts only the identity's
//! CAs and always shows its certificate. Neither is ever used in place of the other.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, SignatureScheme, WantsVerifier,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::SingleCertAndKey,
};

use crate::{
    credentials::identity::Identity,
    dial::{
        roots::WebRoots,
        verifier::{ClusterVerifier, Presented},
        web_verifier::WebVerifier,
    },
};

/// Which web certificates are accepted.
#[derive(Clone)]
pub(crate) enum Trust {
    /// Those that are signed by one of these roots, or are one, and name the host.
    Roots(Arc<WebRoots>),
    /// Any: the option `insecure`.
    Anyone,
}

impl Trust {
    fn verifier(self) -> Result<Arc<dyn ServerCertVerifier>, Error> {
        Ok(match self {
            Self::Roots(roots) => Arc::new(WebVerifier::new(roots, provider())?),
            Self::Anyone => Arc::new(NoVerification(provider())),
        })
    }
}

/// For a proxy's web API.
pub(crate) fn web(trust: Trust, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, Error> {
    let mut config = builder()?
        .dangerous()
        .with_custom_certificate_verifier(trust.verifier()?)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

/// For a join service, before there is an identity. The server's certificate is kept in `presented`.
pub(crate) fn join(trust: Trust, presented: Arc<Presented>) -> Result<Arc<ClientConfig>, Error> {
    let verifier = ClusterVerifier::new(trust.verifier()?, presented);
    let mut config = builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = alpn_join();
    Ok(Arc::new(config))
}

/// For a cluster's auth server. Its certificate is kept in `presented`.
pub(crate) fn cluster(
    identity: &Identity,
    alpn: Vec<Vec<u8>>,
    presented: Arc<Presented>,
) -> Result<Arc<ClientConfig>, Error> {
    let inner = WebPkiServerVerifier::builder_with_provider(identity.cluster_roots(), provider())
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    // This certificate is always sent, whatever issuers the server asks for.
    let certificate = SingleCertAndKey::from(identity.certified_key());
    let mut config = builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ClusterVerifier::new(inner, presented)))
        .with_client_cert_resolver(Arc::new(certificate));
    config.alpn_protocols = alpn;
    Ok(Arc::new(config))
}

/// Protocols to offer an auth server that is dialled itself.
pub(crate) fn alpn_direct() -> Vec<Vec<u8>> {
    vec![H2.to_vec()]
}

/// Protocols to offer for a join. A proxy reads the first entry only, and selects the second
/// (`lib/srv/alpnproxy/common/protocols.go` in gravitational/teleport); an auth server knows the second only.
fn alpn_join() -> Vec<Vec<u8>> {
    vec![b"teleport-proxy-grpc".to_vec(), H2.to_vec()]
}

/// Protocols to offer for a proxy that routes to a cluster's auth server. The proxy reads the first entry only, and the auth
/// server needs the second (`lib/srv/alpnproxy/auth/auth_proxy.go` in gravitational/teleport).
pub(crate) fn alpn_routed(cluster_name: &str) -> Vec<Vec<u8>> {
    let mut name = String::from("teleport-auth@");
    for byte in cluster_name.bytes() {
        for digit in [byte >> 4, byte & 15] {
            name.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    name.push_str(".teleport.cluster.local");
    vec![name.into_bytes(), H2.to_vec()]
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Accepts any certificate whose key signs the handshake.
#[derive(Debug)]
struct NoVerification(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// HTTP/2, which gRPC needs.
pub(crate) const H2: &[u8] = b"h2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_route_comes_first_and_http2_second() {
        let [route, h2] = alpn_routed("example.teleport.sh").try_into().unwrap();
        assert_eq!(
            String::from_utf8(route).unwrap(),
            "teleport-auth@6578616d706c652e74656c65706f72742e7368.teleport.cluster.local"
        );
        assert_eq!(h2, b"h2");
    }
}
