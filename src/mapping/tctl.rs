//! The form in which `tctl` writes and reads objects, both ways.
//!
//! Its names are those of the attributes: the schema of the official provider, whose names they are, is generated from the same JSON
//! names, without an exception (`name_overrides` of integrations/terraform/protoc-gen-terraform-teleport.yaml in
//! gravitational/teleport is empty). What is a field of the message and no attribute is read and left out.
//!
//! | field | attribute | in `tctl` |
//! | --- | --- | --- |
//! | enum | number | a text of [`TEXTS`], or the number |
//! | `google.protobuf.Duration` | string | nanoseconds in Go's JSON, which messages of the package `types` have. In protobuf's JSON, which the others have, seconds such as `43200s`; older versions write `seconds` and `nanos` |
//! | `google.protobuf.Timestamp` | string | the same; older versions of protobuf's JSON write `seconds` and `nanos` |
//! | list of messages shown as a map | map | list of messages |
//! | list | list | list; one value stands for a list of one |
//!
//! Scalars may have any type of which the text fits: YAML has numbers and truth values where a person means a string.

use std::{collections::BTreeMap, slice};

use prost_reflect::{EnumDescriptor, Kind as WireKind};
use tfplugin::{Diagnostics, Number, Path, Presence, Type, Value};

use super::{
    Mapping,
    encode::invalid,
    fields::{Entries, Field, FieldKind, Message, attribute_name},
    timestamp::Instant,
};
use crate::duration;

/// What to do about a name that is no field of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownNames {
    /// It is an error that names it.
    Refuse,
    /// It is left out, as the arguments of a resource, which only the provider knows.
    LeaveOut,
}

impl Mapping {
    /// The type of the objects of the mapping.
    pub fn ty(&self) -> Type {
        self.message.ty()
    }

    /// The object that `tctl` wrote, in the form of the mapping: every attribute is there, what the server alone gives is null, and
    /// what says as much as null is null.
    ///
    /// # Errors
    ///
    /// Names that are no fields, and values that do not fit, each with its path.
    pub fn read_tctl(
        &self,
        written: &Value,
        unknown_names: UnknownNames,
    ) -> Result<Value, Diagnostics> {
        let mut diags = Diagnostics::new();
        let mut reader = Reader {
            diags: &mut diags,
            unknown_names,
        };
        let value = reader.message(&self.message, written, &Path::root());
        if diags.has_errors() {
            return Err(diags);
        }
        Ok(self.to_value(&self.to_message(&value)?))
    }

    /// The object in the form that `tctl` reads, without nulls.
    pub fn write_tctl(&self, object: &Value) -> Value {
        let writer = Writer {
            is_go: self.descriptor().package_name() == GO_JSON,
        };
        writer.message(&self.message, object)
    }
}

/// Reads what `tctl` wrote, and notes what does not fit. No text of it holds a value but those of enums, since that may be a secret.
struct Reader<'d> {
    diags: &'d mut Diagnostics,
    unknown_names: UnknownNames,
}

