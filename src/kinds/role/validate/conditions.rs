//! What a role allows or denies, apart from labels and Kubernetes resources.

use std::net::IpAddr;

use tfplugin::{Diagnostics, Path, Value};

use crate::{
    duration,
    kinds::checks::{elements, familiar, invalid, is_empty},
};

/// The rules: each has resources and verbs.
pub(in crate::kinds::role) fn rules(path: &Path, value: &Value, diags: &mut Diagnostics) {
    for (index, rule) in elements(value) {
        let path = path.with_index(index);
        for name in ["resources", "verbs"] {
            if rule.is_set() && is_empty(rule.field(name)) {
                invalid(&path.with_attribute(name), "must not be empty", diags);
            }
        }
        let path = path.with_attribute("verbs");
        for (index, verb) in elements(rule.field("verbs")) {
            familiar(&path.with_index(index), verb, &VERBS, diags);
        }
    }
}

/// An access request lasts at most 14 days.
pub(in crate::kinds::role) fn max_duration(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if duration::parse(text).is_ok_and(|duration| duration.as_secs() > 14 * 24 * 3600) {
        let what = format!("must not be longer than 14 days, got: {text:?}");
        invalid(path, &what, diags);
    }
}

/// Whether an access request needs a reason.
pub(in crate::kinds::role) fn reason_mode(path: &Path, value: &Value, diags: &mut Diagnostics) {
    familiar(path, value, &["", "required", "optional"], diags);
}

/// What may be done in databases.
pub(in crate::kinds::role) fn permissions(path: &Path, value: &Value, diags: &mut Diagnostics) {
    for (index, permission) in elements(value) {
        if permission.is_set() && is_empty(permission.field("permissions")) {
            let path = path.with_index(index).with_attribute("permissions");
            invalid(&path, "must not be empty", diags);
        }
    }
}

/// What holds for both sides.
pub(super) fn either_side(conditions: &Value, path: &Path, diags: &mut Diagnostics) {
    let impersonate = conditions.field("impersonate");
    let users = impersonate.field("users");
    if users.is_set() && !is_empty(users) && is_empty(impersonate.field("roles")) {
        invalid(
            &path.with_attribute("impersonate").with_attribute("roles"),
            "must be set together with users: the cluster refuses users without roles",
            diags,
        );
    }
    for (index, spiffe) in elements(conditions.field("spiffe")) {
        if spiffe.is_set() {
            let path = path.with_attribute("spiffe").with_index(index);
            spiffe_id(spiffe, &path, diags);
        }
    }
}

/// What holds for the side that allows.
pub(super) fn allow(allow: &Value, path: &Path, diags: &mut Diagnostics) {
    for name in [
        "logins",
        "aws_role_arns",
        "azure_identities",
        "gcp_service_accounts",
        "db_roles",
    ] {
        no_wildcard(allow.field(name), &path.with_attribute(name), diags);
    }
    for (index, permission) in elements(allow.field("db_permissions")) {
        let path = path.with_attribute("db_permissions").with_index(index);
        let permissions = permission.field("permissions");
        no_wildcard(permissions, &path.with_attribute("permissions"), diags);
    }
}

/// What holds for the side that denies.
pub(super) fn deny(deny: &Value, path: &Path, diags: &mut Diagnostics) {
    for names in [
        &["request", "reason", "mode"][..],
        &["request", "thresholds"],
        &["impersonate", "where"],
    ] {
        let value = deny.at(names);
        if value.is_set() && !is_empty(value) {
            let path = names
                .iter()
                .fold(path.clone(), |path, name| path.with_attribute(*name));
            invalid(&path, "can be set in spec.allow only", diags);
        }
    }
}

fn no_wildcard(values: &Value, path: &Path, diags: &mut Diagnostics) {
    for (index, _) in elements(values).filter(|(_, value)| value.as_str() == Some("*")) {
        let what = "must not be \"*\". The cluster takes no wildcard here: name each value";
        invalid(&path.with_index(index), what, diags);
    }
}

fn spiffe_id(spiffe: &Value, path: &Path, diags: &mut Diagnostics) {
    let spiffe_path = spiffe.field("path");
    let text = spiffe_path.as_str().unwrap_or_default();
    let pattern = text.starts_with('^') && text.ends_with('$');
    if !spiffe_path.is_unknown() && !pattern && !text.starts_with('/') {
        let what = format!("must start with / or be a pattern from ^ to $, got: {text:?}");
        invalid(&path.with_attribute("path"), &what, diags);
    }
    for (index, value) in elements(spiffe.field("ip_sans")) {
        if let Some(text) = value.as_str()
            && !is_cidr(text)
        {
            let path = path.with_attribute("ip_sans").with_index(index);
            let what = format!(
                "must be a range of addresses such as 10.0.0.0/8, or 10.0.0.1/32 for one address, got: {text:?}"
            );
            invalid(&path, &what, diags);
        }
    }
}

/// An address and the length of its prefix, as `net.ParseCIDR` of Go reads them.
fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    let digits = length.bytes().all(|byte| byte.is_ascii_digit());
    digits && length.parse().is_ok_and(|length: u8| length <= most)
}

/// As in api/types/constants.go of gravitational/teleport.
const VERBS: [&str; 11] = [
    "*",
    "list",
    "create",
    "read",
    "readnosecrets",
    "update",
    "delete",
    "rotate",
    "use",
    "create_enroll_token",
    "enroll",
];

#[cfg(test)]
mod tests {
    use super::is_cidr;

    #[test]
    fn ranges_of_addresses_have_a_prefix_length() {
        for good in ["10.0.0.0/8", "10.0.0.1/32", "::/0", "fe80::1/128"] {
            assert!(is_cidr(good), "{good}");
        }
        for bad in [
            "10.0.0.1",
            "10.0.0/8",
            "10.0.0.0/33",
            "::/129",
            "a/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
        ] {
            assert!(!is_cidr(bad), "{bad}");
        }
    }
}
