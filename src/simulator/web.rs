//! The proxy's web API: what a client asks before it connects.

use std::{net::SocketAddr, sync::Arc};

use axum::{Json, Router, extract::State, routing};
use serde_json::{Value, json};

use super::tenant::Tenant;

/// The web API of the proxy of `tenant`, which listens at `listen`. What it does not know is a 404.
pub(super) fn router(tenant: Arc<Tenant>, listen: SocketAddr) -> Router {
    Router::new()
        .route("/webapi/find", routing::get(find))
        .route("/webapi/ping", routing::get(ping))
        .with_state((tenant, listen))
}

type Shared = (Arc<Tenant>, SocketAddr);

async fn find(State((tenant, listen)): State<Shared>) -> Json<Value> {
    Json(answer(&tenant, listen))
}

async fn ping(State((tenant, listen)): State<Shared>) -> Json<Value> {
    let mut answer = answer(&tenant, listen);
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

const SUITE: &str = "balanced-v1";
