//! Identities of objects.

use serde_json::json;

use super::{
    Bench, Service, call,
    life::{apply, config, plan, read, stored},
    outside::raw,
    provider::{identity, thing},
    received, sent, summaries,
};
use crate::{
    Value,
    proto::tfplugin6::{
        ResourceIdentityData, get_resource_identity_schemas, import_resource_state,
        upgrade_resource_identity,
    },
};

fn named(home: &str, name: &str) -> Value {
    Value::object([("home", home.into()), ("name", name.into())])
}

fn data(value: &Value) -> Option<ResourceIdentityData> {
    Some(ResourceIdentityData {
        identity_data: Some(sent(value, &identity().ty())),
    })
}

fn import(identity: &Value) -> import_resource_state::Request {
    import_resource_state::Request {
        type_name: "test_thing".into(),
        identity: data(identity),
        ..import_resource_state::Request::default()
    }
}

#[tokio::test]
async fn the_schemas_say_what_an_import_needs() {
    let bench = Bench::new();
    let message = get_resource_identity_schemas::Request {};
    let answer = call!(bench, get_resource_identity_schemas, message);
    assert!(answer.diagnostics.is_empty());
    let schema = &answer.identity_schemas["test_thing"];
    assert_eq!(schema.version, 1);
    let [home, name] = schema.identity_attributes.as_slice() else {
        panic!("two attributes were expected: {schema:?}");
    };
    assert_eq!((home.name.as_str(), name.name.as_str()), ("home", "name"));
    assert!(home.optional_for_import && !home.required_for_import);
    assert!(name.required_for_import && !name.optional_for_import);
    assert_eq!(name.r#type, br#""string""#);
    assert_eq!(name.description, "The name.");
}

#[tokio::test]
async fn a_thing_has_an_identity_from_its_creation_to_its_end() {
    let bench = Bench::new();
    let settled = config("settled");
    let mut request = plan(&Value::Null, &settled, &settled, b"");
    request.prior_identity = None;
    let planned = call!(bench, plan_resource_change, request);
    assert!(planned.diagnostics.is_empty() && planned.planned_identity.is_none());
    let object = received(&planned.planned_state, &thing().ty());
    let mut request = apply(&Value::Null, &object, planned.planned_private);
    request.planned_identity = None;
    let made = call!(bench, apply_resource_change, request);
    assert_eq!(made.new_identity, data(&named("here", "settled")));

    let mut request = read(&stored("settled"));
    (request.private, request.current_identity) = (made.private, made.new_identity);
    let found = call!(bench, read_resource, request);
    assert_eq!(found.new_identity, data(&named("here", "settled")));
    let mut request = apply(&stored("settled"), &Value::Null, found.private);
    request.planned_identity = found.new_identity;
    let gone = call!(bench, apply_resource_change, request);
    assert!(gone.diagnostics.is_empty() && gone.new_identity.is_none());
}

#[tokio::test]
async fn the_first_read_that_knows_it_gives_the_identity() {
    let bench = Bench::new();
    for (name, expected) in [("found", data(&named("there", "found"))), ("a", None)] {
        let mut request = read(&stored(name));
        request.current_identity = None;
        let answer = call!(bench, read_resource, request);
        assert_eq!(answer.new_identity, expected, "{name}");
    }
}

#[tokio::test]
async fn the_new_object_of_a_replacement_does_not_have_the_identity_of_the_old_one() {
    let bench = Bench::new();
    let request = plan(
        &Value::Null,
        &config("b"),
        &config("b"),
        br#"{".plan":"update"}"#,
    );
    assert!(request.prior_identity.is_some());
    let planned = call!(bench, plan_resource_change, request);
    assert!(planned.diagnostics.is_empty() && planned.planned_identity.is_none());
}

#[tokio::test]
async fn an_import_by_identity_answers_the_whole_identity() {
    let bench = Bench::new();
    let given = Value::object([("home", Value::Null), ("name", "a".into())]);
    for (given, whole) in [
        (given, named("here", "a")),
        (named("there", "a"), named("there", "a")),
    ] {
        let answer = call!(bench, import_resource_state, import(&given));
        let [imported] = answer.imported_resources.as_slice() else {
            panic!("one object was expected: {:?}", answer.diagnostics);
        };
        assert_eq!(imported.identity, data(&whole));
        let state = received(&imported.state, &thing().ty());
        assert_eq!(state.field("name"), &"a".into());
    }
    let answer = call!(bench, import_resource_state, import(&named("here", "gone")));
    assert!(answer.imported_resources.is_empty());
    assert_eq!(
        summaries(&answer.diagnostics),
        ["Cannot Import Non-Existent Remote Object"]
    );
    let mut broken = import(&given_none());
    broken.identity = Some(ResourceIdentityData {
        identity_data: Some(sent(&"text".into(), &crate::Type::String)),
    });
    let answer = call!(bench, import_resource_state, broken);
    assert_eq!(summaries(&answer.diagnostics), ["Unreadable Value"]);
}

fn given_none() -> Value {
    Value::object([("home", Value::Null), ("name", Value::Null)])
}

#[tokio::test]
async fn an_identity_of_an_older_version_is_upgraded() {
    let bench = Bench::new();
    let upgrade = |version, json: &serde_json::Value| upgrade_resource_identity::Request {
        type_name: "test_thing".into(),
        version,
        raw_identity: raw(json),
    };
    let answer = call!(
        bench,
        upgrade_resource_identity,
        upgrade(0, &json!({ "home": "here", "title": "a" }))
    );
    assert!(answer.diagnostics.is_empty());
    assert_eq!(answer.upgraded_identity, data(&named("here", "a")));
    let answer = call!(bench, upgrade_resource_identity, upgrade(9, &json!({})));
    assert_eq!(
        summaries(&answer.diagnostics),
        ["Provider Older Than State"]
    );
    assert!(answer.upgraded_identity.is_none());
}
