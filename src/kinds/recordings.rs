//! Holds the checks of configurations to what a real server accepted and refused.
//!
//! A recording has the object that was sent and the answer to its create. The object is taken for a configuration.

use std::{fs, path::Path as FilePath};

use prost_reflect::DynamicMessage;
use serde_json::Value as Json;
use tfplugin::{Block, Diagnostic, Diagnostics, Presence, Schema, Severity, Value, operations};

use super::{auth_preference, bot, metadata, provision_token, role::ROLE, user::USER};
use crate::{
    engine::{Kind, descriptor},
    mapping::{Mapping, Rules},
};

#[test]
fn roles_are_judged_as_the_server_judges_them() {
    hold_kind(
        ROLE,
        "roles.jsonl",
        &[
            (
                "expires-past",
                "an object that expired is never created as configured",
            ),
            (
                "ttl-negative",
                "the server stores its default instead of a negative TTL",
            ),
            (
                "version-empty",
                "a role needs a version: the server would choose one",
            ),
            ("kind-user", "the answer has another kind than configured"),
        ],
        &[
            "UNIQUE constraint failed",
            // Newer servers take the plural names.
            "request.kubernetes_resource kind \"pods\"",
        ],
    );
}

#[test]
fn users_are_judged_as_the_server_judges_them() {
    hold_kind(
        USER,
        "users.jsonl",
        &[(
            "u-version-v1",
            "the answer has another version than configured",
        )],
        &["Must be Okta service"],
    );
}

#[test]
fn join_tokens_are_judged_as_the_server_judges_them() {
    let rules = Rules::new().duration("spec.aws_iid_ttl");
    hold(
        "provision_tokens.jsonl",
        "types.ProvisionTokenV2",
        rules,
        &[],
        &[
            "invalid tenant: https",
            "invalid region",
            // Newer servers take it.
            "got \"oidc\"",
        ],
        |config, diags| {
            check(
                &["metadata", "name"],
                provision_token::validate::name,
                config,
                diags,
            );
            check(&["metadata", "labels"], metadata::labels, config, diags);
            check(
                &["metadata", "namespace"],
                metadata::namespace,
                config,
                diags,
            );
            provision_token::validate::validate(config, diags);
        },
    );
}

#[test]
fn bots_are_judged_as_the_server_judges_them() {
    hold(
        "bots.jsonl",
        "teleport.machineid.v1.Bot",
        Rules::new(),
        &[],
        &["spec: must be non-nil"],
        |config, diags| {
            check(&["metadata", "name"], bot::validate::name, config, diags);
            check(&["metadata", "labels"], metadata::labels, config, diags);
            check(&["spec", "roles"], bot::validate::roles, config, diags);
        },
    );
}

#[test]
fn auth_preferences_are_judged_as_the_server_judges_them() {
    let rules = Rules::new()
        .duration("spec.default_session_ttl")
        .duration("spec.hardware_key.pin_cache_ttl")
        .duration("spec.okta.sync_period");
    hold(
        "auth_preferences.jsonl",
        "types.AuthPreferenceV2",
        rules,
        &[],
        // The provider fills in a second factor where there is none. The mapping warns of numbers that enums do not have.
        &["RequireMFAType: RequireMFATy"],
        |config, diags| {
            let spec = config.field("spec");
            let sparse =
                spec.field("second_factor").is_null() && spec.field("second_factors").is_null();
            if sparse {
                diags.warning("Second Factor Missing", "The provider sends otp.");
            }
            auth_preference::validate::validate(config, diags);
        },
    );
}

/// Runs a check of one attribute, which is null only in requests and never in configurations.
fn check(
    names: &[&str],
    check: fn(&tfplugin::Path, &Value, &mut Diagnostics),
    config: &Value,
    diags: &mut Diagnostics,
) {
    let value = config.at(names);
    if names.last() == Some(&"name") || value.is_set() {
        check(&tfplugin::Path::attributes(names), value, diags);
    }
}

fn hold_kind(kind: Kind, file: &str, deliberate: &[(&str, &str)], only_the_server: &[&str]) {
    let rules = (kind.rules)();
    hold(
        file,
        kind.rpcs.message,
        rules,
        deliberate,
        only_the_server,
        kind.validate,
    );
}

/// Compares the judgements on all recordings of a file. `deliberate` are objects that the server accepts and the check may
/// refuse, with the reason. `only_the_server` are parts of refusals that the provider leaves to the server. Where the check
/// only warns, the server decides.
fn hold(
    file: &str,
    message: &str,
    rules: Rules,
    deliberate: &[(&str, &str)],
    only_the_server: &[&str],
    validate: impl Fn(&Value, &mut Diagnostics),
) {
    let descriptor = teleport_proto::descriptors()
        .get_message_by_name(message)
        .unwrap();
    let mapping = Mapping::new(descriptor.clone(), rules).unwrap();
    let mut block = Block::new("");
    block.attributes = mapping.schema_attributes();
    let schema = Schema::new(block);
    let mut wrong = Vec::new();
    let mut judged = 0;
    for line in read(file).lines() {
        let recording: Json = serde_json::from_str(line).unwrap();
        let case = recording["case"].as_str().unwrap();
        let answer = &recording["steps"][0];
        let refusal = answer["message"].as_str().unwrap_or_default();
        let sent =
            DynamicMessage::deserialize(descriptor.clone(), recording["object"].clone()).unwrap();
        let config = configured(&mapping.to_value(&sent), &schema);
        let mut diags = operations::validate(&schema, &config, true);
        validate(&config, &mut diags);
        let accepted = match answer["code"].as_str().unwrap() {
            "OK" => true,
            // A refusal of the open-source edition, or for what is or is not there.
            "PermissionDenied" | "NotFound" => continue,
            _ if refusal.contains("requires Teleport Enterprise") => continue,
            _ => false,
        };
        judged += 1;
        let fits = if accepted {
            !diags.has_errors() || deliberate.iter().any(|(known, _)| *known == case)
        } else {
            diags.iter().any(is_judgement)
                || only_the_server.iter().any(|part| refusal.contains(part))
        };
        if !fits {
            let found: Vec<_> = diags
                .iter()
                .filter(|diagnostic| diagnostic.severity == Severity::Error)
                .map(|diagnostic| format!("{}: {}", diagnostic.path, diagnostic.detail))
                .collect();
            wrong.push(format!("{case}: server: {refusal:?}, check: {found:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {judged}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(judged > 15, "only {judged} recordings in {file}");
}

/// A deprecated attribute says nothing about what the server accepts.
fn is_judgement(diagnostic: &Diagnostic) -> bool {
    diagnostic.summary != "Deprecated Attribute"
}

/// The recordings of a file, one a line.
pub(crate) fn read(file: &str) -> String {
    let folder = FilePath::new(env!("CARGO_MANIFEST_DIR"))
        .join("crates/teleport-simulator/tests/recordings");
    let path = folder.join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An object of a recording.
pub(crate) fn message(kind: &Kind, json: &Json) -> DynamicMessage {
    DynamicMessage::deserialize(descriptor(kind), json).unwrap()
}

/// The object as a configuration, which sets no computed attribute.
pub(crate) fn configured(object: &Value, schema: &Schema) -> Value {
    let mut config = object.clone();
    for (name, attribute) in &schema.block.attributes {
        if attribute.presence == Presence::Computed {
            config.set_field(name, Value::Null);
        }
    }
    config
}
