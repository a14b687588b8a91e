//! The token of a run of Azure Pipelines, which Azure DevOps issues on request.

use http::Method;

use super::{IdToken, IdTokenError, request::TokenRequest};
use crate::dial::dial_options::DialOptions;

/// Requests a token. Its audience is always `api://AzureADTokenExchange` (`GetIDToken` in `lib/azuredevops/token_source.go` in
/// gravitational/teleport, with the variables and the field of the answer; newer releases have it in `lib/join/azuredevops`).
pub(in crate::join) async fn token(dial: &DialOptions) -> Result<IdToken, IdTokenError> {
    let request = TokenRequest {
        method: Method::POST,
        address_variable: "SYSTEM_OIDCREQUESTURI",
        bearer_variable: "SYSTEM_ACCESSTOKEN",
        parameter: ("api-version", "7.1"),
        accept: "application/json",
        field: "oidcToken",
    };
    request.send(dial).await
}
