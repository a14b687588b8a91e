//! The parent of a cluster: it may know more of the one to join.

use crate::{
    proto::teleport::workloadcluster::v1::WorkloadCluster,
    teleport::{Address, Kind},
};

/// What a join asks the parent.
#[async_trait::async_trait]
pub(in crate::teleport) trait Parent: Send + Sync {
    /// The workload cluster whose domain is an address.
    async fn workload_cluster(
        &self,
        address: &Address,
    ) -> Result<Option<WorkloadCluster>, ParentError>;

    /// What may have been meant by an address that is no workload cluster's, as a full sentence.
    async fn meant_by(&self, address: &Address) -> Option<String>;

    /// Whether an address is on the parent's own host.
    fn is_at_host_of(&self, address: &Address) -> bool;
}

/// Why the parent does not answer, as its client tells it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(in crate::teleport) struct ParentError {
    pub(in crate::teleport) kind: Kind,
    pub(in crate::teleport) message: String,
    /// The argument that is to blame.
    pub(in crate::teleport) attribute: Option<&'static str>,
    pub(in crate::teleport) advice: Option<String>,
}
