//! Types as JSON: `"string"`, `["list","string"]`, `["object",{"name":"string"},["name"]]`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use unicode_normalization::UnicodeNormalization;

use crate::Type;

/// The JSON is not a type.
#[derive(Debug, thiserror::Error)]
pub enum InvalidType {
    /// Not JSON, or nested too deeply.
    #[error("the JSON of a type is invalid")]
    Json(#[from] serde_json::Error),
    /// JSON of another shape.
    #[error("the JSON is not a type")]
    AttributeShape,
    /// An optional attribute that the object does not have.
    #[error("the optional attribute {0:?} is not in the object")]
    Optional(String),
}

/// The bytes for the wire.
pub(crate) fn encode(ty: &Type) -> Vec<u8> {
    to_json(ty).to_string().into_bytes()
}

/// Reads the bytes from the wire.
///
/// # Errors
///
/// When they are not a type.
pub(crate) fn decode(bytes: &[u8]) -> Result<Type, InvalidType> {
    from_json(&serde_json::from_slice(bytes)?)
}

/// The type as JSON.
pub(crate) fn to_json(ty: &Type) -> Json {
    let collection = |kind: &str, inner| Json::Array(vec![kind.into(), inner]);
    match ty {
        Type::Bool => "bool".into(),
        Type::Number => "number".into(),
        Type::String => "string".into(),
        Type::Dynamic => "dynamic".into(),
        Type::List(element) => collection("list", to_json(element)),
        Type::Set(element) => collection("set", to_json(element)),
        Type::Map(element) => collection("map", to_json(element)),
        Type::Tuple(elements) => collection("tuple", elements.iter().map(to_json).collect()),
        Type::Object(attributes) => {
            let attributes: Map<_, _> = attributes
                .iter()
                .map(|(name, ty)| (name.clone(), to_json(ty)))
                .collect();
            collection("object", attributes.into())
        }
    }
}

/// Reads a type. Which attributes of an object are optional matters to conversions in core alone: it is checked and
/// dropped.
///
/// # Errors
///
/// When the JSON is not a type.
pub(crate) fn from_json(json: &Json) -> Result<Type, InvalidType> {
    match json {
        Json::String(name) => match name.as_str() {
            "bool" => Ok(Type::Bool),
            "number" => Ok(Type::Number),
            "string" => Ok(Type::String),
            "dynamic" => Ok(Type::Dynamic),
            _ => Err(InvalidType::AttributeShape),
        },
        Json::Array(parts) => match parts.as_slice() {
            [Json::String(kind), Json::Object(attributes)] if kind == "object" => {
                object(attributes, &[])
            }
            [
                Json::String(kind),
                Json::Object(attributes),
                Json::Array(optional),
            ] if kind == "object" => object(attributes, optional),
            [Json::String(kind), Json::Array(elements)] if kind == "tuple" => Ok(Type::Tuple(
                elements.iter().map(from_json).collect::<Result<_, _>>()?,
            )),
            [Json::String(kind), element] => match kind.as_str() {
                "list" => Ok(Type::list(from_json(element)?)),
                "set" => Ok(Type::set(from_json(element)?)),
                "map" => Ok(Type::Map(Box::new(from_json(element)?))),
                _ => Err(InvalidType::AttributeShape),
            },
            _ => Err(InvalidType::AttributeShape),
        },
        _ => Err(InvalidType::AttributeShape),
    }
}

fn object(attributes: &Map<String, Json>, optional: &[Json]) -> Result<Type, InvalidType> {
    for name in optional {
        let name = name.as_str().ok_or(InvalidType::AttributeShape)?;
        if !attributes.contains_key(name) {
            return Err(InvalidType::Optional(name.to_owned()));
        }
    }
    let attributes = attributes
        .iter()
        .map(|(name, ty)| Ok((name.nfc().collect(), from_json(ty)?)))
        .collect::<Result<BTreeMap<String, _>, InvalidType>>()?;
    Ok(Type::Object(attributes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_survive_the_wire() {
        let ty = Type::object([
            ("a", Type::list(Type::map(Type::Bool))),
            ("b", Type::Tuple(vec![Type::Number, Type::Dynamic])),
            ("c", Type::set(Type::String)),
        ]);
        let json = r#"["object",{"a":["list",["map","bool"]],"b":["tuple",["number","dynamic"]],"c":["set","string"]}]"#;
        assert_eq!(String::from_utf8(encode(&ty)).unwrap(), json);
        assert_eq!(decode(json.as_bytes()).unwrap(), ty);
    }

    #[test]
    fn optional_attributes_are_checked_and_dropped() {
        let ty = decode(br#"["object",{"a":"string","b":"bool"},["b"]]"#).unwrap();
        assert_eq!(ty, Type::object([("a", Type::String), ("b", Type::Bool)]));
        assert!(matches!(
            decode(br#"["object",{"a":"string"},["b"]]"#),
            Err(InvalidType::Optional(_))
        ));
    }

    #[test]
    fn what_is_no_type_is_refused() {
        let deep = "[\"list\",".repeat(10_000);
        for json in [
            "",
            "null",
            "\"text\"",
            "[]",
            "[\"list\"]",
            "[\"object\",[]]",
            "[\"tuple\",{}]",
            "[\"list\",\"string\",\"string\"]",
            &deep,
        ] {
            assert!(decode(json.as_bytes()).is_err(), "{json:.40}");
        }
    }
}
