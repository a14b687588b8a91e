//! What core proposes to a provider (`objchange.ProposedNew`): the configuration, with what the provider computed before
//! where the configuration says nothing.

use std::collections::BTreeMap;

use tfplugin::{Attribute, AttributeShape, Block, BlockNesting, Nesting, Presence, Schema, Value};

pub(crate) fn proposed_new(schema: &Schema, prior: &Value, config: &Value) -> Value {
    if config.is_null() {
        return Value::Null;
    }
    block(&schema.block, prior, config)
}

/// How objects within a block or nested attribute are made.
enum Objects<'s> {
    Block(&'s Block),
    Attributes(&'s BTreeMap<String, Attribute>),
}

impl Objects<'_> {
    fn propose(&self, prior: &Value, config: &Value) -> Value {
        match self {
            Objects::Block(_) if config.is_null() || config.is_unknown() => prior.clone(),
            Objects::Block(schema) => block(schema, prior, config),
            Objects::Attributes(_) if config.is_null() => Value::Null,
            Objects::Attributes(attributes) => {
                Value::Object(self::attributes(attributes, prior, config))
            }
        }
    }

    fn attributes(&self) -> &BTreeMap<String, Attribute> {
        match self {
            Objects::Block(block) => &block.attributes,
            Objects::Attributes(attributes) => attributes,
        }
    }

    fn blocks(&self) -> Option<&BTreeMap<String, tfplugin::NestedBlock>> {
        match self {
            Objects::Block(block) => Some(&block.blocks),
            Objects::Attributes(_) => None,
        }
    }
}

fn block(schema: &Block, prior: &Value, config: &Value) -> Value {
    let mut fields = attributes(&schema.attributes, prior, config);
    for (name, nested) in &schema.blocks {
        let (prior, config) = (prior.field(name), config.field(name));
        let objects = Objects::Block(&nested.block);
        let value = match nested.nesting {
            _ if config.is_unknown() => Value::Unknown,
            BlockNesting::Single if config.is_null() => Value::Null,
            BlockNesting::Single | BlockNesting::Group => objects.propose(prior, config),
            BlockNesting::List => gather(Nesting::List, &objects, prior, config),
            BlockNesting::Set => gather(Nesting::Set, &objects, prior, config),
            BlockNesting::Map => gather(Nesting::Map, &objects, prior, config),
        };
        fields.insert(name.clone(), value);
    }
    Value::Object(fields)
}

fn attributes(
    schema: &BTreeMap<String, Attribute>,
    prior: &Value,
    config: &Value,
) -> BTreeMap<String, Value> {
    let propose = |(name, attribute): (&String, &Attribute)| {
        let (prior, config) = (prior.field(name), config.field(name));
        let value = if attribute.is_computed() && config.is_null() {
            if was_configured(attribute, prior) {
                Value::Null
            } else {
                prior.clone()
            }
        } else {
            match &attribute.shape {
                AttributeShape::Nested(nesting, inner) if !config.is_unknown() => {
                    gather(*nesting, &Objects::Attributes(inner), prior, config)
                }
                _ => config.clone(),
            }
        };
        (name.clone(), value)
    };
    schema.iter().map(propose).collect()
}

fn gather(nesting: Nesting, objects: &Objects<'_>, prior: &Value, config: &Value) -> Value {
    match (nesting, config) {
        (Nesting::Single, config) if !config.is_null() => objects.propose(prior, config),
        (Nesting::List, Value::List(elements)) => {
            let before = prior.as_elements().unwrap_or_default();
            let elements = elements.iter().enumerate();
            let elements = elements.map(|(index, config)| match before.get(index) {
                Some(prior) => objects.propose(prior, config),
                None => config.clone(),
            });
            Value::List(elements.collect())
        }
        (Nesting::Map, Value::Map(entries)) => {
            let entries = entries.iter();
            Value::Map(
                entries
                    .map(|(key, config)| (key.clone(), objects.propose(prior.field(key), config)))
                    .collect(),
            )
        }
        (Nesting::Set, Value::Set(elements)) => {
            let mut before = prior.as_elements().unwrap_or_default().to_vec();
            let elements = elements.iter().map(|config| {
                let same = before
                    .iter()
                    .position(|prior| could_come_from(objects, prior, config));
                let prior = same.map(|index| before.remove(index)).unwrap_or_default();
                objects.propose(&prior, config)
            });
            Value::set(elements.collect())
        }
        _ => config.clone(),
    }
}

/// Whether a null that may be computed takes the place of a value that must have been configured.
fn was_configured(attribute: &Attribute, prior: &Value) -> bool {
    let AttributeShape::Nested(_, inner) = &attribute.shape else {
        return false;
    };
    attribute.presence == Presence::OptionalComputed && holds_configured(inner, prior)
}

fn holds_configured(attributes: &BTreeMap<String, Attribute>, value: &Value) -> bool {
    match value {
        Value::List(elements) | Value::Set(elements) => elements
            .iter()
            .any(|element| holds_configured(attributes, element)),
        Value::Map(entries) => entries
            .values()
            .any(|element| holds_configured(attributes, element)),
        Value::Object(fields) => attributes.iter().any(|(name, attribute)| {
            let Some(value) = fields.get(name).filter(|value| !value.is_null()) else {
                return false;
            };
            !attribute.is_computed()
                || matches!(&attribute.shape, AttributeShape::Nested(_, inner) if holds_configured(inner, value))
        }),
        _ => false,
    }
}

/// Whether the element of a set may be what became of a configured one: only what is computed was added.
fn could_come_from(objects: &Objects<'_>, prior: &Value, config: &Value) -> bool {
    prior == config
        || objects
            .attributes()
            .iter()
            .all(|(name, attribute)| came_from(attribute, prior.field(name), config.field(name)))
            && objects.blocks().is_none_or(|blocks| {
                blocks.iter().all(|(name, nested)| {
                    let (prior, config) = (prior.field(name), config.field(name));
                    let objects = Objects::Block(&nested.block);
                    prior == config
                        || paired(prior, config, &|prior, config| {
                            could_come_from(&objects, prior, config)
                        })
                })
            })
}

fn came_from(attribute: &Attribute, prior: &Value, config: &Value) -> bool {
    if prior == config {
        return true;
    }
    match &attribute.shape {
        AttributeShape::Nested(_, inner) => {
            let objects = Objects::Attributes(inner);
            paired(prior, config, &|prior, config| {
                could_come_from(&objects, prior, config)
            })
        }
        AttributeShape::Type(_) => attribute.is_computed() && config.is_null(),
    }
}

/// Whether each part of the prior value has its part in the configuration, for which the rule holds. Sets have no parts.
fn paired(prior: &Value, config: &Value, rule: &dyn Fn(&Value, &Value) -> bool) -> bool {
    match (prior, config) {
        (Value::Object(_), Value::Object(_)) => rule(prior, config),
        (Value::List(before), Value::List(now)) => {
            before.len() <= now.len()
                && before
                    .iter()
                    .zip(now)
                    .all(|(prior, config)| rule(prior, config))
        }
        (Value::Map(before), Value::Map(now)) => before
            .iter()
            .all(|(key, prior)| now.get(key).is_some_and(|config| rule(prior, config))),
        // Nothing was there, so nothing contradicts.
        (Value::Null, _) => !matches!(config, Value::Set(_)),
        _ => false,
    }
}
