//! Objects that come from outside.

use serde_json::json;

use super::{
    Bench, Service, call, is_error, object, provider::thing, received, request, sent, summaries,
};
use crate::{
    Private, Value,
    proto::tfplugin6::{
        RawState, generate_resource_config, import_resource_state, move_resource_state,
        upgrade_resource_state,
    },
};

pub(super) fn raw(json: &serde_json::Value) -> Option<RawState> {
    Some(RawState {
        json: serde_json::to_vec_pretty(json).unwrap(),
        ..RawState::default()
    })
}

fn upgrade(version: i64, raw_state: Option<RawState>) -> upgrade_resource_state::Request {
    upgrade_resource_state::Request {
        type_name: "test_thing".into(),
        version,
        raw_state,
    }
}

#[tokio::test]
async fn a_state_of_the_same_version_passes_and_what_is_gone_from_the_schema_is_left_out() {
    let bench = Bench::new();
    let json = json!({
        "name": "a", "id": "i", "revision": null, "level": 12345678901234567890123_i128.to_string(),
        "extra": { "type": ["list", "string"], "value": ["x"] }, "old": true,
        "rule": [{ "port": 1, "colour": { "red": [1] } }], "gate": [], "newer": { "any": ["thing", { "there": null }] },
    });
    let answer = call!(bench, upgrade_resource_state, upgrade(2, raw(&json)));
    assert!(answer.diagnostics.is_empty());
    let state = received(&answer.upgraded_state, &thing().ty());
    assert_eq!(
        state.field("level"),
        &Value::Number("12345678901234567890123".parse().unwrap())
    );
    assert_eq!(
        state.field("rule"),
        &Value::List(vec![Value::object([("port", 1_i64.into())])])
    );
    assert!(state.field("extra").is_set());
}

#[tokio::test]
async fn a_state_of_an_older_version_goes_through_every_version_after_it() {
    let bench = Bench::new();
    for (version, stored) in [
        (0, json!({ "title": "a", "level": "high" })),
        (1, json!({ "name": "a", "level": "high" })),
        (2, json!({ "name": "a", "level": 2 })),
    ] {
        let answer = call!(
            bench,
            upgrade_resource_state,
            upgrade(version, raw(&stored))
        );
        let state = received(&answer.upgraded_state, &thing().ty());
        let expected = object(&thing(), [("name", "a".into()), ("level", 2_i64.into())]);
        assert_eq!(state, expected, "version {version}");
    }
}

#[tokio::test]
async fn states_that_cannot_be_read_are_errors() {
    let bench = Bench::new();
    let flatmap = RawState {
        flatmap: [("name".to_owned(), "a".to_owned())].into(),
        ..RawState::default()
    };
    let broken = RawState {
        json: b"{".to_vec(),
        ..RawState::default()
    };
    let cases = [
        (2, Some(flatmap), "State Too Old", "0.11"),
        (2, Some(broken), "Unreadable Value", "stored object"),
        (
            2,
            raw(&json!({ "name": [] })),
            "Unreadable Value",
            "expected string",
        ),
        (9, raw(&json!({})), "Provider Older Than State", "version 9"),
        (0, raw(&json!({})), "Damaged State", "it has no title"),
        (0, raw(&json!([])), "Damaged State", "it is no object"),
        (0, None, "Damaged State", "it is no object"),
        (
            1,
            raw(&json!({ "name": "a", "level": "x" })),
            "Damaged State",
            "from schema version 1 to 2: its level is unknown",
        ),
        (
            1,
            raw(&json!({ "name": "a", "level": "broken" })),
            "Provider Crashed",
            "",
        ),
    ];
    for (version, state, summary, phrase) in cases {
        let answer = call!(bench, upgrade_resource_state, upgrade(version, state));
        assert_eq!(summaries(&answer.diagnostics), [summary]);
        let detail = &answer.diagnostics[0].detail;
        assert!(detail.contains(phrase), "{detail}");
        assert!(answer.upgraded_state.is_none());
    }
}

#[tokio::test]
async fn an_import_is_one_object_in_the_shape_of_a_state() {
    let bench = Bench::new();
    let import = |id: &str| import_resource_state::Request {
        type_name: "test_thing".into(),
        id: id.into(),
        ..import_resource_state::Request::default()
    };
    let answer = call!(bench, import_resource_state, import("a"));
    let [imported] = answer.imported_resources.as_slice() else {
        panic!("one object was expected");
    };
    assert_eq!(imported.type_name, "test_thing");
    let state = received(&imported.state, &thing().ty());
    assert_eq!(state, object(&thing(), [("name", "a".into())]));

    let answer = call!(bench, import_resource_state, import("gone"));
    assert!(answer.imported_resources.is_empty() && is_error(&answer.diagnostics));
}

#[tokio::test]
async fn only_the_things_that_a_resource_takes_over_are_moved() {
    let bench = Bench::new();
    let take = |source_type_name: &str| move_resource_state::Request {
        source_provider_address: "registry.terraform.io/example/other".into(),
        source_type_name: source_type_name.into(),
        source_schema_version: 7,
        source_state: raw(&json!({ "name": "a", "colour": "red" })),
        source_private: b"of another provider".to_vec(),
        target_type_name: "test_thing".into(),
        ..move_resource_state::Request::default()
    };
    let answer = call!(bench, move_resource_state, take("other_thing"));
    assert_eq!(
        received(&answer.target_state, &thing().ty()),
        object(&thing(), [("name", "a".into())])
    );
    assert_eq!(answer.target_private, b"");
    let answer = call!(bench, move_resource_state, take("another_thing"));
    assert_eq!(summaries(&answer.diagnostics), ["Move Not Supported"]);
    assert!(answer.target_state.is_none());
}

#[tokio::test]
async fn a_move_makes_a_state_of_another_and_keeps_what_is_stored_beside_it() {
    let bench = Bench::new();
    let mut private = Private::new();
    private.insert("note", 1);
    let take = move_resource_state::Request {
        source_type_name: "test_former_thing".into(),
        source_state: raw(&json!({ "title": "a" })),
        source_private: private.to_bytes(),
        target_type_name: "test_thing".into(),
        ..move_resource_state::Request::default()
    };
    let answer = call!(bench, move_resource_state, take);
    assert_eq!(
        received(&answer.target_state, &thing().ty()),
        object(&thing(), [("name", "a".into())])
    );
    private.insert("moved", true);
    assert_eq!(Private::from_bytes(&answer.target_private), private);
}

#[tokio::test]
async fn a_generated_configuration_leaves_out_what_is_computed() {
    let bench = Bench::new();
    let state = object(
        &thing(),
        [
            ("name", "a".into()),
            ("id", "i".into()),
            ("level", 2_i64.into()),
        ],
    );
    let message = generate_resource_config::Request {
        type_name: "test_thing".into(),
        state: Some(sent(&state, &thing().ty())),
    };
    let answer = call!(bench, generate_resource_config, message);
    assert_eq!(
        received(&answer.config, &thing().ty()),
        object(&thing(), [("name", "a".into()), ("level", 2_i64.into())])
    );
}

#[tokio::test]
async fn a_call_from_nowhere_is_answered_too() {
    let bench = Bench::new();
    let message = upgrade(2, raw(&json!({ "name": "a" })));
    let mut from_nowhere = request(&bench.connection, message);
    from_nowhere.extensions_mut().clear();
    let answer = Service::upgrade_resource_state(&*bench.service, from_nowhere).await;
    assert!(answer.unwrap().into_inner().diagnostics.is_empty());
}
