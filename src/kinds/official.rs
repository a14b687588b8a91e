//! The attributes of the official provider exist here, too, with types that take the same configuration.
//!
//! A listing has an attribute a line: its path, R (required), O (optional) or C (computed), and its type.

use std::collections::BTreeMap;

use tfplugin::{Attribute, AttributeShape, Nesting, Presence, Resource};

use super::{
    auth_preference::AUTH_PREFERENCE, bot::BotResource, provision_token::PROVISION_TOKEN,
    role::ROLE, user::USER,
};
use crate::{clusters::ProviderData, engine::KindResource};

#[test]
fn every_attribute_of_the_official_token_is_there() {
    let resource = KindResource::new(PROVISION_TOKEN);
    // What the cluster reports cannot be configured.
    let deliberate = ["status"];
    check(
        &resource,
        include_str!("provision_token/official.txt"),
        &deliberate,
    );
}

#[test]
fn every_attribute_of_the_official_bot_is_there() {
    // Each is optional because of the nested form; the validation requires it in the flat one.
    check(&BotResource::new(), include_str!("bot/official.txt"), &[]);
}

#[test]
fn every_attribute_of_the_official_auth_preference_is_there() {
    let resource = KindResource::new(AUTH_PREFERENCE);
    check(&resource, include_str!("auth_preference/official.txt"), &[]);
}

#[test]
fn every_attribute_of_the_official_user_is_there() {
    // The status is the cluster's, and metadata is required because the name is.
    let deliberate = ["status", "metadata"];
    check(
        &KindResource::new(USER),
        include_str!("user/official.txt"),
        &deliberate,
    );
}

#[test]
fn every_attribute_of_the_official_role_is_there() {
    let listing = include_str!("role/official.txt");
    // What may be denied is what may be allowed. metadata is required because the name is.
    let denied: String = (listing.lines())
        .filter(|line| line.starts_with("spec.allow."))
        .map(|line| format!("{}\n", line.replacen("spec.allow.", "spec.deny.", 1)))
        .collect();
    let resource = KindResource::new(ROLE);
    check(&resource, &format!("{listing}{denied}"), &["metadata"]);
}

#[track_caller]
fn check(resource: &dyn Resource<ProviderData>, listing: &str, deliberate: &[&str]) {
    let attributes = &resource.schema().block.attributes;
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in listing.lines() {
        let [path, presence, ty] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        count += 1;
        let found = find(attributes, path);
        let is_deliberate = deliberate
            .iter()
            .any(|start| path == *start || (*start == "status" && path.starts_with("status.")));
        let fits = found.is_some_and(|found| {
            let may_be_left_out = presence == "R" || found.presence != Presence::Required;
            let may_be_set = presence == "C" || found.presence != Presence::Computed;
            type_of(found) == ty && (is_deliberate || (may_be_left_out && may_be_set))
        });
        if !fits {
            wrong.push(format!("{line}: {:?}", found.map(type_of)));
        }
    }
    assert!(count > 5 && wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(super) fn find<'a>(
    attributes: &'a BTreeMap<String, Attribute>,
    path: &str,
) -> Option<&'a Attribute> {
    match path.split_once('.') {
        None => attributes.get(path),
        Some((name, rest)) => match &attributes.get(name)?.shape {
            AttributeShape::Nested(_, inner) => find(inner, rest),
            AttributeShape::Type(_) => None,
        },
    }
}

fn type_of(attribute: &Attribute) -> String {
    match &attribute.shape {
        AttributeShape::Nested(Nesting::Single, _) => "single".to_owned(),
        AttributeShape::Nested(_, _) => "list".to_owned(),
        AttributeShape::Type(ty) => ty.to_string(),
    }
}
