//! The user that a link is for, and the link.

use std::time::Duration;

use prost_reflect::DynamicMessage;
use teleport_client::{Error, ErrorKind};
use teleport_proto::types::{UserTokenV3, UserV2};
use tfplugin::{Diagnostics, Path, Private, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    clusters::{
        guard::{self, Checked},
        target::{Fate, Target},
    },
    duration,
    engine::{
        Shape,
        private_state::{PrivateState, Write},
        read::{WAITS, is_not_found, is_stale},
        run::{Run, retry},
    },
    errors::{self, Summary, call_failed, call_failed_so},
    kinds::user,
};

/// A user who gets a link.
pub(super) struct Invited {
    target: Target,
    name: String,
    user: UserV2,
}

/// The user that a new link is for, or an error that says why there is none.
pub(super) async fn invited(
    run: &Run,
    shape: &Shape,
    planned: &Value,
    diags: &mut Diagnostics,
) -> Option<Invited> {
    let target = Target::of(planned, run, diags)?;
    let name = planned.field("user").as_str().unwrap_or_default();
    let doing = format!("reading the user {name:?}");
    let users = target.client().objects(user::USER.rpcs);
    // The same apply may have just created or recreated the user, and the server's cache lags.
    let read = async {
        let write = target.own_write(user::USER.noun, name).await?;
        let again = |read: &Result<DynamicMessage, Error>| {
            is_not_found(read) || is_stale(shape, read, &Value::Null, write.as_ref())
        };
        retry(WAITS, || users.get(name), again).await
    };
    match run.call(&doing, diags, read).await? {
        Ok(user) => Some(Invited::new(target, name, &user)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            errors::error(Summary::UserNotFound)
                .at(Path::attribute("user"))
                .detail(format!(
                    "There is no user {name:?} to create a link for. If this configuration creates the user, refer to it: user = \
                     teleport_user.NAME.metadata.name."
                ))
                .add(diags);
            None
        }
        Err(error) => {
            let memory = PrivateState::default();
            if target.is_gone(&error, &doing, &memory, diags).await {
                target.missing(&doing, diags).await;
            }
            None
        }
    }
}

/// What a refresh finds.
pub(super) enum Found {
    /// The user that the link is for, or another one of the same name.
    User(Box<Invited>),
    /// The workload cluster is gone, and the link with it.
    NoCluster,
    /// No user, or it could not be read. That is an error for the resources that need it, and not for this one.
    Nothing,
}

/// Looks for the user that the link in the state is for.
pub(super) async fn look(
    run: &Run,
    state: &Value,
    memory: &PrivateState,
    diags: &mut Diagnostics,
) -> Found {
    if Target::unknown(state, run).is_some() {
        return Found::Nothing;
    }
    let Some(target) = Target::of(state, run, &mut Diagnostics::new()) else {
        return Found::Nothing;
    };
    let name = state.field("user").as_str().unwrap_or_default();
    let doing = format!("reading the user {name:?}");
    let users = target.client().objects(user::USER.rpcs);
    // The user may have been recreated just before the link was created.
    let is_recent = memory.write.as_ref().is_some_and(Write::is_recent);
    let again = |read: &Result<DynamicMessage, Error>| match read {
        Ok(user) => is_recent && Some(since(&typed(user))) != memory.invited,
        Err(_) => is_recent && is_not_found(read),
    };
    let read = retry(WAITS, || users.get(name), again);
    let Some(read) = run.call(&doing, diags, read).await else {
        return Found::Nothing;
    };
    let user = match read {
        Ok(user) => Some(user),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            return match target.fate(&error, &doing, memory, diags).await {
                Fate::Gone => Found::NoCluster,
                Fate::Unknown(_) | Fate::Refused => Found::Nothing,
            };
        }
    };
    let what = format!("invite link for the user {name:?}");
    match (guard::check(&target, memory, &what, diags).await, user) {
        (Checked::Here(_), Some(user)) => Found::User(Box::new(Invited::new(target, name, &user))),
        (Checked::Gone, _) => Found::NoCluster,
        (Checked::Here(_) | Checked::Refused, _) => Found::Nothing,
    }
}

impl Invited {
    fn new(target: Target, name: &str, user: &DynamicMessage) -> Self {
        Self {
            target,
            name: name.to_owned(),
            user: typed(user),
        }
    }

    /// Creates a link and puts it into the state. False if that is an error.
    pub(super) async fn invite(
        &self,
        state: &mut Value,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) -> bool {
        if self.refuse(state, diags) {
            return false;
        }
        let name = &self.name;
        let doing = format!("creating an invite link for the user {name:?}");
        let ttl = duration::parse(state.field("ttl").as_str().unwrap_or_default());
        let tokens = self.target.client().reset_tokens();
        let work = tokens.invite(name, ttl.unwrap_or(DEFAULT_TTL));
        let run = self.target.run();
        match run.write(&doing, APPLY_AGAIN, diags, work).await {
            Some(Ok(token)) => {
                unreachable_link(&token, diags);
                results(state, &token);
                let home = self.target.home().await;
                PrivateState::change(private, |memory| {
                    let since = since(&self.user);
                    memory.write = Some(Write::now(since.clone()));
                    memory.invited = Some(since);
                    if let Some(home) = home {
                        memory.place(home);
                    }
                });
                true
            }
            Some(Err(error)) => {
                if error.may_have_been_carried_out() {
                    let advice = format!("The cluster may have carried it out. {APPLY_AGAIN}");
                    call_failed_so(&error, &doing, &advice, diags);
                } else {
                    call_failed(&error, &doing, diags);
                }
                false
            }
            None => false,
        }
    }

