//! Certificates as the two join services hand them out, brought to one form.

use rustls::pki_types::CertificateDer;
use secrecy::ExposeSecret;
use teleport_proto::{auth, teleport::join::v1 as join};

use super::{
    key::{Algorithm, Key, KeyError},
    ssh,
};
use crate::credentials::{
    identity::{Identity, InvalidIdentity, certificates},
    pem,
};

/// What a cluster certified.
#[derive(Clone, Debug)]
pub(super) struct Certificates {
    /// X.509, DER.
    pub(super) tls: CertificateDer<'static>,
    /// X.509 authorities, DER.
    pub(super) tls_cas: Vec<CertificateDer<'static>>,
    /// A line of an `authorized_keys` file, without its end.
    pub(super) ssh: String,
    /// SSH authorities, such lines.
    pub(super) ssh_cas: Vec<String>,
}

/// A key with what a cluster certified it for.
#[derive(Debug)]
pub(super) struct Certified {
    pub(super) key: Key,
    pub(super) algorithm: Algorithm,
    pub(super) certificates: Certificates,
}

/// Why an answer holds no certificates that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidCertificates {
    /// A part is missing or damaged.
    #[error("{0} is missing or damaged")]
    Part(&'static str),
    /// The parts do not fit together.
    #[error(transparent)]
    Identity(#[from] InvalidIdentity),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Certificates {
    /// From the newer service: DER and SSH's wire form.
    pub(super) fn from_wire(found: join::Certificates) -> Result<Self, InvalidCertificates> {
        if found.tls_cert.is_empty() {
            return Err(InvalidCertificates::Part(TLS));
        }
        let lines = found.ssh_ca_keys.iter().map(|blob| ssh::line(blob));
        Ok(Self {
            tls: found.tls_cert.into(),
            tls_cas: found.tls_ca_certs.into_iter().map(Into::into).collect(),
            ssh: ssh::line(&found.ssh_cert).ok_or(InvalidCertificates::Part(SSH))?,
            ssh_cas: lines
                .collect::<Option<_>>()
                .ok_or(InvalidCertificates::Part(SSH_CAS))?,
        })
    }

    /// From the older service: PEM and lines of `authorized_keys`.
    pub(super) fn from_text(found: &auth::Certs) -> Result<Self, InvalidCertificates> {
        let mut tls_cas = Vec::new();
        for ca in &found.tlsca_certs {
            tls_cas.extend(from_pem(ca, TLS_CAS)?);
        }
        let lines = found
            .sshca_certs
            .iter()
            .map(|line| ssh::without_comment(line));
        Ok(Self {
            tls: from_pem(&found.tls, TLS)?
                .into_iter()
                .next()
                .ok_or(InvalidCertificates::Part(TLS))?,
            tls_cas,
            ssh: ssh::without_comment(&found.ssh).ok_or(InvalidCertificates::Part(SSH))?,
            ssh_cas: lines
                .collect::<Option<_>>()
                .ok_or(InvalidCertificates::Part(SSH_CAS))?,
        })
    }

    /// Trusts these X.509 authorities and no others, PEM.
    pub(super) fn trust(&mut self, text: &[u8]) -> Result<(), InvalidCertificates> {
        let cas = from_pem(text, TLS_CAS)?;
        if cas.is_empty() {
            return Err(InvalidCertificates::Part(TLS_CAS));
        }
        self.tls_cas = cas;
        Ok(())
    }

    /// The SSH authorities that vouch for hosts. A join hands out the one of users beside: it signed the certificate.
    pub(super) fn host_ssh_cas(&self) -> Vec<String> {
        let of_users = ssh::signer(&self.ssh);
        let cas = self.ssh_cas.iter();
        cas.filter(|ca| Some(*ca) != of_users.as_ref())
            .cloned()
            .collect()
    }
}

impl Certified {
    /// What connections are made with.
    pub(super) fn identity(&self) -> Result<Identity, InvalidCertificates> {
        let chain = vec![self.certificates.tls.clone()];
        let cas = self.certificates.tls_cas.iter().cloned();
        Ok(Identity::new(chain, self.key.signing_key()?, cas)?)
    }
}

fn from_pem(
    text: &[u8],
    part: &'static str,
) -> Result<Vec<CertificateDer<'static>>, InvalidCertificates> {
    let text = std::str::from_utf8(text).map_err(|_| InvalidCertificates::Part(part))?;
    let blocks = pem::blocks(text).map_err(|_| InvalidCertificates::Part(part))?;
    if blocks
        .iter()
        .any(|block| block.der.expose_secret().is_empty())
    {
        return Err(InvalidCertificates::Part(part));
    }
    Ok(certificates(&blocks).collect())
}

const TLS: &str = "the TLS certificate";
const TLS_CAS: &str = "a TLS authority";
const SSH: &str = "the SSH certificate";
const SSH_CAS: &str = "an SSH authority";