impl Reader<'_> {
    fn message(&mut self, message: &Message, written: &Value, path: &Path) -> Value {
        let Some(fields) = written.as_fields() else {
            return self.invalid(path, "must be a mapping");
        };
        if self.unknown_names == UnknownNames::Refuse {
            for name in fields.keys().filter(|name| !message.knows(name)) {
                self.invalid(
                    &path.with_attribute(name),
                    "is not a field that this version of the provider knows",
                );
            }
        }
        let fields = message.fields.iter().map(|field| {
            let value = match written.field(&field.name) {
                _ if field.is_read_only() => Value::Null,
                value => self.value(&field.kind, value, &path.with_attribute(&field.name)),
            };
            (field.name.clone(), value)
        });
        Value::Object(fields.collect())
    }

    fn value(&mut self, kind: &FieldKind, written: &Value, path: &Path) -> Value {
        match (kind, written) {
            (_, Value::Null) => Value::Null,
            (FieldKind::Wrapper(_, inner), written) => self.value(inner, written, path),
            (FieldKind::Message(message), written) => self.message(message, written, path),
            (FieldKind::List(element), written) => {
                let single = slice::from_ref(written);
                let elements = written.as_elements().unwrap_or(single).iter().enumerate();
                let elements =
                    elements.map(|(index, it)| self.value(element, it, &path.with_index(index)));
                Value::List(elements.collect())
            }
            (FieldKind::Map(_, element), written) => self.map(element, written, path),
            (FieldKind::Entries(entries), written) => match written.as_elements() {
                Some(elements) => self.entries(entries, elements, path),
                None => self.map(&entries.kind, written, path),
            },
            (
                FieldKind::Timestamp(_) | FieldKind::Duration(_),
                Value::Object(_) | Value::Map(_),
            ) => self.parts(kind, written, path),
            (kind, written) => match text(written) {
                Some(text) => self.scalar(kind, &text, path),
                None => self.invalid(path, "must be a single value, not a list or a mapping"),
            },
        }
    }

    /// Go writes null for an empty list in a map.
    fn map(&mut self, element: &FieldKind, written: &Value, path: &Path) -> Value {
        let Some(fields) = written.as_fields() else {
            return self.invalid(path, "must be a mapping");
        };
        let has_lists = matches!(element.unwrapped(), FieldKind::List(_));
        let elements = fields.iter().map(|(key, written)| {
            let value = match written {
                Value::Null if has_lists => Value::List(Vec::new()),
                written => self.value(element, written, &path.with_key(key)),
            };
            (key.clone(), value)
        });
        Value::Map(elements.collect())
    }

    fn entries(&mut self, entries: &Entries, elements: &[Value], path: &Path) -> Value {
        let [key_name, value_name] = [&entries.key, &entries.value].map(attribute_name);
        let mut map = BTreeMap::new();
        for (index, element) in elements.iter().enumerate() {
            let path = path.with_index(index);
            let fields = element.as_fields();
            let known = |name: &String| *name == key_name || *name == value_name;
            for name in fields.into_iter().flat_map(BTreeMap::keys) {
                if !known(name) {
                    self.invalid(&path.with_attribute(name), "is not a field");
                }
            }
            let Some(key) = text(element.field(&key_name)) else {
                self.invalid(&path, &format!("must be a mapping with {key_name}"));
                continue;
            };
            let path = path.with_attribute(&value_name);
            let value = match element.field(&value_name) {
                Value::Null => Value::List(Vec::new()),
                written => self.value(&entries.kind, written, &path),
            };
            if map.insert(key, value).is_some() {
                self.invalid(&path, "belongs to a name that the list has already");
            }
        }
        Value::Map(map)
    }

    /// A time or a duration as `seconds` and `nanos`.
    fn parts(&mut self, kind: &FieldKind, written: &Value, path: &Path) -> Value {
        let part = |name| match written.field(name) {
            Value::Null => Some(0),
            written => text(written)?.parse::<i64>().ok(),
        };
        let known = ["seconds", "nanos"];
        let mut names = written.as_fields().into_iter().flat_map(BTreeMap::keys);
        let (Some(seconds), Some(nanos), true) = (
            part("seconds"),
            part("nanos").and_then(|nanos| i32::try_from(nanos).ok()),
            names.all(|name| known.contains(&name.as_str())),
        ) else {
            return self.invalid(path, "must be a text, or a mapping of seconds and nanos");
        };
        match kind {
            FieldKind::Timestamp(_) => match (Instant { seconds, nanos }).format() {
                Some(text) => Value::string(text),
                None => self.invalid(path, "must be a time before the year 10000"),
            },
            _ => Value::string(duration::format(
                i128::from(seconds) * SECOND + i128::from(nanos),
            )),
        }
    }

    fn scalar(&mut self, kind: &FieldKind, text: &str, path: &Path) -> Value {
        match kind {
            FieldKind::Scalar(WireKind::Bool) => match truth(text) {
                Some(value) => value.into(),
                None => self.invalid(path, "must be true or false"),
            },
            FieldKind::Scalar(WireKind::Enum(values)) => match number_of(values, text) {
                Some(number) => number.into(),
                None => self.invalid(
                    path,
                    &format!("must be one of {}, got: {text:?}", known_texts(values)),
                ),
            },
            FieldKind::Scalar(WireKind::String | WireKind::Bytes)
            | FieldKind::Timestamp(_)
            | FieldKind::Nanoseconds => Value::string(text),
            FieldKind::Duration(_) => match text.parse::<i64>() {
                Ok(nanoseconds) => Value::string(duration::format(nanoseconds.into())),
                Err(_) => Value::string(text),
            },
            _ => match text.parse::<Number>() {
                Ok(number) if text.len() <= LONGEST_NUMBER => Value::Number(number),
                _ => self.invalid(path, "must be a number"),
            },
        }
    }

    fn invalid(&mut self, path: &Path, what: &str) -> Value {
        let path = if path.steps().is_empty() {
            &Path::attribute("the object")
        } else {
            path
        };
        invalid(self.diags, path, what);
        Value::Null
    }
}

