//! From values to the wire, into a message that may be there already.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{DynamicMessage, Kind as WireKind, MessageDescriptor, Value as Wire};
use tfplugin::{Diagnostics, Path, Presence, Value};

use super::{
    decode::Absent,
    fields::{Entries, Field, FieldKind, Message},
    scalar,
    timestamp::Instant,
};
use crate::{
    duration,
    errors::{self, Summary},
};

/// Writes values and notes what cannot be sent. No text of it holds a value, since that may be a secret.
pub(super) struct Encoder<'d> {
    diags: &'d mut Diagnostics,
    /// Whether unknown values are left out in silence.
    tolerant: bool,
}

impl<'d> Encoder<'d> {
    /// For values that must be known.
    pub(super) fn new(diags: &'d mut Diagnostics) -> Self {
        Self {
            diags,
            tolerant: false,
        }
    }

    /// For a look at values that may be unknown still.
    pub(super) fn tolerant(diags: &'d mut Diagnostics) -> Self {
        Self {
            diags,
            tolerant: true,
        }
    }

    /// Writes the attributes of an object into a message; what is no attribute stays as it is.
    pub(super) fn message(
        &mut self,
        message: &Message,
        value: &Value,
        path: &Path,
        target: &mut DynamicMessage,
    ) {
        message.check_oneofs(value, path, self.diags);
        // Clearing first: setting one member of a oneof clears the others by itself.
        let (set, other): (Vec<_>, Vec<_>) = message
            .fields
            .iter()
            .filter(|field| field.behaviour.presence != Presence::Computed)
            .partition(|field| field.given(value).is_set());
        for field in other.into_iter().chain(set) {
            let path = path.with_attribute(&field.name);
            self.field(field, field.given(value), &path, target);
        }
    }

    fn field(&mut self, field: &Field, value: &Value, path: &Path, target: &mut DynamicMessage) {
        match value {
            Value::Null | Value::Unknown if field.is_computed() => {}
            Value::Null if field.behaviour.write_only => {}
            Value::Null => field.clear(target),
            Value::Unknown => self.unknown(path),
            value => {
                let old = target
                    .has_field(&field.descriptor)
                    .then(|| target.get_field(&field.descriptor).into_owned());
                let Some(wire) = self.wire(&field.kind, value, path, old.clone()) else {
                    return;
                };
                let explicit = matches!(field.kind, FieldKind::Message(_));
                if !field.tracked && !explicit && field.kind.is_empty_wire(&wire) {
                    field.clear(target);
                } else if old.as_ref() != Some(&wire) {
                    target.set_field(&field.descriptor, wire);
                }
            }
        }
    }

    /// Writes a value, with what is no attribute taken over from the old one. `None` if it cannot be sent.
    pub(super) fn wire(
        &mut self,
        kind: &FieldKind,
        value: &Value,
        path: &Path,
        old: Option<Wire>,
    ) -> Option<Wire> {
        match (kind, value) {
            (_, Value::Unknown) => {
                self.unknown(path);
                None
            }
            (_, Value::Null) => self.invalid(path, "must not be null"),
            (FieldKind::List(element), Value::List(values)) => {
                self.list(element, values, path, old)
            }
            (FieldKind::Map(keys, element), Value::Map(_) | Value::Object(_)) => {
                self.map(keys, element, value, path, old)
            }
            (FieldKind::Entries(entries), Value::Map(values)) => {
                self.entries(entries, values, path)
            }
            (FieldKind::Wrapper(field, inner), value) => {
                let mut wrapper = taken(old, &field.parent_message().clone());
                let old = wrapper
                    .has_field(field)
                    .then(|| wrapper.get_field(field).into_owned());
                let wire = self.wire(inner, value, path, old)?;
                wrapper.set_field(field, wire);
                Some(Wire::Message(wrapper))
            }
            (FieldKind::Message(message), Value::Object(_)) => {
                let mut target = taken(old, &message.descriptor);
                self.message(message, value, path, &mut target);
                Some(Wire::Message(target))
            }
            (FieldKind::Timestamp(descriptor), Value::String(text)) => match Instant::parse(text) {
                Some(instant) => Some(pair(descriptor, instant.seconds, instant.nanos)),
                None => self.invalid(
                    path,
                    "must be a time in RFC 3339 form, such as 2030-01-31T12:00:00Z",
                ),
            },
            (FieldKind::Duration(descriptor), Value::String(text)) => {
                let nanoseconds = self.duration(text, path)?;
                let nanos = i32::try_from(nanoseconds % SECOND).ok()?;
                Some(pair(descriptor, nanoseconds / SECOND, nanos))
            }
            (FieldKind::Nanoseconds, Value::String(text)) => {
                self.duration(text, path).map(Wire::I64)
            }
            (FieldKind::Scalar(kind), value) => match scalar::encode(kind, value) {
                Ok(wire) => Some(wire),
                Err(expected) => self.invalid(path, &expected),
            },
            (kind, _) => self.invalid(path, &format!("must be of type {}", kind.ty())),
        }
    }

