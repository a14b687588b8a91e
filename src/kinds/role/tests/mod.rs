mod kubernetes;

use std::collections::BTreeMap;

use tfplugin::{Attribute, AttributeShape, Diagnostics, Nesting, Resource, Severity, operations};

use super::*;
use crate::{engine::KindResource, kinds::official::find};

fn resource() -> KindResource {
    KindResource::new(ROLE)
}

/// An object of a role in which these attributes are set, all others null.
fn config(version: &str, set: &[(&str, Value)]) -> Value {
    let resource = resource();
    let mut config = blank(&resource.schema().block.attributes, "", &|path| {
        let inside = |(at, _): &(&str, Value)| at.starts_with(&format!("{path}."));
        path == "metadata" || set.iter().any(inside)
    });
    config.set_field("version", version.into());
    config.set_at(&["metadata", "name"], "developer".into());
    for (path, value) in set {
        let names: Vec<_> = path.split('.').collect();
        config.set_at(&names, value.clone());
    }
    config
}

fn blank(
    attributes: &BTreeMap<String, Attribute>,
    path: &str,
    wanted: &dyn Fn(&str) -> bool,
) -> Value {
    Value::object(attributes.iter().map(|(name, attribute)| {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let value = match &attribute.shape {
            AttributeShape::Nested(Nesting::Single, inner) if wanted(&path) => {
                blank(inner, &path, wanted)
            }
            _ => Value::Null,
        };
        (name.clone(), value)
    }))
}

/// The errors about a configuration, as `PATH: SUMMARY`.
fn errors(config: &Value) -> Vec<String> {
    found(config, Severity::Error)
}

/// The warnings about a configuration, as `PATH: SUMMARY`.
fn warnings(config: &Value) -> Vec<String> {
    found(config, Severity::Warning)
}

fn found(config: &Value, severity: Severity) -> Vec<String> {
    let resource = resource();
    let mut diags: Diagnostics = operations::validate(resource.schema(), config, true);
    resource.validate(config, &mut diags);
    diags
        .iter()
        .filter(|diagnostic| diagnostic.severity == severity)
        .map(|diagnostic| format!("{}: {}", diagnostic.path, diagnostic.summary))
        .collect()
}

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| Value::from(*text)).collect())
}

fn labels(key: &str, values: &[&str]) -> Value {
    Value::Map([(key.to_owned(), list(values))].into())
}

fn object(fields: &[(&str, Value)]) -> Value {
    Value::object(fields.iter().map(|(name, value)| (*name, value.clone())))
}

#[test]
fn a_sound_role_is_taken() {
    let rules = Value::List(vec![object(&[
        ("resources", list(&["role"])),
        ("verbs", list(&["list", "readnosecrets"])),
        ("where", Value::Null),
        ("actions", Value::Null),
    ])]);
    let sound = config(
        "v8",
        &[
            ("spec.options.max_session_ttl", "8h".into()),
            ("spec.options.lock", "strict".into()),
            ("spec.allow.rules", rules),
            ("spec.allow.node_labels", labels("*", &["*"])),
            ("spec.allow.app_labels", Value::Unknown),
            ("spec.deny.logins", list(&["*"])),
        ],
    );
    assert_eq!(errors(&sound), [""; 0]);
    assert_eq!(errors(&config("v3", &[])), [""; 0]);
}

fn spiffe(path: &str, ip_sans: &[&str]) -> Value {
    Value::List(vec![object(&[
        ("path", path.into()),
        ("dns_sans", Value::Null),
        ("ip_sans", list(ip_sans)),
    ])])
}

fn rules_of(verb: &str) -> Value {
    Value::List(vec![object(&[
        ("resources", list(&["role"])),
        ("verbs", list(&[verb])),
        ("where", Value::Null),
        ("actions", Value::Null),
    ])])
}

#[test]
fn what_a_newer_cluster_may_know_is_a_warning() {
    for (version, path, value, expected) in [
        ("v9", "metadata.description", Value::Null, "version"),
        (
            "v8",
            "spec.deny.rules",
            rules_of("fly"),
            "spec.deny.rules[0].verbs[0]",
        ),
        (
            "v8",
            "spec.options.lock",
            "maybe".into(),
            "spec.options.lock",
        ),
        (
            "v8",
            "spec.options.enhanced_recording",
            list(&["disc"]),
            "spec.options.enhanced_recording[0]",
        ),
        (
            "v8",
            "spec.options.create_host_user_mode",
            99_i64.into(),
            "spec.options.create_host_user_mode",
        ),
        (
            "v8",
            "spec.allow.request.reason.mode",
            "what".into(),
            "spec.allow.request.reason.mode",
        ),
        (
            "v8",
            "metadata.labels",
            Value::Map([("teleport.dev/origin".to_owned(), "nosuch".into())].into()),
            "metadata.labels[\"teleport.dev/origin\"]",
        ),
    ] {
        let config = config(version, &[(path, value)]);
        assert_eq!(errors(&config), [""; 0], "{path}");
        assert_eq!(
            warnings(&config),
            [format!("{expected}: Unfamiliar Value")],
            "{path}"
        );
    }
}

