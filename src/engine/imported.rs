//! What an import makes of an object: its state, and the configuration that is written for it.

use std::collections::BTreeMap;

use prost_reflect::DynamicMessage;
use tfplugin::{Attribute, AttributeShape, Diagnostics, Nesting, Path, Value};

use super::{Shape, owner::Owner};

impl Shape {
    /// The state of an object that is imported: what protobuf cannot tell from an absent field is the empty value, so that a
    /// configuration may say it or leave it out. Null where a configuration may not say it.
    pub(super) fn imported(&self, object: &DynamicMessage, named: &Value) -> Value {
        let (plain, full) = (
            self.shown.to_value(object),
            self.shown.to_full_value(object),
        );
        let version = plain.field("version");
        let value = self.configurable(self.attributes(), version, (&plain, &full), &Path::root());
        self.in_state(value, named)
    }

    /// A configuration as a person writes it: without what only the server or others say, and without what says nothing.
    pub(super) fn as_written(&self, mut config: Value) -> Value {
        let others = self.kind.read_only.iter().chain(self.kind.kept);
        for path in others {
            let names: Vec<_> = path.split('.').collect();
            config.set_at(&names, Value::Null);
        }
        // Such as labels of which the server sets all.
        for (path, same) in self.kind.same_meaning {
            let names: Vec<_> = path.split('.').collect();
            let value = config.at(&names);
            if value.as_fields().is_some() && same(value, &Value::Map(BTreeMap::new())) {
                config.set_at(&names, Value::Null);
            }
        }
        self.shown.as_written(config)
    }

    /// Of the two forms of an object, the full one for what only a configuration decides, and for objects that are there.
    fn configurable(
        &self,
        attributes: &BTreeMap<String, Attribute>,
        version: &Value,
        (plain, full): (&Value, &Value),
        path: &Path,
    ) -> Value {
        let Some(fields) = full.as_fields() else {
            return full.clone();
        };
        Value::object(fields.iter().map(|(name, full)| {
            let (plain, path) = (plain.field(name), path.with_attribute(name));
            let Some(attribute) = attributes.get(name) else {
                return (name, plain.clone());
            };
            let owner = Owner::of(&self.kind, version, attribute, &path);
            let is_decided = match owner {
                Owner::Config => true,
                Owner::Server(_) => plain.is_set() || full.as_fields().is_some(),
                Owner::ReadOnly | Owner::Others | Owner::Secret => false,
            };
            let value = match (&attribute.shape, full) {
                _ if !is_decided => plain.clone(),
                (AttributeShape::Nested(Nesting::Single, inner), Value::Object(_)) => {
                    self.configurable(inner, version, (plain, full), &path)
                }
                (AttributeShape::Nested(Nesting::List, inner), Value::List(elements)) => {
                    let plain = plain.as_elements().unwrap_or_default();
                    let elements = elements.iter().enumerate().map(|(index, full)| {
                        let plain = plain.get(index).unwrap_or(&Value::Null);
                        self.configurable(inner, version, (plain, full), &path.with_index(index))
                    });
                    Value::List(elements.collect())
                }
                _ if owner == Owner::Config && accepts(attribute, full, &path) => full.clone(),
                _ => plain.clone(),
            };
            (name, value)
        }))
    }
}

/// Whether a configuration may set the attribute to this value. OpenTofu writes what an import finds into a configuration.
fn accepts(attribute: &Attribute, value: &Value, path: &Path) -> bool {
    let mut diags = Diagnostics::new();
    for check in &attribute.validators {
        check.check(path, value, &mut diags);
    }
    !diags.has_errors()
}
