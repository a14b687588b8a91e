//! Two values that say the same to the server: which form is kept.

use std::collections::BTreeMap;

use prost_reflect::Value as Wire;
use tfplugin::{Diagnostics, Path, Presence, Value};

use super::{
    encode::Encoder,
    fields::{Field, FieldKind, Message},
};
use crate::duration;

impl Message {
    /// The server's object in the reference's form, wherever the two say the same.
    pub(super) fn reconcile(&self, server: Value, reference: &Value) -> Value {
        let Value::Object(mut attributes) = server else {
            return server;
        };
        for field in &self.fields {
            if let Some(value) = attributes.get_mut(&field.name) {
                let server = std::mem::take(value);
                *value = field.reconcile(server, reference.field(&field.name));
            }
        }
        Value::Object(attributes)
    }

    /// Whether two objects say the same, as far as they are attributes of the message.
    pub(super) fn same(&self, one: &Value, other: &Value) -> bool {
        one.is_set() == other.is_set()
            && self
                .fields
                .iter()
                .all(|field| field.same(one.field(&field.name), other.field(&field.name)))
    }

    /// Whether the attribute at a path of names says as much as null.
    pub(super) fn is_empty_at(&self, names: &[&str], value: &Value) -> bool {
        let Some((name, rest)) = names.split_first() else {
            return false;
        };
        let Some(field) = self.fields.iter().find(|field| field.name == *name) else {
            return false;
        };
        match field.kind.innermost() {
            _ if rest.is_empty() => field.is_empty(value),
            FieldKind::Message(inner) => inner.is_empty_at(rest, value),
            _ => false,
        }
    }

    /// The object as a person writes it: null for every attribute that says as much, and short durations.
    pub(super) fn as_written(&self, object: Value) -> Value {
        let Value::Object(mut attributes) = object else {
            return object;
        };
        for field in &self.fields {
            let Some(value) = attributes.get_mut(&field.name) else {
                continue;
            };
            *value = match (std::mem::take(value), field.kind.innermost()) {
                (value, _) if field.is_empty(&value) => Value::Null,
                (Value::List(elements), FieldKind::Message(inner)) => {
                    let elements = elements.into_iter();
                    Value::List(elements.map(|element| inner.as_written(element)).collect())
                }
                (value, FieldKind::Message(inner)) => inner.as_written(value),
                (Value::String(text), FieldKind::Duration(_) | FieldKind::Nanoseconds) => {
                    duration::short(&text).into()
                }
                (value, _) => value,
            };
        }
        Value::Object(attributes)
    }

    /// Whether all that a value says, leaving aside what is the server's to say, is what the old one says.
    pub(super) fn agrees(&self, value: &Value, old: &Value) -> bool {
        self.fields.iter().all(|field| {
            let (value, old) = (value.field(&field.name), old.field(&field.name));
            if field.behaviour.presence == Presence::Computed
                || (field.is_computed() && !value.is_set())
            {
                return true;
            }
            match &field.kind {
                FieldKind::Message(inner) if value.is_set() && old.is_set() => {
                    inner.agrees(value, old)
                }
                _ => field.same(value, old),
            }
        })
    }
}

impl Field {
    fn reconcile(&self, server: Value, reference: &Value) -> Value {
        if reference.is_unknown() || server.is_unknown() {
            return server;
        }
        if server.is_null() || reference.is_null() {
            return if self.is_empty(&server) && self.is_empty(reference) {
                settled(reference)
            } else {
                server
            };
        }
        self.kind.reconcile(server, reference)
    }

    fn same(&self, one: &Value, other: &Value) -> bool {
        self.behaviour.write_only || self.reconcile(one.clone(), other) == *other
    }

    /// Whether the value is null, or as good as null.
    fn is_empty(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Unknown => true,
            _ => !self.tracked && self.kind.is_empty(value),
        }
    }
}

impl FieldKind {
    /// Of two values that are there.
    fn reconcile(&self, server: Value, reference: &Value) -> Value {
        match (self.unwrapped(), server, reference) {
            (Self::Message(message), server, reference) => message.reconcile(server, reference),
            (Self::List(element), Value::List(server), Value::List(reference)) => {
                let mut reference = reference.iter();
                let elements = server.into_iter().map(|server| match reference.next() {
                    Some(reference) if reference.is_set() => element.reconcile(server, reference),
                    _ => server,
                });
                Value::List(elements.collect())
            }
            (Self::Map(_, element), Value::Map(server), Value::Map(reference)) => {
                let pairs = server.into_iter().map(|(key, server)| {
                    let value = match reference.get(&key) {
                        Some(reference) if reference.is_set() => {
                            element.reconcile(server, reference)
                        }
                        _ => server,
                    };
                    (key, value)
                });
                Value::Map(pairs.collect::<BTreeMap<_, _>>())
            }
            (Self::Entries(entries), Value::Map(mut server), Value::Map(reference)) => {
                for (key, reference) in reference {
                    match server.get_mut(key) {
                        Some(value) => {
                            *value = entries.kind.reconcile(std::mem::take(value), reference);
                        }
                        None if entries.kind.is_empty(reference) => {
                            server.insert(key.clone(), reference.clone());
                        }
                        None => {}
                    }
                }
                Value::Map(server)
            }
            (leaf, server, reference) => {
                if leaf.on_the_wire(&server).is_some()
                    && leaf.on_the_wire(&server) == leaf.on_the_wire(reference)
                {
                    reference.clone()
                } else {
                    server
                }
            }
        }
    }

    /// Whether a value that is there is as good as null.
    fn is_empty(&self, value: &Value) -> bool {
        match (self.unwrapped(), value) {
            (Self::Message(message), value) => message
                .fields
                .iter()
                .all(|field| field.is_empty(value.field(&field.name))),
            (Self::Entries(entries), Value::Map(elements)) => {
                elements.values().all(|value| entries.kind.is_empty(value))
            }
            (_, Value::List(elements)) => elements.is_empty(),
            (_, Value::Map(elements)) => elements.is_empty(),
            (leaf, value) => leaf
                .on_the_wire(value)
                .is_some_and(|wire| leaf.is_empty_wire(&wire)),
        }
    }

    /// What a single value is on the wire. `None` if it cannot be sent.
    fn on_the_wire(&self, value: &Value) -> Option<Wire> {
        let mut dropped = Diagnostics::new();
        Encoder::tolerant(&mut dropped).wire(self, value, &Path::root(), None)
    }
}

/// The value, where what was not known turned out to be nothing.
fn settled(value: &Value) -> Value {
    match value {
        Value::Unknown => Value::Null,
        Value::Object(attributes) => Value::Object(
            attributes
                .iter()
                .map(|(name, value)| (name.clone(), settled(value)))
                .collect(),
        ),
        value => value.clone(),
    }
}
