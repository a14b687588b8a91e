//! `teleport_workload_cluster`, a child cluster of a Teleport Cloud cluster.

use teleport_client::{Answer, ListRpc, ObjectRpcs, Request, Rpc};
use tfplugin::{Diagnostics, Path, Validator, Value};

use super::child_cluster::{self, CHILD_CLUSTER};
use crate::{
    engine::Kind,
    errors::{self, Summary},
    mapping::Rules,
};

/// Workload clusters.
pub(crate) const WORKLOAD_CLUSTER: Kind = Kind {
    type_name: "teleport_workload_cluster",
    noun: NOUN,
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
        list: Some(ListRpc::new(SERVICE, "ListWorkloadClusters", "clusters")),
    },
    rules,
    arguments: || child_cluster::arguments(NOUN),
    validate,
    ..CHILD_CLUSTER
};

const fn rpc(name: &'static str, request: Request, answer: Answer) -> Rpc {
    Rpc::new(SERVICE, name, request, answer)
}

fn rules() -> Rules {
    child_cluster::rules("workload_cluster", NOUN)
        .required("spec.regions")
        .required("spec.regions.name")
        .validate(
            "spec.regions.name",
            Validator::new(child_cluster::region),
        )
        .describe(
            "status",
            "What Teleport Cloud reports. `{}` is accepted, as in configurations of the official provider, and sets nothing.",
        )
}

fn validate(config: &Value, diags: &mut Diagnostics) {
    child_cluster::validate(NOUN, config, diags);
    let regions = config.at(&["spec", "regions"]);
    if regions.as_elements().is_some_and(<[Value]>::is_empty) {
        errors::error(Summary::MissingAttributeValue)
            .at(Path::attributes(&["spec", "regions"]))
            .detail("A workload cluster needs at least one region: spec.regions = [{ name = \"us-west-2\" }].")
            .add(diags);
    }
}

const NOUN: &str = "workload cluster";
const SERVICE: &str = "teleport.workloadcluster.v1.WorkloadClusterService";
