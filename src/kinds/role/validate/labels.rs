//! Label selectors: which servers, databases and so on a role is for.

use tfplugin::{Diagnostics, Path, Value};

use crate::{
    errors::{self, Summary},
    kinds::checks::{elements, invalid, is_empty},
};

/// A label without values: the server stores an empty list as a list of one empty text.
pub(super) fn no_empty_lists(conditions: &Value, path: &Path, diags: &mut Diagnostics) {
    for (path, selector) in selectors(conditions, path) {
        let labels = selector.as_fields();
        for (key, _) in labels.into_iter().flatten().filter(|(_, it)| is_empty(it)) {
            let what = format!(
                "must not be empty. Write [\"*\"] for any value of the label, or leave {key:?} out"
            );
            invalid(&path.with_key(key), &what, diags);
        }
    }
}

/// What holds for the side that allows only.
pub(super) fn allow(allow: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    for (path, selector) in selectors(allow, path) {
        any_label(selector, &path, diags);
    }
    if version == "v3" {
        everything_by_default(allow, path, diags);
    }
}

/// A selector with the key `*` selects everything: the server refuses other values than `*` with it, except in
/// `cluster_labels` and `db_service_labels`.
fn any_label(selector: &Value, path: &Path, diags: &mut Diagnostics) {
    if UNCHECKED
        .iter()
        .any(|name| path.to_string().ends_with(name))
    {
        return;
    }
    let Some(values) = selector.as_fields().and_then(|labels| labels.get("*")) else {
        return;
    };
    if !values.is_wholly_known() || is_empty(values) {
        return;
    }
    if values.as_elements() != Some(&[Value::from("*")]) {
        let detail = format!(
            "{path} has the key \"*\" with other values than [\"*\"], which the cluster refuses. Write {{ \"*\" = [\"*\"] }} for \
             everything, or name the label."
        );
        errors::error(Summary::ImpossibleLabelSelector)
            .at(path.with_key("*"))
            .detail(detail)
            .add(diags);
    }
}

/// In a role of version v3, labels that are left out are all labels, and the server cannot tell an empty map from that.
fn everything_by_default(allow: &Value, path: &Path, diags: &mut Diagnostics) {
    for name in [
        "node_labels",
        "app_labels",
        "kubernetes_labels",
        "db_labels",
    ] {
        let labels = allow.field(name);
        // Without logins no server can be reached, and the labels stay empty.
        let logins = allow.field("logins");
        let needed = name != "node_labels" || (logins.is_set() && !is_empty(logins));
        if labels.is_set() && is_empty(labels) && needed {
            invalid(
                &path.with_attribute(name),
                "must not be empty in a role of version v3, where no labels mean every label. Use version \"v4\" or newer, where \
                 no labels mean no access",
                diags,
            );
        }
    }
}

/// All selectors, each with its path.
fn selectors<'v>(conditions: &'v Value, path: &Path) -> impl Iterator<Item = (Path, &'v Value)> {
    let fields = conditions.as_fields().into_iter().flatten();
    let labels = fields.filter(|(name, _)| name.ends_with("_labels"));
    let labels = labels.map(|(name, value)| (path.with_attribute(name), value));
    let permissions = elements(conditions.field("db_permissions")).map(|(index, permission)| {
        let path = path.with_attribute("db_permissions").with_index(index);
        (path.with_attribute("match"), permission.field("match"))
    });
    labels.chain(permissions)
}

/// Selectors whose values the server does not look at.
const UNCHECKED: [&str; 2] = ["cluster_labels", "db_service_labels"];
