//! Joining with a token of an identity provider: who issued it, for whom, and what it says (`lib/join` in
//! gravitational/teleport, one folder for each platform).

mod expected;
mod issuer;
mod rules;
#[cfg(test)]
mod tests;
mod verify;

use tonic::Status;

pub use self::issuer::{IdTokenIssuer, IdTokenSigner};
use super::BotToken;

/// Checks the token of a client that joins with `token` the cluster `cluster`, which knows these issuers.
pub(super) fn admit(
    token: &BotToken,
    cluster: &str,
    id_token: &str,
    issuers: &[IdTokenIssuer],
) -> Result<(), Status> {
    let expected = expected::of(token, cluster)?;
    let claims = verify::claims(id_token, &expected, issuers)?;
    rules::check(token, &claims)
}
