use proptest::prelude::*;

use super::*;
use crate::{
    Path,
    codec::samples::{self, Holes},
};

fn decoded(bytes: &[u8], ty: &Type) -> Value {
    decode(bytes, ty).unwrap()
}

fn refused(bytes: &[u8], ty: &Type) -> CodecError {
    decode(bytes, ty).unwrap_err()
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

proptest! {
    #[test]
    fn every_value_survives_the_wire((ty, value) in samples::typed(Holes::NullAndUnknown)) {
        prop_assert!(ty.admits(&value));
        let bytes = encode(&value, &ty).unwrap();
        prop_assert_eq!(decode(&bytes, &ty).unwrap(), value);
    }

    #[test]
    fn no_bytes_make_it_panic(
        ty in samples::any_type(),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(&bytes, &ty);
    }

    #[test]
    fn no_damage_makes_it_panic(
        (ty, value) in samples::typed(Holes::NullAndUnknown),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encode(&value, &ty).unwrap();
        let index = at.index(bytes.len());
        bytes[index] = byte;
        if let Ok(value) = decode(&bytes, &ty) {
            prop_assert!(ty.admits(&value));
        }
        bytes.truncate(cut.index(bytes.len()));
        let _ = decode(&bytes, &ty);
    }
}

#[test]
fn unknown_values_are_extensions_of_any_kind() {
    assert_eq!(encode(&Value::Unknown, &Type::Bool).unwrap(), [0xd4, 0, 0]);
    let of_core: &[u8] = &[0xd4, 0, 0];
    let refined_not_null: &[u8] = &[0xc7, 3, 12, 0x81, 1, 0xc2];
    let refined_prefix = b"\xc7\x0c\x0c\x82\x01\xc2\x02\xa7https:/";
    let refined_bounds: &[u8] = &[0xc7, 5, 12, 0x81, 3, 0x92, 1, 0xc3];
    let of_tomorrow: &[u8] = &[0xc7, 4, 12, 0x81, 99, 0x91, 0xc0];
    for bytes in [
        of_core,
        refined_not_null,
        refined_prefix,
        refined_bounds,
        of_tomorrow,
    ] {
        assert_eq!(decoded(bytes, &Type::String), Value::Unknown, "{bytes:x?}");
    }
}

#[test]
fn broken_refinements_are_refused() {
    let huge = [&[0xc8, 0x04, 0x01, 12][..], &[0; 1025]].concat();
    let no_map: &[u8] = &[0xd4, 12, 0xc0];
    let text_key: &[u8] = &[0xc7, 4, 12, 0x81, 0xa1, b'a', 0xc0];
    let cut: &[u8] = &[0xc7, 2, 12, 0x82, 1];
    let left_over: &[u8] = &[0xc7, 4, 12, 0x81, 1, 0xc2, 0];
    for bytes in [&huge, no_map, text_key, cut, left_over] {
        assert!(matches!(
            refused(bytes, &Type::String).problem,
            Problem::Refinement
        ));
    }
}

#[test]
fn numbers_are_written_as_texts() {
    let cases: [(Value, &[u8]); 8] = [
        (number("1"), b"\xa11"),
        (number("-1"), b"\xa2-1"),
        (number("300"), b"\xa3300"),
        (number("1.5"), b"\xa31.5"),
        (number("0.1"), b"\xa30.1"),
        (number("18446744073709551616"), b"\xb418446744073709551616"),
        (
            Value::Number(Number::PositiveInfinity),
            &[0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
        ),
        (
            Value::Number(Number::NegativeInfinity),
            &[0xcb, 0xff, 0xf0, 0, 0, 0, 0, 0, 0],
        ),
    ];
    for (value, bytes) in cases {
        assert_eq!(encode(&value, &Type::Number).unwrap(), bytes, "{value:?}");
        assert_eq!(decoded(bytes, &Type::Number), value);
    }
}

#[test]
fn numbers_of_every_form_are_read() {
    let most = u64::MAX.to_string();
    let cases: [(&[u8], &str); 7] = [
        (&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255], &most),
        (&[0xca, 0x3f, 0xc0, 0, 0], "1.5"),
        (&[0xcb, 0x40, 0x08, 0, 0, 0, 0, 0, 0], "3"),
        (&[0xd3, 255, 255, 255, 255, 255, 255, 255, 254], "-2"),
        (&[0xd0, 0x80], "-128"),
        (b"\xa31e3", "1000"),
        (
            b"\xd9\x28123456789012345678901234567890.123456789",
            "123456789012345678901234567890.123456789",
        ),
    ];
    for (bytes, text) in cases {
        assert_eq!(decoded(bytes, &Type::Number), number(text), "{text}");
    }
    let not_a_number = [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0];
    assert!(matches!(
        refused(&not_a_number, &Type::Number).problem,
        Problem::Number
    ));
}

#[test]
fn texts_and_keys_are_brought_to_normal_form() {
    let ty = Type::Map(Box::new(Type::String));
    let decomposed = "e\u{301}".as_bytes();
    let bytes = [&[0x81, 0xa3], decomposed, &[0xa3], decomposed].concat();
    let value = decoded(&bytes, &ty);
    assert_eq!(value.field("\u{e9}"), &Value::String("\u{e9}".into()));
}

#[test]
fn dynamic_values_bring_their_type_as_bytes_or_text() {
    let as_bytes = b"\x92\xc4\x08\"string\"\xa1x";
    let as_text = b"\x92\xa8\"string\"\xa1x";
    let value = Value::Dynamic(Box::new((Type::String, "x".into())));
    assert_eq!(decoded(as_bytes, &Type::Dynamic), value);
    assert_eq!(decoded(as_text, &Type::Dynamic), value);
    assert_eq!(encode(&value, &Type::Dynamic).unwrap(), as_bytes);
    assert_eq!(decoded(&[0xc0], &Type::Dynamic), Value::Null);
    assert_eq!(decoded(&[0xd4, 0, 0], &Type::Dynamic), Value::Unknown);
}

#[test]
fn objects_have_every_attribute_and_no_other() {
    let ty = Type::object([("a", Type::Bool), ("b", Type::Bool)]);
    assert!(decode(b"\x82\xa1a\xc3\xa1b\xc2", &ty).is_ok());
    let problem = |bytes| refused(bytes, &ty).problem;
    assert!(matches!(problem(b"\x80"), Problem::Count { .. }));
    assert!(matches!(problem(b"\x81\xa1a\xc3"), Problem::Count { .. }));
    assert!(matches!(
        problem(b"\x82\xa1a\xc3\xa1c\xc2"),
        Problem::UnknownAttribute(_)
    ));
    assert!(matches!(
        problem(b"\x82\xa1a\xc3\xa1a\xc2"),
        Problem::Twice(_)
    ));
    let value = Value::object([("a", true.into())]);
    assert!(matches!(
        encode(&value, &ty).unwrap_err().problem,
        Problem::MissingAttribute(_)
    ));
}

#[test]
fn errors_say_where_but_not_what_and_stop_at_sets() {
    let inner = Type::object([("b", Type::list(Type::Map(Box::new(Type::Bool))))]);
    let ty = Type::object([("a", inner.clone())]);
    let error = refused(b"\x81\xa1a\x81\xa1b\x91\x81\xa1k\xa6secret", &ty);
    assert_eq!(error.path.to_string(), r#"a.b[0]["k"]"#);
    assert_eq!(error.to_string(), "expected bool, found a text");
    let ty = Type::object([("a", Type::set(inner))]);
    let error = refused(b"\x81\xa1a\x91\x81\xa1b\x91\x81\xa1k\xa1x", &ty);
    assert_eq!(error.path, Path::attribute("a"));
}

#[test]
fn a_length_that_the_bytes_cannot_hold_is_refused_before_anything_is_allocated() {
    let ty = Type::list(Type::Bool);
    for bytes in [&[0xdd, 255, 255, 255, 255][..], &[0xdc, 255, 255, 0xc3]] {
        assert!(matches!(refused(bytes, &ty).problem, Problem::Truncated));
    }
    let ty = Type::Map(Box::new(Type::Bool));
    let bytes = [0xdf, 255, 255, 255, 255, 0xc3];
    assert!(matches!(refused(&bytes, &ty).problem, Problem::Truncated));
    let bytes = [0xdb, 255, 255, 255, 255];
    assert!(matches!(
        refused(&bytes, &Type::String).problem,
        Problem::Truncated
    ));
}

#[test]
fn endless_nesting_is_refused() {
    let bytes = b"\x92\xa9\"dynamic\"".repeat(100_000);
    assert!(matches!(
        refused(&bytes, &Type::Dynamic).problem,
        Problem::TooDeep
    ));
}

#[test]
fn more_values_than_any_state_has_are_refused() {
    let mut bytes = vec![0xdd];
    bytes.extend(5_000_000_u32.to_be_bytes());
    bytes.resize(bytes.len() + 5_000_000, 0xc0);
    assert!(matches!(
        refused(&bytes, &Type::list(Type::Bool)).problem,
        Problem::TooLarge
    ));
}

#[test]
fn bytes_after_the_value_and_bytes_of_no_text_are_refused() {
    assert!(matches!(
        refused(&[0xc3, 0xc3], &Type::Bool).problem,
        Problem::Trailing(1)
    ));
    assert!(matches!(
        refused(&[0xa1, 0xff], &Type::String).problem,
        Problem::Utf8
    ));
    assert!(matches!(
        refused(&[], &Type::String).problem,
        Problem::Truncated
    ));
}
