//! The signature and the time of a token, its issuer and its audience. The texts are those of zitadel/oidc, with which Teleport
//! verifies tokens (`ValidateToken` in `lib/oidc/token_validator.go`).

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind, jwk::JwkSet,
};
use serde_json::{Map, Value};
use tonic::Status;

use super::{
    IdTokenIssuer,
    expected::{Expected, Keys},
};

/// The claims of a token that is what is expected.
pub(super) fn claims(
    id_token: &str,
    expected: &Expected,
    issuers: &[IdTokenIssuer],
) -> Result<Map<String, Value>, Status> {
    let malformed = |_| refused("parsing of request failed");
    let header = decode_header(id_token).map_err(malformed)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(refused("signature algorithm not supported"));
    }
    let mut validation = Validation::new(header.alg);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "aud", "iss"]);
    validation.set_audience(&[&expected.audience]);
    let jwks = match &expected.keys {
        Keys::Given(jwks) => jwks,
        Keys::Of { issuer } => {
            let found = issuers.iter().find(|known| known.issuer == *issuer);
            let found = found.ok_or_else(|| {
                let text =
                    format!("discovering oidc document\n\tno issuer {issuer:?} in the scenario");
                Status::unknown(text)
            })?;
            validation.set_issuer(&[issuer]);
            &found.jwks
        }
    };
    let mut wrong = refused(NO_KEY);
    for key in serde_json::from_str::<JwkSet>(jwks).map_or(Vec::new(), |set| set.keys) {
        let is_meant = header.kid.is_none() || key.common.key_id == header.kid;
        let Some(key) = DecodingKey::from_jwk(&key).ok().filter(|_| is_meant) else {
            continue;
        };
        match decode::<Map<String, Value>>(id_token, &key, &validation) {
            Ok(token) => return Ok(token.claims),
            Err(error) => {
                let error = explain(error.kind(), expected);
                // Another key of the set may have signed it.
                if error != NO_KEY {
                    return Err(refused(&error));
                }
                wrong = refused(&error);
            }
        }
    }
    Err(wrong)
}

fn explain(error: &ErrorKind, expected: &Expected) -> String {
    let Expected { audience, keys } = expected;
    match error {
        ErrorKind::ExpiredSignature => "token has expired".to_owned(),
        ErrorKind::ImmatureSignature => "token is not valid yet (nbf)".to_owned(),
        ErrorKind::InvalidAudience => {
            format!("audience is not valid: Audience must contain client_id {audience:?}")
        }
        ErrorKind::InvalidIssuer => format!("issuer does not match: expected {keys:?}"),
        ErrorKind::MissingRequiredClaim(claim) => format!("the claim {claim} is missing"),
        _ => NO_KEY.to_owned(),
    }
}

/// The code of an error that has none of its own.
fn refused(text: &str) -> Status {
    Status::unknown(format!("verifying token\n\t{text}"))
}

const ALGORITHMS: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];
const NO_KEY: &str = "invalid signature: failed to verify id token signature";
/// Seconds, as the checks against given keys allow.
const LEEWAY: u64 = 10;
