//! What clusters hold, from outside: roles, users and tokens of the parent and of its children.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use teleport_proto::{
    types::{Metadata, ProvisionTokenV2, RoleV6, Rule, UserTokenV3, UserV2},
    wrappers::{LabelValues, StringValues},
};

use super::{Control, ControlError};
use crate::{
    Simulator,
    join::{aws::AwsIdentity, id_token::IdTokenIssuer},
    rules::{
        BOT, ROLE, TOKEN, USER, bot, metadata,
        provision_token::JoinToken,
        user::{self, Credentials, MfaDevice},
    },
    store::{Object, Op, Store, Write, object},
    tenant::{PARENT, Tenant},
};

/// A role, for tests and the control API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RoleView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its description.
    pub description: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its revision.
    pub revision: String,
    /// Logins that it allows.
    pub logins: Vec<String>,
    /// Rights that it gives.
    pub rules: Vec<Right>,
    /// Roles that it allows to impersonate.
    pub impersonate: Vec<String>,
}

/// A right that a role gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Right {
    /// Kinds of resource.
    pub resources: Vec<String>,
    /// What may be done.
    pub verbs: Vec<String>,
}

/// A user, for tests and the control API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UserView {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its revision.
    pub revision: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// Its traits.
    pub traits: BTreeMap<String, Vec<String>>,
    /// The user that made it.
    pub created_by: String,
    /// Whether it has a password.
    pub password: bool,
    /// Its weakest second factor.
    pub mfa: MfaDevice,
}

/// An invite or reset link of a user. Its secret is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResetTokenView {
    /// The user.
    pub user: String,
    /// `invite` or `password`.
    pub kind: String,
    /// When it ends, as RFC 3339 text.
    pub expires: String,
}

/// A change of a role without the API. What is `None` stays. A role that is not there is made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleChange {
    /// Its version.
    pub version: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its labels.
    pub labels: Option<HashMap<String, String>>,
    /// Logins that it allows.
    pub logins: Option<Vec<String>>,
    /// Rights that it gives.
    pub rules: Option<Vec<Right>>,
}

/// A change of a user without the API. What is `None` stays. A user that is not there is made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserChange {
    /// Its description.
    pub description: Option<String>,
    /// Its labels.
    pub labels: Option<HashMap<String, String>>,
    /// Its roles, which must be there.
    pub roles: Option<Vec<String>>,
    /// Its traits.
    pub traits: Option<HashMap<String, Vec<String>>>,
    /// Whether it has a password.
    pub password: Option<bool>,
    /// Its weakest second factor.
    pub mfa: Option<MfaDevice>,
    /// Follows its link, if it has one: the link is used up, and password and second factor are set.
    pub sign_up: bool,
}

impl Simulator {
    /// The roles of the child of the workload cluster `cluster`, or of `parent`, in the order of their names.
    ///
    /// # Errors
    /// When the cluster does not run.
    pub fn roles(&self, cluster: &str) -> Result<Vec<RoleView>, ControlError> {
        self.control.roles(cluster)
    }

    /// The users of a cluster, in the order of their names.
    ///
    /// # Errors
    /// When the cluster does not run.
    pub fn users(&self, cluster: &str) -> Result<Vec<UserView>, ControlError> {
        self.control.users(cluster)
    }

    /// The join tokens of a cluster, in the order of their names.
    ///
    /// # Errors
    /// When the cluster does not run.
    pub fn join_tokens(&self, cluster: &str) -> Result<Vec<JoinToken>, ControlError> {
        self.control.join_tokens(cluster)
    }

    /// The links of a cluster that are neither used nor expired, in the order of their users.
    ///
    /// # Errors
    /// When the cluster does not run.
    pub fn reset_tokens(&self, cluster: &str) -> Result<Vec<ResetTokenView>, ControlError> {
        self.control.reset_tokens(cluster)
    }

