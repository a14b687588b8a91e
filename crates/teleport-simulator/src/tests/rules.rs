//! The server's rules, over the wire.

use teleport_proto::teleport::workloadcluster::v1::{
    ListWorkloadClustersRequest, UpdateWorkloadClusterRequest, UpsertWorkloadClusterRequest,
};

use super::*;

fn list(page_token: &str) -> ListWorkloadClustersRequest {
    ListWorkloadClustersRequest {
        page_size: 0,
        page_token: page_token.to_owned(),
    }
}

fn update(cluster: WorkloadCluster) -> UpdateWorkloadClusterRequest {
    UpdateWorkloadClusterRequest {
        cluster: Some(cluster),
    }
}

fn upsert(cluster: WorkloadCluster) -> UpsertWorkloadClusterRequest {
    UpsertWorkloadClusterRequest {
        cluster: Some(cluster),
    }
}

#[tokio::test]
async fn a_cluster_is_created_becomes_active_and_goes() {
    let simulator = start("active_after_reads = 2").await;
    let mut bot = bot(&simulator).await;
    let made = bot.create_workload_cluster(create("a")).await.unwrap();
    let made = made.into_inner();
    assert_eq!(state(&made), "creating");
    let port = simulator.addresses.proxy.port();
    let domain = made.status.unwrap().domain;
    assert_eq!(domain, format!("a.localhost:{port}"));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = bot.get_workload_cluster(read("a")).await.unwrap();
        seen.push(state(answer.get_ref()).to_owned());
    }
    assert_eq!(seen, ["creating", "creating", "active"]);
    bot.delete_workload_cluster(delete("a")).await.unwrap();
    let gone = bot.get_workload_cluster(read("a")).await;
    assert_refused(gone, Code::NotFound, "\"a\" doesn't exist");
    let again = bot.delete_workload_cluster(delete("a")).await;
    assert_refused(again, Code::NotFound, "\"a\" doesn't exist");
}

#[tokio::test]
async fn provisioning_takes_its_time() {
    let scenario: Scenario = "states = ['creating']".parse().unwrap();
    let at_once = Options::default().provisioning(std::time::Duration::ZERO);
    let simulator = Simulator::start(at_once.scenario(scenario)).await.unwrap();
    let mut bot = bot(&simulator).await;
    let made = bot.create_workload_cluster(create("a")).await.unwrap();
    assert_eq!(state(made.get_ref()), "active");

    let simulator = start("provisioning = '50ms'").await;
    let mut bot = super::bot(&simulator).await;
    let made = bot.create_workload_cluster(create("a")).await.unwrap();
    assert_eq!(state(made.get_ref()), "creating");
    let active = async {
        while state(bot.get_workload_cluster(read("a")).await.unwrap().get_ref()) != "active" {}
    };
    let limit = std::time::Duration::from_secs(5);
    tokio::time::timeout(limit, active).await.unwrap();
}

#[tokio::test]
async fn a_name_can_be_used_once_and_is_held_after_a_delete() {
    let simulator = start("held_names = ['old']").await;
    let mut bot = bot(&simulator).await;
    bot.create_workload_cluster(create("a")).await.unwrap();
    let second = bot.create_workload_cluster(create("a")).await;
    assert_refused(second, Code::AlreadyExists, "already exists");
    bot.delete_workload_cluster(delete("a")).await.unwrap();
    for name in ["a", "old"] {
        let held = bot.create_workload_cluster(create(name)).await;
        assert_refused(held, Code::AlreadyExists, "name is held");
    }
    let foreign = bot.create_workload_cluster(create("parent")).await;
    assert_refused(foreign, Code::AlreadyExists, "not available");
    assert!(simulator.release_name("a"));
    assert!(bot.create_workload_cluster(create("a")).await.is_ok());
}

#[tokio::test]
async fn what_the_rules_refuse_is_an_invalid_argument() {
    let simulator = start("").await;
    let mut bot = bot(&simulator).await;
    let nothing = CreateWorkloadClusterRequest { cluster: None };
    let nothing = bot.create_workload_cluster(nothing).await;
    assert_refused(nothing, Code::InvalidArgument, "missing workload_cluster");
    let unnamed = bot.get_workload_cluster(read("")).await;
    assert_refused(unnamed, Code::InvalidArgument, "name is required");
    let mut labelled = cluster("a");
    let labels = &mut labelled.metadata.as_mut().unwrap().labels;
    labels.insert("team".to_owned(), "a".to_owned());
    let labelled = bot.upsert_workload_cluster(upsert(labelled)).await;
    assert_refused(labelled, Code::InvalidArgument, "metadata.labels");
    let token = bot.list_workload_clusters(list("nonsense")).await;
    assert_refused(token, Code::InvalidArgument, "page_token");
    assert!(simulator.clusters().is_empty());
}

