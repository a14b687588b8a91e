//! A cluster's no to a join, and what it means.

use std::fmt;

use teleport_proto::teleport::workloadcluster::v1::{Token, WorkloadCluster};
use tonic::{Code, Status};

use super::caller::CallerIdentity;
use crate::{
    ErrorKind, Transient,
    call::{
        server_texts::{self, JoinRefusal},
        status,
    },
};

/// Why a cluster refuses a join. Servers tell it by code and text only (`lib/join` in gravitational/teleport).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The AWS identity is none that the token allows.
    NotAllowed,
    /// Token or bot are not there: not yet, or never.
    NotThere,
    /// AWS does not accept the session of the credentials any more.
    AwsExpired,
    /// AWS does not accept the credentials.
    AwsRefused,
    /// It may work a little later.
    Passing(Transient),
    /// The server does not have this service.
    Unserved,
    /// Anything else.
    Other(ErrorKind),
}

/// A cluster's no.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(super) reason: Reason,
    /// The server's own words, or the transport's.
    pub(super) message: String,
    /// Name of the token.
    pub(super) token: String,
    /// Whether it is the parent that was joined, in place of a workload cluster.
    pub(super) of_parent: bool,
    /// Which AWS credentials are in use, and where they are from, where that matters.
    pub(super) credentials: Option<String>,
    /// Who AWS says the caller is, where that matters and AWS answers.
    pub(super) caller: Option<CallerIdentity>,
    /// What the token allows, where that matters and the parent cluster knows.
    pub(super) rules: Option<String>,
}

impl Reason {
    pub(super) fn of(status: &Status) -> Self {
        let failure = status::failure("Join", String::new(), status);
        match server_texts::join_refusal(&failure.message) {
            Some(JoinRefusal::NoRuleMatches) => return Self::NotAllowed,
            Some(JoinRefusal::AwsExpired) => return Self::AwsExpired,
            Some(JoinRefusal::AwsBusy) => return Self::Passing(Transient::Unavailable),
            Some(JoinRefusal::AwsRefused) => return Self::AwsRefused,
            None => {}
        }
        match failure.kind {
            ErrorKind::Transient(transient) => Self::Passing(transient),
            ErrorKind::Unimplemented => Self::Unserved,
            ErrorKind::NotFound => Self::NotThere,
            _ if server_texts::is_not_found(&failure.message) => Self::NotThere,
            kind => Self::Other(kind),
        }
    }

    /// Whether other AWS credentials are what it takes.
    pub(super) fn is_about_aws(self) -> bool {
        matches!(self, Self::NotAllowed | Self::AwsExpired | Self::AwsRefused)
    }

    /// Whether the same join may succeed a little later, with nothing changed on this side.
    pub(super) fn may_pass(self) -> bool {
        matches!(self, Self::NotThere | Self::Passing(_))
    }
}

impl Refusal {
    pub(super) fn new(status: &Status, token: &str) -> Self {
        Self {
            reason: Reason::of(status),
            message: status::failure("Join", String::new(), status).message,
            token: token.to_owned(),
            of_parent: false,
            credentials: None,
            caller: None,
            rules: None,
        }
    }

    /// Whether the same join may succeed a little later. The parent does not change as a cluster does that has just been made.
    pub(super) fn may_pass(&self) -> bool {
        self.reason.may_pass() && !(self.of_parent && self.reason == Reason::NotThere)
    }

    pub(super) fn kind(&self) -> ErrorKind {
        match self.reason {
            Reason::Passing(transient) => ErrorKind::Transient(transient),
            Reason::AwsExpired | Reason::AwsRefused => ErrorKind::Credentials,
            Reason::Unserved => ErrorKind::UnsupportedServer,
            Reason::NotAllowed | Reason::NotThere | Reason::Other(_) => ErrorKind::JoinRefused,
        }
    }

    pub(super) fn advice(&self) -> Option<String> {
        let mut advice = self.what_to_do()?;
        if self.of_parent {
            advice = format!("{OF_PARENT} {advice}");
        }
        if let Some(credentials) = &self.credentials {
            advice.push_str(&format!(" The AWS credentials in use are {credentials}."));
        }
        Some(advice)
    }

