//! A token in an environment variable.

use secrecy::ExposeSecret;

use super::{IdToken, IdTokenError};
use crate::join::environment::Environment;

/// The token in a variable.
pub(in crate::join) fn token(
    environment: &Environment,
    name: &str,
) -> Result<IdToken, IdTokenError> {
    let value = environment.need(name)?;
    let token = IdToken::parse(value.expose_secret());
    token.ok_or_else(|| IdTokenError::NotInVariable(name.to_owned()))
}
