//! Certificates for keys that callers bring.

use teleport_proto::types::RoleV6;
use time::{Duration, OffsetDateTime};
use tonic::Status;

use crate::{
    authority::{Subject, Validity, keys::PublicKeys},
    ssh,
    tenant::Tenant,
};

/// The certificates of one identity.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// DER.
    pub(crate) tls: Vec<u8>,
    pub(crate) tls_pem: String,
    /// Wire form.
    pub(crate) ssh: Vec<u8>,
}

/// Certifies `keys` for `subject` in `tenant`, until `expires` at most. The server's limits take precedence: 7 days, the
/// shortest session of `roles`, and the life that the scenario gives to certificates.
///
/// # Errors
/// `INVALID_ARGUMENT` when the end is in the past, and `INTERNAL` when nothing can be signed.
pub(crate) fn certify(
    tenant: &Tenant,
    subject: &Subject,
    keys: &PublicKeys,
    expires: OffsetDateTime,
    roles: &[RoleV6],
) -> Result<Certificates, Status> {
    let mut life = (expires - OffsetDateTime::now_utc()).min(MAX_LIFE);
    if !life.is_positive() {
        return Err(Status::invalid_argument(
            "certificate expiry must be in the future",
        ));
    }
    for role in roles {
        let options = role.spec.as_ref().and_then(|spec| spec.options.as_ref());
        if let Some(options) = options {
            life = life.min(Duration::nanoseconds(options.max_session_ttl));
        }
    }
    if let Some(most) = tenant.settings().certificate_life {
        life = life.min(Duration::try_from(most).unwrap_or(MAX_LIFE));
    }
    let validity = Validity::lasting(life);
    let authority = tenant.user_authority();
    let failed = |error: &dyn std::fmt::Display| Status::internal(error.to_string());
    let signed = authority.certify(subject, &keys.tls, validity);
    let tls = signed.map_err(|error| failed(&error))?;
    let seconds = validity.seconds();
    let (user, roles) = (&subject.user, &subject.roles);
    let signed = ssh::certificates::sign_user(user, roles, &keys.ssh, authority.key(), seconds);
    let ssh = signed.map_err(|error| failed(&error))?;
    Ok(Certificates {
        tls_pem: tls.pem(),
        tls: tls.der().to_vec(),
        ssh: ssh.ok_or_else(|| Status::invalid_argument("malformed SSH public key"))?,
    })
}

/// Longest life of a bot's certificate.
const MAX_LIFE: Duration = Duration::days(7);
