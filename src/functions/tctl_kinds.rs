//! The kinds that `tctl` and the provider both know, by the name that `tctl` uses.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use tfplugin::{Diagnostics, FunctionError, Value};

use super::blame;
use crate::{engine::Shape, kinds};

/// The shape of an object by its `kind`.
///
/// # Errors
///
/// When the object has none, or one that the provider does not know. Both errors name those that it knows.
pub(super) fn shape(object: &Value) -> Result<&'static Shape, FunctionError> {
    let known = || SHAPES.keys().cloned().collect::<Vec<_>>().join(", ");
    if object.as_fields().is_none() {
        return Err(blame(
            0,
            "there is no object: it has kind, version, metadata and spec",
        ));
    }
    match object.field("kind") {
        Value::String(kind) => SHAPES.get(kind.as_str()).map(Arc::as_ref).ok_or_else(|| {
            blame(
                0,
                format!(
                    "the kind {kind:?} is unknown. The provider knows {}",
                    known()
                ),
            )
        }),
        Value::Null => Err(blame(
            0,
            format!("kind is missing. It is one of {}", known()),
        )),
        _ => Err(blame(0, format!("kind must be a text, one of {}", known()))),
    }
}

/// What is wrong with the object, as an error of the function.
pub(super) fn refused(diags: Diagnostics) -> FunctionError {
    let texts = diags.into_iter().map(|found| found.detail);
    let texts: Vec<_> = texts.take(MOST_ERRORS).collect();
    blame(0, texts.join(" ").trim_end_matches('.'))
}

/// More of them are no help.
const MOST_ERRORS: usize = 5;

static SHAPES: LazyLock<BTreeMap<String, Arc<Shape>>> = LazyLock::new(|| {
    let shapes = kinds::ALL.into_iter().map(Shape::of);
    shapes.map(|shape| (shape.tctl_kind(), shape)).collect()
});
