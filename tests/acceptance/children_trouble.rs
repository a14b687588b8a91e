//! What goes wrong while a workload cluster is set up (`examples/complete`), and how it goes on.

use std::time::{Duration, Instant};

use teleport_simulator::Fault;

use crate::support::{
    complete::{Complete, EDITOR, INVITE, NAME, ROLE, USER},
    environment::{APPLY, CLUSTER},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    an_interruption_while_the_cluster_is_waited_for_is_made_up_for_by_the_next_apply,
    an_interruption_while_the_join_is_tried_again_ends_at_once_and_loses_nothing,
    a_join_that_stays_refused_ends_in_time_and_says_what_to_look_at,
    a_plan_does_not_wait_for_a_cluster_that_does_not_answer,
    a_suspended_cluster_is_destroyed_without_asking_its_child,
    a_cluster_that_is_gone_takes_its_objects_with_it,
    what_is_to_be_revoked_in_a_cluster_that_is_gone_is_let_go_of_on_purpose,
    a_destroy_needs_no_aws_credentials,
    nothing_is_asked_of_a_cluster_that_failed,
    an_address_of_a_cluster_that_failed_is_an_error,
];

fn an_interruption_while_the_cluster_is_waited_for_is_made_up_for_by_the_next_apply(
    program: &Program,
) {
    let complete = Complete::with(program, "states = ['creating']");
    let Complete { env } = &complete;
    let mut running = env.start(APPLY);
    running.until("the cluster is waited for", |_| env.is_waiting());
    running.interrupt();
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    outcome.warning(&[NAME, "not deleted", "next apply"]);
    assert!(env.state().find(ROLE).is_none());
    assert_eq!(complete.calls("Join"), 0);

    env.simulator.set_state(NAME, "active").unwrap();
    let outcome = env.apply().succeeded();
    assert_eq!(outcome.order(), [CLUSTER, ROLE, USER, INVITE]);
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.calls("CreateWorkloadCluster"), 1);
    env.destroy().succeeded();
}

fn an_interruption_while_the_join_is_tried_again_ends_at_once_and_loses_nothing(program: &Program) {
    let complete = Complete::new(program);
    let Complete { env } = &complete;
    let refused = Fault::join_refused().cluster(NAME).times(1000);
    env.simulator.add_fault(refused).unwrap();
    let mut running = env.start(APPLY);
    running.until("the join is tried again", |_| complete.calls("Join") > 1);
    let begin = Instant::now();
    running.interrupt();
    let outcome = running.wait();
    assert!(begin.elapsed() < Duration::from_secs(5), "{outcome}");
    let diagnostics = outcome.diagnostics();
    let interrupted = diagnostics
        .iter()
        .find(|diagnostic| diagnostic.text.starts_with("Interrupted"))
        .unwrap();
    interrupted.says(&["creating the role \"example\""]);
    // Nothing was sent, so there is nothing to look for.
    assert!(!interrupted.text.contains("may exist"), "{interrupted:?}");
    assert_eq!(env.state().get(CLUSTER).attributes["ready"], true);
    assert!(env.state().find(ROLE).is_none());

    env.simulator.clear_faults();
    let outcome = env.apply().succeeded().without_diagnostics();
    assert_eq!(outcome.order(), [ROLE, USER, INVITE]);
    env.plan_is_empty().without_diagnostics();
}

fn a_join_that_stays_refused_ends_in_time_and_says_what_to_look_at(program: &Program) {
    let complete = Complete::new(program);
    let Complete { env } = &complete;
    complete.edit(
        "join_method = \"iam\"\n  join_token",
        "join_method = \"iam\"\n  join_timeout_duration = \"2s\"\n  join_token",
    );
    let refused = Fault::join_refused().cluster(NAME).times(1000);
    env.simulator.add_fault(refused).unwrap();
    env.apply().error(&[
        "Join Refused",
        "creating the role \"example\"",
        "expired or not found",
        "tried again for",
        "join_timeout_duration",
        "spec.bot.name",
    ]);
    assert!(complete.calls("Join") > 1);
    assert_eq!(env.state().get(CLUSTER).attributes["ready"], true);
}