    /// Changes a role without the API, or makes it.
    ///
    /// # Errors
    /// When the cluster does not run, or when the server's rules refuse the role.
    pub fn change_role(
        &self,
        cluster: &str,
        name: &str,
        change: RoleChange,
    ) -> Result<RoleView, ControlError> {
        self.control.change_role(cluster, name, change)
    }

    /// Takes a role away without the API, even if users have it. False when there is none.
    ///
    /// # Errors
    /// When the cluster does not run.
    pub fn delete_role(&self, cluster: &str, name: &str) -> Result<bool, ControlError> {
        self.control.delete_role(cluster, name)
    }

    /// Changes a user without the API, or makes it.
    ///
    /// # Errors
    /// When the cluster does not run, or when the server's rules refuse the user.
    pub fn change_user(
        &self,
        cluster: &str,
        name: &str,
        change: UserChange,
    ) -> Result<UserView, ControlError> {
        self.control.change_user(cluster, name, change)
    }

    /// Takes a user away without the API. False when there is none.
    ///
    /// # Errors
    /// When the cluster does not run.
    pub fn delete_user(&self, cluster: &str, name: &str) -> Result<bool, ControlError> {
        self.control.delete_user(cluster, name)
    }

    /// Makes or replaces a join token, and its bot if that is not there. The bot may have certificates of the role with its
    /// own name made.
    ///
    /// # Errors
    /// When the cluster does not run, or when the token says nothing about who may join.
    pub fn put_join_token(&self, cluster: &str, token: JoinToken) -> Result<(), ControlError> {
        self.control.put_join_token(cluster, token)
    }

    /// Takes a join token away. False when there is none.
    ///
    /// # Errors
    /// When the cluster does not run.
    pub fn delete_join_token(&self, cluster: &str, name: &str) -> Result<bool, ControlError> {
        self.control.delete_join_token(cluster, name)
    }

    /// Makes an AWS identity known to AWS, in place of one with the same access key and session token.
    ///
    /// # Errors
    /// When it is incomplete.
    pub fn put_aws_identity(&self, identity: AwsIdentity) -> Result<(), ControlError> {
        self.control.put_aws_identity(identity)
    }

    /// Makes an identity provider known to all clusters, in place of one of the same name.
    ///
    /// # Errors
    /// When it is incomplete.
    pub fn put_id_token_issuer(&self, issuer: IdTokenIssuer) -> Result<(), ControlError> {
        self.control.put_id_token_issuer(issuer)
    }
}

impl Control {
    /// The child of the workload cluster `name`, or the parent.
    pub(crate) fn cluster_named(&self, name: &str) -> Result<Arc<Tenant>, ControlError> {
        if name == PARENT {
            return Ok(self.tenant.clone());
        }
        let child = self.children.find(name);
        child
            .map(|child| child.tenant)
            .ok_or_else(|| ControlError::NotFound(format!("no cluster runs for the name {name:?}")))
    }

    pub(crate) fn roles(&self, cluster: &str) -> Result<Vec<RoleView>, ControlError> {
        let tenant = self.cluster_named(cluster)?;
        let roles: Vec<RoleV6> = tenant.store().all(&ROLE);
        Ok(roles.into_iter().map(RoleView::from).collect())
    }

    pub(crate) fn users(&self, cluster: &str) -> Result<Vec<UserView>, ControlError> {
        let tenant = self.cluster_named(cluster)?;
        let state = tenant.store().lock();
        Ok(state.stored(&USER).map(|(_, user)| user.into()).collect())
    }

    pub(crate) fn join_tokens(&self, cluster: &str) -> Result<Vec<JoinToken>, ControlError> {
        let tenant = self.cluster_named(cluster)?;
        let tokens: Vec<ProvisionTokenV2> = tenant.store().all(&TOKEN);
        Ok(tokens.iter().filter_map(JoinToken::of).collect())
    }

