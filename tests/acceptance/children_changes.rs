//! Changes of a workload cluster that has been set up (`examples/complete`), in the configuration and behind its back.

use std::time::Duration;

use teleport_simulator::Fault;
use tonic::Code;

use crate::support::{
    complete::{Complete, INVITE, NAME, ROLE, USER},
    environment::{APPLY, CLUSTER},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    only_what_was_changed_or_added_is_written,
    what_somebody_deleted_in_the_child_is_recreated,
    deleting_in_a_child_is_refused_and_the_policies_are_explained,
    revoking_in_a_child_takes_every_right_away,
    a_user_who_logs_in_elsewhere_is_not_invited,
    a_deleted_cluster_is_recreated_and_the_next_apply_recreates_what_was_in_it,
    what_was_behind_the_alias_of_a_renamed_cluster_has_to_be_removed_from_the_state,
    a_restored_cluster_is_left_as_it_is,
    certificates_of_seconds_are_enough_for_all_that_happens_to_a_tenant,
];

const CAROL: &str = r#"
resource "teleport_user" "carol" {
  provider = teleport.child
  metadata = { name = "carol" }
  spec     = { roles = [teleport_role.example.metadata.name] }
}
"#;

fn made(program: &Program) -> Complete {
    let complete = Complete::new(program);
    complete.env.apply().succeeded().without_diagnostics();
    complete
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = expected
        .iter()
        .map(|(address, action)| ((*address).to_owned(), (*action).to_owned()))
        .collect();
    pairs.sort();
    pairs
}

fn only_what_was_changed_or_added_is_written(program: &Program) {
    let complete = made(program);
    let Complete { env } = &complete;
    complete.edit(
        "node_labels = { env = [\"dev\"] }",
        "node_labels = { env = [\"dev\", \"staging\"] }",
    );
    complete.append(CAROL);
    let expected = pairs(&[(ROLE, "update"), ("teleport_user.carol", "create")]);
    assert_eq!(env.plan().planned(), expected);
    let outcome = env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(outcome.begun(), expected);
    assert_eq!(complete.user("carol").unwrap().roles, ["example"]);
    for (rpc, times) in [
        ("UpdateRole", 1),
        ("CreateUser", 2),
        ("UpdateUser", 0),
        ("CreateResetPasswordToken", 1),
    ] {
        assert_eq!(complete.calls(rpc), times, "{rpc}");
    }
    env.plan_is_empty().without_diagnostics();
}

fn what_somebody_deleted_in_the_child_is_recreated(program: &Program) {
    let complete = made(program);
    let Complete { env } = &complete;
    assert!(env.simulator.delete_user(NAME, "example").unwrap());
    assert!(env.simulator.delete_role(NAME, "example").unwrap());
    let url = env.state().output("invite_url").clone();
    // A link is recreated only on demand: it may have been used, and the user be gone on purpose.
    let expected = pairs(&[(ROLE, "create"), (USER, "create")]);
    assert_eq!(env.plan().planned(), expected);
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(complete.user("example").unwrap().roles, ["example"]);
    let warning = env.plan_is_empty().warning(&[
        "Invite Link of a Former User",
        "user \"example\"",
        "-replace",
    ]);
    assert_eq!(warning.address, INVITE);
    assert_eq!(env.state().output("invite_url"), &url);
    env.run(&["apply", "-json", "-auto-approve", "-replace", INVITE])
        .succeeded();
    assert_ne!(env.state().output("invite_url"), &url);
    env.plan_is_empty().without_diagnostics();
}

fn deleting_in_a_child_is_refused_and_the_policies_are_explained(program: &Program) {
    let complete = Complete::new(program);
    complete.edit(
        "deletion_policy = \"abandon\"",
        "deletion_policy = \"delete\"",
    );
    complete.append(CAROL);
    let Complete { env } = &complete;
    env.apply().succeeded().without_diagnostics();
    complete.edit(CAROL, "");
    env.apply().error(&[
        "Access Denied",
        "user \"carol\"",
        "deletion_policy",
        "\"revoke\"",
        "\"abandon\"",
        "not delete",
    ]);
    assert!(complete.user("carol").is_some());
    assert!(env.state().find("teleport_user.carol").is_some());
}

