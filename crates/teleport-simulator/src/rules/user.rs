//! Users: what the server refuses and fills in (`lib/auth/users/usersv1`, `lib/services/local/users.go`).

use std::time::SystemTime;

use prost_reflect::DynamicMessage;
use serde::{Deserialize, Serialize};
use teleport_proto::types::{MfaDeviceKind, PasswordState, UserSpecV2, UserV2};

use super::{ROLE, USER, metadata};
use crate::store::{Beside, Object, Op, Refusal, Sight, State, Write, object};

/// What is stored of a user beside the resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) password: bool,
    pub(crate) mfa: MfaDevice,
}

/// The weakest second factor that a user has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MfaDevice {
    /// There is none.
    #[default]
    None,
    /// One-time codes.
    Totp,
    /// A security key.
    Webauthn,
}

impl MfaDevice {
    fn kind(self) -> MfaDeviceKind {
        match self {
            Self::None => MfaDeviceKind::Unset,
            Self::Totp => MfaDeviceKind::Totp,
            Self::Webauthn => MfaDeviceKind::Webauthn,
        }
    }
}

/// Checks a user and fills in what Go always sends.
pub(super) fn check(write: &mut Write, state: &State) -> Result<(), Refusal> {
    let by_server = write.caller.is_none();
    write.edit(|user: &mut UserV2| {
        "user".clone_into(&mut user.kind);
        "v2".clone_into(&mut user.version);
        let metadata = user.metadata.get_or_insert_default();
        metadata::check(metadata)?;
        let origin = metadata.labels.get(metadata::ORIGIN);
        if !by_server && origin.is_some_and(|origin| origin == "okta") {
            return Err(Refusal::invalid(
                "Must be Okta service to set \"okta\" origin",
            ));
        }
        metadata::NAMESPACE.clone_into(&mut metadata.namespace);
        let spec = user.spec.get_or_insert_default();
        fill_in(spec);
        user.status.get_or_insert_default();
        if !by_server {
            for role in &spec.roles {
                state.typed::<teleport_proto::types::RoleV6>(&ROLE, role)?;
            }
        }
        let name = &user.metadata.get_or_insert_default().name;
        metadata::check_key(&format!("/web/users/{name}/params"), &[name])
    })
}

/// Keeps what callers do not decide: credentials, and who created the user.
pub(super) fn place(write: &mut Write, _: &State) -> Result<(), Refusal> {
    let credentials = write.old.as_ref().map(credentials).unwrap_or_default();
    let old: Option<UserV2> = write.old()?;
    let creator = write.caller.clone().unwrap_or_else(|| "system".to_owned());
    let op = write.op;
    write.beside = Beside::Credentials(credentials);
    write.edit(|user: &mut UserV2| {
        let status = user.status.get_or_insert_default();
        status.mfa_weakest_device = credentials.mfa.kind().into();
        let spec = user.spec.get_or_insert_default();
        match old.and_then(|old| old.spec) {
            Some(old) if op == Op::Update => spec.created_by = old.created_by,
            _ => {
                let created_by = spec.created_by.get_or_insert_default();
                let by = created_by.user.get_or_insert_default();
                if by.name.is_empty() {
                    by.name = creator;
                    if op == Op::Create {
                        created_by.time = Some(SystemTime::now().into());
                    }
                }
            }
        }
        if op == Op::Create {
            user.status.get_or_insert_default().password_state = PasswordState::Unset.into();
        }
        Ok(())
    })
}

/// The end of the user's life is in the spec, too; a read shows it in the metadata.
pub(super) fn show(object: &mut Object, sight: Sight) -> DynamicMessage {
    if sight == Sight::Written {
        return object.message.clone();
    }
    let Ok(mut user) = object::typed::<UserV2>(&object.message) else {
        return object.message.clone();
    };
    let expires = user.spec.as_ref().and_then(|spec| spec.expires);
    let metadata = user.metadata.get_or_insert_default();
    match expires {
        Some(expires) if expires != metadata::go_zero() && metadata.expires.is_none() => {
            metadata.expires = Some(expires);
            object::untyped(USER.message, &user).unwrap_or_else(|_| object.message.clone())
        }
        _ => object.message.clone(),
    }
}

/// A deleted user takes its links and its own role along.
pub(super) fn deleted(state: &mut State, name: &str) {
    state.take(&ROLE, &format!("user:{name}"));
    state.forget_reset_tokens(name);
}

pub(super) fn missing(name: &str) -> Refusal {
    Refusal::not_found(format!("user {name:?} not found"))
}

pub(super) fn exists(name: &str) -> Refusal {
    Refusal::exists(format!("user {name:?} already registered"))
}

/// Whether its user logs in with the cluster's own password, and not elsewhere.
pub(crate) fn is_local(user: &UserV2) -> bool {
    let spec = user.spec.clone().unwrap_or_default();
    let connector = spec.created_by.and_then(|created_by| created_by.connector);
    connector.is_none()
        && spec.oidc_identities.is_empty()
        && spec.saml_identities.is_empty()
        && spec.github_identities.is_empty()
}

/// The credentials of a stored user.
pub(crate) fn credentials(object: &Object) -> Credentials {
    match object.beside {
        Beside::Credentials(credentials) => credentials,
        _ => Credentials::default(),
    }
}

/// Gives a user credentials, as when it signs up. False when the user does not exist.
pub(crate) fn set_credentials(state: &mut State, name: &str, credentials: Credentials) -> bool {
    let change = |object: &mut Object| -> Result<(), Refusal> {
        let mut user: UserV2 = object::typed(&object.message)?;
        let status = user.status.get_or_insert_default();
        status.password_state = match credentials.password {
            true => PasswordState::Set.into(),
            false => PasswordState::Unset.into(),
        };
        status.mfa_weakest_device = credentials.mfa.kind().into();
        user.metadata.get_or_insert_default().revision = metadata::revision();
        object.message = object::untyped(USER.message, &user)?;
        object.beside = Beside::Credentials(credentials);
        Ok(())
    };
    state
        .change(&USER, name, change)
        .is_some_and(|result| result.is_ok())
}

fn fill_in(spec: &mut UserSpecV2) {
    spec.traits.get_or_insert_default();
    let status = spec.status.get_or_insert_default();
    for time in [
        &mut status.locked_time,
        &mut status.lock_expires,
        &mut spec.expires,
    ] {
        time.get_or_insert_with(metadata::go_zero);
    }
    let created_by = spec.created_by.get_or_insert_default();
    created_by.time.get_or_insert_with(metadata::go_zero);
    created_by.user.get_or_insert_default();
    spec.local_auth = None;
}

/// Label of the users of bots, with the bot's name.
pub(crate) const BOT_LABEL: &str = "teleport.internal/bot";
