//! Changes of objects in workload clusters that name their cluster themselves, and of those clusters.

use std::time::{Duration, Instant};

use serde_json::json;
use teleport_simulator::Fault;
use tonic::Code;

use super::tenants::{
    INVITE, ROLE, USER, domain, everything, has_role, role, roles_of, teams, without_empty,
};
use crate::support::{
    environment::{APPLY, CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
    state::Instance,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    another_cluster_is_another_object,
    objects_are_recreated_in_a_cluster_that_replaces_one_of_its_name,
    what_was_in_a_recreated_cluster_under_a_written_out_address_is_in_the_next_plan,
    what_does_not_end_can_be_interrupted,
    who_left_comes_back_by_the_import_that_the_error_shows,
    an_object_of_the_parent_is_not_taken_for_one_of_a_child,
    a_cluster_known_only_after_the_apply_is_a_replacement,
    what_is_in_a_renamed_cluster_is_recreated_in_the_new_one,
    a_rename_that_stopped_halfway_goes_on,
    what_would_be_revoked_is_not_recreated_under_its_name,
    an_object_is_revoked_in_one_cluster_and_created_in_the_other,
];

/// How many calls of an RPC came to a cluster.
fn calls(env: &TestEnv, cluster: &str, rpc: &str) -> usize {
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
fn recreates_everything(env: &TestEnv, plan: &Outcome, phrase: &str) {
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

fn objects_are_recreated_in_a_cluster_that_replaces_one_of_its_name(program: &Program) {
    let mut env = TestEnv::with(program, "active_after_reads = 0\nname_hold = '0s'");
    env.be_aws_identity("123456789012");
    let cluster = cluster("acme", "allow_same_name_replacement = true");
    let objects = everything("teleport_workload_cluster.this.status.domain");
    let body = format!("{cluster}{objects}");
    env.configure(&body);
    env.apply().succeeded().without_diagnostics();
    env.configure(&body.replace("us-west-2", "eu-central-1"));
    env.apply().succeeded();
    assert!(has_role(&env, "acme"));
    assert_eq!(
        roles_of(&env, "acme", "carol"),
        Some(vec!["developer".to_owned()])
    );
    env.plan_is_empty().without_diagnostics();
}

/// The address is no reference, so the plan does not know that the cluster behind it is another one after the apply.
fn what_was_in_a_recreated_cluster_under_a_written_out_address_is_in_the_next_plan(
    program: &Program,
) {
    let mut env = TestEnv::with(program, "active_after_reads = 0\nname_hold = '0s'");
    env.be_aws_identity("123456789012");
    let cluster =
        |region| cluster("acme", "allow_same_name_replacement = true").replace("us-west-2", region);
    env.configure(&cluster("us-west-2"));
    env.apply().succeeded();
    let domain = format!("{:?}", domain(&env, "acme"));
    let objects = |description| {
        everything(&domain)
            .replace(
                "{ name = \"developer\" }",
                &format!("{{\n  name = \"developer\"\n  description = {description:?}\n}}"),
            )
            .replace(
                "  cluster ",
                "  depends_on = [teleport_workload_cluster.this]\n  cluster ",
            )
    };
    let body = |region, description| format!("{}{}", cluster(region), objects(description));
    env.configure(&body("us-west-2", "a"));
    env.apply().succeeded();
    let all = |action: &str| {
        [ROLE, USER]
            .map(|address| (address.to_owned(), action.to_owned()))
            .to_vec()
    };

    // What was planned as a change does not become a creation.
    env.configure(&body("eu-central-1", "b"));
    let error = env
        .apply()
        .error(&["Not Found", "role \"developer\"", "recreated", "Plan again"]);
    assert_eq!(error.address, ROLE);
    assert!(!has_role(&env, "acme"));
    assert_eq!(env.plan().planned(), all("create"));
    env.apply_plan().succeeded();
    assert!(has_role(&env, "acme"));
    assert!(roles_of(&env, "acme", "carol").is_some());

    // Without a change there is nothing that could fail, and the next plan shows what is missing.
    env.configure(&body("us-east-1", "b"));
    env.apply().succeeded();
    assert!(!has_role(&env, "acme"));
    assert_eq!(env.plan().planned(), all("create"));
    env.apply_plan().succeeded();
    assert!(has_role(&env, "acme"));
    assert!(roles_of(&env, "acme", "carol").is_some());
    for (rpc, times) in [
        ("CreateRole", 3),
        ("CreateUser", 3),
        ("UpdateRole", 0),
        ("UpdateUser", 0),
    ] {
        assert_eq!(env.calls(rpc), times, "{rpc}");
    }
    env.plan_is_empty()
        .warning(&["Invite Link of a Former User"]);
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

/// A workload cluster of another name is another cluster, and what is in it is recreated there. The bot of the old one may
/// not delete.
fn what_is_in_a_renamed_cluster_is_recreated_in_the_new_one(program: &Program) {
    for lifecycle in ["", "lifecycle { create_before_destroy = true }"] {
        let mut env = TestEnv::new(program);
        env.be_aws_identity("123456789012");
        let body = |name| {
            let cluster = cluster(name, lifecycle);
            let objects = everything("teleport_workload_cluster.this.status.domain");
            let objects = objects.replace("deletion_policy = \"revoke\"", "");
            format!("{cluster}{objects}")
        };
        env.configure(&body("acme"));
        env.apply().succeeded().without_diagnostics();
        let invite = env.state().get(INVITE);
        env.configure(&body("globex"));
        let plan = env.plan();
        recreates_everything(&env, &plan, "known only after the apply");
        for (address, noun) in [(ROLE, "role"), (USER, "user")] {
            let may_not = format!("may not delete a {noun}");
            let warning = plan.warning(&["Deletion May Be Refused", &may_not, "deletion_policy"]);
            assert_eq!(warning.address, address);
        }
        env.apply_plan().error(&[
            "Access Denied",
            "user \"carol\"",
            "in the provider block for all",
            "\"abandon\"",
        ]);
        assert!(env.names().contains(&"acme".to_owned()));
        env.state().get(ROLE);
        env.state().get(USER);

        // The policy of the provider block counts at once, also where the resource cannot be updated any more.
        let provider = env.provider("deletion_policy = \"abandon\"");
        env.write(&format!("{provider}{}", body("globex")));
        let outcome = env.apply().succeeded();
        for what in ["role \"developer\"", "user \"carol\""] {
            outcome.warning(&["Not Deleted", what, "acme.localhost"]);
        }
        outcome.warning(&["Workload Cluster Name Held", "acme"]);
        let order = outcome.order();
        let place = |address: &str| order.iter().position(|begun| begun == address).unwrap();
        assert!(place(USER) < place(ROLE), "{order:?}");
        assert_eq!(
            order[order.len() - 1] == CLUSTER,
            !lifecycle.is_empty(),
            "{order:?}"
        );
        assert_eq!(env.names(), ["globex"]);
        assert!(has_role(&env, "globex"));
        let roles = roles_of(&env, "globex", "carol");
        assert_eq!(roles, Some(vec!["developer".to_owned()]));
        let url = |instance: &Instance| instance.attributes["url"].clone();
        assert_ne!(url(&env.state().get(INVITE)), url(&invite));
        for (rpc, times) in [
            ("CreateRole", 2),
            ("CreateUser", 2),
            ("DeleteUser", 1),
            ("DeleteRole", 0),
            ("UpdateRole", 0),
            ("UpdateUser", 0),
        ] {
            assert_eq!(env.calls(rpc), times, "{rpc}");
        }
        env.plan_is_empty().without_diagnostics();
    }
}

/// The new cluster exists and the old one is still there.
fn a_rename_that_stopped_halfway_goes_on(program: &Program) {
    let mut env = TestEnv::new(program);
    env.be_aws_identity("123456789012");
    let body = |name| {
        let cluster = cluster(name, "lifecycle { create_before_destroy = true }");
        let objects = everything("teleport_workload_cluster.this.status.domain");
        format!("{cluster}{objects}")
    };
    env.configure(&body("acme"));
    env.apply().succeeded().without_diagnostics();
    env.configure(&body("globex"));
    let refused = Fault::code("CreateUser", Code::InvalidArgument).cluster("globex");
    env.simulator.add_fault(refused).unwrap();
    env.apply().error(&["creating the user \"carol\""]);
    assert_eq!(env.names(), ["acme", "globex"]);
    assert_eq!(roles_of(&env, "acme", "carol"), Some(Vec::new()));
    assert!(has_role(&env, "globex") && env.state().find(USER).is_none());

    let outcome = env.apply().succeeded();
    assert_eq!(outcome.order(), [USER, INVITE, CLUSTER]);
    assert_eq!(env.names(), ["globex"]);
    let roles = roles_of(&env, "globex", "carol");
    assert_eq!(roles, Some(vec!["developer".to_owned()]));
    assert_eq!(calls(&env, "globex", "CreateRole"), 1);
    assert_eq!(calls(&env, "globex", "CreateUser"), 2);
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