    fn list(
        &mut self,
        element: &FieldKind,
        values: &[Value],
        path: &Path,
        old: Option<Wire>,
    ) -> Option<Wire> {
        let old = match (element, old) {
            (FieldKind::Message(message), Some(Wire::List(old))) => message.heirs(values, old),
            _ => Vec::new(),
        };
        let mut old = old.into_iter();
        // All elements are looked at, so that all mistakes are reported at once.
        let wires: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let old = old.next().flatten();
                self.wire(element, value, &path.with_index(index), old)
            })
            .collect();
        wires.into_iter().collect::<Option<_>>().map(Wire::List)
    }

    fn entries(
        &mut self,
        entries: &Entries,
        values: &BTreeMap<String, Value>,
        path: &Path,
    ) -> Option<Wire> {
        let wires: Vec<_> = values
            .iter()
            .map(|(key, value)| {
                let wire = self.wire(&entries.kind, value, &path.with_key(key), None)?;
                let mut entry = DynamicMessage::new(entries.descriptor.clone());
                entry.set_field(&entries.key, Wire::String(key.clone()));
                let is_empty = entries.kind.is_empty_wire(&wire);
                entry.set_field(&entries.value, wire);
                Some((!is_empty).then_some(Wire::Message(entry)))
            })
            .collect();
        let wires = wires.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Wire::List(wires.into_iter().flatten().collect()))
    }

    fn map(
        &mut self,
        keys: &WireKind,
        element: &FieldKind,
        value: &Value,
        path: &Path,
        old: Option<Wire>,
    ) -> Option<Wire> {
        let mut old = match old {
            Some(Wire::Map(old)) => old,
            _ => HashMap::new(),
        };
        let wires: Vec<_> = value
            .as_fields()?
            .iter()
            .map(|(text, value)| {
                let path = path.with_key(text);
                let Some(key) = scalar::encode_key(keys, text) else {
                    return self.invalid(&path, "has a key of another type than its keys have");
                };
                let wire = self.wire(element, value, &path, old.remove(&key))?;
                Some((key, wire))
            })
            .collect();
        wires.into_iter().collect::<Option<_>>().map(Wire::Map)
    }

    fn duration(&mut self, text: &str, path: &Path) -> Option<i64> {
        let nanoseconds = duration::parse_nanoseconds(text);
        if nanoseconds.is_none() {
            self.invalid::<()>(
                path,
                "must be a duration such as 30s, 1h30m, 7d, 1mo or 1y, up to 292 years",
            );
        }
        nanoseconds
    }

    fn invalid<T>(&mut self, path: &Path, what: &str) -> Option<T> {
        invalid(self.diags, path, what);
        None
    }

    fn unknown(&mut self, path: &Path) {
        if !self.tolerant {
            errors::error(Summary::InvalidConfiguration)
                .at(path.clone())
                .detail(format!(
                    "{path} must be sent to the cluster, but is unknown. This is a fault of the provider; please report it to its \
                     developers."
                ))
                .add(self.diags);
        }
    }
}

