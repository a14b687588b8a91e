//! Values as MessagePack.
//!
//! - null: nil. Unknown: any extension; refined unknown: extension 12.
//! - number: its decimal digits as a text; an infinity as a float.
//! - list, set and tuple: array. Map and object: map with text keys, the object's with every attribute.
//! - dynamic: array of the type as JSON and the value.

mod reader;

use std::collections::BTreeMap;

use rmp::{
    Marker,
    encode::{self, ByteBuf, RmpWriteErr, ValueWriteError},
};
use unicode_normalization::UnicodeNormalization;

use self::reader::Reader;
use super::{CodecError, Problem, trail::Trail, types};
use crate::{Number, Type, Value};

/// Reads a value of a type.
///
/// # Errors
///
/// When the bytes are not one value of the type.
pub(crate) fn decode(bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    let mut reader = Reader::new(bytes);
    let trail = Trail::root();
    let value = read(&mut reader, ty, &trail)?;
    match reader.left() {
        0 => Ok(value),
        left => Err(trail.error(Problem::Trailing(left))),
    }
}

/// Writes a value of a type.
///
/// # Errors
///
/// When the value is not of the type.
pub(crate) fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, CodecError> {
    let mut out = ByteBuf::new();
    write(&mut out, value, ty, &Trail::root())?;
    Ok(out.into_vec())
}

fn read(reader: &mut Reader<'_>, ty: &Type, trail: &Trail<'_>) -> Result<Value, CodecError> {
    trail.check_depth()?;
    reader
        .count_value()
        .map_err(|problem| trail.error(problem))?;
    let marker = reader.marker().map_err(|problem| trail.error(problem))?;
    if marker == Marker::Null {
        return Ok(Value::Null);
    }
    if let Some(extension) = reader
        .extension(marker)
        .map_err(|problem| trail.error(problem))?
    {
        return match extension.check() {
            Ok(()) => Ok(Value::Unknown),
            Err(problem) => Err(trail.error(problem)),
        };
    }
    let unexpected = || {
        trail.error(Problem::Kind {
            expected: ty.to_string(),
            found: kind(marker),
        })
    };
    match ty {
        Type::Bool => match marker {
            Marker::True => Ok(Value::Bool(true)),
            Marker::False => Ok(Value::Bool(false)),
            _ => Err(unexpected()),
        },
        Type::Number => match reader.number(marker) {
            Some(Ok(number)) => Ok(Value::Number(number)),
            Some(Err(problem)) => Err(trail.error(problem)),
            None => Err(unexpected()),
        },
        Type::String => match reader.text(marker) {
            Some(Ok(text)) => Ok(Value::String(normal(text))),
            Some(Err(problem)) => Err(trail.error(problem)),
            None => Err(unexpected()),
        },
        Type::List(element) => {
            let count = array(reader, marker, trail).ok_or_else(unexpected)??;
            let mut elements = Vec::with_capacity(count.min(FIRST_CAPACITY));
            for index in 0..count {
                elements.push(read(reader, element, &trail.index(index))?);
            }
            Ok(Value::List(elements))
        }
        Type::Set(element) => {
            let count = array(reader, marker, trail).ok_or_else(unexpected)??;
            let mut elements = Vec::with_capacity(count.min(FIRST_CAPACITY));
            for _ in 0..count {
                elements.push(read(reader, element, &trail.element())?);
            }
            Ok(Value::set(elements))
        }
        Type::Tuple(types) => {
            let count = array(reader, marker, trail).ok_or_else(unexpected)??;
            exactly(types.len(), count, trail)?;
            let elements = types.iter().enumerate();
            let elements = elements.map(|(index, ty)| read(reader, ty, &trail.index(index)));
            Ok(Value::Tuple(elements.collect::<Result<_, _>>()?))
        }
        Type::Map(element) => {
            let count = map(reader, marker, trail).ok_or_else(unexpected)??;
            let mut entries = BTreeMap::new();
            for _ in 0..count {
                let key = key(reader, trail)?;
                let value = read(reader, element, &trail.key(&key))?;
                if let Some(_twice) = entries.insert(key.clone(), value) {
                    return Err(trail.error(Problem::Twice(key)));
                }
            }
            Ok(Value::Map(entries))
        }
        Type::Object(types) => {
            let count = map(reader, marker, trail).ok_or_else(unexpected)??;
            exactly(types.len(), count, trail)?;
            read_attributes(reader, types, trail)
        }
        Type::Dynamic => {
            let count = array(reader, marker, trail).ok_or_else(unexpected)??;
            exactly(2, count, trail)?;
            let ty = reader
                .bytes()
                .map_err(|problem| trail.error(problem))
                .and_then(|json| types::decode(json).map_err(|error| trail.error(error)))?;
            let value = read(reader, &ty, &trail.typed())?;
            Ok(Value::Dynamic(Box::new((ty, value))))
        }
    }
}

