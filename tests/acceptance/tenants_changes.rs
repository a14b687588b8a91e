//! Changes of objects in workload clusters that name their cluster themselves.

use std::time::{Duration, Instant};

use serde_json::json;
use teleport_simulator::Fault;

use super::tenants::{
    INVITE, ROLE, USER, domain, everything, has_role, role, roles_of, teams, without_empty,
};
use crate::support::{
    environment::{APPLY, TestEnv},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    another_cluster_is_another_object,
    what_does_not_end_can_be_interrupted,
    who_left_comes_back_by_the_import_that_the_error_shows,
    an_object_of_the_parent_is_not_taken_for_one_of_a_child,
    a_cluster_known_only_after_the_apply_is_a_replacement,
    what_would_be_revoked_is_not_recreated_under_its_name,
    an_object_is_revoked_in_one_cluster_and_created_in_the_other,
];

/// How many calls of an RPC came to a cluster.
pub(crate) fn calls(env: &TestEnv, cluster: &str, rpc: &str) -> usize {
    let calls = env.simulator.calls();
    calls
        .iter()
        .filter(|call| call.cluster == cluster && call.rpc == rpc)
        .count()
}

/// What the role in a cluster allows. Nothing if it is not there.
fn logins(env: &TestEnv, cluster: &str) -> Vec<String> {
    let roles = env.simulator.roles(cluster).unwrap();
    let role = roles.into_iter().find(|role| role.name == "developer");
    role.map(|role| role.logins).unwrap_or_default()
}

/// That the plan recreates all three objects, and warns of each.
pub(crate) fn recreates_everything(env: &TestEnv, plan: &Outcome, phrase: &str) {
    for (address, more) in [
        (ROLE, "the role is destroyed"),
        (USER, "no password and no MFA device"),
        (INVITE, "another link"),
    ] {
        let change = env.planned_change(address);
        assert_eq!(change["actions"], json!(["delete", "create"]), "{address}");
        let paths = change["replace_paths"].as_array().unwrap();
        assert!(paths.contains(&json!(["cluster"])), "{address}");
        let warning = plan.warning(&["Recreated in Another Cluster", phrase, more]);
        assert_eq!(warning.address, address);
    }
}

fn another_cluster_is_another_object(program: &Program) {
    let env = teams(program);
    env.configure(&everything(&format!("{:?}", domain(&env, "team-a"))));
    env.apply().succeeded().without_diagnostics();
    let elsewhere = everything(&format!("{:?}", domain(&env, "team-b")));
    let prevented =
        "  deletion_policy = \"revoke\"\n  lifecycle {\n    prevent_destroy = true\n  }\n";
    let policy = "  deletion_policy = \"revoke\"\n";
    env.configure(&elsewhere.replacen(policy, prevented, 1));
    env.plan_with(&[]).error(&["prevent_destroy", ROLE]);

    env.configure(&elsewhere);
    let plan = env.plan();
    recreates_everything(&env, &plan, "cluster changes");
    let outcome = env.apply_plan().succeeded();
    assert_eq!(outcome.order(), [INVITE, USER, ROLE, ROLE, USER, INVITE]);
    outcome.warning(&[
        "Revoked, Not Deleted",
        "role \"developer\"",
        "left in team-a.localhost",
    ]);
    outcome.warning(&[
        "Revoked, Not Deleted",
        "user \"carol\"",
        "left in team-a.localhost",
    ]);
    for (rpc, before, after) in [
        ("CreateRole", 1, 1),
        ("CreateUser", 1, 1),
        ("CreateResetPasswordToken", 1, 1),
        ("UpdateRole", 1, 0),
        ("UpdateUser", 1, 0),
        ("DeleteRole", 0, 0),
        ("DeleteUser", 0, 0),
    ] {
        assert_eq!(calls(&env, "team-a", rpc), before, "{rpc}");
        assert_eq!(calls(&env, "team-b", rpc), after, "{rpc}");
    }
    assert_eq!(roles_of(&env, "team-a", "carol"), Some(Vec::new()));
    let roles = roles_of(&env, "team-b", "carol");
    assert_eq!(roles, Some(vec!["developer".to_owned()]));
    assert!(has_role(&env, "team-b"));
    env.plan_is_empty().without_diagnostics();
}

