//! Fuzz targets: any bytes may come in, in a scenario file or over the control API. `fuzz/README.md` says how they run.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{
    Options, Scenario,
    authority::{Authority, data::DataDir},
    children::Children,
    control::{Control, http},
    lifecycle, settings,
    tenant::{Shared, Tenant},
};

/// A scenario file. What it says is put into a cluster, or refused with an error.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match text.parse::<Scenario>() {
        Ok(scenario) => {
            let control = control_of(&scenario);
            if let Err(error) = control.apply(&scenario) {
                assert!(!error.to_string().is_empty());
            }
            let _ = control.clusters();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Requests to the control API of a new simulator, with a line `---` between them: method and path on the first line, and the
/// body on the others. No request is answered with a fault of the server, and every answer but the page is JSON.
pub fn control(bytes: &[u8]) {
    let control = control_of(&Scenario::default());
    let router = http::router(control);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the runtime must start");
    let text = String::from_utf8_lossy(bytes);
    let requests = text.split("\n---\n").take(MAX_REQUESTS).filter_map(request);
    for request in requests.chain(request("GET /clusters")) {
        let is_head = request.method() == Method::HEAD;
        let is_page = request.uri().path() == "/";
        let shown = format!("{} {}", request.method(), request.uri());
        let answered = runtime.block_on(async {
            let answer = router.clone().oneshot(request).await;
            let answer = answer.unwrap_or_else(|never| match never {});
            let status = answer.status();
            let body = to_bytes(answer.into_body(), MAX_ANSWER).await;
            (status, body.expect("an answer must be short"))
        });
        let (status, body) = answered;
        assert!(!status.is_server_error(), "{shown}: {status} {body:?}");
        let is_json = serde_json::from_slice::<Value>(&body).is_ok();
        let is_other = is_head || is_page && status == StatusCode::OK;
        assert!(is_json || is_other, "{shown}: {body:?}");
    }
}

/// One request. None if it cannot be sent over HTTP.
fn request(text: &str) -> Option<Request<Body>> {
    let (start, body) = text.split_once('\n').unwrap_or((text, ""));
    let (method, path) = start.split_once(' ')?;
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "127.0.0.1")
        .body(Body::from(body.to_owned()))
        .ok()
}

/// A parent cluster that nothing listens for.
fn control_of(scenario: &Scenario) -> Control {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 3080));
    let options = Options::default().scenario(scenario.clone());
    let lifecycle = lifecycle(&options, address);
    let authority = || Authority::make(&scenario.cluster_name).expect("keys must be made");
    let shared = Arc::new(Shared::default());
    let tenant = Arc::new(Tenant::new(
        settings(scenario, address),
        lifecycle.clone(),
        (authority(), authority()),
        shared.clone(),
    ));
    let children = Children::new(tenant.clone(), lifecycle, shared, authority());
    let data = DataDir::temporary().expect("a folder must be made");
    Control::new(tenant, Arc::new(children), Arc::new(data))
}

const MAX_REQUESTS: usize = 20;
const MAX_ANSWER: usize = 16 << 20;

#[cfg(test)]
#[path = "../../../fuzz/bounded.rs"]
mod bounded;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenario_on_bounded_inputs() {
        bounded::run("scenario", scenario, 300, &[]);
    }

    #[test]
    fn control_on_bounded_inputs() {
        bounded::run("control", control, 60, &[]);
    }
}
