//! `teleport_workload_cluster`, a child cluster of a Teleport Cloud cluster.

use serde_json::{Value as Json, json};
use teleport_client::{Answer, ListRpc, ObjectRpcs, Request, Rpc};
use tfplugin::{Diagnostics, Path, Validator, Value};

use super::{
    child_cluster::{self, CHILD_CLUSTER},
    cloud_cluster::CLOUD_CLUSTER,
};
use crate::{
    engine::{Former, Kind},
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
    former: Some(Former {
        type_name: CLOUD_CLUSTER.type_name,
        state: of_cloud_cluster,
    }),
    ..CHILD_CLUSTER
};

const fn rpc(name: &'static str, request: Request, answer: Answer) -> Rpc {
    Rpc::new(SERVICE, name, request, answer)
}

fn rules() -> Rules {
    child_cluster::rules(KIND, NOUN)
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

/// The state of a cloud cluster as that of a workload cluster. Its status has more, which the schema does not have.
fn of_cloud_cluster(mut state: Json) -> Json {
    if let Some(kind) = state.get_mut("kind").filter(|kind| kind.is_string()) {
        *kind = KIND.into();
    }
    if let Some(Json::Object(spec)) = state.get_mut("spec")
        && let Some(region) = spec.remove("auth_region")
    {
        spec.insert("regions".to_owned(), json!([{ "name": region }]));
    }
    state
}

const KIND: &str = "workload_cluster";
const NOUN: &str = "workload cluster";
const SERVICE: &str = "teleport.workloadcluster.v1.WorkloadClusterService";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_cloud_cluster_becomes_that_of_a_workload_cluster() {
        let moved = of_cloud_cluster(json!({
            "kind": "cloud_cluster",
            "metadata": { "name": "a" },
            "spec": { "auth_region": "us-west-2", "bot": { "name": "b" } },
            "ready": true,
        }));
        let expected = json!({
            "kind": "workload_cluster",
            "metadata": { "name": "a" },
            "spec": { "regions": [{ "name": "us-west-2" }], "bot": { "name": "b" } },
            "ready": true,
        });
        assert_eq!(moved, expected);
    }

    #[test]
    fn a_damaged_state_is_no_panic() {
        for damaged in [
            json!(null),
            json!("text"),
            json!([1]),
            json!({ "kind": null, "spec": "text" }),
            json!({ "kind": 1, "spec": null }),
        ] {
            assert_eq!(of_cloud_cluster(damaged.clone()), damaged);
        }
    }
}
