//! `teleport.presence.v1.PresenceService`: other clusters that a cluster trusts (`lib/auth/presence/presencev1`).

use std::sync::Arc;

use teleport_proto::teleport::presence::v1::{
    ListRemoteClustersRequest, ListRemoteClustersResponse, presence_service_server::PresenceService,
};
use tonic::{Request, Response, Status};

use crate::{
    grpc::{
        access::{REMOTE_CLUSTER, Verb},
        peer,
    },
    tenant::Tenant,
};

/// The service of one cluster. A workload cluster is no remote cluster: it stands by itself.
pub(crate) struct Service {
    tenant: Arc<Tenant>,
}

impl Service {
    pub(crate) fn new(tenant: Arc<Tenant>) -> Self {
        Self { tenant }
    }
}

#[tonic::async_trait]
impl PresenceService for Service {
    async fn list_remote_clusters(
        &self,
        request: Request<ListRemoteClustersRequest>,
    ) -> Result<Response<ListRemoteClustersResponse>, Status> {
        let caller = peer::caller(&request)?;
        self.tenant
            .authorize(caller, REMOTE_CLUSTER, &[Verb::List])?;
        Ok(Response::new(ListRemoteClustersResponse::default()))
    }
}
