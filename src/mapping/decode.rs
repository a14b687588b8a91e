//! From the wire to values.

use std::{borrow::Cow, collections::BTreeMap};

use prost_reflect::{DynamicMessage, Value as Wire};
use tfplugin::Value;

use super::{
    fields::{Entries, Field, FieldKind, Message},
    scalar,
    timestamp::Instant,
};
use crate::duration;

/// What an attribute is whose field is absent, or as good as absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// Null.
    Null,
    /// The empty value of its type, where absent and empty are the same to the server.
    Empty,
}

impl Message {
    /// The object that a message is.
    pub(super) fn decode(&self, message: &DynamicMessage, absent: Absent) -> Value {
        Value::Object(
            self.fields
                .iter()
                .map(|field| (field.name.clone(), field.decode(message, absent)))
                .collect(),
        )
    }

    /// Whether all attributes of the object that a message is are null.
    fn says_nothing(&self, message: &DynamicMessage) -> bool {
        self.fields.iter().all(|field| field.is_null(message))
    }
}

impl Field {
    /// The attribute's value in a message.
    fn decode(&self, message: &DynamicMessage, absent: Absent) -> Value {
        // A write-only value must not get into a state, even if a server returns it.
        if self.behaviour.write_only {
            Value::Null
        } else if !self.is_null(message) {
            let wire = message.get_field(&self.descriptor);
            self.kind.decode(&wire, absent)
        } else if absent == Absent::Empty && !self.tracked {
            let is_there = message.has_field(&self.descriptor);
            self.kind
                .empty(is_there.then(|| message.get_field(&self.descriptor)))
        } else {
            Value::Null
        }
    }

    /// Whether the attribute is null in a message: the field is absent, or empty where that is the same.
    pub(super) fn is_null(&self, message: &DynamicMessage) -> bool {
        !message.has_field(&self.descriptor)
            || (!self.tracked
                && self
                    .kind
                    .is_empty_wire(&message.get_field(&self.descriptor)))
    }
}

impl FieldKind {
    /// The value of something that is there. Null only for a time that has no RFC 3339 text, or a number that is none.
    fn decode(&self, wire: &Wire, absent: Absent) -> Value {
        match (self, wire) {
            (Self::List(element), Wire::List(elements)) => {
                let elements = elements.iter();
                Value::List(elements.map(|wire| element.decode(wire, absent)).collect())
            }
            (Self::Map(_, element), Wire::Map(elements)) => {
                let pairs = elements
                    .iter()
                    .map(|(key, wire)| (scalar::decode_key(key), element.decode(wire, absent)));
                Value::Map(pairs.collect::<BTreeMap<_, _>>())
            }
            (Self::Entries(entries), Wire::List(elements)) => entries.decode(elements, absent),
            (Self::Wrapper(field, inner), Wire::Message(message)) => {
                inner.decode(&message.get_field(field), absent)
            }
            (Self::Message(inner), Wire::Message(message)) => inner.decode(message, absent),
            (Self::Timestamp(_), Wire::Message(message)) => {
                instant(message).format().map_or(Value::Null, Value::string)
            }
            (Self::Duration(_), Wire::Message(message)) => {
                Value::string(duration::format(nanoseconds(message)))
            }
            (Self::Nanoseconds, Wire::I64(nanoseconds)) => {
                Value::string(duration::format((*nanoseconds).into()))
            }
            (_, scalar) => scalar::decode(scalar),
        }
    }

    /// The empty value of something that is absent, or there and empty. Null for an object that is absent, and for times and
    /// durations, which have no empty form.
    fn empty(&self, wire: Option<Cow<'_, Wire>>) -> Value {
        match (self, wire.as_deref()) {
            (Self::Scalar(kind), _) => scalar::decode(&Wire::default_value(kind)),
            (Self::List(_), _) => Value::List(Vec::new()),
            (Self::Map(..) | Self::Entries(_), _) => Value::Map(BTreeMap::new()),
            (Self::Wrapper(_, inner), _) => inner.empty(None),
            (Self::Message(inner), Some(Wire::Message(message))) => {
                inner.decode(message, Absent::Empty)
            }
            _ => Value::Null,
        }
    }

    /// Whether something that is there is as good as absent, where the field does not tell the two apart.
    pub(super) fn is_empty_wire(&self, wire: &Wire) -> bool {
        match (self, wire) {
            (_, Wire::List(elements)) => elements.is_empty(),
            (_, Wire::Map(elements)) => elements.is_empty(),
            (Self::Wrapper(field, inner), Wire::Message(message)) => {
                inner.is_empty_wire(&message.get_field(field))
            }
            (Self::Message(inner), Wire::Message(message)) => inner.says_nothing(message),
            (Self::Timestamp(_), Wire::Message(message)) => instant(message) == Instant::ZERO,
            (Self::Duration(_), Wire::Message(message)) => nanoseconds(message) == 0,
            (Self::Scalar(kind), scalar) => scalar.is_default(kind),
            (Self::Nanoseconds, scalar) => *scalar == Wire::I64(0),
            _ => false,
        }
    }
}

impl Entries {
    /// The map that the elements are. Those of the same key count together.
    fn decode(&self, elements: &[Wire], absent: Absent) -> Value {
        let mut map: BTreeMap<String, Value> = BTreeMap::new();
        for entry in elements.iter().filter_map(Wire::as_message) {
            let key = entry.get_field(&self.key);
            let key = key.as_str().unwrap_or_default().to_owned();
            let value = self.kind.decode(&entry.get_field(&self.value), absent);
            match (map.get_mut(&key), value) {
                (Some(Value::List(all)), Value::List(more)) => all.extend(more),
                (_, value) => {
                    map.insert(key, value);
                }
            }
        }
        Value::Map(map)
    }
}

/// The parts of a `google.protobuf.Timestamp`.
fn instant(message: &DynamicMessage) -> Instant {
    Instant {
        seconds: seconds(message),
        nanos: nanos(message),
    }
}

/// The length of a `google.protobuf.Duration`.
fn nanoseconds(message: &DynamicMessage) -> i128 {
    i128::from(seconds(message)) * 1_000_000_000 + i128::from(nanos(message))
}

fn seconds(message: &DynamicMessage) -> i64 {
    message
        .get_field_by_number(1)
        .and_then(|wire| wire.as_i64())
        .unwrap_or_default()
}

fn nanos(message: &DynamicMessage) -> i32 {
    message
        .get_field_by_number(2)
        .and_then(|wire| wire.as_i32())
        .unwrap_or_default()
}
