//! The data source `teleport_workload_clusters`: all of them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use teleport_client::{ErrorKind, WorkloadClusters};
use tfplugin::{Attribute, Block, Call, DataSource, Diagnostics, Nesting, Schema, Value};

use super::{WORKLOAD_CLUSTER, status};
use crate::{
    clusters::{ProviderData, provider_data::client},
    engine::{Shape, run::Run, shapes::results},
    errors::call_failed,
};

/// The data source `teleport_workload_clusters`.
pub(crate) struct WorkloadClustersDataSource {
    shape: Shape,
    schema: Schema,
}

impl WorkloadClustersDataSource {
    pub(crate) fn new() -> Self {
        let shape = Shape::new(WORKLOAD_CLUSTER);
        let mut attributes = results(shape.attributes());
        let name = Attribute::string()
            .computed()
            .describe("Name of the workload cluster.");
        attributes.insert("name".to_owned(), name);
        let clusters = Attribute::nested(Nesting::List, attributes)
            .computed()
            .describe("The workload clusters, in the order of their names.");
        let block = Block::new("Reads all workload clusters of the parent cluster.")
            .attribute(
                "id",
                Attribute::string()
                    .computed()
                    .describe("Always `workload_clusters`."),
            )
            .attribute("clusters", clusters);
        Self {
            shape,
            schema: Schema::new(block),
        }
    }

    /// What a list shows of a cluster may lack the status: then that cluster is read by itself.
    async fn all(&self, clusters: &WorkloadClusters) -> Result<Vec<Value>, teleport_client::Error> {
        let listed = clusters.list().await?;
        let reads = listed.into_iter().map(|cluster| async move {
            let name = self
                .shape
                .name(&self.shape.reported(&cluster))
                .unwrap_or_default();
            if !status(&cluster).state.is_empty() {
                return Ok(Some((name, cluster)));
            }
            match clusters.get(&name).await {
                Ok(cluster) => Ok(Some((name, cluster))),
                // It was deleted since the list was made.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        });
        let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        // A name that two pages show is one cluster.
        let by_name: BTreeMap<_, _> = read.into_iter().flatten().collect();
        let values = by_name.into_iter().map(|(name, cluster)| {
            let mut value = self.shape.reported(&cluster);
            value.set_field("name", name.into());
            value
        });
        Ok(values.collect())
    }
}

#[async_trait]
impl DataSource<ProviderData> for WorkloadClustersDataSource {
    fn type_name(&self) -> &str {
        "teleport_workload_clusters"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn read(
        &self,
        call: &Call<ProviderData>,
        _config: &Value,
        diags: &mut Diagnostics,
    ) -> Value {
        let run = Run::read(call);
        let Some(client) = client(&run, diags) else {
            return Value::Null;
        };
        let clusters = client.workload_clusters();
        let Some(read) = run.call(LISTING, diags, self.all(&clusters)).await else {
            return Value::Null;
        };
        match read {
            Ok(clusters) => Value::object([
                ("id", Value::from("workload_clusters")),
                ("clusters", Value::List(clusters)),
            ]),
            Err(error) => {
                call_failed(&error, LISTING, diags);
                Value::Null
            }
        }
    }
}

const LISTING: &str = "listing the workload clusters";

const AT_ONCE: usize = 10;
