//! Ctrl-C while a workload cluster is being made.

use std::time::{Duration, Instant};

use teleport_simulator::Fault;

use crate::support::{
    environment::{APPLY, CLUSTER, OUTPUTS, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    an_interrupted_apply_ends_at_once_and_the_next_one_finishes_in_place,
    an_interrupted_apply_can_be_interrupted_again_later,
    an_interruption_during_the_create_call_loses_nothing,
    an_interrupted_cluster_with_a_changed_spec_is_refused,
    an_interrupted_cluster_can_be_destroyed,
    after_a_kill_in_the_middle_of_a_rename_the_advice_works,
    an_interruption_before_the_create_is_answered_forgets_nothing,
    two_interruptions_double_nothing_and_the_next_apply_shows_the_import_block,
];

const SLOW: &str = "states = ['creating']";

const DEPENDENT: &str = r#"
resource "terraform_data" "dependent" {
  input = teleport_workload_cluster.this.status.domain
}
"#;

/// Applies, and interrupts that while the cluster is waited for.
fn interrupted(env: &TestEnv) -> Outcome {
    let before = env.calls("GetWorkloadCluster");
    let mut running = env.start(APPLY);
    running.until("the cluster is waited for", |running| {
        let reads = env.calls("GetWorkloadCluster") - before;
        // After an interruption: the refresh, and then the wait.
        env.is_waiting() && reads > 1 && running.stdout().contains("apply_start")
    });
    let begin = Instant::now();
    running.interrupt();
    let outcome = running.wait();
    assert!(begin.elapsed() < Duration::from_secs(5), "{outcome}");
    assert_eq!(outcome.code, Some(1), "{outcome}");
    outcome.warning(&["team-a", "was active", "not deleted", "next apply"]);
    outcome
}

fn assert_unfinished(env: &TestEnv) {
    let stored = env.state().get(CLUSTER);
    assert!(!stored.tainted);
    assert_eq!(stored.attributes["ready"], false);
    assert_eq!(stored.attributes["id"], "team-a");
    assert_kept(env);
}

fn assert_kept(env: &TestEnv) {
    assert_eq!(env.names(), ["team-a"]);
    assert_eq!(env.calls("CreateWorkloadCluster"), 1);
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
}

fn assert_finished(env: &TestEnv) {
    let stored = env.state().get(CLUSTER);
    assert!(!stored.tainted);
    assert_eq!(stored.attributes["ready"], true);
    assert_kept(env);
    env.plan_is_empty().without_diagnostics();
}

fn an_interrupted_apply_ends_at_once_and_the_next_one_finishes_in_place(program: &Program) {
    let env = TestEnv::with(program, SLOW);
    env.configure(&format!("{}{OUTPUTS}{DEPENDENT}", cluster("team-a", "")));
    interrupted(&env);
    assert_unfinished(&env);
    assert!(env.state().find("terraform_data.dependent").is_none());

    let plan = env.plan();
    plan.warning(&["team-a", "not active", "next apply"]);
    let planned = plan.planned();
    assert!(
        planned.contains(&(CLUSTER.to_owned(), "update".to_owned())),
        "{plan}"
    );
    let change = env.planned_change(CLUSTER);
    let domain = env.simulator.cluster("team-a").unwrap().domain;
    assert_eq!(change["after"]["status"]["domain"], domain.as_str());
    assert_eq!(change["after_unknown"]["status"]["state"], true);
    assert_eq!(change["after_unknown"]["ready"], true);

    env.simulator.set_state("team-a", "active").unwrap();
    env.apply_plan().succeeded();
    assert_eq!(env.state().output("state"), "active");
    assert_finished(&env);
}

fn an_interrupted_apply_can_be_interrupted_again_later(program: &Program) {
    let env = TestEnv::with(program, SLOW);
    env.configure(&cluster("team-a", ""));
    for _ in 0..2 {
        interrupted(&env);
        assert_unfinished(&env);
    }
    env.simulator.set_state("team-a", "active").unwrap();
    env.apply().succeeded();
    assert_finished(&env);
}

fn an_interruption_during_the_create_call_loses_nothing(program: &Program) {
    let env = TestEnv::new(program);
    let slow = Fault::delay("CreateWorkloadCluster", Duration::from_secs(30)).carried_out();
    env.simulator.add_fault(slow).unwrap();
    env.configure(&cluster("team-a", ""));
    let mut running = env.start(APPLY);
    running.until("the cluster is made", |_| env.names() == ["team-a"]);
    running.interrupt();
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(outcome.took < Duration::from_secs(10), "{outcome}");
    assert_unfinished(&env);
    env.apply().succeeded();
    assert_finished(&env);
}

fn an_interrupted_cluster_with_a_changed_spec_is_refused(program: &Program) {
    let env = TestEnv::with(program, SLOW);
    env.configure(&cluster("team-a", ""));
    interrupted(&env);
    env.configure(&cluster("team-a", "").replace("us-west-2", "eu-central-1"));
    env.apply()
        .error(&["team-a", "14 days", "Nothing was deleted"]);
    assert_unfinished(&env);
}

fn an_interrupted_cluster_can_be_destroyed(program: &Program) {
    let env = TestEnv::with(program, SLOW);
    env.configure(&cluster("team-a", ""));
    interrupted(&env);
    env.destroy().succeeded().warning(&["team-a", "14 days"]);
    assert!(env.names().is_empty());
    assert!(env.state().is_empty());
}

fn after_a_kill_in_the_middle_of_a_rename_the_advice_works(program: &Program) {
    let env = TestEnv::with(program, SLOW);
    let keep = "lifecycle {\n    create_before_destroy = true\n  }";
    env.configure(&cluster("team-a", keep));
    let mut running = env.start(APPLY);
    running.until("the cluster", |_| env.names() == ["team-a"]);
    env.simulator.set_state("team-a", "active").unwrap();
    running.wait().succeeded();
    env.configure(&cluster("team-b", keep));
    let mut running = env.start(APPLY);
    running.until("the new cluster", |_| env.names() == ["team-a", "team-b"]);
    drop(running);
    env.simulator.set_state("team-b", "active").unwrap();

    let commands = [
        "import {\n    to = ADDRESS\n    id = \"team-b\"\n  }",
        "terraform state mv ADDRESS ADDRESS_old",
    ];
    env.apply().error(&commands);
    assert_eq!(env.names(), ["team-a", "team-b"]);
    let old = format!("{CLUSTER}_old");
    env.run(&["state", "mv", CLUSTER, &old]).succeeded();
    let block = format!("import {{\n  to = {CLUSTER}\n  id = \"team-b\"\n}}\n");
    env.configure(&format!("{block}{}", cluster("team-b", keep)));
    env.apply().succeeded();
    assert_eq!(env.names(), ["team-b"]);
    assert!(env.state().find(&old).is_none());
    env.plan_is_empty().without_diagnostics();
}

fn an_interruption_before_the_create_is_answered_forgets_nothing(program: &Program) {
    let env = TestEnv::new(program);
    let slow = Fault::delay("CreateWorkloadCluster", Duration::from_secs(30));
    env.simulator.add_fault(slow).unwrap();
    env.configure(&cluster("team-a", ""));
    let mut running = env.start(APPLY);
    running.until("the create", |_| env.calls("CreateWorkloadCluster") == 1);
    running.interrupt();
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(outcome.took < Duration::from_secs(10), "{outcome}");
    // Whether the parent has carried it out is not known: the next refresh finds out.
    assert_eq!(env.state().get(CLUSTER).attributes["ready"], false);
    assert!(env.names().is_empty());
    env.apply().succeeded();
    let stored = env.state().get(CLUSTER);
    assert!(!stored.tainted);
    assert_eq!(stored.attributes["ready"], true);
    assert_eq!(env.names(), ["team-a"]);
    env.plan_is_empty().without_diagnostics();
}

fn two_interruptions_double_nothing_and_the_next_apply_shows_the_import_block(program: &Program) {
    let env = TestEnv::new(program);
    let slow = Fault::delay("CreateWorkloadCluster", Duration::from_secs(30)).carried_out();
    env.simulator.add_fault(slow).unwrap();
    let configuration = cluster("team-a", "");
    env.configure(&configuration);
    let mut running = env.start(APPLY);
    running.until("the cluster is made", |_| env.names() == ["team-a"]);
    running.interrupt();
    // The provider waits for the answer of the call for a moment, and in that moment it is interrupted again.
    running.until("the interruption is seen", |running| {
        running.stdout().contains("Interrupt received")
    });
    running.interrupt();
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(env.state().is_empty(), "{outcome}");

    env.apply().error(&["team-a", "already", "import {"]);
    assert_eq!(env.names(), ["team-a"]);
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
    let block = "import {\n  to = teleport_workload_cluster.this\n  id = \"team-a\"\n}\n";
    env.configure(&format!("{block}{configuration}"));
    env.apply().succeeded();
    assert_eq!(env.state().get(CLUSTER).attributes["ready"], true);
    assert_eq!(env.names(), ["team-a"]);
    env.plan_is_empty().without_diagnostics();
}
