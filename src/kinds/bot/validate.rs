//! What can be said about a bot without asking the cluster.

use tfplugin::{Diagnostics, Path, Value};

use crate::kinds::{
    checks::{elements, invalid},
    metadata,
};

/// The name of a bot. The names of its user and its role are `bot-` and this name with `-` for each space.
pub(crate) fn name(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if let Err(problem) = metadata::check_name(&text.replace(' ', "-")) {
        invalid(path, &format!("{problem}, got: {text:?}"), diags);
    }
}

/// The roles of a bot. They need not exist, but must have names.
pub(crate) fn roles(path: &Path, value: &Value, diags: &mut Diagnostics) {
    for (index, _) in elements(value).filter(|(_, role)| role.as_str() == Some("")) {
        invalid(&path.with_index(index), "must not be empty", diags);
    }
}
