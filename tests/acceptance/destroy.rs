//! Taking a workload cluster down.

use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    destroy_says_that_the_name_is_held,
    destroying_what_is_gone_is_a_success,
    destroying_what_vanishes_after_the_plan_is_a_success,
    deletion_protection_refuses_at_the_plan,
    deletion_protection_refuses_a_replacement_at_the_plan,
    a_removed_block_lets_go_of_the_cluster,
];

fn destroy_says_that_the_name_is_held(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    let outcome = env.destroy().succeeded();
    outcome.warning(&["team-a", "14 days", "support"]);
    assert!(env.state().is_empty());
    assert!(env.names().is_empty());
    assert_eq!(env.simulator.held_names(), ["team-a"]);
    env.apply().error(&["team-a", "14 days"]);
}

fn destroying_what_is_gone_is_a_success(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    env.simulator.delete_cluster("team-a");
    env.destroy().succeeded().without_diagnostics();
    assert!(env.state().is_empty());
}

fn destroying_what_vanishes_after_the_plan_is_a_success(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    env.plan_with(&["-destroy"]);
    env.simulator.delete_cluster("team-a");
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(env.calls("DeleteWorkloadCluster"), 1);
    assert!(env.state().is_empty());
}

fn deletion_protection_refuses_at_the_plan(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", "deletion_protection = true"));
    env.apply().succeeded();
    let outcome = env.destroy();
    outcome.error(&["team-a", "deletion_protection"]);
    assert_eq!(outcome.begun(), []);

    // The state says it, so that removing the block is no way around.
    env.configure("");
    env.plan_with(&[]).error(&["team-a", "deletion_protection"]);
    assert_eq!(env.names(), ["team-a"]);

    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    env.destroy().succeeded();
    assert!(env.names().is_empty());
}

fn deletion_protection_refuses_a_replacement_at_the_plan(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", "deletion_protection = true"));
    env.apply().succeeded();
    env.configure(&cluster("team-b", "deletion_protection = true"));
    env.plan_with(&[]).error(&["team-a", "deletion_protection"]);
    // Taking the protection away in the same breath does not count.
    env.configure(&cluster("team-b", ""));
    env.plan_with(&[]).error(&["team-a", "deletion_protection"]);
    assert_eq!(env.names(), ["team-a"]);
}

fn a_removed_block_lets_go_of_the_cluster(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    env.configure(&format!(
        "removed {{\n  from = {CLUSTER}\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"
    ));
    env.apply().succeeded();
    assert!(env.state().is_empty());
    assert_eq!(env.names(), ["team-a"]);
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
}
