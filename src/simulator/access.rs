//! Who calls, and what they may do.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Mutex, PoisonError},
};

use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use tonic::Status;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authority::organizations;

/// A right on `workload_cluster`, in the words of a role's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// To make one.
    Create,
    /// To delete one.
    Delete,
    /// To see which there are.
    List,
    /// To read one whole.
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
pub(super) struct Caller {
    user: String,
    roles: Vec<String>,
}

impl Caller {
    /// Reads the subject: the common name is the user, each organization a role. `None` when there is no user.
    pub(super) fn from_certificate(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let user = parsed.subject().iter_common_name().next()?.as_str().ok()?;
        Some(Self {
            user: user.to_owned(),
            roles: organizations(&parsed),
        })
    }

    /// Name of the user.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Whether it is a bot. Teleport gives the user of a bot a name with this prefix.
    fn is_bot(&self) -> bool {
        self.user.starts_with("bot-")
    }
}

/// The roles of a cluster, as far as their rules are about workload clusters.
#[derive(Debug, Default)]
pub(super) struct Roles(Mutex<HashMap<String, BTreeSet<Verb>>>);

impl Roles {
    /// Makes the role `name`, or gives it other rights.
    pub(super) fn set(&self, name: &str, verbs: &[Verb]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), verbs.iter().copied().collect());
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether `name` is one.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(name)
    }

    /// Lets `caller` pass if its roles together hold every one of `verbs`, and if it is no human being where `mfa` asks
    /// for a second factor on admin actions: no caller of the simulator can give one.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, with the text of the first right that is missing or the one that clients know MFA by
    /// (`api/mfa/mfa.go`).
    pub(super) fn check(&self, caller: &Caller, verbs: &[Verb], mfa: bool) -> Result<(), Status> {
        let held = {
            let roles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let all = caller.roles.iter().filter_map(|role| roles.get(role));
            all.flatten().copied().collect::<BTreeSet<Verb>>()
        };
        if let Some(missing) = verbs.iter().find(|verb| !held.contains(verb)) {
            return Err(Status::permission_denied(format!(
                "access denied to perform action \"{missing}\" on \"workload_cluster\""
            )));
        }
        if mfa && !caller.is_bot() && verbs.iter().any(|verb| verb.writes()) {
            return Err(Status::permission_denied(
                "admin-level API request requires MFA verification",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(user: &str, roles: &[&str]) -> Caller {
        Caller {
            user: user.to_owned(),
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
        }
    }

    #[test]
    fn the_rights_of_several_roles_add_up() {
        let roles = Roles::default();
        roles.set("reader", &[Verb::Read]);
        roles.set("lister", &[Verb::List]);
        let verbs = [Verb::Read, Verb::List];
        let both = caller("bot-a", &["reader", "lister"]);
        assert!(roles.check(&both, &verbs, false).is_ok());
        let one = caller("bot-a", &["reader", "no-such-role"]);
        let status = roles.check(&one, &verbs, false).unwrap_err();
        assert_eq!(status.code(), tonic::Code::PermissionDenied);
        assert!(status.message().contains("\"list\""), "{status}");
    }

    #[test]
    fn a_second_factor_is_asked_of_human_beings_and_for_writes_alone() {
        let roles = Roles::default();
        roles.set("all", &Verb::ALL);
        let human = caller("alice", &["all"]);
        let status = roles.check(&human, &[Verb::Create], true).unwrap_err();
        assert!(status.message().contains("MFA"), "{status}");
        assert!(roles.check(&human, &[Verb::Read], true).is_ok());
        assert!(roles.check(&human, &[Verb::Create], false).is_ok());
        let bot = caller("bot-a", &["all"]);
        assert!(roles.check(&bot, &[Verb::Create], true).is_ok());
    }
}
