//! The data sources `teleport_workload_cluster` (one) and `teleport_workload_clusters` (all).

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use teleport_client::{ErrorKind, WorkloadClusters};
use tfplugin::{
    Attribute, Block, Call, DataSource, Diagnostics, Nesting, Path, Presence, Schema, Shape, Value,
};

use super::{
    object::{self, Objects},
    validate,
};
use crate::{
    clusters::{ProviderData, provider_data::client},
    engine::{run::Run, shapes::results},
    errors::{self, Summary, call_failed},
};

/// The data source `teleport_workload_cluster`.
pub(crate) struct WorkloadClusterDataSource {
    objects: Objects,
    schema: Schema,
}

/// The data source `teleport_workload_clusters`.
pub(crate) struct WorkloadClustersDataSource {
    objects: Objects,
    schema: Schema,
}

impl WorkloadClusterDataSource {
    pub(crate) fn new() -> Self {
        let objects = Objects::new();
        let mut block = Block::new(
            "Reads a workload cluster of the parent cluster. That there is none is an error.",
        );
        block.attributes = results(objects.attributes());
        // The way in which the resource, and the official provider, name it.
        if let Some(metadata) = block.attributes.get_mut("metadata") {
            metadata.presence = Presence::OptionalComputed;
            if let Shape::Nested(_, attributes) = &mut metadata.shape {
                attributes
                    .entry("name".to_owned())
                    .and_modify(|name| *name = named(name.clone().optional_computed()));
            }
        }
        for name in ["version", "kind"] {
            block
                .attributes
                .entry(name.to_owned())
                .and_modify(|attribute| attribute.presence = Presence::OptionalComputed);
        }
        let block = block
            .attribute("id", Attribute::string().computed().describe("Name of the workload cluster."))
            .attribute(
                "name",
                named(Attribute::string().optional_computed()).describe(
                    "Name of the workload cluster. It can be given here or as `metadata.name`; one of the two is needed.",
                ),
            );
        Self {
            objects,
            schema: Schema::new(block),
        }
    }
}

#[async_trait]
impl DataSource<ProviderData> for WorkloadClusterDataSource {
    fn type_name(&self) -> &str {
        "teleport_workload_cluster"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value, diags: &mut Diagnostics) {
        let (short, long) = (config.field("name"), config.at(&["metadata", "name"]));
        if short.is_null() && long.is_null() {
            errors::error(Summary::MissingAttributeValue).at(Path::attribute("name")).detail("Set the name of the workload cluster to read: name, or metadata = { name = ... }.").add(diags);
        }
        if let (Some(short), Some(long)) = (short.as_str(), long.as_str())
            && short != long
        {
            errors::error(Summary::InvalidAttributeCombination)
                .at(Path::attribute("name"))
                .detail(format!(
                    "name is {short:?} and metadata.name is {long:?}. Set one of them only."
                ))
                .add(diags);
        }
    }

    async fn read(
        &self,
        call: &Call<ProviderData>,
        config: &Value,
        diags: &mut Diagnostics,
    ) -> Value {
        let run = Run::read(call);
        let Some(client) = client(&run, diags) else {
            return Value::Null;
        };
        let name = config
            .field("name")
            .as_str()
            .or_else(|| config.at(&["metadata", "name"]).as_str())
            .unwrap_or_default();
        let doing = format!("reading the workload cluster {name:?}");
        let clusters = client.workload_clusters();
        let Some(read) = run.call(&doing, diags, clusters.get(name)).await else {
            return Value::Null;
        };
        match read {
            Ok(cluster) => {
                let mut value = self.objects.reported(&cluster);
                value.set_field("id", name.into());
                value.set_field("name", name.into());
                value
            }
            Err(error) => {
                call_failed(&error, &doing, diags);
                Value::Null
            }
        }
    }
}

impl WorkloadClustersDataSource {
    pub(crate) fn new() -> Self {
        let objects = Objects::new();
        let mut attributes = results(objects.attributes());
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
            objects,
            schema: Schema::new(block),
        }
    }

    /// Reads each by itself: what a list shows of a cluster may lack the status.
    async fn all(&self, clusters: &WorkloadClusters) -> Result<Vec<Value>, teleport_client::Error> {
        let listed = clusters.list().await?;
        let names: BTreeMap<String, ()> = listed
            .iter()
            .filter_map(|cluster| Some((object::name(&self.objects.reported(cluster))?, ())))
            .collect();
        let reads = stream::iter(names.into_keys().map(|name| async move {
            match clusters.get(&name).await {
                Ok(cluster) => Ok(Some((name, cluster))),
                // It was deleted since the list was made.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        }));
        let read: Vec<_> = reads.buffered(AT_ONCE).try_collect().await?;
        let values = read.into_iter().flatten().map(|(name, cluster)| {
            let mut value = self.objects.reported(&cluster);
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

fn named(attribute: Attribute) -> Attribute {
    attribute.validate(validate::check_name)
}

const LISTING: &str = "listing the workload clusters";

const AT_ONCE: usize = 10;
