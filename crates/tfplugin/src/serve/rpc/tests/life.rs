//! The life of a resource.

use tokio::time::timeout;

use super::{
    Bench, PATIENCE, Service, call, is_error, names, object, provider::thing, received, sent,
    summaries,
};
use crate::{
    Private, StopReason, Value,
    proto::tfplugin6::{
        ClientCapabilities, DynamicValue, ResourceIdentityData, apply_resource_change,
        plan_resource_change, read_resource, stop_provider, validate_resource_config,
    },
};

pub(super) fn value(value: &Value) -> Option<DynamicValue> {
    Some(sent(value, &thing().ty()))
}

pub(super) fn stored(name: &str) -> Value {
    object(
        &thing(),
        [
            ("name", name.into()),
            ("id", "i".into()),
            ("revision", "r".into()),
            ("level", 1_i64.into()),
        ],
    )
}

pub(super) fn config(name: &str) -> Value {
    object(&thing(), [("name", name.into())])
}

fn identity() -> Option<ResourceIdentityData> {
    Some(ResourceIdentityData {
        identity_data: Some(DynamicValue {
            msgpack: b"\x80".to_vec(),
            json: Vec::new(),
        }),
    })
}

pub(super) fn plan(
    prior: &Value,
    proposed: &Value,
    config: &Value,
    private: &[u8],
) -> plan_resource_change::Request {
    plan_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: value(prior),
        proposed_new_state: value(proposed),
        config: value(config),
        prior_private: private.to_vec(),
        prior_identity: identity(),
        ..plan_resource_change::Request::default()
    }
}

pub(super) fn apply(
    prior: &Value,
    planned: &Value,
    private: Vec<u8>,
) -> apply_resource_change::Request {
    apply_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: value(prior),
        planned_state: value(planned),
        config: value(planned),
        planned_private: private,
        planned_identity: identity(),
        ..apply_resource_change::Request::default()
    }
}

pub(super) fn read(state: &Value) -> read_resource::Request {
    read_resource::Request {
        type_name: "test_thing".into(),
        current_state: value(state),
        private: br#"{"k":1}"#.to_vec(),
        current_identity: identity(),
        ..read_resource::Request::default()
    }
}

