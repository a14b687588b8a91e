//! What Terraform adds to the auth preference, and what Go's client does before it sends one.

use prost_reflect::{DynamicMessage, Value as Field};
use tfplugin::{Diagnostics, Path, Validator, Value};

use super::NAME;
use crate::{
    errors::{self, Summary},
    kinds::{
        checks::{Check, invalid},
        metadata::{self, not_zero},
    },
    mapping::Rules,
};

pub(super) fn rules() -> Rules {
    let rules = Rules::new()
        .default_to("kind", "cluster_auth_preference")
        .required("version")
        .required("spec")
        // There is one name, and the official provider does not have the attribute either.
        .omit("metadata.name")
        .duration("spec.default_session_ttl")
        .duration("spec.okta.sync_period")
        .duration("spec.hardware_key.pin_cache_ttl");
    let checks: [Check; 5] = [
        ("kind", kind),
        ("version", version),
        ("metadata.labels", metadata::labels),
        ("metadata.namespace", metadata::namespace),
        ("spec.default_session_ttl", not_zero),
    ];
    checks.into_iter().fold(rules, |rules, (path, check)| {
        rules.validate(path, Validator::new(check))
    })
}

/// The cluster refuses an auth preference without a second factor. Go's client fills in `otp` before it sends one.
pub(super) fn complete(preference: &mut DynamicMessage) {
    if let Some(Field::Message(metadata)) = preference.get_field_by_name_mut("Metadata") {
        metadata.set_field_by_name("Name", Field::String(NAME.to_owned()));
    }
    let Some(Field::Message(spec)) = preference.get_field_by_name_mut("Spec") else {
        return;
    };
    if !spec.has_field_by_name("SecondFactor") && !spec.has_field_by_name("SecondFactors") {
        spec.set_field_by_name("SecondFactor", Field::String("otp".to_owned()));
    }
}

/// The cluster sets the label of the origin, whatever was sent.
pub(super) fn same_labels(one: &Value, other: &Value) -> bool {
    let rest = |labels: &Value| {
        let mut labels = labels.as_fields().cloned().unwrap_or_default();
        labels.remove(ORIGIN);
        labels
    };
    rest(one) == rest(other)
}

/// A change to second factors without OTP turns on MFA for admin actions, by `IsAdminActionMFAEnforced` of
/// api/types/authentication.go in gravitational/teleport.
pub(super) fn review(prior: &Value, planned: &Value, diags: &mut Diagnostics) {
    if !requires_admin_mfa(planned) || requires_admin_mfa(prior) {
        return;
    }
    let attribute = if planned.at(&["spec", "second_factors"]).is_set() {
        "second_factors"
    } else {
        "second_factor"
    };
    errors::warning(Summary::AdminActionsWillRequireMfa).at(Path::attributes(&["spec", attribute])).detail("This change turns on MFA for admin actions. From then on the cluster refuses the identity files of people, also that of \
         this provider if it is one; bots go on working. Before you apply this, let the provider join as a bot, or use an \
         identity file of a bot.").add(diags);
}

fn requires_admin_mfa(preference: &Value) -> bool {
    let spec = preference.field("spec");
    let all = spec.field("second_factors").as_elements();
    let all = all.unwrap_or_default();
    let has = |factor: i64| all.contains(&Value::from(factor));
    if all.is_empty() {
        spec.field("second_factor").as_str() == Some("webauthn")
    } else {
        !has(OTP) && (has(WEBAUTHN) || has(SSO))
    }
}

fn kind(path: &Path, value: &Value, diags: &mut Diagnostics) {
    metadata::kind("cluster_auth_preference", path, value, diags);
}

fn version(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if text != "v2" {
        invalid(path, &format!("must be \"v2\", got: {text:?}"), diags);
    }
}

const ORIGIN: &str = "teleport.dev/origin";

/// Numbers of `types.SecondFactorType`.
const OTP: i64 = 1;
const WEBAUTHN: i64 = 2;
const SSO: i64 = 3;
