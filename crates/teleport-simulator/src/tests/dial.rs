//! A small client of its own: identity file to TLS to HTTP/2.

use std::{io, net::SocketAddr, path::Path, sync::Arc};

use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint};

pub(super) struct Identity {
    pub(super) key: PrivateKeyDer<'static>,
    /// The user's certificate, then the authorities.
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

impl Identity {
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read(path).unwrap();
        let certificates = CertificateDer::pem_slice_iter(&text);
        Self {
            key: PrivateKeyDer::from_pem_slice(&text).unwrap(),
            certificates: certificates.map(Result::unwrap).collect(),
        }
    }

    /// The user's certificate.
    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificates[0]
    }

    pub(super) fn roots(&self) -> &[CertificateDer<'static>] {
        &self.certificates[1..]
    }

    pub(super) fn config(&self) -> ClientConfig {
        builder(self.roots())
            .with_client_auth_cert(vec![self.certificates[0].clone()], self.key.clone_key())
            .unwrap()
    }
}

pub(super) fn anonymous(roots: &[CertificateDer<'static>]) -> ClientConfig {
    builder(roots).with_no_client_auth()
}

/// What a client offers that wants the auth server of `cluster`.
pub(super) fn auth_protocols(cluster: &str) -> Vec<String> {
    let hex: String = cluster.bytes().map(|byte| format!("{byte:02x}")).collect();
    let routed = format!("teleport-auth@{hex}.teleport.cluster.local");
    vec![routed, "h2".to_owned()]
}

pub(super) async fn tls(
    address: SocketAddr,
    name: &str,
    mut config: ClientConfig,
    alpn: &[String],
) -> io::Result<TlsStream<TcpStream>> {
    config.alpn_protocols = alpn.iter().map(|name| name.clone().into_bytes()).collect();
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = name.to_owned().try_into().unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

pub(super) async fn channel(address: SocketAddr, identity: &Identity, alpn: &[String]) -> Channel {
    let name = "teleport.cluster.local";
    let dialled = dialled(address, name, identity.config(), alpn).await;
    dialled.unwrap()
}

/// A channel of those who want to join the cluster whose proxy is `host`.
pub(super) async fn join_channel(
    address: SocketAddr,
    host: &str,
    roots: &[CertificateDer<'static>],
) -> Result<Channel, tonic::transport::Error> {
    let alpn = ["teleport-proxy-grpc", "h2"].map(str::to_owned);
    dialled(address, host, anonymous(roots), &alpn).await
}

pub(super) async fn dialled(
    address: SocketAddr,
    name: &str,
    config: ClientConfig,
    alpn: &[String],
) -> Result<Channel, tonic::transport::Error> {
    let (name, alpn) = (name.to_owned(), alpn.to_vec());
    let connector = tower::service_fn(move |_| {
        let (name, config, alpn) = (name.clone(), config.clone(), alpn.clone());
        async move {
            let stream = tls(address, &name, config, &alpn).await?;
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            io::Result::Ok(TokioIo::new(stream))
        }
    });
    Endpoint::from_static("https://teleport.cluster.local")
        .connect_with_connector(connector)
        .await
}

fn builder(
    roots: &[CertificateDer<'static>],
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
}
