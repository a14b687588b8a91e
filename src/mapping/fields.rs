//! A message as a tree of attributes: what the descriptor and the rules come to.

use std::sync::Arc;

use prost_reflect::{FieldDescriptor, Kind as WireKind, MessageDescriptor};
use tfplugin::Presence;

use super::{InvalidMapping, Rules, rules::Behaviour};

/// A message whose fields are attributes of an object.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) descriptor: MessageDescriptor,
    pub(super) fields: Vec<Field>,
}

/// A field that is an attribute.
#[derive(Debug)]
pub(super) struct Field {
    /// Name of the attribute.
    pub(super) name: String,
    pub(super) descriptor: FieldDescriptor,
    pub(super) kind: FieldKind,
    /// Whether absent and empty are different things: members of a oneof, `optional` scalars, wrapped scalars.
    pub(super) tracked: bool,
    pub(super) behaviour: Behaviour,
}

/// What a value is on the wire.
#[derive(Clone, Debug)]
pub(super) enum FieldKind {
    /// A truth value, number, enum, text or bytes.
    Scalar(WireKind),
    /// `google.protobuf.Timestamp`, as RFC 3339 text.
    Timestamp(MessageDescriptor),
    /// `google.protobuf.Duration`, as text.
    Duration(MessageDescriptor),
    /// Nanoseconds in 64 bits, as text.
    Nanoseconds,
    /// A repeated field.
    List(Box<Self>),
    /// A map, with the kind of its keys.
    Map(WireKind, Box<Self>),
    /// A repeated message that stands for a map: a text and a value.
    Entries(Box<Entries>),
    /// A message that stands for its one field.
    Wrapper(FieldDescriptor, Box<Self>),
    /// An object.
    Message(Arc<Message>),
}

/// A message that is an entry of a map.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    pub(super) descriptor: MessageDescriptor,
    pub(super) key: FieldDescriptor,
    pub(super) value: FieldDescriptor,
    /// The kind of the values.
    pub(super) kind: FieldKind,
}

impl Message {
    /// Builds the tree.
    pub(super) fn new(
        descriptor: MessageDescriptor,
        rules: &Rules,
    ) -> Result<Self, InvalidMapping> {
        let mut builder = Builder {
            rules,
            used: vec![false; rules.len()],
            outer: Vec::new(),
        };
        let message = builder.message(descriptor, &[], rules.presence_without_rule())?;
        match builder.used.iter().position(|used| !used) {
            Some(index) => Err(InvalidMapping::NoSuchField {
                path: rules.path(index),
                message: message.descriptor.full_name().to_owned(),
            }),
            None => Ok(message),
        }
    }

    /// The oneofs of which more than one member is an attribute, each with those members.
    pub(super) fn oneofs(&self) -> impl Iterator<Item = Vec<&Field>> {
        self.descriptor
            .oneofs()
            .map(|oneof| {
                let number = oneof.path().to_vec();
                self.fields
                    .iter()
                    .filter(|field| {
                        let own = field.descriptor.containing_oneof();
                        own.is_some_and(|own| own.path() == number)
                    })
                    .collect::<Vec<_>>()
            })
            .filter(|members| members.len() > 1)
            .collect::<Vec<_>>()
            .into_iter()
    }
}

impl Field {
    /// Whether the server may give the value.
    pub(super) fn is_computed(&self) -> bool {
        matches!(
            self.behaviour.presence,
            Presence::Computed | Presence::OptionalComputed
        )
    }
}

impl FieldKind {
    /// What is inside of wrappers.
    pub(super) fn unwrapped(&self) -> &Self {
        match self {
            Self::Wrapper(_, inner) => inner.unwrapped(),
            other => other,
        }
    }

    /// The kind of the field's values, without regard to presence.
    fn of_field(
        field: &FieldDescriptor,
        duration: bool,
        element: &mut dyn FnMut(MessageDescriptor) -> Result<Message, InvalidMapping>,
    ) -> Result<Self, InvalidMapping> {
        if let (true, WireKind::Message(entry)) = (field.is_map(), field.kind()) {
            let value = Self::of_field(&entry.map_entry_value_field(), duration, element)?;
            return Ok(Self::Map(
                entry.map_entry_key_field().kind(),
                Box::new(value),
            ));
        }
        let single = match field.kind() {
            WireKind::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => Self::Timestamp(message),
                "google.protobuf.Duration" => Self::Duration(message),
                name => match wrapped_field(name, &message) {
                    Some(inner) => {
                        let kind = Self::of_field(&inner, duration, element)?;
                        Self::Wrapper(inner, Box::new(kind))
                    }
                    None => Self::Message(Arc::new(element(message)?)),
                },
            },
            WireKind::Int64 | WireKind::Sint64 | WireKind::Sfixed64 if duration => {
                Self::Nanoseconds
            }
            scalar => Self::Scalar(scalar),
        };
        Ok(if field.is_list() {
            Self::List(Box::new(single))
        } else {
            single
        })
    }

    /// The kind of a repeated message that is shown as a map.
    fn of_entries(
        field: &FieldDescriptor,
        key: &str,
        value: &str,
        element: &mut dyn FnMut(MessageDescriptor) -> Result<Message, InvalidMapping>,
    ) -> Result<Self, InvalidMapping> {
        let missing = |name: &str| InvalidMapping::NoSuchField {
            path: name.to_owned(),
            message: field.full_name().to_owned(),
        };
        let (true, WireKind::Message(descriptor)) = (field.is_list(), field.kind()) else {
            return Err(missing(key));
        };
        let find = |name| {
            descriptor
                .get_field_by_name(name)
                .ok_or_else(|| missing(name))
        };
        let (key, value) = (find(key)?, find(value)?);
        let kind = Self::of_field(&value, false, element)?;
        Ok(Self::Entries(Box::new(Entries {
            descriptor,
            key,
            value,
            kind,
        })))
    }

    /// The innermost kind: of the elements of lists and maps, and inside of wrappers.
    pub(super) fn innermost(&self) -> &Self {
        match self {
            Self::List(inner) | Self::Map(_, inner) | Self::Wrapper(_, inner) => inner.innermost(),
            other => other,
        }
    }
}

