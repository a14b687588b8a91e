//! Certificate authorities: made at the first start, found again in the data directory at the next.
//!
//! A Teleport cluster has several: the *user* CA signs what callers present, the *host* CA signs what its auth server
//! presents. The simulator adds a *web* CA, which stands for the public CAs that sign a proxy's web certificate.

pub(crate) mod certificates;
pub(crate) mod data;
pub(crate) mod identity;
pub(crate) mod keys;

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use time::{Duration, OffsetDateTime};
use x509_parser::{
    oid_registry::Oid,
    prelude::{FromDer, X509Certificate},
};

use self::data::{DataError, write_private, write_public};
use crate::ssh::{self, SshError};

/// A certificate authority with its key.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// A certificate that an [`Authority`] has signed, with its key.
pub(crate) struct Issued {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) certificate_pem: String,
    pub(crate) key: KeyPair,
}

/// Whom a client certificate speaks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) user: String,
    pub(crate) roles: Vec<String>,
    /// The user that acts in the roles, where they are not its own.
    pub(crate) impersonator: Option<String>,
    /// Whether no further certificate may be got with it.
    pub(crate) disallow_reissue: bool,
}

/// When a certificate holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validity {
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

/// A certificate authority could not be made or loaded.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A certificate could not be signed.
    #[error("cannot sign a certificate")]
    Sign(#[from] rcgen::Error),
    /// A certificate of SSH could not be signed.
    #[error("cannot sign a certificate of SSH")]
    Ssh(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file of the data directory cannot be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Only one of certificate and key is there.
    #[error("{found} is there but {missing} is not: restore it, or remove both")]
    Incomplete {
        /// The file that is there.
        found: PathBuf,
        /// The file that is not.
        missing: PathBuf,
    },
    /// A file holds something else.
    #[error("{path} holds no {what}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// Certificate and key are not of one pair.
    #[error("the key in {key} is not the key of the certificate in {certificate}")]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate authority is another cluster's.
    #[error("{path} belongs to the cluster {found:?}, not to {expected:?}")]
    OtherCluster {
        /// The file of the certificate.
        path: PathBuf,
        /// The cluster that the certificate names.
        found: String,
        /// The cluster that is being started.
        expected: String,
    },
}

impl From<SshError> for AuthorityError {
    fn from(error: SshError) -> Self {
        Self::Ssh(error.into())
    }
}

impl Authority {
    /// Makes a certificate authority of `cluster` that lives in memory only.
    pub(crate) fn make(cluster: &str) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let params = parameters(cluster);
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        })
    }

    /// Takes the certificate authority `stem` of `cluster` from `STEM.pem` and `STEM.key` in `folder`, or makes both.
    ///
    /// # Errors
    /// When a file is unreadable, is not what its name says, or is of another cluster.
    pub(crate) fn load_or_make(
        folder: &Path,
        stem: &str,
        cluster: &str,
    ) -> Result<Self, AuthorityError> {
        let certificate = folder.join(stem).with_extension("pem");
        let key = folder.join(stem).with_extension("key");
        match (certificate.exists(), key.exists()) {
            (true, true) => Self::load(certificate, key, cluster),
            (true, false) => Err(AuthorityError::Incomplete {
                found: certificate,
                missing: key,
            }),
            (false, true) => Err(AuthorityError::Incomplete {
                found: key,
                missing: certificate,
            }),
            (false, false) => {
                let made = Self::make(cluster)?;
                write_private(&key, &made.issuer.key().serialize_pem())?;
                write_public(&certificate, &made.pem)?;
                Ok(made)
            }
        }
    }

    fn load(
        certificate_path: PathBuf,
        key_path: PathBuf,
        cluster: &str,
    ) -> Result<Self, AuthorityError> {
        let pem = data::read(&certificate_path)?;
        let key =
            KeyPair::from_pem(&data::read(&key_path)?).map_err(|_| AuthorityError::Malformed {
                path: key_path.clone(),
                what: "private key",
            })?;
        let malformed = || AuthorityError::Malformed {
            path: certificate_path.clone(),
            what: "certificate",
        };
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| malformed())?;
        let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|_| malformed())?;
        let found = organizations(&parsed).into_iter().next();
        if found.as_deref() != Some(cluster) {
            return Err(AuthorityError::OtherCluster {
                path: certificate_path,
                found: found.unwrap_or_default(),
                expected: cluster.to_owned(),
            });
        }
        if parsed.public_key().raw != key.subject_public_key_info() {
            return Err(AuthorityError::Mismatch {
                certificate: certificate_path,
                key: key_path,
            });
        }
        Ok(Self {
            issuer: Issuer::new(parameters(cluster), key),
            certificate,
            pem,
        })
    }

    /// The certificate, PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The certificate, DER.
    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The key, on P-256.
    pub(crate) fn key(&self) -> &KeyPair {
        self.issuer.key()
    }

    /// The public key in SSH's wire form.
    pub(crate) fn ssh_key(&self) -> Vec<u8> {
        ssh::keys::public(self.key())
    }

    /// Signs the certificate of a server that answers to `names`.
    pub(crate) fn server(&self, names: &[&str]) -> Result<Issued, AuthorityError> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params, Validity::lasting(Duration::days(365)))
    }

    /// A server's certificate that signed itself and is a CA, as Teleport's proxies make it when they are given none
    /// (`lib/utils/certs.go`).
    pub(crate) fn self_signed(names: &[&str]) -> Result<Issued, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = parameters(names.first().copied().unwrap_or_default());
        let named = CertificateParams::new(
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>(),
        )?;
        params.subject_alt_names = named.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.self_signed(&key)?;
        Ok(Issued {
            certificate_pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key,
        })
    }

    /// Signs the certificate of a user with a new key.
    pub(crate) fn client(
        &self,
        subject: &Subject,
        validity: Validity,
    ) -> Result<Issued, AuthorityError> {
        self.sign(subject.parameters(), validity)
    }

    /// Signs the certificate of a user whose public key is `key`.
    pub(crate) fn certify(
        &self,
        subject: &Subject,
        key: &impl PublicKeyData,
        validity: Validity,
    ) -> Result<Certificate, AuthorityError> {
        let params = fitted(subject.parameters(), validity);
        Ok(params.signed_by(key, &self.issuer)?)
    }

    fn sign(
        &self,
        params: CertificateParams,
        validity: Validity,
    ) -> Result<Issued, AuthorityError> {
        let key = KeyPair::generate()?;
        let certificate = fitted(params, validity).signed_by(&key, &self.issuer)?;
        Ok(Issued {
            certificate_pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key,
        })
    }
}

