//! The older way to join with a token of an identity provider: a request to the web API of the proxy (`hostCredentials` in
//! `lib/web/apiserver.go`, `RegisterUsingToken` in `lib/auth/join.go`).

use std::sync::Arc;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::JoinServer;
use crate::{authority::keys::PublicKeys, faults::journal::CallNote, tenant::Tenant};

/// Who wants to join, as JSON (`RegisterUsingTokenRequest` in `api/proto/teleport/legacy/types/types.proto`). What a bot does not
/// send is not read.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Register {
    role: String,
    token: String,
    node_name: String,
    public_tls_key: String,
    public_ssh_key: String,
    id_token: String,
}

/// Answers a request to the proxy of `tenant`.
pub(crate) fn answer(tenant: Arc<Tenant>, wanted: &Register) -> Response {
    let journal = &tenant.shared().journal;
    let note = CallNote::default();
    note.name(&wanted.token);
    let number = journal.began(&tenant.settings().label, RPC, "", note);
    let server = JoinServer {
        tenant: tenant.clone(),
    };
    let joined = join(&server, wanted);
    let code = joined.as_ref().err().map_or(Code::Ok, Status::code);
    journal.answered(number, code);
    match joined {
        Ok(certs) => Json(certs).into_response(),
        Err(status) => refusal(&status),
    }
}

fn join(server: &JoinServer, wanted: &Register) -> Result<Value, Status> {
    let token = server.token(&wanted.token, &wanted.role, &wanted.node_name)?;
    server.admit_id_token(&token, &wanted.id_token)?;
    let bytes = |text: &str| {
        let decoded = BASE64_STANDARD.decode(text);
        decoded.map_err(|_| Status::invalid_argument("illegal base64 data"))
    };
    let keys = PublicKeys::from_text(
        &bytes(&wanted.public_tls_key)?,
        &bytes(&wanted.public_ssh_key)?,
    )?;
    let certs = server.certs(&server.certify(&token, &keys, None)?);
    let base64 = |texts: &[Vec<u8>]| -> Vec<String> {
        texts
            .iter()
            .map(|text| BASE64_STANDARD.encode(text))
            .collect()
    };
    Ok(json!({
        "ssh": BASE64_STANDARD.encode(&certs.ssh),
        "tls": BASE64_STANDARD.encode(&certs.tls),
        "tls_ca_certs": base64(&certs.tlsca_certs),
        "ssh_ca_certs": base64(&certs.sshca_certs),
    }))
}

/// A refusal over HTTP (`WriteError` and `ErrorToCode` in gravitational/trace).
fn refusal(status: &Status) -> Response {
    let code = match status.code() {
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = json!({"error": {"message": status.message()}});
    (code, Json(body)).into_response()
}

/// Its name in the journal.
const RPC: &str = "RegisterUsingToken";