#[tokio::test]
async fn update_wants_the_current_revision_and_no_write_changes_the_spec() {
    let simulator = start("").await;
    let mut bot = bot(&simulator).await;
    let made = bot.create_workload_cluster(create("a")).await.unwrap();
    let made = made.into_inner();
    let blind = bot.update_workload_cluster(update(cluster("a"))).await;
    assert_refused(blind, Code::FailedPrecondition, "revision");
    bot.update_workload_cluster(update(made.clone()))
        .await
        .unwrap();
    let stale = bot.update_workload_cluster(update(made.clone())).await;
    assert_refused(stale, Code::FailedPrecondition, "revision");
    bot.upsert_workload_cluster(upsert(cluster("a")))
        .await
        .unwrap();
    let mut other = cluster("a");
    other.spec.as_mut().unwrap().regions[0].name = "eu-central-1".to_owned();
    let upserted = bot.upsert_workload_cluster(upsert(other.clone())).await;
    assert_refused(upserted, Code::InvalidArgument, "immutable");
    let created = CreateWorkloadClusterRequest {
        cluster: Some(other.clone()),
    };
    let created = bot.create_workload_cluster(created).await;
    assert_refused(created, Code::AlreadyExists, "a");
    let updated = bot.update_workload_cluster(update(other)).await;
    assert_refused(updated, Code::InvalidArgument, "immutable");
    let missing = bot.update_workload_cluster(update(cluster("b"))).await;
    assert_refused(missing, Code::NotFound, "\"b\" doesn't exist");
    assert!(
        bot.upsert_workload_cluster(upsert(cluster("b")))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_list_comes_in_pages_without_status() {
    let simulator = start("page_size = 2").await;
    let mut bot = bot(&simulator).await;
    for name in ["c", "a", "b"] {
        bot.create_workload_cluster(create(name)).await.unwrap();
    }
    let (mut names, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = bot.list_workload_clusters(list(&token)).await.unwrap();
        let page = page.into_inner();
        assert_eq!(page.total_count, 3);
        for item in page.clusters {
            assert!(item.status.is_none());
            names.push(item.metadata.unwrap().name);
        }
        pages += 1;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(
        (names, pages),
        (
            vec!["a", "b", "c"].into_iter().map(str::to_owned).collect(),
            2
        )
    );
}

#[tokio::test]
async fn each_call_needs_its_rights_and_no_others() {
    let simulator = start("").await;
    let needs: [(&str, &[Verb]); 6] = [
        ("get", &[Verb::Read]),
        ("create", &[Verb::Create]),
        ("list", &[Verb::Read, Verb::List]),
        ("update", &[Verb::Update]),
        ("upsert", &[Verb::Create, Verb::Update]),
        ("delete", &[Verb::Delete]),
    ];
    for (call, needed) in needs {
        let enough = Identity::default().verbs(needed.iter().copied());
        let path = simulator.add_identity("enough", &enough).unwrap();
        let code = code_of(&simulator, &path, call).await;
        assert_ne!(code, Code::PermissionDenied, "{call}");
        for missing in needed {
            let rest = Verb::ALL.into_iter().filter(|verb| verb != missing);
            let identity = Identity::default().verbs(rest);
            let path = simulator.add_identity("less", &identity).unwrap();
            let code = code_of(&simulator, &path, call).await;
            assert_eq!(code, Code::PermissionDenied, "{call} without {missing}");
        }
    }
    let powerless = simulator.data_dir().join("identity-no-rights");
    let mut client = client(&simulator, &powerless).await;
    let refused = client.get_workload_cluster(read("a")).await;
    assert_refused(refused, Code::PermissionDenied, "access denied");
}

/// What the call answers to the identity in `file`; the cluster in question does not exist.
async fn code_of(simulator: &Simulator, file: &Path, call: &str) -> Code {
    let mut client = client(simulator, file).await;
    let result = match call {
        "get" => client.get_workload_cluster(read("x")).await.map(drop),
        "create" => client.create_workload_cluster(create("")).await.map(drop),
        "list" => client.list_workload_clusters(list("")).await.map(drop),
        "update" => client
            .update_workload_cluster(update(cluster("x")))
            .await
            .map(drop),
        "upsert" => client
            .upsert_workload_cluster(upsert(cluster("")))
            .await
            .map(drop),
        "delete" => client.delete_workload_cluster(delete("x")).await.map(drop),
        other => panic!("no such call: {other}"),
    };
    result.map_or_else(|status| status.code(), |()| Code::Ok)
}

#[tokio::test]
async fn a_human_being_needs_mfa_for_writes_where_the_scenario_says_so() {
    let simulator = start("mfa_for_admin_actions = true").await;
    let human = simulator.data_dir().join("identity-human");
    let mut human = client(&simulator, &human).await;
    let text = "admin-level API request requires MFA verification";
    let refused = human.create_workload_cluster(create("a")).await;
    assert_refused(refused, Code::PermissionDenied, text);
    let mut bot = bot(&simulator).await;
    assert!(bot.create_workload_cluster(create("a")).await.is_ok());
    assert!(human.get_workload_cluster(read("a")).await.is_ok());
}

#[tokio::test]
async fn a_cluster_without_the_feature_says_so_and_names_support() {
    let simulator = start("workload_clusters_enabled = false").await;
    let mut bot = bot(&simulator).await;
    let refused = bot.get_workload_cluster(read("a")).await;
    assert_refused(
        refused,
        Code::PermissionDenied,
        "workload clusters are not enabled",
    );
    let refused = bot.list_workload_clusters(list("")).await;
    assert_refused(refused, Code::PermissionDenied, "support");
}
