//! Configurations as a person might write them, and what core does with them.

use std::collections::BTreeMap;

use proptest::{collection, prelude::*, sample};
use tfplugin::{
    Attribute, AttributeShape, Diagnostics, Nesting, Path, Presence, Resource, Step, Type, Value,
};

use super::super::KindResource;
use crate::{clusters::target::CLUSTER, kinds::role::ROLE};

/// Configurations of a kind, some of which its validation refuses. They all have the attribute that these names lead to.
pub(super) fn configurations(resource: &KindResource, wanted: &[String]) -> BoxedStrategy<Value> {
    let attributes = &resource.schema().block.attributes;
    objects(attributes, &Path::root(), wanted)
}

/// The names that lead to every attribute which can be configured and has no attributes of its own.
pub(super) fn leaves(resource: &KindResource) -> Vec<Vec<String>> {
    fn add(
        attributes: &BTreeMap<String, Attribute>,
        outer: &[String],
        leaves: &mut Vec<Vec<String>>,
    ) {
        for (name, attribute) in attributes {
            let names = [outer, std::slice::from_ref(name)].concat();
            match &attribute.shape {
                _ if attribute.presence == Presence::Computed => {}
                AttributeShape::Nested(_, inner) => add(inner, &names, leaves),
                AttributeShape::Type(_) => leaves.push(names),
            }
        }
    }
    let mut leaves = Vec::new();
    add(&resource.schema().block.attributes, &[], &mut leaves);
    leaves
}

/// Whether an attribute has a value, in any element of the lists on the way to it.
pub(super) fn has(value: &Value, names: &[String]) -> bool {
    match (value, names.split_first()) {
        (Value::List(elements), Some(_)) => elements.iter().any(|element| has(element, names)),
        (_, Some((name, rest))) => has(value.field(name), rest),
        (Value::List(elements), None) => !elements.is_empty(),
        (Value::Map(elements), None) => !elements.is_empty(),
        (_, None) => value.is_set(),
    }
}

