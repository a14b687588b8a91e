//! The rules that turn a proposed object into a planned one, from the schema alone.
//!
//! The order is that of terraform-plugin-framework (`internal/fwserver/server_planresourcechange.go`): defaults;
//! write-only values become null; if anything changes, what the provider computes becomes unknown, but for what is
//! expected to stay; at last the attributes whose change needs a new object.

use std::collections::BTreeMap;

use super::{Attribute, Block, BlockNesting, Nesting, Schema, Shape, Value};

/// Plans a create (`prior` null) or an update. Not for destroys.
pub(super) fn plan(schema: &Schema, config: &Value, prior: &Value, proposed: &Value) -> Value {
    let mut planned = proposed.clone();
    visit_block(&schema.block, config, &mut planned, prior, &fill_default);
    if planned != *prior {
        visit_block(&schema.block, config, &mut planned, prior, &mark_computed);
    }
    planned
}

/// Calls a rule on each attribute of a block and all that is nested in it, with what the configuration says (null for
/// nothing), the value to change and the prior value (null for none).
fn visit_block(block: &Block, config: &Value, planned: &mut Value, prior: &Value, rule: &Rule) {
    visit_attributes(&block.attributes, config, planned, prior, rule);
    let Some(fields) = planned.as_fields_mut() else {
        return;
    };
    for (name, nested) in &block.blocks {
        let Some(planned) = fields.get_mut(name) else {
            continue;
        };
        let each = |config: &Value, planned: &mut Value, prior: &Value| {
            visit_block(&nested.block, config, planned, prior, rule);
        };
        let nesting = match nested.nesting {
            BlockNesting::Single | BlockNesting::Group => Nesting::Single,
            BlockNesting::List => Nesting::List,
            BlockNesting::Set => Nesting::Set,
            BlockNesting::Map => Nesting::Map,
        };
        visit_objects(
            nesting,
            config.field(name),
            planned,
            prior.field(name),
            &each,
        );
    }
}

fn visit_attributes(
    attributes: &BTreeMap<String, Attribute>,
    config: &Value,
    planned: &mut Value,
    prior: &Value,
    rule: &Rule,
) {
    let Value::Object(fields) = planned else {
        return;
    };
    for (name, attribute) in attributes {
        let Some(planned) = fields.get_mut(name) else {
            continue;
        };
        let (config, prior) = (config.field(name), prior.field(name));
        rule(attribute, config, planned, prior);
        if let Shape::Nested(nesting, inner) = &attribute.shape {
            // Where the configuration says nothing, the value as a whole is the provider's or null.
            if config.is_set() {
                let each = |config: &Value, planned: &mut Value, prior: &Value| {
                    visit_attributes(inner, config, planned, prior, rule);
                };
                visit_objects(*nesting, config, planned, prior, &each);
            }
        }
    }
}

fn visit_objects(
    nesting: Nesting,
    config: &Value,
    planned: &mut Value,
    prior: &Value,
    each: &Each,
) {
    match (nesting, planned) {
        (Nesting::Single, planned) if planned.is_set() => each(config, planned, prior),
        (Nesting::List, Value::List(elements)) => {
            for (index, element) in elements.iter_mut().enumerate() {
                let at = |value: &Value| {
                    value
                        .as_elements()
                        .and_then(|e| e.get(index))
                        .cloned()
                        .unwrap_or_default()
                };
                each(&at(config), element, &at(prior));
            }
        }
        (Nesting::Map, Value::Map(elements)) => {
            for (key, element) in elements {
                each(config.field(key), element, prior.field(key));
            }
        }
        // Elements of sets have no names: which one was which is told by the configured values.
        (Nesting::Set, planned @ Value::Set(_)) => {
            let Value::Set(configured) = config else {
                return;
            };
            let rebuilt = configured.iter().map(|config| {
                let mut element = same_element(planned, config).unwrap_or(config).clone();
                each(
                    config,
                    &mut element,
                    same_element(prior, config).unwrap_or(&NULL),
                );
                element
            });
            *planned = Value::set(rebuilt.collect());
        }
        _ => {}
    }
}

/// The element of a set that has all that the configuration sets.
fn same_element<'v>(set: &'v Value, config: &Value) -> Option<&'v Value> {
    let configured = config.as_fields()?;
    let same = |element: &&Value| {
        configured
            .iter()
            .filter(|(_, value)| !value.is_null())
            .all(|(name, value)| element.field(name) == value)
    };
    set.as_elements()?.iter().find(same)
}

fn fill_default(attribute: &Attribute, config: &Value, planned: &mut Value, _prior: &Value) {
    if attribute.write_only {
        *planned = Value::Null;
    } else if config.is_null()
        && let Some(default) = &attribute.default
    {
        planned.clone_from(default);
    }
}

fn mark_computed(attribute: &Attribute, config: &Value, planned: &mut Value, prior: &Value) {
    if attribute.write_only {
        *planned = Value::Null;
    } else if config.is_null() && attribute.is_computed() && attribute.default.is_none() {
        *planned = if attribute.use_state_for_unknown && prior.is_set() {
            prior.clone()
        } else {
            Value::Unknown
        };
    }
}

type Rule = dyn Fn(&Attribute, &Value, &mut Value, &Value);

type Each<'a> = dyn Fn(&Value, &mut Value, &Value) + 'a;

static NULL: Value = Value::Null;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::{Path, Type, replace::requires_replace};

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