    fn what_to_do(&self) -> Option<String> {
        let token = &self.token;
        Some(match self.reason {
            Reason::NotAllowed => {
                let allowed = match &self.rules {
                    Some(rules) => format!("The token allows: {rules}."),
                    None => {
                        "What the token allows stands in the spec.token.allow of the workload cluster, or in the token itself."
                            .to_owned()
                    }
                };
                format!(
                    "{allowed} A rule names the account and the ARN as AWS STS reports them: \
                     arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION for a role, arn:aws:iam::ACCOUNT:user/NAME for a user. Use AWS \
                     credentials that a rule allows, or change the rules. `aws sts get-caller-identity` shows the identity in use."
                )
            }
            Reason::NotThere => format!(
                "The cluster has no valid token {token:?}, or no bot for it. In a workload cluster the token is named like the bot \
                 (spec.bot.name); right after the cluster became active it can take a while until both are there."
            ),
            Reason::AwsExpired => {
                "The session of the AWS credentials is over. Log in to AWS again (such as with `aws sso login`) or issue new \
                 session credentials."
                    .to_owned()
            }
            Reason::AwsRefused => {
                "The cluster asked AWS about them, and nothing is wrong with the join itself. Check that access key and secret \
                 belong together and are active, that the session token of temporary credentials is there, and that the clock \
                 of this machine is right: `aws sts get-caller-identity` must work with them."
                    .to_owned()
            }
            Reason::Unserved => {
                "The server has no join service for the method iam. Check that addr is the cluster's proxy, and that the cluster \
                 is up to date."
                    .to_owned()
            }
            Reason::Passing(_) | Reason::Other(_) => return None,
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Passing(_) => f.write_str("the cluster cannot do it now")?,
            Reason::AwsExpired | Reason::AwsRefused => {
                f.write_str("AWS does not accept the AWS credentials, says the cluster")?;
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

/// What the token of a workload cluster allows, as a sentence's end.
pub(super) fn rules(cluster: &WorkloadCluster) -> Option<String> {
    let Token { allow, .. } = cluster.spec.as_ref()?.token.as_ref()?;
    let rules = allow.iter().map(|rule| {
        let account = Some(&rule.aws_account).filter(|text| !text.is_empty());
        let arn = Some(&rule.aws_arn).filter(|text| !text.is_empty());
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

/// Whether a failure of the newer service is one after which the older is tried: not a decision about the join itself.
pub(super) fn falls_back(status: &Status, before_answer: bool) -> bool {
    match status.code() {
        Code::Unimplemented => true,
        Code::PermissionDenied | Code::InvalidArgument => false,
        _ => before_answer,
    }
}

/// What to know of an address of the parent in place of a workload cluster's.
pub(crate) const OF_PARENT: &str = "That is the address of the provider block's own cluster, and no workload cluster's: objects \
                                    in it name no cluster.";

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: Code, text: &str) -> Reason {
        Reason::of(&Status::new(code, text))
    }

    #[test]
    fn a_wrong_identity_is_told_from_a_token_that_is_not_there() {
        let denied = |text: &str| reason(Code::PermissionDenied, text);
        assert_eq!(
            denied("instance did not match any allow rules in token ci"),
            Reason::NotAllowed
        );
        assert_eq!(
            denied("\"ci\" can not join the cluster, token expired or not found"),
            Reason::NotThere
        );
        assert_eq!(
            reason(Code::NotFound, "user \"bot-ci\" is not found"),
            Reason::NotThere
        );
        assert_eq!(reason(Code::NotFound, ""), Reason::NotThere);
        assert!(!Reason::NotAllowed.may_pass() && Reason::NotThere.may_pass());
    }

    #[test]
    fn what_aws_says_is_read_out_of_the_servers_text() {
        let denied = |text: &str| reason(Code::PermissionDenied, text);
        let aws = "aws sts api returned status: \"403 Forbidden\" body: ";
        assert_eq!(
            denied(&format!("{aws}<Code>ExpiredToken</Code>")),
            Reason::AwsExpired
        );
        for code in [
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "AccessDenied",
        ] {
            assert_eq!(
                denied(&format!("{aws}<Code>{code}</Code>")),
                Reason::AwsRefused
            );
        }
        for status in ["\"503 Service Unavailable\"", "503 Service Unavailable"] {
            let busy = denied(&format!("aws sts api returned status: {status} body: \"\""));
            assert!(busy.may_pass(), "{status}");
        }
        assert!(denied(&format!("{aws}<Code>Throttling</Code>")).may_pass());
    }

    #[test]
    fn other_refusals_are_final_and_passing_failures_are_not() {
        for code in [
            Code::PermissionDenied,
            Code::InvalidArgument,
            Code::Internal,
        ] {
            assert!(!reason(code, "lock in force").may_pass(), "{code:?}");
        }
        for code in [
            Code::Unavailable,
            Code::ResourceExhausted,
            Code::DeadlineExceeded,
        ] {
            assert!(reason(code, "").may_pass(), "{code:?}");
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