/// The count of attributes is that of the type. So where none is unknown and none occurs twice, none is missing.
fn read_attributes(
    reader: &mut Reader<'_>,
    types: &BTreeMap<String, Type>,
    trail: &Trail<'_>,
) -> Result<Value, CodecError> {
    let mut attributes = BTreeMap::new();
    for _ in 0..types.len() {
        let name = key(reader, trail)?;
        let Some(ty) = types.get(&name) else {
            return Err(trail.error(Problem::UnknownAttribute(name)));
        };
        let value = read(reader, ty, &trail.attribute(&name))?;
        if let Some(_twice) = attributes.insert(name.clone(), value) {
            return Err(trail.error(Problem::Twice(name)));
        }
    }
    Ok(Value::Object(attributes))
}

type Count = Option<Result<usize, CodecError>>;

fn array(reader: &mut Reader<'_>, marker: Marker, trail: &Trail<'_>) -> Count {
    let count = reader.array(marker)?;
    Some(count.map_err(|problem| trail.error(problem)))
}

fn map(reader: &mut Reader<'_>, marker: Marker, trail: &Trail<'_>) -> Count {
    let count = reader.map(marker)?;
    Some(count.map_err(|problem| trail.error(problem)))
}

fn key(reader: &mut Reader<'_>, trail: &Trail<'_>) -> Result<String, CodecError> {
    let marker = reader.marker().map_err(|problem| trail.error(problem))?;
    match reader.text(marker) {
        Some(Ok(text)) => Ok(normal(text)),
        Some(Err(problem)) => Err(trail.error(problem)),
        None => Err(trail.error(Problem::Kind {
            expected: Type::String.to_string(),
            found: kind(marker),
        })),
    }
}

fn exactly(expected: usize, found: usize, trail: &Trail<'_>) -> Result<(), CodecError> {
    if expected == found {
        return Ok(());
    }
    Err(trail.error(Problem::Count { expected, found }))
}

fn normal(text: &str) -> String {
    // ASCII is in normal form, and nearly everything is ASCII.
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfc().collect()
}

fn write(out: &mut ByteBuf, value: &Value, ty: &Type, trail: &Trail<'_>) -> Result<(), CodecError> {
    trail.check_depth()?;
    match (ty, value) {
        (_, Value::Null) => write_nil(out),
        (_, Value::Unknown) => out.as_mut_vec().extend(UNKNOWN),
        (Type::Bool, Value::Bool(value)) => {
            let Ok(()) = encode::write_bool(out, *value);
        }
        (Type::Number, Value::Number(number)) => write_number(out, number, trail)?,
        (Type::String, Value::String(text)) => write_text(out, text, trail)?,
        (Type::List(element), Value::List(elements)) => {
            write_array_len(out, elements.len(), trail)?;
            for (index, value) in elements.iter().enumerate() {
                write(out, value, element, &trail.index(index))?;
            }
        }
        (Type::Set(element), Value::Set(elements)) => {
            write_array_len(out, elements.len(), trail)?;
            for value in elements {
                write(out, value, element, &trail.element())?;
            }
        }
        (Type::Tuple(types), Value::Tuple(elements)) => {
            exactly(types.len(), elements.len(), trail)?;
            write_array_len(out, elements.len(), trail)?;
            for (index, (ty, value)) in types.iter().zip(elements).enumerate() {
                write(out, value, ty, &trail.index(index))?;
            }
        }
        (Type::Map(element), Value::Map(entries)) => {
            write_map_len(out, entries.len(), trail)?;
            for (key, value) in entries {
                write_text(out, key, trail)?;
                write(out, value, element, &trail.key(key))?;
            }
        }
        (Type::Object(types), Value::Object(attributes)) => {
            if let Some(name) = attributes.keys().find(|name| !types.contains_key(*name)) {
                return Err(trail.error(Problem::UnknownAttribute(name.clone())));
            }
            write_map_len(out, types.len(), trail)?;
            for (name, ty) in types {
                let Some(value) = attributes.get(name) else {
                    return Err(trail.error(Problem::MissingAttribute(name.clone())));
                };
                write_text(out, name, trail)?;
                write(out, value, ty, &trail.attribute(name))?;
            }
        }
        (Type::Dynamic, Value::Dynamic(typed)) => {
            let (ty, value) = typed.as_ref();
            write_array_len(out, 2, trail)?;
            let json = types::encode(ty);
            let written = u32::try_from(json.len())
                .ok()
                .and_then(|len| encode::write_bin_len(out, len).ok());
            if written.is_none() {
                return Err(trail.error(Problem::TooLarge));
            }
            out.as_mut_vec().extend(json);
            write(out, value, ty, &trail.typed())?;
        }
        (ty, value) => {
            return Err(trail.error(Problem::Kind {
                expected: ty.to_string(),
                found: value_kind(value),
            }));
        }
    }
    Ok(())
}

