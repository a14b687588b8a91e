//! The whole road: a workload cluster, and roles, users and invites in it, by a second provider block (`examples/complete`).

use std::time::Duration;

use teleport_simulator::Fault;

use crate::support::{
    complete::{Complete, EDITOR, INVITE, NAME, ROLE, USER},
    environment::{APPLY, CLUSTER},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    one_apply_does_everything_and_one_destroy_takes_it_down,
    the_parent_alone_can_be_made_first,
    a_join_that_is_refused_at_first_is_tried_again,
    an_address_that_leads_nowhere_at_first_is_tried_again,
    the_older_join_service_does_as_well,
    certificates_that_run_out_during_an_apply_are_renewed,
];

/// What a destroy says about each thing that the example leaves behind.
const FAREWELLS: [&[&str]; 4] = [
    &["Not Deleted", "role \"example\""],
    &["Not Deleted", "user \"example\""],
    &["Invite Link Still Works", "example"],
    &["Workload Cluster Name Held", NAME],
];

fn assert_complete(complete: &Complete) {
    let Complete { env } = complete;
    assert_eq!(env.names(), [NAME]);
    assert_eq!(env.calls("CreateWorkloadCluster"), 1);
    let user = complete.user("example").unwrap();
    assert_eq!(user.roles, ["example"]);
    assert_eq!(user.created_by, "bot-terraform");
    assert!(complete.role("example").is_some());
    assert_eq!(complete.calls("CreateResetPasswordToken"), 1);
    let state = env.state();
    assert_eq!(state.output("state"), "active");
    let url = state.output("invite_url").as_str().unwrap().to_owned();
    let domain = state.output("domain").as_str().unwrap();
    assert!(
        url.starts_with(&format!("https://{domain}/web/invite/")),
        "{url}"
    );
}

/// Applies an example that has not been applied, and looks that there is nothing left to do.
#[track_caller]
fn applied(complete: &Complete) -> Outcome {
    let outcome = complete.env.apply().succeeded().without_diagnostics();
    assert_complete(complete);
    complete.env.plan_is_empty().without_diagnostics();
    outcome
}

fn one_apply_does_everything_and_one_destroy_takes_it_down(program: &Program) {
    let complete = Complete::with(program, "active_after_reads = 2");
    let Complete { env } = &complete;
    let outcome = applied(&complete);
    assert_eq!(outcome.order(), [EDITOR, CLUSTER, ROLE, USER, INVITE]);
    let url = env
        .state()
        .output("invite_url")
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!outcome.stdout.contains(&url));
    let rights = env.simulator.roles("parent").unwrap();
    assert!(
        rights
            .iter()
            .any(|role| role.name == "workload-cluster-manager")
    );
    // Keys and certificates of the bot are in memory only.
    let state = env.state().0.to_string();
    assert!(!state.contains("PRIVATE KEY") && !state.contains("BEGIN CERTIFICATE"));

    let outcome = env.destroy().succeeded();
    assert_eq!(outcome.order(), [INVITE, USER, ROLE, CLUSTER, EDITOR]);
    assert_eq!(outcome.diagnostics().len(), FAREWELLS.len(), "{outcome}");
    for phrases in FAREWELLS {
        outcome.warning(phrases);
    }
    assert!(env.state().is_empty() && env.names().is_empty());
    let rights = env.simulator.roles("parent").unwrap();
    assert!(
        rights
            .iter()
            .all(|role| role.name != "workload-cluster-manager")
    );
    // The bot may not delete, and was not asked to.
    assert_eq!(env.calls("DeleteUser"), 0);
    assert_eq!(env.calls("DeleteRole"), 1);
}

fn the_parent_alone_can_be_made_first(program: &Program) {
    let complete = Complete::new(program);
    let Complete { env } = &complete;
    env.run(&[APPLY, &["-target", CLUSTER]].concat())
        .succeeded();
    assert_eq!(complete.calls("Join"), 0);
    assert!(env.state().find(ROLE).is_none());
    let outcome = applied(&complete);
    assert_eq!(outcome.order(), [ROLE, USER, INVITE]);
    // The parent can be destroyed alone as well: what is in it goes first.
    let outcome = env
        .run(&["destroy", "-json", "-auto-approve", "-target", CLUSTER])
        .succeeded();
    assert_eq!(outcome.order(), [INVITE, USER, ROLE, CLUSTER]);
    assert!(env.state().find(EDITOR).is_some());
}

fn a_join_that_is_refused_at_first_is_tried_again(program: &Program) {
    let complete = Complete::new(program);
    let fault = Fault::join_refused().cluster(NAME).times(3);
    complete.env.simulator.add_fault(fault).unwrap();
    applied(&complete);
    // Thrice in vain, once for the apply and once for the plan after it.
    assert_eq!(complete.calls("Join"), 5);
}

fn an_address_that_leads_nowhere_at_first_is_tried_again(program: &Program) {
    let complete = Complete::new(program);
    let fault = Fault::unreachable().cluster(NAME).times(4);
    complete.env.simulator.add_fault(fault).unwrap();
    applied(&complete);
    assert!(complete.env.simulator.faults().is_empty());
}

fn the_older_join_service_does_as_well(program: &Program) {
    let complete = Complete::new(program);
    let newer_only = Fault::code("Join", tonic::Code::Unimplemented).times(1000);
    complete.env.simulator.add_fault(newer_only).unwrap();
    applied(&complete);
    assert_eq!(complete.calls("RegisterUsingIAMMethod"), 2);
}

fn certificates_that_run_out_during_an_apply_are_renewed(program: &Program) {
    let complete = Complete::with(program, "active_after_reads = 0\ncertificate_life = \"3s\"");
    let Complete { env } = &complete;
    for rpc in ["CreateRole", "CreateUser"] {
        let slow = Fault::delay(rpc, Duration::from_secs(2)).cluster(NAME);
        env.simulator.add_fault(slow).unwrap();
    }
    env.apply().succeeded().without_diagnostics();
    assert_complete(&complete);
    assert!(complete.calls("Join") > 1, "{:?}", env.simulator.calls());
    env.plan_is_empty().without_diagnostics();
    env.destroy().succeeded();
    assert!(env.state().is_empty() && env.names().is_empty());
}