impl Subject {
    /// The user `user` with its role `role`.
    pub(crate) fn new(user: &str, role: &str) -> Self {
        Self {
            user: user.to_owned(),
            roles: vec![role.to_owned()],
            ..Self::default()
        }
    }

    /// As in Teleport the common name is the user and an organization is a role (`lib/tlsca/ca.go`). What makes the
    /// certificates here can write one organization only, so that further roles are in an extension.
    fn parameters(&self) -> CertificateParams {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, self.user.as_str());
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if let Some(user) = &self.impersonator {
            name.push(DnType::CustomDnType(IMPERSONATOR.to_vec()), user.as_str());
        }
        if self.disallow_reissue {
            name.push(DnType::CustomDnType(DISALLOW_REISSUE.to_vec()), "true");
        }
        let mut roles = self.roles.iter();
        if let Some(role) = roles.next() {
            name.push(DnType::OrganizationName, role.as_str());
        }
        params.distinguished_name = name;
        let others: Vec<&str> = roles.map(String::as_str).collect();
        if !others.is_empty() {
            let text = others.join("\n").into_bytes();
            let extension = CustomExtension::from_oid_content(OTHER_ROLES, text);
            params.custom_extensions = vec![extension];
        }
        params
    }
}

impl Issued {
    /// The private key for rustls.
    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// The private key, PKCS#8 in PEM.
    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

impl Validity {
    /// From a little before now, for clocks that are late, to `duration` from now. A negative `duration` makes a
    /// certificate that has expired.
    pub(crate) fn lasting(duration: Duration) -> Self {
        let now = OffsetDateTime::now_utc();
        let not_after = now.saturating_add(duration).max(OffsetDateTime::UNIX_EPOCH);
        Self {
            not_before: now.min(not_after).saturating_sub(LATE_CLOCK),
            not_after,
        }
    }