/// The configuration of an object by this name that the validation takes.
pub(super) fn valid(resource: &KindResource, mut config: Value, name: &str) -> Value {
    if config.field("version").is_null() {
        config.set_field("version", if name == "alice" { "v2" } else { "v6" }.into());
    }
    let nothing = |path| Attribute::clone(&resource.schema().block.attributes[path]);
    if config.field("metadata").is_null() {
        let AttributeShape::Nested(_, inner) = nothing("metadata").shape else {
            panic!("metadata must be nested");
        };
        let names = inner.keys().map(|name| (name.clone(), Value::Null));
        config.set_field("metadata", Value::object(names));
    }
    config.set_at(&["metadata", "name"], name.into());
    // The plan refuses a revision, which it knows better than the validation.
    config.set_at(&["metadata", "revision"], Value::Null);
    // Another cluster is another object.
    config.set_field(CLUSTER, Value::Null);
    without_empty(&mut config);
    loop {
        let mut diags = tfplugin::operations::validate(resource.schema(), &config, true);
        resource.validate(&config, &mut diags);
        let Some(refused) = diags
            .iter()
            .find(|diag| diag.severity == tfplugin::Severity::Error)
        else {
            return config;
        };
        let mut names: Vec<_> = (refused.path.steps().iter())
            .map_while(|step| match step {
                Step::Attribute(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        // What is missing is missed by what stands around it.
        while !config.at(&names).is_set() {
            assert!(names.pop().is_some(), "{diags:?}");
        }
        assert!(names.len() > 1 || names == ["kind"], "{diags:?}");
        config.set_at(&names, Value::Null);
    }
}

/// What a server fills in cannot be configured to be nothing: on the wire that is the same as silence.
fn without_empty(config: &mut Value) {
    let is_empty = |value: &Value| match value {
        Value::List(elements) => elements.is_empty(),
        Value::Map(elements) => elements.is_empty(),
        _ => false,
    };
    for field in ROLE.server_filled {
        let names: Vec<_> = field.path.split('.').collect();
        if is_empty(config.at(&names)) {
            config.set_at(&names, Value::Null);
        }
    }
    for side in ["allow", "deny"] {
        let names = ["spec", side, "kubernetes_resources"];
        if let Value::List(mut resources) = config.at(&names).clone() {
            for resource in &mut resources {
                if is_empty(resource.field("verbs")) {
                    resource.set_field("verbs", Value::Null);
                }
            }
            config.set_at(&names, Value::List(resources));
        }
    }
}

/// What core proposes: `ProposedNew` of internal/plans/objchange in hashicorp/terraform.
pub(super) fn proposed(resource: &KindResource, config: &Value, prior: &Value) -> Value {
    propose(&resource.schema().block.attributes, config, prior)
}

fn propose(attributes: &BTreeMap<String, Attribute>, config: &Value, prior: &Value) -> Value {
    let fields = attributes.iter().map(|(name, attribute)| {
        let (config, prior) = (config.field(name), prior.field(name));
        let value = match (&attribute.shape, config) {
            (_, Value::Null) if attribute.is_computed() => prior.clone(),
            (AttributeShape::Nested(Nesting::Single, inner), Value::Object(_)) => {
                propose(inner, config, prior)
            }
            (AttributeShape::Nested(Nesting::List, inner), Value::List(elements)) => Value::List(
                elements
                    .iter()
                    .enumerate()
                    .map(|(index, config)| {
                        let prior = prior.as_elements().and_then(|prior| prior.get(index));
                        propose(inner, config, prior.unwrap_or(&Value::Null))
                    })
                    .collect(),
            ),
            _ => config.clone(),
        };
        (name.clone(), value)
    });
    Value::object(fields)
}

fn objects(
    attributes: &BTreeMap<String, Attribute>,
    path: &Path,
    wanted: &[String],
) -> BoxedStrategy<Value> {
    let (first, rest) = wanted.split_first().unzip();
    let fields: Vec<_> = attributes
        .iter()
        .map(|(name, attribute)| {
            let path = path.with_attribute(name);
            let value = if attribute.presence == Presence::Computed {
                Just(Value::Null).boxed()
            } else if first == Some(name) {
                values(attribute, &path, rest.unwrap_or_default()).boxed()
            } else {
                prop_oneof![2 => Just(Value::Null), 1 => values(attribute, &path, &[])].boxed()
            };
            (Just(name.clone()), value)
        })
        .collect();
    fields.prop_map(Value::object).boxed()
}

fn values(attribute: &Attribute, path: &Path, wanted: &[String]) -> BoxedStrategy<Value> {
    let values = match &attribute.shape {
        AttributeShape::Type(ty) => of_type(ty),
        AttributeShape::Nested(Nesting::Single, inner) => objects(inner, path, wanted),
        AttributeShape::Nested(_, inner) => collection::vec(objects(inner, path, wanted), 0..3)
            .prop_map(Value::List)
            .boxed(),
    };
    let (attribute, path) = (attribute.clone(), path.clone());
    values
        .prop_map(move |value| {
            let mut diags = Diagnostics::new();
            for validator in &attribute.validators {
                validator.check(&path, &value, &mut diags);
            }
            if diags.has_errors() {
                fallback(&attribute, &path)
            } else {
                value
            }
        })
        .boxed()
}

/// A value that the attribute's validators take: durations, times and fixed words.
fn fallback(attribute: &Attribute, path: &Path) -> Value {
    let texts = [
        "90m",
        "2031-01-31T14:00:00+02:00",
        "strict",
        "v5",
        "/a",
        "user",
        "role",
        "default",
        "delete",
    ];
    let found = texts.into_iter().map(Value::from).find(|value| {
        let mut diags = Diagnostics::new();
        for validator in &attribute.validators {
            validator.check(path, value, &mut diags);
        }
        !diags.has_errors()
    });
    match &attribute.shape {
        AttributeShape::Type(Type::String) => found.unwrap_or_default(),
        _ => Value::Null,
    }
}

fn of_type(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Type::Number => (0_i64..5).prop_map(Value::from).boxed(),
        Type::List(element) => collection::vec(of_type(element), 0..3)
            .prop_map(Value::List)
            .boxed(),
        Type::Map(element) => collection::btree_map("[a-c]", of_type(element), 0..3)
            .prop_map(Value::Map)
            .boxed(),
        _ => sample::select(vec![
            "", "a", "b", "*", "read", "pod", "command", "1h30m", "1.5h", "v3", "v7", "v8",
        ])
        .prop_map(Value::from)
        .boxed(),
    }
}
