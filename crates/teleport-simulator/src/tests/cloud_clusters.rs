//! Cloud clusters: workload clusters by the name of their preview.

use teleport_proto::teleport::{
    cloudcluster::v1::{
        CloudCluster, CloudClusterSpec, CreateCloudClusterRequest, DeleteCloudClusterRequest,
        GetCloudClusterRequest, ListCloudClustersRequest, UpsertCloudClusterRequest,
        cloud_cluster_service_client::CloudClusterServiceClient,
    },
    workloadcluster::v1::ListWorkloadClustersRequest,
};

use super::*;

async fn preview(simulator: &Simulator) -> CloudClusterServiceClient<Channel> {
    CloudClusterServiceClient::new(channel(simulator, simulator.identity_file()).await)
}

fn cloud(name: &str, region: &str) -> CloudCluster {
    CloudCluster {
        metadata: cluster(name).metadata,
        spec: Some(CloudClusterSpec {
            auth_region: region.to_owned(),
            ..CloudClusterSpec::default()
        }),
        ..CloudCluster::default()
    }
}

fn create_cloud(name: &str, region: &str) -> CreateCloudClusterRequest {
    CreateCloudClusterRequest {
        cluster: Some(cloud(name, region)),
    }
}

fn read_cloud(name: &str) -> GetCloudClusterRequest {
    GetCloudClusterRequest {
        name: name.to_owned(),
    }
}

#[tokio::test]
async fn both_kinds_show_the_same_clusters() {
    let simulator = start("cloud_clusters_enabled = true\nprovisioning = '0s'").await;
    let (mut old, mut new) = (preview(&simulator).await, bot(&simulator).await);
    let made = old.create_cloud_cluster(create_cloud("a", "eu-central-1"));
    let made = made.await.unwrap().into_inner();
    assert_eq!(
        (made.kind.as_str(), made.version.as_str()),
        ("cloud_cluster", "v1")
    );
    let status = made.status.unwrap();
    assert_eq!(status.state, "active");
    let seen = new.get_workload_cluster(read("a")).await.unwrap();
    let seen = seen.into_inner();
    assert_eq!(seen.kind, "workload_cluster");
    assert_eq!(seen.metadata, made.metadata);
    assert_eq!(seen.status.as_ref().unwrap().domain, status.domain);
    assert_eq!(seen.spec.unwrap().regions[0].name, "eu-central-1");

    new.create_workload_cluster(create("b")).await.unwrap();
    let seen = old.get_cloud_cluster(read_cloud("b")).await.unwrap();
    let seen = seen.into_inner();
    assert_eq!(seen.spec.unwrap().auth_region, "us-west-2");
    let page = old.list_cloud_clusters(ListCloudClustersRequest::default());
    assert_eq!(page.await.unwrap().into_inner().clusters.len(), 2);
    assert!(
        simulator
            .object("parent", "cloud_cluster", "b")
            .unwrap()
            .is_some()
    );

    let delete = DeleteCloudClusterRequest {
        name: "b".to_owned(),
    };
    old.delete_cloud_cluster(delete).await.unwrap();
    let gone = new.get_workload_cluster(read("b")).await;
    assert_refused(gone, Code::NotFound, "workload_cluster \"b\"");
    assert_eq!(simulator.held_names(), ["b"]);
}

#[tokio::test]
async fn the_preview_shows_the_message_and_when_the_state_changed() {
    let simulator = start("cloud_clusters_enabled = true\nprovisioning = '1h'").await;
    let mut old = preview(&simulator).await;
    let made = old.create_cloud_cluster(create_cloud("a", "us-west-2"));
    let before = made.await.unwrap().into_inner().status.unwrap();
    assert_eq!(
        (before.state.as_str(), before.message.as_str()),
        ("creating", "")
    );
    let again = old.get_cloud_cluster(read_cloud("a")).await.unwrap();
    assert_eq!(again.into_inner().status.unwrap(), before);
    let failed = ClusterChange {
        state: Some("error".to_owned()),
        message: Some("no capacity".to_owned()),
        ..ClusterChange::default()
    };
    simulator.change_cluster("a", failed).unwrap();
    let after = old.get_cloud_cluster(read_cloud("a")).await.unwrap();
    let after = after.into_inner().status.unwrap();
    assert_eq!(
        (after.state.as_str(), after.message.as_str()),
        ("error", "no capacity")
    );
    let at = |time: Option<prost_types::Timestamp>| time.map(|at| (at.seconds, at.nanos));
    assert!(at(after.state_changed_at) > at(before.state_changed_at));
}

