//! The parent of the cluster to join, which may know more about it.

use teleport_proto::teleport::workloadcluster::v1::WorkloadCluster;

use crate::{Address, Error, NearAddress};

/// The questions of a join to the parent.
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

/// Why the parent cannot be asked: the error of its client.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ParentError(pub(crate) Error);