    /// When it starts and ends, in seconds since 1970.
    pub(crate) fn seconds(self) -> (u64, u64) {
        let seconds = |time: OffsetDateTime| u64::try_from(time.unix_timestamp()).unwrap_or(0);
        (seconds(self.not_before), seconds(self.not_after))
    }
}

/// The organizations in the subject of a certificate, in order.
pub(crate) fn organizations(certificate: &X509Certificate<'_>) -> Vec<String> {
    certificate
        .subject()
        .iter_organization()
        .filter_map(|value| value.as_str().ok())
        .map(str::to_owned)
        .collect()
}

/// The roles in the certificate of a user.
pub(crate) fn roles(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut roles = organizations(certificate);
    let oid = Oid::from(OTHER_ROLES).ok();
    let mut extensions = certificate.extensions().iter();
    let others = extensions.find(|extension| Some(&extension.oid) == oid.as_ref());
    let text = others.and_then(|extension| std::str::from_utf8(extension.value).ok());
    roles.extend(text.unwrap_or_default().lines().map(str::to_owned));
    roles
}

/// An entry in the subject of a certificate.
pub(crate) fn name_of_subject(certificate: &X509Certificate<'_>, arcs: &[u64]) -> Option<String> {
    let oid = Oid::from(arcs).ok()?;
    let mut values = certificate.subject().iter_by_oid(&oid);
    values.next()?.as_str().ok().map(str::to_owned)
}

fn fitted(mut params: CertificateParams, validity: Validity) -> CertificateParams {
    params.not_before = validity.not_before;
    params.not_after = validity.not_after;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    params.use_authority_key_identifier_extension = true;
    params
}

fn parameters(cluster: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, cluster);
    params
        .distinguished_name
        .push(DnType::OrganizationName, cluster);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
    ];
    let validity = Validity::lasting(Duration::days(3650));
    params.not_before = validity.not_before;
    params.not_after = validity.not_after;
    params
}

/// Teleport's object identifier of the impersonating user (`lib/tlsca/ca.go`).
pub(crate) const IMPERSONATOR: &[u64] = &[1, 3, 9999, 2, 7];
/// Teleport's object identifier of the mark that no further certificate may be got (`lib/tlsca/ca.go`).
pub(crate) const DISALLOW_REISSUE: &[u64] = &[1, 3, 9999, 2, 9];
/// Extension with the roles of a user after the first one.
const OTHER_ROLES: &[u64] = &[1, 3, 9999, 2, 100];
const LATE_CLOCK: Duration = Duration::hours(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::data::{read, write_public};

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        Authority::load_or_make(folder.path(), "ca", "acme").unwrap();
        folder
    }

    fn error(folder: &tempfile::TempDir, cluster: &str) -> String {
        let loaded = Authority::load_or_make(folder.path(), "ca", cluster);
        loaded.err().unwrap().to_string()
    }

    #[test]
    fn what_was_made_is_found_again() {
        let folder = folder();
        let pem = read(&folder.path().join("ca.pem")).unwrap();
        let again = Authority::load_or_make(folder.path(), "ca", "acme").unwrap();
        assert_eq!(again.pem(), pem);
    }

    #[test]
    fn files_that_do_not_fit_are_named() {
        let folder = folder();
        assert!(error(&folder, "other").contains("belongs to the cluster \"acme\""));
        let stranger = Authority::make("acme").unwrap();
        write_public(&folder.path().join("ca.pem"), stranger.pem()).unwrap();
        assert!(error(&folder, "acme").contains("is not the key of"));
        write_public(&folder.path().join("ca.pem"), "text").unwrap();
        assert!(error(&folder, "acme").contains("ca.pem holds no certificate"));
        write_public(&folder.path().join("ca.key"), "text").unwrap();
        assert!(error(&folder, "acme").contains("ca.key holds no private key"));
        std::fs::remove_file(folder.path().join("ca.key")).unwrap();
        assert!(error(&folder, "acme").contains("ca.key is not: restore it"));
    }
}
