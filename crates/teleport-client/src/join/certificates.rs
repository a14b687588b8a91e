//! Certificates of the two join services, in one form.

use rustls::pki_types::CertificateDer;
use ssh_key::{Certificate as SshCertificate, PublicKey, public::KeyData};
use teleport_proto::{auth, teleport::join::v1 as join};

use super::key::{Algorithm, Key, KeyError};
use crate::credentials::{
    identity::{Identity, InvalidIdentity},
    pem,
};

/// The certificates that a cluster issued for one key.
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

/// A key with its certificates.
#[derive(Debug)]
pub(super) struct Certified {
    pub(super) key: Key,
    pub(super) algorithm: Algorithm,
    pub(super) certificates: Certificates,
}

/// Why the certificates in an answer cannot be used.
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
        let ssh = SshCertificate::from_bytes(&found.ssh_cert);
        let ssh_cas = found.ssh_ca_keys.iter();
        Ok(Self {
            tls: found.tls_cert.into(),
            tls_cas: found.tls_ca_certs.into_iter().map(Into::into).collect(),
            ssh: certificate_line(ssh)?,
            ssh_cas: ssh_cas
                .map(|blob| key_line(PublicKey::from_bytes(blob)))
                .collect::<Result<_, _>>()?,
        })
    }

    /// From the older service: PEM and lines of `authorized_keys`.
    pub(super) fn from_text(found: &auth::Certs) -> Result<Self, InvalidCertificates> {
        let mut tls_cas = Vec::new();
        for ca in &found.tlsca_certs {
            tls_cas.extend(from_pem(ca, TLS_CAS)?);
        }
        let ssh = SshCertificate::from_openssh(&String::from_utf8_lossy(&found.ssh));
        let ssh_cas = found
            .sshca_certs
            .iter()
            .map(|line| String::from_utf8_lossy(line));
        Ok(Self {
            tls: from_pem(&found.tls, TLS)?
                .into_iter()
                .next()
                .ok_or(InvalidCertificates::Part(TLS))?,
            tls_cas,
            ssh: certificate_line(ssh)?,
            ssh_cas: ssh_cas
                .map(|line| key_line(PublicKey::from_openssh(&line)))
                .collect::<Result<_, _>>()?,
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

    /// The SSH authorities of hosts. A join also hands out the one of users, which signed the certificate.
    pub(super) fn host_ssh_cas(&self) -> Vec<String> {
        let signer = SshCertificate::from_openssh(&self.ssh);
        let of_users = signer.map(|certificate| certificate.signature_key().clone());
        let of_users = key_line(of_users.map(PublicKey::from)).ok();
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

/// A line of an `authorized_keys` file, without its end. The comment is left out: the server could put more lines into it.
pub(crate) fn certificate_line(
    found: ssh_key::Result<SshCertificate>,
) -> Result<String, InvalidCertificates> {
    let written = found
        .and_then(|certificate| SshCertificate::from_bytes(&certificate.to_bytes()?)?.to_openssh());
    line(written, SSH)
}

/// A line without a comment.
pub(crate) fn key_line(found: ssh_key::Result<PublicKey>) -> Result<String, InvalidCertificates> {
    let written = found.and_then(|key| PublicKey::from(KeyData::from(key)).to_openssh());
    line(written, SSH_CAS)
}

/// The name of an algorithm that `ssh_key` does not know may have any characters, also the end of a line.
fn line(
    written: ssh_key::Result<String>,
    part: &'static str,
) -> Result<String, InvalidCertificates> {
    let line = written.ok();
    line.filter(|line| !line.contains(char::is_control))
        .ok_or(InvalidCertificates::Part(part))
}

fn from_pem(
    text: &[u8],
    part: &'static str,
) -> Result<Vec<CertificateDer<'static>>, InvalidCertificates> {
    let text = std::str::from_utf8(text).ok();
    text.and_then(|text| pem::objects(text).ok())
        .ok_or(InvalidCertificates::Part(part))
}

const TLS: &str = "the TLS certificate";
const TLS_CAS: &str = "a TLS authority";
const SSH: &str = "the SSH certificate";
const SSH_CAS: &str = "an SSH authority";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{join::testing::ssh, testing::Authority};

    /// Written back byte for byte, so that the signature stays valid.
    #[test]
    fn an_ssh_certificate_is_kept_as_it_is_and_its_authority_is_not_one_of_hosts() {
        let ca = Authority::new("child").certificate_pem().into_bytes();
        let found = auth::Certs {
            ssh: format!("{}\n", ssh::CERTIFICATE).into_bytes(),
            tls: ca.clone(),
            tlsca_certs: vec![ca],
            sshca_certs: vec![ssh::USER_CA.into(), ssh::HOST_CA.into()],
        };
        let certificates = Certificates::from_text(&found).unwrap();
        assert_eq!(certificates.ssh, ssh::CERTIFICATE);
        let comment = " a\n-----BEGIN CERTIFICATE-----\n";
        let more = auth::Certs {
            ssh: [ssh::CERTIFICATE, comment].concat().into_bytes(),
            ..found.clone()
        };
        assert_eq!(
            Certificates::from_text(&more).unwrap().ssh,
            ssh::CERTIFICATE
        );
        let host_ca = ssh::HOST_CA.strip_suffix(" hosts").unwrap();
        assert_eq!(certificates.host_ssh_cas(), [host_ca]);
        for (part, changed) in [
            (
                SSH,
                auth::Certs {
                    ssh: b"ssh-rsa AAAA".to_vec(),
                    ..found.clone()
                },
            ),
            (
                SSH_CAS,
                auth::Certs {
                    sshca_certs: vec![b"text".to_vec()],
                    ..found.clone()
                },
            ),
            (
                TLS,
                auth::Certs {
                    tls: b"text".to_vec(),
                    ..found.clone()
                },
            ),
        ] {
            let error = Certificates::from_text(&changed).unwrap_err();
            assert_eq!(error, InvalidCertificates::Part(part));
        }
    }
}
