//! Making a workload cluster.

use crate::support::{
    environment::{CLUSTER, OUTPUTS, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    outcome::Diagnostic,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    create_waits_until_the_cluster_is_active_and_stores_what_is_read_then,
    a_cluster_that_is_active_at_once_is_read_once_more,
    answers_without_a_status_and_unknown_states_are_waited_out,
    the_least_configuration_is_enough,
    provider_arguments_change_in_place_without_a_write,
    an_existing_cluster_is_not_taken_over_and_the_error_shows_the_import_block,
    a_held_name_is_refused_and_explained,
];

fn create_waits_until_the_cluster_is_active_and_stores_what_is_read_then(program: &Program) {
    let env = TestEnv::with(program, "active_after_reads = 2");
    env.configure(&format!("{}{OUTPUTS}", cluster("team-a", "")));
    env.apply().succeeded().without_diagnostics();

    let state = env.state();
    assert_eq!(state.output("state"), "active");
    let domain = env.simulator.cluster("team-a").unwrap().domain;
    assert_eq!(state.output("domain"), domain.as_str());
    assert_eq!(state.output("ready"), true);
    let stored = state.get(CLUSTER);
    assert!(!stored.tainted);
    assert_eq!(stored.attributes["id"], "team-a");
    assert_eq!(stored.attributes["kind"], "workload_cluster");
    assert_eq!(stored.attributes["version"], "v1");
    assert!(stored.attributes["metadata"]["revision"].is_null());
    assert_eq!(env.calls("CreateWorkloadCluster"), 1);

    env.plan_is_empty().without_diagnostics();
}

fn a_cluster_that_is_active_at_once_is_read_once_more(program: &Program) {
    let env = TestEnv::with(program, "active_after_reads = 0\nread_lag = \"1ms\"");
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded().without_diagnostics();
    let calls = env.simulator.calls().into_iter().map(|call| call.rpc);
    let calls: Vec<_> = calls
        .filter(|rpc| rpc.ends_with("WorkloadCluster"))
        .collect();
    let (get, create) = ("GetWorkloadCluster", "CreateWorkloadCluster");
    // Both plans look whether the name is free; the apply makes two.
    assert_eq!(calls, [get, get, create, get]);
    env.plan_is_empty().without_diagnostics();
}

fn answers_without_a_status_and_unknown_states_are_waited_out(program: &Program) {
    let env = TestEnv::with(program, r#"states = ["", "", "migrating", "active"]"#);
    env.configure(&format!("{}{OUTPUTS}", cluster("team-a", "")));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.state().output("state"), "active");
    env.plan_is_empty();
}

fn the_least_configuration_is_enough(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(
        r#"
resource "teleport_workload_cluster" "this" {
  metadata = {
    name = "team-a"
  }
  spec = {
    regions = [{ name = "us-west-2" }]
  }
}
"#,
    );
    let nobody = |it: &Diagnostic| it.text.starts_with("Nobody Can Join the Workload Cluster");
    for outcome in [env.apply().succeeded(), env.plan_is_empty()] {
        let warned = outcome.diagnostics();
        assert!(!warned.is_empty() && warned.iter().all(nobody), "{outcome}");
    }
}

fn provider_arguments_change_in_place_without_a_write(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    let revision = env.simulator.cluster("team-a").unwrap().revision;
    for more in [
        "timeouts = { create = \"30m\" }",
        "timeouts = { create = \"30m\" }\n  deletion_protection = true",
        "allow_same_name_replacement = true",
        "",
    ] {
        env.configure(&cluster("team-a", more));
        let outcome = env.plan().without_diagnostics();
        assert_eq!(
            outcome.planned(),
            [(CLUSTER.to_owned(), "update".to_owned())],
            "{more}"
        );
        let change = env.planned_change(CLUSTER);
        assert_eq!(
            change["after"]["status"], change["before"]["status"],
            "{more}"
        );
        assert_eq!(change["after"]["ready"], true, "{more}");
        env.simulator.clear_calls();
        env.apply_plan().succeeded().without_diagnostics();
        assert_eq!(
            env.simulator.calls().len(),
            0,
            "{more}: {:?}",
            env.simulator.calls()
        );
        env.plan_is_empty();
    }
    assert_eq!(env.simulator.cluster("team-a").unwrap().revision, revision);
}

fn an_existing_cluster_is_not_taken_over_and_the_error_shows_the_import_block(program: &Program) {
    let env = TestEnv::with(
        program,
        "[[clusters]]\nname = 'team-a'\nspec = { regions = [{ name = 'us-west-2' }] }",
    );
    env.configure(&cluster("team-a", ""));
    let phrases = [
        "already",
        "team-a",
        "import {",
        "to = ADDRESS",
        "id = \"team-a\"",
    ];
    env.plan().warning(&phrases);
    let error = env.apply_plan().error(&phrases);
    error.says(&["metadata.name"]);
    error.points_at("metadata.name");
    assert_eq!(error.address, CLUSTER);
    assert!(env.state().is_empty());
    let before = env.simulator.cluster("team-a").unwrap();
    assert!(before.spec.bot.is_none(), "it is as it was");
}

fn a_held_name_is_refused_and_explained(program: &Program) {
    let env = TestEnv::with(program, "held_names = ['team-a']");
    env.configure(&cluster("team-a", ""));
    env.apply().error(&["team-a", "14 days", "support"]);
    assert!(env.state().is_empty());
    assert!(env.names().is_empty());
}
