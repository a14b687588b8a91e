//! The form that core requires of objects in the state.

use std::collections::BTreeMap;

use super::{
    Attribute, AttributeShape, Block, BlockNesting, Nesting, Presence, Schema, Type, Value,
};

/// Brings an object into the form that core requires: collections of nested blocks are empty instead of null, and
/// write-only values are null.
pub(super) fn complete(schema: &Schema, state: &mut Value) {
    complete_block(&schema.block, state);
}

/// Fits the value to the type: what does not fit or is missing becomes null, and unknown attributes are left out.
pub(super) fn conform(ty: &Type, value: Value) -> Value {
    let all = |element: &Type, elements: Vec<Value>| -> Vec<Value> {
        elements
            .into_iter()
            .map(|value| conform(element, value))
            .collect()
    };
    match (ty, value) {
        (Type::List(element), Value::List(elements)) => Value::List(all(element, elements)),
        (Type::Set(element), Value::Set(elements)) => Value::set(all(element, elements)),
        (Type::Tuple(types), Value::Tuple(elements)) => {
            let mut elements = elements.into_iter();
            let elements = types
                .iter()
                .map(|ty| conform(ty, elements.next().unwrap_or_default()));
            Value::Tuple(elements.collect())
        }
        (Type::Map(element), Value::Map(entries)) => {
            let entries = entries.into_iter();
            Value::Map(
                entries
                    .map(|(key, value)| (key, conform(element, value)))
                    .collect(),
            )
        }
        (Type::Object(types), Value::Object(mut fields)) => {
            let fields = types.iter().map(|(name, ty)| {
                let value = fields.remove(name).unwrap_or_default();
                (name.clone(), conform(ty, value))
            });
            Value::Object(fields.collect())
        }
        (ty, value) if ty.admits(&value) => value,
        _ => Value::Null,
    }
}

