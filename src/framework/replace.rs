//! Which changes need a new object.
//!
//! The answer must not depend on what is unknown: core plans again when everything is known, and an update that has
//! become a replacement then is an error. So where a value that is not known yet may bring a reason, it is one.

use std::collections::BTreeMap;

use super::{Attribute, Block, BlockNesting, Nesting, Path, RequiresReplace, Schema, Shape, Value};

/// The innermost attributes that differ and need a new object for that. None for a create or destroy.
///
/// An element that is new in a list, set or map is a reason where one of its attributes is; one that is taken away is
/// none, unless the list itself needs a new object.
pub(super) fn requires_replace(
    schema: &Schema,
    config: &Value,
    prior: &Value,
    planned: &Value,
) -> Vec<Path> {
    let mut paths = Vec::new();
    if !prior.is_null() && !planned.is_null() {
        let sides = Sides {
            config,
            prior,
            planned,
        };
        of_block(&schema.block, &Path::root(), &sides, &mut paths);
    }
    paths
}

fn of_block(block: &Block, path: &Path, sides: &Sides<'_>, paths: &mut Vec<Path>) {
    let never = RequiresReplace::Never;
    of_attributes(&block.attributes, never, path, sides, paths);
    for (name, nested) in &block.blocks {
        let (path, sides) = (path.with_attribute(name), sides.field(name));
        if sides.prior == sides.planned {
            continue;
        }
        let nesting = match nested.nesting {
            BlockNesting::Single | BlockNesting::Group => Nesting::Single,
            BlockNesting::List => Nesting::List,
            BlockNesting::Set => Nesting::Set,
            BlockNesting::Map => Nesting::Map,
        };
        of_objects(
            nesting,
            never,
            &path,
            &sides,
            paths,
            &|path, sides, paths| {
                of_block(&nested.block, path, sides, paths);
            },
        );
    }
}

fn of_attributes(
    attributes: &BTreeMap<String, Attribute>,
    outer: RequiresReplace,
    path: &Path,
    sides: &Sides<'_>,
    paths: &mut Vec<Path>,
) {
    for (name, attribute) in attributes {
        let (path, sides) = (path.with_attribute(name), sides.field(name));
        of_attribute(attribute, outer, &path, &sides, paths);
    }
}

fn of_attribute(
    attribute: &Attribute,
    outer: RequiresReplace,
    path: &Path,
    sides: &Sides<'_>,
    paths: &mut Vec<Path>,
) {
    let own = match attribute.requires_replace {
        RequiresReplace::Never => outer,
        own => own,
    };
    // What only the provider knows, and the configuration does not ask for, is a result and no reason.
    let result = sides.config.is_null() && attribute.is_computed() && attribute.default.is_none();
    if result || sides.prior == sides.planned {
        return;
    }
    match &attribute.shape {
        Shape::Nested(nesting, inner) => {
            of_objects(*nesting, own, path, sides, paths, &|path, sides, paths| {
                of_attributes(inner, own, path, sides, paths);
            });
        }
        Shape::Type(_) if counts(own, sides.planned) => paths.push(path.clone()),
        Shape::Type(_) => {}
    }
}

