//! Checks on the metadata that all kinds have.

use tfplugin::{Diagnostics, Path, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::checks::{familiar, invalid};
use crate::errors::is_contents;

/// That the kind is that of the resource.
pub(crate) fn kind(expected: &str, path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if text != expected {
        let what = format!("must be {expected:?} or left out, got: {text:?}");
        invalid(path, &what, diags);
    }
}

/// Whether the `metadata.expires` of an object has passed.
pub(crate) fn has_expired(object: &Value) -> bool {
    let text = object.at(&["metadata", "expires"]).as_str();
    let time = text.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    time.is_some_and(|time| time <= OffsetDateTime::now_utc())
}

/// That the name can be part of a key in the cluster's storage.
pub(crate) fn name(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if let Err(problem) = check_name(text) {
        invalid(path, &format!("{problem}, got: {text:?}"), diags);
    }
}

/// Checks a name by `IsKeySafe` of lib/backend/sanitize.go in gravitational/teleport.
///
/// # Errors
///
/// Says what the name must be, without the name, which may be a secret.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "@_:.-+".contains(c);
    if name.is_empty() {
        Err("must not be empty")
    } else if name == "." || name == ".." {
        Err("must not be \".\" or \"..\"")
    } else if is_contents(name) {
        Err("must be a name, and is the contents of a file")
    } else if !name.chars().all(allowed) {
        Err("may hold only ASCII letters, digits and @ _ : . - +")
    } else {
        Ok(())
    }
}

/// The keys of labels, by `IsValidLabelKey` of api/types/constants.go in gravitational/teleport, and the value of the origin.
pub(crate) fn labels(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let labels = value.as_fields();
    for (key, value) in labels.into_iter().flatten() {
        let path = path.with_key(key);
        let valid = |c: char| c.is_ascii_alphanumeric() || "/._:*-".contains(c);
        if key.is_empty() || !key.chars().all(valid) {
            let what = format!(
                "has a key that the cluster refuses, {key:?}. Use only ASCII letters, digits and / . _ : * -"
            );
            invalid(&path, &what, diags);
        } else if key == ORIGIN {
            familiar(&path, value, &ORIGINS, diags);
        }
    }
}

/// There is one namespace only.
pub(crate) fn namespace(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if text != "default" {
        let what = format!("must be \"default\" or left out, got: {text:?}");
        invalid(path, &what, diags);
    }
}

/// That a duration is longer than zero, for which the cluster would fill in its default.
pub(crate) fn not_zero(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if crate::duration::parse_nanoseconds(text).is_some_and(|duration| duration <= 0) {
        invalid(
            path,
            "must be longer than zero. Leave it out, and the cluster fills in its default",
            diags,
        );
    }
}

const ORIGIN: &str = "teleport.dev/origin";

/// `OriginValues` of api/types/constants.go in gravitational/teleport, 18.0.
const ORIGINS: [&str; 11] = [
    "defaults",
    "config-file",
    "dynamic",
    "cloud",
    "kubernetes",
    "okta",
    "scim",
    "discovery-kubernetes",
    "entra-id",
    "aws-identity-center",
    "integration_awsrolesanywhere",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_the_cluster_takes() {
        for good in [
            "a",
            "Foo.Bar@x:y",
            "Alice.B+x@example.com",
            "-",
            "a..b",
            "a_b",
        ] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in [
            "", " ", "a b", "a/b", "/a", ".", "..", "rölle", "🙂", "a\nb", "a\tb", "*", "a%2fb",
            "it's",
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
