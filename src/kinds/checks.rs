//! What the checks of all kinds share: how they report, and how they look at values.
//!
//! A check refuses only what the cluster refuses, or would store in another way than configured. What the provider does not
//! know, such as a verb, is a warning: a newer cluster may know more.

use tfplugin::{Diagnostics, Path, Value};

use crate::errors::{self, Summary};

/// An attribute and what checks its value.
pub(crate) type Check = (&'static str, fn(&Path, &Value, &mut Diagnostics));

/// Adds an error about a value. `what` goes on after the path: `must not be empty`.
pub(crate) fn invalid(path: &Path, what: &str, diags: &mut Diagnostics) {
    errors::error(Summary::InvalidAttributeValue)
        .at(path.clone())
        .detail(format!("{path} {what}."))
        .add(diags);
}

/// Warns when a text is not one of those that the provider knows.
pub(crate) fn familiar(path: &Path, value: &Value, known: &[&str], diags: &mut Diagnostics) {
    let Some(text) = value.as_str() else { return };
    if known.contains(&text) {
        return;
    }
    let known = known.iter().filter(|text| !text.is_empty());
    let known: Vec<_> = known.map(|text| format!("{text:?}")).collect();
    errors::unfamiliar(path, &format!("{text:?}"), &known.join(", "), diags);
}

/// Whether nothing is configured: null, "", an empty list or an empty map. An unknown value is not nothing.
pub(crate) fn is_empty(value: &Value) -> bool {
    value.is_null()
        || value.as_str() == Some("")
        || value.as_elements().is_some_and(<[_]>::is_empty)
        || matches!(value, Value::Map(entries) if entries.is_empty())
}

/// The elements of a list, each with its index. None if the list is null or unknown.
pub(crate) fn elements(value: &Value) -> impl Iterator<Item = (usize, &Value)> {
    value.as_elements().unwrap_or_default().iter().enumerate()
}

/// The system roles: api/types/system_role.go in gravitational/teleport. No role of a cluster may have such a name.
pub(crate) const SYSTEM_ROLES: [&str; 19] = [
    "Auth",
    "Node",
    "Proxy",
    "Admin",
    "ProvisionToken",
    "Trusted_cluster",
    "Signup",
    "Nop",
    "RemoteProxy",
    "Kube",
    "App",
    "Db",
    "WindowsDesktop",
    "Bot",
    "Instance",
    "Discovery",
    "Okta",
    "MDM",
    "AccessGraphPlugin",
];