/// Looks into the objects that belong together; the inner rule says what is in one pair of them.
fn of_objects(
    nesting: Nesting,
    own: RequiresReplace,
    path: &Path,
    sides: &Sides<'_>,
    paths: &mut Vec<Path>,
    inner: &Inner<'_>,
) {
    let whole = counts(own, sides.planned);
    match (nesting, sides.prior, sides.planned) {
        (_, _, Value::Null) | (_, Value::Null, _) if whole => paths.push(path.clone()),
        (_, _, Value::Null) => {}
        (_, _, Value::Unknown) => {
            if whole || any(inner, path, &sides.with_prior(&NULL)) {
                paths.push(path.clone());
            }
        }
        (Nesting::Single, ..) => inner(path, sides, paths),
        (Nesting::List, prior, Value::List(planned)) => {
            let prior = prior.as_elements().unwrap_or_default();
            if whole && prior.len() != planned.len() {
                return paths.push(path.clone());
            }
            let config = sides.config.as_elements().unwrap_or_default();
            for (index, planned) in planned.iter().enumerate() {
                let sides = Sides {
                    config: config.get(index).unwrap_or(&NULL),
                    prior: prior.get(index).unwrap_or(&NULL),
                    planned,
                };
                inner(&path.with_index(index), &sides, paths);
            }
        }
        (Nesting::Map, prior, Value::Map(planned)) => {
            let keys = |value: &Value| -> Vec<_> {
                let fields = value.as_fields().into_iter().flatten();
                fields.map(|(key, _)| key.clone()).collect()
            };
            if whole && keys(prior) != keys(sides.planned) {
                return paths.push(path.clone());
            }
            for key in planned.keys() {
                inner(&path.with_key(key), &sides.field(key), paths);
            }
        }
        (Nesting::Set, prior, Value::Set(planned)) => {
            let mut prior: Vec<_> = prior.as_elements().unwrap_or_default().iter().collect();
            let another_count = prior.len() != planned.len();
            // No path leads into a set. An element is new if none that was there differs in results alone.
            let is_new = |planned| {
                let config = configured(sides.config, planned);
                let old = prior.iter().position(|prior| {
                    let sides = Sides {
                        config,
                        prior,
                        planned,
                    };
                    !any(inner, path, &sides)
                });
                old.map(|index| prior.swap_remove(index)).is_none()
                    && any(
                        inner,
                        path,
                        &Sides {
                            config,
                            prior: &NULL,
                            planned,
                        },
                    )
            };
            if (whole && another_count) || planned.iter().any(is_new) {
                paths.push(path.clone());
            }
        }
        _ => {}
    }
}

fn any(inner: &Inner<'_>, path: &Path, sides: &Sides<'_>) -> bool {
    let mut paths = Vec::new();
    inner(path, sides, &mut paths);
    !paths.is_empty()
}

fn counts(own: RequiresReplace, planned: &Value) -> bool {
    match own {
        RequiresReplace::Never => false,
        RequiresReplace::Always => true,
        RequiresReplace::IfKnown => planned.is_wholly_known(),
    }
}

/// The configured element of a set that a planned one was made of.
fn configured<'v>(config: &'v Value, planned: &Value) -> &'v Value {
    let made_of = |config: &&Value| {
        config.as_fields().is_some_and(|fields| {
            fields
                .iter()
                .all(|(name, value)| value.is_null() || planned.field(name) == value)
        })
    };
    let elements = config.as_elements().unwrap_or_default();
    elements.iter().find(made_of).unwrap_or(&NULL)
}

#[derive(Clone, Copy)]
struct Sides<'v> {
    config: &'v Value,
    prior: &'v Value,
    planned: &'v Value,
}

impl<'v> Sides<'v> {
    fn field(&self, name: &str) -> Self {
        Self {
            config: self.config.field(name),
            prior: self.prior.field(name),
            planned: self.planned.field(name),
        }
    }

    fn with_prior(&self, prior: &'v Value) -> Self {
        Self { prior, ..*self }
    }
}

type Inner<'a> = dyn Fn(&Path, &Sides<'_>, &mut Vec<Path>) + 'a;

