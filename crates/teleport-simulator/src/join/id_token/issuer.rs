//! Identity providers, as far as a join needs them: their names and keys, and signing as they do.

use std::fmt;

use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet},
};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde::Deserialize;
use serde_json::Value;

use crate::AuthorityError;

/// An identity provider whose tokens clusters can verify.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdTokenIssuer {
    /// Its name, the claim `iss` of its tokens, such as `https://token.actions.githubusercontent.com`.
    pub issuer: String,
    /// Its public keys, a JWKS (RFC 7517) as text: what a real cluster fetches from it.
    pub jwks: String,
}

/// An identity provider with a made-up key, for tests: it signs what it is given.
pub struct IdTokenSigner {
    issuer: String,
    key: EncodingKey,
    algorithm: Algorithm,
}

impl IdTokenIssuer {
    /// Checks what types cannot. The answer is the text of the refusal.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.issuer.is_empty() || self.issuer.len() > MAX_TEXT_BYTES {
            return Err(format!("issuer: must have 1 to {MAX_TEXT_BYTES} bytes"));
        }
        if self.jwks.len() > MAX_TEXT_BYTES {
            return Err(format!("jwks: must have at most {MAX_TEXT_BYTES} bytes"));
        }
        match serde_json::from_str::<JwkSet>(&self.jwks) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("jwks: {error}")),
        }
    }
}

impl IdTokenSigner {
    /// One that signs with ES256, and has a key of its own each time.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn example(issuer: impl Into<String>) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        Ok(Self {
            issuer: issuer.into(),
            key: EncodingKey::from_ec_der(&key.serialize_der()),
            algorithm: Algorithm::ES256,
        })
    }

    /// One that signs with RS256, as most platforms do.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn example_rsa(issuer: impl Into<String>) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let pkcs8 = key.serialize_der();
        Ok(Self {
            issuer: issuer.into(),
            key: EncodingKey::from_rsa_der(&pkcs8[RSA_PKCS8_PREFIX..]),
            algorithm: Algorithm::RS256,
        })
    }

    /// What a cluster knows of it.
    #[must_use]
    pub fn issuer(&self) -> IdTokenIssuer {
        let key = Jwk::from_encoding_key(&self.key, self.algorithm);
        let keys = key.into_iter().collect();
        IdTokenIssuer {
            issuer: self.issuer.clone(),
            jwks: serde_json::to_string(&JwkSet { keys }).unwrap_or_default(),
        }
    }

    /// A token with these claims, and with `iss`, `iat`, `nbf` and `exp`, ten minutes later, where they are not among them.
    #[must_use]
    pub fn sign(&self, claims: Value) -> String {
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let mut all = serde_json::json!({
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + LIFE,
        });
        if let (Some(all), Value::Object(claims)) = (all.as_object_mut(), claims) {
            all.extend(claims);
        }
        jsonwebtoken::encode(&Header::new(self.algorithm), &all, &self.key).unwrap_or_default()
    }
}

// By hand, so that no key ends in logs.
impl fmt::Debug for IdTokenSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IdTokenSigner")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Seconds.
const LIFE: i64 = 600;
/// Length of what stands before the key of PKCS#1 in the PKCS#8 form of an RSA key of 2048 bits (RFC 5208, RFC 8017).
const RSA_PKCS8_PREFIX: usize = 26;
const MAX_TEXT_BYTES: usize = 64 * 1024;
