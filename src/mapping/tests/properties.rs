use proptest::{collection, prelude::*};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind as WireKind, ReflectMessage as _};
use tfplugin::{Number, Presence, Value};

use super::{everything, workload_cluster};
use crate::{
    duration,
    mapping::{
        Mapping,
        fields::{FieldKind, Message},
        timestamp::Instant,
    },
};

/// Objects of a message: any attribute null or not, computed ones null, one member of a oneof at most.
fn objects(message: &Message) -> BoxedStrategy<Value> {
    let attributes: Vec<_> = message
        .fields
        .iter()
        .map(|field| {
            let value = match field.behaviour.presence {
                Presence::Computed => Just(Value::Null).boxed(),
                _ => prop_oneof![Just(Value::Null), values(&field.kind)].boxed(),
            };
            (Just(field.name.clone()), value)
        })
        .collect();
    let oneofs: Vec<Vec<String>> = message
        .oneofs()
        .map(|members| members.iter().map(|field| field.name.clone()).collect())
        .collect();
    attributes
        .prop_map(move |attributes| {
            let mut object = Value::object(attributes);
            for members in &oneofs {
                let mut taken = false;
                for name in members {
                    if taken {
                        object.set_field(name, Value::Null);
                    }
                    taken |= object.field(name).is_set();
                }
            }
            object
        })
        .boxed()
}

/// Values that are there, in forms that a person might write.
fn values(kind: &FieldKind) -> BoxedStrategy<Value> {
    match kind {
        FieldKind::Scalar(kind) => scalars(kind),
        FieldKind::Timestamp(_) => (
            -62_135_596_800_i64..253_402_214_400,
            0_i32..1_000_000_000,
            any::<bool>(),
        )
            .prop_map(|(seconds, nanos, zoned)| {
                let text = Instant { seconds, nanos }.format().unwrap();
                let zoned = text.strip_suffix('Z').filter(|_| zoned);
                Value::string(zoned.map_or_else(|| text.clone(), |text| format!("{text}-02:30")))
            })
            .boxed(),
        FieldKind::Duration(_) | FieldKind::Nanoseconds => prop_oneof![
            any::<i64>().prop_map(|nanoseconds| duration::format(nanoseconds.into())),
            "[1-9][0-9]{0,2}(ms|s|m|h|d|mo)",
            Just("never".to_owned()),
        ]
        .prop_map(Value::from)
        .boxed(),
        FieldKind::List(element) => collection::vec(values(element), 0..3)
            .prop_map(Value::List)
            .boxed(),
        FieldKind::Entries(entries) => {
            collection::btree_map("[a-z]{0,3}", values(&entries.kind), 0..3)
                .prop_map(Value::Map)
                .boxed()
        }
        FieldKind::Map(keys, element) => {
            let keys = match keys {
                WireKind::String => "[a-z]{0,3}".boxed(),
                _ => any::<i32>().prop_map(|key| key.to_string()).boxed(),
            };
            collection::btree_map(keys, values(element), 0..3)
                .prop_map(Value::Map)
                .boxed()
        }
        FieldKind::Wrapper(_, inner) => values(inner),
        FieldKind::Message(message) => objects(message),
    }
}

fn scalars(kind: &WireKind) -> BoxedStrategy<Value> {
    let number = |value: f64| Value::Number(Number::from_f64(value).unwrap());
    match kind {
        WireKind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        WireKind::String => "[a-zé\u{301}*{}]{0,6}".prop_map(Value::from).boxed(),
        WireKind::Bytes => prop_oneof![Just("".into()), Just("AAECAw==".into())].boxed(),
        WireKind::Float => any::<f32>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(move |value| number(value.into()))
            .boxed(),
        WireKind::Double => any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(number)
            .boxed(),
        WireKind::Uint32 | WireKind::Fixed32 => any::<u32>()
            .prop_map(|value| i64::from(value).into())
            .boxed(),
        WireKind::Uint64 | WireKind::Fixed64 => any::<u64>()
            .prop_map(|value| Value::Number(value.into()))
            .boxed(),
        WireKind::Int64 | WireKind::Sint64 | WireKind::Sfixed64 => {
            any::<i64>().prop_map(Value::from).boxed()
        }
        _ => any::<i32>()
            .prop_map(|value| i64::from(value).into())
            .boxed(),
    }
}

