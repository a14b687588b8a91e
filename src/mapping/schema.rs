//! The tree of attributes as a schema.

use std::{collections::BTreeMap, sync::Arc};

use prost_reflect::{Kind as WireKind, Value as Wire};
use tfplugin::{Attribute, AttributeShape, Diagnostics, Nesting, Path, Type, Validator, Value};

use super::{
    comments::{self, Comments},
    encode::{self, Encoder},
    fields::{Field, FieldKind, Message},
};
use crate::errors::{self, Summary};

impl Message {
    /// The type of the objects.
    pub(super) fn ty(&self) -> Type {
        let fields = self.fields.iter();
        Type::object(fields.map(|field| (field.name.as_str(), field.kind.ty())))
    }

    /// The attributes by name.
    pub(super) fn attributes(&self, comments: &mut Comments) -> BTreeMap<String, Attribute> {
        self.fields
            .iter()
            .map(|field| (field.name.clone(), field.attribute(comments)))
            .collect()
    }
}

impl Field {
    fn attribute(&self, comments: &mut Comments) -> Attribute {
        let mut attribute = Attribute::new(Type::Dynamic);
        attribute.shape = self.kind.shape(comments);
        attribute.validators.extend(self.kind.validator());
        self.behaviour.put_on(&mut attribute);
        let described = self.behaviour.description.clone();
        attribute.description = described.unwrap_or_else(|| comments.field(&self.descriptor));
        let deprecation = self.deprecation(&attribute.description);
        attribute.validators.extend(deprecation);
        attribute
    }

    /// A warning when the attribute is configured. It is not marked as deprecated in the schema: generated configuration leaves
    /// such attributes out, and the cluster may do something else without them.
    fn deprecation(&self, description: &str) -> Option<Validator> {
        let descriptor = self.descriptor.field_descriptor_proto();
        let options = descriptor.options.as_ref();
        if !options.is_some_and(|options| options.deprecated()) {
            return None;
        }
        let instead = comments::deprecation(description).unwrap_or_default();
        Some(Validator::new(move |path, _, diags| {
            let detail = match instead.as_str() {
                "" => format!("{path} is deprecated."),
                instead => format!("{path} is deprecated: {instead}"),
            };
            errors::warning(Summary::DeprecatedAttribute)
                .at(path.clone())
                .detail(detail)
                .add(diags);
        }))
    }
}

impl FieldKind {
    /// The type of the values.
    pub(super) fn ty(&self) -> Type {
        match self {
            Self::Scalar(WireKind::Bool) => Type::Bool,
            Self::Scalar(WireKind::String | WireKind::Bytes)
            | Self::Timestamp(_)
            | Self::Duration(_)
            | Self::Nanoseconds => Type::String,
            Self::Scalar(_) => Type::Number,
            Self::List(element) => Type::list(element.ty()),
            Self::Map(_, element) => Type::map(element.ty()),
            Self::Entries(entries) => Type::map(entries.kind.ty()),
            Self::Wrapper(_, inner) => inner.ty(),
            Self::Message(message) => message.ty(),
        }
    }

    fn shape(&self, comments: &mut Comments) -> AttributeShape {
        let mut nested = |nesting, message: &Message| {
            AttributeShape::Nested(nesting, message.attributes(comments))
        };
        match self.unwrapped() {
            Self::Message(message) => nested(Nesting::Single, message),
            Self::List(element) => match element.unwrapped() {
                Self::Message(message) => nested(Nesting::List, message),
                _ => AttributeShape::Type(self.ty()),
            },
            Self::Map(_, element) => match element.unwrapped() {
                Self::Message(message) => nested(Nesting::Map, message),
                _ => AttributeShape::Type(self.ty()),
            },
            _ => AttributeShape::Type(self.ty()),
        }
    }

    /// The check that the known parts of a value can be sent. Attributes nested in it have their own.
    fn validator(&self) -> Option<Validator> {
        match self.unwrapped() {
            Self::Scalar(WireKind::Bool | WireKind::String) => None,
            Self::Message(message) => oneof_validator(message),
            Self::List(element) | Self::Map(_, element) => match element.unwrapped() {
                Self::Message(message) => Some(elements_validator(message)),
                _ => self.encoding_validator(),
            },
            _ => self.encoding_validator(),
        }
    }

    fn encoding_validator(&self) -> Option<Validator> {
        let kind = self.clone();
        Some(Validator::new(move |path, value, diags| {
            let wire = Encoder::tolerant(diags).wire(&kind, value, path, None);
            if let Some(wire) = wire {
                unfamiliar_numbers(&kind, &wire, path, diags);
            }
        }))
    }
}

/// Warns of numbers that an enum does not have. A newer cluster may have them.
fn unfamiliar_numbers(kind: &FieldKind, wire: &Wire, path: &Path, diags: &mut Diagnostics) {
    match (kind, wire) {
        (FieldKind::Scalar(WireKind::Enum(known)), Wire::EnumNumber(number))
            if known.get_value(*number).is_none() =>
        {
            let known: Vec<_> = known.values().map(|it| it.number().to_string()).collect();
            errors::unfamiliar(path, &number.to_string(), &known.join(", "), diags);
        }
        (FieldKind::List(element), Wire::List(wires)) => {
            for (index, wire) in wires.iter().enumerate() {
                unfamiliar_numbers(element, wire, &path.with_index(index), diags);
            }
        }
        _ => {}
    }
}

/// The check of an object: its oneofs.
fn oneof_validator(message: &Arc<Message>) -> Option<Validator> {
    message.oneofs().next()?;
    let message = Arc::clone(message);
    Some(Validator::new(move |path, value, diags| {
        message.check_oneofs(value, path, diags);
    }))
}

/// The check of a list or map of objects: that none is null, and their oneofs.
fn elements_validator(message: &Arc<Message>) -> Validator {
    let message = Arc::clone(message);
    let check = move |value: &Value, path: &Path, diags: &mut Diagnostics| {
        if value.is_null() {
            encode::invalid(diags, path, "must not be null");
        }
        message.check_oneofs(value, path, diags);
    };
    Validator::new(move |path, value, diags| match value {
        Value::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                check(element, &path.with_index(index), diags);
            }
        }
        Value::Map(elements) => {
            for (key, element) in elements {
                check(element, &path.with_key(key), diags);
            }
        }
        _ => {}
    })
}

impl Message {
    /// Checks an object for oneofs of which more than one member is set.
    pub(super) fn check_oneofs(&self, value: &Value, path: &Path, diags: &mut Diagnostics) {
        for members in self.oneofs() {
            let mut set = members
                .iter()
                .filter(|field| value.field(&field.name).is_set());
            if let (Some(first), Some(second)) = (set.next(), set.next()) {
                errors::error(Summary::ConflictingAttributes)
                    .at(path.with_attribute(&second.name))
                    .detail(format!(
                        "{} and {} cannot be set together. Keep one of them.",
                        path.with_attribute(&first.name),
                        path.with_attribute(&second.name)
                    ))
                    .add(diags);
            }
        }
    }
}
