//! The identity of the client: a certificate with its key, and the CAs of the cluster that issued it.

use std::{fmt, sync::Arc};

use rustls::{
    RootCertStore,
    pki_types::CertificateDer,
    sign::{CertifiedKey, SigningKey},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use crate::shown;

/// A client certificate with its key, the CAs that verify the cluster, and what the certificate says.
#[derive(Clone)]
pub(crate) struct Identity {
    certified_key: Arc<CertifiedKey>,
    cluster_roots: Arc<RootCertStore>,
    user: String,
    cluster_name: Option<String>,
    not_after: OffsetDateTime,
}

/// Why certificate, key and CAs are not an identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidIdentity {
    /// There is no certificate.
    #[error("it has no client certificate")]
    NoCertificate,
    /// A certificate cannot be read.
    #[error("the client certificate is damaged")]
    Certificate,
    /// The key belongs to another certificate.
    #[error("the private key does not belong to the certificate of {:?}", shown::name(.user))]
    KeyMismatch {
        /// Subject of the certificate.
        user: String,
    },
    /// There is no CA.
    #[error("it has no CA certificate, so the cluster cannot be verified")]
    NoCa,
    /// A CA cannot be used.
    #[error("CA certificate number {number} is damaged")]
    Ca {
        /// Which, counting from 1.
        number: usize,
    },
}

/// The certificate is no longer valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate of {:?}{} expired at {}, {} ago (it is now {})", shown::name(.user), of_cluster(.cluster_name), timestamp(.not_after), ago(.not_after, .now), timestamp(.now))]
pub(crate) struct Expired {
    /// Subject of the certificate.
    pub(crate) user: String,
    /// Cluster that issued it.
    pub(crate) cluster_name: Option<String>,
    /// When it expired.
    pub(crate) not_after: OffsetDateTime,
    /// When that was noticed.
    pub(crate) now: OffsetDateTime,
}

