//! Certificates of users and hosts (`PROTOCOL.certkeys` of OpenSSH), with the extensions of Teleport's.

use std::time::{SystemTime, UNIX_EPOCH};

use rcgen::SigningKey;
use serde::{Deserialize, Serialize};
use ssh_encoding::Encode;
use ssh_key::{Certificate, PublicKey, certificate::CertType};

use super::{SshError, keys};

/// What a certificate says of its key.
pub(crate) struct Claims<'a> {
    /// Whose key it is: a user, or a host.
    pub(crate) of: CertType,
    /// Name of the user, or of the host.
    pub(crate) id: &'a str,
    /// Logins of the user, or names of the host.
    pub(crate) principals: &'a [&'a str],
    /// Roles of the user.
    pub(crate) roles: &'a [String],
    /// When it starts and ends, in seconds since 1970.
    pub(crate) seconds: (u64, u64),
}

/// The certificate of the user `user` with `roles`, in the way of [`sign`].
pub(crate) fn sign_user(
    user: &str,
    roles: &[String],
    key: &[u8],
    authority: &impl SigningKey,
    seconds: (u64, u64),
) -> Result<Option<Vec<u8>>, SshError> {
    let claims = Claims {
        of: CertType::User,
        id: user,
        principals: &[user, INTERNAL_LOGIN],
        roles,
        seconds,
    };
    sign(&claims, key, authority)
}

/// The certificate in wire form for the public key `key`, signed by the key `authority` on P-256. `None` when `key` is
/// not a public key.
///
/// # Errors
/// When `authority` cannot sign.
pub(crate) fn sign(
    claims: &Claims<'_>,
    key: &[u8],
    authority: &impl SigningKey,
) -> Result<Option<Vec<u8>>, SshError> {
    let Some((kind, fields)) = keys::parse(key) else {
        return Ok(None);
    };
    let mut blob = Vec::new();
    format!("{kind}{CERTIFICATE_SUFFIX}").encode(&mut blob)?;
    fastrand::u128(..).to_be_bytes()[..].encode(&mut blob)?; // nonce
    blob.extend_from_slice(fields);
    1_u64.encode(&mut blob)?; // serial
    claims.of.encode(&mut blob)?;
    claims.id.encode(&mut blob)?;
    let mut principals = Vec::new();
    for principal in claims.principals {
        principal.encode(&mut principals)?;
    }
    principals.encode(&mut blob)?;
    claims.seconds.0.encode(&mut blob)?;
    claims.seconds.1.encode(&mut blob)?;
    "".encode(&mut blob)?; // critical options
    extensions(claims.roles)?.encode(&mut blob)?;
    "".encode(&mut blob)?; // reserved
    keys::public(authority).encode(&mut blob)?;
    keys::sign(authority, &blob)?.encode(&mut blob)?;
    Ok(Some(blob))
}

/// Checks the certificate of a user that wants to log in as `login`, as a proxy does (`keyAuth` in
/// `lib/reversetunnel/srv.go`): the key `authority` in wire form must have signed it. The answer is the certificate.
///
/// # Errors
/// The reason for a refusal.
pub(crate) fn check_user(
    blob: &[u8],
    authority: &[u8],
    login: &str,
) -> Result<Certificate, &'static str> {
    let certificate = Certificate::from_bytes(blob).map_err(|_| "key has no certificate")?;
    if certificate.cert_type() != CertType::User {
        return Err("certificate is not of a user");
    }
    check_signature(&certificate, blob, authority)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    if !(certificate.valid_after()..certificate.valid_before()).contains(&now) {
        return Err("certificate has expired, or is not valid yet");
    }
    if !certificate
        .valid_principals()
        .iter()
        .any(|name| name == login)
    {
        return Err("certificate is not for this login");
    }
    if !certificate.critical_options().is_empty() {
        return Err("certificate has an unknown critical option");
    }
    let roles = certificate.extensions().get(ROLES);
    let roles = roles.and_then(|text| serde_json::from_str::<Roles>(text).ok());
    match roles.is_some_and(|roles| !roles.roles.is_empty()) {
        true => Ok(certificate),
        false => Err("certificate has no roles"),
    }
}

