use tfplugin::{
    Call, Diagnostics, Private, Resource, Stop, Value,
    operations::{self, Plan, PlanRequest},
};

use super::*;
use crate::engine::{KindResource, shapes};

const SECRET: &[&str] = &["spec", "bound_keypair", "onboarding", "registration_secret"];

fn resource() -> KindResource {
    KindResource::new(PROVISION_TOKEN)
}

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| Value::from(*text)).collect())
}

/// A configuration with these attributes of `spec`, and all others null.
fn config(spec: &[(&str, Value)]) -> Value {
    let resource = resource();
    let mut config = shapes::null(resource.schema());
    let mut inner = shapes::null_at(resource.schema(), "spec");
    for (name, value) in spec {
        inner.set_field(name, value.clone());
    }
    config.set_field("version", "v2".into());
    config.set_field("spec", inner);
    config
}

fn named(name: &str) -> Value {
    let mut config = config(&[("roles", list(&["Node"]))]);
    let mut metadata = shapes::null_at(resource().schema(), "metadata");
    metadata.set_field("name", name.into());
    config.set_field("metadata", metadata);
    config
}

/// With a registration secret, its write-only twin, and the version of that.
fn bound(secret: Value, write_only: Value, version: Value) -> Value {
    let onboarding = Value::object([
        ("initial_public_key", Value::Null),
        ("must_register_before", Value::Null),
        ("registration_secret", secret),
        ("registration_secret_wo", write_only),
        ("registration_secret_wo_version", version),
    ]);
    let bound = Value::object([
        ("onboarding", onboarding),
        ("recovery", Value::Null),
        ("rotate_after", Value::Null),
    ]);
    config(&[
        ("roles", list(&["Bot"])),
        ("bot_name", "ci".into()),
        ("bound_keypair", bound),
    ])
}

fn problems(config: &Value) -> Diagnostics {
    let resource = resource();
    let mut diags = operations::validate(resource.schema(), config, true);
    resource.validate(config, &mut diags);
    diags
}

fn plan(config: &Value, prior: &Value) -> Plan {
    let resource = resource();
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
    runtime.block_on(operations::plan(&resource, &call, request))
}

#[test]
fn a_generated_name_is_long_and_never_the_same() {
    let (one, other) = (rules::random_name(), rules::random_name());
    assert!(one.len() == 64 && one.chars().all(|c| c.is_ascii_hexdigit()));
    assert_ne!(one, other);
}

#[test]
fn a_name_is_generated_where_there_is_none_and_stays() {
    let silent = config(&[("roles", list(&["Node"]))]);
    let created = plan(&silent, &Value::Null).planned;
    assert!(created.at(&["metadata", "name"]).is_unknown());
    assert!(created.field("id").is_unknown());
    let mut prior = named("generated");
    prior.set_field("id", "generated".into());
    let update = plan(&silent, &prior);
    assert_eq!(
        update.planned.at(&["metadata", "name"]),
        &"generated".into()
    );
    assert!(update.requires_replace.is_empty());
}

#[test]
fn a_refused_name_is_not_shown() {
    assert!(problems(&named("abc-1._@:+")).is_empty());
    for name in ["s3cr3t/x", "s3cr3t x", "s3cr3tü", ""] {
        let diags = problems(&named(name));
        assert!(diags.has_errors(), "{name}");
        assert!(!format!("{diags:?}").contains("s3cr3t"), "{diags:?}");
    }
}

#[test]
fn roles_mean_the_same_in_any_case() {
    assert!(rules::same_roles(
        &list(&["node", "App"]),
        &list(&["Node", "app"])
    ));
    assert!(!rules::same_roles(
        &list(&["node"]),
        &list(&["Node", "App"])
    ));
    assert!(!rules::same_roles(&Value::Null, &Value::Null));
    let mut prior = named("t");
    prior.set_field("id", "t".into());
    let mut config = named("t");
    config.set_at(&["spec", "roles"], list(&["node"]));
    assert_eq!(
        plan(&config, &prior).planned.at(&["spec", "roles"]),
        &list(&["Node"])
    );
}

#[test]
fn what_the_cluster_would_refuse_or_rewrite_is_found() {
    let refused = |spec: &[(&str, Value)]| problems(&config(spec)).has_errors();
    let node = || ("roles", list(&["Node"]));
    assert!(!refused(&[
        node(),
        ("join_method", "carrier-pigeon".into())
    ]));
    assert!(refused(&[("roles", list(&[]))]));
    assert!(refused(&[("roles", list(&["node", "Node"]))]));
    assert!(refused(&[node(), ("aws_iid_ttl", "0s".into())]));
    let labels = |values: &[&str]| Value::Map([("env".to_owned(), list(values))].into());
    assert!(!refused(&[node(), ("suggested_labels", labels(&["a"]))]));
    assert!(refused(&[node(), ("suggested_labels", labels(&[]))]));
}

#[test]
fn a_secret_and_its_twin_exclude_each_other_and_the_twin_needs_a_version() {
    let (text, version): (Value, Value) = ("s".into(), 1_i64.into());
    let null = || Value::Null;
    assert!(!problems(&bound(text.clone(), null(), null())).has_errors());
    assert!(!problems(&bound(null(), text.clone(), version.clone())).has_errors());
    for (secret, twin, of) in [
        (text.clone(), text.clone(), version.clone()),
        (null(), text.clone(), null()),
        (null(), null(), version),
    ] {
        assert!(problems(&bound(secret, twin, of)).has_errors());
    }
}

#[test]
fn a_write_only_secret_is_in_no_plan_and_takes_the_place_of_the_stored_one() {
    let twin = bound(Value::Null, "s3cr3t".into(), 1_i64.into());
    let created = plan(&twin, &Value::Null).planned;
    assert!(!format!("{created:?}").contains("s3cr3t"));
    let onboarding = created.at(&SECRET[..3]);
    assert_eq!(
        onboarding.field("registration_secret_wo_version"),
        &Value::from(1_i64)
    );
    let stored = bound("old".into(), Value::Null, Value::Null);
    assert_eq!(plan(&twin, &stored).planned.at(SECRET), &Value::Null);
    // A configuration without either leaves what the state has.
    let silent = bound(Value::Null, Value::Null, Value::Null);
    assert_eq!(plan(&silent, &stored).planned.at(SECRET), &"old".into());
}
