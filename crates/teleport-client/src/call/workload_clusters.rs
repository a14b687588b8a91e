//! The calls of `teleport.workloadcluster.v1.WorkloadClusterService`.
//!
//! A cluster is searched by its address in `teleport.cloudcluster.v1.CloudClusterService` too, the service of the feature's
//! preview, so that what is in a cluster of either kind is managed in the same way.

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use teleport_proto::teleport::workloadcluster::v1::WorkloadCluster;

use crate::{
    Address, Client, Error, ErrorKind, NearAddress,
    call::{
        Call, Repeatable, method,
        pages::{self, ListRpc, Pages},
    },
    join::{Parent, ParentError},
    shown,
};

/// Workload clusters as their parent cluster keeps them. The messages are `teleport.workloadcluster.v1.WorkloadCluster`.
#[derive(Clone, Debug)]
pub struct WorkloadClusters {
    client: Client,
}

impl Client {
    /// The calls on workload clusters.
    pub fn workload_clusters(&self) -> WorkloadClusters {
        WorkloadClusters::new(self.clone())
    }
}

impl WorkloadClusters {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// `GetWorkloadCluster`: reads one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is none of that name.
    pub async fn get(&self, name: &str) -> Result<DynamicMessage, Error> {
        self.get_as(&WORKLOAD_CLUSTER, name).await
    }

    /// `ListWorkloadClusters`: reads all, page by page, in the server's order. The items may lack their status.
    ///
    /// # Errors
    ///
    /// Also when the server's pages do not end, see [`Pages::next`].
    pub async fn list(&self) -> Result<Vec<DynamicMessage>, Error> {
        self.list_as(&WORKLOAD_CLUSTER).await
    }

    /// Finds the one whose `status.domain` is an address, where a domain without a port means 443. One of the preview's kind is
    /// returned without its region.
    ///
    /// # Errors
    ///
    /// As [`WorkloadClusters::list`] and [`WorkloadClusters::get`]. That there is none is no error.
    pub async fn by_address(&self, address: &Address) -> Result<Option<WorkloadCluster>, Error> {
        let find = self.find(address, |found| found == address);
        let found = self.in_time(find).await?;
        Ok(found.and_then(as_workload_cluster))
    }

    /// The `status.domain` of the one whose domain has the host of an address, with whatever port.
    ///
    /// # Errors
    ///
    /// As [`WorkloadClusters::by_address`].
    pub async fn domain_of(&self, address: &Address) -> Result<Option<String>, Error> {
        let host = address.host();
        let find = self.find(address, |found| found.host() == host);
        let found = self.in_time(find).await?;
        Ok(found.and_then(|cluster| text(&cluster, "status", "domain")))
    }

    /// Searches under both kinds. Most servers have one of them, and an identity may have rights on one of them, so a refusal of
    /// the other one counts only where there is nothing else to say.
    async fn find(
        &self,
        address: &Address,
        is_it: impl Fn(&Address) -> bool,
    ) -> Result<Option<DynamicMessage>, Error> {
        let first = self.find_as(&WORKLOAD_CLUSTER, address, &is_it).await;
        match &first {
            Ok(None) => {}
            Err(error) if is_refusal(error) => {}
            _ => return first,
        }
        let has_kind = |found: &Result<_, Error>| !matches!(found, Err(error) if error.kind() == ErrorKind::Unimplemented);
        match self.find_as(&CLOUD_CLUSTER, address, &is_it).await {
            Ok(Some(found)) => Ok(Some(found)),
            second if !has_kind(&first) && has_kind(&second) => second,
            _ => first,
        }
    }

