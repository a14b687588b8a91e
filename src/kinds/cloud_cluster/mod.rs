//! `teleport_cloud_cluster`, a child cluster by the name that workload clusters had in their preview.

use teleport_client::{Answer, ListRpc, ObjectRpcs, Request, Rpc};
use tfplugin::{Diagnostics, Validator, Value};

use super::child_cluster::{self, CHILD_CLUSTER};
use crate::{engine::Kind, mapping::Rules};

/// Cloud clusters.
pub(crate) const CLOUD_CLUSTER: Kind = Kind {
    type_name: "teleport_cloud_cluster",
    noun: NOUN,
    description: "A workload cluster, on a parent cluster that still knows it by the name of the feature's preview. Use \
                  `teleport_workload_cluster` where the parent has that kind; a `moved` block takes the state over.\n\nCreating it \
                  takes some minutes: the apply waits until it is active. Its configuration cannot be changed, so every change of \
                  `metadata`, `spec` or `version` replaces it. The name of a deleted cluster is held for 14 days.",
    rpcs: ObjectRpcs {
        message: "teleport.cloudcluster.v1.CloudCluster",
        get: rpc("GetCloudCluster", Request::Name("name"), Answer::Object),
        create: rpc(
            "CreateCloudCluster",
            Request::Object("cluster"),
            Answer::Object,
        ),
        update: None,
        masked: None,
        delete: rpc("DeleteCloudCluster", Request::Name("name"), Answer::Empty),
        list: Some(ListRpc::new(SERVICE, "ListCloudClusters", "clusters")),
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
    child_cluster::rules("cloud_cluster", NOUN)
        .required("spec.auth_region")
        .validate("spec.auth_region", Validator::new(child_cluster::region))
        .computed("status.message")
        .computed("status.state_changed_at")
}

fn validate(config: &Value, diags: &mut Diagnostics) {
    child_cluster::validate(NOUN, config, diags);
}

const NOUN: &str = "cloud cluster";
const SERVICE: &str = "teleport.cloudcluster.v1.CloudClusterService";
