//! The proxy's web API: what a client asks before it connects.

pub(crate) mod listener;
pub(crate) mod proxy;
pub(crate) mod tls;
pub(crate) mod tunnel;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, Uri, header::HOST},
    response::Response,
    routing,
};
use serde_json::{Value, json};

use crate::{
    authority::keys::SUITE,
    children::{Children, DOMAIN},
    join::host_credentials::{self, Register},
    tenant::Tenant,
};

/// The web API of the proxy of `tenant`, which listens at `listen`. What it does not know is a 404.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) children: Arc<Children>,
    pub(crate) listen: SocketAddr,
}

impl Web {
    /// Its paths.
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/webapi/find", routing::get(find))
            .route("/webapi/ping", routing::get(ping))
            .route("/webapi/host/credentials", routing::post(register))
            .route("/v1/webapi/host/credentials", routing::post(register))
            .with_state(self)
    }

    /// The child that the request names as its host, or the cluster that the connection was made to.
    fn asked(&self, headers: &HeaderMap, uri: &Uri) -> Arc<Tenant> {
        let header = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = uri.host().or(header).unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let child = host.strip_suffix(DOMAIN);
        let child = child.and_then(|name| self.children.find(name));
        child.map_or_else(|| self.tenant.clone(), |child| child.tenant)
    }
}

async fn find(State(web): State<Web>, headers: HeaderMap, uri: Uri) -> Json<Value> {
    Json(answer(&web.asked(&headers, &uri), web.listen))
}

async fn ping(State(web): State<Web>, headers: HeaderMap, uri: Uri) -> Json<Value> {
    let mut answer = answer(&web.asked(&headers, &uri), web.listen);
    answer["auth"] = json!({
        "type": "local",
        "second_factor": "webauthn",
        "preferred_local_mfa": "webauthn",
        "allow_passwordless": true,
        "local": {"name": ""},
        "signature_algorithm_suite": SUITE,
    });
    Json(answer)
}

/// Joins with a token of an identity provider.
async fn register(
    State(web): State<Web>,
    headers: HeaderMap,
    uri: Uri,
    Json(wanted): Json<Register>,
) -> Response {
    host_credentials::answer(web.asked(&headers, &uri), &wanted)
}

fn answer(tenant: &Tenant, listen: SocketAddr) -> Value {
    let settings = tenant.settings();
    json!({
        "auth": {"signature_algorithm_suite": SUITE},
        "proxy": {
            "kube": {"enabled": false},
            "ssh": {
                "listen_addr": listen.to_string(),
                "tunnel_listen_addr": listen.to_string(),
                "web_listen_addr": listen.to_string(),
                "public_addr": settings.proxy_address,
                "dial_timeout": 30_000_000_000_i64,
            },
            "db": {},
            "tls_routing_enabled": settings.tls_routing,
        },
        "server_version": settings.server_version,
        "min_client_version": settings.min_client_version,
        "cluster_name": settings.name,
        "automatic_upgrades": true,
        "edition": "ent",
        "fips": false,
    })
}
