//! Which changes require replacement of the object.
//!
//! Core plans again when everything is known, and refuses an update that has become a replacement by then. So a value
//! that is still unknown requires replacement where any known value could.

use super::{
    Attribute, AttributeShape, Nesting, Path, RequiresReplace, Schema, Value, objects::Objects,
};

/// The innermost attributes whose change requires replacement. Empty for a create or destroy.
///
/// An added element of a list, set or map requires replacement where one of its attributes does. A removed element does
/// so only where the collection itself does.
pub fn requires_replace(
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
        let (objects, never) = (Objects::of_block(&schema.block), RequiresReplace::Never);
        of_object(objects, never, &Path::root(), &sides, &mut paths);
    }
    paths
}

fn of_object(
    objects: Objects<'_>,
    outer: RequiresReplace,
    path: &Path,
    sides: &Sides<'_>,
    paths: &mut Vec<Path>,
) {
    for (name, attribute) in objects.attributes {
        let (path, sides) = (path.with_attribute(name), sides.field(name));
        of_attribute(attribute, outer, &path, &sides, paths);
    }
    for (name, nested) in objects.blocks {
        let (path, sides) = (path.with_attribute(name), sides.field(name));
        if sides.prior != sides.planned {
            let (nesting, objects) = (nested.nesting.into(), Objects::of_block(&nested.block));
            of_objects(nesting, objects, outer, &path, &sides, paths);
        }
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
    // A computed value that the configuration does not set is a result while it is unknown. A known value that the provider
    // plans is a change like any other.
    let result = sides.config.is_null()
        && attribute.is_computed()
        && attribute.default.is_none()
        && sides.planned.is_unknown();
    if result || sides.prior == sides.planned {
        return;
    }
    match &attribute.shape {
        AttributeShape::Nested(nesting, inner) => {
            of_objects(
                *nesting,
                Objects::of_attributes(inner),
                own,
                path,
                sides,
                paths,
            );
        }
        AttributeShape::Type(_) if counts(own, sides.planned) => paths.push(path.clone()),
        AttributeShape::Type(_) => {}
    }
}

/// Compares the objects of a nested attribute or block.
fn of_objects(
    nesting: Nesting,
    objects: Objects<'_>,
    own: RequiresReplace,
    path: &Path,
    sides: &Sides<'_>,
    paths: &mut Vec<Path>,
) {
    let whole = counts(own, sides.planned);
    let any = |sides: &Sides<'_>| {
        let mut paths = Vec::new();
        of_object(objects, own, path, sides, &mut paths);
        !paths.is_empty()
    };
    match (nesting, sides.prior, sides.planned) {
        (_, _, Value::Null) | (_, Value::Null, _) if whole => paths.push(path.clone()),
        (_, _, Value::Null) => {}
        (_, _, Value::Unknown) if whole || any(&sides.with_prior(&NULL)) => {
            paths.push(path.clone());
        }
        (_, _, Value::Unknown) => {}
        (Nesting::Single, ..) => of_object(objects, own, path, sides, paths),
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
                of_object(objects, own, &path.with_index(index), &sides, paths);
            }
        }
        (Nesting::Map, prior, Value::Map(planned)) => {
            let same_keys = prior
                .as_fields()
                .is_some_and(|prior| prior.keys().eq(planned.keys()));
            if whole && !same_keys {
                return paths.push(path.clone());
            }
            for key in planned.keys() {
                of_object(objects, own, &path.with_key(key), &sides.field(key), paths);
            }
        }
        (Nesting::Set, prior, Value::Set(planned)) => {
            let prior = prior.as_elements().unwrap_or_default();
            // A path cannot name an element of a set.
            if (whole && prior.len() != planned.len())
                || has_new(objects, sides.config, prior, planned, &any)
            {
                paths.push(path.clone());
            }
        }
        _ => {}
    }
}

/// Whether a set has an element that requires replacement when compared with every element of the prior set.
fn has_new(
    objects: Objects<'_>,
    config: &Value,
    prior: &[Value],
    planned: &[Value],
    any: &dyn Fn(&Sides<'_>) -> bool,
) -> bool {
    let configured = config.as_elements().unwrap_or_default();
    let mut prior: Vec<_> = prior.iter().collect();
    planned.iter().any(|planned| {
        let config = configured
            .iter()
            .find(|config| objects.came_from(config, planned))
            .unwrap_or(&NULL);
        let differs_from = |prior| {
            any(&Sides {
                config,
                prior,
                planned,
            })
        };
        match prior.iter().position(|prior| !differs_from(prior)) {
            Some(index) => {
                prior.swap_remove(index);
                false
            }
            None => differs_from(&NULL),
        }
    })
}

fn counts(own: RequiresReplace, planned: &Value) -> bool {
    match own {
        RequiresReplace::Never => false,
        RequiresReplace::Always => true,
        RequiresReplace::IfKnown => planned.is_wholly_known(),
    }
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

static NULL: Value = Value::Null;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, BlockNesting, NestedBlock};

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
