//! Random values of schemas: what a configuration may say, what a state may hold, and how the unknown turns out.

use std::collections::BTreeMap;

use fastrand::Rng;
use tfplugin::{Attribute, AttributeShape, Block, BlockNesting, Nesting, Presence, Type, Value};

/// Makes values. Few different ones, so that they often meet.
pub(crate) struct Random {
    rng: Rng,
    /// Whether configurations have unknown values.
    pub(crate) unknown: bool,
}

type Attributes = BTreeMap<String, Attribute>;

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            unknown: true,
        }
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.rng.usize(..n) == 0
    }

    /// A configuration.
    pub(crate) fn config(&mut self, block: &Block) -> Value {
        let mut fields = self.config_attributes(&block.attributes);
        for (name, nested) in &block.blocks {
            let value = match nested.nesting {
                BlockNesting::Single if self.one_in(3) => Value::Null,
                BlockNesting::Single | BlockNesting::Group => self.config(&nested.block),
                _ if self.unknown && self.one_in(12) => Value::Unknown,
                nesting => self.gather(gathered(nesting), |random| random.config(&nested.block)),
            };
            fields.insert(name.clone(), value);
        }
        Value::Object(fields)
    }

    /// What became of a configuration with unknown values when they are known.
    pub(crate) fn resolve(&mut self, block: &Block, config: &Value) -> Value {
        let Value::Object(fields) = config else {
            return config.clone();
        };
        let resolved = fields.iter().map(|(name, value)| {
            let value = if let Some(attribute) = block.attributes.get(name) {
                self.resolve_attribute(attribute, value)
            } else {
                let nested = &block.blocks[name];
                if value.is_unknown() {
                    self.gather(gathered(nested.nesting), |random| {
                        random.config(&nested.block)
                    })
                } else {
                    each(value, &mut |value| self.resolve(&nested.block, value))
                }
            };
            (name.clone(), value)
        });
        Value::Object(resolved.collect())
    }

    /// A stored object, whoever made it.
    pub(crate) fn state(&mut self, block: &Block) -> Value {
        let mut fields = self.state_attributes(&block.attributes);
        for (name, nested) in &block.blocks {
            let value = match nested.nesting {
                BlockNesting::Single if self.one_in(3) => Value::Null,
                BlockNesting::Single | BlockNesting::Group => self.state(&nested.block),
                nesting => self.gather(gathered(nesting), |random| random.state(&nested.block)),
            };
            fields.insert(name.clone(), value);
        }
        Value::Object(fields)
    }

    /// What an apply makes of a planned value.
    pub(crate) fn outcome(&mut self, ty: &Type, planned: &Value) -> Value {
        match (ty, planned) {
            (_, Value::Unknown) => self.any(ty),
            (Type::List(element), Value::List(elements)) => {
                Value::List(elements.iter().map(|v| self.outcome(element, v)).collect())
            }
            (Type::Set(element), Value::Set(elements)) => {
                Value::set(elements.iter().map(|v| self.outcome(element, v)).collect())
            }
            (Type::Tuple(types), Value::Tuple(elements)) => {
                let pairs = types.iter().zip(elements);
                Value::Tuple(pairs.map(|(ty, v)| self.outcome(ty, v)).collect())
            }
            (Type::Map(element), Value::Map(entries)) => {
                let entries = entries.iter();
                Value::Map(
                    entries
                        .map(|(key, v)| (key.clone(), self.outcome(element, v)))
                        .collect(),
                )
            }
            (Type::Object(types), Value::Object(fields)) => {
                let fields = fields.iter();
                Value::Object(
                    fields
                        .map(|(name, v)| (name.clone(), self.outcome(&types[name], v)))
                        .collect(),
                )
            }
            // Null of a known type would leave an attribute that may be computed unknown of no type, which core refuses
            // for whatever a provider does.
            (Type::Dynamic, Value::Dynamic(typed)) => {
                let value = match &typed.1 {
                    Value::Unknown => self.known(&typed.0),
                    value => self.outcome(&typed.0, value),
                };
                Value::Dynamic(Box::new((typed.0.clone(), value)))
            }
            (_, known) => known.clone(),
        }
    }

    fn config_attributes(&mut self, attributes: &Attributes) -> BTreeMap<String, Value> {
        attributes
            .iter()
            .map(|(name, attribute)| (name.clone(), self.config_attribute(attribute)))
            .collect()
    }

    fn config_attribute(&mut self, attribute: &Attribute) -> Value {
        match attribute.presence {
            Presence::Computed => return Value::Null,
            Presence::Optional | Presence::OptionalComputed if self.one_in(3) => {
                return Value::Null;
            }
            _ => {}
        }
        if self.unknown && self.one_in(8) {
            return Value::Unknown;
        }
        match &attribute.shape {
            AttributeShape::Type(ty) => self.some(ty),
            AttributeShape::Nested(nesting, inner) => self.gather(*nesting, |random| {
                Value::Object(random.config_attributes(inner))
            }),
        }
    }

    fn resolve_attribute(&mut self, attribute: &Attribute, config: &Value) -> Value {
        if *config == Value::Unknown {
            return self.config_attribute(attribute);
        }
        match &attribute.shape {
            AttributeShape::Type(ty) => self.outcome(ty, config),
            AttributeShape::Nested(_, inner) => each(config, &mut |value| match value {
                Value::Object(fields) => Value::Object(
                    fields
                        .iter()
                        .map(|(name, value)| {
                            (name.clone(), self.resolve_attribute(&inner[name], value))
                        })
                        .collect(),
                ),
                _ => value.clone(),
            }),
        }
    }

    fn state_attributes(&mut self, attributes: &Attributes) -> BTreeMap<String, Value> {
        let value = |(name, attribute): (&String, &Attribute)| {
            let value = if attribute.write_only || self.one_in(4) {
                Value::Null
            } else {
                match &attribute.shape {
                    AttributeShape::Type(ty) => self.known(ty),
                    AttributeShape::Nested(nesting, inner) => self.gather(*nesting, |random| {
                        Value::Object(random.state_attributes(inner))
                    }),
                }
            };
            (name.clone(), value)
        };
        attributes.iter().map(value).collect()
    }

    fn gather(&mut self, nesting: Nesting, mut object: impl FnMut(&mut Self) -> Value) -> Value {
        let count = self.rng.usize(..3);
        match nesting {
            Nesting::Single => object(self),
            Nesting::List => Value::List((0..count).map(|_| object(self)).collect()),
            Nesting::Set => Value::set((0..count).map(|_| object(self)).collect()),
            Nesting::Map => Value::Map((0..count).map(|_| (self.key(), object(self))).collect()),
        }
    }

    /// A known value, or null.
    fn any(&mut self, ty: &Type) -> Value {
        if self.one_in(4) {
            return Value::Null;
        }
        self.known(ty)
    }

    /// A value of a configuration, whose parts may be unknown or null.
    fn some(&mut self, ty: &Type) -> Value {
        let mut value = self.known(ty);
        if self.unknown {
            self.obscure(&mut value);
        }
        value
    }

    fn obscure(&mut self, value: &mut Value) {
        let mut part = |value: &mut Value| {
            if self.one_in(6) {
                *value = Value::Unknown;
            }
        };
        match value {
            Value::List(elements) | Value::Tuple(elements) => elements.iter_mut().for_each(part),
            Value::Map(fields) | Value::Object(fields) => fields.values_mut().for_each(part),
            Value::Set(elements) => {
                elements.iter_mut().for_each(part);
                *value = Value::set(std::mem::take(elements));
            }
            Value::Dynamic(typed) => part(&mut typed.1),
            _ => {}
        }
    }

    fn known(&mut self, ty: &Type) -> Value {
        let count = self.rng.usize(..3);
        match ty {
            Type::Bool => self.rng.bool().into(),
            Type::Number => self.rng.i64(1..4).into(),
            Type::String => self.key().into(),
            Type::Dynamic => {
                let ty = if self.rng.bool() {
                    Type::String
                } else {
                    Type::list(Type::Number)
                };
                let value = self.known(&ty);
                Value::Dynamic(Box::new((ty, value)))
            }
            Type::List(element) => Value::List((0..count).map(|_| self.known(element)).collect()),
            Type::Set(element) => Value::set((0..count).map(|_| self.known(element)).collect()),
            Type::Tuple(types) => Value::Tuple(types.iter().map(|ty| self.known(ty)).collect()),
            Type::Map(element) => Value::Map(
                (0..count)
                    .map(|_| (self.key(), self.known(element)))
                    .collect(),
            ),
            Type::Object(types) => Value::Object(
                types
                    .iter()
                    .map(|(name, ty)| (name.clone(), self.any(ty)))
                    .collect(),
            ),
        }
    }

    fn key(&mut self) -> String {
        ["a", "b", "c"][self.rng.usize(..3)].to_owned()
    }
}

/// Changes the object or each of the objects that are gathered.
fn each(value: &Value, change: &mut dyn FnMut(&Value) -> Value) -> Value {
    match value {
        Value::Object(_) => change(value),
        Value::List(elements) => Value::List(elements.iter().map(change).collect()),
        Value::Set(elements) => Value::set(elements.iter().map(change).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), change(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn gathered(nesting: BlockNesting) -> Nesting {
    match nesting {
        BlockNesting::Single | BlockNesting::Group => Nesting::Single,
        BlockNesting::List => Nesting::List,
        BlockNesting::Set => Nesting::Set,
        BlockNesting::Map => Nesting::Map,
    }
}
