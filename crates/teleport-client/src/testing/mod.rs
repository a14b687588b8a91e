//! What the tests of this layer share: certificate authorities made at run time, and a cluster to connect to.

mod cluster;

use std::sync::Arc;

use prost_reflect::DynamicMessage;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use teleport_proto::{
    auth::PingResponse,
    teleport::users::v1::ListUsersResponse,
    types::{Metadata, UserV2},
};
use time::{Duration, OffsetDateTime};
use x509_parser::{
    prelude::{FromDer, SubjectPublicKeyInfo},
    public_key::PublicKey,
};

pub(super) use self::cluster::{Answer, Cluster, Web};
use crate::credentials::{identity::Identity, identity_file};
use crate::{
    Address, Client, Config, Error, Source,
    call::{Call, Repeatable, method, retry::RetryPolicy},
    dial::{http_proxy::HttpProxy, roots::Roots},
};

/// A configuration for a server on this machine, whose web certificate is from one of these roots.
pub(super) fn config(address: &str, source: Source, web_roots: Arc<RootCertStore>) -> Config {
    let mut config = Config::new(address.parse().ok(), vec![source]);
    config.dial.roots = Roots::Given(web_roots);
    config.dial.http_proxy = HttpProxy::none();
    config.dial.timeout = std::time::Duration::from_secs(10);
    config.retry = RetryPolicy {
        base: std::time::Duration::ZERO,
        cap: std::time::Duration::ZERO,
        tries: 4,
    };
    config
}

/// A page of so many users with a name of so many bytes.
pub(super) fn page_of_users(users: usize, bytes: usize, next: &str) -> ListUsersResponse {
    let metadata = Metadata {
        name: "x".repeat(bytes),
        ..Metadata::default()
    };
    let user = UserV2 {
        metadata: Some(metadata),
        ..UserV2::default()
    };
    ListUsersResponse {
        users: vec![user; users],
        next_page_token: next.to_owned(),
    }
}

/// The TLS of a server that does not ask for a certificate.
pub(super) fn server_config(issued: &Issued, alpn: &[&[u8]]) -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.clone()], issued.key())
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

impl Config {
    /// The same for another address.
    pub(crate) fn with_address(mut self, address: Address) -> Self {
        self.address = Some(address);
        self
    }
}

impl Client {
    /// A call that every cluster answers. It needs no rights.
    pub(crate) async fn ping(&self) -> Result<PingResponse, Error> {
        let method = method("proto.AuthService", "Ping");
        let request = DynamicMessage::new(method.input());
        let answer = self
            .unary(Call::new(method, request, Repeatable::Yes))
            .await?;
        Ok(answer.transcode_to().unwrap())
    }
}

/// A certificate authority of a cluster.
pub(super) struct Authority {
    name: String,
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(super) struct Issued {
    pub(super) cert_pem: String,
    pub(super) key_pem: String,
    pub(super) cert: CertificateDer<'static>,
    pub(super) key_der: Vec<u8>,
}

impl Issued {
    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key_der.clone()))
    }
}

impl Authority {
    pub(super) fn new(cluster_name: &str) -> Self {
        Self::with_names(cluster_name, &[])
    }

    /// One whose own certificate is for a server of these names.
    pub(super) fn with_names(cluster_name: &str, names: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = params(cluster_name, Some(cluster_name), names);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            name: cluster_name.to_owned(),
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    pub(super) fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    pub(super) fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate()).unwrap();
        Arc::new(roots)
    }

    /// A client certificate for a user.
    pub(super) fn issue(&self, user: &str) -> Issued {
        self.sign(params(user, None, Vec::new()))
    }

    /// A client certificate that expired an hour ago.
    pub(super) fn issue_expired(&self, user: &str) -> Issued {
        let mut params = params(user, None, Vec::new());
        params.not_before = OffsetDateTime::now_utc() - Duration::hours(2);
        params.not_after = OffsetDateTime::now_utc() - Duration::hours(1);
        self.sign(params)
    }

    /// A server certificate for names.
    pub(super) fn issue_for_names(&self, names: &[&str]) -> Issued {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.sign(params("server", None, names))
    }

    pub(super) fn identity(&self, user: &str) -> Identity {
        identity_file::parse(self.identity_file(user).as_bytes()).unwrap()
    }

    pub(super) fn identity_file(&self, user: &str) -> String {
        self.file_of(&self.issue(user))
    }

    /// An identity file with a certificate of ours.
    pub(super) fn file_of(&self, issued: &Issued) -> String {
        format!(
            "{}{}{}",
            issued.key_pem,
            issued.cert_pem,
            self.certificate_pem()
        )
    }

    /// A client certificate for the key of somebody else, which ends at a given time.
    pub(super) fn certify(
        &self,
        user: &str,
        public_key: &[u8],
        not_after: OffsetDateTime,
    ) -> CertificateDer<'static> {
        let mut params = params(user, None, Vec::new());
        params.not_after = not_after;
        let key = ForeignKey::read(public_key);
        params.signed_by(&key, &self.issuer).unwrap().der().clone()
    }

    fn sign(&self, params: CertificateParams) -> Issued {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            cert_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            cert: certificate.der().clone(),
            key_der: key.serialize_der(),
        }
    }
}

/// The public key of somebody else.
struct ForeignKey {
    algorithm: &'static SignatureAlgorithm,
    bytes: Vec<u8>,
}

impl ForeignKey {
    fn read(spki: &[u8]) -> Self {
        let (_, parsed) = SubjectPublicKeyInfo::from_der(spki).unwrap();
        Self {
            algorithm: match parsed.parsed().unwrap() {
                PublicKey::RSA(_) => &PKCS_RSA_SHA256,
                _ => &PKCS_ECDSA_P256_SHA256,
            },
            bytes: parsed.subject_public_key.data.to_vec(),
        }
    }
}

impl PublicKeyData for ForeignKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

fn params(common_name: &str, organization: Option<&str>, names: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    params.distinguished_name = name;
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params.not_before = OffsetDateTime::now_utc() - Duration::hours(1);
    params.not_after = OffsetDateTime::now_utc() + Duration::hours(1);
    params
}
