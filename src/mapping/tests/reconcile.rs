use prost_reflect::DynamicMessage;
use tfplugin::{Number, Value};

use super::{everything, message, nested, object, object_of};

fn number(text: &str) -> Value {
    Value::Number(text.parse::<Number>().unwrap())
}

#[test]
fn what_means_the_same_keeps_the_form_of_the_reference() {
    let mapping = everything();
    let attributes = mapping.schema_attributes();
    let nothing = object_of(nested(&attributes["inner"]), []);
    let deep_nothing = object_of(
        nested(&attributes["inner"]),
        [(
            "deep",
            object_of(
                nested(&nested(&attributes["inner"])["deep"]),
                [("text", "".into())],
            ),
        )],
    );
    for (name, server, reference) in [
        ("text", Value::Null, "".into()),
        ("flag", Value::Null, false.into()),
        ("i64", Value::Null, 0_i64.into()),
        ("mode", Value::Null, 0_i64.into()),
        ("blob", Value::Null, "".into()),
        ("texts", Value::Null, Value::List(Vec::new())),
        ("labels", Value::Null, Value::Map([].into())),
        ("node_labels", Value::Null, Value::Map([].into())),
        ("interval", Value::Null, "0".into()),
        ("max_session_ttl", Value::Null, "never".into()),
        ("expires", Value::Null, "0001-01-01T00:00:00Z".into()),
        ("inner", Value::Null, nothing.clone()),
        ("inner", Value::Null, deep_nothing.clone()),
        ("inner", deep_nothing, nothing),
        ("interval", "1h30m0s".into(), "90m".into()),
        ("max_session_ttl", "720h0m0s".into(), "1mo".into()),
        (
            "expires",
            "2030-01-31T12:00:00Z".into(),
            "2030-01-31T14:00:00+02:00".into(),
        ),
        (
            "times",
            Value::List(vec!["2030-01-31T12:00:00Z".into()]),
            Value::List(vec!["2030-01-31T12:00:00.0Z".into()]),
        ),
        (
            "narrow",
            number("0.100000001490116119384765625"),
            number("0.1"),
        ),
    ] {
        for (server, reference) in [(&server, &reference), (&reference, &server)] {
            let server = object(&mapping, [(name, server.clone())]);
            let reference = object(&mapping, [(name, reference.clone())]);
            assert_eq!(
                mapping.reconcile(server.clone(), &reference),
                reference,
                "{name}"
            );
            assert!(mapping.same(&server, &reference), "{name}");
        }
    }
}

#[test]
fn what_differs_is_the_servers() {
    let mapping = everything();
    for (name, server, reference) in [
        ("text", Value::Null, "x".into()),
        ("text", "y".into(), "x".into()),
        ("text", "x".into(), Value::Null),
        ("three_way", Value::Null, false.into()),
        ("optional_text", Value::Null, "".into()),
        ("optional_number", 0_i64.into(), Value::Null),
        ("choice_text", "".into(), Value::Null),
        ("wrapped_text", Value::Null, "".into()),
        ("interval", "1h0m1s".into(), "1h".into()),
        ("interval", "1h0m0s".into(), "rubbish".into()),
        (
            "expires",
            "2030-01-31T12:00:00Z".into(),
            "2030-01-31T12:00:00+02:00".into(),
        ),
        (
            "texts",
            Value::List(vec!["a".into(), "b".into()]),
            Value::List(vec!["b".into(), "a".into()]),
        ),
        (
            "labels",
            Value::Map([("k".to_owned(), "".into())].into()),
            Value::Null,
        ),
    ] {
        let server = object(&mapping, [(name, server)]);
        let reference = object(&mapping, [(name, reference)]);
        assert_eq!(
            mapping.reconcile(server.clone(), &reference),
            server,
            "{name}"
        );
        assert!(!mapping.same(&server, &reference), "{name}");
    }
}

#[test]
fn what_the_reference_does_not_know_is_the_servers_or_null() {
    let mapping = everything();
    let attributes = mapping.schema_attributes();
    let inner = |name: Value, size: Value| {
        object_of(
            nested(&attributes["inner"]),
            [("name", name), ("size", size)],
        )
    };
    let reference = object(
        &mapping,
        [
            ("text", Value::Unknown),
            ("flag", Value::Unknown),
            ("inner", inner("".into(), Value::Unknown)),
        ],
    );
    let server = object(&mapping, [("text", "x".into())]);
    let mut expected = server.clone();
    expected.set_field("inner", inner("".into(), Value::Null));
    assert_eq!(mapping.reconcile(server.clone(), &reference), expected);
    assert!(!mapping.same(&server, &reference));

    let inner = inner("n".into(), 3_i64.into());
    let server = object(&mapping, [("inner", inner)]);
    assert_eq!(mapping.reconcile(server.clone(), &Value::Unknown), server);
    assert_eq!(mapping.reconcile(server.clone(), &Value::Null), server);
    assert_eq!(mapping.reconcile(Value::Null, &reference), Value::Null);
}

#[test]
fn attributes_beside_the_message_are_left_alone() {
    let mapping = everything();
    let mut server = mapping.to_value(&DynamicMessage::new(message("Everything")));
    server.set_field("id", "a".into());
    let mut reference = server.clone();
    reference.set_field("id", "b".into());
    reference.set_field("timeouts", Value::Unknown);
    assert_eq!(mapping.reconcile(server.clone(), &reference), server);
    assert!(mapping.same(&server, &reference));
    assert!(mapping.to_message(&reference).is_ok());
}

#[test]
fn what_says_as_much_as_null_is_empty() {
    let mapping = everything();
    let attributes = mapping.schema_attributes();
    let blank = object_of(nested(&attributes["inner"]), [("name", "".into())]);
    for (name, value) in [
        ("text", "".into()),
        ("flag", false.into()),
        ("texts", Value::List(Vec::new())),
        ("inner", blank),
    ] {
        assert!(mapping.is_empty_at(&[name], &value), "{name}");
        let object = object(&mapping, [(name, value)]);
        assert!(mapping.as_written(object).field(name).is_null(), "{name}");
    }
    assert!(mapping.is_empty_at(&["inner", "name"], &"".into()));
    assert!(!mapping.is_empty_at(&["inner", "name"], &"n".into()));
    assert!(!mapping.is_empty_at(&["inner", "nme"], &"".into()));
    // Absent and false are two things where the wire tells them apart.
    assert!(!mapping.is_empty_at(&["three_way"], &false.into()));
    let kept = object(&mapping, [("three_way", false.into())]);
    assert_eq!(mapping.as_written(kept.clone()), kept);
}