fn a_plan_does_not_wait_for_a_cluster_that_does_not_answer(program: &Program) {
    let complete = Complete::new(program);
    let Complete { env } = &complete;
    env.apply().succeeded();
    let joins = complete.calls("Join");
    let refused = Fault::join_refused().cluster(NAME).times(1000);
    env.simulator.add_fault(refused).unwrap();
    env.plan_with(&[])
        .error(&["Join Refused", "reading the role \"example\""]);
    assert_eq!(complete.calls("Join"), joins + 1);
}

fn a_suspended_cluster_is_destroyed_without_asking_its_child(program: &Program) {
    let complete = Complete::new(program);
    let Complete { env } = &complete;
    env.apply().succeeded();
    env.simulator.set_state(NAME, "suspended").unwrap();
    // What cannot be read is not guessed at, and the error says how to destroy it all the same.
    env.destroy()
        .error(&["Cluster Unavailable", "role \"example\"", "-refresh=false"]);
    let outcome = env
        .run(&["destroy", "-json", "-auto-approve", "-refresh=false"])
        .succeeded();
    assert_eq!(outcome.order(), [INVITE, USER, ROLE, CLUSTER, EDITOR]);
    assert!(env.state().is_empty() && env.names().is_empty());
}

fn a_cluster_that_is_gone_takes_its_objects_with_it(program: &Program) {
    let complete = Complete::new(program);
    let Complete { env } = &complete;
    env.apply().succeeded();
    let joins = complete.calls("Join");
    assert!(env.simulator.delete_cluster(NAME));
    let outcome = env.destroy().succeeded();
    assert_eq!(outcome.order(), [INVITE, USER, ROLE, EDITOR]);
    assert!(env.state().is_empty());
    assert_eq!(complete.calls("Join"), joins);
}

fn what_is_to_be_revoked_in_a_cluster_that_is_gone_is_let_go_of_on_purpose(program: &Program) {
    let complete = Complete::new(program);
    complete.edit("\"abandon\"", "\"revoke\"");
    let Complete { env } = &complete;
    env.apply().succeeded();
    assert!(env.simulator.delete_cluster(NAME));
    env.destroy().error(&[
        "Provider Configuration Unknown",
        "user \"example\"",
        "addr",
        "state rm",
        "deletion_policy = \"abandon\"",
    ]);
    complete.edit("\"revoke\"", "\"abandon\"");
    env.destroy().succeeded();
    assert!(env.state().is_empty());
}

fn a_destroy_needs_no_aws_credentials(program: &Program) {
    let mut complete = Complete::new(program);
    complete.env.apply().succeeded();
    complete.env.set("AWS_ACCESS_KEY_ID", "");
    let Complete { env } = &complete;
    env.plan_with(&[])
        .error(&["Invalid Credentials", "no AWS credentials"]);
    env.run(&["destroy", "-json", "-auto-approve", "-refresh=false"])
        .succeeded();
    assert!(env.state().is_empty() && env.names().is_empty());
}

fn nothing_is_asked_of_a_cluster_that_failed(program: &Program) {
    let complete = Complete::with(program, "states = ['creating', 'failed']");
    let Complete { env } = &complete;
    env.apply().error(&[NAME, "failed"]);
    assert!(env.state().find(ROLE).is_none());
    assert_eq!(complete.calls("Join"), 0);
    env.destroy().succeeded();
    assert!(env.state().is_empty() && env.names().is_empty());
}

fn an_address_of_a_cluster_that_failed_is_an_error(program: &Program) {
    let complete = Complete::with(program, "states = ['creating', 'failed']");
    let Complete { env } = &complete;
    env.apply().error(&[NAME, "failed"]);
    let domain = env.simulator.cluster(NAME).unwrap().domain;
    env.write(&format!(
        "provider \"teleport\" {{\n  addr = {domain:?}\n  join_method = \"iam\"\n  join_token = \"terraform\"\n  \
         join_timeout_duration = \"1s\"\n}}\nresource \"teleport_user\" \"alice\" {{\n  metadata = {{ name = \"alice\" }}\n}}\n"
    ));
    std::fs::remove_file(env.path("outputs.tf")).unwrap();
    std::fs::remove_file(env.path("terraform.tfstate")).unwrap();
    let error = env.apply().error(&[
        "Cluster Unavailable",
        "creating the user \"alice\"",
        "addr",
        "join_timeout_duration",
    ]);
    error.says(&[&domain]);
}
