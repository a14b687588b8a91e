//! What core demands of a plan (`objchange.AssertPlanValid`): it says what the configuration says, or what was there
//! before; only what is computed is the provider's.

use std::collections::BTreeMap;

use tfplugin::{
    Attribute, AttributeShape, Block, BlockNesting, Nesting, Path, Presence, Schema, Value,
};

/// The ways in which a plan breaks the law.
pub(crate) fn violations(
    schema: &Schema,
    prior: &Value,
    config: &Value,
    planned: &Value,
) -> Vec<String> {
    let mut found = Vec::new();
    if !schema.ty().admits(planned) {
        found.push("the plan does not fit the schema".to_owned());
    } else {
        block(
            &schema.block,
            &Path::root(),
            prior,
            config,
            planned,
            &mut found,
        );
    }
    found
}

fn block(
    schema: &Block,
    path: &Path,
    prior: &Value,
    config: &Value,
    planned: &Value,
    found: &mut Vec<String>,
) {
    if planned.is_null() != config.is_null() {
        return found.push(format!(
            "{path}: there in only one of plan and configuration"
        ));
    }
    if planned.is_null() {
        return;
    }
    attributes(&schema.attributes, path, prior, config, planned, found);
    for (name, nested) in &schema.blocks {
        let path = path.with_attribute(name);
        let (prior, config, planned) = (prior.field(name), config.field(name), planned.field(name));
        if nested.nesting != BlockNesting::Single && planned.is_null() {
            found.push(format!("{path}: blocks are null rather than empty"));
        } else if planned == config {
        } else if config.is_unknown() {
            found.push(format!("{path}: blocks that are not known yet are planned"));
        } else if planned.is_unknown() {
            found.push(format!("{path}: blocks are planned to be unknown"));
        } else {
            let pairs = match pairs(&path, prior, config, planned) {
                Ok(pairs) => pairs,
                Err(problem) => {
                    found.push(problem);
                    continue;
                }
            };
            for (path, prior, config, planned) in pairs {
                if planned.is_unknown() {
                    found.push(format!("{path}: a block is planned to be unknown"));
                } else {
                    block(&nested.block, &path, prior, config, planned, found);
                }
            }
        }
    }
}

fn attributes(
    schema: &BTreeMap<String, Attribute>,
    path: &Path,
    prior: &Value,
    config: &Value,
    planned: &Value,
    found: &mut Vec<String>,
) {
    for (name, schema) in schema {
        attribute(
            schema,
            &path.with_attribute(name),
            prior.field(name),
            config.field(name),
            planned.field(name),
            found,
        );
    }
}

fn attribute(
    schema: &Attribute,
    path: &Path,
    prior: &Value,
    config: &Value,
    planned: &Value,
    found: &mut Vec<String>,
) {
    if schema.write_only {
        // Core says this of states and plans alike.
        if !planned.is_null() {
            found.push(format!("{path}: a write-only value is planned"));
        }
        return;
    }
    let same_as_config = planned == config;
    let same_as_prior = planned == prior && !prior.is_null() && !config.is_null();
    let provider_decides = schema.presence == Presence::Computed
        || (schema.presence == Presence::OptionalComputed && config.is_null());
    if same_as_config || same_as_prior || provider_decides {
        return;
    }
    if config.is_null() {
        return found.push(format!("{path}: planned though not computed"));
    }
    let AttributeShape::Nested(nesting, inner) = &schema.shape else {
        return found.push(format!("{path}: neither as configured nor as before"));
    };
    if planned.is_null() {
        return found.push(format!("{path}: absent though configured"));
    }
    if planned.is_unknown() {
        return found.push(format!("{path}: unknown though configured"));
    }
    if *nesting == Nesting::Set {
        return count_of_set(path, config, planned, found);
    }
    match pairs(path, prior, config, planned) {
        Ok(pairs) => {
            for (path, prior, config, planned) in pairs {
                attributes(inner, &path, prior, config, planned, found);
            }
        }
        Err(problem) => found.push(problem),
    }
}

/// Unknown elements may turn out to be equal, so they make the count of a set uncertain.
fn count_of_set(path: &Path, config: &Value, planned: &Value, found: &mut Vec<String>) {
    let count = |value: &Value| value.as_elements().map_or(0, <[Value]>::len);
    if !config.is_wholly_known() {
        return;
    }
    let (configured, most) = (count(config), count(planned));
    let fewest = if planned.is_wholly_known() {
        most
    } else {
        most.min(1)
    };
    if configured < fewest || configured > most {
        found.push(format!(
            "{path}: {most} elements planned, {configured} configured"
        ));
    }
}

type Pair<'v> = (Path, &'v Value, &'v Value, &'v Value);

/// The objects that belong together, with null where there was none before. Elements of sets are not paired by core.
fn pairs<'v>(
    path: &Path,
    prior: &'v Value,
    config: &'v Value,
    planned: &'v Value,
) -> Result<Vec<Pair<'v>>, String> {
    match (config, planned) {
        (Value::List(configured), Value::List(elements)) => {
            if configured.len() != elements.len() {
                return Err(format!("{path}: another count than configured"));
            }
            let before = prior.as_elements().unwrap_or_default();
            let all = configured.iter().zip(elements).enumerate();
            Ok(all
                .map(|(index, (config, planned))| {
                    let prior = before.get(index).unwrap_or(&Value::Null);
                    (path.with_index(index), prior, config, planned)
                })
                .collect())
        }
        (Value::Map(configured), Value::Map(elements)) => {
            if !configured.keys().eq(elements.keys()) {
                return Err(format!("{path}: other keys than configured"));
            }
            Ok(elements
                .iter()
                .map(|(key, planned)| {
                    (
                        path.with_key(key),
                        prior.field(key),
                        &configured[key],
                        planned,
                    )
                })
                .collect())
        }
        (Value::Set(_), Value::Set(elements)) => Ok(elements
            .iter()
            .filter(|planned| planned.is_unknown())
            .map(|planned| (path.clone(), &Value::Null, &Value::Null, planned))
            .collect()),
        _ => Ok(vec![(path.clone(), prior, config, planned)]),
    }
}
