//! Checks of a configuration against its schema.

use std::collections::BTreeMap;

use super::{
    Attribute, AttributeShape, Block, Diagnostics, Nesting, Path, Presence, Schema, Value,
};

/// Checks a configuration. Unknown values pass. `write_only_allowed` is whether core can handle write-only values.
pub(super) fn validate(
    schema: &Schema,
    config: &Value,
    write_only_allowed: bool,
    diags: &mut Diagnostics,
) {
    let mut walk = Walk {
        write_only_allowed,
        diags,
    };
    walk.block(&schema.block, &Path::root(), config);
}

struct Walk<'d> {
    write_only_allowed: bool,
    diags: &'d mut Diagnostics,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block, path: &Path, config: &Value) {
        self.attributes(&block.attributes, path, config);
        for (name, nested) in &block.blocks {
            let path = path.with_attribute(name);
            for (path, value) in objects(nested.nesting.into(), &path, config.field(name)) {
                self.block(&nested.block, &path, value);
            }
        }
    }

    fn attributes(
        &mut self,
        attributes: &BTreeMap<String, Attribute>,
        path: &Path,
        config: &Value,
    ) {
        // Null and unknown objects have no attributes to check.
        if !config.is_set() {
            return;
        }
        for (name, attribute) in attributes {
            self.attribute(attribute, &path.with_attribute(name), config.field(name));
        }
    }

    fn attribute(&mut self, attribute: &Attribute, path: &Path, value: &Value) {
        if attribute.presence == Presence::Required && value.is_null() {
            self.diags.attribute_error(
                path.clone(),
                "Missing Configuration for Required Attribute",
                format!("{path} is required. Set a value."),
            );
        }
        if attribute.presence == Presence::Computed && !value.is_null() && !says_nothing(value) {
            self.diags.attribute_error(
                path.clone(),
                "Invalid Configuration for Read-Only Attribute",
                format!(
                    "{path} is read-only: the provider sets it. Remove it from the configuration."
                ),
            );
        }
        if value.is_null() {
            return;
        }
        if let Some(instead) = &attribute.deprecation {
            self.diags
                .attribute_warning(path.clone(), "Attribute Deprecated", instead.clone());
        }
        if attribute.write_only && !self.write_only_allowed {
            self.diags.attribute_error(
                path.clone(),
                "WriteOnly Attribute Not Allowed",
                format!(
                    "{path} is write-only. Write-only attributes need Terraform 1.11 or OpenTofu 1.11, or a newer version."
                ),
            );
        }
        if value.is_set() {
            for validator in &attribute.validators {
                validator.check(path, value, self.diags);
            }
        }
        if let AttributeShape::Nested(nesting, inner) = &attribute.shape {
            for (path, value) in objects(*nesting, path, value) {
                self.attributes(inner, &path, value);
            }
        }
    }
}

/// The objects of a nested attribute or block, each with the closest path that can name it.
fn objects<'v>(nesting: Nesting, path: &Path, value: &'v Value) -> Vec<(Path, &'v Value)> {
    match (nesting, value) {
        (Nesting::Single, value) => vec![(path.clone(), value)],
        (Nesting::List, Value::List(elements)) => elements
            .iter()
            .enumerate()
            .map(|(index, element)| (path.with_index(index), element))
            .collect(),
        (Nesting::Map, Value::Map(elements)) => elements
            .iter()
            .map(|(key, element)| (path.with_key(key), element))
            .collect(),
        (Nesting::Set, Value::Set(elements)) => elements
            .iter()
            .map(|element| (path.clone(), element))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether it is an object in which nothing is set.
fn says_nothing(value: &Value) -> bool {
    matches!(value, Value::Object(fields) if fields.values().all(Value::is_null))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attribute: Attribute, value: Value) -> Vec<(String, String)> {
        let schema = Schema::new(Block::new("").attribute("a", attribute));
        let mut diags = Diagnostics::new();
        validate(&schema, &Value::object([("a", value)]), false, &mut diags);
        diags
            .into_iter()
            .map(|diagnostic| (diagnostic.summary, diagnostic.path.to_string()))
            .collect()
    }

    #[test]
    fn required_attributes_may_be_unknown_but_not_missing() {
        assert_eq!(check(Attribute::string().required(), Value::Unknown), []);
        let missing = (
            "Missing Configuration for Required Attribute".into(),
            "a".into(),
        );
        assert_eq!(
            check(Attribute::string().required(), Value::Null),
            [missing]
        );
    }

    #[test]
    fn checks_run_on_known_values_in_nested_objects_with_their_path() {
        let fussy = Attribute::string().validate(|path, value, diags| {
            if value.as_str() == Some("bad") {
                diags.attribute_error(path.clone(), "Invalid Attribute Value", "");
            }
        });
        let nested = Attribute::nested(Nesting::List, [("b", fussy)]);
        let value = |b: Value| Value::object([("b", b)]);
        let list = Value::List(vec![
            value("good".into()),
            value(Value::Unknown),
            value("bad".into()),
        ]);
        assert_eq!(
            check(nested, list),
            [("Invalid Attribute Value".into(), "a[2].b".into())]
        );
    }

    #[test]
    fn results_cannot_be_set_but_an_empty_object_says_nothing() {
        let status =
            || Attribute::nested(Nesting::Single, [("state", Attribute::string())]).computed();
        assert_eq!(check(status(), Value::object([("state", Value::Null)])), []);
        assert_eq!(
            check(status(), Value::object([("state", "x".into())])).len(),
            1
        );
    }

    #[test]
    fn write_only_values_need_a_core_that_can_handle_them() {
        assert_eq!(check(Attribute::string().write_only(), "s".into()).len(), 1);
    }
}
