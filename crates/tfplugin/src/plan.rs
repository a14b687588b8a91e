//! Makes a planned object from the object that core proposes, by the rules of the schema.
//!
//! The order is that of terraform-plugin-framework (`internal/fwserver/server_planresourcechange.go`): defaults;
//! write-only values become null; if anything changes, computed values become unknown, except those with
//! `use_state_for_unknown`.

use super::{Attribute, AttributeShape, Nesting, Schema, Value, objects::Objects};

/// Plans a create (`prior` null) or an update. Not for destroys.
pub(super) fn plan(schema: &Schema, config: &Value, prior: &Value, proposed: &Value) -> Value {
    let objects = Objects::of_block(&schema.block);
    let mut planned = proposed.clone();
    visit_object(objects, config, &mut planned, &fill_default);
    if planned == *prior {
        return planned;
    }
    // This starts from the proposal again: once defaults are in them, elements of sets are harder to match.
    let mut planned = proposed.clone();
    visit_object(
        objects,
        config,
        &mut planned,
        &|attribute, config, planned| {
            fill_default(attribute, config, planned);
            mark_computed(attribute, config, planned);
        },
    );
    planned
}

/// Calls a rule on each attribute of an object and all that is nested in it, with what the configuration says (null for
/// nothing) and the value to change.
fn visit_object(objects: Objects<'_>, config: &Value, planned: &mut Value, rule: &Rule) {
    let Value::Object(fields) = planned else {
        return;
    };
    for (name, attribute) in objects.attributes {
        let Some(planned) = fields.get_mut(name) else {
            continue;
        };
        let config = config.field(name);
        rule(attribute, config, planned);
        // Where the configuration sets nothing, the whole value is computed or null.
        if let AttributeShape::Nested(nesting, inner) = &attribute.shape
            && config.is_set()
        {
            visit_objects(
                *nesting,
                Objects::of_attributes(inner),
                config,
                planned,
                rule,
            );
        }
    }
    for (name, nested) in objects.blocks {
        if let Some(planned) = fields.get_mut(name) {
            let (nesting, inner) = (nested.nesting.into(), Objects::of_block(&nested.block));
            visit_objects(nesting, inner, config.field(name), planned, rule);
        }
    }
}

fn visit_objects(
    nesting: Nesting,
    objects: Objects<'_>,
    config: &Value,
    planned: &mut Value,
    rule: &Rule,
) {
    match (nesting, planned) {
        (Nesting::Single, planned) => visit_object(objects, config, planned, rule),
        (Nesting::List, Value::List(elements)) => {
            let configured = config.as_elements().unwrap_or_default();
            for (config, element) in configured.iter().zip(elements) {
                visit_object(objects, config, element, rule);
            }
        }
        (Nesting::Map, Value::Map(elements)) => {
            for (key, element) in elements {
                visit_object(objects, config.field(key), element, rule);
            }
        }
        (Nesting::Set, planned @ Value::Set(_)) => {
            let Value::Set(configured) = config else {
                return;
            };
            let proposed = planned.as_elements().unwrap_or_default();
            let pairs = configured.iter().zip(objects.pair(configured, proposed));
            let rebuilt = pairs.map(|(config, proposed)| {
                // Core's set may have lost an element that equals another one as proposed.
                let mut element = proposed.unwrap_or(config).clone();
                visit_object(objects, config, &mut element, rule);
                element
            });
            *planned = Value::set(rebuilt.collect());
        }
        _ => {}
    }
}

fn fill_default(attribute: &Attribute, config: &Value, planned: &mut Value) {
    if attribute.write_only {
        *planned = Value::Null;
    } else if config.is_null()
        && let Some(default) = &attribute.default
    {
        planned.clone_from(default);
    }
}

/// Core proposes for what is computed and not configured the value that was there before, or null.
fn mark_computed(attribute: &Attribute, config: &Value, planned: &mut Value) {
    let stays = attribute.use_state_for_unknown && planned.is_set();
    let computes = attribute.is_computed() && attribute.default.is_none();
    if config.is_null() && computes && !stays && !attribute.write_only {
        *planned = Value::Unknown;
    }
}

type Rule = dyn Fn(&Attribute, &Value, &mut Value);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Path, Type, replace::requires_replace};

    fn schema() -> Schema {
        Schema::new(
            Block::new("")
                .attribute("name", Attribute::string().required().requires_replace())
                .attribute("size", Attribute::number().default_to(1_i64))
                .attribute("secret", Attribute::string().write_only())
                .attribute("id", Attribute::string().computed().use_state_for_unknown())
                .attribute("revision", Attribute::string().computed())
                .attribute(
                    "spec",
                    Attribute::nested(
                        Nesting::List,
                        [
                            ("region", Attribute::string().requires_replace()),
                            ("zone", Attribute::string().computed()),
                        ],
                    ),
                )
                .attribute(
                    "labels",
                    Attribute::new(Type::map(Type::String)).requires_replace(),
                ),
        )
    }

    fn object(name: &str, region: &str, computed: Value) -> Value {
        Value::object([
            ("name", name.into()),
            ("size", Value::Null),
            ("secret", "s".into()),
            ("id", computed.clone()),
            ("revision", computed.clone()),
            (
                "spec",
                Value::List(vec![Value::object([
                    ("region", region.into()),
                    ("zone", computed),
                ])]),
            ),
            ("labels", Value::Null),
        ])
    }

    fn stored() -> Value {
        let mut prior = object("a", "x", "old".into());
        prior.set_field("size", 1_i64.into());
        prior.set_field("secret", Value::Null);
        prior
    }

    #[test]
    fn a_create_knows_the_configuration_and_the_defaults_and_nothing_else() {
        let config = object("a", "x", Value::Null);
        let planned = plan(&schema(), &config, &Value::Null, &config);
        assert_eq!(planned.field("name"), &"a".into());
        assert_eq!(planned.field("size"), &1_i64.into());
        assert_eq!(planned.field("secret"), &Value::Null);
        assert_eq!(planned.field("id"), &Value::Unknown);
        let zone = Path::attribute("spec").with_index(0).with_attribute("zone");
        assert_eq!(zone.find(&planned), Some(&Value::Unknown));
    }

    #[test]
    fn nothing_changed_plans_nothing() {
        let config = object("a", "x", Value::Null);
        assert_eq!(
            plan(
                &schema(),
                &config,
                &stored(),
                &object("a", "x", "old".into())
            ),
            stored()
        );
    }

    #[test]
    fn a_change_makes_results_unknown_but_for_those_that_stay() {
        let config = object("a", "y", Value::Null);
        let planned = plan(
            &schema(),
            &config,
            &stored(),
            &object("a", "y", "old".into()),
        );
        assert_eq!(planned.field("id"), &"old".into());
        assert_eq!(planned.field("revision"), &Value::Unknown);
        assert_eq!(
            requires_replace(&schema(), &config, &stored(), &planned),
            [Path::attribute("spec")
                .with_index(0)
                .with_attribute("region")]
        );
    }

    #[test]
    fn a_list_of_another_length_is_itself_the_reason() {
        let mut config = object("a", "x", Value::Null);
        config.set_field("spec", Value::List(Vec::new()));
        config.set_field("labels", Value::Unknown);
        let planned = plan(&schema(), &config, &stored(), &config);
        // The list as a whole does not need a new object, only its regions do.
        assert_eq!(
            requires_replace(&schema(), &config, &stored(), &planned),
            [Path::attribute("labels")]
        );
    }
}