    async fn find_as(
        &self,
        kind: &Kind,
        address: &Address,
        is_it: impl Fn(&Address) -> bool,
    ) -> Result<Option<DynamicMessage>, Error> {
        let is_at = |cluster: &DynamicMessage| {
            let domain = text(cluster, "status", "domain");
            let domain = domain.and_then(|domain| Address::parse(&domain).ok());
            domain.is_some_and(|domain| is_it(&domain))
        };
        // A domain begins with the cluster's name, so this mostly finds it at once.
        let host = address.host();
        let guess = host.split('.').next().unwrap_or_default();
        match self.get_as(kind, guess).await {
            Ok(cluster) if is_at(&cluster) => return Ok(Some(cluster)),
            Ok(_) => {}
            // Servers refuse an invalid name before they search for it.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::InvalidArgument
                ) => {}
            Err(error) => return Err(error),
        }
        for cluster in self.list_as(kind).await? {
            if is_at(&cluster) {
                return Ok(Some(cluster));
            }
            let Some(name) = text(&cluster, "metadata", "name").filter(|name| name != guess) else {
                continue;
            };
            if text(&cluster, "status", "domain").is_some() {
                continue;
            }
            match self.get_as(kind, &name).await {
                Ok(cluster) if is_at(&cluster) => return Ok(Some(cluster)),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// What an address may be that is not the domain of a workload cluster. None if nothing is known that comes near it.
    pub async fn near_address(&self, address: &Address) -> Option<NearAddress> {
        if self.client.is_at_host_of(address) {
            return Some(NearAddress::Parent);
        }
        let host = address.host();
        let name = host.split('.').next().unwrap_or_default();
        let cluster = match self.get(name).await {
            Ok(cluster) => cluster,
            Err(_) => self.get_as(&CLOUD_CLUSTER, name).await.ok()?,
        };
        Some(NearAddress::Cluster {
            name: name.to_owned(),
            domain: shown::name(&text(&cluster, "status", "domain")?),
        })
    }

    async fn get_as(&self, kind: &Kind, name: &str) -> Result<DynamicMessage, Error> {
        let method = method(kind.list.service, kind.get);
        let mut request = DynamicMessage::new(method.input());
        request.set_field_by_name("name", Value::String(name.to_owned()));
        let call = Call::new(method, request, Repeatable::Yes);
        self.client.unary(call).await
    }

    async fn list_as(&self, kind: &Kind) -> Result<Vec<DynamicMessage>, Error> {
        Pages::new(self.client.clone(), kind.list).all().await
    }

    /// Bounds the time of several calls, as that of a list.
    async fn in_time<T>(&self, calls: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let done = tokio::time::timeout(pages::MAX_TIME, calls).await;
        done.unwrap_or_else(|_| Err(pages::too_late(&self.client, WORKLOAD_CLUSTER.list)))
    }
}

#[async_trait::async_trait]
impl Parent for Client {
    async fn workload_cluster(
        &self,
        address: &Address,
    ) -> Result<Option<WorkloadCluster>, ParentError> {
        let found = self.workload_clusters().by_address(address).await;
        found.map_err(ParentError)
    }

    async fn near_address(&self, address: &Address) -> Option<NearAddress> {
        self.workload_clusters().near_address(address).await
    }

    fn is_at_host_of(&self, address: &Address) -> bool {
        let own = self.config().address();
        own.is_some_and(|own| own.host() == address.host())
    }
}

/// A text in a message in a message. None if it is empty.
fn text(cluster: &DynamicMessage, outer: &str, inner: &str) -> Option<String> {
    let outer = cluster.get_field_by_name(outer)?;
    let inner = outer.as_message()?.get_field_by_name(inner)?;
    let text = inner.as_str()?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// Whether a server does not have a kind, or does not let the identity see it.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unimplemented
            | ErrorKind::AccessDenied
            | ErrorKind::FeatureDisabled
            | ErrorKind::NotInEdition
    )
}

/// A cluster of either kind. Both messages have the same fields on the wire, but for the region. None if the server's message is
/// malformed.
fn as_workload_cluster(mut cluster: DynamicMessage) -> Option<WorkloadCluster> {
    if cluster.has_field_by_name("spec")
        && let Some(Value::Message(spec)) = cluster.get_field_by_name_mut("spec")
    {
        spec.clear_field_by_name("auth_region");
    }
    WorkloadCluster::decode(cluster.encode_to_vec().as_slice()).ok()
}

/// A name under which a parent knows its child clusters.
struct Kind {
    get: &'static str,
    list: ListRpc,
}

const WORKLOAD_CLUSTER: Kind = Kind {
    get: "GetWorkloadCluster",
    list: ListRpc::new(
        "teleport.workloadcluster.v1.WorkloadClusterService",
        "ListWorkloadClusters",
        "clusters",
    ),
};

const CLOUD_CLUSTER: Kind = Kind {
    get: "GetCloudCluster",
    list: ListRpc::new(
        "teleport.cloudcluster.v1.CloudClusterService",
        "ListCloudClusters",
        "clusters",
    ),
};

#[cfg(test)]
mod tests;
