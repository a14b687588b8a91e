//! Configurations that the programs write for imported objects.

use std::fs;

use teleport_simulator::UserChange;

use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    the_configuration_that_is_generated_for_an_import_plans_nothing_else,
    what_is_generated_stays_as_the_cluster_changes,
    what_the_cluster_reports_cannot_be_chosen,
];

fn the_configuration_that_is_generated_for_an_import_plans_nothing_else(program: &Program) {
    let env = TestEnv::with_team_a(program);
    env.configure(IMPORTS);
    let changes = |outcome: Outcome| {
        let mut changes = outcome.planned();
        changes.sort();
        changes
    };
    let imports = [ROLE, USER, CLUSTER].map(|address| (address.to_owned(), "import".to_owned()));
    // Only the programs' own warning that this is experimental comes with it.
    let generating = env.plan_with(&["-generate-config-out=generated.tf"]);
    assert_eq!(changes(generating), imports);
    let generated = fs::read_to_string(env.path("generated.tf")).unwrap();

    let planned = env.plan().without_diagnostics();
    assert_eq!(changes(planned), imports);
    env.apply_plan().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();

    let changed = generated.replace("[\"identity-human\"]", "[\"access\"]");
    assert_ne!(changed, generated);
    fs::write(env.path("generated.tf"), &changed).unwrap();
    assert_eq!(
        env.plan().planned(),
        [(USER.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded();
    env.plan_is_empty().without_diagnostics();
}

fn what_is_generated_stays_as_the_cluster_changes(program: &Program) {
    let env = TestEnv::with_team_a(program);
    env.configure(IMPORTS);
    env.plan_with(&["-generate-config-out=generated.tf"]);
    env.apply().succeeded();
    env.simulator.set_state("team-a", "suspended").unwrap();
    let everybody = env.simulator.users("parent").unwrap();
    let alice = everybody.iter().find(|user| user.name == "alice").unwrap();
    let same = UserChange {
        roles: Some(alice.roles.clone()),
        ..UserChange::default()
    };
    env.simulator.change_user("parent", "alice", same).unwrap();
    let generated = fs::read_to_string(env.path("generated.tf")).unwrap();
    for _ in 0..2 {
        env.plan_is_empty().without_diagnostics();
        env.apply().succeeded();
    }
    assert_eq!(
        env.state().get(CLUSTER).attributes["status"]["state"],
        "suspended"
    );

    // Arguments of the provider are still written into the state.
    let protected = |line: &str| {
        if line.trim_start().starts_with("deletion_protection ") {
            "deletion_protection = true".to_owned()
        } else {
            line.to_owned()
        }
    };
    let changed: Vec<_> = generated.lines().map(protected).collect();
    let changed = changed.join("\n");
    assert_ne!(changed, generated, "{generated}");
    fs::write(env.path("generated.tf"), changed).unwrap();
    assert_eq!(
        env.plan().planned(),
        [(CLUSTER.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded();
}

fn what_the_cluster_reports_cannot_be_chosen(program: &Program) {
    let env = TestEnv::new(program);
    let chosen = "status = { state = \"active\" }\n  metadata";
    env.configure(&cluster("team-a", "").replace("metadata", chosen));
    env.plan_with(&[]).error(&["Read-Only", "status.state"]);
}

const ROLE: &str = "teleport_role.this";
const USER: &str = "teleport_user.this";

const IMPORTS: &str = r#"
import {
  to = teleport_workload_cluster.this
  id = "team-a"
}
import {
  to = teleport_role.this
  id = "access"
}
import {
  to = teleport_user.this
  id = "alice"
}
"#;