fn write_nil(out: &mut ByteBuf) {
    let Ok(()) = encode::write_nil(out);
}

/// A finite number is a text, which core reads with the same precision as a number of a state file. It compares the state
/// that it read with the refreshed one including their precision: with a number in any other form,
/// `plan -refresh-only -detailed-exitcode` says that something changed (hashicorp/terraform issue 36403).
fn write_number(out: &mut ByteBuf, number: &Number, trail: &Trail<'_>) -> Result<(), CodecError> {
    match number {
        Number::Finite(_) => write_text(out, &number.to_string(), trail),
        infinite => length(encode::write_f64(out, infinite.to_f64()), trail),
    }
}

fn write_text(out: &mut ByteBuf, text: &str, trail: &Trail<'_>) -> Result<(), CodecError> {
    if u32::try_from(text.len()).is_err() {
        return Err(trail.error(Problem::TooLarge));
    }
    length(encode::write_str(out, text), trail)
}

fn write_array_len(out: &mut ByteBuf, len: usize, trail: &Trail<'_>) -> Result<(), CodecError> {
    match u32::try_from(len) {
        Ok(len) => length(encode::write_array_len(out, len), trail),
        Err(_) => Err(trail.error(Problem::TooLarge)),
    }
}

fn write_map_len(out: &mut ByteBuf, len: usize, trail: &Trail<'_>) -> Result<(), CodecError> {
    match u32::try_from(len) {
        Ok(len) => length(encode::write_map_len(out, len), trail),
        Err(_) => Err(trail.error(Problem::TooLarge)),
    }
}

/// Writing to memory does not fail; the type cannot say so for all of rmp's functions.
fn length<T, E: RmpWriteErr>(
    written: Result<T, ValueWriteError<E>>,
    trail: &Trail<'_>,
) -> Result<(), CodecError> {
    match written {
        Ok(_) => Ok(()),
        Err(_) => Err(trail.error(Problem::TooLarge)),
    }
}

fn kind(marker: Marker) -> &'static str {
    match marker {
        Marker::Null => "null",
        Marker::True | Marker::False => "a truth value",
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => "a text",
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => "bytes",
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => "an array",
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => "a map",
        Marker::Reserved => "a reserved byte",
        Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32 => "an unknown value",
        _ => "a number",
    }
}

fn value_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Unknown => "an unknown value",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::List(_) => "a list",
        Value::Set(_) => "a set",
        Value::Tuple(_) => "a tuple",
        Value::Map(_) => "a map",
        Value::Object(_) => "an object",
        Value::Dynamic(_) => "a value with its type",
    }
}

/// Extension 0 with one zero byte, which is what core writes.
const UNKNOWN: [u8; 3] = [0xd4, 0, 0];

/// For how many elements, at most, memory is reserved before they are read.
const FIRST_CAPACITY: usize = 64;

#[cfg(test)]
mod tests;
