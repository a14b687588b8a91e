//! The token of a job of GitHub Actions, which GitHub issues on request.

use http::Method;

use super::{IdToken, IdTokenError, request::TokenRequest};
use crate::dial::dial_options::DialOptions;

/// Requests a token for the audience that every Teleport cluster expects (`GetIDToken` in `lib/githubactions/token_source.go` in
/// gravitational/teleport, with the variables, the headers and the field of the answer).
pub(in crate::join) async fn token(dial: &DialOptions) -> Result<IdToken, IdTokenError> {
    let request = TokenRequest {
        method: Method::GET,
        address_variable: "ACTIONS_ID_TOKEN_REQUEST_URL",
        bearer_variable: "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        parameter: ("audience", "teleport.cluster.local"),
        accept: "application/json; api-version=2.0",
        field: "value",
    };
    request.send(dial).await
}
