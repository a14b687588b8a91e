//! Why a cluster refuses a join.

use std::fmt;

use teleport_proto::teleport::workloadcluster::v1::{Token, WorkloadCluster};
use tonic::{Code, Status};

use super::{caller::CallerIdentity, method::JoinMethod};
use crate::{
    ErrorKind, Transient,
    call::{server_texts, status},
    shown,
};

/// Why a cluster refuses a join. Servers say it by code and text only (`lib/join` in gravitational/teleport).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The token does not allow the AWS identity, or what runs on a platform.
    NotAllowed,
    /// The token or the bot does not exist: not yet, or never.
    NotFound,
    /// AWS says that the session of the credentials has expired.
    AwsExpired,
    /// AWS does not accept the credentials.
    AwsRefused,
    /// The cluster does not accept the token of the identity provider: its issuer, its audience, its time or its signature.
    IdToken,
    /// It may work a little later.
    Transient(Transient),
    /// The server does not have this service.
    NoService,
    /// Anything else.
    Other(ErrorKind),
}

/// A join that the cluster refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: RefusalReason,
    /// What the server says, or the transport.
    pub(super) message: String,
    /// Name of the token.
    pub token: String,
    /// How the bot wanted to join.
    pub method: JoinMethod,
    /// Whether the address is that of the parent, and not of a workload cluster.
    pub at_parent: bool,
    /// Which AWS credentials are in use and where they are from, where that matters: `those with the access key "AKID"`.
    pub aws_credentials: Option<String>,
    /// Who AWS says the caller is, where that matters and AWS answers.
    pub(super) caller: Option<CallerIdentity>,
    /// What the token allows, where that matters and the parent cluster knows: `account 123456789012; or ARN arn:...`.
    pub rules: Option<String>,
}

impl RefusalReason {
    pub(super) fn of(status: &Status) -> Self {
        let failure = status::failure("Join", String::new(), status);
        if let Some(reason) = server_texts::join_refusal(&failure.message) {
            return reason;
        }
        match failure.kind {
            ErrorKind::Transient(transient) => Self::Transient(transient),
            ErrorKind::Unimplemented => Self::NoService,
            ErrorKind::NotFound => Self::NotFound,
            _ if server_texts::is_not_found(&failure.message) => Self::NotFound,
            kind => Self::Other(kind),
        }
    }

    /// Whether other AWS credentials may help.
    pub(super) fn is_about_aws(self) -> bool {
        matches!(self, Self::NotAllowed | Self::AwsExpired | Self::AwsRefused)
    }

    /// Whether the same join may succeed a little later, with nothing changed on this side.
    pub(super) fn may_succeed_later(self) -> bool {
        matches!(self, Self::NotFound | Self::Transient(_))
    }
}

impl Refusal {
    pub(super) fn new(status: &Status, token: &str, method: JoinMethod) -> Self {
        Self {
            reason: RefusalReason::of(status),
            message: status::failure("Join", String::new(), status).message,
            token: shown::name(token),
            method,
            at_parent: false,
            aws_credentials: None,
            caller: None,
            rules: None,
        }
    }

    /// Whether the same join may succeed a little later. At the parent a missing token does not appear by itself, as it does in a
    /// cluster that was just created.
    pub(super) fn may_succeed_later(&self) -> bool {
        self.reason.may_succeed_later()
            && !(self.at_parent && self.reason == RefusalReason::NotFound)
    }

