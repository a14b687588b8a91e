//! What goes wrong at the other end.

use teleport_simulator::Fault;
use tonic::Code;

use crate::support::{
    environment::{APPLY, CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_state_of_failure_ends_the_wait_and_is_named,
    a_connection_lost_after_the_creation_makes_one_cluster,
    a_connection_lost_before_the_creation_doubles_nothing,
    an_object_that_the_clients_first_try_made_is_not_taken_for_anothers,
    failures_in_passing_are_ridden_out,
    connections_that_are_closed_while_waiting_are_made_again,
    rights_that_are_taken_away_while_waiting_keep_the_cluster_in_the_state,
    a_cluster_that_is_deleted_while_it_is_waited_for_is_an_error_and_planned_again,
    a_refused_deletion_keeps_the_cluster_in_the_state,
    a_read_that_fails_keeps_the_state,
];

/// A provider block that tries each call once, so that what goes wrong meets the resource and not the client's own tries.
fn once(env: &TestEnv) -> String {
    env.provider("retry_max_tries = \"1\"\n  retry_base_duration = \"50ms\"\n  retry_cap_duration = \"100ms\"")
}

fn a_state_of_failure_ends_the_wait_and_is_named(program: &Program) {
    for state in ["error", "failed"] {
        let env = TestEnv::with(program, &format!("states = ['creating', '{state}']"));
        env.configure(&cluster("team-a", ""));
        let named = format!("\"{state}\"");
        env.apply()
            .error(&["team-a", &named, "terraform untaint", "not deleted"]);
        let stored = env.state().get(CLUSTER);
        assert!(stored.tainted);
        assert_eq!(stored.attributes["ready"], false);
        assert_eq!(stored.attributes["status"]["state"], state);

        env.simulator.set_state("team-a", "active").unwrap();
        env.run(&["untaint", CLUSTER]).succeeded();
        env.apply().succeeded();
        assert_eq!(env.state().get(CLUSTER).attributes["ready"], true);
        assert_eq!(env.calls("CreateWorkloadCluster"), 1);
        assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
        env.plan_is_empty();
    }
}

fn a_connection_lost_after_the_creation_makes_one_cluster(program: &Program) {
    let env = TestEnv::new(program);
    env.simulator
        .add_fault(Fault::drop_after("CreateWorkloadCluster"))
        .unwrap();
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.names(), ["team-a"]);
    assert_eq!(env.calls("CreateWorkloadCluster"), 1);
    env.plan_is_empty().without_diagnostics();
}

fn a_connection_lost_before_the_creation_doubles_nothing(program: &Program) {
    let env = TestEnv::new(program);
    env.simulator
        .add_fault(Fault::drop_before("CreateWorkloadCluster"))
        .unwrap();
    env.configure(&cluster("team-a", ""));
    env.apply().error(&[
        "creating the workload cluster \"team-a\"",
        "CreateWorkloadCluster",
    ]);
    assert!(env.state().is_empty());
    assert!(env.names().is_empty());
    env.apply().succeeded();
    assert_eq!(env.names(), ["team-a"]);
    env.plan_is_empty();
}

fn an_object_that_the_clients_first_try_made_is_not_taken_for_anothers(program: &Program) {
    let env = TestEnv::new(program);
    // The client tries again after this answer, which means that nothing was done.
    let fault = Fault::code("CreateWorkloadCluster", Code::ResourceExhausted).carried_out();
    env.simulator.add_fault(fault.clone()).unwrap();
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.calls("CreateWorkloadCluster"), 2);
    assert_eq!(env.names(), ["team-a"]);
    env.plan_is_empty().without_diagnostics();

    // Another object of the same name is still somebody else's.
    let env = TestEnv::with_team_a(program);
    env.simulator
        .add_fault(Fault::code(
            "CreateWorkloadCluster",
            Code::ResourceExhausted,
        ))
        .unwrap();
    env.configure(&cluster("team-a", "").replace("us-west-2", "eu-central-1"));
    env.apply().error(&["Already Exists", "import"]);
}

