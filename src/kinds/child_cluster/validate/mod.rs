//! What can be said about a configuration without asking anybody.

mod allow;

use tfplugin::{Diagnostics, Path, Value};

use crate::{
    errors::{self, Summary},
    kinds::{
        checks::{invalid, is_empty},
        metadata,
    },
};

pub(super) use allow::{account, arn};

/// Checks a configuration beyond its schema. Unknown values pass. `noun` is what the kind is called.
pub(crate) fn validate(noun: &str, config: &Value, diags: &mut Diagnostics) {
    refused(noun, config, diags);
    let spec = config.field("spec");
    if !spec.is_set() {
        return;
    }
    let rules = Path::attributes(&["spec", "token", "allow"]);
    allow::rules(rules.find(config).unwrap_or(&Value::Null), &rules, diags);
    unjoinable(noun, spec, diags);
}

/// Checks that a text can be the name of a child cluster, which becomes the first label of its domain.
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
pub(super) fn name(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let name = value.as_str().unwrap_or_default();
    if let Err(problem) = cluster_name(name) {
        let what = format!(
            "must be a DNS label, because it becomes part of the cluster's domain, got: {name:?} ({problem})"
        );
        invalid(path, &what, diags);
    }
}

/// A validator for the names of bots. The role and the join token in the cluster have the same name, and the bot's user has
/// `bot-` in front of it.
pub(super) fn bot_name(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let name = value.as_str().unwrap_or_default();
    if let Some(rest) = name.strip_prefix("bot-") {
        let what = format!(
            "must be the name of the bot without \"bot-\", which Teleport puts in front of the name of its user, got: {name:?}. Write {rest:?}"
        );
        invalid(path, &what, diags);
    } else {
        metadata::name(path, value, diags);
    }
}

/// A validator for attributes with one possible value.
pub(super) fn only(
    only: &'static str,
) -> impl Fn(&Path, &Value, &mut Diagnostics) + Send + Sync + 'static {
    move |path, value, diags| {
        let text = value.as_str().unwrap_or_default();
        if text != only {
            let what = format!("must be {only:?} or left out, got: {text:?}");
            invalid(path, &what, diags);
        }
    }
}

/// A validator for join methods.
pub(super) fn join_method(
    noun: &'static str,
) -> impl Fn(&Path, &Value, &mut Diagnostics) + Send + Sync + 'static {
    move |path, value, diags| {
        let method = value.as_str().unwrap_or_default();
        if method != JOIN_METHOD {
            let what =
                format!("must be {JOIN_METHOD:?}, the one join method of {noun}s, got: {method:?}");
            invalid(path, &what, diags);
        }
    }
}

/// A validator for regions. Which there are is Teleport Cloud's decision, so an unfamiliar one is no error.
pub(crate) fn region(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let region = value.as_str().unwrap_or_default();
    if region.is_empty() || region.contains(char::is_whitespace) {
        invalid(path, &format!("must be a region, got: {region:?}"), diags);
    } else if !REGIONS.contains(&region) {
        errors::warning(Summary::UnfamiliarRegion)
            .at(path.clone())
            .detail(format!(
                "{path} is {region:?}, which is not among the regions that Teleport documents for workload clusters ({}). If \
                 Teleport Cloud does not know it either, the create fails.",
                REGIONS.join(", "),
            ))
            .add(diags);
    }
}

fn refused(noun: &str, config: &Value, diags: &mut Diagnostics) {
    for (path, why) in REFUSED {
        let path = Path::attributes(path);
        let value = path.find(config).unwrap_or(&Value::Null);
        let empty = value.is_null()
            || value.is_unknown()
            || value.as_fields().is_some_and(|fields| fields.is_empty());
        if !empty && value.as_str() != Some("") {
            errors::error(Summary::NotSupportedOnWorkloadClusters)
                .detail(format!("{path} {} Remove it.", why.replace("NOUN", noun)))
                .at(path)
                .add(diags);
        }
    }
}

/// Nobody could join the cluster, and its configuration cannot be changed.
fn unjoinable(noun: &str, spec: &Value, diags: &mut Diagnostics) {
    let missing: Vec<_> = [&["bot"][..], &["token"], &["token", "allow"]]
        .into_iter()
        .filter(|names| {
            let value = spec.at(names);
            let outer = names[..names.len() - 1]
                .iter()
                .all(|name| spec.field(name).is_set());
            outer && is_empty(value)
        })
        .map(|names| format!("spec.{}", names.join(".")))
        .collect();
    if missing.is_empty() {
        return;
    }
    errors::warning(Summary::NobodyCanJoin)
        .at(Path::attribute("spec"))
        .detail(format!(
            "Without {} no bot can join the new cluster, neither this provider nor tbot, to set it up. It cannot be added later \
             either: Teleport Cloud takes no change of a {noun}. Write both: bot = {{ name = \"terraform\" }} and \
             token = {{ join_method = \"iam\", allow = [{{ aws_account = \"123456789012\" }}] }}. If the cluster exists already \
             and has none, leave this as it is.",
            missing.join(" and "),
        ))
        .add(diags);
}

const JOIN_METHOD: &str = "iam";
/// RFC 1035, section 2.3.4.
const MAX_LABEL: usize = 63;

/// The auth regions of Teleport's documentation.
const REGIONS: [&str; 6] = [
    "us-west-2",
    "us-east-1",
    "eu-central-1",
    "ap-south-1",
    "ap-southeast-1",
    "sa-east-1",
];

/// What the schema shares with other resources, and the server refuses.
const REFUSED: [(&[&str], &str); 5] = [
    (&["sub_kind"], "does not exist for NOUNs."),
    (
        &["metadata", "labels"],
        "is refused by Teleport: a NOUN has no labels.",
    ),
    (
        &["metadata", "description"],
        "is refused by Teleport: a NOUN has no description.",
    ),
    (
        &["metadata", "expires"],
        "is refused by Teleport: a NOUN does not expire.",
    ),
    (
        &["metadata", "namespace"],
        "is refused by Teleport: a NOUN has no namespace.",
    ),
];

#[cfg(test)]
mod tests;
