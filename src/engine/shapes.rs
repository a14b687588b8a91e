//! What is made out of schemas and values, whatever they are about.

use std::collections::BTreeMap;

use tfplugin::{Attribute, AttributeShape, Schema, Value};

/// The attributes as results: nothing of them can be set, and nothing of them makes anything happen.
pub(crate) fn results(attributes: BTreeMap<String, Attribute>) -> BTreeMap<String, Attribute> {
    let plain = attributes.into_iter().map(|(name, attribute)| {
        let shape = match attribute.shape {
            AttributeShape::Nested(nesting, inner) => {
                AttributeShape::Nested(nesting, results(inner))
            }
            shape @ AttributeShape::Type(_) => shape,
        };
        let description = attribute.description;
        let sensitive = attribute.sensitive;
        (
            name,
            Attribute {
                shape,
                sensitive,
                ..Attribute::string().computed().describe(description)
            },
        )
    });
    plain.collect()
}

/// An object of the schema in which everything is null.
pub(crate) fn null(schema: &Schema) -> Value {
    let attributes = schema.block.attributes.keys();
    Value::object(attributes.map(|name| (name.as_str(), Value::Null)))
}

/// An object of a nested attribute of the schema in which everything is null.
pub(crate) fn null_at(schema: &Schema, name: &str) -> Value {
    match schema
        .block
        .attributes
        .get(name)
        .map(|attribute| &attribute.shape)
    {
        Some(AttributeShape::Nested(_, attributes)) => {
            Value::object(attributes.keys().map(|name| (name.as_str(), Value::Null)))
        }
        _ => Value::Null,
    }
}

/// The value with null for everything unknown.
pub(crate) fn without_unknown(value: Value) -> Value {
    match value {
        Value::Unknown => Value::Null,
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, without_unknown(value)))
                .collect(),
        ),
        Value::List(elements) => Value::List(elements.into_iter().map(without_unknown).collect()),
        other => other,
    }
}
