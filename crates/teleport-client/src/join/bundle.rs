//! An identity for other programs.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use super::certificates::Certified;
use crate::credentials::{identity::Identity, pem};

/// An identity in the formats that other programs read. Until it expires it has all rights of the bot's roles.
#[derive(Clone)]
pub struct IdentityBundle {
    /// An identity file, as `tbot` writes it, for `tctl`, `tsh` and other clients (`api/identityfile` in gravitational/teleport).
    pub identity_file: SecretString,
    /// The X.509 certificate, PEM.
    pub tls_cert: String,
    /// Its private key, PEM: PKCS#1 for RSA, PKCS#8 for others.
    pub tls_private_key: SecretString,
    /// The X.509 authorities of the cluster's hosts, PEM, one or more.
    pub tls_ca_certs: String,
    /// When the certificates expire.
    pub expires: OffsetDateTime,
    /// The user that the certificates are for, such as `bot-example`.
    pub user: String,
    /// Name of the cluster.
    pub cluster_name: String,
}

impl IdentityBundle {
    pub(super) fn new(certified: &Certified, identity: &Identity) -> Self {
        let certificates = &certified.certificates;
        let cluster_name = identity.cluster_name().unwrap_or_default().to_owned();
        let tls_private_key = certified.key.private_pem();
        let tls_cert = pem::text("CERTIFICATE", &certificates.tls);
        let cas = certificates.tls_cas.iter();
        let tls_ca_certs: String = cas.map(|ca| pem::text("CERTIFICATE", ca)).collect();
        let known_hosts: String = certificates
            .ssh_cas
            .iter()
            .map(|ca| format!("@cert-authority {cluster_name},*.{cluster_name} {ca} type=host\n"))
            .collect();
        // Programs that read it rely on this order: the first PEM block is the key, the second the certificate.
        let identity_file = format!(
            "{}{}\n{tls_cert}{known_hosts}{tls_ca_certs}",
            tls_private_key.expose_secret(),
            certificates.ssh
        );
        Self {
            identity_file: SecretString::from(identity_file),
            tls_cert,
            tls_private_key,
            tls_ca_certs,
            expires: identity.not_after(),
            user: identity.user().to_owned(),
            cluster_name,
        }
    }
}

impl fmt::Debug for IdentityBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityBundle")
            .field("user", &self.user)
            .field("cluster_name", &self.cluster_name)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
