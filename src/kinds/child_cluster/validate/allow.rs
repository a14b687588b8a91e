//! The rules of a join token: which AWS identities may join.

use tfplugin::{Diagnostics, Path, Value};

use crate::{
    errors::{self, Summary},
    kinds::checks::{elements, invalid, is_empty},
};

/// Checks the rules. A rule that can never match is a warning, unless all are so: then nobody could join the cluster.
pub(super) fn rules(rules: &Value, path: &Path, diags: &mut Diagnostics) {
    let mut never = Vec::new();
    for (index, rule) in elements(rules) {
        let path = path.with_index(index);
        if rule.is_set() && is_empty(rule.field(ACCOUNT)) && is_empty(rule.field(ARN)) {
            errors::error(Summary::MissingAttributeValue)
                .detail(format!("{path} needs aws_account or aws_arn, or both."))
                .at(path)
                .add(diags);
        } else if let Some(why) = never_matches(rule) {
            never.push((path.with_attribute(ARN), why));
        }
    }
    let all = never.len() == elements(rules).count();
    for (path, why) in never {
        if all {
            errors::error(Summary::ArnNeverMatches)
                .detail(format!("{path} can never match: {why}"))
                .at(path)
                .detail("No rule can match, so nobody could join the cluster, and its name would be taken.")
                .add(diags);
        } else {
            errors::warning(Summary::ArnNeverMatches)
                .detail(format!("{path} can never match: {why}"))
                .at(path)
                .add(diags);
        }
    }
}

/// A validator for AWS accounts.
pub(in crate::kinds::child_cluster) fn account(
    path: &Path,
    value: &Value,
    diags: &mut Diagnostics,
) {
    let account = value.as_str().unwrap_or_default();
    if account.len() != ACCOUNT_DIGITS || !account.chars().all(|c| c.is_ascii_digit()) {
        let what = format!(
            "must be an AWS account number of {ACCOUNT_DIGITS} digits, got: {account:?} ({} characters). Write it in quotes, so \
             that leading zeros stay",
            account.chars().count(),
        );
        invalid(path, &what, diags);
    }
}

/// A validator for ARNs. The forms are those that AWS STS reports, which is what Teleport compares with.
pub(in crate::kinds::child_cluster) fn arn(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let arn = value.as_str().unwrap_or_default();
    if Arn::parse(arn).is_none() {
        let what = format!(
            "must be an ARN as AWS STS reports callers, \"arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION\" or \
             \"arn:aws:iam::ACCOUNT:user/NAME\", where * and ? are wildcards, got: {arn:?}"
        );
        invalid(path, &what, diags);
    }
}

/// Why nobody can match a rule, as far as its ARN says.
pub(super) fn never_matches(rule: &Value) -> Option<String> {
    let arn = rule.field(ARN).as_str()?;
    let found = match Arn::parse(arn)? {
        Arn::Role {
            partition,
            account,
            role,
        } => {
            return Some(format!(
                "{arn:?} is the ARN of an IAM role. AWS reports a caller that assumed it as \
                 \"arn:{partition}:sts::{account}:assumed-role/{role}/SESSION\", and Teleport compares with that. Write \
                 \"arn:{partition}:sts::{account}:assumed-role/{role}/*\"."
            ));
        }
        Arn::Assumed {
            partition,
            account,
            role,
            session,
        } => {
            return Some(format!(
                "{arn:?} has other parts than a role and a session. AWS reports a caller as \
                 \"arn:{partition}:sts::{account}:assumed-role/ROLE/SESSION\", without the path of the role, and Teleport \
                 compares with that. Write \"arn:{partition}:sts::{account}:assumed-role/{role}/{session}\"."
            ));
        }
        Arn::Caller { account } => account,
    };
    let account = rule.field(ACCOUNT).as_str()?;
    let agree = account.is_empty() || matches_glob(found, account);
    (!agree).then(|| {
        format!(
            "{arn:?} is an ARN of account {found}, but aws_account of the same rule is {account:?}. Both must match. Write the \
             same account in both, or leave aws_account out."
        )
    })
}

