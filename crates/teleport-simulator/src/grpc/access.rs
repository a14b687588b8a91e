//! Who calls, and what they may do.

use std::fmt;

use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use teleport_proto::types::{RoleConditions, RoleV6, Rule};
use time::OffsetDateTime;
use tonic::Status;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::authority;

/// A verb of a role's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// To create one.
    Create,
    /// To delete one.
    Delete,
    /// To list them.
    List,
    /// To read one.
    Read,
    /// To change one.
    Update,
}

impl Verb {
    /// Every right.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Delete,
        Self::List,
        Self::Read,
        Self::Update,
    ];

    /// Whether a call that needs it changes something, which makes the call an admin action.
    fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Delete | Self::Update)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Read => "read",
            Self::Update => "update",
        })
    }
}

/// The user that a client certificate speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    user: String,
    roles: Vec<String>,
    impersonator: Option<String>,
    may_reissue: bool,
    expires: OffsetDateTime,
}

impl Caller {
    /// Reads a certificate: the common name is the user, each organization a role. `None` when there is no user.
    pub(crate) fn from_certificate(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let user = parsed.subject().iter_common_name().next()?.as_str().ok()?;
        let name = |arcs| authority::name_of_subject(&parsed, arcs);
        Some(Self {
            user: user.to_owned(),
            roles: authority::roles(&parsed),
            impersonator: name(authority::IMPERSONATOR),
            may_reissue: name(authority::DISALLOW_REISSUE).is_none(),
            expires: parsed.validity().not_after.to_datetime(),
        })
    }

    /// Name of the user.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Names of the roles.
    pub(crate) fn roles(&self) -> &[String] {
        &self.roles
    }

    /// The user that acts in another one's roles, if it does.
    pub(crate) fn impersonator(&self) -> Option<&str> {
        self.impersonator.as_deref()
    }

    /// Whether the certificate may be used to get others.
    pub(crate) fn may_reissue(&self) -> bool {
        self.may_reissue
    }

    /// When the certificate ends.
    pub(crate) fn expires(&self) -> OffsetDateTime {
        self.expires
    }

    /// Whether it is a bot. Teleport gives the user of a bot a name with this prefix.
    fn is_bot(&self) -> bool {
        self.user.starts_with("bot-")
    }
}

/// Lets `caller` pass if the roles that it holds together give every one of `verbs` on `resource`, and if it is a bot or
/// `mfa` does not require MFA for admin actions: no caller of the simulator can give a second factor.
///
/// # Errors
/// `PERMISSION_DENIED`, with a text for each right that is missing or the one that clients know MFA by
/// (`api/mfa/mfa.go`).
pub(crate) fn check(
    caller: &Caller,
    held: &[RoleV6],
    resource: &str,
    verbs: &[Verb],
    mfa: bool,
) -> Result<(), Status> {
    let missing = verbs.iter().filter(|verb| !gives(held, resource, **verb));
    let missing: Vec<String> = missing
        .map(|verb| format!("access denied to perform action \"{verb}\" on \"{resource}\""))
        .collect();
    if !missing.is_empty() {
        return Err(Status::permission_denied(missing.join(", ")));
    }
    if mfa && !caller.is_bot() && verbs.iter().any(|verb| verb.writes()) {
        return Err(Status::permission_denied(
            "admin-level API request requires MFA verification",
        ));
    }
    Ok(())
}

/// Whether `roles` together give a right. What one of them denies no other can give.
fn gives(roles: &[RoleV6], resource: &str, verb: Verb) -> bool {
    let verb = verb.to_string();
    let names = |list: &[String], name: &str| list.iter().any(|item| item == name || item == "*");
    let about = |rule: &Rule| names(&rule.resources, resource) && names(&rule.verbs, &verb);
    let sides = |role: &RoleV6| role.spec.clone().unwrap_or_default();
    let rules = |side: Option<RoleConditions>| side.unwrap_or_default().rules;
    // Conditions are not evaluated: a right that depends on one is not given, a denial that does is.
    let allowed = |rule: &Rule| rule.r#where.is_empty() && about(rule);
    roles
        .iter()
        .any(|role| rules(sides(role).allow).iter().any(allowed))
        && !roles
            .iter()
            .any(|role| rules(sides(role).deny).iter().any(about))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::role::with_rights;

    fn caller(user: &str) -> Caller {
        Caller {
            user: user.to_owned(),
            roles: Vec::new(),
            impersonator: None,
            may_reissue: true,
            expires: OffsetDateTime::now_utc(),
        }
    }

    fn role(verbs: &[&str]) -> RoleV6 {
        let verbs = verbs.iter().map(|&verb| verb.to_owned()).collect();
        with_rights("role", [("user", verbs)])
    }

    #[test]
    fn the_rights_of_several_roles_add_up() {
        let both = [role(&["read"]), role(&["list"])];
        let verbs = [Verb::Read, Verb::List];
        let bot = caller("bot-a");
        assert!(check(&bot, &both, "user", &verbs, false).is_ok());
        let status = check(&bot, &both[..1], "user", &verbs, false).unwrap_err();
        assert_eq!(status.code(), tonic::Code::PermissionDenied);
        assert!(
            status.message().contains("\"list\" on \"user\""),
            "{status}"
        );
        assert!(check(&bot, &both, "role", &verbs, false).is_err());
        assert!(check(&bot, &[role(&["*"])], "user", &verbs, false).is_ok());
    }

    #[test]
    fn a_denial_takes_precedence_and_a_condition_gives_no_right() {
        let bot = caller("bot-a");
        let mut deny = role(&["read"]);
        let spec = deny.spec.as_mut().unwrap();
        spec.deny = spec.allow.take();
        let both = [role(&["*"]), deny];
        assert!(check(&bot, &both, "user", &[Verb::Read], false).is_err());
        assert!(check(&bot, &both, "user", &[Verb::List], false).is_ok());
        let mut limited = role(&["read"]);
        let allow = limited.spec.as_mut().unwrap().allow.as_mut().unwrap();
        allow.rules[0].r#where = "false".to_owned();
        assert!(check(&bot, &[limited], "user", &[Verb::Read], false).is_err());
    }

    #[test]
    fn only_people_need_mfa_and_only_for_writes() {
        let all = [role(&["*"])];
        let human = caller("alice");
        let status = check(&human, &all, "user", &[Verb::Create], true).unwrap_err();
        assert!(status.message().contains("MFA"), "{status}");
        assert!(check(&human, &all, "user", &[Verb::Read], true).is_ok());
        assert!(check(&human, &all, "user", &[Verb::Create], false).is_ok());
        assert!(check(&caller("bot-a"), &all, "user", &[Verb::Create], true).is_ok());
    }
}