fn what_does_not_end_can_be_interrupted(program: &Program) {
    let env = teams(program);
    let role = role(&format!("{:?}", domain(&env, "team-a")));
    env.configure(&role);
    env.apply().succeeded().without_diagnostics();
    let changed = role.replace("ubuntu", "admin");
    for (then, doing) in [
        (changed.as_str(), "updating the role"),
        ("", "revoking the role"),
    ] {
        env.configure(then);
        env.simulator.clear_calls();
        let slow = Fault::delay("UpdateRole", Duration::from_secs(600)).times(9);
        env.simulator.add_fault(slow).unwrap();
        let mut running = env.start(APPLY);
        running.until(doing, |_| env.calls("UpdateRole") > 0);
        let begun = Instant::now();
        running.interrupt();
        let diagnostics = running.wait().diagnostics();
        let interrupted = diagnostics
            .iter()
            .find(|diagnostic| diagnostic.text.starts_with("Interrupted"));
        interrupted.unwrap().says(&[doing]);
        assert!(begun.elapsed() < Duration::from_secs(20));
        assert_eq!(env.calls("UpdateRole"), 1);
        env.simulator.clear_faults();
        env.state().get(ROLE);
        env.apply().succeeded();
    }
    assert!(env.state().is_empty());
}

fn who_left_comes_back_by_the_import_that_the_error_shows(program: &Program) {
    let env = teams(program);
    let domain = domain(&env, "team-a");
    let all = everything(&format!("{domain:?}"));
    env.configure(&all);
    env.apply().succeeded().without_diagnostics();
    let (without_user, _) = all.split_once("resource \"teleport_user\"").unwrap();
    env.configure(without_user);
    env.apply().succeeded();
    assert_eq!(roles_of(&env, "team-a", "carol"), Some(Vec::new()));

    env.configure(&all);
    let id = format!("id = \"{domain}/carol\"");
    let error = env.apply().error(&["Already Exists", "import {", &id]);
    assert_eq!(error.address, USER);
    env.configure(&format!("{all}import {{\n  to = {USER}\n  {id}\n}}\n"));
    env.apply().succeeded();
    let roles = roles_of(&env, "team-a", "carol");
    assert_eq!(roles, Some(vec!["developer".to_owned()]));
    env.plan_is_empty().without_diagnostics();
}

/// From a provider block of the child's own to the argument `cluster`: the block of the parent leads to another object.
fn an_object_of_the_parent_is_not_taken_for_one_of_a_child(program: &Program) {
    let env = teams(program);
    let domain = domain(&env, "team-a");
    let of_parent = role("null").replace("\"developer\" {", "\"parent\" {");
    let of_child = |place: &str| {
        let role = role("null").replace("  cluster  = null", &format!("  {place}"));
        let block = format!(
            "provider \"teleport\" {{\n  alias = \"child\"\n  addr = {domain:?}\n  join_method = \"iam\"\n  join_token = \
             \"terraform\"\n}}\n"
        );
        format!("{of_parent}{role}{block}").replace("\"revoke\"", "\"delete\"")
    };
    env.configure(&of_child("provider = teleport.child"));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();

    env.configure(&of_child(&format!("cluster = {domain:?}")));
    let unrefreshed = ["apply", "-json", "-auto-approve", "-refresh=false"];
    let another = [
        "Object of Another Cluster",
        "role \"developer\"",
        "\"team-a.localhost\"",
        "CLUSTER/NAME",
    ];
    env.apply().error(&another);
    // The replacement has to destroy the old object first, and cannot reach it.
    env.run(&unrefreshed).error(&another);

    // The block of the child leads to another child.
    let elsewhere = of_child("provider = teleport.child").replace("team-a", "team-b");
    let elsewhere = elsewhere.replace("\"terraform\"", "\"machine\"");
    let (role, block) = elsewhere.split_once("provider \"teleport\"").unwrap();
    let without_role = role
        .split_once("resource \"teleport_role\" \"developer\"")
        .unwrap()
        .0;
    env.configure(&format!("{without_role}provider \"teleport\"{block}"));
    env.run(&unrefreshed).error(&another);
    assert!(has_role(&env, "parent") && has_role(&env, "team-a"));
    assert_eq!(env.calls("DeleteRole"), 0);

    env.configure(&of_child(&format!("cluster = {domain:?}")));
    env.run(&["state", "rm", ROLE]).succeeded();
    let id = format!("{domain}/developer");
    env.run(&["import", ROLE, &id]).succeeded();
    env.apply().succeeded();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.calls("CreateRole"), 2);
}

/// The domain of a cluster by way of another resource, whose output is unknown while that is to be replaced.
fn detour(domain: &str, trigger: u8) -> String {
    format!(
        "resource \"terraform_data\" \"detour\" {{\n  input = {domain:?}\n  triggers_replace = [{trigger}]\n}}\n"
    )
}

