//! What holds for every request and answer of the control API.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::Refusal;

/// Refuses what the pages of other sites ask: a browser on this machine can reach the control API, and says which page asks.
pub(super) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let own = |origin: &HeaderValue| {
        let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
        origin.as_bytes().strip_prefix(b"http://") == host
    };
    if headers.get(header::ORIGIN).is_none_or(own) {
        return next.run(request).await;
    }
    let text = "requests from the pages of other sites are refused";
    Refusal(StatusCode::FORBIDDEN, text.to_owned()).into_response()
}

/// Gives an error that is not from this module, such as one about the method or the size of the body, the form of the others.
pub(super) async fn explain_in_json(answer: Response) -> Response {
    let status = answer.status();
    let is_json = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let body = to_bytes(body, MAX_TEXT_BYTES).await.unwrap_or_default();
    let text = match body.is_empty() {
        true => status.canonical_reason().unwrap_or("error").to_owned(),
        false => String::from_utf8_lossy(&body).into_owned(),
    };
    let answer = Json(json!({"error": text})).into_response();
    // Such as `Allow`, which says which methods there are.
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(answer.headers().clone());
    Response::from_parts(parts, Body::new(answer.into_body()))
}

const MAX_TEXT_BYTES: usize = 4_096;