fn revoking_in_a_child_takes_every_right_away(program: &Program) {
    let complete = Complete::new(program);
    complete.edit(
        "deletion_policy = \"abandon\"",
        "deletion_policy = \"revoke\"",
    );
    let Complete { env } = &complete;
    env.apply().succeeded().without_diagnostics();
    assert!(!complete.user("example").unwrap().traits.is_empty());
    let outcome = env
        .run(&["destroy", "-json", "-auto-approve", "-target", ROLE])
        .succeeded();
    outcome.warning(&[
        "Revoked, Not Deleted",
        "user \"example\"",
        "without roles and traits",
    ]);
    outcome.warning(&["Revoked, Not Deleted", "role \"example\""]);
    let user = complete.user("example").unwrap();
    assert!(user.roles.is_empty() && user.traits.is_empty(), "{user:?}");
    let role = complete.role("example").unwrap();
    assert!(role.logins.is_empty() && role.rules.is_empty(), "{role:?}");
    assert!(env.state().find(USER).is_none() && env.state().find(CLUSTER).is_some());
}

fn a_user_who_logs_in_elsewhere_is_not_invited(program: &Program) {
    let complete = Complete::new(program);
    complete.edit(
        "traits = { logins = [\"ubuntu\"] }",
        "github_identities = [{ connector_id = \"github\", username = \"octocat\" }]",
    );
    let Complete { env } = &complete;
    env.apply()
        .error(&["Not a Local User", "example", "GitHub"])
        .points_at("user");
    assert_eq!(complete.calls("CreateResetPasswordToken"), 0);
}

/// The alias has no address while the cluster is planned, so the objects behind it are planned only in the next run.
fn a_deleted_cluster_is_recreated_and_the_next_apply_recreates_what_was_in_it(program: &Program) {
    let complete = made(program);
    let Complete { env } = &complete;
    assert!(env.simulator.delete_cluster(NAME));
    let plan = env.plan();
    assert_eq!(plan.planned(), pairs(&[(CLUSTER, "create")]), "{plan}");
    plan.warning(&["Not Refreshed", "role", "addr", "after the apply"]);
    plan.warning(&["Not Refreshed", "user", "addr", "after the apply"]);
    let url = env.state().output("invite_url").clone();
    env.apply_plan().succeeded();
    assert!(complete.user("example").is_none() && complete.role("example").is_none());

    let expected = pairs(&[(ROLE, "create"), (USER, "create")]);
    assert_eq!(env.plan().planned(), expected);
    env.apply_plan().succeeded();
    assert_eq!(complete.user("example").unwrap().roles, ["example"]);
    assert_eq!(complete.calls("CreateRole"), 2);
    assert_eq!(complete.calls("CreateUser"), 2);

    // The user is not the one who was invited. Another link is created on demand.
    let warning = env
        .plan_is_empty()
        .warning(&["Invite Link of a Former User", "-replace"]);
    assert_eq!(warning.address, INVITE);
    assert_eq!(env.state().output("invite_url"), &url);
    env.run(&["apply", "-json", "-auto-approve", "-replace", INVITE])
        .succeeded();
    assert_ne!(env.state().output("invite_url"), &url);
    assert_eq!(env.simulator.reset_tokens(NAME).unwrap().len(), 1);
    env.plan_is_empty().without_diagnostics();
}

