//! The data source of all child clusters of a kind, such as `teleport_workload_clusters`.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use teleport_client::Objects;
use tfplugin::{Attribute, Block, Call, DataSource, Diagnostics, Nesting, Schema, Value};

use crate::{
    clusters::{ProviderData, provider_data::client},
    engine::{Kind, Shape, run::Run, shapes::results, with_status},
    errors::call_failed,
};

/// The data source of all child clusters of a kind. Its name is that of the resource, in the plural.
pub(crate) struct ChildClustersDataSource {
    shape: Arc<Shape>,
    type_name: String,
    schema: Schema,
}

impl ChildClustersDataSource {
    pub(crate) fn new(kind: Kind) -> Self {
        let noun = kind.noun;
        let shape = Shape::of(kind);
        let mut attributes = results(shape.attributes().clone());
        let name = Attribute::string()
            .computed()
            .describe(format!("Name of the {noun}."));
        attributes.insert("name".to_owned(), name);
        let clusters = Attribute::nested(Nesting::List, attributes)
            .computed()
            .describe(format!("The {noun}s, in the order of their names."));
        let block = Block::new(format!("Reads all {noun}s of the parent cluster."))
            .attribute(
                "id",
                Attribute::string()
                    .computed()
                    .describe(format!("Always `{}`.", id(&kind))),
            )
            .attribute("clusters", clusters);
        Self {
            type_name: format!("{}s", kind.type_name),
            shape,
            schema: Schema::new(block),
        }
    }

    async fn all(&self, clusters: &Objects) -> Result<Vec<Value>, teleport_client::Error> {
        let listed = match clusters.pages() {
            Some(pages) => pages.all().await?,
            None => Vec::new(),
        };
        let reads = listed
            .into_iter()
            .map(|cluster| with_status(&self.shape, clusters, cluster));
        let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        // A name that two pages show is one cluster.
        let by_name: BTreeMap<_, _> = read
            .into_iter()
            .flatten()
            .map(|cluster| {
                let value = self.shape.reported(&cluster);
                (self.shape.name(&value).unwrap_or_default(), value)
            })
            .collect();
        let values = by_name.into_iter().map(|(name, mut value)| {
            value.set_field("name", name.into());
            value
        });
        Ok(values.collect())
    }
}

#[async_trait]
impl DataSource<ProviderData> for ChildClustersDataSource {
    fn type_name(&self) -> &str {
        &self.type_name
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
        let kind = &self.shape.kind;
        let doing = format!("listing the {}s", kind.noun);
        let Some(client) = client(&run, diags) else {
            return Value::Null;
        };
        let clusters = client.objects(kind.rpcs);
        let Some(read) = run.call(&doing, diags, self.all(&clusters)).await else {
            return Value::Null;
        };
        match read {
            Ok(clusters) => Value::object([
                ("id", Value::from(id(kind))),
                ("clusters", Value::List(clusters)),
            ]),
            Err(error) => {
                call_failed(&error, &doing, diags);
                Value::Null
            }
        }
    }
}

/// Always the same: there is one list.
fn id(kind: &Kind) -> String {
    format!("{}s", kind.noun.replace(' ', "_"))
}

const AT_ONCE: usize = 10;