/// Values of any sort, right or wrong.
fn anything() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(Value::Unknown),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[0-9hmd:TZ.-]{0,12}".prop_map(Value::from),
        Just(Value::Number(Number::NegativeInfinity)),
    ];
    let names = prop_oneof![
        Just("name".to_owned()),
        Just("deep".to_owned()),
        Just("text".to_owned()),
        "[-0-9a-z]{0,2}",
    ];
    leaf.prop_recursive(3, 16, 3, move |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            collection::btree_map(names.clone(), inner.clone(), 0..3).prop_map(Value::Map),
            collection::btree_map(names.clone(), inner, 0..3).prop_map(Value::Object),
        ]
    })
    .boxed()
}

fn over_the_wire(message: &DynamicMessage) -> DynamicMessage {
    let bytes = message.encode_to_vec();
    DynamicMessage::decode(message.descriptor(), bytes.as_slice()).unwrap()
}

fn check_round_trip(mapping: &Mapping, object: &Value) -> Result<(), TestCaseError> {
    let message = mapping.to_message(object).unwrap();
    let answer = mapping.to_value(&over_the_wire(&message));
    prop_assert_eq!(&mapping.reconcile(answer.clone(), object), object);
    prop_assert!(mapping.same(&answer, object));
    prop_assert!(mapping.same(object, &answer));
    // What the server says is in one form, whatever it is compared with.
    prop_assert_eq!(&mapping.reconcile(answer.clone(), &Value::Null), &answer);
    let ty = tfplugin::Type::object(
        mapping
            .schema_attributes()
            .iter()
            .map(|(name, attribute)| (name.as_str(), attribute.ty())),
    );
    prop_assert!(ty.admits(&answer));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn workload_clusters_come_back_as_they_were(
        object in objects(&workload_cluster::mapping().message),
    ) {
        // A plan has the defaults in it.
        let mut object = object;
        if object.field("version").is_null() {
            object.set_field("version", "v1".into());
        }
        check_round_trip(&workload_cluster::mapping(), &object)?;
    }

    #[test]
    fn objects_with_every_kind_of_field_come_back_as_they_were(
        object in objects(&everything().message),
    ) {
        check_round_trip(&everything(), &object)?;
    }

    #[test]
    fn a_merge_leaves_nothing_of_the_old_object_and_all_that_is_unknown(
        old in objects(&everything().message),
        new in objects(&everything().message),
    ) {
        let mapping = everything();
        let mut bytes = mapping.to_message(&old).unwrap().encode_to_vec();
        // Field 1000, a varint.
        bytes.extend([0xc0, 0x3e, 0x2a]);
        let mut message = DynamicMessage::decode(mapping.descriptor().clone(), bytes.as_slice()).unwrap();
        mapping.merge_into(&new, &mut message).unwrap();
        let message = over_the_wire(&message);
        prop_assert_eq!(&mapping.reconcile(mapping.to_value(&message), &new), &new);
        prop_assert_eq!(message.unknown_fields().count(), 1);
    }

    #[test]
    fn differences_are_seen_and_seen_from_both_sides(
        one in objects(&everything().message),
        other in objects(&everything().message),
    ) {
        let mapping = everything();
        let wire = |object| mapping.to_value(&mapping.to_message(object).unwrap());
        prop_assert_eq!(mapping.same(&one, &other), wire(&one) == wire(&other));
        prop_assert_eq!(mapping.same(&one, &other), mapping.same(&other, &one));
        let kept = mapping.reconcile(wire(&one), &other);
        prop_assert!(mapping.same(&kept, &one));
    }

    #[test]
    fn no_value_makes_a_panic(
        values in collection::vec(anything(), 38),
        reference in collection::vec(anything(), 38),
    ) {
        let mapping = everything();
        let attributes = mapping.schema_attributes();
        let object = |values: Vec<Value>| Value::object(attributes.keys().cloned().zip(values));
        let (one, other) = (object(values), object(reference));
        let _ = mapping.to_message(&one);
        let _ = mapping.same(&one, &other);
        let _ = mapping.reconcile(one, &other);
    }

    #[test]
    fn no_bytes_make_a_panic(bytes in collection::vec(any::<u8>(), 0..64)) {
        let mapping = everything();
        if let Ok(message) = DynamicMessage::decode(mapping.descriptor().clone(), bytes.as_slice()) {
            let value = mapping.to_value(&message);
            let _ = mapping.reconcile(value, &Value::Null);
        }
    }
}
