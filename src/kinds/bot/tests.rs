use tfplugin::{
    Call, Diagnostics, Private, Resource, Stop, Value,
    operations::{self, Plan, PlanRequest},
};

use super::*;
use crate::engine::shapes;

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| Value::from(*text)).collect())
}

fn logins(values: &[&str]) -> Value {
    Value::Map([("logins".to_owned(), list(values))].into())
}

fn null() -> Value {
    shapes::null(BotResource::new().schema())
}

fn flat(roles: &[&str]) -> Value {
    let mut config = null();
    config.set_field("name", "ci".into());
    config.set_field("roles", list(roles));
    config.set_field("traits", logins(&["root"]));
    config
}

fn nested(roles: &[&str]) -> Value {
    let resource = BotResource::new();
    let mut metadata = shapes::null_at(resource.schema(), "metadata");
    metadata.set_field("name", "ci".into());
    let mut spec = shapes::null_at(resource.schema(), "spec");
    spec.set_field("roles", list(roles));
    spec.set_field("traits", logins(&["root"]));
    let mut config = null();
    config.set_field("metadata", metadata);
    config.set_field("spec", spec);
    config
}

/// The state after the apply of a configuration.
fn applied(config: &Value) -> Value {
    let mut state = plan(config, &Value::Null).planned;
    let status = Value::object(
        [("user_name", "bot-ci"), ("role_name", "bot-ci")]
            .map(|(name, value)| (name, Value::from(value))),
    );
    state.set_field("status", status);
    state.set_field("user_name", "bot-ci".into());
    state.set_field("role_name", "bot-ci".into());
    state.set_at(&["metadata", "revision"], Value::Null);
    state.set_at(&["spec", "max_session_ttl"], "12h0m0s".into());
    assert!(state.is_wholly_known(), "{state:#?}");
    state
}

fn plan(config: &Value, prior: &Value) -> Plan {
    let call = Call {
        client: None,
        stop: Stop::never(),
    };
    let request = PlanRequest {
        config: config.clone(),
        prior: prior.clone(),
        proposed: config.clone(),
        private: Private::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let plan = runtime.block_on(operations::plan(&BotResource::new(), &call, request));
    assert!(!plan.diagnostics.has_errors(), "{:?}", plan.diagnostics);
    plan
}

fn problems(config: &Value) -> Vec<String> {
    let resource = BotResource::new();
    let mut diags: Diagnostics = operations::validate(resource.schema(), config, true);
    resource.validate(config, &mut diags);
    let errors = diags
        .iter()
        .filter(|found| found.severity == tfplugin::Severity::Error);
    errors
        .map(|found| format!("{}: {}", found.path, found.summary))
        .collect()
}

#[test]
fn an_empty_time_to_live_is_kept_and_makes_no_flat_form() {
    for config in [flat(&["access"]), nested(&["access"])] {
        let mut state = applied(&config);
        state.set_field("token_ttl", "".into());
        assert_eq!(plan(&config, &state).planned, state);
    }
}

#[test]
fn both_forms_plan_the_same_bot_and_then_nothing() {
    for config in [flat(&["access"]), nested(&["access"])] {
        let state = applied(&config);
        assert_eq!(state.at(&["metadata", "name"]), &"ci".into());
        assert_eq!(state.at(&["spec", "traits"]), &logins(&["root"]));
        assert_eq!(plan(&config, &state).planned, state);
    }
}

#[test]
fn going_from_one_form_to_the_other_changes_the_flat_attributes_only() {
    let (old, new) = (flat(&["access"]), nested(&["access"]));
    for (from, to) in [(&old, &new), (&new, &old)] {
        let plan = plan(to, &applied(from));
        assert_eq!(plan.planned, applied(to));
        assert!(plan.requires_replace.is_empty());
    }
}

#[test]
fn a_change_in_the_flat_form_is_an_update_and_another_name_a_replacement() {
    let state = applied(&flat(&["access"]));
    let changed = plan(&flat(&["editor"]), &state);
    assert_eq!(changed.planned.field("roles"), &list(&["editor"]));
    assert_eq!(changed.planned.at(&["spec", "roles"]), &list(&["editor"]));
    assert!(changed.requires_replace.is_empty());
    let mut renamed = flat(&["access"]);
    renamed.set_field("name", "cd".into());
    let paths = plan(&renamed, &state).requires_replace;
    assert_eq!(paths, [tfplugin::Path::attribute("name")]);
}

#[test]
fn the_two_forms_are_not_mixed_and_each_has_its_required_attributes() {
    assert!(problems(&flat(&["access"])).is_empty() && problems(&nested(&[])).is_empty());
    let mut mixed = nested(&["access"]);
    mixed.set_field("name", "ci".into());
    assert_eq!(problems(&mixed), ["name: Invalid Attribute Combination"]);
    assert_eq!(
        problems(&null()),
        ["metadata.name: Missing Attribute Value"]
    );
    let mut bare = null();
    bare.set_field("name", "ci".into());
    assert_eq!(problems(&bare), ["roles: Missing Attribute Value"]);
}

#[test]
fn what_the_cluster_refuses_is_found() {
    assert_eq!(
        problems(&flat(&[""])),
        ["roles[0]: Invalid Attribute Value"]
    );
    for name in ["a/b", "ü", "", "it's"] {
        let mut config = nested(&["access"]);
        config.set_at(&["metadata", "name"], name.into());
        assert_eq!(
            problems(&config),
            ["metadata.name: Invalid Attribute Value"]
        );
    }
    let mut zero = nested(&["access"]);
    zero.set_at(&["spec", "max_session_ttl"], "0s".into());
    assert_eq!(
        problems(&zero),
        ["spec.max_session_ttl: Invalid Attribute Value"]
    );
}

#[test]
fn a_description_stays_as_configured_with_a_warning() {
    let mut config = nested(&["access"]);
    config.set_at(&["metadata", "description"], "CI".into());
    let plan = plan(&config, &applied(&nested(&["access"])));
    assert_eq!(plan.planned.at(&["metadata", "description"]), &"CI".into());
    let warnings: Vec<_> = plan
        .diagnostics
        .iter()
        .map(|found| &found.summary)
        .collect();
    assert_eq!(warnings, ["Not Kept by the Cluster"]);
}
