//! What can be said about a configuration without asking anybody.

use crate::framework::{Diagnostics, Path, Value};

/// Checks a configuration beyond its schema. Unknown values pass.
pub(super) fn validate(config: &Value, diagnostics: &mut Diagnostics) {
    refused(config, diagnostics);
    let spec = config.field("spec");
    if !spec.is_set() {
        return;
    }
    regions(spec.field("regions"), diagnostics);
    token(spec.field("token"), diagnostics);
    unjoinable(spec, diagnostics);
}

/// Takes out what cannot be configured: objects that the server reports have some of it.
pub(super) fn take_out_refused(config: &mut Value) {
    let status: &[&str] = &["status"];
    for path in REFUSED
        .map(|(path, _)| path)
        .into_iter()
        .chain(REPORTED)
        .chain([status])
    {
        if let [outer @ .., name] = path
            && let Some(object) = outer.iter().try_fold(&mut *config, |object, step| {
                object.as_fields_mut()?.get_mut(*step)
            })
        {
            object.set_field(name, Value::Null);
        }
    }
}

/// Checks that a text can be the name of a workload cluster, which becomes the first label of its domain.
///
/// # Errors
///
/// Says what is wrong with it.
pub(super) fn cluster_name(name: &str) -> Result<(), &'static str> {
    let ends = |character: Option<char>| {
        character.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if name.is_empty() {
        Err("it is empty")
    } else if name.len() > MAX_LABEL {
        Err("it is longer than 63 characters")
    } else if !name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        Err("it may hold only a-z, 0-9 and -")
    } else if !ends(name.chars().next()) || !ends(name.chars().last()) {
        Err("it must begin and end with a letter or digit")
    } else {
        Ok(())
    }
}

/// A validator for names.
pub(super) fn check_name(path: &Path, value: &Value, diagnostics: &mut Diagnostics) {
    let name = value.as_str().unwrap_or_default();
    if let Err(problem) = cluster_name(name) {
        diagnostics.attribute_error(
            path.clone(),
            INVALID,
            format!(
                "Attribute {path} must be a DNS label, because it becomes part of the cluster's domain, got: {name:?} \
                 ({problem})."
            ),
        );
    }
}

/// A validator for the names of bots. The role and the join token in the cluster have the same name.
pub(super) fn check_bot_name(path: &Path, value: &Value, diagnostics: &mut Diagnostics) {
    let name = value.as_str().unwrap_or_default();
    let odd = |c: char| c == '/' || c.is_whitespace() || c.is_control();
    let problem = if name.is_empty() {
        "it is empty"
    } else if name.contains(odd) {
        "it may hold no slash and no white space"
    } else {
        return;
    };
    diagnostics.attribute_error(
        path.clone(),
        INVALID,
        format!(
            "Attribute {path} must be a name that the bot, its role and its join token can have, such as \"terraform\", got: \
             {name:?} ({problem})."
        ),
    );
}

/// A validator for AWS accounts.
pub(super) fn check_account(path: &Path, value: &Value, diagnostics: &mut Diagnostics) {
    let account = value.as_str().unwrap_or_default();
    if account.len() != ACCOUNT_DIGITS || !account.chars().all(|c| c.is_ascii_digit()) {
        diagnostics.attribute_error(
            path.clone(),
            INVALID,
            format!(
                "Attribute {path} must be an AWS account number of {ACCOUNT_DIGITS} digits, got: {account:?} ({} \
                 characters). Write it in quotes, so that leading zeros stay.",
                account.chars().count(),
            ),
        );
    }
}

