//! What differs between two objects, by path.

use tfplugin::{Path, Value};

use super::Shape;

/// The innermost places where the second object is not what the first one says. What the first one does not know is no
/// difference.
pub(super) fn differences(wanted: &Value, found: &Value) -> Vec<Path> {
    let mut paths = Vec::new();
    compare(wanted, found, &Path::root(), &mut paths);
    paths
}

/// An object without what is never sent, for comparisons.
pub(super) fn comparable(shape: &Shape, object: &Value) -> Value {
    let mut object = object.clone();
    let secrets = shape.kind.secrets.iter().map(|secret| &secret.path);
    let paths = shape
        .kind
        .read_only
        .iter()
        .chain(shape.kind.kept)
        .chain(shape.kind.not_kept);
    for path in paths.chain(secrets) {
        let names: Vec<_> = path.split('.').collect();
        object.set_at(&names, Value::Null);
    }
    for name in shape.arguments().chain(["id"]) {
        if !object.field(name).is_null() {
            object.set_field(name, Value::Null);
        }
    }
    object
}

/// The planned object as far as it is configured; the rest is unknown, which is no difference.
pub(super) fn asked_for(config: &Value, planned: &Value) -> Value {
    match (config, planned) {
        (Value::Null, _) => Value::Unknown,
        (Value::Object(configs), Value::Object(fields)) => {
            Value::object(fields.iter().map(|(name, planned)| {
                let config = configs.get(name).unwrap_or(&Value::Null);
                (name, asked_for(config, planned))
            }))
        }
        (Value::List(configs), Value::List(elements)) if configs.len() == elements.len() => {
            let pairs = configs.iter().zip(elements);
            Value::List(
                pairs
                    .map(|(config, planned)| asked_for(config, planned))
                    .collect(),
            )
        }
        _ => planned.clone(),
    }
}

/// The places in a line.
pub(super) fn list(paths: &[Path]) -> String {
    let texts: Vec<_> = paths.iter().map(Path::to_string).collect();
    texts.join(", ")
}

fn compare(wanted: &Value, found: &Value, path: &Path, paths: &mut Vec<Path>) {
    match (wanted, found) {
        (Value::Unknown, _) => {}
        (Value::Object(one), Value::Object(other)) => {
            for (name, wanted) in one {
                let found = other.get(name).unwrap_or(&Value::Null);
                compare(wanted, found, &path.with_attribute(name), paths);
            }
        }
        (Value::List(one), Value::List(other)) if one.len() == other.len() => {
            for (index, (wanted, found)) in one.iter().zip(other).enumerate() {
                compare(wanted, found, &path.with_index(index), paths);
            }
        }
        _ if wanted == found => {}
        _ => paths.push(path.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_places_are_named_and_the_unknown_is_none() {
        let object = |login: &str, ttl: Value| {
            let allow = Value::object([("logins", Value::List(vec!["a".into(), login.into()]))]);
            Value::object([("allow", allow), ("ttl", ttl)])
        };
        let found = differences(&object("b", Value::Unknown), &object("c", "8h".into()));
        assert_eq!(list(&found), "allow.logins[1]");
        let found = differences(&object("b", Value::Null), &object("b", "8h".into()));
        assert_eq!(list(&found), "ttl");
    }
}