/// Checks that the key `authority` in wire form has signed a certificate. The signature is the last field, and covers those
/// before it.
pub(crate) fn check_signature(
    certificate: &Certificate,
    blob: &[u8],
    authority: &[u8],
) -> Result<(), &'static str> {
    let signer = certificate.signature_key();
    let key = PublicKey::from(signer.clone()).to_bytes();
    if key.is_ok_and(|key| key != authority) {
        return Err("certificate is of an unknown authority");
    }
    let mut signature = Vec::new();
    let written = certificate.signature().encode_prefixed(&mut signature);
    let signed = blob.strip_suffix(&signature[..]);
    let signed = signed.filter(|_| written.is_ok());
    match signed.is_some_and(|signed| keys::verify(signer, certificate.signature(), signed)) {
        true => Ok(()),
        false => Err("signature of the certificate is wrong"),
    }
}

/// The extensions in wire form.
fn extensions(roles: &[String]) -> Result<Vec<u8>, SshError> {
    let mut extensions = Vec::new();
    if !roles.is_empty() {
        let roles = Roles {
            version: "v1".to_owned(),
            roles: roles.to_vec(),
        };
        let text = serde_json::to_string(&roles).map_err(std::io::Error::from)?;
        ROLES.encode(&mut extensions)?;
        text.encode_prefixed(&mut extensions)?;
    }
    Ok(extensions)
}

/// The roles of a user, as Teleport writes them (`MarshalCertRoles` in `lib/services/role.go`).
#[derive(Serialize, Deserialize)]
struct Roles {
    version: String,
    roles: Vec<String>,
}

/// A login that every user has, and that clients with certificates from files say (`api/client/credentials.go`).
const INTERNAL_LOGIN: &str = "-teleport-internal-join";
/// Extension with the roles of a user.
const ROLES: &str = "teleport-roles";
const CERTIFICATE_SUFFIX: &str = "-cert-v01@openssh.com";

#[cfg(test)]
mod tests {
    use rcgen::KeyPair;

    use super::*;

    const NOW: (u64, u64) = (5, 1 << 40);

    fn made(roles: &[String], seconds: (u64, u64), authority: &KeyPair) -> Vec<u8> {
        let key = keys::public(&KeyPair::generate().unwrap());
        let made = sign_user("bot-a", roles, &key, authority, seconds);
        made.unwrap().unwrap()
    }

    #[test]
    fn a_certificate_of_a_user_has_logins_times_and_roles() {
        let authority = KeyPair::generate().unwrap();
        let roles = ["editor".to_owned()];
        let blob = made(&roles, (5, 7), &authority);
        let line = keys::line(&blob);
        let certificate = Certificate::from_openssh(&line).unwrap();
        assert_eq!(certificate.key_id(), "bot-a");
        assert_eq!(certificate.valid_principals(), ["bot-a", INTERNAL_LOGIN]);
        assert_eq!(
            (certificate.valid_after(), certificate.valid_before()),
            (5, 7)
        );
        let roles = r#"{"version":"v1","roles":["editor"]}"#;
        assert_eq!(certificate.extensions()["teleport-roles"], roles);
        assert!(line.starts_with("ecdsa-sha2-nistp256-cert-v01@openssh.com "));
    }

    #[test]
    fn only_a_valid_certificate_of_the_authority_is_accepted() {
        let (authority, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let public = keys::public(&authority);
        let roles = ["editor".to_owned()];
        let good = made(&roles, NOW, &authority);
        for login in ["bot-a", INTERNAL_LOGIN] {
            assert!(check_user(&good, &public, login).is_ok());
        }
        let mut changed = good.clone();
        changed[60] ^= 1;
        for (blob, login, reason) in [
            (good.clone(), "root", "login"),
            (changed, "bot-a", "wrong"),
            (public.clone(), "bot-a", "no certificate"),
            (made(&[], NOW, &authority), "bot-a", "no roles"),
            (made(&roles, (5, 7), &authority), "bot-a", "expired"),
            (
                made(&roles, (1 << 40, 1 << 41), &authority),
                "bot-a",
                "not valid yet",
            ),
            (made(&roles, NOW, &other), "bot-a", "unknown authority"),
        ] {
            let refused = check_user(&blob, &public, login).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }

    #[test]
    fn a_host_is_no_user() {
        let authority = KeyPair::generate().unwrap();
        let claims = Claims {
            of: CertType::Host,
            id: "proxy",
            principals: &["bot-a"],
            roles: &["editor".to_owned()],
            seconds: NOW,
        };
        let host = sign(&claims, &keys::public(&authority), &authority);
        let refused = check_user(&host.unwrap().unwrap(), &keys::public(&authority), "bot-a");
        assert_eq!(refused.unwrap_err(), "certificate is not of a user");
    }

    #[test]
    fn what_is_no_public_key_gets_no_certificate() {
        let authority = KeyPair::generate().unwrap();
        let made = sign_user("a", &[], b"key", &authority, NOW);
        assert!(made.unwrap().is_none());
    }
}
