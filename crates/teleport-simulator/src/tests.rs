//! A running simulator, dialled with plain tonic and rustls.

mod answers;
mod children;
mod cloud_clusters;
mod control;
mod dial;
mod faults;
mod join_client;
mod links;
mod objects;
mod platforms;
mod recordings;
mod residents;
mod rules;
mod ssh_client;
mod tls;
mod tools;
mod tunnel;

use teleport_proto::teleport::{
    header::v1::Metadata,
    workloadcluster::v1::{
        CreateWorkloadClusterRequest, DeleteWorkloadClusterRequest, GetWorkloadClusterRequest,
        Region as WireRegion, WorkloadCluster, WorkloadClusterSpec,
        workload_cluster_service_client::WorkloadClusterServiceClient,
    },
};
use tonic::{Code, Status, transport::Channel};

use super::*;

/// Starts a simulator with a scenario, whose identity may do everything.
async fn start(scenario: &str) -> Simulator {
    let options = Options::default().scenario(scenario.parse().unwrap());
    Simulator::start(options).await.unwrap()
}

/// A connection of the identity in `file` to the parent.
async fn channel(simulator: &Simulator, file: &Path) -> Channel {
    let identity = dial::Identity::read(file);
    let alpn = dial::auth_protocols(simulator.control.tenant().name());
    dial::channel(simulator.addresses.proxy, &identity, &alpn).await
}

/// The client of the identity in `file`.
async fn client(simulator: &Simulator, file: &Path) -> WorkloadClusterServiceClient<Channel> {
    WorkloadClusterServiceClient::new(channel(simulator, file).await)
}

/// The client of the identity that may do everything.
async fn bot(simulator: &Simulator) -> WorkloadClusterServiceClient<Channel> {
    client(simulator, simulator.identity_file()).await
}

fn cluster(name: &str) -> WorkloadCluster {
    WorkloadCluster {
        kind: "workload_cluster".to_owned(),
        version: "v1".to_owned(),
        metadata: Some(Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        }),
        spec: Some(WorkloadClusterSpec {
            regions: vec![WireRegion {
                name: "us-west-2".to_owned(),
            }],
            ..WorkloadClusterSpec::default()
        }),
        ..WorkloadCluster::default()
    }
}

fn create(name: &str) -> CreateWorkloadClusterRequest {
    CreateWorkloadClusterRequest {
        cluster: Some(cluster(name)),
    }
}

fn read(name: &str) -> GetWorkloadClusterRequest {
    GetWorkloadClusterRequest {
        name: name.to_owned(),
    }
}

fn delete(name: &str) -> DeleteWorkloadClusterRequest {
    DeleteWorkloadClusterRequest {
        name: name.to_owned(),
    }
}

fn state(cluster: &WorkloadCluster) -> &str {
    cluster.status.as_ref().map_or("", |status| &status.state)
}

fn assert_refused<T: std::fmt::Debug>(result: Result<T, Status>, code: Code, text: &str) {
    let status = result.unwrap_err();
    assert_eq!(status.code(), code, "{status}");
    assert!(status.message().contains(text), "{status}");
}
