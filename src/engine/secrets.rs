//! Secrets: what the server takes and does not return, and the write-only twin of one.
//!
//! A secret is configured in one of two ways:
//!
//! | configured | in the state | sent |
//! | --- | --- | --- |
//! | `X` | the value, sensitive | with each write |
//! | `X_wo` and `X_wo_version` | the version only | when the version changes, and when the stored object has none |
//!
//! What the server says of a secret never gets into the state: a refresh keeps what the state has.

use tfplugin::{Attribute, AttributeShape, Diagnostics, Nesting, Path, Value};

use super::{Kind, kind::Secret};
use crate::errors::{self, Summary};

impl Secret {
    fn names(&self) -> (Vec<&'static str>, &'static str) {
        let mut names: Vec<_> = self.path.split('.').collect();
        let last = names.pop().unwrap_or_default();
        (names, last)
    }

    /// An attribute beside the secret, with this at the end of its name.
    fn beside<'v>(&self, object: &'v Value, end: &str) -> &'v Value {
        let (names, last) = self.names();
        object.at(&names).field(&format!("{last}{end}"))
    }

    /// The secret itself.
    fn value<'v>(&self, object: &'v Value) -> &'v Value {
        self.beside(object, "")
    }

    fn set_beside(&self, object: &mut Value, end: &str, value: Value) {
        let (names, last) = self.names();
        if let Some(place) = place(object, &names) {
            place.set_field(&format!("{last}{end}"), value);
        }
    }
}

/// Adds the write-only twins to the attributes of a resource.
pub(super) fn add_twins(
    kind: &Kind,
    attributes: &mut std::collections::BTreeMap<String, Attribute>,
) {
    for secret in twins(kind) {
        let (names, last) = secret.names();
        let mut place = &mut *attributes;
        for name in &names {
            let attribute = place.get_mut(*name);
            let Some(AttributeShape::Nested(Nesting::Single, inner)) =
                attribute.map(|attribute| &mut attribute.shape)
            else {
                panic!("the attributes around {} must be objects", secret.path);
            };
            place = inner;
        }
        let value = Attribute::string().write_only().describe(format!(
            "Takes the place of `{last}`, and is not stored in the state. Requires `{last}{VERSION}`, and Terraform 1.11 or OpenTofu 1.11."
        ));
        let version = Attribute::number().describe(format!(
            "Version of `{last}{VALUE}`, a number of your choice. Change it whenever the secret changes: the provider cannot see \
             that by itself."
        ));
        place.insert(format!("{last}{VALUE}"), value);
        place.insert(format!("{last}{VERSION}"), version);
    }
}

/// Checks which of a secret and its twin are configured.
pub(super) fn check(kind: &Kind, config: &Value, diags: &mut Diagnostics) {
    for secret in twins(kind) {
        let (names, last) = secret.names();
        let path = |end: &str| Path::attributes(&names).with_attribute(format!("{last}{end}"));
        let is_there = |end| !secret.beside(config, end).is_null();
        if is_there("") && is_there(VALUE) {
            errors::error(Summary::ConflictingAttributes)
                .at(path(VALUE))
                .detail(format!(
                    "{} and {} cannot be set together. Keep one of them.",
                    path(""),
                    path(VALUE)
                ))
                .add(diags);
        }
        if is_there(VALUE) != is_there(VERSION) {
            errors::error(Summary::InvalidAttributeCombination)
                .at(path(if is_there(VALUE) { VALUE } else { VERSION }))
                .detail(format!(
                    "{} and {} must be set together.",
                    path(VALUE),
                    path(VERSION)
                ))
                .add(diags);
        }
    }
}

/// Takes a secret out of a planned object whose configuration has moved on to the write-only twin.
pub(super) fn plan(kind: &Kind, config: &Value, planned: &mut Value) {
    for secret in twins(kind) {
        if secret.beside(config, VERSION).is_set() {
            secret.set_beside(planned, "", Value::Null);
        }
    }
}

/// The planned object with the write-only values of the configuration. With a stored object, only those that it does not
/// have, or whose version changes.
pub(super) fn with_write_only(
    kind: &Kind,
    config: &Value,
    planned: &Value,
    before: Option<(&Value, &Value)>,
) -> Value {
    let mut wanted = planned.clone();
    for secret in twins(kind) {
        let version = secret.beside(planned, VERSION);
        let is_due = before.is_none_or(|(prior, stored)| {
            secret.beside(prior, VERSION) != version || !secret.value(stored).is_set()
        });
        let value = secret.beside(config, VALUE);
        if is_due && value.is_set() {
            secret.set_beside(&mut wanted, "", value.clone());
        }
    }
    wanted
}

/// Whether a write-only value has to be sent again.
pub(super) fn is_new_version(kind: &Kind, planned: &Value, prior: &Value) -> bool {
    twins(kind).any(|secret| secret.beside(planned, VERSION) != secret.beside(prior, VERSION))
}

/// Puts into a state what only the reference knows of secrets, and nothing that the server says of them.
pub(super) fn keep(kind: &Kind, value: &mut Value, reference: &Value) {
    for secret in kind.secrets {
        let known = |end| {
            let value = secret.beside(reference, end);
            Some(value)
                .filter(|value| value.is_set())
                .cloned()
                .unwrap_or_default()
        };
        secret.set_beside(value, "", known(""));
        if !secret.write_only {
            continue;
        }
        secret.set_beside(value, VALUE, Value::Null);
        secret.set_beside(value, VERSION, known(VERSION));
        if known(VERSION).is_set()
            && let Some(reported) = secret.reported
        {
            let names: Vec<_> = reported.split('.').collect();
            value.set_at(&names, Value::Null);
        }
    }
}

fn twins(kind: &Kind) -> impl Iterator<Item = &'static Secret> + use<> {
    kind.secrets.iter().filter(|secret| secret.write_only)
}

/// The object at these names.
fn place<'v>(object: &'v mut Value, names: &[&str]) -> Option<&'v mut Value> {
    let place = names.iter().try_fold(object, |outer, name| {
        outer
            .as_fields_mut()
            .and_then(|fields| fields.get_mut(*name))
    });
    place.filter(|place| place.as_fields().is_some())
}

const VALUE: &str = "_wo";
const VERSION: &str = "_wo_version";
