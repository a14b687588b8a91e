//! Fuzz targets: any bytes may come in. `fuzz/README.md` says how they run.

use std::str;

use crate::{
    Type, Value,
    codec::{json, msgpack, types},
};

/// A type as JSON on the first line, then a value of it as MessagePack. What is read can be written, and is then read as the same
/// value.
pub fn msgpack(bytes: &[u8]) {
    let Some((ty, bytes)) = typed(bytes) else {
        return;
    };
    match msgpack::decode(bytes, &ty) {
        Ok(value) => survives(&value, &ty, bytes.len()),
        Err(error) => drop((error.to_string(), error.path.to_string())),
    }
}

/// A type as JSON on the first line, then a value of it as JSON. What is read survives MessagePack.
pub fn json(bytes: &[u8]) {
    let Some((ty, bytes)) = typed(bytes) else {
        return;
    };
    let Ok(parsed) = json::parse(bytes) else {
        return;
    };
    for unknown in [
        json::UnknownAttributes::Refuse,
        json::UnknownAttributes::Ignore,
    ] {
        match json::decode(&parsed, &ty, unknown) {
            // Attributes that are missing are null: a few bytes, but for each element of a list.
            Ok(value) => survives(&value, &ty, bytes.len() * ty.to_string().len()),
            Err(error) => drop((error.to_string(), error.path.to_string())),
        }
    }
}

fn typed(bytes: &[u8]) -> Option<(Type, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let ty = types::decode(&bytes[..end]).ok()?;
    let same =
        types::decode(&types::encode(&ty)).expect("a type that was written must be readable");
    assert_eq!(same, ty);
    Some((ty, &bytes[end + 1..]))
}

fn survives(value: &Value, ty: &Type, size: usize) {
    let written = msgpack::encode(value, ty).expect("a value that was read must be writable");
    assert!(
        written.len() <= (size + 1) * MOST,
        "{size} bytes became {}",
        written.len()
    );
    let read = msgpack::decode(&written, ty).expect("a value that was written must be readable");
    assert_eq!(&read, value);
    assert!(str::from_utf8(&types::encode(ty)).is_ok());
}

/// How much longer a value may be that is written again: a number such as `1e4000` is written with every digit.
const MOST: usize = 4_096;

#[cfg(test)]
#[path = "../../../fuzz/bounded.rs"]
mod bounded;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn msgpack_on_bounded_inputs() {
        bounded::run("msgpack", msgpack, 6_000, &[]);
    }

    #[test]
    fn json_on_bounded_inputs() {
        bounded::run("json", json, 6_000, &[]);
    }
}
