//! `teleport_workload_cluster`, a child cluster of a Teleport Cloud cluster, as resource and as data source.
//!
//! - `validate`: what can be said about a configuration without asking anybody.
//! - `plan`, `wait`, `delete`: what it adds to the engine, before a create, until it is active, and before a delete.
//! - `clusters`: the data source of all workload clusters.

mod clusters;
mod delete;
mod plan;
mod validate;
mod wait;

use async_trait::async_trait;
use prost_reflect::DynamicMessage;
use teleport_client::{Answer, Error, ListRpc, ObjectRpcs, Request, Rpc};
use teleport_proto::teleport::workloadcluster::v1::{WorkloadCluster, WorkloadClusterStatus};
use tfplugin::{Attribute, Delete, Diagnostics, Path, PlannedChange, Validator};

pub(crate) use clusters::WorkloadClustersDataSource;

use crate::{
    engine::{Followed, Kind, Lifecycle, Pending, private_state::Planned, run::Run, timeouts},
    errors::{self, Summary, chain},
    mapping::Rules,
};

/// Workload clusters.
pub(crate) const WORKLOAD_CLUSTER: Kind = Kind {
    type_name: "teleport_workload_cluster",
    noun: "workload cluster",
    description: "A Teleport Cloud cluster that belongs to another one, its parent. Creating it takes some minutes: the apply waits \
                  until it is active.\n\nIts configuration cannot be changed, so every change of `metadata`, `spec` or `version` \
                  replaces it. The name of a deleted cluster is held for 14 days.",
    rpcs: ObjectRpcs {
        message: "teleport.workloadcluster.v1.WorkloadCluster",
        get: rpc("GetWorkloadCluster", Request::Name("name"), Answer::Object),
        create: rpc(
            "CreateWorkloadCluster",
            Request::Object("cluster"),
            Answer::Object,
        ),
        update: None,
        masked: None,
        delete: rpc(
            "DeleteWorkloadCluster",
            Request::Name("name"),
            Answer::Empty,
        ),
        list: Some(ListRpc::new(
            "teleport.workloadcluster.v1.WorkloadClusterService",
            "ListWorkloadClusters",
            "clusters",
        )),
    },
    in_workload_clusters: false,
    rules,
    arguments,
    read_only: &["metadata.namespace", "metadata.revision", "status"],
    validate: validate::validate,
    lifecycle: Some(&Hooks),
    ..Kind::DEFAULT
};

const fn rpc(name: &'static str, request: Request, answer: Answer) -> Rpc {
    Rpc::new(
        "teleport.workloadcluster.v1.WorkloadClusterService",
        name,
        request,
        answer,
    )
}

fn rules() -> Rules {
    let checks: [(&str, validate::Check); 8] = [
        ("kind", validate::kind),
        ("version", validate::version),
        ("metadata.name", validate::name),
        ("spec.bot.name", validate::bot_name),
        ("spec.regions.name", validate::region),
        ("spec.token.join_method", validate::join_method),
        ("spec.token.allow.aws_account", validate::account),
        ("spec.token.allow.aws_arn", validate::arn),
    ];
    let rules = Rules::new()
        .default_to("kind", validate::KIND)
        .default_to("version", validate::VERSION)
        .requires_replace("version")
        .requires_replace("sub_kind")
        .requires_replace("metadata")
        .requires_replace("spec")
        .required("metadata")
        .required("metadata.name")
        .omit("metadata.id")
        .required("spec")
        .required("spec.regions")
        .required("spec.regions.name")
        .required("spec.bot.name")
        .required("spec.token.join_method")
        .required("spec.token.allow")
        .computed("status.state")
        .computed("status.domain")
        .describe(
            "metadata.name",
            "Name of the workload cluster: lower-case letters, digits and `-`, at most 63. It becomes the first label of the \
             domain.",
        )
        .describe(
            "status",
            "What Teleport Cloud reports. `{}` is accepted, as in configurations of the official provider, and sets nothing.",
        );
    let none = "Workload clusters have none, and Teleport refuses it.";
    let rules = [
        "sub_kind",
        "metadata.description",
        "metadata.labels",
        "metadata.expires",
        "metadata.namespace",
    ]
    .into_iter()
    .fold(rules, |rules, path| rules.describe(path, none));
    checks.into_iter().fold(rules, |rules, (path, check)| {
        rules.validate(path, Validator::new(check))
    })
}

fn arguments() -> Vec<(&'static str, Attribute)> {
    vec![
        ("timeouts", timeouts::attribute(&[("create", "15m")])),
        (
            DELETION_PROTECTION,
            Attribute::bool().describe("Whether to refuse to destroy the workload cluster. Default: `false`."),
        ),
        (
            ALLOW_SAME_NAME,
            Attribute::bool().describe(
                "Whether a replacement may destroy the workload cluster and create another one of the same name. This cannot work on \
                 Teleport Cloud, which holds the names of deleted clusters for 14 days: the tenant would be gone. So such a \
                 replacement is refused before anything is deleted, unless this is `true`. Default: `false`.",
            ),
        ),
    ]
}

/// What workload clusters add to the engine.
struct Hooks;

#[async_trait]
impl Lifecycle for Hooks {
    async fn plan(&self, run: &Run, change: &mut PlannedChange, diags: &mut Diagnostics) {
        plan::complete(run, change, diags).await;
    }

    fn is_ready(&self, cluster: &DynamicMessage) -> bool {
        wait::State::of(&status(cluster)) == wait::State::Active
    }

    async fn until_ready(&self, pending: Pending<'_>, diags: &mut Diagnostics) -> Followed {
        wait::until_ready(pending, diags).await
    }

    fn name_refused(&self, name: &str, error: &Error) -> errors::Builder {
        errors::error(Summary::WorkloadClusterNameNotAvailable)
            .at(Path::attributes(&["metadata", "name"]))
            .detail(format!(
                "No workload cluster {name:?} can be seen, but the name cannot be used: {}.",
                chain(error)
            ))
            .detail(
                "Teleport Cloud holds the name of a deleted cluster for 14 days; its support can restore the cluster or release \
                 the name. The name may also belong to another customer. Use another metadata.name.",
            )
    }

    async fn before_delete(
        &self,
        run: &Run,
        delete: &Delete,
        planned: Option<&Planned>,
        diags: &mut Diagnostics,
    ) -> bool {
        delete::may_go_on(run, delete, planned, diags).await
    }

    fn deleted(&self, name: &str) -> errors::Builder {
        errors::warning(Summary::WorkloadClusterNameHeld).detail(format!(
            "The workload cluster {name:?} is suspended and will be deleted. For 14 days its name cannot be used again, and \
             Teleport's support can restore it."
        ))
    }
}

/// What the server reports of a cluster. Empty where the message has no status.
fn status(cluster: &DynamicMessage) -> WorkloadClusterStatus {
    let cluster: WorkloadCluster = cluster.transcode_to().unwrap_or_default();
    cluster.status.unwrap_or_default()
}

const DELETION_PROTECTION: &str = "deletion_protection";
const ALLOW_SAME_NAME: &str = "allow_same_name_replacement";
