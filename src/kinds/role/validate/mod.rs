//! What can be said about a role without asking the cluster.
//!
//! The checks are the server's own: `CheckAndSetDefaults` of api/types/role.go in gravitational/teleport. Some more refuse
//! what the server accepts and stores in another way than configured.

mod conditions;
mod kubernetes;
mod labels;

use tfplugin::{Diagnostics, Path, Value};

pub(super) use self::{
    conditions::{max_duration, permissions, reason_mode, rules},
    kubernetes::verbs as kubernetes_verbs,
};
use crate::{
    duration,
    errors::{self, Summary},
    kinds::{
        checks::{SYSTEM_ROLES, elements, familiar, invalid, is_empty},
        metadata,
    },
};

/// A check of one attribute.
pub(super) type Check = fn(&Path, &Value, &mut Diagnostics);

/// Checks what no attribute can check by itself.
pub(super) fn validate(config: &Value, diags: &mut Diagnostics) {
    let version = config.field("version").as_str().unwrap_or_default();
    let spec = Path::attribute("spec");
    let options_path = spec.with_attribute("options");
    options(
        config.at(&["spec", "options"]),
        version,
        &options_path,
        diags,
    );
    let (allow, deny) = (config.at(&["spec", "allow"]), config.at(&["spec", "deny"]));
    let (allow_path, deny_path) = (spec.with_attribute("allow"), spec.with_attribute("deny"));
    for (conditions, path) in [(allow, &allow_path), (deny, &deny_path)] {
        labels::no_empty_lists(conditions, path, diags);
        kubernetes::resources(conditions, version, path, diags);
        conditions::either_side(conditions, path, diags);
    }
    labels::allow(allow, version, &allow_path, diags);
    kubernetes::no_empty_list(allow, version, &allow_path, diags);
    conditions::allow(allow, &allow_path, diags);
    conditions::deny(deny, &deny_path, diags);
}

/// The name of the role.
pub(super) fn name(path: &Path, value: &Value, diags: &mut Diagnostics) {
    metadata::name(path, value, diags);
    let text = value.as_str().unwrap_or_default();
    if SYSTEM_ROLES.contains(&text) {
        let detail = format!(
            "{text:?} is the name of a role that Teleport itself uses. Choose another one."
        );
        errors::error(Summary::ReservedRoleName)
            .at(path.clone())
            .detail(detail)
            .add(diags);
    }
}

/// The version of the role. The server takes a version that it does not know for its newest one.
pub(super) fn version(path: &Path, value: &Value, diags: &mut Diagnostics) {
    if value.as_str() == Some("") {
        let what = format!("must be one of {}", VERSIONS.join(", "));
        invalid(path, &what, diags);
    } else {
        familiar(path, value, &VERSIONS, diags);
    }
}

pub(super) fn lock(path: &Path, value: &Value, diags: &mut Diagnostics) {
    familiar(path, value, &["", "strict", "best_effort"], diags);
}

/// The server cannot tell an empty value of these from one that is left out, and fills in its default.
pub(super) fn not_empty(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let is_none = |text: &str| duration::parse_nanoseconds(text).is_some_and(|time| time <= 0);
    if is_empty(value) || value.as_str().is_some_and(is_none) {
        invalid(
            path,
            "must not be empty, zero or negative: the cluster would use its default. Leave it out if you want the default",
            diags,
        );
    }
}

pub(super) fn enhanced_recording(path: &Path, value: &Value, diags: &mut Diagnostics) {
    for (index, element) in elements(value) {
        let path = path.with_index(index);
        familiar(&path, element, &["command", "disk", "network"], diags);
    }
}

fn options(options: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    let (old, new) = ("port_forwarding", "ssh_port_forwarding");
    if options.field(old).is_set() && options.field(new).is_set() {
        let what = format!("cannot be set together with {path}.{new}. Remove {path}.{old}");
        invalid(&path.with_attribute(old), &what, diags);
    }
    if options.field("idp").is_set() && version == "v8" {
        let detail = "Roles have no idp option since version v8: access to SAML applications is granted by app_labels. Leave it out.";
        errors::error(Summary::InvalidAttributeCombination)
            .at(path.with_attribute("idp"))
            .detail(detail)
            .add(diags);
    }
}

const VERSIONS: [&str; 6] = ["v3", "v4", "v5", "v6", "v7", "v8"];
