//! The `timeouts` argument of resources.

use std::time::Duration;

use tfplugin::{Attribute, Diagnostics, Nesting, Path, Value};

use crate::{
    duration,
    errors::{self, Summary},
};

/// The argument, with one duration per operation: its name and its default in words.
pub(crate) fn attribute(operations: &[(&str, &str)]) -> Attribute {
    let attributes = operations.iter().map(|(operation, default)| {
        let description = format!(
            "How long a {operation} may take, as a duration such as `30s` or `20m`. Default: `{default}`."
        );
        (*operation, Attribute::string().describe(description).validate(check))
    });
    Attribute::nested(Nesting::Single, attributes).describe("How long operations may take.")
}

/// The duration of an operation; the default where nothing is set.
pub(crate) fn timeout(object: &Value, operation: &str, default: Duration) -> Duration {
    let text = object.at(&["timeouts", operation]).as_str();
    text.and_then(|text| duration::parse(text).ok())
        .unwrap_or(default)
}

fn check(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    let problem = match duration::parse(text) {
        Ok(duration) if duration.is_zero() => "it must be longer than zero".to_owned(),
        Ok(_) => return,
        Err(error) => error.to_string(),
    };
    errors::error(Summary::InvalidAttributeValue)
        .at(path.clone())
        .detail(format!(
            "{path} must be a duration such as \"30s\" or \"20m\"{} ({problem}).",
            errors::got(text)
        ))
        .add(diags);
}
