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
    /// To read one without its secrets.
    ReadNoSecrets,
    /// To change one.
    Update,
}

impl Verb {
    /// Every right. Who may read may read without secrets.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Delete,
        Self::List,
        Self::Read,
        Self::Update,
    ];

    /// Whether a call that needs it changes something.
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
            Self::ReadNoSecrets => "readnosecrets",
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
    let missing = verbs.iter().filter(|verb| !may(held, resource, **verb));
    let missing: Vec<String> = missing
        .map(|verb| format!("access denied to perform action \"{verb}\" on \"{resource}\""))
        .collect();
    if !missing.is_empty() {
        return Err(Status::permission_denied(missing.join(", ")));
    }
    if needs_mfa(caller, mfa) && is_admin_action(resource, verbs) {
        return Err(Status::permission_denied(
            "admin-level API request requires MFA verification",
        ));
    }
    Ok(())
}

/// Whether `caller` needs a second factor for admin actions, if `mfa` says that people do.
pub(crate) fn needs_mfa(caller: &Caller, mfa: bool) -> bool {
    mfa && !caller.is_bot()
}

/// A call that changes something, or shows the private keys of an authority.
fn is_admin_action(resource: &str, verbs: &[Verb]) -> bool {
    let shows_keys = resource == CERT_AUTHORITY && verbs.contains(&Verb::Read);
    shows_keys || verbs.iter().any(|verb| verb.writes())
}

/// Whether `roles` together give a right, or everybody has it. What one of them denies nothing can give.
fn may(roles: &[RoleV6], resource: &str, verb: Verb) -> bool {
    let names = |list: &[String], name: &str| list.iter().any(|item| item == name || item == "*");
    let about = |rule: &Rule| {
        names(&rule.resources, resource)
            && (names(&rule.verbs, &verb.to_string())
                || verb == Verb::ReadNoSecrets && names(&rule.verbs, &Verb::Read.to_string()))
    };
    let everybody = |(kind, verbs): &(&str, &[Verb])| *kind == resource && verbs.contains(&verb);
    let sides = |role: &RoleV6| role.spec.clone().unwrap_or_default();
    let rules = |side: Option<RoleConditions>| side.unwrap_or_default().rules;
    // Conditions are not evaluated: a right that depends on one is not given, a denial that does is.
    let allowed = |rule: &Rule| rule.r#where.is_empty() && about(rule);
    let given = EVERYBODY.iter().any(everybody)
        || roles
            .iter()
            .any(|role| rules(sides(role).allow).iter().any(allowed));
    given
        && !roles
            .iter()
            .any(|role| rules(sides(role).deny).iter().any(about))
}

/// What everybody may, without a role that says so, of the kinds that there are (`DefaultImplicitRules` in
/// `lib/services/role.go`).
const EVERYBODY: [(&str, &[Verb]); 3] = [
    (CERT_AUTHORITY, &[Verb::List, Verb::ReadNoSecrets]),
    ("cluster_auth_preference", &[Verb::List, Verb::Read]),
    (REMOTE_CLUSTER, &[Verb::List, Verb::Read]),
];
/// Certificate authorities in the rules of roles.
pub(crate) const CERT_AUTHORITY: &str = "cert_authority";
/// Other clusters in the rules of roles.
pub(crate) const REMOTE_CLUSTER: &str = "remote_cluster";

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
    fn everybody_reads_authorities_without_secrets_unless_a_role_denies_it() {
        let bot = caller("bot-a");
        let may = |held: &[RoleV6], verb| check(&bot, held, CERT_AUTHORITY, &[verb], false).is_ok();
        assert!(may(&[], Verb::List));
        assert!(may(&[], Verb::ReadNoSecrets));
        assert!(!may(&[], Verb::Read));
        let read = with_rights("role", [(CERT_AUTHORITY, vec!["read".to_owned()])]);
        assert!(may(std::slice::from_ref(&read), Verb::Read));
        let mut deny = read;
        let spec = deny.spec.as_mut().unwrap();
        spec.deny = spec.allow.take();
        assert!(!may(&[deny], Verb::ReadNoSecrets));
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
