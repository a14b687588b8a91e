//! Taking a workload cluster into the state.

use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    an_import_block_takes_a_cluster_in_and_nothing_is_left_to_do,
    the_import_command_takes_a_cluster_in_and_nothing_is_left_to_do,
    an_imported_cluster_that_is_not_active_yet_is_waited_for,
    a_name_that_does_not_exist_cannot_be_imported,
    an_import_id_that_is_no_name_is_explained,
];

const BLOCK: &str = "import {\n  to = teleport_workload_cluster.this\n  id = \"team-a\"\n}\n";

fn an_import_block_takes_a_cluster_in_and_nothing_is_left_to_do(program: &Program) {
    let env = TestEnv::with_team_a(program);
    env.configure(&format!("{BLOCK}{}", cluster("team-a", "")));
    let planned = env.plan_with(&[]);
    planned.clone().without_diagnostics();
    assert_eq!(
        planned.planned(),
        [(CLUSTER.to_owned(), "import".to_owned())],
        "{planned}"
    );
    env.apply().succeeded().without_diagnostics();
    let stored = env.state().get(CLUSTER).attributes;
    assert_eq!(stored["ready"], true);
    assert_eq!(stored["status"]["state"], "active");
    assert_eq!(env.calls("CreateWorkloadCluster"), 0);
    env.plan_is_empty().without_diagnostics();
}

fn the_import_command_takes_a_cluster_in_and_nothing_is_left_to_do(program: &Program) {
    let env = TestEnv::with_team_a(program);
    env.configure(&cluster("team-a", ""));
    env.run(&["import", CLUSTER, "team-a"]).succeeded();
    let stored = env.state().get(CLUSTER).attributes;
    assert_eq!(stored["ready"], true);
    assert_eq!(stored["id"], "team-a");
    env.plan_is_empty().without_diagnostics();
}

fn an_imported_cluster_that_is_not_active_yet_is_waited_for(program: &Program) {
    let env = TestEnv::with_team_a(program);
    env.simulator.set_state("team-a", "creating").unwrap();
    env.configure(&cluster("team-a", ""));
    env.run(&["import", CLUSTER, "team-a"]).succeeded();
    assert_eq!(
        env.state().get(CLUSTER).attributes["ready"],
        serde_json::Value::Null
    );

    assert_eq!(
        env.plan().planned(),
        [(CLUSTER.to_owned(), "update".to_owned())]
    );
    env.simulator.set_state("team-a", "active").unwrap();
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(env.state().get(CLUSTER).attributes["ready"], true);
    env.plan_is_empty().without_diagnostics();
}

fn a_name_that_does_not_exist_cannot_be_imported(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&format!("{BLOCK}{}", cluster("team-a", "")));
    env.plan_with(&[])
        .error(&["Not Found", "no workload cluster \"team-a\"", "its name"]);
}

fn an_import_id_that_is_no_name_is_explained(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", ""));
    let outcome = env.run(&["import", CLUSTER, "Team A"]).failed();
    for phrase in ["Invalid Import ID", "Team A", "a-z"] {
        assert!(outcome.stderr.contains(phrase), "{phrase:?}: {outcome}");
    }
}