    pub(crate) fn reset_tokens(&self, cluster: &str) -> Result<Vec<ResetTokenView>, ControlError> {
        let tokens = self.cluster_named(cluster)?.store().reset_tokens();
        Ok(tokens.into_iter().map(ResetTokenView::from).collect())
    }

    pub(crate) fn change_role(
        &self,
        cluster: &str,
        name: &str,
        change: RoleChange,
    ) -> Result<RoleView, ControlError> {
        let tenant = self.cluster_named(cluster)?;
        let store = tenant.store();
        let mut role = store.get(&ROLE, name).unwrap_or_else(|_| RoleV6 {
            version: "v8".to_owned(),
            metadata: Some(named(name)),
            ..RoleV6::default()
        });
        change.apply(&mut role);
        store.put(&ROLE, &role)?;
        Ok(store.get::<RoleV6>(&ROLE, name)?.into())
    }

    pub(crate) fn delete_role(&self, cluster: &str, name: &str) -> Result<bool, ControlError> {
        Ok(self.cluster_named(cluster)?.store().remove(&ROLE, name))
    }

    pub(crate) fn change_user(
        &self,
        cluster: &str,
        name: &str,
        change: UserChange,
    ) -> Result<UserView, ControlError> {
        let tenant = self.cluster_named(cluster)?;
        change.apply(name, tenant.store())?;
        let state = tenant.store().lock();
        let user = state.object(&USER, name).map(UserView::from);
        Ok(user.ok_or_else(|| (USER.missing)(name))?)
    }

    pub(crate) fn delete_user(&self, cluster: &str, name: &str) -> Result<bool, ControlError> {
        Ok(self.cluster_named(cluster)?.store().remove(&USER, name))
    }

    pub(crate) fn put_join_token(
        &self,
        cluster: &str,
        token: JoinToken,
    ) -> Result<(), ControlError> {
        token.check().map_err(ControlError::Invalid)?;
        let tenant = self.cluster_named(cluster)?;
        let store = tenant.store();
        let bot = token.bot.clone();
        if store.get::<UserV2>(&USER, &bot::key(&bot)).is_err() {
            store.put(&BOT, &bot::with_roles(&bot, std::slice::from_ref(&bot)))?;
        }
        Ok(store.put(&TOKEN, &ProvisionTokenV2::from(token))?)
    }

    pub(crate) fn delete_join_token(
        &self,
        cluster: &str,
        name: &str,
    ) -> Result<bool, ControlError> {
        Ok(self.cluster_named(cluster)?.store().remove(&TOKEN, name))
    }

    pub(crate) fn put_aws_identity(&self, identity: AwsIdentity) -> Result<(), ControlError> {
        identity.check().map_err(ControlError::Invalid)?;
        if self.tenant.shared().put_aws_identity(identity) {
            return Ok(());
        }
        Err(ControlError::TooMany(
            "limit of AWS identities is reached".to_owned(),
        ))
    }

    pub(crate) fn put_id_token_issuer(&self, issuer: IdTokenIssuer) -> Result<(), ControlError> {
        issuer.check().map_err(ControlError::Invalid)?;
        if self.tenant.shared().put_id_token_issuer(issuer) {
            return Ok(());
        }
        Err(ControlError::TooMany(
            "limit of issuers of ID tokens is reached".to_owned(),
        ))
    }
}

impl RoleChange {
    fn apply(self, role: &mut RoleV6) {
        change(self.version, &mut role.version);
        let metadata = role.metadata.get_or_insert_default();
        change(self.description, &mut metadata.description);
        change(self.labels, &mut metadata.labels);
        let allow = role
            .spec
            .get_or_insert_default()
            .allow
            .get_or_insert_default();
        change(self.logins, &mut allow.logins);
        let rule = |Right { resources, verbs }| Rule {
            resources,
            verbs,
            ..Rule::default()
        };
        let rules = self
            .rules
            .map(|rules| rules.into_iter().map(rule).collect());
        change(rules, &mut allow.rules);
    }
}

