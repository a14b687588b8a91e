use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value as Wire};
use tfplugin::{AttributeShape, Diagnostics, Nesting, Number, Path, Value};

use super::{everything, message, nested, object, object_of};
use crate::mapping::{Mapping, Rules};

fn list<const N: usize>(elements: [Value; N]) -> Value {
    Value::List(elements.into())
}

fn map<const N: usize>(elements: [(&str, Value); N]) -> Value {
    Value::Map(elements.map(|(key, value)| (key.to_owned(), value)).into())
}

/// An object with something in every field that one can have at once.
fn full() -> Value {
    let mapping = everything();
    let attributes = mapping.schema_attributes();
    let inner_attributes = nested(&attributes["inner"]);
    let deep_attributes = nested(&inner_attributes["deep"]);
    let deep = object_of(
        deep_attributes,
        [("text", "t".into()), ("three_way", false.into())],
    );
    let inner = object_of(
        inner_attributes,
        [
            ("name", "n".into()),
            ("size", (-5_i64).into()),
            ("deep", deep.clone()),
            ("deeps", list([deep])),
        ],
    );
    object(
        &mapping,
        [
            ("text", "x".into()),
            ("flag", true.into()),
            ("i32", i64::from(i32::MIN).into()),
            ("i64", i64::MAX.into()),
            ("u32", i64::from(u32::MAX).into()),
            ("u64", Value::Number(u64::MAX.into())),
            ("s32", (-1_i64).into()),
            ("s64", i64::MIN.into()),
            ("f32", 1_i64.into()),
            ("f64", 2_i64.into()),
            ("narrow", Value::Number("0.5".parse().unwrap())),
            ("wide", Value::Number("0.25".parse().unwrap())),
            ("blob", "AAEC".into()),
            ("mode", 1_i64.into()),
            ("texts", list(["a".into(), "".into()])),
            ("modes", list([0_i64.into(), 7_i64.into()])),
            ("blobs", list(["AA==".into()])),
            ("inners", list([inner.clone()])),
            ("labels", map([("k", "v".into()), ("empty", "".into())])),
            ("flags", map([("-3", true.into()), ("4", false.into())])),
            ("inner_by_name", map([("one", inner.clone())])),
            ("times_by_name", map([("t", "2030-01-31T12:00:00Z".into())])),
            ("expires", "2030-01-31T12:00:00.25Z".into()),
            ("times", list(["1970-01-01T00:00:00Z".into()])),
            ("interval", "1m30.5s".into()),
            ("max_session_ttl", "30h0m0s".into()),
            ("three_way", false.into()),
            ("wrapped_text", "".into()),
            (
                "node_labels",
                map([("*", list(["*".into()])), ("none", list([]))]),
            ),
            ("choice_inner", inner.clone()),
            ("optional_text", "".into()),
            ("optional_number", 0_i64.into()),
            ("inner", inner),
            ("enhanced_recording", list(["command".into()])),
            ("old_name", "o".into()),
            ("older_name", "p".into()),
        ],
    )
}

#[test]
fn every_kind_of_field_goes_to_the_wire_and_back() {
    let (mapping, full) = (everything(), full());
    let bytes = mapping.to_message(&full).unwrap().encode_to_vec();
    let message = DynamicMessage::decode(message("Everything"), bytes.as_slice()).unwrap();
    assert_eq!(mapping.to_value(&message), full);
}

#[test]
fn the_wire_has_what_the_fields_are_in_protobuf() {
    let message = everything().to_message(&full()).unwrap();
    let field = |name: &str| message.get_field_by_name(name).unwrap().into_owned();
    assert_eq!(field("MaxSessionTTL"), Wire::I64(108_000_000_000_000));
    assert_eq!(field("mode"), Wire::EnumNumber(1));
    assert_eq!(field("blob"), Wire::Bytes(vec![0, 1, 2].into()));
    let wire = field("three_way");
    let three_way = wire.as_message().unwrap();
    assert!(!three_way.has_field_by_name("Value"));
    let wire = field("interval");
    let interval = wire.as_message().unwrap();
    assert_eq!(
        interval.get_field_by_name("seconds").unwrap().as_i64(),
        Some(90)
    );
    assert_eq!(
        interval.get_field_by_name("nanos").unwrap().as_i32(),
        Some(500_000_000)
    );
}

