//! The contents of blocks and of nested attributes, which follow the same rules, and how elements of sets are matched.
//!
//! Elements of sets have neither index nor key. A planned or stored element belongs to a configured one when it differs
//! in computed values only.

use std::collections::BTreeMap;

use super::{Attribute, AttributeShape, Block, NestedBlock, Nesting, Value};

/// What an object holds.
#[derive(Clone, Copy)]
pub(super) struct Objects<'s> {
    pub(super) attributes: &'s BTreeMap<String, Attribute>,
    /// None in nested attributes.
    pub(super) blocks: &'s BTreeMap<String, NestedBlock>,
}

impl<'s> Objects<'s> {
    /// What a block holds.
    pub(super) fn of_block(block: &'s Block) -> Self {
        Self {
            attributes: &block.attributes,
            blocks: &block.blocks,
        }
    }

    /// What an object of a nested attribute holds.
    pub(super) fn of_attributes(attributes: &'s BTreeMap<String, Attribute>) -> Self {
        static NONE: BTreeMap<String, NestedBlock> = BTreeMap::new();
        Self {
            attributes,
            blocks: &NONE,
        }
    }

    /// The element that belongs to each configured one. No element belongs to two.
    pub(super) fn pair<'v>(self, config: &[Value], made: &'v [Value]) -> Vec<Option<&'v Value>> {
        let mut takers = vec![None; made.len()];
        for taker in 0..config.len() {
            let mut tried = vec![false; made.len()];
            self.take(taker, config, made, &mut takers, &mut tried);
        }
        let made_of = |taker| takers.iter().position(|taken| *taken == Some(taker));
        (0..config.len())
            .map(|taker| made_of(taker).map(|index| &made[index]))
            .collect()
    }

    /// Whether the object may belong to the configured one.
    pub(super) fn came_from(self, config: &Value, made: &Value) -> bool {
        let attributes = self.attributes.iter().all(|(name, attribute)| {
            attribute_came_from(attribute, config.field(name), made.field(name))
        });
        attributes
            && self.blocks.iter().all(|(name, nested)| {
                let objects = Self::of_block(&nested.block);
                let (config, made) = (config.field(name), made.field(name));
                config == made || objects.all_came_from(nested.nesting.into(), config, made)
            })
    }

    fn all_came_from(self, nesting: Nesting, config: &Value, made: &Value) -> bool {
        match (nesting, config, made) {
            (Nesting::Single, Value::Object(_), Value::Object(_)) => self.came_from(config, made),
            (Nesting::List, Value::List(config), Value::List(made)) => {
                config.len() == made.len()
                    && config
                        .iter()
                        .zip(made)
                        .all(|(config, made)| self.came_from(config, made))
            }
            (Nesting::Map, Value::Map(config), Value::Map(made)) => {
                config.len() == made.len()
                    && config.iter().all(|(key, config)| {
                        made.get(key)
                            .is_some_and(|made| self.came_from(config, made))
                    })
            }
            (Nesting::Set, Value::Set(config), Value::Set(made)) => {
                config.len() == made.len() && self.pair(config, made).iter().all(Option::is_some)
            }
            _ => false,
        }
    }

    /// Finds an element for a configured one. Where another one has it already, that one gets a different element if
    /// there is one: a maximum bipartite matching by augmenting paths.
    fn take(
        self,
        taker: usize,
        config: &[Value],
        made: &[Value],
        takers: &mut [Option<usize>],
        tried: &mut [bool],
    ) -> bool {
        for index in 0..made.len() {
            if tried[index] || !self.came_from(&config[taker], &made[index]) {
                continue;
            }
            tried[index] = true;
            let free = match takers[index] {
                None => true,
                Some(other) => self.take(other, config, made, takers, tried),
            };
            if free {
                takers[index] = Some(taker);
                return true;
            }
        }
        false
    }
}

fn attribute_came_from(attribute: &Attribute, config: &Value, made: &Value) -> bool {
    if config == made || attribute.write_only || (config.is_null() && attribute.is_computed()) {
        return true;
    }
    match &attribute.shape {
        AttributeShape::Nested(nesting, inner) => {
            Objects::of_attributes(inner).all_came_from(*nesting, config, made)
        }
        AttributeShape::Type(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes() -> BTreeMap<String, Attribute> {
        let inner = [("id", Attribute::string().computed())];
        [
            ("key".to_owned(), Attribute::string()),
            ("zone".to_owned(), Attribute::string().optional_computed()),
            ("one".to_owned(), Attribute::nested(Nesting::Single, inner)),
        ]
        .into()
    }

    fn object(key: &str, zone: Value, id: Value) -> Value {
        let one = Value::object([("id", id)]);
        Value::object([("key", key.into()), ("zone", zone), ("one", one)])
    }

    #[test]
    fn elements_are_known_again_by_what_was_configured_at_any_depth() {
        let attributes = attributes();
        let config = [object("a", Value::Null, Value::Null)];
        let made = [
            object("b", "x".into(), "i".into()),
            object("a", "x".into(), "i".into()),
        ];
        let objects = Objects::of_attributes(&attributes);
        assert_eq!(objects.pair(&config, &made), [Some(&made[1])]);
        assert_eq!(objects.pair(&config, &made[..1]), [None]);
    }

    #[test]
    fn no_element_is_taken_for_two() {
        let attributes = attributes();
        let vague = object("a", Value::Null, Value::Null);
        let exact = object("a", "x".into(), Value::Null);
        let made = [
            object("a", "x".into(), "1".into()),
            object("a", "y".into(), "2".into()),
        ];
        let objects = Objects::of_attributes(&attributes);
        assert_eq!(
            objects.pair(&[vague, exact], &made),
            [Some(&made[1]), Some(&made[0])]
        );
    }
}