/// The one field of a message that stands for it.
fn wrapped_field(name: &str, message: &MessageDescriptor) -> Option<FieldDescriptor> {
    let mut fields = message.fields();
    match (WRAPPERS.contains(&name), fields.next(), fields.next()) {
        (true, Some(field), None) => Some(field),
        _ => None,
    }
}

struct Builder<'r> {
    rules: &'r Rules,
    used: Vec<bool>,
    /// Full names of the messages around the current one.
    outer: Vec<String>,
}

impl Builder<'_> {
    fn message(
        &mut self,
        descriptor: MessageDescriptor,
        path: &[String],
        inherited: Presence,
    ) -> Result<Message, InvalidMapping> {
        let name = descriptor.full_name().to_owned();
        if self.outer.contains(&name) {
            return Err(InvalidMapping::Recursive {
                path: path.join("."),
                message: name,
            });
        }
        self.outer.push(name);
        let mut fields: Vec<Field> = Vec::new();
        for field in descriptor.fields() {
            let Some(field) = self.field(field, path, inherited)? else {
                continue;
            };
            if fields.iter().any(|other| other.name == field.name) {
                return Err(InvalidMapping::SameName {
                    name: field.name,
                    message: descriptor.full_name().to_owned(),
                });
            }
            fields.push(field);
        }
        self.outer.pop();
        if fields.is_empty() {
            return Err(InvalidMapping::NoFields {
                path: path.join("."),
                message: descriptor.full_name().to_owned(),
            });
        }
        Ok(Message { descriptor, fields })
    }

    fn field(
        &mut self,
        field: FieldDescriptor,
        outer: &[String],
        inherited: Presence,
    ) -> Result<Option<Field>, InvalidMapping> {
        let name = attribute_name(&field);
        let mut path = outer.to_vec();
        path.push(name.clone());
        let behaviour = self.rules.behaviour(&path, inherited, &mut self.used);
        if behaviour.omit {
            self.rules.use_inside(&path, &mut self.used);
            return Ok(None);
        }
        let inner = match behaviour.presence {
            Presence::Computed => Presence::Computed,
            _ => self.rules.presence_without_rule(),
        };
        let mut element = |message| self.message(message, &path, inner);
        let kind = match &behaviour.entries {
            Some((key, value)) => FieldKind::of_entries(&field, key, value, &mut element)?,
            None => FieldKind::of_field(&field, behaviour.duration, &mut element)?,
        };
        if behaviour.duration && !matches!(kind.innermost(), FieldKind::Nanoseconds) {
            return Err(InvalidMapping::NoNanoseconds {
                path: path.join("."),
            });
        }
        let wrapped_scalar = matches!(kind, FieldKind::Wrapper(..))
            && !matches!(
                kind.unwrapped(),
                FieldKind::List(_) | FieldKind::Map(..) | FieldKind::Message(_)
            );
        let message = matches!(field.kind(), WireKind::Message(_));
        let tracked = field.containing_oneof().is_some()
            || wrapped_scalar
            || (field.supports_presence() && !message);
        Ok(Some(Field {
            name: behaviour.rename.clone().unwrap_or(name),
            descriptor: field,
            kind,
            tracked,
            behaviour,
        }))
    }
}

/// The name that the `.proto` gives to an attribute.
pub(super) fn attribute_name(field: &FieldDescriptor) -> String {
    if field.json_name() == default_json_name(field.name()) {
        snake_case(field.name())
    } else {
        field.json_name().to_owned()
    }
}

/// The JSON name that the protobuf compiler gives where the `.proto` does not say one.
fn default_json_name(name: &str) -> String {
    let mut upper = false;
    let mut json = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                json.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => json.push(c),
        }
    }
    json
}

fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len());
    for (index, c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(index + 1);
        let starts_word = c.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts_word {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Messages of one field that stand for it: Teleport's for what Go has as a nullable bool or a map of lists, and
/// protobuf's own.
const WRAPPERS: [&str; 12] = [
    "types.BoolValue",
    "wrappers.LabelValues",
    "wrappers.StringValues",
    "google.protobuf.BoolValue",
    "google.protobuf.BytesValue",
    "google.protobuf.DoubleValue",
    "google.protobuf.FloatValue",
    "google.protobuf.Int32Value",
    "google.protobuf.Int64Value",
    "google.protobuf.StringValue",
    "google.protobuf.UInt32Value",
    "google.protobuf.UInt64Value",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_case_becomes_snake_case() {
        for (name, snake) in [
            ("metadata", "metadata"),
            ("aws_account", "aws_account"),
            ("MaxSessionTTL", "max_session_ttl"),
            ("SSHFileCopy", "ssh_file_copy"),
            ("X11", "x11"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
        assert_eq!(default_json_name("aws_account"), "awsAccount");
    }
}
