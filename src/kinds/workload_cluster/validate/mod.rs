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

/// A check of one attribute.
pub(super) type Check = fn(&Path, &Value, &mut Diagnostics);

/// Checks a configuration beyond its schema. Unknown values pass.
pub(super) fn validate(config: &Value, diags: &mut Diagnostics) {
    refused(config, diags);
    let spec = config.field("spec");
    if !spec.is_set() {
        return;
    }
    regions(spec.field("regions"), diags);
    let rules = Path::attributes(&["spec", "token", "allow"]);
    allow::rules(rules.find(config).unwrap_or(&Value::Null), &rules, diags);
    unjoinable(spec, diags);
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

/// A validator for kinds.
pub(super) fn kind(path: &Path, value: &Value, diags: &mut Diagnostics) {
    check_only(KIND, path, value, diags);
}

/// A validator for versions.
pub(super) fn version(path: &Path, value: &Value, diags: &mut Diagnostics) {
    check_only(VERSION, path, value, diags);
}

/// A validator for join methods.
pub(super) fn join_method(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let method = value.as_str().unwrap_or_default();
    if method != JOIN_METHOD {
        let what = format!(
            "must be {JOIN_METHOD:?}, the one join method of workload clusters, got: {method:?}"
        );
        invalid(path, &what, diags);
    }
}

/// A validator for regions. Which there are is Teleport Cloud's decision, so an unfamiliar one is no error.
pub(super) fn region(path: &Path, value: &Value, diags: &mut Diagnostics) {
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

fn check_only(only: &str, path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if text != only {
        let what = format!("must be {only:?} or left out, got: {text:?}");
        invalid(path, &what, diags);
    }
}

fn refused(config: &Value, diags: &mut Diagnostics) {
    for (path, why) in REFUSED {
        let path = Path::attributes(path);
        let value = path.find(config).unwrap_or(&Value::Null);
        let empty = value.is_null()
            || value.is_unknown()
            || value.as_fields().is_some_and(|fields| fields.is_empty());
        if !empty && value.as_str() != Some("") {
            errors::error(Summary::NotSupportedOnWorkloadClusters)
                .detail(format!("{path} {why} Remove it."))
                .at(path)
                .add(diags);
        }
    }
}

fn regions(regions: &Value, diags: &mut Diagnostics) {
    if regions.as_elements().is_some_and(<[Value]>::is_empty) {
        errors::error(Summary::MissingAttributeValue)
            .at(Path::attributes(&["spec", "regions"]))
            .detail("A workload cluster needs at least one region: spec.regions = [{ name = \"us-west-2\" }].")
            .add(diags);
    }
}

/// Nobody could join the cluster, and its configuration cannot be changed.
fn unjoinable(spec: &Value, diags: &mut Diagnostics) {
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
             either: Teleport Cloud takes no change of a workload cluster. Write both: bot = {{ name = \"terraform\" }} and \
             token = {{ join_method = \"iam\", allow = [{{ aws_account = \"123456789012\" }}] }}. If the cluster exists already \
             and has none, leave this as it is.",
            missing.join(" and "),
        ))
        .add(diags);
}

/// What the server takes, and what the schema puts in where nothing is set.
pub(super) const KIND: &str = "workload_cluster";
/// The same for `version`.
pub(super) const VERSION: &str = "v1";
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
