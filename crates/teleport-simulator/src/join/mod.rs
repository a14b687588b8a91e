//! Joining, with an AWS identity or a token of an identity provider: what the join services do between their messages
//! (`lib/auth/join`, `lib/join`).

pub(crate) mod aws;
pub(crate) mod host_credentials;
pub(crate) mod id_token;
mod legacy;
#[cfg(test)]
mod signer;
mod sigv4;
mod stream;
mod sts;

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use prost_types::Timestamp;
use teleport_proto::{
    auth::Certs,
    types::{TokenRule, UserV2},
};
use time::{Duration, OffsetDateTime};
use tonic::Status;

#[cfg(test)]
pub(crate) use self::signer::signed_request;
use self::sts::CallerIdentity;
pub(crate) use self::{legacy::LegacyJoin, stream::Join};
use crate::{
    authority::{
        Subject,
        certificates::{self, Certificates},
        keys::PublicKeys,
    },
    rules::{
        ROLE, USER, bot, metadata,
        provision_token::{self, BOT, BotToken, IAM},
    },
    ssh,
    tenant::Tenant,
};

/// One cluster, as those see it who join it.
#[derive(Clone)]
struct JoinServer {
    tenant: Arc<Tenant>,
}

impl JoinServer {
    /// The token `name`, if a bot can join with it.
    fn token(&self, name: &str, role: &str, node: &str) -> Result<BotToken, Status> {
        let token = provision_token::bot_token(&self.tenant.store().lock(), name);
        let token = token.ok_or_else(|| {
            Status::permission_denied(format!(
                "{node:?} can not join the cluster with role {role}, token expired or not found"
            ))
        })?;
        if role != BOT {
            return Err(Status::invalid_argument(format!(
                "node {node:?} can not join the cluster, the token does not allow role {role:?}"
            )));
        }
        Ok(token)
    }

    /// Checks the token of an identity provider that a client joins with.
    fn admit_id_token(&self, token: &BotToken, id_token: &str) -> Result<(), Status> {
        let issuers = self.tenant.shared().id_token_issuers();
        id_token::admit(token, self.tenant.name(), id_token, &issuers)
    }

    /// Checks the signed request of a client that joins.
    fn admit(&self, token: &BotToken, challenge: &str, request: &[u8]) -> Result<(), Status> {
        if token.method != IAM {
            return Err(Status::permission_denied(
                "this token does not support the IAM join method",
            ));
        }
        let identities = self.tenant.shared().aws_identities();
        let now = OffsetDateTime::now_utc();
        let identity = sts::caller_identity(request, challenge, &identities, now)?;
        if token.aws.iter().any(|rule| matches(rule, &identity)) {
            return Ok(());
        }
        Err(Status::permission_denied(format!(
            "instance did not match any allow rules in token {:?}",
            token.name
        )))
    }

    /// Certifies the bot of `token`.
    fn certify(
        &self,
        token: &BotToken,
        keys: &PublicKeys,
        expires: Option<Timestamp>,
    ) -> Result<Certificates, Status> {
        let user = bot::key(&token.bot);
        let store = self.tenant.store();
        let account: Result<UserV2, _> = store.get(&USER, &user);
        let account = account.map_err(|_| {
            Status::permission_denied(format!("bot user {user:?} of the token does not exist"))
        })?;
        let roles = account.spec.unwrap_or_default().roles;
        let expires = match expires {
            Some(expires) => OffsetDateTime::from(metadata::time_of(expires)),
            None => OffsetDateTime::now_utc() + USUAL_LIFE,
        };
        let held = store.some(&ROLE, &roles);
        let subject = Subject {
            user,
            roles,
            ..Subject::default()
        };
        certificates::certify(&self.tenant, &subject, keys, expires, &held)
    }

    /// Certificates as the older ways to join hand them out.
    fn certs(&self, made: &Certificates) -> Certs {
        let authorities = [self.tenant.user_authority(), self.tenant.host_authority()];
        Certs {
            ssh: ssh::keys::line(&made.ssh).into_bytes(),
            tls: made.tls_pem.clone().into_bytes(),
            tlsca_certs: authorities
                .map(|authority| authority.pem().as_bytes().to_vec())
                .to_vec(),
            sshca_certs: authorities
                .map(|authority| ssh::keys::line(&authority.ssh_key()).into_bytes())
                .to_vec(),
        }
    }
}

/// A new challenge.
fn challenge() -> String {
    let bytes: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
        .take(32)
        .collect();
    BASE64_STANDARD_NO_PAD.encode(bytes)
}

/// Whether `identity` fulfils every condition of `rule`.
fn matches(rule: &TokenRule, identity: &CallerIdentity) -> bool {
    (rule.aws_account.is_empty() || rule.aws_account == identity.account)
        && (rule.awsarn.is_empty() || glob(rule.awsarn.as_bytes(), identity.arn.as_bytes()))
}

/// Whether `text` as a whole is what `pattern` says: `*` is any run of characters, `?` is one.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    // Where to go on when what follows the last `*` does not fit.
    let mut back = None;
    while place < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                back = Some((at, place));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[place] => {
                at += 1;
                place += 1;
            }
            _ => match &mut back {
                Some((star, from)) => {
                    *from += 1;
                    (at, place) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// Lifetime of certificates when the client asks for none.
const USUAL_LIFE: Duration = Duration::hours(1);
/// How long a join may take.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_a_whole() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("a*c", "abbc"),
            ("a*b*c", "a.b.b.c"),
            ("a?c", "abc"),
            (
                "arn:aws:sts::1:assumed-role/r/*",
                "arn:aws:sts::1:assumed-role/r/i-0",
            ),
            ("*+(a)[b]", "x+(a)[b]"),
        ] {
            assert!(
                glob(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", "ab"),
            ("b", "ab"),
            ("a?", "a"),
            ("a*c", "abcd"),
            ("A", "a"),
            ("a.c", "abc"),
        ] {
            assert!(
                !glob(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn every_condition_of_a_rule_must_be_fulfilled() {
        let rule = |account: &str, arn: &str| TokenRule {
            aws_account: account.to_owned(),
            awsarn: arn.to_owned(),
            ..TokenRule::default()
        };
        let identity = CallerIdentity {
            account: "1".to_owned(),
            arn: "arn:aws:iam::1:user/a".to_owned(),
        };
        assert!(matches(&rule("1", ""), &identity));
        assert!(matches(&rule("", "arn:aws:iam::1:user/*"), &identity));
        assert!(!matches(&rule("2", "arn:aws:iam::1:user/*"), &identity));
        assert!(!matches(&rule("1", "arn:aws:iam::1:role/*"), &identity));
    }

    #[test]
    fn a_challenge_is_32_bytes_and_never_the_same() {
        let one = challenge();
        assert_eq!(BASE64_STANDARD_NO_PAD.decode(&one).unwrap().len(), 32);
        assert_ne!(one, challenge());
    }
}