/// An ARN, as far as it matters who can have it.
#[derive(Debug, PartialEq, Eq)]
enum Arn<'a> {
    /// What AWS STS can report.
    Caller { account: &'a str },
    /// An IAM role, which is never reported as such.
    Role {
        partition: &'a str,
        account: &'a str,
        role: &'a str,
    },
    /// A role that was assumed, as it is never reported: with the role's path, or without a session.
    Assumed {
        partition: &'a str,
        account: &'a str,
        role: &'a str,
        session: &'a str,
    },
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("arn:")?;
        let (partition, rest) = rest.split_once(':')?;
        let (service, rest) = rest.split_once(':')?;
        let (region, rest) = rest.split_once(':')?;
        let (account, resource) = rest.split_once(':')?;
        let digits = account
            .chars()
            .all(|c| c.is_ascii_digit() || c == '*' || c == '?');
        let complete = account.contains('*') || account.len() == ACCOUNT_DIGITS;
        let known = PARTITIONS
            .iter()
            .any(|known| matches_glob(known, partition));
        if !known || !region.is_empty() || account.is_empty() || !digits || !complete {
            return None;
        }
        let (kind, name) = resource.split_once('/')?;
        match (service, kind) {
            _ if name.is_empty() => None,
            ("sts", "assumed-role") => {
                let Some((role, session)) = name.rsplit_once('/') else {
                    return name.contains('*').then_some(Self::Caller { account });
                };
                if !role.contains('/') && !role.is_empty() && !session.is_empty() {
                    return Some(Self::Caller { account });
                }
                let role = role.rsplit('/').find(|part| !part.is_empty())?;
                Some(Self::Assumed {
                    partition,
                    account,
                    role,
                    session: if session.is_empty() { "*" } else { session },
                })
            }
            ("iam", "user") => Some(Self::Caller { account }),
            // Paths are part of a role's ARN, not of what STS reports. Those of users are.
            ("iam", "role") => Some(Self::Role {
                partition,
                account,
                role: name.rsplit('/').next().unwrap_or(name),
            }),
            _ => None,
        }
    }
}

/// Whether a text and a pattern with `*` and `?` agree. The text may hold wildcards of its own, which agree with anything.
fn matches_glob(text: &str, pattern: &str) -> bool {
    fn matches(text: &[u8], pattern: &[u8]) -> bool {
        match (text.first(), pattern.first()) {
            (None, None) => true,
            (Some(b'*'), _) => {
                matches(&text[1..], pattern)
                    || (!pattern.is_empty() && matches(text, &pattern[1..]))
            }
            (_, Some(b'*')) => {
                matches(text, &pattern[1..]) || (!text.is_empty() && matches(&text[1..], pattern))
            }
            (Some(a), Some(b)) if a == b || *a == b'?' || *b == b'?' => {
                matches(&text[1..], &pattern[1..])
            }
            _ => false,
        }
    }
    // Accounts and partitions are short; longer texts would make the comparison of two patterns slow.
    text.len() > MAX_GLOB
        || pattern.len() > MAX_GLOB
        || matches(text.as_bytes(), pattern.as_bytes())
}

const ACCOUNT: &str = "aws_account";
const ARN: &str = "aws_arn";
const ACCOUNT_DIGITS: usize = 12;
const MAX_GLOB: usize = 24;
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_agree_where_a_text_could_fit_both() {
        for (a, b) in [
            ("aws", "aws"),
            ("aws", "a*"),
            ("12*", "123"),
            ("1?3", "123"),
            ("*", "*"),
            ("a*c", "*bc"),
        ] {
            assert!(matches_glob(a, b), "{a} {b}");
        }
        for (a, b) in [("aws", "gcp"), ("12*", "321"), ("1?", "123")] {
            assert!(!matches_glob(a, b), "{a} {b}");
        }
    }
}
