//! Reading an object that somebody else manages.

use std::sync::Arc;

use async_trait::async_trait;
use tfplugin::{
    Attribute, AttributeShape, Block, Call, DataSource, Diagnostics, Path, Presence, Schema, Value,
};

use super::{Kind, Shape, read::settled_read};
use crate::{
    clusters::{
        ProviderData,
        target::{CLUSTER, Target, cluster_attribute},
    },
    engine::{private_state::PrivateState, run::Run, shapes::results},
    errors::{self, Summary},
};

/// The data source of a kind.
pub(crate) struct KindDataSource {
    shape: Arc<Shape>,
    schema: Schema,
}

impl KindDataSource {
    pub(crate) fn new(kind: Kind) -> Self {
        let shape = Shape::of(kind);
        let noun = kind.noun;
        let mut block = Block::new(format!(
            "Reads a {noun} of the cluster. That there is none is an error."
        ));
        block.attributes = results(shape.attributes().clone());
        // The way in which the resource, and the official provider, name it.
        if let Some(metadata) = block.attributes.get_mut("metadata") {
            metadata.presence = Presence::OptionalComputed;
            if let AttributeShape::Nested(_, attributes) = &mut metadata.shape {
                attributes
                    .entry("name".to_owned())
                    .and_modify(|name| name.presence = Presence::OptionalComputed);
            }
        }
        for name in ["version", "kind"] {
            block
                .attributes
                .entry(name.to_owned())
                .and_modify(|attribute| attribute.presence = Presence::OptionalComputed);
        }
        let secret = |mut attribute: Attribute| {
            attribute.sensitive = kind.name_is_secret;
            attribute
        };
        let id = Attribute::string()
            .computed()
            .describe(format!("Name of the {noun}."));
        let name = Attribute::string().optional_computed().describe(format!(
            "Name of the {noun}. It can be given here or as `metadata.name`; one of the two is needed."
        ));
        let mut block = block.attribute("id", secret(id));
        if kind.in_workload_clusters {
            block = block.attribute(CLUSTER, cluster_attribute(noun));
        }
        if !shape.is_singleton() {
            block = block.attribute("name", secret(name));
        }
        Self {
            shape,
            schema: Schema::new(block),
        }
    }
}

#[async_trait]
impl DataSource<ProviderData> for KindDataSource {
    fn type_name(&self) -> &str {
        self.shape.kind.type_name
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value, diags: &mut Diagnostics) {
        if self.shape.is_singleton() {
            return;
        }
        let (short, long) = (config.field("name"), config.at(&["metadata", "name"]));
        let empty = |value: &Value| value.is_null() || value.as_str() == Some("");
        if empty(short) && empty(long) {
            errors::error(Summary::MissingAttributeValue)
                .at(Path::attribute("name"))
                .detail(format!(
                    "Set the name of the {} to read: name, or metadata = {{ name = ... }}.",
                    self.shape.kind.noun
                ))
                .add(diags);
        }
        // The cluster would get the contents as a name, and repeat them.
        for (path, value) in [
            (Path::attribute("name"), short),
            (Path::attributes(&["metadata", "name"]), long),
        ] {
            if value.as_str().is_some_and(errors::is_contents) {
                let what = "must be a name, and is the contents of a file";
                errors::error(Summary::InvalidAttributeValue)
                    .at(path.clone())
                    .detail(format!("{path} {what}."))
                    .add(diags);
            }
        }
        if let (Some(short), Some(long)) = (short.as_str(), long.as_str())
            && short != long
        {
            errors::error(Summary::InvalidAttributeCombination)
                .at(Path::attribute("name"))
                .detail("name and metadata.name differ. Set one of them only.")
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
        let Some(target) = Target::of(config, &run, diags) else {
            return Value::Null;
        };
        let short = config.field("name").as_str().map(str::to_owned);
        let name = &short
            .or_else(|| self.shape.name(config))
            .unwrap_or_default();
        let doing = format!("reading the {}", self.shape.what(name));
        let objects = target.client().objects(self.shape.kind.rpcs);
        // The same apply may have just written the object.
        let work = async {
            let write = target.own_write(self.shape.kind.noun, name).await?;
            settled_read(&self.shape, &objects, name, &Value::Null, write.as_ref()).await
        };
        match run.call(&doing, diags, work).await {
            Some(Ok(object)) => {
                let mut value = self.shape.reported(&object);
                value.set_field("id", name.as_str().into());
                if !self.shape.is_singleton() {
                    value.set_field("name", name.as_str().into());
                }
                if self.shape.kind.in_workload_clusters {
                    value.set_field(CLUSTER, config.field(CLUSTER).clone());
                }
                value
            }
            Some(Err(error)) => {
                if target
                    .is_gone(&error, &doing, &PrivateState::default(), diags)
                    .await
                {
                    target.missing(&doing, diags).await;
                }
                Value::Null
            }
            None => Value::Null,
        }
    }
}