#[test]
fn deprecated_options_are_a_warning_that_names_what_to_use() {
    for (name, instead) in [
        ("port_forwarding", "ssh_port_forwarding"),
        ("create_host_user", "create_host_user_mode"),
    ] {
        let path = format!("spec.options.{name}");
        let config = config("v7", &[(&path, true.into())]);
        assert_eq!(errors(&config), [""; 0]);
        assert_eq!(warnings(&config), [format!("{path}: Deprecated Attribute")]);
        let resource = resource();
        let attribute = find(&resource.schema().block.attributes, &path).unwrap();
        assert_eq!(attribute.deprecation, None);
        assert!(attribute.description.contains(instead));
    }
}

#[test]
fn both_forms_of_port_forwarding_are_refused() {
    let local = object(&[("local", Value::Null), ("remote", Value::Null)]);
    let both = config(
        "v8",
        &[
            ("spec.options.port_forwarding", true.into()),
            ("spec.options.ssh_port_forwarding", local),
        ],
    );
    assert_eq!(
        errors(&both),
        ["spec.options.port_forwarding: Invalid Attribute Value"]
    );
}

#[test]
fn an_empty_list_of_kubernetes_resources_is_refused_where_the_cluster_would_fill_it_in() {
    let refused = |version: &str, labels: Value| {
        let empty = ("spec.allow.kubernetes_resources", list(&[]));
        let config = config(version, &[empty, ("spec.allow.kubernetes_labels", labels)]);
        !errors(&config).is_empty()
    };
    let everywhere = || labels("*", &["*"]);
    assert!(
        refused("v8", everywhere()) && refused("v7", everywhere()) && refused("v5", everywhere())
    );
    assert!(
        !refused("v6", everywhere())
            && !refused("v8", Value::Null)
            && !refused("v8", Value::Unknown)
    );
}

#[test]
fn empty_node_labels_of_a_role_of_version_v3_are_refused_with_logins() {
    let none = || ("spec.allow.node_labels", Value::Map(BTreeMap::new()));
    assert_eq!(errors(&config("v3", &[none()])), [""; 0]);
    assert_eq!(
        errors(&config(
            "v4",
            &[none(), ("spec.allow.logins", list(&["root"]))]
        )),
        [""; 0]
    );
    assert_eq!(
        errors(&config(
            "v3",
            &[none(), ("spec.allow.logins", list(&["root"]))]
        )),
        ["spec.allow.node_labels: Invalid Attribute Value"]
    );
}

#[test]
fn what_the_server_would_refuse_is_refused_with_its_path() {
    let rule = |verb: &str| {
        Value::List(vec![object(&[
            ("resources", Value::List(Vec::new())),
            ("verbs", list(&[verb])),
            ("where", Value::Null),
            ("actions", Value::Null),
        ])])
    };
    for (version, path, value, expected) in [
        (
            "",
            "metadata.description",
            Value::Null,
            "version: Invalid Attribute Value",
        ),
        (
            "v8",
            "metadata.name",
            "rölle".into(),
            "metadata.name: Invalid Attribute Value",
        ),
        (
            "v8",
            "metadata.name",
            "Proxy".into(),
            "metadata.name: Reserved Role Name",
        ),
        (
            "v8",
            "metadata.labels",
            Value::Map([("a b".to_owned(), "c".into())].into()),
            "metadata.labels[\"a b\"]: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.options.max_session_ttl",
            "long".into(),
            "spec.options.max_session_ttl: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.options.max_session_ttl",
            "0d".into(),
            "spec.options.max_session_ttl: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.options.enhanced_recording",
            list(&[]),
            "spec.options.enhanced_recording: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.options.idp",
            object(&[("saml", Value::Null)]),
            "spec.options.idp: Invalid Attribute Combination",
        ),
        (
            "v8",
            "spec.allow.logins",
            list(&["a", "*"]),
            "spec.allow.logins[1]: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.allow.node_labels",
            labels("*", &["dev"]),
            "spec.allow.node_labels[\"*\"]: Impossible Label Selector",
        ),
        (
            "v8",
            "spec.allow.rules",
            rule("list"),
            "spec.allow.rules[0].resources: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.allow.request.max_duration",
            "480h".into(),
            "spec.allow.request.max_duration: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.allow.request.max_duration",
            "20d".into(),
            "spec.allow.request.max_duration: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.deny.db_service_labels",
            labels("b", &[]),
            "spec.deny.db_service_labels[\"b\"]: Invalid Attribute Value",
        ),
        (
            "v3",
            "spec.allow.app_labels",
            Value::Map(BTreeMap::new()),
            "spec.allow.app_labels: Invalid Attribute Value",
        ),
        (
            "v3",
            "spec.allow.kubernetes_resources",
            list(&[]),
            "spec.allow.kubernetes_resources: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.allow.spiffe",
            spiffe("/a", &["10.0.0.0/8", "10.0.0.1"]),
            "spec.allow.spiffe[0].ip_sans[1]: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.allow.spiffe",
            spiffe("", &[]),
            "spec.allow.spiffe[0].path: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.deny.impersonate.users",
            list(&["a"]),
            "spec.deny.impersonate.roles: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.deny.request.reason",
            object(&[("mode", "required".into()), ("prompt", Value::Null)]),
            "spec.deny.request.reason.mode: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.allow.impersonate.users",
            list(&["a"]),
            "spec.allow.impersonate.roles: Invalid Attribute Value",
        ),
        (
            "v8",
            "spec.deny.impersonate.where",
            "true".into(),
            "spec.deny.impersonate.where: Invalid Attribute Value",
        ),
    ] {
        assert_eq!(
            errors(&config(version, &[(path, value)])),
            [expected],
            "{path}"
        );
    }
}