#[test]
fn every_kind_of_field_has_its_type() {
    let attributes = everything().schema_attributes();
    for (name, ty) in [
        ("text", "string"),
        ("flag", "bool"),
        ("mode", "number"),
        ("narrow", "number"),
        ("blob", "string"),
        ("modes", "list(number)"),
        ("flags", "map(bool)"),
        ("times_by_name", "map(string)"),
        ("interval", "string"),
        ("max_session_ttl", "string"),
        ("three_way", "bool"),
        ("wrapped_text", "string"),
        ("node_labels", "map(list(string))"),
        ("enhanced_recording", "list(string)"),
    ] {
        assert_eq!(attributes[name].ty().to_string(), ty, "{name}");
    }
    for (name, nesting) in [
        ("inner", Nesting::Single),
        ("choice_inner", Nesting::Single),
        ("inners", Nesting::List),
        ("inner_by_name", Nesting::Map),
    ] {
        assert!(
            matches!(attributes[name].shape, AttributeShape::Nested(n, _) if n == nesting),
            "{name}"
        );
    }
}

#[test]
fn comments_are_the_descriptions() {
    let attributes = everything().schema_attributes();
    for (name, description) in [
        ("text", "A text over two lines.\n\nAnd a second paragraph."),
        ("flag", ""),
        (
            "mode",
            "How it is done.\n\nValues: `0` (MODE_UNSPECIFIED), `1` (MODE_FAST).",
        ),
        ("inner", "What is inside."),
    ] {
        assert_eq!(attributes[name].description, description, "{name}");
    }
    assert_eq!(everything().description(), "Something of everything.");
}

