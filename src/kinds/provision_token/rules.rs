//! What Terraform adds to join tokens: presence, secrets, and checks that need no cluster.

use std::collections::BTreeSet;

use tfplugin::{Diagnostics, Path, Validator, Value};

use super::validate;
use crate::{
    kinds::{
        checks::{Check, invalid},
        metadata::{self, not_zero},
    },
    mapping::Rules,
};

pub(super) fn rules() -> Rules {
    let rules = Rules::new()
        .computed("status")
        .default_to("kind", "token")
        .required("version")
        .required("spec")
        .required("spec.roles")
        .requires_replace("metadata.name")
        .sensitive("metadata.name")
        .describe(
            "metadata.name",
            "Name of the join token. With the join method `token`, whoever knows it can join. Default: 32 random bytes as \
             hexadecimal digits.",
        )
        .duration("spec.aws_iid_ttl");
    let checks: [Check; 9] = [
        ("kind", kind),
        ("version", version),
        ("metadata.name", validate::name),
        ("metadata.labels", metadata::labels),
        ("metadata.namespace", metadata::namespace),
        ("spec.roles", roles),
        ("spec.aws_iid_ttl", not_zero),
        ("spec.suggested_labels", label_values),
        ("spec.suggested_agent_matcher_labels", label_values),
    ];
    checks.into_iter().fold(rules, |rules, (path, check)| {
        rules.validate(path, Validator::new(check))
    })
}

/// A name that nobody can guess: 32 random bytes as hexadecimal digits.
pub(super) fn random_name() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system must have random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The cluster answers a role in its own capitals: `node` as `Node`.
pub(super) fn same_roles(one: &Value, other: &Value) -> bool {
    let texts = |roles: &Value| -> Option<Vec<String>> {
        let roles = roles.as_elements()?.iter();
        roles
            .map(|role| Some(role.as_str()?.to_lowercase()))
            .collect()
    };
    texts(one).is_some() && texts(one) == texts(other)
}

fn kind(path: &Path, value: &Value, diags: &mut Diagnostics) {
    metadata::kind("token", path, value, diags);
}

fn version(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if text != "v2" {
        invalid(path, &format!("must be \"v2\", got: {text:?}"), diags);
    }
}

/// Unknown names are left to the cluster, which may be newer.
fn roles(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let roles = value.as_elements().unwrap_or_default();
    if roles.is_empty() {
        invalid(path, "must have at least one role, such as \"Node\"", diags);
    }
    let mut seen = BTreeSet::new();
    for (index, role) in roles.iter().enumerate() {
        let Some(role) = role.as_str() else { continue };
        if !seen.insert(role.to_lowercase()) {
            invalid(
                &path.with_index(index),
                &format!("is a role that the list has already: {role:?}"),
                diags,
            );
        }
    }
}

/// The cluster stores a label without values as one with an empty value.
fn label_values(path: &Path, value: &Value, diags: &mut Diagnostics) {
    for (key, values) in value.as_fields().into_iter().flatten() {
        if values.as_elements().is_some_and(<[_]>::is_empty) {
            invalid(
                &path.with_key(key),
                "must have at least one value. For any value, write [\"*\"]",
                diags,
            );
        }
    }
}