impl Identity {
    /// An identity of its parts. The first certificate is the client's own; the others are sent with it.
    ///
    /// # Errors
    ///
    /// When a part is missing or damaged, or the key belongs to another certificate. An expired certificate is not an error here:
    /// see [`Identity::check_validity`].
    pub(crate) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: Arc<dyn SigningKey>,
        cas: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> Result<Self, InvalidIdentity> {
        let leaf = chain.first().ok_or(InvalidIdentity::NoCertificate)?;
        let (_, parsed) =
            X509Certificate::from_der(leaf).map_err(|_| InvalidIdentity::Certificate)?;
        let user = common_name(parsed.subject()).unwrap_or_default();
        let cluster_name = organization(parsed.issuer());
        let not_after = parsed.validity().not_after.to_datetime();

        let certified_key = CertifiedKey::new(chain, key);
        match certified_key.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => {
                return Err(InvalidIdentity::KeyMismatch { user });
            }
            Err(_) => return Err(InvalidIdentity::Certificate),
        }
        let mut cluster_roots = RootCertStore::empty();
        for (index, ca) in cas.into_iter().enumerate() {
            let number = index + 1;
            cluster_roots
                .add(ca)
                .map_err(|_| InvalidIdentity::Ca { number })?;
        }
        if cluster_roots.is_empty() {
            return Err(InvalidIdentity::NoCa);
        }
        Ok(Self {
            certified_key: Arc::new(certified_key),
            cluster_roots: Arc::new(cluster_roots),
            user,
            cluster_name,
            not_after,
        })
    }

    /// The user that the certificate is for. A bot has a user too.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// The cluster whose CA issued the certificate: the issuer's first organization, which is where Teleport puts it.
    pub(crate) fn cluster_name(&self) -> Option<&str> {
        self.cluster_name.as_deref()
    }

    /// When the certificate expires.
    pub(crate) fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// Checks that the certificate has not expired. Its start is not checked: clocks differ, and the server decides.
    ///
    /// # Errors
    ///
    /// When it has.
    pub(crate) fn check_validity(&self, now: OffsetDateTime) -> Result<(), Expired> {
        if now <= self.not_after {
            return Ok(());
        }
        Err(Expired {
            user: self.user.clone(),
            cluster_name: self.cluster_name.clone(),
            not_after: self.not_after,
            now,
        })
    }

    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        self.certified_key.clone()
    }

    pub(crate) fn cluster_roots(&self) -> Arc<RootCertStore> {
        self.cluster_roots.clone()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("user", &self.user)
            .field("cluster_name", &self.cluster_name)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// The first common name in a distinguished name.
pub(crate) fn common_name(name: &X509Name<'_>) -> Option<String> {
    let attribute = name.iter_common_name().next()?;
    attribute.as_str().ok().map(str::to_owned)
}

/// The first organization in a distinguished name.
pub(crate) fn organization(name: &X509Name<'_>) -> Option<String> {
    let attribute = name.iter_organization().next()?;
    attribute
        .as_str()
        .ok()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn of_cluster(cluster_name: &Option<String>) -> String {
    cluster_name.as_ref().map_or_else(String::new, |name| {
        format!(" in cluster {:?}", shown::name(name))
    })
}

fn timestamp(at: &OffsetDateTime) -> String {
    let whole = at.replace_nanosecond(0).unwrap_or(*at);
    whole.format(&Rfc3339).unwrap_or_else(|_| whole.to_string())
}

fn ago(then: &OffsetDateTime, now: &OffsetDateTime) -> String {
    let seconds = (*now - *then).whole_seconds().unsigned_abs();
    // Two units are enough: "3 days 2 h", not each second of it.
    let rounded = match seconds {
        0..3_600 => seconds,
        3_600..86_400 => seconds - seconds % 60,
        _ => seconds - seconds % 3_600,
    };
    humantime::format_duration(std::time::Duration::from_secs(rounded)).to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::testing::Authority;

    #[test]
    fn the_certificate_says_user_and_cluster() {
        let authority = Authority::new("parent.example.com");
        let identity = authority.identity("bot-builder");
        assert_eq!(identity.user(), "bot-builder");
        assert_eq!(identity.cluster_name(), Some("parent.example.com"));
        assert!(identity.check_validity(OffsetDateTime::now_utc()).is_ok());
    }

    #[test]
    fn an_expired_certificate_is_described() {
        let expired = Expired {
            user: "bot-builder".to_owned(),
            cluster_name: Some("parent".to_owned()),
            not_after: datetime!(2026-01-01 10:00:00 UTC),
            now: datetime!(2026-01-03 12:30:00 UTC),
        };
        assert_eq!(
            expired.to_string(),
            "the certificate of \"bot-builder\" in cluster \"parent\" expired at 2026-01-01T10:00:00Z, 2days 2h ago (it is now \
             2026-01-03T12:30:00Z)"
        );
    }

    #[test]
    fn long_names_in_a_certificate_are_shown_in_part() {
        let long = "x".repeat(5000);
        let expired = Expired {
            user: long.clone(),
            cluster_name: Some(long.clone()),
            not_after: datetime!(2026-01-01 10:00:00 UTC),
            now: datetime!(2026-01-03 12:30:00 UTC),
        };
        let mismatch = InvalidIdentity::KeyMismatch { user: long };
        for text in [expired.to_string(), mismatch.to_string()] {
            let is_cut = text.contains("... (4745 more characters)\"");
            assert!(is_cut && text.len() < 1000, "{text}");
        }
    }

    #[test]
    fn the_last_second_is_still_valid() {
        let identity = Authority::new("parent").identity("bot");
        assert!(identity.check_validity(identity.not_after()).is_ok());
        let later = identity.not_after() + time::Duration::SECOND;
        assert_eq!(identity.check_validity(later).unwrap_err().user, "bot");
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let authority = Authority::new("parent");
        let one = authority.identity("one").certified_key();
        let two = authority.identity("two").certified_key();
        let mixed = Identity::new(one.cert.clone(), two.key.clone(), [authority.certificate()]);
        assert_eq!(
            mixed.unwrap_err(),
            InvalidIdentity::KeyMismatch {
                user: "one".to_owned()
            }
        );
    }

    #[test]
    fn missing_and_damaged_parts_are_refused() {
        let authority = Authority::new("parent");
        let key = authority.identity("one").certified_key();
        let damaged = || CertificateDer::from(vec![1, 2, 3]);
        let new = |chain, cas: Vec<_>| Identity::new(chain, key.key.clone(), cas).unwrap_err();
        assert_eq!(new(vec![], vec![]), InvalidIdentity::NoCertificate);
        assert_eq!(new(vec![damaged()], vec![]), InvalidIdentity::Certificate);
        assert_eq!(new(key.cert.clone(), vec![]), InvalidIdentity::NoCa);
        assert_eq!(
            new(key.cert.clone(), vec![authority.certificate(), damaged()]),
            InvalidIdentity::Ca { number: 2 }
        );
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?}", Authority::new("parent").identity("one"));
        assert!(
            shown.contains("one") && !shown.to_lowercase().contains("key"),
            "{shown}"
        );
    }
}