    /// Whether the user must not get a link, which is an error then.
    fn refuse(&self, state: &Value, diags: &mut Diagnostics) -> bool {
        let (name, path) = (&self.name, Path::attribute("user"));
        if let Some(why) = not_local(&self.user) {
            errors::error(Summary::NotALocalUser)
                .at(path)
                .detail(format!(
                    "The user {name:?} {why}, and has no password or MFA device to set. An invite is for local users."
                ))
                .add(diags);
            return true;
        }
        let reset = state.field("reset").as_bool() == Some(true);
        let Some(what) = would_lose(&self.user).filter(|_| !reset) else {
            return false;
        };
        errors::error(Summary::CredentialsWouldBeReset)
            .at(path)
            .detail(format!(
                "The user {name:?} {what}. Creating a link removes the user's password and all MFA devices at once, whether or \
                 not the link is used. No link was created."
            ))
            .detail(
                "If that is what you want, set reset = true. If the user has been invited already, there is nothing to do: \
                 remove this resource from the configuration.",
            )
            .add(diags);
        true
    }

    /// Whether this is the user that the last link was for, and not another one of the same name.
    pub(super) fn is_in(&self, memory: &PrivateState) -> bool {
        memory
            .invited
            .as_ref()
            .is_none_or(|then| *then == since(&self.user))
    }

    /// Warns that the link does not work, because it was for another user of the same name.
    pub(super) fn warn_of_dead_link(&self, diags: &mut Diagnostics) {
        errors::warning(Summary::InviteLinkOfFormerUser)
            .at(Path::attribute("user"))
            .detail(format!(
                "The user {:?} was deleted and recreated after the link was created, so the link does not work any more. To create \
                 another one: -replace=ADDRESS, or another value in keepers.",
                self.name
            ))
            .add(diags);
    }
}

fn typed(user: &DynamicMessage) -> UserV2 {
    user.transcode_to().unwrap_or_default()
}

/// When the user was created, which tells users of one name apart. Empty if the cluster does not say.
fn since(user: &UserV2) -> String {
    let spec = user.spec.as_ref();
    let created = spec.and_then(|spec| spec.created_by.as_ref()?.time.as_ref());
    created
        .map(|time| format!("{}.{:09}", time.seconds, time.nanos))
        .unwrap_or_default()
}

/// Why a user has no password in the cluster. None for a local user.
fn not_local(user: &UserV2) -> Option<String> {
    let labels = user.metadata.as_ref().map(|metadata| &metadata.labels);
    if labels.is_some_and(|labels| labels.contains_key("teleport.internal/bot")) {
        return Some("is a bot".to_owned());
    }
    let spec = user.spec.as_ref()?;
    if let Some(connector) = spec
        .created_by
        .as_ref()
        .and_then(|created_by| created_by.connector.as_ref())
    {
        return Some(format!(
            "comes from the {} connector {:?}",
            connector.r#type, connector.id
        ));
    }
    [
        (&spec.github_identities, "GitHub"),
        (&spec.oidc_identities, "OIDC"),
        (&spec.saml_identities, "SAML"),
    ]
    .into_iter()
    .find(|(identities, _)| !identities.is_empty())
    .map(|(_, kind)| format!("logs in by {kind}"))
}

/// What a user would lose. None for a user without credentials.
fn would_lose(user: &UserV2) -> Option<&'static str> {
    // As in types.PasswordState and types.MFADeviceKind. Where the cluster does not know, it may have both.
    let status = user.status.unwrap_or_default();
    match (status.password_state, status.mfa_weakest_device) {
        (1, 0 | 1) => None,
        (1, _) => Some("has an MFA device"),
        (2, 0 | 1) => Some("has a password"),
        (2, _) => Some("has a password and an MFA device"),
        _ => Some("may have a password: the cluster does not say"),
    }
}

fn unreachable_link(token: &UserTokenV3, diags: &mut Diagnostics) {
    let url = token.spec.as_ref().map(|spec| spec.url.as_str());
    if url.is_some_and(|url| url.contains("<proxyhost>")) {
        errors::warning(Summary::LinkWithoutAddress)
            .at(Path::attribute("url"))
            .detail(
                "The cluster does not know the public address of a proxy, so the link has \"<proxyhost>\" in its place. Replace it \
                 with the address of the proxy.",
            )
            .add(diags);
    }
}

fn results(state: &mut Value, token: &UserTokenV3) {
    let metadata = token.metadata.clone().unwrap_or_default();
    let expires = metadata.expires.and_then(|expires| {
        let time = OffsetDateTime::from_unix_timestamp(expires.seconds).ok()?;
        let nanos = u32::try_from(expires.nanos).ok()?;
        time.replace_nanosecond(nanos).ok()?.format(&Rfc3339).ok()
    });
    let url = token.spec.clone().unwrap_or_default().url;
    state.set_field("id", state.field("user").clone());
    state.set_field("url", url.into());
    state.set_field("token_id", metadata.name.into());
    state.set_field("expires", expires.map_or(Value::Null, Value::from));
}

const APPLY_AGAIN: &str =
    "Apply again: that creates another link, and a link that is not in the state stops working.";

const DEFAULT_TTL: Duration = Duration::from_secs(60 * 60);
