//! `proto.AuthService`, as far as the simulator has it.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{auth::Peer, tenant::Tenant};
use crate::proto::auth::{Features, PingRequest, PingResponse, auth_service_server::AuthService};

/// The service of one cluster.
pub(super) struct Ping {
    tenant: Arc<Tenant>,
}

impl Ping {
    pub(super) fn new(tenant: Arc<Tenant>) -> Self {
        Self { tenant }
    }
}

#[tonic::async_trait]
impl AuthService for Ping {
    async fn ping(&self, request: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        let peer = request.extensions().get::<Peer>();
        let settings = self.tenant.settings();
        Ok(Response::new(PingResponse {
            cluster_name: settings.name.clone(),
            server_version: settings.server_version.clone(),
            server_features: Some(Features {
                cloud: true,
                ..Features::default()
            }),
            proxy_public_addr: settings.proxy_address.clone(),
            is_boring: false,
            remote_addr: peer
                .map(|peer| peer.address().to_string())
                .unwrap_or_default(),
            ..PingResponse::default()
        }))
    }
}