impl UserChange {
    fn apply(self, name: &str, store: &Store) -> Result<(), ControlError> {
        let old = store.get(&USER, name);
        let missing = old.is_err();
        let mut user = old.unwrap_or_else(|_| UserV2 {
            metadata: Some(named(name)),
            ..UserV2::default()
        });
        let metadata = user.metadata.get_or_insert_default();
        change(self.description, &mut metadata.description);
        change(self.labels, &mut metadata.labels);
        let spec = user.spec.get_or_insert_default();
        change(self.roles, &mut spec.roles);
        let traits = self.traits.map(|traits| {
            let list = |(name, values)| (name, StringValues { values });
            Some(LabelValues {
                values: traits.into_iter().map(list).collect(),
            })
        });
        change(traits, &mut spec.traits);
        let op = if missing { Op::Create } else { Op::Update };
        let write = Write {
            caller: Some("admin".to_owned()),
            ..Write::new(op, object::untyped(USER.message, &user)?)
        };
        store.write(&USER, write)?;
        let (mut password, mut mfa) = (self.password, self.mfa);
        if self.sign_up && store.use_reset_token(name) {
            password = password.or(Some(true));
            mfa = mfa.or(Some(MfaDevice::Webauthn));
        }
        if password.is_some() || mfa.is_some() {
            let mut state = store.lock();
            let old = state.object(&USER, name).map(user::credentials);
            let old = old.unwrap_or_default();
            let new = Credentials {
                password: password.unwrap_or(old.password),
                mfa: mfa.unwrap_or(old.mfa),
            };
            state.without_lag(|state| user::set_credentials(state, name, new));
        }
        Ok(())
    }
}

impl From<RoleV6> for RoleView {
    fn from(role: RoleV6) -> Self {
        let metadata = role.metadata.unwrap_or_default();
        let allow = role.spec.unwrap_or_default().allow.unwrap_or_default();
        let right = |rule: Rule| Right {
            resources: rule.resources,
            verbs: rule.verbs,
        };
        Self {
            name: metadata.name,
            version: role.version,
            description: metadata.description,
            labels: metadata.labels.into_iter().collect(),
            revision: metadata.revision,
            logins: allow.logins,
            rules: allow.rules.into_iter().map(right).collect(),
            impersonate: allow.impersonate.unwrap_or_default().roles,
        }
    }
}

impl From<&Object> for UserView {
    fn from(object: &Object) -> Self {
        let user: UserV2 = object::typed(&object.message).unwrap_or_default();
        let Credentials { password, mfa } = user::credentials(object);
        let metadata = user.metadata.unwrap_or_default();
        let spec = user.spec.unwrap_or_default();
        let traits = spec.traits.unwrap_or_default().values.into_iter();
        let created_by = spec.created_by.and_then(|created_by| created_by.user);
        Self {
            name: metadata.name,
            description: metadata.description,
            labels: metadata.labels.into_iter().collect(),
            revision: metadata.revision,
            roles: spec.roles,
            traits: traits.map(|(name, list)| (name, list.values)).collect(),
            created_by: created_by.unwrap_or_default().name,
            password,
            mfa,
        }
    }
}

impl From<UserTokenV3> for ResetTokenView {
    fn from(token: UserTokenV3) -> Self {
        let expires = token.metadata.and_then(|metadata| metadata.expires);
        let expires = expires.map_or(SystemTime::UNIX_EPOCH, metadata::time_of);
        Self {
            user: token.spec.unwrap_or_default().user,
            kind: token.sub_kind,
            expires: humantime::format_rfc3339_millis(expires).to_string(),
        }
    }
}

fn change<T>(new: Option<T>, place: &mut T) {
    if let Some(new) = new {
        *place = new;
    }
}

fn named(name: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        ..Metadata::default()
    }
}
