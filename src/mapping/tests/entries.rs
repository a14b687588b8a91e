use tfplugin::Value;

use crate::mapping::{Mapping, Rules};

fn mapping() -> Mapping {
    let descriptor = teleport_proto::descriptors()
        .get_message_by_name("teleport.machineid.v1.BotSpec")
        .unwrap();
    Mapping::new(descriptor, Rules::new().entries("traits", "name", "values")).unwrap()
}

fn object(traits: &[(&str, &[&str])]) -> Value {
    let traits = traits.iter().map(|(name, values)| {
        let values = values.iter().map(|value| Value::from(*value)).collect();
        ((*name).to_owned(), Value::List(values))
    });
    let traits = Value::Map(traits.collect());
    Value::object([
        ("max_session_ttl", Value::Null),
        ("roles", Value::Null),
        ("traits", traits),
    ])
}

#[test]
fn a_list_of_entries_is_a_map_and_back() {
    let mapping = mapping();
    let traits = object(&[("kubernetes_groups", &["g"]), ("logins", &["b", "a"])]);
    let message = mapping.to_message(&traits).unwrap();
    assert_eq!(mapping.to_value(&message), traits);
    let ty = mapping.schema_attributes()["traits"].ty().to_string();
    assert_eq!(ty, "map(list(string))");
}

#[test]
fn an_entry_without_values_is_not_sent_and_is_kept_as_it_was_written() {
    let mapping = mapping();
    let written = object(&[("empty", &[]), ("logins", &["a"])]);
    let answer = mapping.to_value(&mapping.to_message(&written).unwrap());
    assert_eq!(answer, object(&[("logins", &["a"])]));
    assert_eq!(mapping.reconcile(answer, &written), written);
    let other = object(&[("logins", &["b"])]);
    assert_eq!(
        mapping.reconcile(other.clone(), &object(&[("logins", &["a"])])),
        other
    );
    let nothing = object(&[("empty", &[])]);
    let answer = mapping.to_value(&mapping.to_message(&nothing).unwrap());
    assert!(answer.field("traits").is_null());
    assert_eq!(mapping.reconcile(answer, &nothing), nothing);
}

#[test]
fn entries_are_for_lists_of_messages_with_these_fields() {
    let descriptor = teleport_proto::descriptors()
        .get_message_by_name("teleport.machineid.v1.BotSpec")
        .unwrap();
    for rules in [
        Rules::new().entries("traits", "key", "values"),
        Rules::new().entries("roles", "name", "values"),
    ] {
        assert!(Mapping::new(descriptor.clone(), rules).is_err());
    }
}
