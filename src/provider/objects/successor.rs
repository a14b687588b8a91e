//! What the plan of an object tells the destruction of the one whose place it takes.
//!
//! Core destroys first and makes then. What would end between the two is better refused before.

use serde_json::{Value as Json, json};

use super::shape;
use crate::{
    framework::{Private, Value},
    provider::target::{CLUSTER, is_elsewhere},
};

/// The object that takes the place of another one.
pub(super) enum Successor {
    /// Of the same name in the same cluster.
    Same,
    /// In another cluster, which the value names as its attribute `cluster`.
    Elsewhere(Value),
    /// Of another name in the same cluster.
    Other,
}

/// Leaves a note of what is planned.
pub(super) fn leave(planned: &Value, private: &mut Private) {
    match (shape::name(planned), planned.field(CLUSTER)) {
        (Some(name), cluster) if !cluster.is_unknown() => {
            private.insert(KEY, json!({ "name": name, "cluster": cluster.as_str() }));
        }
        _ => {
            private.remove(KEY);
        }
    }
}

/// What takes the place of an object, by the note that its plan left. None where it is not known, or nothing does.
pub(super) fn found(prior: &Value, private: &Private) -> Option<Successor> {
    let note = private.get(KEY)?;
    let text = |key: &str| note.get(key).and_then(Json::as_str);
    let cluster = text("cluster").map_or(Value::Null, Value::from);
    let planned = Value::object([(CLUSTER, cluster)]);
    Some(if is_elsewhere(prior, &planned) {
        Successor::Elsewhere(planned)
    } else if shape::name(prior).as_deref() == text("name") {
        Successor::Same
    } else {
        Successor::Other
    })
}

const KEY: &str = "successor";
