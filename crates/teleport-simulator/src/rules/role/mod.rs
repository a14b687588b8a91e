//! Roles: what the server fills in, what it refuses, and those that every cluster has.

mod checks;
mod defaults;
mod kubernetes;
mod predicates;
mod presets;

use prost_reflect::DynamicMessage;
use teleport_proto::types::{
    Metadata, RoleConditions, RoleOptions, RoleSpecV6, RoleV6, Rule, UserV2,
};

pub(super) use self::presets::{bot_internal, set_impersonated, set_session_ttl};
pub(crate) use self::{
    defaults::labels,
    presets::{presets, workload_cluster_editor},
};

use super::{ROLE, USER, metadata};
use crate::{
    scenario::Edition,
    store::{Object, Refusal, Sight, State, Write, object},
};

/// Checks a role and fills in what it leaves open, as `CheckAndSetDefaults` does in Teleport (`api/types/role.go`).
pub(super) fn check(write: &mut Write, state: &State) -> Result<(), Refusal> {
    write.edit(|role: &mut RoleV6| check_role(role, state.edition))
}

/// What a read shows: the server's storage changes two things that the answer to the write still shows.
pub(super) fn show(object: &mut Object, sight: Sight) -> DynamicMessage {
    if sight == Sight::Written {
        return object.message.clone();
    }
    let Ok(mut role) = object::typed::<RoleV6>(&object.message) else {
        return object.message.clone();
    };
    defaults::stored(&mut role);
    object::untyped(ROLE.message, &role).unwrap_or_else(|_| object.message.clone())
}

/// A role that a user has cannot be deleted, nor can one of the server's own.
pub(super) fn may_delete(state: &State, name: &str) -> Result<(), Refusal> {
    if state.edition == Edition::Oss && name == presets::SYSTEM {
        let text = format!("can not delete system role {name:?}");
        return Err(Refusal::denied(text));
    }
    if state.object(&ROLE, name).is_none() {
        return Err(Refusal::not_found(format!("role {name:?} is not found")));
    }
    let has = |user: UserV2| {
        user.spec
            .unwrap_or_default()
            .roles
            .iter()
            .any(|role| role == name)
    };
    let users = state.stored(&USER);
    let mut users = users.filter_map(|(_, user)| object::typed(&user.message).ok());
    match users.any(has) {
        true => Err(Refusal::unknown(
            "failed to delete a role that is still in use by a user, check the system server logs for more details",
        )),
        false => Ok(()),
    }
}

pub(super) fn missing(name: &str) -> Refusal {
    Refusal::not_found(format!("role {name} is not found"))
}

fn check_role(role: &mut RoleV6, edition: Edition) -> Result<(), Refusal> {
    checks::check_name(role)?;
    defaults::complete(role);
    checks::check(role, edition)?;
    let name = &role.metadata.get_or_insert_default().name;
    metadata::check_key(&format!("/roles/{name}/params"), &[name])
}

/// A role of the newest version that has rights on resources and nothing else. An entry of `rights` is a resource with
/// verbs.
pub(crate) fn with_rights<'a>(
    name: &str,
    rights: impl IntoIterator<Item = (&'a str, Vec<String>)>,
) -> RoleV6 {
    let rule = |(resource, verbs): (&str, Vec<String>)| Rule {
        resources: vec![resource.to_owned()],
        verbs,
        ..Rule::default()
    };
    let rights = rights.into_iter().filter(|(_, verbs)| !verbs.is_empty());
    let mut role = RoleV6 {
        version: NEWEST.to_owned(),
        metadata: Some(Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        }),
        spec: Some(RoleSpecV6 {
            options: Some(RoleOptions::default()),
            allow: Some(RoleConditions {
                rules: rights.map(rule).collect(),
                ..RoleConditions::default()
            }),
            deny: None,
        }),
        ..RoleV6::default()
    };
    defaults::complete(&mut role);
    role
}

fn refused(text: impl Into<String>) -> Result<(), Refusal> {
    Err(Refusal::invalid(text))
}

/// The version that a role has whose version the server does not know.
const NEWEST: &str = "v8";

#[cfg(test)]
mod tests;
