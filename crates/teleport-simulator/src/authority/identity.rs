//! Identities: the credentials that a caller presents, as Teleport's identity files and as key pairs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use teleport_proto::types::{Metadata, UserSpecV2, UserV2};
use time::Duration;

use crate::{
    authority::{
        Authority, AuthorityError, Issued, Subject, Validity,
        data::{write_private, write_public},
    },
    grpc::access::Verb,
    rules::{
        AUTH_PREFERENCE, BOT, CLOUD_CLUSTER, ROLE, TOKEN, USER, WORKLOAD_CLUSTER, role,
        user::BOT_LABEL,
    },
    ssh::{self, certificates::sign_user},
    store::Refusal,
    tenant::Tenant,
};

/// An identity. The default is a bot with every right on all kinds of objects, valid for a month.
#[derive(Debug, Clone)]
pub struct Identity {
    user: String,
    rights: BTreeMap<String, Vec<Verb>>,
    lifetime: Duration,
    foreign: bool,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            user: "bot-terraform".to_owned(),
            rights: [
                &WORKLOAD_CLUSTER,
                &CLOUD_CLUSTER,
                &USER,
                &ROLE,
                &TOKEN,
                &BOT,
                &AUTH_PREFERENCE,
            ]
            .map(|kind| (kind.name.to_owned(), Verb::ALL.to_vec()))
            .into(),
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
        let rights = (
            WORKLOAD_CLUSTER.name.to_owned(),
            verbs.into_iter().collect(),
        );
        self.rights = [rights].into();
        self
    }

    /// What it may do with another kind of resource, such as `user` or `role`, besides.
    #[must_use]
    pub fn rights(
        mut self,
        resource: impl Into<String>,
        verbs: impl IntoIterator<Item = Verb>,
    ) -> Self {
        self.rights
            .insert(resource.into(), verbs.into_iter().collect());
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
    pub(crate) fn check(&self) -> Result<(), String> {
        // 64 is the most that a common name may have (RFC 5280, appendix A.1).
        if self.user.is_empty() || self.user.chars().count() > 64 {
            return Err("user: must have 1 to 64 characters".to_owned());
        }
        Ok(())
    }
}

/// An identity cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It cannot be signed or written.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Its user or role cannot be stored.
    #[error("{0}")]
    Store(String),
}

impl From<Refusal> for IdentityError {
    fn from(error: Refusal) -> Self {
        Self::Store(error.to_string())
    }
}

/// Makes the identity `name`: a role of that name with its rights in `tenant`, and the identity file `name` in
/// `folder`, whose path is the answer.
pub(crate) fn write(
    tenant: &Tenant,
    folder: &Path,
    name: &str,
    identity: &Identity,
) -> Result<PathBuf, IdentityError> {
    let issued = issue(tenant, name, identity)?;
    let path = folder.join(name);
    write_private(&path, &issued.file(tenant)).map_err(AuthorityError::from)?;
    Ok(path)
}

/// Writes the identities that every simulator offers, and the first of them as a key pair too. The answer is the path of
/// the first one's identity file.
pub(crate) fn write_all(tenant: &Tenant, folder: &Path) -> Result<PathBuf, IdentityError> {
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
    let path = folder.join(IDENTITY);
    write_public(&folder.join("tlscert"), &issued.tls.certificate_pem)
        .and_then(|()| write_private(&folder.join("key"), &issued.tls.key_pem()))
        .and_then(|()| write_public(&folder.join("cas.pem"), tenant.host_authority().pem()))
        .and_then(|()| write_private(&path, &issued.file(tenant)))
        .map_err(AuthorityError::from)?;
    Ok(path)
}

/// A key with its certificates.
struct Credentials {
    tls: Issued,
    ssh: Vec<u8>,
}

fn issue(tenant: &Tenant, name: &str, identity: &Identity) -> Result<Credentials, IdentityError> {
    let validity = Validity::lasting(identity.lifetime);
    let subject = Subject::new(&identity.user, name);
    if identity.foreign {
        let stranger = Authority::make(tenant.name())?;
        return Ok(Credentials::new(&stranger, &subject, validity)?);
    }
    let word = |(resource, verbs): (&'_ String, &'_ Vec<Verb>)| {
        let verbs = verbs.iter().map(Verb::to_string).collect();
        (resource.clone(), verbs)
    };
    let rights: Vec<(String, Vec<String>)> = identity.rights.iter().map(word).collect();
    let rights = rights
        .iter()
        .map(|(name, verbs)| (name.as_str(), verbs.clone()));
    let store = tenant.store();
    store.put(&ROLE, &role::with_rights(name, rights))?;
    store.put(&USER, &user(tenant, &identity.user, name))?;
    let authority = tenant.user_authority();
    Ok(Credentials::new(authority, &subject, validity)?)
}

/// The user `user` with the role `role` besides those that it has.
fn user(tenant: &Tenant, user: &str, role: &str) -> UserV2 {
    let stored = tenant.store().get(&USER, user);
    let mut stored = stored.unwrap_or_else(|_| UserV2 {
        metadata: Some(Metadata {
            name: user.to_owned(),
            labels: match user.strip_prefix("bot-") {
                Some(bot) => [(BOT_LABEL.to_owned(), bot.to_owned())].into(),
                None => Default::default(),
            },
            ..Metadata::default()
        }),
        ..UserV2::default()
    });
    let spec = stored.spec.get_or_insert_with(UserSpecV2::default);
    if !spec.roles.iter().any(|held| held == role) {
        spec.roles.push(role.to_owned());
    }
    stored
}

impl Credentials {
    fn new(
        authority: &Authority,
        subject: &Subject,
        validity: Validity,
    ) -> Result<Self, AuthorityError> {
        let tls = authority.client(subject, validity)?;
        let key = ssh::keys::public(&tls.key);
        let (user, roles) = (&subject.user, &subject.roles);
        let ssh = sign_user(user, roles, &key, authority.key(), validity.seconds())?;
        Ok(Self {
            ssh: ssh.unwrap_or_default(),
            tls,
        })
    }

    /// The identity file, whose parts are in the order in which Teleport writes them (`api/identityfile/identityfile.go`):
    /// key, SSH certificate, TLS certificate, SSH authorities, TLS authorities.
    fn file(&self, tenant: &Tenant) -> String {
        let authority = tenant.host_authority();
        let (cluster, proxy) = (tenant.name(), tenant.proxy_host());
        [
            self.tls.key_pem(),
            ssh::keys::line(&self.ssh),
            self.tls.certificate_pem.clone(),
            ssh::keys::certificate_authority(cluster, proxy, &authority.ssh_key()),
            authority.pem().to_owned(),
        ]
        .concat()
    }
}

const IDENTITY: &str = "identity";
