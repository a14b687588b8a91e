//! The data sources: one workload cluster, and all.

use crate::support::{
    environment::{TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    one_cluster_is_read_by_either_way_to_name_it,
    a_cluster_that_does_not_exist_is_an_error,
    a_cluster_must_be_named_once,
    all_clusters_are_read_from_every_page_and_with_their_status,
    no_clusters_are_an_empty_list,
    a_data_source_waits_for_the_cluster_that_it_depends_on,
];

const TEAM_A: &str = r#"
[[clusters]]
name = "team-a"
spec = { regions = [{ name = "us-west-2" }], bot = { name = "terraform" } }
"#;

fn one_cluster_is_read_by_either_way_to_name_it(program: &Program) {
    let env = TestEnv::with(program, TEAM_A);
    env.configure(
        r#"
data "teleport_workload_cluster" "short" {
  name = "team-a"
}
data "teleport_workload_cluster" "long" {
  version  = "v1"
  metadata = { name = "team-a" }
}
"#,
    );
    env.apply().succeeded().without_diagnostics();
    let made = env.simulator.cluster("team-a").unwrap();
    for name in ["short", "long"] {
        let read = env
            .state()
            .get(&format!("data.teleport_workload_cluster.{name}"))
            .attributes;
        assert_eq!(read["id"], "team-a");
        assert_eq!(read["name"], "team-a");
        assert_eq!(read["metadata"]["name"], "team-a");
        assert_eq!(read["metadata"]["revision"], made.revision.as_str());
        assert_eq!(read["spec"]["regions"][0]["name"], "us-west-2");
        assert_eq!(read["spec"]["bot"]["name"], "terraform");
        assert_eq!(read["status"]["state"], "active");
        assert_eq!(read["status"]["domain"], made.domain.as_str());
    }
}

fn a_cluster_that_does_not_exist_is_an_error(program: &Program) {
    let env = TestEnv::new(program);
    env.configure("data \"teleport_workload_cluster\" \"this\" {\n  name = \"team-a\"\n}\n");
    env.plan_with(&[]).error(&["Not Found", "team-a"]);
}

fn a_cluster_must_be_named_once(program: &Program) {
    let env = TestEnv::new(program);
    for (arguments, phrase) in [
        ("", "Set the name"),
        (
            "name = \"team-a\"\n  metadata = { name = \"team-b\" }",
            "one of them only",
        ),
    ] {
        env.configure(&format!(
            "data \"teleport_workload_cluster\" \"this\" {{\n  {arguments}\n}}\n"
        ));
        env.run(&["validate", "-json"]).error(&[phrase]);
    }
}

fn all_clusters_are_read_from_every_page_and_with_their_status(program: &Program) {
    let names = ["e", "b", "d", "a", "c"];
    let clusters: String = names
        .iter()
        .map(|name| TEAM_A.replace("team-a", name))
        .collect();
    // What a list shows of a cluster may lack the status: only then is the cluster read by itself.
    for (listed, reads) in [(false, names.len()), (true, 0)] {
        let scenario = format!("page_size = 2\nlisted_status = {listed}\n{clusters}");
        let env = TestEnv::with(program, &scenario);
        env.simulator.set_state("d", "creating").unwrap();
        env.configure("data \"teleport_workload_clusters\" \"all\" {}\n");
        env.apply().succeeded().without_diagnostics();
        let read = env
            .state()
            .get("data.teleport_workload_clusters.all")
            .attributes;
        let found = read["clusters"].as_array().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|cluster| {
                (
                    cluster["name"].as_str().unwrap(),
                    cluster["status"]["state"].as_str().unwrap(),
                )
            })
            .collect();
        let expected = [
            ("a", "active"),
            ("b", "active"),
            ("c", "active"),
            ("d", "creating"),
            ("e", "active"),
        ];
        assert_eq!(found, expected);
        assert!(env.calls("ListWorkloadClusters") >= 3);
        // The apply plans, and that reads it.
        assert_eq!(env.calls("GetWorkloadCluster"), reads);
    }
}

fn no_clusters_are_an_empty_list(program: &Program) {
    let env = TestEnv::new(program);
    env.configure("data \"teleport_workload_clusters\" \"all\" {}\n");
    env.apply().succeeded().without_diagnostics();
    let read = env
        .state()
        .get("data.teleport_workload_clusters.all")
        .attributes;
    assert_eq!(read["clusters"], serde_json::json!([]));
}

fn a_data_source_waits_for_the_cluster_that_it_depends_on(program: &Program) {
    let env = TestEnv::with(program, "active_after_reads = 1");
    let look = "data \"teleport_workload_cluster\" \"this\" {\n  name = teleport_workload_cluster.this.id\n  \
                depends_on = [teleport_workload_cluster.this]\n}\n";
    env.configure(&format!("{}{look}", cluster("team-a", "")));
    env.apply().succeeded().without_diagnostics();
    let read = env
        .state()
        .get("data.teleport_workload_cluster.this")
        .attributes;
    assert_eq!(read["status"]["state"], "active");
    env.plan_is_empty().without_diagnostics();
}
