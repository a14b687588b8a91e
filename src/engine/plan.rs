//! The plan of an object: what the apply will send, and what the state will be.
//!
//! Core's proposal is not used. What an attribute becomes follows from the configuration (after `ignore_changes`), from the
//! refreshed prior state, and from who gives its value ([`Owner`]):
//!
//! | the attribute is | create | update |
//! | --- | --- | --- |
//! | configured | as configured | as configured; the prior value where both mean the same |
//! | read-only | unknown | the prior value |
//! | others' | null | the prior value |
//! | a secret that only the state has | null | the prior value |
//! | filled in by the server | unknown | the prior value; unknown where a part on which it depends changed |
//! | none of these | null | the prior value if that is empty, else null |
//!
//! A part of the configuration has changed when a configured value in it differs from the prior state, or when it was
//! configured at the last write, is not any more, and still has a value. `ignore_changes` needs no rule of its own: core
//! puts the prior value of an ignored attribute into the configuration, so it never differs.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{Attribute, AttributeShape, Nesting, Path, Step, Value};

use super::{
    Kind,
    owner::{Owner, ServerFilled, attribute_names},
};
use crate::mapping::Mapping;

/// What a plan is made of.
pub(super) struct Planner<'a> {
    /// The kind of the object.
    pub(super) kind: &'a Kind,
    /// What its attributes are on the wire.
    pub(super) mapping: &'a Mapping,
    /// The configuration, in the words of the prior state where both mean the same.
    pub(super) config: &'a Value,
    /// The refreshed prior state. Null for a create.
    pub(super) prior: &'a Value,
    /// The paths that were configured at the last write.
    pub(super) configured: &'a BTreeSet<String>,
}