fn failures_in_passing_are_ridden_out(program: &Program) {
    let env = TestEnv::with(program, "active_after_reads = 1");
    // The first two reads look whether the name is free: for the plan, and for the apply.
    for (code, after) in [
        (Code::Unavailable, 2),
        (Code::ResourceExhausted, 3),
        (Code::Unavailable, 4),
    ] {
        env.simulator
            .add_fault(Fault::code("GetWorkloadCluster", code).after(after))
            .unwrap();
    }
    env.write(&format!("{}{}", once(&env), cluster("team-a", "")));
    env.apply().succeeded().without_diagnostics();
    assert!(env.simulator.faults().is_empty());
    env.plan_is_empty();
}

fn connections_that_are_closed_while_waiting_are_made_again(program: &Program) {
    let env = TestEnv::with(program, "states = ['creating']");
    env.configure(&cluster("team-a", ""));
    let mut running = env.start(APPLY);
    running.until("the cluster is waited for", |_| env.is_waiting());
    env.simulator.close_connections();
    let reads = env.calls("GetWorkloadCluster");
    running.until("it is read again", |_| {
        env.calls("GetWorkloadCluster") > reads
    });
    env.simulator.set_state("team-a", "active").unwrap();
    running.wait().succeeded().without_diagnostics();
    assert_eq!(env.calls("CreateWorkloadCluster"), 1);
    env.plan_is_empty();
}

fn rights_that_are_taken_away_while_waiting_keep_the_cluster_in_the_state(program: &Program) {
    let env = TestEnv::with(program, "active_after_reads = 1");
    let refused =
        Fault::code("GetWorkloadCluster", Code::PermissionDenied).message("access denied");
    env.simulator.add_fault(refused.after(2)).unwrap();
    env.configure(&cluster("team-a", ""));
    let outcome = env.apply().failed();
    let errors = outcome.diagnostics();
    let text: String = errors
        .iter()
        .map(|error| format!("{}\n", error.text))
        .collect();
    for phrase in [
        "Access Denied",
        "waiting for the workload cluster \"team-a\"",
        "terraform untaint",
    ] {
        assert!(text.contains(phrase), "{phrase:?} is not in:\n{text}");
    }
    let stored = env.state().get(CLUSTER);
    assert!(stored.tainted);
    assert_eq!(stored.attributes["ready"], false);
    env.run(&["untaint", CLUSTER]).succeeded();
    env.apply().succeeded();
    assert_eq!(env.calls("CreateWorkloadCluster"), 1);
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
}

fn a_cluster_that_is_deleted_while_it_is_waited_for_is_an_error_and_planned_again(
    program: &Program,
) {
    let env = TestEnv::with(program, "states = ['creating']");
    env.configure(&cluster("team-a", ""));
    let mut running = env.start(APPLY);
    // Until a read has seen it, "not found" may be the server's cache.
    running.until("it is seen", |_| env.calls("GetWorkloadCluster") > 4);
    env.simulator.delete_cluster("team-a");
    running.wait().error(&["team-a", "somebody deleted it"]);
    // The next plan looks again. The delete may be younger than the server's cache.
    assert!(env.state().get(CLUSTER).tainted);
    assert_eq!(
        env.plan().planned(),
        [(CLUSTER.to_owned(), "create".to_owned())]
    );
}

fn a_refused_deletion_keeps_the_cluster_in_the_state(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    let refused =
        Fault::code("DeleteWorkloadCluster", Code::PermissionDenied).message("access denied");
    env.simulator.add_fault(refused).unwrap();
    env.destroy().error(&[
        "Access Denied",
        "deleting the workload cluster \"team-a\"",
        "resources = [\"workload_cluster\"] and verbs = [\"delete\"]",
    ]);
    assert!(env.state().find(CLUSTER).is_some());
    env.plan_is_empty();
}

fn a_read_that_fails_keeps_the_state(program: &Program) {
    let env = TestEnv::new(program);
    env.write(&format!("{}{}", once(&env), cluster("team-a", "")));
    env.apply().succeeded();
    let failing = Fault::code("GetWorkloadCluster", Code::Internal).message("disk on fire");
    env.simulator.add_fault(failing.times(5)).unwrap();
    env.plan_with(&[])
        .error(&["reading the workload cluster \"team-a\"", "disk on fire"]);
    env.simulator.clear_faults();
    assert!(env.state().find(CLUSTER).is_some());
    env.plan_is_empty();
}