static NULL: Value = Value::Null;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::NestedBlock;

    fn place() -> [(&'static str, Attribute); 3] {
        [
            ("region", Attribute::string().requires_replace()),
            ("size", Attribute::number()),
            ("id", Attribute::string().computed()),
        ]
    }

    fn at(region: &str, size: i64, id: Value) -> Value {
        Value::object([("region", region.into()), ("size", size.into()), ("id", id)])
    }

    fn paths(attribute: Attribute, config: Value, prior: Value, planned: Value) -> Vec<String> {
        let schema = Schema::new(Block::new("").attribute("a", attribute));
        let object = |value| Value::object([("a", value)]);
        requires_replace(&schema, &object(config), &object(prior), &object(planned))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn an_inner_reason_counts_in_every_nesting() {
        let (old, new) = (at("x", 1, "i".into()), at("y", 1, Value::Unknown));
        let config = at("y", 1, Value::Null);
        let map = |value| Value::Map([("k".to_owned(), value)].into());
        let list = |value| Value::List(vec![value]);
        let set = |value| Value::set(vec![value]);
        let nested = |nesting| Attribute::nested(nesting, place());
        assert_eq!(
            paths(
                nested(Nesting::Single),
                config.clone(),
                old.clone(),
                new.clone()
            ),
            ["a.region"]
        );
        assert_eq!(
            paths(
                nested(Nesting::List),
                list(config.clone()),
                list(old.clone()),
                list(new.clone())
            ),
            ["a[0].region"]
        );
        assert_eq!(
            paths(
                nested(Nesting::Map),
                map(config.clone()),
                map(old.clone()),
                map(new.clone())
            ),
            [r#"a["k"].region"#]
        );
        assert_eq!(
            paths(nested(Nesting::Set), set(config), set(old), set(new)),
            ["a"]
        );
    }

    #[test]
    fn other_changes_and_results_are_no_reason() {
        let set = |value| Value::set(vec![value]);
        let list = |value| Value::List(vec![value]);
        let (old, new) = (at("x", 1, "i".into()), at("x", 2, Value::Unknown));
        let config = at("x", 2, Value::Null);
        for (nesting, gather) in [
            (Nesting::Set, &set as &dyn Fn(Value) -> Value),
            (Nesting::List, &list),
        ] {
            let nested = Attribute::nested(nesting, place());
            let found = paths(
                nested,
                gather(config.clone()),
                gather(old.clone()),
                gather(new.clone()),
            );
            assert_eq!(found, [""; 0], "{nesting:?}");
        }
    }

    #[test]
    fn what_is_not_known_yet_may_bring_a_reason() {
        for nesting in [Nesting::Single, Nesting::List, Nesting::Set, Nesting::Map] {
            let nested = Attribute::nested(nesting, place());
            let found = paths(nested, Value::Unknown, Value::Null, Value::Unknown);
            assert_eq!(found, ["a"], "{nesting:?}");
        }
        let harmless = Attribute::nested(Nesting::List, [("size", Attribute::number())]);
        let found = paths(harmless, Value::Unknown, Value::Null, Value::Unknown);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn new_elements_count_and_lost_ones_do_not() {
        let (x, y) = (at("x", 1, Value::Null), at("y", 1, Value::Null));
        let (one, two) = (Value::List(vec![x.clone()]), Value::List(vec![x, y]));
        let nested = || Attribute::nested(Nesting::List, place());
        assert_eq!(
            paths(nested(), two.clone(), one.clone(), two.clone()),
            ["a[1].region"]
        );
        assert_eq!(
            paths(nested(), one.clone(), two.clone(), one.clone()),
            [""; 0]
        );
        assert_eq!(
            paths(nested().requires_replace(), one.clone(), two, one),
            ["a"]
        );
    }

    #[test]
    fn a_default_is_a_reason_like_what_is_written() {
        let version = Attribute::string().default_to("v1").requires_replace();
        assert_eq!(paths(version, Value::Null, "v2".into(), "v1".into()), ["a"]);
        let computed = Attribute::string().optional_computed().requires_replace();
        assert_eq!(
            paths(computed, Value::Null, "v2".into(), Value::Unknown),
            [""; 0]
        );
    }

    #[test]
    fn blocks_are_looked_into() {
        let block = Block::new("").attribute("region", Attribute::string().requires_replace());
        let schema =
            Schema::new(Block::new("").nested("b", NestedBlock::new(BlockNesting::List, block)));
        let object = |region: &str| {
            Value::object([(
                "b",
                Value::List(vec![Value::object([("region", region.into())])]),
            )])
        };
        assert_eq!(
            requires_replace(&schema, &object("y"), &object("x"), &object("y")),
            [Path::attribute("b").with_index(0).with_attribute("region")]
        );
    }
}