impl Planner<'_> {
    /// The planned object: of the attributes that come from the message. All others are null.
    pub(super) fn plan(&self, attributes: &BTreeMap<String, Attribute>) -> Value {
        self.object(
            attributes,
            self.config,
            self.prior,
            &Place {
                path: Path::root(),
                is_new: self.is_create(),
                element_changed: false,
            },
        )
    }

    fn object(
        &self,
        attributes: &BTreeMap<String, Attribute>,
        config: &Value,
        prior: &Value,
        place: &Place,
    ) -> Value {
        Value::object(attributes.iter().map(|(name, attribute)| {
            let place = place.with(Step::Attribute(name.clone()));
            let value = self.attribute(attribute, config.field(name), prior.field(name), &place);
            (name, value)
        }))
    }

    fn attribute(
        &self,
        attribute: &Attribute,
        config: &Value,
        prior: &Value,
        place: &Place,
    ) -> Value {
        if attribute.write_only {
            return Value::Null;
        }
        let default = attribute.default.as_ref();
        match (&attribute.shape, config) {
            (_, Value::Null) if default.is_some() => default.cloned().unwrap_or_default(),
            (AttributeShape::Nested(Nesting::Single, inner), Value::Object(_)) => {
                self.object(inner, config, prior, &place.inside(prior))
            }
            (AttributeShape::Nested(Nesting::List, inner), Value::List(elements)) => {
                let elements = elements.iter().enumerate().map(|(index, config)| {
                    let prior = prior.as_elements().and_then(|prior| prior.get(index));
                    self.element(inner, config, prior, place, Step::Index(index))
                });
                Value::List(elements.collect())
            }
            (AttributeShape::Nested(Nesting::Map, inner), Value::Map(elements)) => {
                let elements = elements.iter().map(|(key, config)| {
                    let prior = prior.as_fields().and_then(|prior| prior.get(key));
                    let step = Step::Key(key.clone());
                    (key.clone(), self.element(inner, config, prior, place, step))
                });
                Value::Map(elements.collect())
            }
            (_, Value::Null) => self.unconfigured(attribute, prior, place),
            _ => config.clone(),
        }
    }

    fn element(
        &self,
        attributes: &BTreeMap<String, Attribute>,
        config: &Value,
        prior: Option<&Value>,
        place: &Place,
        step: Step,
    ) -> Value {
        let prior = prior.unwrap_or(&Value::Null);
        let mut place = place.with(step).inside(prior);
        place.element_changed |= differs(config, prior);
        match config {
            Value::Object(_) => self.object(attributes, config, prior, &place),
            _ => config.clone(),
        }
    }

    /// What becomes of an attribute that the configuration does not set.
    fn unconfigured(&self, attribute: &Attribute, prior: &Value, place: &Place) -> Value {
        match (
            Owner::of(
                self.kind,
                self.config.field("version"),
                attribute,
                &place.path,
            ),
            &attribute.shape,
        ) {
            (Owner::ReadOnly, _) if place.is_new => Value::Unknown,
            (Owner::ReadOnly | Owner::Others | Owner::Secret, _) => prior.clone(),
            // Field by field, so that what was not changed stays known.
            (_, AttributeShape::Nested(Nesting::Single, inner))
                if prior.is_set() && Owner::is_shared(self.kind, &place.path) =>
            {
                self.object(inner, &Value::Null, prior, place)
            }
            (Owner::Server(field), _) if place.is_new || self.is_refilled(field, prior, place) => {
                Value::Unknown
            }
            (Owner::Server(_), _) => prior.clone(),
            (Owner::Config, _) if self.is_empty(prior, &place.path) => prior.clone(),
            (Owner::Config, _) => Value::Null,
        }
    }

    /// Whether the server fills in a field again, because a part of the configuration on which it depends changed.
    fn is_refilled(&self, field: ServerFilled, prior: &Value, place: &Place) -> bool {
        place.element_changed
            || (prior.is_set() && self.was_configured(&place.path))
            || std::iter::once(&"version")
                .chain(field.depends_on)
                .any(|part| self.part_changed(part))
    }

    fn part_changed(&self, part: &str) -> bool {
        let names: Vec<_> = part.split('.').collect();
        let (config, prior) = (self.config.at(&names), self.prior.at(&names));
        if config.is_null() {
            prior.is_set() && self.was_configured(&Path::attributes(&names))
        } else {
            differs(config, prior)
        }
    }

    /// Whether something was configured there at the last write.
    fn was_configured(&self, path: &Path) -> bool {
        let path = path.to_string();
        let starts = |found: &String| {
            found
                .strip_prefix(&path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.configured.iter().any(starts)
    }

    /// Whether a prior value says as much as null, so that a configuration may leave it out.
    fn is_empty(&self, prior: &Value, path: &Path) -> bool {
        prior.is_null() || self.mapping.is_empty_at(&attribute_names(path), prior)
    }

    fn is_create(&self) -> bool {
        self.prior.is_null()
    }
}

/// Where in the object the plan is.
#[derive(Clone)]
struct Place {
    path: Path,
    /// Whether nothing was here before.
    is_new: bool,
    /// Whether it is in an element of a list or map whose configuration changed.
    element_changed: bool,
}

impl Place {
    fn with(&self, step: Step) -> Self {
        let steps = self.path.steps().iter().cloned();
        Self {
            path: steps.chain([step]).collect(),
            ..self.clone()
        }
    }

    fn inside(&self, prior: &Value) -> Self {
        Self {
            is_new: prior.is_null(),
            ..self.clone()
        }
    }
}

/// The state after an apply: what was planned, and the server's answer where the plan did not know.
///
/// What a plan shows as known is what the apply answers, also when the server has changed in between: the next refresh
/// shows that.
pub(super) fn settled(planned: &Value, answer: &Value) -> Value {
    match (planned, answer) {
        (Value::Unknown, answer) => answer.clone(),
        (Value::Object(planned), answer) => Value::Object(all(planned, |name, value| {
            settled(value, answer.field(name))
        })),
        (Value::Map(planned), answer) => {
            Value::Map(all(planned, |key, value| settled(value, answer.field(key))))
        }
        (Value::List(planned), answer) => {
            let answer = answer.as_elements().unwrap_or_default();
            let answers = answer.iter().chain(std::iter::repeat(&Value::Null));
            let pairs = planned.iter().zip(answers);
            Value::List(
                pairs
                    .map(|(value, answer)| settled(value, answer))
                    .collect(),
            )
        }
        (planned, _) => planned.clone(),
    }
}

fn all(
    fields: &BTreeMap<String, Value>,
    value: impl Fn(&str, &Value) -> Value,
) -> BTreeMap<String, Value> {
    let pairs = fields.iter();
    pairs
        .map(|(name, field)| (name.clone(), value(name, field)))
        .collect()
}

/// The paths of everything that a configuration sets, for the plans to come. No values: they may be secrets.
pub(super) fn configured_paths(config: &Value) -> BTreeSet<String> {
    fn add(value: &Value, path: &Path, paths: &mut BTreeSet<String>) {
        match value {
            Value::Null => {}
            Value::Object(fields) if fields.values().any(|value| !value.is_null()) => {
                let set = fields.iter().filter(|(_, value)| !value.is_null());
                for (name, value) in set {
                    add(value, &path.with_attribute(name), paths);
                }
            }
            Value::List(elements) if elements.iter().any(|one| one.as_fields().is_some()) => {
                for (index, value) in elements.iter().enumerate() {
                    add(value, &path.with_index(index), paths);
                }
            }
            _ => {
                paths.insert(path.to_string());
            }
        }
    }
    let mut paths = BTreeSet::new();
    add(config, &Path::root(), &mut paths);
    paths
}

/// Whether a configured value differs from the prior one. What is not configured does not.
fn differs(config: &Value, prior: &Value) -> bool {
    match (config, prior) {
        (Value::Null, _) => false,
        (Value::Object(config), prior) => config
            .iter()
            .any(|(name, config)| differs(config, prior.field(name))),
        (Value::List(config), Value::List(prior)) => {
            config.len() != prior.len()
                || config
                    .iter()
                    .zip(prior)
                    .any(|(config, prior)| differs(config, prior))
        }
        _ => config != prior,
    }
}
