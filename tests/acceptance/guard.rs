//! An object belongs to the cluster that it was created in: credentials of another one neither drop nor delete it.

use std::time::{Duration, Instant};

use teleport_simulator::Fault;

use super::tenants::{INVITE, ROLE, USER, domain, has_role, role, teams};
use crate::support::{
    environment::{APPLY, TestEnv, provider_block},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    another_parent_drops_nothing_that_is_in_a_workload_cluster,
    a_plan_without_a_refresh_refuses_another_cluster,
    creates_on_a_silent_server_can_be_interrupted,
    an_interrupted_create_that_was_carried_out_is_in_the_state,
];

const DESTROY_UNREFRESHED: [&str; 4] = ["destroy", "-json", "-auto-approve", "-refresh=false"];

fn another_parent_drops_nothing_that_is_in_a_workload_cluster(program: &Program) {
    let env = teams(program);
    let cluster = format!("{:?}", domain(&env, "team-a"));
    let objects = format!(
        "{}{}",
        role(&cluster),
        user_and_invite(&format!("cluster = {cluster}"), "\"carol\"")
    );
    // The invite needs the user, and does not refer to it, so that each of them is refreshed.
    let (without_invite, _) = objects
        .split_once("resource \"teleport_user_invite\"")
        .unwrap();
    env.configure(without_invite);
    env.apply().succeeded().without_diagnostics();
    env.configure(&objects);
    env.apply().succeeded().without_diagnostics();

    let other = TestEnv::with(program, "cluster_name = \"other.localhost\"");
    let block = provider_block(
        &other.simulator.proxy_address(),
        other.simulator.identity_file(),
        "insecure = true",
    );
    env.write(&format!("{block}{objects}"));
    let expected = [
        "Object of Another Cluster",
        "team-a.localhost",
        "\"parent.localhost\"",
        "\"other.localhost\"",
        "terraform state rm ADDRESS",
    ];
    let outcome = env.plan_with(&[]);
    for address in [ROLE, USER, INVITE] {
        let diags = outcome.diagnostics();
        let error = diags.iter().find(|diag| diag.address == address);
        let error = error.unwrap_or_else(|| panic!("{address}: {outcome}"));
        error.says(&expected);
    }
    // An invite is forgotten without a call.
    let outcome = env.run(&DESTROY_UNREFRESHED);
    let diags = outcome.diagnostics();
    let errors: Vec<_> = diags
        .iter()
        .filter(|diag| diag.severity == "error")
        .collect();
    assert_eq!(errors.len(), 2, "{outcome}");
    for error in errors {
        error.says(&expected);
    }
    for address in [ROLE, USER] {
        env.state().get(address);
    }
    assert!(has_role(&env, "team-a"));

    env.configure(&objects);
    env.apply().succeeded();
    env.plan_is_empty().without_diagnostics();
}

fn a_plan_without_a_refresh_refuses_another_cluster(program: &Program) {
    let env = TestEnv::new(program);
    let role = |login: &str| {
        format!(
            "resource \"teleport_role\" \"this\" {{\n  version = \"v7\"\n  metadata = {{ name = \"example\" }}\n  spec = {{ \
             allow = {{ logins = [{login:?}] }} }}\n}}\n"
        )
    };
    env.configure(&role("root"));
    env.apply().succeeded();

    let other = TestEnv::with(program, "cluster_name = \"other.localhost\"");
    let block = provider_block(
        &other.simulator.proxy_address(),
        other.simulator.identity_file(),
        "insecure = true",
    );
    let expected = [
        "Object of Another Cluster",
        "\"parent.localhost\"",
        "\"other.localhost\"",
    ];
    let unrefreshed = ["-refresh=false"];
    env.write(&format!("{block}{}", role("ubuntu")));
    env.plan_with(&unrefreshed).error(&expected);
    env.plan_with(&["-refresh=false", "-destroy"])
        .error(&expected);
    // Nothing changes, so nothing needs the cluster.
    env.write(&format!("{block}{}", role("root")));
    env.plan_with(&unrefreshed).succeeded();
}

fn creates_on_a_silent_server_can_be_interrupted(program: &Program) {
    let role = "resource \"teleport_role\" \"this\" {\n  version = \"v7\"\n  metadata = { name = \"silent\" }\n}\n";
    for (rpc, body, doing) in [
        (
            "CreateRole",
            role.to_owned(),
            "creating the role \"silent\"",
        ),
        (
            "CreateUser",
            user_and_invite("", "teleport_user.carol.metadata.name"),
            "creating the user \"carol\"",
        ),
        (
            "CreateResetPasswordToken",
            user_and_invite("", "teleport_user.carol.metadata.name"),
            "creating an invite link for the user \"carol\"",
        ),
    ] {
        let env = TestEnv::new(program);
        env.configure(&body);
        let silent = Fault::delay(rpc, Duration::from_secs(600)).times(9);
        env.simulator.add_fault(silent).unwrap();
        let mut running = env.start(APPLY);
        running.until(doing, |_| env.calls(rpc) > 0);
        let begin = Instant::now();
        running.interrupt();
        let outcome = running.wait();
        // Two seconds are promised; a busy machine gets more.
        assert!(begin.elapsed() < Duration::from_secs(6), "{outcome}");
        let diags = outcome.diagnostics();
        let interrupted = diags
            .iter()
            .find(|diag| diag.text.starts_with("Interrupted"));
        interrupted
            .unwrap_or_else(|| panic!("{outcome}"))
            .says(&[doing]);
        assert_eq!(env.calls(rpc), 1);
        env.simulator.clear_faults();
        env.apply().succeeded();
        env.plan_is_empty().without_diagnostics();
    }
}

fn an_interrupted_create_that_was_carried_out_is_in_the_state(program: &Program) {
    let env = teams(program);
    env.configure(&role("null"));
    let silent = Fault::delay("CreateRole", Duration::from_secs(600)).carried_out();
    env.simulator.add_fault(silent).unwrap();
    let mut running = env.start(APPLY);
    running.until("the role is created", |_| has_role(&env, "parent"));
    running.interrupt();
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(!env.state().get(ROLE).tainted);
    env.plan_is_empty().without_diagnostics();
}

fn user_and_invite(cluster: &str, user: &str) -> String {
    format!(
        r#"
resource "teleport_user" "carol" {{
  {cluster}
  metadata        = {{ name = "carol" }}
  deletion_policy = "revoke"
}}
resource "teleport_user_invite" "carol" {{
  {cluster}
  user = {user}
}}
"#
    )
}
