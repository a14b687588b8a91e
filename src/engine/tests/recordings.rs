//! What a real server made of objects is nothing that a plan wants to change: neither after a create nor after an import.

use std::collections::HashMap;

use prost_reflect::DynamicMessage;
use serde_json::Value as Json;
use tfplugin::{Call, Diagnostics, Private, Resource, Stop, Value, operations};

use super::{
    super::{
        Followed, Kind, KindResource,
        create::Written,
        differences::{comparable, differences},
    },
    plan_by,
};
use crate::kinds::{
    auth_preference::AUTH_PREFERENCE,
    bot::BOT,
    provision_token::PROVISION_TOKEN,
    recordings::{configured, message, read},
    role::ROLE,
    user::USER,
};

/// Cases in which the server does not store what was configured, and why.
const OTHERWISE: [(&str, &str); 3] = [
    (
        "version-v2",
        "an error: the server does not know the version",
    ),
    (
        "version-v9",
        "an error: the server does not know the version",
    ),
    ("u-expires-spec", "spec.expires of a user is no attribute"),
];

#[test]
fn nothing_is_left_to_do_for_any_recorded_role() {
    quiet(ROLE, "roles.jsonl", 150);
}

#[test]
fn nothing_is_left_to_do_for_any_recorded_user() {
    quiet(USER, "users.jsonl", 15);
}

#[test]
fn nothing_is_left_to_do_for_any_recorded_join_token() {
    quiet(PROVISION_TOKEN, "provision_tokens.jsonl", 180);
}

#[test]
fn nothing_is_left_to_do_for_any_recorded_bot() {
    quiet(BOT, "bots.jsonl", 30);
}

#[test]
fn nothing_is_left_to_do_for_any_recorded_auth_preference() {
    quiet(AUTH_PREFERENCE, "auth_preferences.jsonl", 60);
}

/// Takes the objects that a server accepted for configurations, where the provider sends what was recorded. At least so many
/// of them are there.
fn quiet(kind: Kind, file: &str, least: usize) {
    let resource = KindResource::new(kind);
    let (mut taken, mut wrong) = (0, Vec::new());
    for line in read(file).lines() {
        let recording: Json = serde_json::from_str(line).unwrap();
        let case = recording["case"].as_str().unwrap();
        let Some(stored) = stored(&kind, &recording) else {
            continue;
        };
        let sent = message(&kind, &recording["object"]);
        match left_to_do(&resource, &sent, &stored) {
            Some(Ok(())) => taken += 1,
            Some(Err(_)) if OTHERWISE.iter().any(|(known, _)| *known == case) => {}
            Some(Err(problem)) => wrong.push(format!("{case}: {problem}")),
            None => {}
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(taken >= least, "only {taken} recordings were taken");
}

/// What the server stored. None where it refused the object.
fn stored(kind: &Kind, recording: &Json) -> Option<DynamicMessage> {
    let mut answers: HashMap<&str, &Json> = HashMap::new();
    for step in recording["steps"].as_array()? {
        let name = step["step"].as_str()?;
        let answer = match &step["object"] {
            Json::String(like) => answers.get(like.strip_prefix("as in ")?).copied()?,
            answer => answer,
        };
        answers.insert(name, answer);
        let is_first = answers.len() == 1;
        if is_first && step["code"] != "OK" {
            return None;
        }
        if name == "get" {
            return (step["code"] == "OK").then(|| message(kind, answer));
        }
    }
    None
}

/// What a plan wants to do. None where a person would not configure the object, or where the provider sends something else.
fn left_to_do(
    resource: &KindResource,
    sent: &DynamicMessage,
    stored: &DynamicMessage,
) -> Option<Result<(), String>> {
    let shape = &resource.shape;
    let config = configured(&shape.reported(sent), resource.schema());
    let mut diags = operations::validate(resource.schema(), &config, true);
    resource.validate(&config, &mut diags);
    let call = Call {
        client: None,
        stop: Stop::never(),
    };
    let created = plan_by(resource, &call, &config, &Value::Null, &Private::new());
    if diags.has_errors() || created.diagnostics.has_errors() {
        return None;
    }
    let request = shape.request(&created.planned).ok()?;
    if !shape.same(&shape.reported(&request), &shape.reported(sent)) {
        return None;
    }
    let written = Written {
        shape,
        provider: None,
        config: &config,
        planned: &created.planned,
        followed: Followed {
            object: Some(stored.clone()),
            is_ready: true,
        },
    };
    let applied = written.answer(None, Private::new(), Diagnostics::new());
    if applied.diagnostics.has_errors() {
        return Some(Err(format!("{:?}", applied.diagnostics)));
    }
    let state = shape.value(stored, &applied.state);
    let changed = differences(&state, &applied.state);
    if !changed.is_empty() {
        return Some(Err(format!("the refresh after the apply: {changed:?}")));
    }
    let again = plan_by(resource, &call, &config, &state, &applied.private);
    let changed = differences(&again.planned, &state);
    if !changed.is_empty() {
        return Some(Err(format!("the plan after the apply: {changed:?}")));
    }
    let name = shape.name(&state)?;
    let imported = shape.imported(stored, &shape.named(resource.schema(), &name));
    let adopted = plan_by(resource, &call, &config, &imported, &Private::new());
    let changed = differences(
        &comparable(shape, &adopted.planned),
        &comparable(shape, &imported),
    );
    if !changed.is_empty() {
        return Some(Err(format!("the plan after an import: {changed:?}")));
    }
    Some(Ok(()))
}
