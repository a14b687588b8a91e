//! `teleport_workload_cluster`, a child cluster of a Teleport Cloud cluster, and the data sources that read such clusters.
//!
//! - `object`: schema, and the way between message and value.
//! - `validate`: what can be said about a configuration without asking anybody.
//! - `plan`: what the plan adds to the schema's rules; the guard of held names.
//! - `create`: creation, waiting, and going on after an interruption; `wait` is the waiting itself.
//! - `existing`: a cluster of the name that is there already.
//! - `read`: refresh and import.
//! - `delete`: deletion, and when it is refused.
//! - `data_sources`: reading one cluster, or all.

mod create;
mod data_sources;
mod delete;
mod existing;
mod object;
mod plan;
mod read;
mod validate;
mod wait;

use async_trait::async_trait;
use object::Objects;
use tfplugin::{
    Applied, Call, Create, Delete, Diagnostics, Imported, PlanKind, PlannedChange, Private,
    Resource, Schema, Update, Value,
};

pub(crate) use data_sources::{WorkloadClusterDataSource, WorkloadClustersDataSource};

use crate::{
    clusters::ProviderData,
    engine::{reported::refuse_configured, run::Run},
};

/// The resource `teleport_workload_cluster`.
pub(crate) struct WorkloadClusterResource {
    objects: Objects,
    schema: Schema,
}

impl WorkloadClusterResource {
    pub(crate) fn new() -> Self {
        let objects = Objects::new();
        Self {
            schema: objects.schema(),
            objects,
        }
    }
}

#[async_trait]
impl Resource<ProviderData> for WorkloadClusterResource {
    fn type_name(&self) -> &str {
        TYPE_NAME
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        validate::validate(config, diagnostics);
    }

    async fn plan(
        &self,
        call: &Call<ProviderData>,
        change: &mut PlannedChange,
        diagnostics: &mut Diagnostics,
    ) {
        plan::complete(change, |object| self.objects.digest(object), diagnostics);
        match change.kind {
            PlanKind::Create => {
                existing::look(&Run::plan(call), &mut change.planned, diagnostics).await;
            }
            // Of the other half of a replacement's plan core shows no warnings.
            PlanKind::Update if !change.requires_replace.is_empty() => {
                existing::look_at_new_name(&Run::plan(call), change, diagnostics).await;
            }
            _ => {}
        }
        refuse_configured(&validate::REPORTED, change, diagnostics);
    }

    async fn create(&self, call: &Call<ProviderData>, request: Create) -> Applied {
        create::create(&self.objects, call, request).await
    }

    async fn read(&self, call: &Call<ProviderData>, state: Value, private: Private) -> Applied {
        read::read(&self.objects, call, state, private).await
    }

    async fn update(&self, call: &Call<ProviderData>, request: Update) -> Applied {
        create::update(&self.objects, call, request).await
    }

    async fn delete(&self, call: &Call<ProviderData>, request: Delete) -> Diagnostics {
        delete::delete(call, request).await
    }

    async fn import(
        &self,
        call: &Call<ProviderData>,
        id: &str,
        diags: &mut Diagnostics,
    ) -> Option<Imported> {
        read::import(&self.objects, &self.schema, call, id, diags).await
    }

    fn generate(&self, config: &mut Value) {
        validate::take_out_refused(config);
    }

    fn moves_from(&self, provider: &str, type_name: &str) -> bool {
        type_name == TYPE_NAME && provider.ends_with("/gravitational/teleport")
    }
}

const TYPE_NAME: &str = "teleport_workload_cluster";
