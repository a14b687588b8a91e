//! Tainted workload clusters: nothing is destroyed before a person decides.

use crate::support::{
    environment::{CLUSTER, OUTPUTS, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_timeout_says_untaint_and_nothing_else_goes_on,
    an_unfinished_cluster_with_a_changed_spec_is_refused,
    an_unfinished_cluster_gives_way_to_one_of_a_new_name,
    an_unfinished_cluster_with_create_before_destroy_is_refused_and_untaint_helps,
    after_untaint_the_apply_finishes_in_place,
    an_unfinished_cluster_can_be_destroyed,
    a_healthy_tainted_cluster_is_refused_and_untaint_helps,
];

/// Clusters that stay in creation.
const SLOW: &str = "states = ['creating']";

const SHORT: &str = "timeouts = { create = \"1500ms\" }";

/// A Teleport Cloud with a cluster that was not active in time, and an apply that failed for it.
fn timed_out(program: &Program, more: &str) -> TestEnv {
    let env = TestEnv::with(program, SLOW);
    env.configure(&format!(
        "{}{OUTPUTS}",
        cluster("team-a", &format!("{SHORT}\n  {more}"))
    ));
    let outcome = env.apply();
    let error = outcome.error(&[
        "team-a",
        "timeouts.create",
        "\"creating\"",
        "terraform untaint",
        "not deleted",
    ]);
    assert_eq!(error.address, CLUSTER);
    assert_unfinished(&env, true);
    env
}

fn assert_unfinished(env: &TestEnv, tainted: bool) {
    let stored = env.state().get(CLUSTER);
    assert_eq!(stored.tainted, tainted);
    assert_eq!(stored.attributes["ready"], false);
    assert_eq!(stored.attributes["id"], "team-a");
    assert_eq!(stored.attributes["status"]["state"], "creating");
    assert_kept(env);
}

/// The cluster is there and none was deleted.
fn assert_kept(env: &TestEnv) {
    assert_eq!(env.names(), ["team-a"]);
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
}

fn assert_finished(env: &TestEnv) {
    let stored = env.state().get(CLUSTER);
    assert!(!stored.tainted);
    assert_eq!(stored.attributes["ready"], true);
    assert_eq!(stored.attributes["status"]["state"], "active");
    assert_kept(env);
    env.plan_is_empty().without_diagnostics();
}

fn become_active(env: &TestEnv) {
    env.simulator.set_state("team-a", "active").unwrap();
}

fn only(action: &str) -> [(String, String); 1] {
    [(CLUSTER.to_owned(), action.to_owned())]
}

/// An apply of a replacement under the same name, which destroys nothing and says what helps.
fn assert_refused(env: &TestEnv, outcome: &Outcome) {
    outcome.error(&["team-a", "terraform untaint ADDRESS", "Nothing was deleted"]);
    assert!(env.state().get(CLUSTER).tainted);
    assert_kept(env);
}

fn a_timeout_says_untaint_and_nothing_else_goes_on(program: &Program) {
    let env = timed_out(program, "");
    // Whatever has become of the cluster, and however the apply is made.
    assert_refused(&env, &env.apply());
    become_active(&env);
    let plan = env.plan();
    assert_eq!(plan.planned(), only("replace"));
    plan.warning(&["team-a", "Already Exists", "terraform untaint ADDRESS"]);
    assert_refused(&env, &env.apply_plan());
    assert_refused(
        &env,
        &env.run(&["apply", "-json", "-auto-approve", "-refresh=false"]),
    );
    env.configure(&cluster("team-a", "timeouts = { create = \"30s\" }"));
    assert_refused(&env, &env.apply());

    env.run(&["untaint", CLUSTER]).succeeded();
    env.apply().succeeded();
    let stored = env.state().get(CLUSTER).attributes;
    assert_eq!(stored["timeouts"]["create"], "30s");
    assert_finished(&env);
}

fn an_unfinished_cluster_with_a_changed_spec_is_refused(program: &Program) {
    let env = timed_out(program, "");
    let configuration = cluster("team-a", SHORT);
    env.configure(&configuration.replace("us-west-2", "eu-central-1"));
    assert_refused(&env, &env.apply());
    assert_unfinished(&env, true);

    // Without the taint, the reason is the change.
    env.run(&["untaint", CLUSTER]).succeeded();
    let changed = ["spec.regions[0].name changed", "14 days"];
    env.plan().warning(&changed);
    env.apply_plan().error(&changed);
    assert_unfinished(&env, false);
}

fn an_unfinished_cluster_gives_way_to_one_of_a_new_name(program: &Program) {
    let env = timed_out(program, "");
    env.configure(&cluster("team-b", "timeouts = { create = \"30s\" }"));
    let mut running = env.start(&["apply", "-json", "-auto-approve"]);
    running.until("the new cluster", |_| {
        env.simulator.cluster("team-b").is_some()
    });
    env.simulator.set_state("team-b", "active").unwrap();
    running.wait().succeeded();
    assert_eq!(env.names(), ["team-b"]);
    env.plan_is_empty();
}

fn an_unfinished_cluster_with_create_before_destroy_is_refused_and_untaint_helps(
    program: &Program,
) {
    let env = timed_out(
        program,
        "lifecycle {\n    create_before_destroy = true\n  }",
    );
    become_active(&env);
    env.apply()
        .error(&["team-a", "already", "terraform untaint"]);
    assert_kept(&env);
    env.run(&["untaint", CLUSTER]).succeeded();
    env.apply().succeeded();
    assert_finished(&env);
}

fn after_untaint_the_apply_finishes_in_place(program: &Program) {
    let env = timed_out(program, "");
    env.run(&["untaint", CLUSTER]).succeeded();
    let plan = env.plan();
    assert_eq!(plan.planned(), only("update"));
    // Still not active: an update that fails does not taint.
    env.apply()
        .error(&["timeouts.create", "The next apply goes on waiting"]);
    assert_unfinished(&env, false);
    become_active(&env);
    env.apply().succeeded();
    assert_finished(&env);
}

fn an_unfinished_cluster_can_be_destroyed(program: &Program) {
    let env = timed_out(program, "");
    env.destroy().succeeded().warning(&["team-a", "14 days"]);
    assert!(env.names().is_empty());
    assert_eq!(env.calls("DeleteWorkloadCluster"), 1);
    assert!(env.state().is_empty());
}

fn a_healthy_tainted_cluster_is_refused_and_untaint_helps(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    env.run(&["taint", CLUSTER]).succeeded();
    assert_eq!(env.plan().planned(), only("replace"));
    env.apply_plan().error(&[
        "team-a",
        "terraform untaint",
        "14 days",
        "Nothing was deleted",
    ]);
    assert!(env.state().get(CLUSTER).tainted);
    assert_kept(&env);
    env.run(&["untaint", CLUSTER]).succeeded();
    assert_finished(&env);
}
