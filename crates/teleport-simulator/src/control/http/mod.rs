//! Control from outside, over HTTP and JSON. `docs/guides/simulator.md` describes it.

mod contents;
mod guard;

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Response},
    routing,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    authority::identity::{Identity, IdentityError},
    control::{ClusterChange, Control, ControlError},
    faults::Fault,
    grpc::access::Verb,
    tenant::PARENT,
    web::listener::accept,
};

/// Serves the control API for as long as it is polled.
pub(crate) async fn serve(listener: TcpListener, control: Control) {
    let router = router(control);
    let serve = move |stream, address| {
        let service = TowerToHyperService::new(router.clone());
        async move {
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = served.await {
                tracing::debug!(%address, %error, "control: connection ended");
            }
        }
    };
    accept(listener, serve).await;
}

/// The control API without a port.
pub(crate) fn router(control: Control) -> Router {
    Router::new()
        .route("/", routing::get(page))
        .route("/clusters", routing::get(list_clusters))
        .route(
            "/clusters/{name}",
            routing::get(read_cluster)
                .post(change_cluster)
                .delete(delete_cluster),
        )
        .route("/release-name/{name}", routing::post(release_name))
        .route("/calls", routing::get(list_calls).delete(clear_calls))
        .route(
            "/faults",
            routing::get(list_faults)
                .post(add_fault)
                .delete(clear_faults),
        )
        .route("/identities", routing::post(add_identity))
        .route("/close-connections", routing::post(close_connections))
        .merge(contents::router())
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(guard::refuse_other_sites))
        .layer(middleware::map_response(guard::explain_in_json))
        .with_state(control)
}

/// An answer that is not what was asked for.
struct Refusal(StatusCode, String);

type Answer = Result<Json<Value>, Refusal>;

/// The page for a browser. It asks the rest of the control API.
async fn page() -> impl IntoResponse {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE))
}

async fn list_clusters(State(control): State<Control>) -> Answer {
    Ok(Json(json!({
        "clusters": control.clusters(),
        "held_names": control.held_names(),
    })))
}

async fn read_cluster(State(control): State<Control>, Path(name): Path<String>) -> Answer {
    match control.cluster(&name) {
        Some(cluster) => Ok(Json(json!(cluster))),
        None => Err(no_cluster(&name)),
    }
}

async fn change_cluster(
    State(control): State<Control>,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer {
    let change: ClusterChange = parse(&body)?;
    Ok(Json(json!(control.change_cluster(&name, change)?)))
}

async fn delete_cluster(State(control): State<Control>, Path(name): Path<String>) -> Answer {
    if control.delete_cluster(&name) {
        done()
    } else {
        Err(no_cluster(&name))
    }
}

async fn release_name(State(control): State<Control>, Path(name): Path<String>) -> Answer {
    if control.release_name(&name) {
        done()
    } else {
        let text = format!("name {name:?} is not held");
        Err(Refusal(StatusCode::NOT_FOUND, text))
    }
}

/// The query of `GET /calls`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calls {
    last: Option<usize>,
}

async fn list_calls(State(control): State<Control>, Query(wanted): Query<Calls>) -> Answer {
    let mut calls = control.calls();
    let last = wanted.last.unwrap_or(calls.len());
    calls.drain(..calls.len().saturating_sub(last));
    Ok(Json(json!({"calls": calls})))
}

async fn clear_calls(State(control): State<Control>) -> Answer {
    control.clear_calls();
    done()
}

async fn list_faults(State(control): State<Control>) -> Answer {
    Ok(Json(json!({"faults": control.faults()})))
}

async fn add_fault(State(control): State<Control>, body: Bytes) -> Answer {
    let fault: Fault = parse(&body)?;
    control.add_fault(fault)?;
    done()
}

async fn clear_faults(State(control): State<Control>) -> Answer {
    control.clear_faults();
    done()
}

/// The body of `POST /identities`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewIdentity {
    name: String,
    cluster: Option<String>,
    user: Option<String>,
    verbs: Option<Vec<Verb>>,
    #[serde(default)]
    rights: BTreeMap<String, Vec<Verb>>,
    expires_in_seconds: Option<i64>,
    #[serde(default)]
    foreign: bool,
}

async fn add_identity(State(control): State<Control>, body: Bytes) -> Answer {
    let new: NewIdentity = parse(&body)?;
    let mut identity = Identity::default();
    if let Some(user) = new.user {
        identity = identity.user(user);
    }
    if let Some(verbs) = new.verbs {
        identity = identity.verbs(verbs);
    }
    for (resource, verbs) in new.rights {
        identity = identity.rights(resource, verbs);
    }
    if let Some(seconds) = new.expires_in_seconds {
        identity = identity.expires_in(seconds);
    }
    if new.foreign {
        identity = identity.foreign();
    }
    let cluster = new.cluster.as_deref().unwrap_or(PARENT);
    let path = control.add_identity(cluster, &new.name, &identity)?;
    Ok(Json(json!({"identity_file": path.display().to_string()})))
}

async fn close_connections(State(control): State<Control>) -> Answer {
    control.close_connections();
    done()
}

async fn unknown() -> Refusal {
    let text = "no such path; docs/guides/simulator.md lists them";
    Refusal(StatusCode::NOT_FOUND, text.to_owned())
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let status = match error {
            ControlError::NotFound(_) => StatusCode::NOT_FOUND,
            ControlError::Invalid(_) | ControlError::TooMany(_) => StatusCode::BAD_REQUEST,
            // Such as a user's name that a server refuses.
            ControlError::Identity(IdentityError::Store(_)) => StatusCode::BAD_REQUEST,
            ControlError::Identity(IdentityError::Authority(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self(status, error.to_string())
    }
}

/// Reads JSON whatever the content type says: `curl -d` calls it a form.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    match Json::<T>::from_bytes(body) {
        Ok(Json(value)) => Ok(value),
        Err(rejection) => Err(Refusal(StatusCode::BAD_REQUEST, rejection.body_text())),
    }
}

fn no_cluster(name: &str) -> Refusal {
    let text = format!("no workload cluster {name:?}");
    Refusal(StatusCode::NOT_FOUND, text)
}

fn done() -> Answer {
    Ok(Json(json!({})))
}

const MAX_BODY_BYTES: usize = 256 * 1024;
const PAGE: &str = include_str!("page.html");
/// What the page may do: run its own script, and ask where it is from.
const POLICY: &str = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
