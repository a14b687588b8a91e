use prost::Message;
use teleport_proto::teleport::{
    cloudcluster::v1::{
        Bot, CloudCluster, CloudClusterSpec, CloudClusterStatus, GetCloudClusterRequest,
    },
    header::v1::Metadata,
    workloadcluster::v1::{
        GetWorkloadClusterRequest, ListWorkloadClustersResponse, WorkloadCluster,
        WorkloadClusterStatus,
    },
};

use super::*;
use crate::testing::{Answer, Cluster};

fn named(name: &str) -> WorkloadCluster {
    WorkloadCluster {
        metadata: Some(Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        }),
        ..WorkloadCluster::default()
    }
}

fn page(name: &str, next: &str) -> Answer {
    let page = ListWorkloadClustersResponse {
        clusters: vec![named(name)],
        next_page_token: next.to_owned(),
        ..ListWorkloadClustersResponse::default()
    };
    Answer::Message(page.encode_to_vec())
}

/// Knows `one` at `one.example.com` and `other` at `renamed.example.com:444`. A list has no domains.
async fn with_two() -> Cluster {
    let at = |name: &str, domain: &str| {
        let status = WorkloadClusterStatus {
            domain: domain.to_owned(),
            ..WorkloadClusterStatus::default()
        };
        let cluster = WorkloadCluster {
            status: Some(status),
            ..named(name)
        };
        Answer::Message(cluster.encode_to_vec())
    };
    Cluster::auth_answering(move |path, request| {
        let name = GetWorkloadClusterRequest::decode(request).map(|request| request.name);
        match path.rsplit('/').next().unwrap() {
            "ListWorkloadClusters" => page("other", ""),
            "GetWorkloadCluster" => match name.unwrap().as_str() {
                "one" => at("one", "one.example.com"),
                "other" => at("other", "renamed.example.com:444"),
                _ => Answer::Status(tonic::Code::NotFound, "no such cluster"),
            },
            _ => Answer::Message(Vec::new()),
        }
    })
    .await
}

#[tokio::test]
async fn a_cluster_is_found_by_its_domain() {
    let cluster = with_two().await;
    let clusters = cluster.client().workload_clusters();
    let find = async |address: &str| {
        let address = Address::parse(address).unwrap();
        let found = clusters.by_address(&address).await.unwrap();
        found.map(|found| found.metadata.unwrap().name)
    };
    assert_eq!(find("one.example.com:443").await.as_deref(), Some("one"));
    assert_eq!(cluster.calls(), ["GetWorkloadCluster"]);
    assert_eq!(
        find("renamed.example.com:444").await.as_deref(),
        Some("other")
    );
    assert_eq!(find("renamed.example.com").await, None);
    assert_eq!(find("one.example.org").await, None);
}

#[tokio::test]
async fn a_domain_is_found_by_its_host() {
    let cluster = with_two().await;
    let clusters = cluster.client().workload_clusters();
    for (address, domain) in [
        ("one.example.com", Some("one.example.com")),
        ("one.example.com:1", Some("one.example.com")),
        ("renamed.example.com", Some("renamed.example.com:444")),
        ("one.example.org", None),
    ] {
        let found = clusters.domain_of(&Address::parse(address).unwrap()).await;
        assert_eq!(found.unwrap().as_deref(), domain, "{address}");
    }
}

#[tokio::test]
async fn all_pages_are_read() {
    let cluster = Cluster::auth(|path, before| match (path, before) {
        ("/proto.AuthService/Ping", _) => Answer::Message(Vec::new()),
        (_, 0) => page("one", "1"),
        (_, 1) => page("two", "2"),
        _ => page("three", ""),
    })
    .await;
    let all = cluster.client().workload_clusters().list().await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(cluster.calls().len(), 3);
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_an_error() {
    let cluster = Cluster::auth(|path, _| match path {
        "/proto.AuthService/Ping" => Answer::Message(Vec::new()),
        _ => Answer::Status(tonic::Code::Unavailable, "try again"),
    })
    .await;
    let client = cluster.client_that_waits();
    client.cluster_name().await.unwrap();
    tokio::time::pause();
    let address = Address::parse("one.example.com").unwrap();
    let error = client.workload_clusters().by_address(&address).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("within 2m"), "{error}");
}

/// Knows the cluster `a` at `a.example.com` as a cloud cluster, and answers so to calls on workload clusters.
async fn with_preview(workload: (tonic::Code, &'static str)) -> Cluster {
    let cluster = CloudCluster {
        metadata: named("a").metadata,
        spec: Some(CloudClusterSpec {
            // Not what a region of a workload cluster is on the wire.
            auth_region: "us-west-2".to_owned(),
            bot: Some(Bot {
                name: "robot".to_owned(),
            }),
            token: None,
        }),
        status: Some(CloudClusterStatus {
            state: "active".to_owned(),
            domain: "a.example.com".to_owned(),
            message: "all is well".to_owned(),
            ..CloudClusterStatus::default()
        }),
        ..CloudCluster::default()
    };
    Cluster::auth_answering(move |path, request| {
        let name = GetCloudClusterRequest::decode(request).map(|request| request.name);
        match path.rsplit('/').next().unwrap() {
            "Ping" => Answer::Message(Vec::new()),
            "GetCloudCluster" if name.unwrap() == "a" => Answer::Message(cluster.encode_to_vec()),
            "GetCloudCluster" => Answer::Status(tonic::Code::NotFound, "no such cluster"),
            "ListCloudClusters" => Answer::Message(Vec::new()),
            _ => Answer::Status(workload.0, workload.1),
        }
    })
    .await
}

#[tokio::test]
async fn a_cluster_of_the_preview_is_found_too() {
    for workload in [
        (tonic::Code::Unimplemented, "unknown service"),
        (tonic::Code::PermissionDenied, "access denied"),
    ] {
        let cluster = with_preview(workload).await;
        let clusters = cluster.client().workload_clusters();
        let address = Address::parse("a.example.com").unwrap();
        let found = clusters.by_address(&address).await.unwrap().unwrap();
        assert_eq!(found.metadata.unwrap().name, "a");
        assert_eq!(found.spec.unwrap().bot.unwrap().name, "robot");
        assert_eq!(found.status.unwrap().state, "active");
        let near = Address::parse("a.example.org").unwrap();
        assert!(clusters.near_address(&near).await.is_some());
    }
}

#[tokio::test]
async fn what_is_said_of_a_search_that_finds_nothing_is_what_the_kinds_that_there_are_say() {
    let other = Address::parse("b.example.com").unwrap();
    let find = async |cluster: &Cluster| {
        let found = cluster
            .client()
            .workload_clusters()
            .by_address(&other)
            .await;
        found.map(drop).map_err(|error| error.kind())
    };
    let preview = with_preview((tonic::Code::Unimplemented, "unknown service")).await;
    assert_eq!(find(&preview).await, Ok(()));
    let denied = with_preview((tonic::Code::PermissionDenied, "access denied")).await;
    assert_eq!(find(&denied).await, Err(ErrorKind::AccessDenied));
    let neither = Cluster::auth(|path, _| match path {
        "/proto.AuthService/Ping" => Answer::Message(Vec::new()),
        _ => Answer::Status(tonic::Code::Unimplemented, "unknown service"),
    })
    .await;
    assert_eq!(find(&neither).await, Err(ErrorKind::Unimplemented));
}
