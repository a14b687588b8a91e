//! Changes of objects in workload clusters that name their cluster themselves, and of those clusters.

use std::time::{Duration, Instant};

use serde_json::json;
use teleport_simulator::Fault;
use tonic::Code;

use super::tenants::{
    INVITE, ROLE, USER, domain, everything, has_role, role, roles_of, teams, without_empty,
};
use crate::support::{
    environment::{APPLY, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
    state::Instance,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    another_cluster_is_another_object,
    objects_are_made_in_a_cluster_that_takes_the_place_of_one_of_its_name,
    a_cluster_made_anew_under_an_address_that_was_written_out_is_no_surprise,
    what_does_not_end_can_be_interrupted,
    who_left_comes_back_by_the_import_that_the_error_shows,
    an_object_of_the_parent_is_not_taken_for_one_of_a_child,
    a_cluster_not_known_at_plan_replaces_nothing,
    a_renamed_tenant_keeps_its_objects,
    a_rename_that_stopped_halfway_goes_on,
    what_would_be_revoked_is_not_made_anew_under_its_name,
    an_object_goes_to_another_cluster_and_leaves_the_first,
];

fn another_cluster_is_another_object(program: &Program) {
    let env = teams(program);
    env.configure(&everything(&format!("{:?}", domain(&env, "team-a"))));
    env.apply().succeeded().without_diagnostics();
    env.configure(&everything(&format!("{:?}", domain(&env, "team-b"))));
    env.plan();
    for address in [ROLE, USER, INVITE] {
        let change = env.planned_change(address);
        assert_eq!(change["actions"], json!(["delete", "create"]), "{address}");
        let paths = change["replace_paths"].as_array().unwrap();
        assert!(paths.contains(&json!(["cluster"])), "{address}");
    }
    env.apply_plan().succeeded();
    assert!(has_role(&env, "team-b"));
    assert!(roles_of(&env, "team-b", "carol").is_some());
    env.plan_is_empty().without_diagnostics();
}

fn objects_are_made_in_a_cluster_that_takes_the_place_of_one_of_its_name(program: &Program) {
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

/// The address is no reference, so that the plan knows it.
fn a_cluster_made_anew_under_an_address_that_was_written_out_is_no_surprise(program: &Program) {
    let mut env = TestEnv::with(program, "active_after_reads = 0\nname_hold = '0s'");
    env.be_aws_identity("123456789012");
    let cluster =
        |region| cluster("acme", "allow_same_name_replacement = true").replace("us-west-2", region);
    env.configure(&cluster("us-west-2"));
    env.apply().succeeded();
    let domain = format!("{:?}", domain(&env, "acme"));
    let objects = |description, ttl| {
        let invite = format!("ttl = {ttl:?}\n  user ");
        everything(&domain)
            .replace(
                "{ name = \"developer\" }",
                &format!("{{\n  name = \"developer\"\n  description = {description:?}\n}}"),
            )
            .replace("  user ", &invite)
            .replace(
                "  cluster ",
                "  depends_on = [teleport_workload_cluster.this]\n  cluster ",
            )
    };
    env.configure(&format!("{}{}", cluster("us-west-2"), objects("a", "1h")));
    env.apply().succeeded();
    for (region, description, ttl) in [("eu-central-1", "b", "2h"), ("us-east-1", "b", "2h")] {
        env.configure(&format!("{}{}", cluster(region), objects(description, ttl)));
        env.apply().succeeded();
        // What was not to be changed is missed by the next plan.
        env.apply().succeeded();
        assert!(has_role(&env, "acme"));
        assert!(roles_of(&env, "acme", "carol").is_some());
    }
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
        let told = running.wait().diagnostics();
        let interrupted = told
            .iter()
            .find(|told| told.text.starts_with("Interrupted"));
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

fn a_cluster_not_known_at_plan_replaces_nothing(program: &Program) {
    let env = teams(program);
    let domain = domain(&env, "team-a");
    let body = |trigger| {
        let detour = detour(&domain, trigger);
        let objects = everything("terraform_data.detour.output");
        format!("{detour}{objects}")
    };
    env.configure(&body(1));
    env.apply().succeeded().without_diagnostics();
    let (before, calls) = (env.state(), env.calls("UpdateUser"));
    env.configure(&body(2));
    env.plan();
    for address in [ROLE, USER, INVITE] {
        let change = env.planned_change(address);
        assert_eq!(change["actions"], json!(["update"]), "{address}");
    }
    env.apply_plan().succeeded().without_diagnostics();
    for address in [ROLE, USER, INVITE] {
        let (now, then) = (env.state().get(address), before.get(address));
        assert_eq!(without_empty(now), without_empty(then));
    }
    assert_eq!(env.calls("UpdateUser"), calls);
    env.plan_is_empty().without_diagnostics();
}

/// A tenant whose workload cluster gets another name, which makes another cluster of it.
fn a_renamed_tenant_keeps_its_objects(program: &Program) {
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
        let acme = domain(&env, "acme");
        env.configure(&body("globex"));
        let warning = env.plan().warning(&[
            "Cluster Known Only After the Apply",
            &format!("is in {acme}"),
            "makes the role there",
        ]);
        assert_eq!(warning.address, ROLE);
        for address in [ROLE, USER, INVITE] {
            let change = env.planned_change(address);
            assert_eq!(change["actions"], json!(["update"]), "{address}");
            assert_eq!(change["after"]["id"], change["before"]["id"], "{address}");
        }
        let outcome = env.apply_plan().succeeded();
        if lifecycle.is_empty() {
            outcome.warning(&["Workload Cluster Name Held", "acme"]);
        } else {
            // The first cluster is there still, and its bot may not delete.
            outcome.warning(&[
                "Left in the Other Cluster",
                "role \"developer\" belongs to globex.localhost",
                "The one in acme.localhost",
                "access denied",
            ]);
        }
        assert!(has_role(&env, "globex"));
        assert!(roles_of(&env, "globex", "carol").is_some());
        let url = |instance: &Instance| instance.attributes["url"].clone();
        assert_ne!(url(&env.state().get(INVITE)), url(&invite));
        env.plan_is_empty().without_diagnostics();
    }
}

/// The new cluster is there and the old one not gone yet, whose bot may not delete.
fn a_rename_that_stopped_halfway_goes_on(program: &Program) {
    let mut env = TestEnv::new(program);
    env.be_aws_identity("123456789012");
    let body = |name| {
        let cluster = cluster(name, "lifecycle { create_before_destroy = true }");
        let objects = everything("teleport_workload_cluster.this.status.domain");
        let objects = objects.replace("deletion_policy = \"revoke\"", "");
        format!("{cluster}{objects}")
    };
    env.configure(&body("acme"));
    env.apply().succeeded().without_diagnostics();
    env.configure(&body("globex"));
    let refused = Fault::code("CreateUser", Code::Internal).cluster("globex");
    env.simulator.add_fault(refused).unwrap();
    env.apply().error(&["creating the user \"carol\""]);
    let outcome = env.apply().succeeded();
    outcome.warning(&[
        "Left in the Other Cluster",
        "user \"carol\" belongs to globex.localhost",
        "The one in acme.localhost",
        "access denied",
    ]);
    assert_eq!(env.names(), ["globex"]);
    let roles = roles_of(&env, "globex", "carol");
    assert_eq!(roles, Some(vec!["developer".to_owned()]));
    env.plan_is_empty().without_diagnostics();
}

fn what_would_be_revoked_is_not_made_anew_under_its_name(program: &Program) {
    let env = teams(program);
    let body = everything(&format!("{:?}", domain(&env, "team-a")));
    for policy in ["revoke", "abandon"] {
        env.configure(&body.replace("\"revoke\"", &format!("{policy:?}")));
        env.apply().succeeded();
        let replace = ["apply", "-json", "-auto-approve", "-replace", USER];
        env.run(&replace).error(&[
            "Cannot Be Made Anew",
            &format!("deletion_policy = {policy:?}"),
            "terraform untaint",
            "-replace",
        ]);
        let roles = roles_of(&env, "team-a", "carol");
        assert_eq!(roles, Some(vec!["developer".to_owned()]));
        env.plan_is_empty().without_diagnostics();
    }
}

/// Both clusters stay, and the object goes from one to the other within an apply whose plan did not know the other.
fn an_object_goes_to_another_cluster_and_leaves_the_first(program: &Program) {
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
    let logins = |cluster| {
        let roles = env.simulator.roles(cluster).unwrap();
        let role = roles.into_iter().find(|role| role.name == "developer");
        role.map(|role| role.logins).unwrap_or_default()
    };
    assert_eq!(logins("team-b"), ["ubuntu"]);
    assert!(has_role(&env, "team-a") && logins("team-a").is_empty());
    env.plan_is_empty().without_diagnostics();

    // What is there already is not taken over, and nothing is lost.
    env.configure(&body("team-a", 3));
    let error = env.apply().error(&[
        "Already Exists",
        &format!("id = \"{}/developer\"", domain(&env, "team-a")),
    ]);
    assert_eq!(error.address, ROLE);
    let cluster = env.state().get(ROLE).attributes["cluster"].clone();
    assert_eq!(cluster, json!(domain(&env, "team-b")));
}