    pub(super) fn kind(&self) -> ErrorKind {
        match self.reason {
            RefusalReason::Transient(transient) => ErrorKind::Transient(transient),
            RefusalReason::AwsExpired | RefusalReason::AwsRefused | RefusalReason::IdToken => {
                ErrorKind::Credentials
            }
            RefusalReason::NoService => ErrorKind::UnsupportedServer,
            RefusalReason::NotAllowed | RefusalReason::NotFound | RefusalReason::Other(_) => {
                ErrorKind::JoinRefused
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            RefusalReason::Transient(_) => f.write_str("the cluster cannot do it now")?,
            RefusalReason::AwsExpired | RefusalReason::AwsRefused => {
                f.write_str("the cluster reports that AWS does not accept the AWS credentials")?;
            }
            RefusalReason::IdToken => {
                f.write_str("the cluster does not accept the token of the platform")?;
            }
            _ => f.write_str("the cluster refuses")?,
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(caller) = &self.caller {
            write!(f, " (AWS says that the caller is {caller})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// What the token of a workload cluster allows, as the end of a sentence.
pub(super) fn rules(cluster: &WorkloadCluster) -> Option<String> {
    let Token { allow, .. } = cluster.spec.as_ref()?.token.as_ref()?;
    let rules = allow.iter().map(|rule| {
        let some = |text: &str| Some(shown::name(text)).filter(|text| !text.is_empty());
        let (account, arn) = (some(&rule.aws_account), some(&rule.aws_arn));
        match (account, arn) {
            (Some(account), Some(arn)) => format!("account {account} with ARN {arn}"),
            (Some(account), None) => format!("account {account}"),
            (None, Some(arn)) => format!("ARN {arn}"),
            (None, None) => "nobody".to_owned(),
        }
    });
    let rules: Vec<_> = rules.collect();
    (!rules.is_empty()).then(|| rules.join("; or "))
}

/// Whether the older service is tried after a failure of the newer one: the failure is not a decision about the join.
pub(super) fn falls_back(status: &Status, before_answer: bool) -> bool {
    match status.code() {
        Code::Unimplemented => true,
        Code::PermissionDenied | Code::InvalidArgument => false,
        _ => before_answer,
    }
}

#[cfg(test)]
mod tests {
    use teleport_proto::teleport::workloadcluster::v1::{Allow, WorkloadClusterSpec};

    use super::*;

    fn reason(code: Code, text: &str) -> RefusalReason {
        RefusalReason::of(&Status::new(code, text))
    }

    #[test]
    fn a_wrong_identity_is_distinguished_from_a_token_that_does_not_exist() {
        let denied = |text: &str| reason(Code::PermissionDenied, text);
        assert_eq!(
            denied("instance did not match any allow rules in token ci"),
            RefusalReason::NotAllowed
        );
        assert_eq!(
            denied("\"ci\" can not join the cluster, token expired or not found"),
            RefusalReason::NotFound
        );
        assert_eq!(
            reason(Code::NotFound, "user \"bot-ci\" is not found"),
            RefusalReason::NotFound
        );
        assert_eq!(reason(Code::NotFound, ""), RefusalReason::NotFound);
        assert!(
            !RefusalReason::NotAllowed.may_succeed_later()
                && RefusalReason::NotFound.may_succeed_later()
        );
    }

    #[test]
    fn what_a_parent_says_of_a_token_is_shown_in_part_and_cannot_control_the_terminal() {
        let rule = Allow {
            aws_account: "\u{1b}[2J".to_owned(),
            aws_arn: "x".repeat(5000),
        };
        let token = Token {
            allow: vec![rule],
            ..Token::default()
        };
        let spec = WorkloadClusterSpec {
            token: Some(token),
            ..WorkloadClusterSpec::default()
        };
        let cluster = WorkloadCluster {
            spec: Some(spec),
            ..WorkloadCluster::default()
        };
        let rules = rules(&cluster).unwrap();
        assert!(
            rules.starts_with("account \u{fffd}[2J with ARN xxx") && rules.len() < 1000,
            "{rules}"
        );
    }

    #[test]
    fn what_aws_says_is_read_out_of_the_servers_text() {
        let denied = |text: &str| reason(Code::PermissionDenied, text);
        let aws = "aws sts api returned status: \"403 Forbidden\" body: ";
        assert_eq!(
            denied(&format!("{aws}<Code>ExpiredToken</Code>")),
            RefusalReason::AwsExpired
        );
        for code in [
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "AccessDenied",
        ] {
            assert_eq!(
                denied(&format!("{aws}<Code>{code}</Code>")),
                RefusalReason::AwsRefused
            );
        }
        for status in ["\"503 Service Unavailable\"", "503 Service Unavailable"] {
            let busy = denied(&format!("aws sts api returned status: {status} body: \"\""));
            assert!(busy.may_succeed_later(), "{status}");
        }
        assert!(denied(&format!("{aws}<Code>Throttling</Code>")).may_succeed_later());
    }

    #[test]
    fn what_a_server_says_of_a_token_is_read_out_of_its_text() {
        for (text, expected) in [
            (
                "verifying token\n\taudience is not valid: Audience must contain client_id \"parent\"",
                RefusalReason::IdToken,
            ),
            (
                "validating with oidc\n\tverifying token\n\ttoken has expired",
                RefusalReason::IdToken,
            ),
            (
                "validating jwt claims: go-jose/go-jose/jwt: validation failed, token is expired (exp)",
                RefusalReason::IdToken,
            ),
            (
                "id token claims did not match any allow rules",
                RefusalReason::NotAllowed,
            ),
            (
                "id token claims failed to match any allow rules",
                RefusalReason::NotAllowed,
            ),
        ] {
            for code in [Code::Unknown, Code::PermissionDenied] {
                assert_eq!(reason(code, text), expected, "{text}");
            }
        }
        assert!(!RefusalReason::IdToken.may_succeed_later());
    }

    #[test]
    fn other_refusals_are_final_and_transient_failures_are_not() {
        for code in [
            Code::PermissionDenied,
            Code::InvalidArgument,
            Code::Internal,
        ] {
            assert!(
                !reason(code, "lock in force").may_succeed_later(),
                "{code:?}"
            );
        }
        for code in [
            Code::Unavailable,
            Code::ResourceExhausted,
            Code::DeadlineExceeded,
        ] {
            assert!(reason(code, "").may_succeed_later(), "{code:?}");
        }
    }

    #[test]
    fn only_decisions_keep_the_older_service_from_being_tried() {
        let falls = |code, before| falls_back(&Status::new(code, ""), before);
        assert!(falls(Code::Unimplemented, true) && falls(Code::Unimplemented, false));
        assert!(falls(Code::Unavailable, true) && !falls(Code::Unavailable, false));
        assert!(!falls(Code::PermissionDenied, true) && !falls(Code::InvalidArgument, true));
    }
}
