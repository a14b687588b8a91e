//! The token of a Kubernetes service account, in a file that Kubernetes writes into the pod and renews.

use std::path::PathBuf;

use secrecy::ExposeSecret;
use tokio::io::AsyncReadExt;

use super::{IdToken, IdTokenError, MAX_TOKEN};
use crate::join::environment::Environment;

/// Reads the token (`GetIDToken` in `lib/kube/token/source.go` in gravitational/teleport, with the variable and the path).
pub(in crate::join) async fn token(environment: &Environment) -> Result<IdToken, IdTokenError> {
    let given = environment.get(VARIABLE);
    let path = given
        .as_ref()
        .map_or(DEFAULT_PATH, |path| path.expose_secret().trim());
    let path = PathBuf::from(path);
    match read(&path).await {
        Ok(text) => IdToken::parse(&text).ok_or(IdTokenError::NotInFile(path)),
        Err(error) => Err(IdTokenError::Unreadable { path, error }),
    }
}

/// A little more than a token is long, so that a longer file is not taken for one.
async fn read(path: &PathBuf) -> std::io::Result<String> {
    let file = tokio::fs::File::open(path).await?;
    let mut bytes = Vec::new();
    let limit = MAX_TOKEN as u64 + 2;
    file.take(limit).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

const VARIABLE: &str = "KUBERNETES_TOKEN_PATH";
const DEFAULT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