/// Writes what `tctl` reads.
struct Writer {
    /// Whether it reads Go's JSON.
    is_go: bool,
}

impl Writer {
    fn message(&self, message: &Message, object: &Value) -> Value {
        let set = message.fields.iter().filter_map(|field| {
            let value = object.field(&field.name);
            (value.is_set()).then(|| (field.name.clone(), self.value(&field.kind, value)))
        });
        Value::Object(set.collect())
    }

    fn value(&self, kind: &FieldKind, value: &Value) -> Value {
        match (kind, value) {
            (FieldKind::Wrapper(_, inner), value) => self.value(inner, value),
            (FieldKind::Message(message), value) => self.message(message, value),
            (FieldKind::List(element), Value::List(elements)) => {
                Value::List(elements.iter().map(|it| self.value(element, it)).collect())
            }
            (FieldKind::Map(_, element), Value::Map(elements)) => {
                let elements = elements.iter();
                let pairs = elements.map(|(key, it)| (key.clone(), self.value(element, it)));
                Value::Map(pairs.collect())
            }
            (FieldKind::Entries(entries), Value::Map(elements)) => {
                let entry = |(key, it): (&String, &Value)| {
                    Value::object([
                        (attribute_name(&entries.key), key.as_str().into()),
                        (
                            attribute_name(&entries.value),
                            self.value(&entries.kind, it),
                        ),
                    ])
                };
                Value::List(elements.iter().map(entry).collect())
            }
            (FieldKind::Scalar(WireKind::Enum(values)), Value::Number(number)) => {
                match number.as_i64().and_then(|number| text_of(values, number)) {
                    Some(text) => truth(text)
                        .filter(|_| has_truth(values))
                        .map_or_else(|| text.into(), Value::Bool),
                    None => value.clone(),
                }
            }
            (FieldKind::Duration(_), Value::String(text)) => {
                match (duration::parse_nanoseconds(text), self.is_go) {
                    (Some(nanoseconds), true) => nanoseconds.into(),
                    (Some(nanoseconds), false) => seconds(nanoseconds).into(),
                    (None, _) => value.clone(),
                }
            }
            (_, value) => value.clone(),
        }
    }
}

impl Message {
    /// Whether a name is that of a field, also of one that is no attribute.
    fn knows(&self, name: &str) -> bool {
        let mut all = self.descriptor.fields();
        self.fields.iter().any(|field| field.name == name)
            || all.any(|field| attribute_name(&field) == name)
            || FORMER_FIELDS.contains(&(self.descriptor.full_name(), name))
    }
}

