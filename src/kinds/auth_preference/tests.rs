use prost_reflect::DynamicMessage;
use teleport_proto::types::{AuthPreferenceSpecV2, AuthPreferenceV2};
use tfplugin::{Diagnostics, Value};

use super::rules;

fn completed(spec: AuthPreferenceSpecV2) -> AuthPreferenceV2 {
    let descriptor = teleport_proto::descriptors()
        .get_message_by_name("types.AuthPreferenceV2")
        .unwrap();
    let mut message = DynamicMessage::new(descriptor);
    message
        .transcode_from(&AuthPreferenceV2 {
            spec: Some(spec),
            ..AuthPreferenceV2::default()
        })
        .unwrap();
    rules::complete(&mut message);
    message.transcode_to().unwrap()
}

fn preference(one: &str, all: &[i64]) -> Value {
    let factors = all.iter().map(|factor| Value::from(*factor)).collect();
    let one = if one.is_empty() {
        Value::Null
    } else {
        one.into()
    };
    let all = if all.is_empty() {
        Value::Null
    } else {
        Value::List(factors)
    };
    let spec = Value::object([("second_factor", one), ("second_factors", all)]);
    Value::object([("spec", spec)])
}

#[test]
fn a_second_factor_is_filled_in_where_there_is_none() {
    let second_factor = |spec| completed(spec).spec.unwrap().second_factor;
    assert_eq!(second_factor(AuthPreferenceSpecV2::default()), "otp");
    let spec = AuthPreferenceSpecV2 {
        second_factors: vec![2],
        ..AuthPreferenceSpecV2::default()
    };
    assert_eq!(second_factor(spec), "");
    let name = completed(AuthPreferenceSpecV2::default())
        .metadata
        .unwrap()
        .name;
    assert_eq!(name, "cluster-auth-preference");
}

#[test]
fn turning_on_mfa_for_admin_actions_warns_once() {
    let warns = |prior: &Value, planned: &Value| {
        let mut diags = Diagnostics::new();
        rules::review(prior, planned, &mut diags);
        let is_named = |text: &str| text == "Admin Actions Will Require MFA";
        diags.iter().any(|found| is_named(&found.summary))
    };
    let otp = preference("otp", &[]);
    for strict in [
        preference("webauthn", &[]),
        preference("", &[2]),
        preference("", &[2, 3]),
    ] {
        assert!(warns(&Value::Null, &strict) && warns(&otp, &strict));
        assert!(!warns(&strict, &strict) && !warns(&strict, &otp));
    }
    for lax in [preference("on", &[]), preference("", &[1, 2])] {
        assert!(!warns(&otp, &lax));
    }
}

#[test]
fn the_label_of_the_origin_is_the_clusters() {
    let labels = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        Value::Map(
            pairs
                .map(|(key, value)| ((*key).to_owned(), (*value).into()))
                .collect(),
        )
    };
    let ours = labels(&[("a", "b")]);
    let stored = labels(&[("a", "b"), ("teleport.dev/origin", "dynamic")]);
    assert!(rules::same_labels(&ours, &stored));
    assert!(!rules::same_labels(&labels(&[("a", "c")]), &stored));
}

#[test]
fn two_forms_of_second_factors_and_none_at_all_are_refused() {
    let refused = |config: &Value| {
        let mut diags = Diagnostics::new();
        super::validate::validate(config, &mut diags);
        diags.has_errors()
    };
    assert!(refused(&preference("otp", &[1])));
    assert!(refused(&preference("off", &[])) && refused(&preference("optional", &[])));
    assert!(!refused(&preference("otp", &[])) && !refused(&preference("", &[1])));
    assert!(!refused(&preference("a-newer-one", &[])));
}