/// Replaces unknown values by null.
pub(super) fn forget_unknown(value: &mut Value) {
    match value {
        Value::Unknown => *value = Value::Null,
        Value::List(elements) | Value::Tuple(elements) => {
            elements.iter_mut().for_each(forget_unknown);
        }
        Value::Set(elements) => {
            elements.iter_mut().for_each(forget_unknown);
            *value = Value::set(std::mem::take(elements));
        }
        Value::Map(fields) | Value::Object(fields) => fields.values_mut().for_each(forget_unknown),
        Value::Dynamic(typed) => forget_unknown(&mut typed.1),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A configuration for this object. Read-only, write-only and optional deprecated attributes are null, and so is what a default
/// says.
pub(super) fn configuration(schema: &Schema, state: &Value) -> Value {
    let mut config = state.clone();
    configure_block(&schema.block, &mut config);
    config
}

fn complete_block(block: &Block, value: &mut Value) {
    complete_attributes(&block.attributes, value);
    let Value::Object(fields) = value else {
        return;
    };
    for (name, nested) in &block.blocks {
        let value = fields.entry(name.clone()).or_default();
        if value.is_null() {
            *value = match nested.nesting {
                BlockNesting::Single => continue,
                BlockNesting::Group => conform(&nested.block.ty(), Value::object::<String>([])),
                BlockNesting::List => Value::List(Vec::new()),
                BlockNesting::Set => Value::Set(Vec::new()),
                BlockNesting::Map => Value::Map(BTreeMap::new()),
            };
        }
        each_object(value, &mut |value| complete_block(&nested.block, value));
    }
}

fn complete_attributes(attributes: &BTreeMap<String, Attribute>, value: &mut Value) {
    each_attribute(attributes, value, &|attribute, value| {
        if attribute.write_only {
            *value = Value::Null;
        }
    });
}

fn configure_block(block: &Block, value: &mut Value) {
    each_attribute(&block.attributes, value, &|attribute, value| {
        let optional = matches!(
            attribute.presence,
            Presence::Optional | Presence::OptionalComputed
        );
        if attribute.presence == Presence::Computed
            || attribute.write_only
            || (optional && attribute.deprecation.is_some())
            || attribute.default.as_ref() == Some(&*value)
        {
            *value = Value::Null;
        }
    });
    let Value::Object(fields) = value else {
        return;
    };
    for (name, nested) in &block.blocks {
        if let Some(value) = fields.get_mut(name) {
            each_object(value, &mut |value| configure_block(&nested.block, value));
        }
    }
}

/// Changes each attribute of an object, and all that is nested in it.
fn each_attribute(
    attributes: &BTreeMap<String, Attribute>,
    value: &mut Value,
    change: &dyn Fn(&Attribute, &mut Value),
) {
    let Value::Object(fields) = value else {
        return;
    };
    for (name, attribute) in attributes {
        let Some(value) = fields.get_mut(name) else {
            continue;
        };
        change(attribute, value);
        if let AttributeShape::Nested(nesting, inner) = &attribute.shape {
            let mut each = |value: &mut Value| each_attribute(inner, value, change);
            match nesting {
                Nesting::Single => each(value),
                Nesting::List | Nesting::Set | Nesting::Map => each_object(value, &mut each),
            }
        }
    }
}

/// Changes the object, or each object of the collection.
fn each_object(value: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Object(_) => change(value),
        Value::List(elements) => elements.iter_mut().for_each(change),
        Value::Set(elements) => {
            elements.iter_mut().for_each(change);
            *value = Value::set(std::mem::take(elements));
        }
        Value::Map(entries) => entries.values_mut().for_each(change),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NestedBlock;

    fn schema() -> Schema {
        let rule = Block::new("").attribute("port", Attribute::number());
        Schema::new(
            Block::new("")
                .attribute("name", Attribute::string().required())
                .attribute("id", Attribute::string().computed())
                .attribute("secret", Attribute::string().write_only())
                .attribute("level", Attribute::number().default_to(1_i64))
                .attribute("limit", Attribute::number().default_to(1_i64))
                .attribute(
                    "spec",
                    Attribute::nested(
                        Nesting::Set,
                        [
                            ("region", Attribute::string()),
                            ("zone", Attribute::string().computed()),
                        ],
                    ),
                )
                .nested("rule", NestedBlock::new(BlockNesting::List, rule.clone()))
                .nested("one", NestedBlock::new(BlockNesting::Single, rule.clone()))
                .nested("group", NestedBlock::new(BlockNesting::Group, rule)),
        )
    }

    fn state() -> Value {
        let element = Value::object([("region", "x".into()), ("zone", "y".into())]);
        Value::object([
            ("name", "n".into()),
            ("id", "i".into()),
            ("secret", "s".into()),
            ("level", 1_i64.into()),
            ("limit", 2_i64.into()),
            ("spec", Value::set(vec![element])),
        ])
    }

    #[test]
    fn blocks_are_empty_rather_than_null_and_write_only_values_are_not_kept() {
        let schema = schema();
        let mut value = conform(&schema.ty(), state());
        complete(&schema, &mut value);
        assert_eq!(value.field("rule"), &Value::List(Vec::new()));
        assert_eq!(value.field("one"), &Value::Null);
        assert_eq!(
            value.field("group"),
            &Value::object([("port", Value::Null)])
        );
        assert_eq!(value.field("secret"), &Value::Null);
        assert!(schema.ty().admits(&value));
    }

    #[test]
    fn what_does_not_fit_becomes_null_and_the_rest_stays() {
        let ty = Type::object([("a", Type::String), ("b", Type::list(Type::Bool))]);
        let value = Value::object([
            ("a", 1_i64.into()),
            ("b", Value::List(vec![true.into(), "x".into()])),
            ("c", Value::Null),
        ]);
        let expected = Value::object([
            ("a", Value::Null),
            ("b", Value::List(vec![true.into(), Value::Null])),
        ]);
        assert_eq!(conform(&ty, value), expected);
    }

    #[test]
    fn a_configuration_says_nothing_that_only_the_provider_may_say() {
        let config = configuration(&schema(), &state());
        assert_eq!(config.field("name"), &"n".into());
        assert_eq!(config.field("id"), &Value::Null);
        assert_eq!(config.field("level"), &Value::Null, "it is the default");
        assert_eq!(config.field("limit"), &2_i64.into());
        let element = &config.field("spec").as_elements().unwrap()[0];
        assert_eq!(element.field("region"), &"x".into());
        assert_eq!(element.field("zone"), &Value::Null);
    }
}