impl Field {
    /// Whether the server alone gives the field, or all that is in it.
    fn is_read_only(&self) -> bool {
        let within = match self.kind.unwrapped() {
            FieldKind::Message(message) => message.fields.iter().all(Self::is_read_only),
            _ => false,
        };
        within || self.behaviour.presence == Presence::Computed
    }
}

/// The text of a scalar.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The truth values of YAML 1.1, which Go's parsers take.
fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

fn number_of(values: &EnumDescriptor, text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let truth = truth(text).filter(|_| has_truth(values));
    let text = truth.map_or_else(|| text.to_owned(), |truth| truth.to_string());
    let known = texts(values).iter().find(|(_, known)| *known == text);
    let number = known.map(|(number, _)| *number);
    let named = || Some(values.get_value_by_name(&text)?.number().into());
    number.or_else(named)
}

fn text_of(values: &EnumDescriptor, number: i64) -> Option<&'static str> {
    let found = texts(values).iter().find(|(known, _)| *known == number);
    found.map(|(_, text)| *text)
}

fn texts(values: &EnumDescriptor) -> &'static [(i64, &'static str)] {
    let found = TEXTS.iter().find(|(name, _)| *name == values.full_name());
    found.map_or(&[], |(_, texts)| texts)
}

/// Whether two of the texts are `true` and `false`.
fn has_truth(values: &EnumDescriptor) -> bool {
    texts(values).iter().any(|(_, text)| *text == "true")
}

fn known_texts(values: &EnumDescriptor) -> String {
    let texts: Vec<_> = texts(values).iter().map(|(_, text)| *text).collect();
    if texts.is_empty() {
        let names = values.values().map(|value| value.name().to_owned());
        return names.collect::<Vec<_>>().join(", ");
    }
    texts.join(", ")
}

/// A duration in protobuf's JSON.
fn seconds(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = i128::from(nanoseconds).abs();
    let (whole, part) = (size / SECOND, size % SECOND);
    if part == 0 {
        return format!("{sign}{whole}s");
    }
    let part = format!("{part:09}");
    format!("{sign}{whole}.{}s", part.trim_end_matches('0'))
}

/// The package of the messages that `tctl` reads and writes as Go's JSON: the older ones.
const GO_JSON: &str = "types";

const SECOND: i128 = 1_000_000_000;

/// No number of a message is as long.
const LONGEST_NUMBER: usize = 32;

/// Fields that older servers have, by the message.
const FORMER_FIELDS: [(&str, &str); 1] = [("types.Metadata", "id")];

/// The texts of enums: `encode` and `MarshalJSON` of them in api/types/role.go, authentication.go, second_factor.go,
/// signaturealgorithmsuite.go and cert_extension.go in gravitational/teleport.
const TEXTS: [(&str, &[(i64, &str)]); 7] = [
    ("types.CertExtensionMode", &[(0, "extension")]),
    ("types.CertExtensionType", &[(0, "ssh")]),
    (
        "types.CreateDatabaseUserMode",
        &[(1, "off"), (2, "keep"), (3, "best_effort_drop")],
    ),
    (
        "types.CreateHostUserMode",
        &[(1, "off"), (2, "drop"), (3, "keep"), (4, "insecure-drop")],
    ),
    (
        "types.RequireMFAType",
        &[
            (0, "false"),
            (1, "true"),
            (2, "hardware_key"),
            (3, "hardware_key_touch"),
            (4, "hardware_key_pin"),
            (5, "hardware_key_touch_and_pin"),
        ],
    ),
    (
        "types.SecondFactorType",
        &[(1, "otp"), (2, "webauthn"), (3, "sso")],
    ),
    (
        "types.SignatureAlgorithmSuite",
        &[
            (1, "legacy"),
            (2, "balanced-v1"),
            (3, "fips-v1"),
            (4, "hsm-v1"),
        ],
    ),
];
