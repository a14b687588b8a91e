//! Identities: the credentials that a caller presents, as Teleport's identity files and as key pairs.

use std::path::{Path, PathBuf};

use time::Duration;

use super::{
    access::Verb,
    authority::{Authority, AuthorityError, Issued, Validity},
    data::{write_private, write_public},
    ssh,
    tenant::Tenant,
};

/// What an identity is to be. The default is a bot with every right on workload clusters, good for a month.
#[derive(Debug, Clone)]
pub struct Identity {
    user: String,
    verbs: Vec<Verb>,
    lifetime: Duration,
    foreign: bool,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            user: "bot-terraform".to_owned(),
            verbs: Verb::ALL.to_vec(),
            lifetime: Duration::days(30),
            foreign: false,
        }
    }
}

impl Identity {
    /// Name of the user. One that starts with `bot-` is a bot, which is exempt from MFA.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// What it may do with workload clusters, and nothing else.
    #[must_use]
    pub fn verbs(mut self, verbs: impl IntoIterator<Item = Verb>) -> Self {
        self.verbs = verbs.into_iter().collect();
        self
    }

    /// Seconds from now until its certificate expires; a negative number makes one that has expired.
    #[must_use]
    pub fn expires_in(mut self, seconds: i64) -> Self {
        self.lifetime = Duration::seconds(seconds);
        self
    }

    /// Has its certificate signed by a certificate authority that the cluster does not know.
    #[must_use]
    pub fn foreign(mut self) -> Self {
        self.foreign = true;
        self
    }

    /// Checks the user's name. The answer is the text of the refusal.
    pub(super) fn check(&self) -> Result<(), String> {
        // 64 is the most that a common name may have (RFC 5280, appendix A.1).
        if self.user.is_empty() || self.user.chars().count() > 64 {
            return Err("user: must have 1 to 64 characters".to_owned());
        }
        Ok(())
    }
}

/// Makes the identity `name`: a role of that name with its rights in `tenant`, and the identity file `name` in
/// `folder`, whose path is the answer.
pub(super) fn write(
    tenant: &Tenant,
    folder: &Path,
    name: &str,
    identity: &Identity,
) -> Result<PathBuf, AuthorityError> {
    let issued = issue(tenant, name, identity)?;
    let path = folder.join(name);
    write_private(&path, &text(tenant, &identity.user, &issued)?)?;
    Ok(path)
}

/// Writes the identities that every simulator offers, and the first of them as a key pair too. The answer is the path of
/// the first one's identity file.
pub(super) fn write_all(tenant: &Tenant, folder: &Path) -> Result<PathBuf, AuthorityError> {
    let bot = Identity::default();
    let human = Identity::default().user("alice");
    write(tenant, folder, "identity-human", &human)?;
    let powerless = Identity::default().user("bot-powerless").verbs([]);
    write(tenant, folder, "identity-no-rights", &powerless)?;
    let expired = bot.clone().expires_in(-3600);
    write(tenant, folder, "identity-expired", &expired)?;
    let foreign = bot.clone().foreign();
    write(tenant, folder, "identity-foreign", &foreign)?;

    let issued = issue(tenant, IDENTITY, &bot)?;
    write_public(&folder.join("tlscert"), &issued.certificate_pem)?;
    write_private(&folder.join("key"), &issued.key_pem())?;
    write_public(&folder.join("cas.pem"), tenant.host_authority().pem())?;
    let path = folder.join(IDENTITY);
    write_private(&path, &text(tenant, &bot.user, &issued)?)?;
    Ok(path)
}

fn issue(tenant: &Tenant, name: &str, identity: &Identity) -> Result<Issued, AuthorityError> {
    let validity = Validity::lasting(identity.lifetime);
    if identity.foreign {
        let stranger = Authority::make(tenant.name())?;
        return stranger.client(&identity.user, name, validity);
    }
    tenant.roles().set(name, &identity.verbs);
    tenant
        .user_authority()
        .client(&identity.user, name, validity)
}

/// The parts in the order in which Teleport writes them (`api/identityfile/identityfile.go`): key, SSH certificate, TLS
/// certificate, SSH authorities, TLS authorities.
fn text(tenant: &Tenant, user: &str, issued: &Issued) -> Result<String, AuthorityError> {
    let authority = tenant.host_authority();
    let mut text = issued.key_pem();
    text.push_str(&ssh::user_certificate(
        user,
        issued.key.public_key_raw(),
        tenant.user_authority().key(),
    )?);
    text.push_str(&issued.certificate_pem);
    text.push_str(&ssh::certificate_authority(
        tenant.name(),
        tenant.proxy_host(),
        authority.key().public_key_raw(),
    ));
    text.push_str(authority.pem());
    Ok(text)
}

const IDENTITY: &str = "identity";
