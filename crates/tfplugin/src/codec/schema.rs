//! Schemas and signatures on the wire, within the bounds that core checks (`internal_validate.go` in
//! hashicorp/terraform `internal/configs/configschema`).

use super::types;
use crate::{
    Attribute, AttributeShape, Block, BlockNesting, NestedBlock, Nesting, Parameter, Presence,
    Schema, Signature,
    proto::tfplugin6::{
        self, Function, ResourceIdentitySchema, StringKind, function,
        resource_identity_schema::IdentityAttribute,
        schema::{
            self, Object, nested_block::NestingMode as BlockMode, object::NestingMode as ObjectMode,
        },
    },
};

/// The schema for the wire. It always has a block, even an empty one.
pub(crate) fn encode(schema: &Schema) -> tfplugin6::Schema {
    tfplugin6::Schema {
        version: schema.version(),
        block: Some(block(&schema.block)),
    }
}

/// The schema of an identity for the wire.
pub(crate) fn encode_identity(schema: &Schema) -> ResourceIdentitySchema {
    let attributes = schema.block.attributes.iter();
    ResourceIdentitySchema {
        version: schema.version(),
        identity_attributes: attributes
            .map(|(name, attribute)| {
                let required = attribute.presence == Presence::Required;
                IdentityAttribute {
                    name: name.clone(),
                    r#type: types::encode(&attribute.ty()),
                    required_for_import: required,
                    optional_for_import: !required,
                    description: attribute.description.clone(),
                }
            })
            .collect(),
    }
}

/// The signature of a function for the wire.
pub(crate) fn encode_signature(signature: &Signature) -> Function {
    Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(function::Return {
            r#type: types::encode(&signature.returns),
        }),
        summary: signature.summary.clone(),
        description: signature.description.clone(),
        description_kind: StringKind::Markdown.into(),
        deprecation_message: String::new(),
    }
}

fn block(block: &Block) -> schema::Block {
    schema::Block {
        attributes: block
            .attributes
            .iter()
            .map(|(name, attribute)| self::attribute(name, attribute))
            .collect(),
        block_types: block
            .blocks
            .iter()
            .map(|(name, nested)| nested_block(name, nested))
            .collect(),
        description: block.description.clone(),
        description_kind: StringKind::Markdown.into(),
        ..schema::Block::default()
    }
}

fn nested_block(name: &str, nested: &NestedBlock) -> schema::NestedBlock {
    let (min_items, max_items) = (nested.min_items.max(0), nested.max_items.max(0));
    let (nesting, min_items, max_items) = match nested.nesting {
        // Core requires both to be equal here: 1 means that the block is required.
        BlockNesting::Single => (BlockMode::Single, min_items.min(1), min_items.min(1)),
        BlockNesting::Group => (BlockMode::Group, 0, 0),
        BlockNesting::List => (BlockMode::List, min_items, max_items),
        BlockNesting::Set => (BlockMode::Set, min_items, max_items),
        BlockNesting::Map => (BlockMode::Map, 0, 0),
    };
    schema::NestedBlock {
        type_name: name.to_owned(),
        block: Some(block(&nested.block)),
        nesting: nesting.into(),
        min_items,
        max_items,
    }
}

fn attribute(name: &str, attribute: &Attribute) -> schema::Attribute {
    let (r#type, nested_type) = match &attribute.shape {
        AttributeShape::Type(ty) => (types::encode(ty), None),
        AttributeShape::Nested(nesting, attributes) => {
            (Vec::new(), Some(object(*nesting, attributes)))
        }
    };
    schema::Attribute {
        name: name.to_owned(),
        r#type,
        nested_type,
        description: attribute.description.clone(),
        required: attribute.presence == Presence::Required,
        optional: matches!(
            attribute.presence,
            Presence::Optional | Presence::OptionalComputed
        ),
        computed: attribute.is_computed(),
        sensitive: attribute.sensitive,
        description_kind: StringKind::Markdown.into(),
        deprecated: attribute.deprecation.is_some(),
        write_only: attribute.write_only,
        deprecation_message: attribute.deprecation.clone().unwrap_or_default(),
    }
}

fn object<'a>(
    nesting: Nesting,
    attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>,
) -> Object {
    let nesting = match nesting {
        Nesting::Single => ObjectMode::Single,
        Nesting::List => ObjectMode::List,
        Nesting::Set => ObjectMode::Set,
        Nesting::Map => ObjectMode::Map,
    };
    Object {
        attributes: attributes
            .into_iter()
            .map(|(name, inner)| attribute(name, inner))
            .collect(),
        nesting: nesting.into(),
        ..Object::default()
    }
}

fn parameter(parameter: &Parameter) -> function::Parameter {
    function::Parameter {
        name: parameter.name.clone(),
        r#type: types::encode(&parameter.ty),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: parameter.allow_unknown,
        description: parameter.description.clone(),
        description_kind: StringKind::Markdown.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Type;

    #[test]
    fn item_counts_keep_to_what_core_allows() {
        let nested = |nesting, min_items, max_items| NestedBlock {
            nesting,
            block: Block::new(""),
            min_items,
            max_items,
        };
        let sent = |nesting, min, max| {
            let sent = nested_block("b", &nested(nesting, min, max));
            assert!(sent.block.is_some());
            (sent.min_items, sent.max_items)
        };
        assert_eq!(sent(BlockNesting::Single, 0, 1), (0, 0));
        assert_eq!(sent(BlockNesting::Single, 1, 1), (1, 1));
        assert_eq!(sent(BlockNesting::Group, 1, 1), (0, 0));
        assert_eq!(sent(BlockNesting::Map, 1, 3), (0, 0));
        assert_eq!(sent(BlockNesting::List, 1, 3), (1, 3));
        assert_eq!(sent(BlockNesting::Set, 0, 0), (0, 0));
    }

    #[test]
    fn an_attribute_has_either_a_type_or_a_nested_type() {
        let plain = attribute("a", &Attribute::new(Type::list(Type::String)).required());
        assert_eq!(plain.r#type, br#"["list","string"]"#);
        assert!(plain.nested_type.is_none() && plain.required && !plain.optional);
        let nested = Attribute::nested(Nesting::Map, [("b", Attribute::bool().computed())]);
        let nested = attribute("a", &nested.deprecated("Use c."));
        assert!(nested.r#type.is_empty() && nested.deprecated);
        let object = nested.nested_type.unwrap();
        assert_eq!(object.nesting(), ObjectMode::Map);
        assert!(object.attributes[0].computed && !object.attributes[0].optional);
    }

    #[test]
    fn an_empty_schema_has_a_block() {
        assert!(encode(&Schema::default()).block.is_some());
    }
}
