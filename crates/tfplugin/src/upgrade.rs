//! Upgrades of stored states and identities to the current version of their schema.

use serde_json::Value as Json;

use crate::{Diagnostics, Schema};

/// Brings the JSON of a stored object from one version of its schema to the next. It is a pure function: it asks nobody, and gives
/// the same answer each time, because it runs in every plan until the object is written again.
///
/// The error says why the object cannot be of that version. It is constant text, so that no value of the state gets into it.
pub type Upgrade = fn(Json) -> Result<Json, &'static str>;

/// The JSON of a stored object in the current version, after the upgrades of all versions from its own on.
///
/// # Errors
///
/// If the version is newer than the schema, or none at all, or if an upgrade finds the object damaged.
pub(crate) fn upgrade(
    type_name: &str,
    schema: &Schema,
    version: i64,
    stored: Json,
) -> Result<Json, Diagnostics> {
    let current = schema.version();
    let refused = |summary: &str, detail: String| {
        let mut diags = Diagnostics::new();
        diags.error(summary, detail);
        diags
    };
    let steps = usize::try_from(version)
        .ok()
        .and_then(|version| schema.upgrades.get(version..));
    let Some(steps) = steps else {
        return Err(if version > current {
            refused(
                "Provider Older Than State",
                format!(
                    "The provider is older than the state: the state has a {type_name} of schema version {version}, and this \
                     version of the provider knows {current} at most. Use the version of the provider that wrote the state, \
                     or a newer one."
                ),
            )
        } else {
            refused(
                "Damaged State",
                format!(
                    "The state has a {type_name} of schema version {version}. Versions begin at 0."
                ),
            )
        });
    };
    (version..)
        .zip(steps)
        .try_fold(stored, |stored, (version, upgrade)| {
            upgrade(stored).map_err(|reason| {
                refused(
                    "Damaged State",
                    format!(
                        "The {type_name} in the state cannot be upgraded from schema version {version} to {}: {reason}. \
                         Restore the state from a backup, or remove the object from the state and import it again.",
                        version + 1
                    ),
                )
            })
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Block;

    /// Each upgrade adds its mark to a text.
    fn schema() -> Schema {
        fn mark(stored: Json, mark: &str) -> Result<Json, &'static str> {
            let text = stored.as_str().ok_or("it is no text")?;
            Ok(format!("{text}{mark}").into())
        }
        Schema::new(Block::new("")).upgraded_by(&[
            |stored| mark(stored, "a"),
            |stored| mark(stored, "b"),
            |stored| mark(stored, "c"),
        ])
    }

    fn texts(diags: &Diagnostics) -> String {
        let texts = diags
            .iter()
            .map(|diag| format!("{}: {}", diag.summary, diag.detail));
        texts.collect()
    }

    #[test]
    fn every_upgrade_from_the_version_of_the_state_on_runs_in_order() {
        assert_eq!(schema().version(), 3);
        for (version, expected) in [(0, "-abc"), (1, "-bc"), (2, "-c"), (3, "-")] {
            let upgraded = upgrade("test_thing", &schema(), version, json!("-"));
            assert_eq!(upgraded.unwrap(), expected);
        }
    }

    #[test]
    fn a_version_that_the_schema_does_not_have_is_an_error() {
        let newer = upgrade("test_thing", &schema(), 4, json!("-")).unwrap_err();
        let newer = texts(&newer);
        for phrase in [
            "The provider is older than the state",
            "test_thing of schema version 4",
            "knows 3 at most",
        ] {
            assert!(newer.contains(phrase), "{newer}");
        }
        for version in [-1, i64::MIN] {
            let damaged = upgrade("test_thing", &schema(), version, json!("-")).unwrap_err();
            assert!(
                texts(&damaged).starts_with("Damaged State: "),
                "{damaged:?}"
            );
        }
    }

    #[test]
    fn an_object_that_does_not_fit_its_version_is_an_error_without_its_values() {
        let stored = json!({ "password": "secret" });
        let damaged = texts(&upgrade("test_thing", &schema(), 1, stored).unwrap_err());
        assert!(
            damaged.contains("from schema version 1 to 2: it is no text."),
            "{damaged}"
        );
        assert!(!damaged.contains("secret"), "{damaged}");
    }
}
