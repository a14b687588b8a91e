//! What Terraform adds to bots: presence, checks that need no cluster, and what a failed create leaves behind.

use teleport_client::Error;
use tfplugin::{Diagnostics, Path, Validator, Value};

use super::validate;
use crate::{
    errors::{self, Summary},
    kinds::{
        checks::{Check, invalid},
        metadata::{self, not_zero},
    },
    mapping::Rules,
};

pub(super) fn rules() -> Rules {
    let rules = Rules::new()
        .computed("status")
        .default_to("kind", "bot")
        .default_to("version", "v1")
        .requires_replace("metadata.name")
        .omit("metadata.id")
        .entries("spec.traits", "name", "values")
        .describe(
            "spec.traits",
            "Traits of the bot's user, for the templates of roles, such as `logins`. The cluster drops traits without \
             values.",
        );
    let checks: [Check; 7] = [
        ("kind", kind),
        ("version", version),
        ("metadata.name", validate::name),
        ("metadata.labels", labels),
        ("metadata.namespace", metadata::namespace),
        ("spec.roles", validate::roles),
        ("spec.max_session_ttl", not_zero),
    ];
    checks.into_iter().fold(rules, |rules, (path, check)| {
        rules.validate(path, Validator::new(check))
    })
}

pub(super) fn review(prior: &Value, planned: &Value, diags: &mut Diagnostics) {
    let path = ["metadata", "description"];
    let description = planned.at(&path);
    if description.is_set() && description.as_str() != Some("") && description != prior.at(&path) {
        errors::warning(Summary::NotKeptByCluster).at(Path::attributes(&path)).detail("The cluster does not store the description of a bot. It stays in the state as configured, and is shown nowhere else.").add(diags);
    }
}

/// The cluster drops traits without values.
pub(super) fn same_traits(one: &Value, other: &Value) -> bool {
    let with_values = |traits: &Value| {
        let mut fields = traits.as_fields().cloned().unwrap_or_default();
        fields.retain(|_, values| values.as_elements().is_none_or(|values| !values.is_empty()));
        fields
    };
    with_values(one) == with_values(other)
}

/// CreateBot writes the user of the bot, then its role. When it fails at the role, the user stays.
pub(super) fn left_behind(error: &Error, name: &str) -> Option<String> {
    error.is_bot_without_role().then(|| {
        let user = user_name(name);
        format!(
            "The cluster stores a bot as a user and a role. It created the user {user:?}, but not the role of the same name, so \
             the user remains. Delete it before the next apply: tctl users rm {user:?}. If the role {user:?} exists and is not \
             needed, delete it, too: tctl rm \"role/{user}\"."
        )
    })
}

/// The name of the user and of the role of a bot.
fn user_name(name: &str) -> String {
    format!("bot-{}", name.replace(' ', "-"))
}

fn kind(path: &Path, value: &Value, diags: &mut Diagnostics) {
    metadata::kind("bot", path, value, diags);
}

fn version(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if text != "v1" {
        invalid(
            path,
            &format!("must be \"v1\" or left out, got: {text:?}"),
            diags,
        );
    }
}

fn labels(path: &Path, value: &Value, diags: &mut Diagnostics) {
    metadata::labels(path, value, diags);
    for key in ["teleport.internal/bot", "teleport.internal/bot-generation"] {
        if !value.field(key).is_null() {
            invalid(
                &path.with_key(key),
                "is a label that the cluster sets itself",
                diags,
            );
        }
    }
}
