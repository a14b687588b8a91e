//! The parent of a cluster: it may know more of the one to join.

use teleport_proto::teleport::workloadcluster::v1::WorkloadCluster;

use crate::{Address, Error, NearAddress};

/// What a join asks the parent.
#[async_trait::async_trait]
pub(crate) trait Parent: Send + Sync {
    /// The workload cluster whose domain is an address.
    async fn workload_cluster(
        &self,
        address: &Address,
    ) -> Result<Option<WorkloadCluster>, ParentError>;

    /// What an address may be that is not the domain of a workload cluster.
    async fn near_address(&self, address: &Address) -> Option<NearAddress>;

    /// Whether an address is on the parent's own host.
    fn is_at_host_of(&self, address: &Address) -> bool;
}

/// Why the parent does not answer, as its client tells it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ParentError(pub(crate) Error);