/// Terraform cannot order the replacement of a cluster and of what is behind an alias that leads to it.
fn what_was_behind_the_alias_of_a_renamed_cluster_has_to_be_removed_from_the_state(
    program: &Program,
) {
    let complete = made(program);
    let Complete { env } = &complete;
    complete.set_variable(NAME, "acme-two");
    assert_eq!(env.plan().planned(), pairs(&[(CLUSTER, "replace")]));
    env.apply_plan().succeeded();
    assert_eq!(env.names(), ["acme-two"]);

    env.simulator.clear_calls();
    for address in [ROLE, USER, INVITE] {
        for outcome in [env.plan_with(&[]), env.destroy()] {
            let error = outcome.error(&[
                "Object of Another Cluster",
                "belongs to the cluster \"acme-dev.localhost\"",
                "the cluster \"acme-two.localhost\"",
                "terraform state rm ADDRESS",
            ]);
            assert_eq!(error.address, address);
        }
        env.run(&["state", "rm", address]).succeeded();
    }
    assert_eq!(env.names(), ["acme-two"]);
    for rpc in ["DeleteRole", "UpdateRole", "DeleteUser", "UpdateUser"] {
        assert_eq!(env.calls(rpc), 0, "{rpc}");
    }

    let outcome = env.apply().succeeded().without_diagnostics();
    assert_eq!(outcome.order(), [ROLE, USER, INVITE]);
    let users = env.simulator.users("acme-two").unwrap();
    let user = users.iter().find(|user| user.name == "example").unwrap();
    assert_eq!(user.roles, ["example"]);
    let url = env
        .state()
        .output("invite_url")
        .as_str()
        .unwrap()
        .to_owned();
    assert!(url.contains("acme-two.localhost"), "{url}");
    env.plan_is_empty().without_diagnostics();
}

fn a_restored_cluster_is_left_as_it_is(program: &Program) {
    let complete = made(program);
    let Complete { env } = &complete;
    // The plan does not see the cluster, and by the apply it is back: nothing in it was lost, so nothing is recreated.
    let missing = Fault::code("GetWorkloadCluster", Code::NotFound).cluster("parent");
    env.simulator.add_fault(missing.times(1000)).unwrap();
    assert_eq!(env.plan().planned(), pairs(&[(CLUSTER, "create")]));
    env.simulator.clear_faults();
    env.apply_plan().error(&[NAME, "already", "import {"]);
    env.run(&["import", CLUSTER, NAME]).succeeded();
    env.apply().succeeded();
    assert_eq!(complete.calls("CreateUser"), 1);
    assert_eq!(complete.calls("CreateResetPasswordToken"), 1);
    env.plan_is_empty().without_diagnostics();
}

fn certificates_of_seconds_are_enough_for_all_that_happens_to_a_tenant(program: &Program) {
    let complete = Complete::with(program, "active_after_reads = 0\ncertificate_life = \"3s\"");
    let Complete { env } = &complete;
    let slowly = |rpc| {
        let slow = Fault::delay(rpc, Duration::from_secs(2)).cluster(NAME);
        env.simulator.add_fault(slow).unwrap();
    };
    // Interrupted in the middle.
    slowly("CreateUser");
    let mut running = env.start(APPLY);
    running.until("the user is being made", |_| {
        complete.calls("CreateUser") > 0
    });
    running.interrupt();
    running.wait();
    env.state().get(ROLE);
    env.apply().succeeded();
    assert_eq!(complete.user("example").unwrap().roles, ["example"]);
    env.plan_is_empty().without_diagnostics();

    // Changed.
    complete.edit(
        "node_labels = { env = [\"dev\"] }",
        "node_labels = { env = [\"dev\", \"staging\"] }",
    );
    complete.append(CAROL);
    slowly("UpdateRole");
    slowly("CreateUser");
    let joins = complete.calls("Join");
    env.apply().succeeded().without_diagnostics();
    assert!(complete.calls("Join") > joins + 1);
    assert!(complete.user("carol").is_some());
    env.plan_is_empty().without_diagnostics();

    // Deleted out of band, recreated with what was in it, destroyed.
    assert!(env.simulator.delete_cluster(NAME));
    env.apply().succeeded();
    slowly("CreateRole");
    slowly("CreateUser");
    env.apply().succeeded();
    assert!(complete.user("carol").is_some());
    env.plan_is_empty()
        .warning(&["Invite Link of a Former User"]);
    env.destroy().succeeded();
    assert!(env.state().is_empty() && env.names().is_empty());
}