#[tokio::test]
async fn refusals_are_in_the_words_of_the_preview() {
    let simulator = start("cloud_clusters_enabled = true").await;
    let mut old = preview(&simulator).await;
    old.create_cloud_cluster(create_cloud("a", "us-west-2"))
        .await
        .unwrap();
    let missing = old.get_cloud_cluster(read_cloud("b")).await;
    assert_refused(missing, Code::NotFound, "cloud_cluster \"b\" doesn't exist");
    let second = old
        .create_cloud_cluster(create_cloud("a", "us-west-2"))
        .await;
    assert_refused(second, Code::AlreadyExists, "cloud_cluster \"a\" already");
    let nowhere = old.create_cloud_cluster(create_cloud("b", "")).await;
    assert_refused(
        nowhere,
        Code::InvalidArgument,
        "spec.auth_region is required",
    );
    let moved = UpsertCloudClusterRequest {
        cluster: Some(cloud("a", "us-east-1")),
    };
    let moved = old.upsert_cloud_cluster(moved).await;
    assert_refused(
        moved,
        Code::InvalidArgument,
        "cloud_cluster \"a\" is immutable",
    );
    let nobody = simulator
        .identity_file()
        .with_file_name("identity-no-rights");
    let mut nobody = CloudClusterServiceClient::new(channel(&simulator, &nobody).await);
    let denied = nobody.get_cloud_cluster(read_cloud("a")).await;
    assert_refused(denied, Code::PermissionDenied, "on \"cloud_cluster\"");
}

#[tokio::test]
async fn a_cluster_may_be_known_to_the_preview_alone() {
    let simulator = start(
        "cloud_clusters_enabled = true\n[[clusters]]\nname = 'a'\npreview_only = true\nspec = { regions = [{ name = 'us-west-2' }] }",
    )
    .await;
    let (mut old, mut new) = (preview(&simulator).await, bot(&simulator).await);
    assert!(old.get_cloud_cluster(read_cloud("a")).await.is_ok());
    let hidden = new.get_workload_cluster(read("a")).await;
    assert_refused(hidden, Code::NotFound, "doesn't exist");
    let page = new.list_workload_clusters(ListWorkloadClustersRequest::default());
    assert!(page.await.unwrap().into_inner().clusters.is_empty());
    let hidden = new.delete_workload_cluster(delete("a")).await;
    assert_refused(hidden, Code::NotFound, "doesn't exist");
    assert!(simulator.cluster("a").unwrap().preview_only);
}

#[tokio::test]
async fn servers_have_one_kind_or_the_other() {
    let simulator = start("").await;
    let mut old = preview(&simulator).await;
    let refused = old.get_cloud_cluster(read_cloud("a")).await;
    assert_refused(refused, Code::Unimplemented, "teleport.cloudcluster.v1");
    let simulator = start(
        "cloud_clusters_enabled = true\nworkload_cluster_kind = false\nworkload_clusters_enabled = false",
    )
    .await;
    let refused = bot(&simulator).await.get_workload_cluster(read("a")).await;
    assert_refused(refused, Code::Unimplemented, "teleport.workloadcluster.v1");
    let mut old = preview(&simulator).await;
    let missing = old.get_cloud_cluster(read_cloud("a")).await;
    assert_refused(missing, Code::NotFound, "doesn't exist");
}
