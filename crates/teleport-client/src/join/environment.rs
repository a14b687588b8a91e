//! The environment variables of this machine, in which CI platforms say how to get a token.

use std::{env, fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use super::id_token::IdTokenError;

/// Environment variables, as an argument.
#[derive(Clone)]
pub(crate) struct Environment(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Environment {
    #[cfg(test)]
    pub(crate) fn given(variables: &[(&str, &str)]) -> Self {
        let variables: std::collections::HashMap<_, _> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self(Arc::new(move |name| variables.get(name).cloned()))
    }

    /// The value of a variable. One that is empty counts as unset.
    pub(super) fn get(&self, name: &str) -> Option<SecretString> {
        let value = SecretString::from(self.0(name)?);
        let is_empty = value.expose_secret().trim().is_empty();
        (!is_empty).then_some(value)
    }

    /// The value of a variable that has to be set.
    pub(super) fn need(&self, name: &str) -> Result<SecretString, IdTokenError> {
        let value = self.get(name);
        value.ok_or_else(|| IdTokenError::Unset(name.to_owned()))
    }
}

impl Default for Environment {
    /// That of this process.
    fn default() -> Self {
        Self(Arc::new(|name| env::var(name).ok()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
