//! The values of the provider's arguments, as texts: which there are, and where they stand.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::attributes::{ATTRIBUTES, Attribute};

/// The values of the arguments, as texts: looked up (argument, environment), not yet understood.
///
/// Every value is held as a secret, so that none can be shown by mistake.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    values: BTreeMap<&'static str, Given>,
}

#[derive(Clone, Debug)]
struct Given {
    value: SecretString,
    /// Whether it stands in the configuration, as opposed to the environment.
    configured: bool,
}

/// One thing that is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The argument to blame.
    pub(crate) attribute: Attribute,
    /// What is wrong. It never contains a secret.
    pub(crate) message: String,
}

/// Everything that is wrong with the arguments. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidSettings(pub(crate) Vec<Problem>);

impl Settings {
    /// Asks for the value of every argument: first the configuration, then, where that has none, the environment. An empty text
    /// counts as unset, and in the configuration it keeps the environment out.
    pub(crate) fn from_lookups(
        mut configuration: impl FnMut(&Attribute) -> Option<String>,
        mut environment: impl FnMut(&str) -> Option<String>,
    ) -> Self {
        let mut settings = Self::default();
        for attribute in &ATTRIBUTES {
            if let Some(value) = configuration(attribute) {
                settings.set(attribute, value);
            } else if let Some(value) = environment(attribute.environment) {
                settings.give(attribute, value, false);
            }
        }
        settings
    }

    /// Sets one value, as the configuration does. White space around it does not count.
    pub(crate) fn set(&mut self, attribute: &Attribute, value: impl Into<String>) {
        self.give(attribute, value.into(), true);
    }

    fn give(&mut self, attribute: &Attribute, value: String, configured: bool) {
        let value = SecretString::from(value);
        let trimmed = value.expose_secret().trim();
        if trimmed.is_empty() {
            self.values.remove(attribute.name);
        } else {
            let value = SecretString::from(trimmed);
            self.values
                .insert(attribute.name, Given { value, configured });
        }
    }

    pub(crate) fn get(&self, attribute: &Attribute) -> Option<&SecretString> {
        self.values.get(attribute.name).map(|given| &given.value)
    }

    /// Whether one of these stands in the configuration.
    pub(crate) fn is_configured(&self, attributes: &[Attribute]) -> bool {
        let mut given = attributes
            .iter()
            .filter_map(|attribute| self.values.get(attribute.name));
        given.any(|given| given.configured)
    }

    /// The same without some values.
    pub(crate) fn without(&self, attributes: &[Attribute]) -> Self {
        let mut settings = self.clone();
        for attribute in attributes {
            settings.values.remove(attribute.name);
        }
        settings
    }

    /// The value of an argument that is no secret.
    pub(crate) fn text(&self, attribute: &Attribute) -> Option<&str> {
        self.get(attribute).map(ExposeSecret::expose_secret)
    }

    pub(crate) fn path(&self, attribute: &Attribute) -> Option<PathBuf> {
        self.text(attribute).map(PathBuf::from)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Attribute {
            name, environment, ..
        } = self.attribute;
        write!(
            f,
            "{name} (environment variable {environment}): {}",
            self.message
        )
    }
}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidSettings {}