/// A validator for ARNs. The forms are those that AWS STS reports, which is what Teleport compares with.
pub(super) fn check_arn(path: &Path, value: &Value, diagnostics: &mut Diagnostics) {
    let arn = value.as_str().unwrap_or_default();
    match Arn::parse(arn) {
        Some(Arn::Caller { .. }) => {}
        Some(Arn::Role { partition, account, role }) => diagnostics.attribute_warning(
            path.clone(),
            NEVER_MATCHES,
            format!(
                "{arn:?}, in {path}, is the ARN of an IAM role. AWS reports a caller that assumed it as \
                 \"arn:{partition}:sts::{account}:assumed-role/{role}/SESSION\", and that is what Teleport compares with: \
                 nobody could join the cluster, and its name would be taken. Write \
                 \"arn:{partition}:sts::{account}:assumed-role/{role}/*\"."
            ),
        ),
        Some(Arn::Assumed { partition, account, role, session }) => diagnostics.attribute_warning(
            path.clone(),
            NEVER_MATCHES,
            format!(
                "{arn:?}, in {path}, has other parts than a role and a session. AWS reports a caller as \
                 \"arn:{partition}:sts::{account}:assumed-role/ROLE/SESSION\", without the path of the role, and that is what \
                 Teleport compares with: nobody could join the cluster, and its name would be taken. Write \
                 \"arn:{partition}:sts::{account}:assumed-role/{role}/{session}\"."
            ),
        ),
        None => diagnostics.attribute_error(
            path.clone(),
            INVALID,
            format!(
                "Attribute {path} must be an ARN as AWS STS reports callers, \
                 \"arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION\" or \"arn:aws:iam::ACCOUNT:user/NAME\", where * and ? \
                 are wildcards, got: {arn:?}."
            ),
        ),
    }
}

/// A validator for kinds.
pub(super) fn check_kind(path: &Path, value: &Value, diagnostics: &mut Diagnostics) {
    check_only(KIND, path, value, diagnostics);
}

/// A validator for versions.
pub(super) fn check_version(path: &Path, value: &Value, diagnostics: &mut Diagnostics) {
    check_only(VERSION, path, value, diagnostics);
}

/// A validator for join methods.
pub(super) fn check_join_method(path: &Path, value: &Value, diagnostics: &mut Diagnostics) {
    let method = value.as_str().unwrap_or_default();
    if method != JOIN_METHOD {
        diagnostics.attribute_error(
            path.clone(),
            INVALID,
            format!("Attribute {path} must be {JOIN_METHOD:?}, the one join method of workload clusters, got: {method:?}."),
        );
    }
}

/// A validator for regions. Which there are is Teleport Cloud's decision, so an unfamiliar one is no error.
pub(super) fn check_region(path: &Path, value: &Value, diagnostics: &mut Diagnostics) {
    let region = value.as_str().unwrap_or_default();
    if region.is_empty() || region.contains(char::is_whitespace) {
        diagnostics.attribute_error(
            path.clone(),
            INVALID,
            format!("Attribute {path} must be a region, got: {region:?}."),
        );
    } else if !REGIONS.contains(&region) {
        diagnostics.attribute_warning(
            path.clone(),
            "Unfamiliar Region",
            format!(
                "{region:?}, in {path}, is not among the regions that Teleport documents for workload clusters ({}). If Teleport Cloud \
                 does not know it either, the creation fails.",
                REGIONS.join(", "),
            ),
        );
    }
}

fn check_only(only: &str, path: &Path, value: &Value, diagnostics: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if text != only {
        let text = format!("Attribute {path} must be {only:?}, or left out, got: {text:?}.");
        diagnostics.attribute_error(path.clone(), INVALID, text);
    }
}

fn refused(config: &Value, diagnostics: &mut Diagnostics) {
    for (path, why) in REFUSED {
        let path = Path::attributes(path);
        let value = path.find(config).unwrap_or(&Value::Null);
        let empty = value.is_null()
            || value.is_unknown()
            || value.as_fields().is_some_and(|fields| fields.is_empty());
        if !empty && value.as_str() != Some("") {
            diagnostics.attribute_error(
                path.clone(),
                "Not Supported on Workload Clusters",
                format!("{path} {why} Remove it."),
            );
        }
    }
}

fn regions(regions: &Value, diagnostics: &mut Diagnostics) {
    if regions.as_elements().is_some_and(<[Value]>::is_empty) {
        diagnostics.attribute_error(
            Path::attributes(&["spec", "regions"]),
            MISSING,
            "A workload cluster needs at least one region: spec.regions = [{ name = \"us-west-2\" }].",
        );
    }
}

