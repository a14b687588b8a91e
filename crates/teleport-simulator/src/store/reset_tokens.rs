//! The reset tokens of a cluster: invites and resets of passwords (`lib/auth/usertoken.go`).

use std::time::{Duration, SystemTime};

use teleport_proto::types::{Metadata, UserTokenSpecV3, UserTokenV3};

use super::{Refusal, State, Store, object};
use crate::rules::{
    USER, metadata,
    user::{self, Credentials},
};

/// What kind of token is wanted, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reset {
    kind: &'static str,
    path: &'static str,
    ttl: Duration,
}

impl Reset {
    /// Checks what a caller asks for. `ttl` is in nanoseconds, 0 is the default.
    pub(crate) fn new(kind: &str, ttl: i64) -> Result<Self, Refusal> {
        let (kind, path, default, most) = match kind {
            "invite" => ("invite", "invite", HOUR, 48 * HOUR),
            "" | "password" => ("password", "reset", 8 * HOUR, 24 * HOUR),
            other => {
                let text = format!("invalid reset password token request type {other:?}");
                return Err(Refusal::invalid(text));
            }
        };
        let ttl = match u64::try_from(ttl) {
            Ok(0) => default,
            Ok(nanos) => Duration::from_nanos(nanos),
            Err(_) => return Err(Refusal::invalid("TTL can't be negative")),
        };
        if ttl > most {
            return Err(Refusal::invalid(format!(
                "failed to create token for reset password: maximum token TTL is {} hours",
                most.as_secs() / HOUR.as_secs()
            )));
        }
        Ok(Self { kind, path, ttl })
    }
}

impl Store {
    /// Makes a token for the local user `name`, whose password, MFA devices and earlier tokens go. `proxy` is host and port.
    pub(crate) fn create_reset_token(
        &self,
        name: &str,
        reset: &Reset,
        proxy: &str,
    ) -> Result<UserTokenV3, Refusal> {
        let mut state = self.lock();
        let user = state.object(&USER, name).cloned();
        let user = user.ok_or_else(|| (USER.missing)(name))?;
        if !user::is_local(&object::typed(&user.message)?) {
            return Err(Refusal::denied("only local users may be reset"));
        }
        user::set_credentials(&mut state, name, Credentials::default());
        state.forget_reset_tokens(name);
        state.reset_tokens.retain(|_, token| live(&&*token));
        let now = SystemTime::now();
        let id = format!("{:032x}", fastrand::u128(..));
        let token = UserTokenV3 {
            kind: "user_token".to_owned(),
            sub_kind: reset.kind.to_owned(),
            version: "v3".to_owned(),
            metadata: Some(Metadata {
                name: id.clone(),
                namespace: metadata::NAMESPACE.to_owned(),
                expires: Some((now + reset.ttl).into()),
                revision: metadata::revision(),
                ..Metadata::default()
            }),
            spec: Some(UserTokenSpecV3 {
                user: name.to_owned(),
                url: format!("https://{proxy}/web/{}/{id}", reset.path),
                usage: 0,
                created: Some(now.into()),
            }),
        };
        state.reset_tokens.insert(id, token.clone());
        Ok(token)
    }

    /// A token that is neither used nor expired.
    pub(crate) fn reset_token(&self, id: &str) -> Result<UserTokenV3, Refusal> {
        let state = self.lock();
        let missing = || Refusal::not_found("user token not found");
        let token = state.reset_tokens.get(id);
        token.filter(live).cloned().ok_or_else(missing)
    }

    /// Every token, in the order of the users.
    pub(crate) fn reset_tokens(&self) -> Vec<UserTokenV3> {
        let mut tokens: Vec<_> = self
            .lock()
            .reset_tokens
            .values()
            .filter(live)
            .cloned()
            .collect();
        let user = |token: &UserTokenV3| token.spec.as_ref().map(|spec| spec.user.clone());
        tokens.sort_by_key(user);
        tokens
    }

    /// Uses the token of the user `name`, as its owner does at sign-up. False when there is none.
    pub(crate) fn use_reset_token(&self, name: &str) -> bool {
        self.lock().forget_reset_tokens(name)
    }
}

impl State {
    pub(crate) fn forget_reset_tokens(&mut self, user: &str) -> bool {
        let before = self.reset_tokens.len();
        let of_user =
            |token: &UserTokenV3| token.spec.as_ref().is_some_and(|spec| spec.user == user);
        self.reset_tokens.retain(|_, token| !of_user(token));
        self.reset_tokens.len() < before
    }
}

fn live(token: &&UserTokenV3) -> bool {
    !metadata::expired(token.metadata.as_ref(), SystemTime::now())
}

const HOUR: Duration = Duration::from_secs(3_600);