/// Notes that a value cannot be sent.
pub(super) fn invalid(diags: &mut Diagnostics, path: &Path, what: &str) {
    errors::error(Summary::InvalidAttributeValue)
        .at(path.clone())
        .detail(format!("{path} {what}."))
        .add(diags);
}

impl Field {
    /// What an object says of the attribute: its value, or else the default.
    fn given<'v>(&'v self, object: &'v Value) -> &'v Value {
        match (object.field(&self.name), &self.behaviour.default) {
            (Value::Null, Some(default)) => default,
            (value, _) => value,
        }
    }

    /// Takes the attribute's value out of a message. A message in it stays for what is no attribute there.
    fn clear(&self, target: &mut DynamicMessage) {
        if self.tracked {
            target.clear_field(&self.descriptor);
        }
        // Empty already: a message that is there for no reason that we know of stays.
        if self.is_null(target) {
            return;
        }
        let mut wire = target.get_field(&self.descriptor).into_owned();
        if self.kind.clear(&mut wire) {
            target.clear_field(&self.descriptor);
        } else {
            target.set_field(&self.descriptor, wire);
        }
    }
}

impl FieldKind {
    /// Takes all that is an attribute out of a value; says whether nothing is left.
    fn clear(&self, wire: &mut Wire) -> bool {
        match (self, wire) {
            (Self::Message(inner), Wire::Message(message)) => {
                for field in &inner.fields {
                    field.clear(message);
                }
                is_blank(message)
            }
            (Self::Wrapper(field, _), Wire::Message(message)) => {
                message.clear_field(field);
                is_blank(message)
            }
            _ => true,
        }
    }
}

impl Message {
    /// For each value of a list, the old element that it goes on from: one that says the same, at the same place or
    /// else at the first one; or else the one at the same place, if no other value goes on from that.
    fn heirs(&self, values: &[Value], old: Vec<Wire>) -> Vec<Option<Wire>> {
        let mut old: Vec<_> = old
            .into_iter()
            .map(|wire| {
                let value = match &wire {
                    Wire::Message(message) => self.decode(message, Absent::Null),
                    _ => Value::Null,
                };
                Some((wire, value))
            })
            .collect();
        let mut heirs = vec![None; values.len()];
        let said = |value: &Value, old: &Option<(Wire, Value)>| {
            old.as_ref().is_some_and(|(_, old)| self.agrees(value, old))
        };
        for (index, value) in values.iter().enumerate() {
            if old.get(index).is_some_and(|old| said(value, old)) {
                heirs[index] = old[index].take();
            }
        }
        for (index, value) in values.iter().enumerate() {
            if heirs[index].is_none()
                && let Some(found) = old.iter_mut().find(|old| said(value, old))
            {
                heirs[index] = found.take();
            }
        }
        for (heir, old) in heirs.iter_mut().zip(&mut old) {
            if heir.is_none() {
                *heir = old.take();
            }
        }
        heirs
            .into_iter()
            .map(|heir| heir.map(|(wire, _)| wire))
            .collect()
    }
}

/// The old message, or an empty one.
fn taken(old: Option<Wire>, descriptor: &MessageDescriptor) -> DynamicMessage {
    match old {
        Some(Wire::Message(message)) => message,
        _ => DynamicMessage::new(descriptor.clone()),
    }
}

fn is_blank(message: &DynamicMessage) -> bool {
    message.fields().next().is_none()
        && message.extensions().next().is_none()
        && message.unknown_fields().next().is_none()
}

/// A `google.protobuf.Timestamp` or `google.protobuf.Duration`.
fn pair(descriptor: &MessageDescriptor, seconds: i64, nanos: i32) -> Wire {
    let mut message = DynamicMessage::new(descriptor.clone());
    if seconds != 0 {
        message.set_field_by_number(1, Wire::I64(seconds));
    }
    if nanos != 0 {
        message.set_field_by_number(2, Wire::I32(nanos));
    }
    Wire::Message(message)
}

const SECOND: i64 = 1_000_000_000;