/// The value turns out to be the same. The plan could not know that, and what it said is what happens.
fn a_cluster_known_only_after_the_apply_is_a_replacement(program: &Program) {
    let env = teams(program);
    let domain = domain(&env, "team-a");
    let body = |trigger| {
        let detour = detour(&domain, trigger);
        let objects = everything("terraform_data.detour.output");
        format!("{detour}{objects}")
    };
    env.configure(&body(1));
    env.apply().succeeded().without_diagnostics();
    let before = env.state();

    let policy = "  deletion_policy = \"revoke\"\n";
    let prevented = format!("{policy}  lifecycle {{\n    prevent_destroy = true\n  }}\n");
    env.configure(&body(2).replacen(policy, &prevented, 1));
    env.plan_with(&[]).error(&["prevent_destroy", ROLE]);

    env.configure(&body(2));
    let plan = env.plan();
    recreates_everything(&env, &plan, "known only after the apply");
    plan.warning(&[&format!("the role is destroyed in {domain}")]);
    let id = format!("id = \"{domain}/developer\"");
    let outcome = env.apply_plan();
    let error = outcome.error(&["Already Exists", "import {", &id]);
    assert_eq!(error.address, ROLE);
    outcome.warning(&["Revoked, Not Deleted", "role \"developer\""]);
    assert_eq!(roles_of(&env, "team-a", "carol"), Some(Vec::new()));

    let imports = format!(
        "import {{\n  to = {ROLE}\n  {id}\n}}\nimport {{\n  to = {USER}\n  id = \"{domain}/carol\"\n}}\n"
    );
    env.configure(&format!("{}{imports}", body(2)));
    env.apply().succeeded();
    let (now, then) = (env.state().get(USER), before.get(USER));
    assert_eq!(without_empty(now), without_empty(then));
    assert_eq!(logins(&env, "team-a"), ["ubuntu"]);
    // The revocation, and the import that undoes it.
    for (rpc, times) in [
        ("UpdateRole", 2),
        ("UpdateUser", 2),
        ("CreateRole", 2),
        ("CreateUser", 1),
    ] {
        assert_eq!(env.calls(rpc), times, "{rpc}");
    }
    env.plan_is_empty().without_diagnostics();
}

fn what_would_be_revoked_is_not_recreated_under_its_name(program: &Program) {
    let env = teams(program);
    let body = everything(&format!("{:?}", domain(&env, "team-a")));
    for policy in ["revoke", "abandon"] {
        env.configure(&body.replace("\"revoke\"", &format!("{policy:?}")));
        env.apply().succeeded();
        let replace = ["apply", "-json", "-auto-approve", "-replace", USER];
        env.run(&replace).error(&[
            "Cannot Be Recreated",
            &format!("deletion_policy = {policy:?}"),
            "terraform untaint",
            "-replace",
        ]);
        let roles = roles_of(&env, "team-a", "carol");
        assert_eq!(roles, Some(vec!["developer".to_owned()]));
        env.plan_is_empty().without_diagnostics();
    }
}

/// Both clusters stay, and the plan does not know the second one.
fn an_object_is_revoked_in_one_cluster_and_created_in_the_other(program: &Program) {
    let env = teams(program);
    let body = |cluster, trigger| {
        let detour = detour(&domain(&env, cluster), trigger);
        let objects = role("terraform_data.detour.output");
        format!("{detour}{objects}")
    };
    env.configure(&body("team-a", 1));
    env.apply().succeeded().without_diagnostics();
    env.configure(&body("team-b", 2));
    env.apply().succeeded();
    assert_eq!(logins(&env, "team-b"), ["ubuntu"]);
    assert!(has_role(&env, "team-a") && logins(&env, "team-a").is_empty());
    env.plan_is_empty().without_diagnostics();

    // What was left there exists, and is not taken over without an import.
    env.configure(&body("team-a", 3));
    let id = format!("id = \"{}/developer\"", domain(&env, "team-a"));
    let error = env.apply().error(&["Already Exists", &id]);
    assert_eq!(error.address, ROLE);
    assert!(env.state().find(ROLE).is_none());
    assert!(logins(&env, "team-a").is_empty() && logins(&env, "team-b").is_empty());
    env.configure(&format!(
        "{}import {{\n  to = {ROLE}\n  {id}\n}}\n",
        body("team-a", 3)
    ));
    env.apply().succeeded();
    assert_eq!(logins(&env, "team-a"), ["ubuntu"]);
    env.plan_is_empty().without_diagnostics();
}