fn token(token: &Value, diagnostics: &mut Diagnostics) {
    if !token.is_set() {
        return;
    }
    let rules = Path::attributes(&["spec", "token", "allow"]);
    if token
        .field("allow")
        .as_elements()
        .is_some_and(<[Value]>::is_empty)
    {
        diagnostics.attribute_error(
            rules,
            MISSING,
            "A token needs at least one rule that says who may join: spec.token.allow = [{ aws_account = \"123456789012\" }].",
        );
        return;
    }
    for (index, rule) in token
        .field("allow")
        .as_elements()
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        allow(rule, &rules.with_index(index), diagnostics);
    }
}

/// Nobody could join the cluster, and its configuration cannot be changed.
fn unjoinable(spec: &Value, diagnostics: &mut Diagnostics) {
    let missing: Vec<_> = ["bot", "token"]
        .into_iter()
        .filter(|name| spec.field(name).is_null())
        .map(|name| format!("spec.{name}"))
        .collect();
    if missing.is_empty() {
        return;
    }
    diagnostics.attribute_warning(
        Path::attribute("spec"),
        "Nobody Can Join the Workload Cluster",
        format!(
            "Without {} no bot can join the new cluster, neither this provider nor tbot, to set it up. It cannot be added later \
             either: Teleport Cloud takes no change of a workload cluster. Write both: bot = {{ name = \"terraform\" }} and \
             token = {{ join_method = \"iam\", allow = [{{ aws_account = \"123456789012\" }}] }}. If the cluster is there already \
             and has none, this is as it is.",
            missing.join(" and "),
        ),
    );
}

fn allow(rule: &Value, path: &Path, diagnostics: &mut Diagnostics) {
    if rule.is_unknown() {
        return;
    }
    let (account, arn) = (rule.field("aws_account"), rule.field("aws_arn"));
    let empty = |value: &Value| value.is_null() || value.as_str() == Some("");
    if empty(account) && empty(arn) {
        diagnostics.attribute_error(
            path.clone(),
            MISSING,
            format!("A rule needs aws_account or aws_arn, or both; without any {path} would let nobody in."),
        );
    }
    let (Some(account), Some(arn)) = (account.as_str(), arn.as_str()) else {
        return;
    };
    let Some(
        Arn::Caller { account: found }
        | Arn::Role { account: found, .. }
        | Arn::Assumed { account: found, .. },
    ) = Arn::parse(arn)
    else {
        return;
    };
    if !account.is_empty() && !matches_glob(found, account) {
        let path = path.with_attribute("aws_arn");
        let text = format!(
            "Attribute {path} must be an ARN of the account in aws_account of the same rule, {account:?}, got: {arn:?} (of \
             account {found}). Both must match, so nobody could join by this rule."
        );
        diagnostics.attribute_error(path, INVALID, text);
    }
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

const INVALID: &str = "Invalid Attribute Value";
const NEVER_MATCHES: &str = "ARN Never Matches";
const MISSING: &str = "Missing Attribute Value";
/// What the server takes, and what the schema puts in where nothing is set.
pub(super) const KIND: &str = "workload_cluster";
/// The same for `version`.
pub(super) const VERSION: &str = "v1";
const JOIN_METHOD: &str = "iam";
const ACCOUNT_DIGITS: usize = 12;
/// RFC 1035, section 2.3.4.
const MAX_LABEL: usize = 63;
const MAX_GLOB: usize = 24;
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

/// The auth regions of Teleport's documentation.
const REGIONS: [&str; 6] = [
    "us-west-2",
    "us-east-1",
    "eu-central-1",
    "ap-south-1",
    "ap-southeast-1",
    "sa-east-1",
];

/// What Teleport Cloud reports.
pub(super) const REPORTED: [&[&str]; 3] = [
    &["metadata", "revision"],
    &["status", "state"],
    &["status", "domain"],
];

/// What the schema shares with other resources, and the server refuses.
const REFUSED: [(&[&str], &str); 5] = [
    (&["sub_kind"], "does not exist for workload clusters."),
    (
        &["metadata", "labels"],
        "is refused by Teleport: a workload cluster has no labels.",
    ),
    (
        &["metadata", "description"],
        "is refused by Teleport: a workload cluster has no description.",
    ),
    (
        &["metadata", "expires"],
        "is refused by Teleport: a workload cluster does not expire.",
    ),
    (
        &["metadata", "namespace"],
        "is refused by Teleport: a workload cluster has no namespace.",
    ),
];

#[cfg(test)]
mod tests;
