use tfplugin::{Diagnostics, Path, Presence, RequiresReplace, Validator, Value};

use super::{message, nested};
use crate::mapping::{InvalidMapping, Mapping, Rules};

fn refused(name: &str, rules: Rules) -> InvalidMapping {
    Mapping::new(message(name), rules).unwrap_err()
}

#[test]
fn a_rule_for_no_field_is_refused() {
    for path in ["nme", "inners.nme", "*.*.*.*.*.*", ""] {
        let rules = Rules::new().required(path).duration("i64");
        assert_eq!(
            refused("Everything", rules),
            InvalidMapping::NoSuchField {
                path: path.to_owned(),
                message: "test.Everything".to_owned()
            },
        );
    }
    let rules = Rules::new().omit("inner").required("inner.name");
    assert!(Mapping::new(message("Everything"), rules).is_ok());
}

#[test]
fn a_message_within_itself_must_be_omitted() {
    let error = refused("Tree", Rules::new());
    assert_eq!(
        error.to_string(),
        "left is a test.Tree within a test.Tree, and must be omitted"
    );
    assert!(Mapping::new(message("Tree"), Rules::new().omit("left")).is_ok());
}

#[test]
fn a_message_without_attributes_must_be_omitted() {
    let error = refused("Hollow", Rules::new());
    assert_eq!(
        error.to_string(),
        "nothing is a test.Nothing without attributes, and must be omitted"
    );
    assert!(Mapping::new(message("Hollow"), Rules::new().omit("nothing")).is_ok());
}

#[test]
fn two_attributes_of_one_name_are_refused() {
    let rules = Rules::new().rename("text", "flag");
    assert_eq!(
        refused("Everything", rules).to_string(),
        "two attributes of test.Everything have the name flag"
    );
}

#[test]
fn only_64_bit_integers_are_durations() {
    for path in ["i32", "text", "inner", "u64"] {
        assert_eq!(
            refused("Everything", Rules::new().duration(path)),
            InvalidMapping::NoNanoseconds {
                path: path.to_owned()
            }
        );
    }
}

#[test]
fn rules_say_how_attributes_behave() {
    let rules = Rules::new()
        .required("text")
        .optional_computed("flag")
        .use_state_for_unknown("flag")
        .computed("inner")
        .optional("inner.size")
        .default_to("i64", 5_i64)
        .rename("i32", "small")
        .describe("i32", "A small number.")
        .sensitive("blob")
        .write_only("optional_text")
        .requires_replace("labels")
        .validate(
            "text",
            Validator::new(|path: &Path, _: &Value, diagnostics: &mut Diagnostics| {
                diagnostics.attribute_error(path.clone(), "No", "no");
            }),
        );
    let attributes = Mapping::new(message("Everything"), rules)
        .unwrap()
        .schema_attributes();
    assert_eq!(attributes["text"].presence, Presence::Required);
    assert_eq!(attributes["flag"].presence, Presence::OptionalComputed);
    assert!(attributes["flag"].use_state_for_unknown);
    assert_eq!(attributes["inner"].presence, Presence::Computed);
    let inner = nested(&attributes["inner"]);
    assert_eq!(inner["name"].presence, Presence::Computed);
    assert_eq!(nested(&inner["deep"])["text"].presence, Presence::Computed);
    assert_eq!(inner["size"].presence, Presence::Optional);
    assert_eq!(attributes["i64"].default, Some(5_i64.into()));
    assert_eq!(attributes["i64"].presence, Presence::OptionalComputed);
    assert!(!attributes.contains_key("i32"));
    assert_eq!(attributes["small"].description, "A small number.");
    assert!(attributes["blob"].sensitive);
    assert!(attributes["optional_text"].write_only);
    assert_eq!(
        attributes["labels"].requires_replace,
        RequiresReplace::Always
    );
    let mut diagnostics = Diagnostics::new();
    for validator in &attributes["text"].validators {
        validator.check(&Path::attribute("text"), &"x".into(), &mut diagnostics);
    }
    assert!(diagnostics.has_errors());
}

#[test]
fn a_star_fits_any_one_step_and_the_later_rule_holds() {
    let rules = Rules::new()
        .optional_computed("*.deep.text")
        .required("inner.deep.text");
    let attributes = Mapping::new(message("Everything"), rules)
        .unwrap()
        .schema_attributes();
    let presence = |name: &str| {
        let deep = &nested(&attributes[name])["deep"];
        nested(deep)["text"].presence
    };
    assert_eq!(presence("inner"), Presence::Required);
    assert_eq!(presence("inners"), Presence::OptionalComputed);
    assert_eq!(presence("inner_by_name"), Presence::OptionalComputed);
}