#[test]
fn deprecated_fields_warn_when_they_are_configured_and_are_not_left_out_of_generated_configuration()
{
    let attributes = everything().schema_attributes();
    for (name, warning) in [
        ("old_name", Some("old_name is deprecated: use `text`.")),
        ("older_name", Some("older_name is deprecated.")),
        ("text", None),
    ] {
        assert_eq!(attributes[name].deprecation, None, "{name}");
        let mut diags = Diagnostics::new();
        for validator in &attributes[name].validators {
            validator.check(&Path::attribute(name), &"a".into(), &mut diags);
        }
        let found: Vec<_> = diags.iter().map(|it| it.detail.as_str()).collect();
        assert_eq!(found, warning.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_number_that_an_enum_does_not_have_is_a_warning_and_is_sent() {
    let mapping = everything();
    let warnings = |number: i64| {
        let mut diags = Diagnostics::new();
        for validator in &mapping.schema_attributes()["mode"].validators {
            validator.check(&Path::attribute("mode"), &number.into(), &mut diags);
        }
        assert!(!diags.has_errors());
        diags.iter().count()
    };
    assert_eq!((warnings(1), warnings(99)), (0, 1));
    let sent = mapping
        .to_message(&object(&mapping, [("mode", 99_i64.into())]))
        .unwrap();
    assert_eq!(mapping.to_value(&sent).field("mode"), &99_i64.into());
}

#[test]
fn what_protobuf_cannot_tell_from_absent_is_null() {
    let mapping = everything();
    let mut message = DynamicMessage::new(message("Everything"));
    let pool = message.descriptor().parent_pool().clone();
    let zero = |seconds: i64| {
        let name = "google.protobuf.Timestamp";
        let mut time = DynamicMessage::new(pool.get_message_by_name(name).unwrap());
        time.set_field_by_name("seconds", Wire::I64(seconds));
        Wire::Message(time)
    };
    let (year_1, epoch) = (zero(-62_135_596_800), zero(0));
    message.set_field_by_name("expires", year_1);
    message.set_field_by_name("text", Wire::String(String::new()));
    for name in ["inner", "node_labels", "interval"] {
        message.get_field_by_name_mut(name);
        assert!(message.has_field_by_name(name));
    }
    assert_eq!(mapping.to_value(&message), object(&mapping, []));

    message.set_field_by_name("expires", epoch);
    let epoch = ("expires", "1970-01-01T00:00:00Z".into());
    assert_eq!(mapping.to_value(&message), object(&mapping, [epoch]));
}

#[test]
fn what_protobuf_can_tell_from_absent_is_not_null() {
    let mapping = everything();
    for (name, value) in [
        ("three_way", false.into()),
        ("wrapped_text", "".into()),
        ("optional_text", "".into()),
        ("optional_number", 0_i64.into()),
        ("choice_text", "".into()),
        ("choice_number", 0_i64.into()),
    ] {
        let object = object(&mapping, [(name, value)]);
        let bytes = mapping.to_message(&object).unwrap().encode_to_vec();
        assert!(!bytes.is_empty(), "{name}");
        let message = DynamicMessage::decode(message("Everything"), bytes.as_slice()).unwrap();
        assert_eq!(mapping.to_value(&message), object);
    }
}

#[test]
fn a_time_out_of_range_and_a_number_that_is_none_are_null() {
    let mapping = everything();
    let mut message = DynamicMessage::new(message("Everything"));
    message.set_field_by_name("wide", Wire::F64(f64::NAN));
    let expires = message.get_field_by_name_mut("expires").unwrap();
    expires
        .as_message_mut()
        .unwrap()
        .set_field_by_name("seconds", Wire::I64(i64::MAX));
    assert_eq!(mapping.to_value(&message), object(&mapping, []));
}

#[test]
fn what_a_field_cannot_hold_is_refused_at_its_path_by_schema_and_conversion() {
    let mapping = everything();
    let attributes = mapping.schema_attributes();
    let number = |text: &str| Value::Number(text.parse::<Number>().unwrap());
    for (name, value, path, phrase) in [
        (
            "i32",
            number("2147483648"),
            "i32",
            "from -2147483648 to 2147483647",
        ),
        ("i64", number("0.5"), "i64", "must be a whole number"),
        ("u32", number("-1"), "u32", "from 0 to 4294967295"),
        ("mode", number("1e12"), "mode", "must be a whole number"),
        ("narrow", number("1e300"), "narrow", "32 bits"),
        ("wide", number("1e400"), "wide", "64 bits"),
        ("blob", "a!".into(), "blob", "Base64"),
        (
            "blobs",
            list(["AA==".into(), "a!".into()]),
            "blobs[1]",
            "Base64",
        ),
        ("expires", "soon".into(), "expires", "RFC 3339"),
        (
            "times_by_name",
            map([("t", "soon".into())]),
            "times_by_name[\"t\"]",
            "RFC 3339",
        ),
        ("interval", "1 hour".into(), "interval", "such as 30s"),
        (
            "max_session_ttl",
            "1x".into(),
            "max_session_ttl",
            "such as 30s",
        ),
        ("flags", map([("x", true.into())]), "flags[\"x\"]", "key"),
        ("texts", list([Value::Null]), "texts[0]", "must not be null"),
        (
            "inners",
            list([Value::Null]),
            "inners[0]",
            "must not be null",
        ),
        (
            "node_labels",
            map([("k", list([Value::Null]))]),
            "node_labels[\"k\"][0]",
            "must not be null",
        ),
    ] {
        let refused = mapping.to_message(&object(&mapping, [(name, value.clone())]));
        let sent = refused.expect_err(name);
        let mut validated = Diagnostics::new();
        for validator in &attributes[name].validators {
            validator.check(&Path::attribute(name), &value, &mut validated);
        }
        for diagnostics in [sent, validated] {
            let diagnostic = diagnostics.iter().next().expect(name);
            assert_eq!(diagnostic.path.to_string(), path);
            assert!(diagnostic.detail.contains(phrase), "{}", diagnostic.detail);
        }
    }
}

#[test]
fn no_text_of_an_error_holds_the_value() {
    let mapping = everything();
    for name in [
        "blob",
        "expires",
        "interval",
        "max_session_ttl",
        "flag",
        "i64",
    ] {
        let object = object(&mapping, [(name, "hunter2!".into())]);
        let diagnostics = mapping.to_message(&object).unwrap_err();
        assert!(!format!("{diagnostics:?}").contains("hunter2"), "{name}");
    }
}

#[test]
fn two_members_of_a_oneof_cannot_be_set_together() {
    let mapping = everything();
    let both = [("choice_text", "a".into()), ("choice_number", 0_i64.into())];
    let both = object(&mapping, both);
    let mut validated = Diagnostics::new();
    mapping.validate(&both, &mut validated);
    for diagnostics in [validated, mapping.to_message(&both).unwrap_err()] {
        let diagnostic = diagnostics.iter().next().unwrap();
        assert_eq!(diagnostic.path, Path::attribute("choice_number"));
        assert!(diagnostic.detail.contains("choice_text and choice_number"));
    }
}

#[test]
fn oneofs_are_checked_in_nested_objects_too() {
    let mapping = Mapping::new(message("Choices"), Rules::new()).unwrap();
    let attributes = mapping.schema_attributes();
    let both = Value::object([("one", "a".into()), ("other", "b".into())]);
    for (name, value, path) in [
        ("single", both.clone(), "single.other"),
        (
            "many",
            list([Value::Unknown, both.clone()]),
            "many[1].other",
        ),
        ("by_name", map([("k", both)]), "by_name[\"k\"].other"),
    ] {
        let mut diagnostics = Diagnostics::new();
        for validator in &attributes[name].validators {
            validator.check(&Path::attribute(name), &value, &mut diagnostics);
        }
        assert_eq!(diagnostics.iter().next().unwrap().path.to_string(), path);
    }
}

#[test]
fn what_is_write_only_is_sent_and_never_shown() {
    let mapping = Mapping::new(message("Inner"), Rules::new().write_only("name")).unwrap();
    let secret = object(&mapping, [("name", "x".into())]);
    let mut message = mapping.to_message(&secret).unwrap();
    assert!(message.has_field_by_name("name"));
    let nothing = object(&mapping, []);
    assert_eq!(mapping.to_value(&message), nothing);
    assert!(mapping.same(&secret, &nothing));
    mapping.merge_into(&nothing, &mut message).unwrap();
    assert!(message.has_field_by_name("name"));
}

#[test]
fn what_is_unknown_cannot_be_sent_and_is_no_mistake_of_the_configuration() {
    let mapping = everything();
    for (name, value, path) in [
        ("text", Value::Unknown, "text"),
        ("texts", list(["a".into(), Value::Unknown]), "texts[1]"),
        (
            "node_labels",
            map([("k", Value::Unknown)]),
            "node_labels[\"k\"]",
        ),
    ] {
        let object = object(&mapping, [(name, value.clone())]);
        let diagnostics = mapping.to_message(&object).unwrap_err();
        assert_eq!(diagnostics.iter().next().unwrap().path.to_string(), path);
        let mut validated = Diagnostics::new();
        for validator in &mapping.schema_attributes()[name].validators {
            validator.check(&Path::attribute(name), &value, &mut validated);
        }
        assert!(validated.is_empty(), "{validated:?}");
    }
    assert!(mapping.to_message(&Value::Null).is_err());
    assert!(mapping.to_message(&Value::Unknown).is_err());
}