#[tokio::test]
async fn a_thing_is_planned_and_made() {
    let bench = Bench::new();
    let mut config = config("a");
    config.set_field("secret", "s".into());
    let planned = call!(
        bench,
        plan_resource_change,
        plan(&Value::Null, &config, &config, b"")
    );
    assert!(planned.diagnostics.is_empty());
    let object = received(&planned.planned_state, &thing().ty());
    assert_eq!(object.field("id"), &Value::Unknown);
    assert_eq!(object.field("level"), &1_i64.into());
    assert_eq!(object.field("secret"), &Value::Null);
    assert!(!planned.planned_private.is_empty());

    let mut request = apply(&Value::Null, &object, planned.planned_private);
    request.config = value(&config);
    let made = call!(bench, apply_resource_change, request);
    assert!(made.diagnostics.is_empty());
    let state = received(&made.new_state, &thing().ty());
    assert_eq!(state.field("id"), &"id of a".into());
    // What plans leave for deletions is not stored beside the object.
    assert_eq!(made.private, br#"{"written":true}"#);
    assert_eq!(made.new_identity, identity());
}

#[tokio::test]
async fn a_change_that_needs_a_new_object_says_which() {
    let bench = Bench::new();
    let mut proposed = stored("a");
    proposed.set_field("name", "b".into());
    let planned = call!(
        bench,
        plan_resource_change,
        plan(&stored("a"), &proposed, &config("b"), b"")
    );
    assert_eq!(planned.requires_replace.len(), 1);
    assert_eq!(planned.planned_identity, identity());
}

#[tokio::test]
async fn an_error_keeps_object_private_state_and_identity() {
    let bench = Bench::new();
    for name in ["refuse", "refuse and say nothing", "panic"] {
        let prior = stored(name);
        let mut planned = prior.clone();
        planned.set_field("revision", Value::Unknown);
        let answer = call!(
            bench,
            apply_resource_change,
            apply(&prior, &planned, br#"{".plan":"update","k":1}"#.to_vec())
        );
        assert!(is_error(&answer.diagnostics), "{name}");
        assert_eq!(received(&answer.new_state, &thing().ty()), prior, "{name}");
        assert_eq!(
            Private::from_bytes(&answer.private).get("k"),
            Some(&1.into())
        );
        assert_eq!(answer.new_identity, identity(), "{name}");
    }
    for name in ["refuse", "panic"] {
        let prior = stored(name);
        let answer = call!(
            bench,
            apply_resource_change,
            apply(&prior, &Value::Null, br#"{"k":1}"#.to_vec())
        );
        assert!(is_error(&answer.diagnostics));
        assert_eq!(received(&answer.new_state, &thing().ty()), prior, "{name}");
        assert_eq!(answer.private, br#"{"k":1}"#);
    }
}

#[tokio::test]
async fn a_deletion_leaves_nothing() {
    let bench = Bench::new();
    let answer = call!(
        bench,
        apply_resource_change,
        apply(&stored("a"), &Value::Null, br#"{"k":1}"#.to_vec())
    );
    assert!(answer.diagnostics.is_empty());
    assert_eq!(received(&answer.new_state, &thing().ty()), Value::Null);
    assert!(answer.private.is_empty() && answer.new_identity.is_none());
}

#[tokio::test]
async fn a_panic_is_reported_without_its_text_and_the_next_call_works() {
    let bench = Bench::new();
    let answer = call!(
        bench,
        apply_resource_change,
        apply(&Value::Null, &config("panic"), Vec::new())
    );
    assert_eq!(summaries(&answer.diagnostics), ["Provider Crashed"]);
    assert!(!answer.diagnostics[0].detail.contains("fire"));
    assert_eq!(received(&answer.new_state, &thing().ty()), Value::Null);
    let answer = call!(bench, read_resource, read(&stored("a")));
    assert!(answer.diagnostics.is_empty());
}

#[tokio::test]
async fn a_state_with_unknown_values_is_an_error_that_loses_nothing_else() {
    let bench = Bench::new();
    let mut planned = config("unfinished");
    planned.set_field("id", Value::Unknown);
    let answer = call!(
        bench,
        apply_resource_change,
        apply(&Value::Null, &planned, Vec::new())
    );
    assert_eq!(summaries(&answer.diagnostics), ["Invalid Resource State"]);
    let state = received(&answer.new_state, &thing().ty());
    assert_eq!(state.field("name"), &"unfinished".into());
    assert_eq!(state.field("id"), &Value::Null);
}

#[tokio::test]
async fn only_a_thing_that_is_gone_is_read_as_null() {
    let bench = Bench::new();
    for name in ["a", "refuse", "panic"] {
        let answer = call!(bench, read_resource, read(&stored(name)));
        assert_eq!(received(&answer.new_state, &thing().ty()), stored(name));
        assert_eq!(answer.private, br#"{"k":1}"#);
        assert_eq!(answer.new_identity, identity());
        assert_eq!(is_error(&answer.diagnostics), name != "a");
    }
    let answer = call!(bench, read_resource, read(&stored("gone")));
    assert_eq!(received(&answer.new_state, &thing().ty()), Value::Null);
    assert!(answer.diagnostics.is_empty());
}

#[tokio::test]
async fn a_broken_or_foreign_request_is_a_diagnostic_and_keeps_the_object() {
    let bench = Bench::new();
    let mut foreign = read(&stored("a"));
    foreign.type_name = "test_nothing".into();
    let mut broken = read(&stored("a"));
    broken.current_state = Some(DynamicValue {
        msgpack: b"\x81\xa1x\xc3".to_vec(),
        json: Vec::new(),
    });
    for (request, summary) in [(foreign, "Unknown Type Name"), (broken, "Unreadable Value")] {
        let state = request.current_state.clone();
        let answer = call!(bench, read_resource, request);
        assert_eq!(summaries(&answer.diagnostics), [summary]);
        assert_eq!(answer.new_state, state);
        assert_eq!(answer.private, br#"{"k":1}"#);
    }
}

#[tokio::test]
async fn work_that_is_asked_to_stop_answers_with_what_there_is() {
    let bench = Bench::new();
    let working = tokio::spawn({
        let service = bench.service.clone();
        let request = super::request(
            &bench.connection,
            apply(&Value::Null, &config("wait"), Vec::new()),
        );
        async move { Service::apply_resource_change(&*service, request).await }
    });
    let mut census = bench.lifecycle.census();
    census.wait_for(|now| now.running == 1).await.unwrap();
    let stopping = async { call!(bench, stop_provider, stop_provider::Request {}) };
    timeout(PATIENCE, stopping).await.unwrap();
    let answer = timeout(PATIENCE, working).await.unwrap().unwrap();
    let answer = answer.unwrap().into_inner();
    assert_eq!(summaries(&answer.diagnostics), ["Interrupted"]);
    assert!(!is_error(&answer.diagnostics));
    assert_ne!(received(&answer.new_state, &thing().ty()), Value::Null);
    assert_eq!(*bench.stops.lock().unwrap(), [StopReason::StopProvider]);
}

#[tokio::test]
async fn work_outlives_its_connection_and_learns_that_it_is_gone() {
    let bench = Bench::new();
    let mut census = bench.lifecycle.census();
    let handler = tokio::spawn({
        let service = bench.service.clone();
        let request = super::request(
            &bench.connection,
            apply(&Value::Null, &config("wait"), Vec::new()),
        );
        async move { Service::apply_resource_change(&*service, request).await }
    });
    census.wait_for(|now| now.running == 1).await.unwrap();
    // What tonic does when the connection breaks.
    handler.abort();
    assert!(handler.await.unwrap_err().is_cancelled());
    assert_eq!(census.borrow().running, 1);
    drop(bench.connection);
    let ended = census.wait_for(|now| now.running == 0);
    timeout(PATIENCE, ended).await.unwrap().unwrap();
    assert_eq!(*bench.stops.lock().unwrap(), [StopReason::Gone]);
}

#[tokio::test]
async fn configurations_are_checked_without_a_configured_provider() {
    let bench = Bench::new();
    let validate =
        |config: &Value, write_only_attributes_allowed| validate_resource_config::Request {
            type_name: "test_thing".into(),
            config: value(config),
            client_capabilities: Some(ClientCapabilities {
                write_only_attributes_allowed,
                ..ClientCapabilities::default()
            }),
        };
    let answer = call!(
        bench,
        validate_resource_config,
        validate(&object(&thing(), []), true)
    );
    assert_eq!(names(&answer.diagnostics[0]), ["name"]);
    let mut secret = config("bad");
    secret.set_field("secret", "s".into());
    let answer = call!(bench, validate_resource_config, validate(&secret, false));
    assert_eq!(
        summaries(&answer.diagnostics),
        ["WriteOnly Attribute Not Allowed", "Bad Name"]
    );
    let answer = call!(bench, validate_resource_config, validate(&secret, true));
    assert_eq!(summaries(&answer.diagnostics), ["Bad Name"]);
    let fault = config("panic in validate");
    let answer = call!(bench, validate_resource_config, validate(&fault, true));
    assert_eq!(summaries(&answer.diagnostics), ["Provider Crashed"]);
}
