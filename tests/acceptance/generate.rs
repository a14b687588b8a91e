//! Configurations that the programs write for imported objects.

use std::fs;

use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    the_configuration_that_is_generated_for_an_import_plans_nothing_else,
    what_the_cluster_reports_cannot_be_chosen,
];

fn the_configuration_that_is_generated_for_an_import_plans_nothing_else(program: &Program) {
    let env = TestEnv::with(program, SERVER);
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
    assert!(generated.contains("revision "), "{generated}");
    assert!(generated.contains("status = {"), "{generated}");

    let planned = env.plan().without_diagnostics();
    assert_eq!(changes(planned), imports);
    env.apply_plan().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();

    // Whatever is written gets another revision.
    let changed = generated.replace("[\"identity-human\"]", "[\"access\"]");
    assert_ne!(changed, generated);
    fs::write(env.path("generated.tf"), &changed).unwrap();
    env.plan_with(&[])
        .error(&["Read-Only", "metadata.revision", "Remove it"]);
    let lines = changed.lines();
    let without: Vec<_> = lines
        .filter(|line| !line.trim_start().starts_with("revision "))
        .collect();
    fs::write(env.path("generated.tf"), without.join("\n")).unwrap();
    assert_eq!(
        env.plan().planned(),
        [(USER.to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
}

fn what_the_cluster_reports_cannot_be_chosen(program: &Program) {
    let env = TestEnv::new(program);
    let name = "name = \"team-a\"";
    for (from, to, path) in [
        (
            name,
            format!("{name}\n    revision = \"1\""),
            "metadata.revision",
        ),
        (
            "metadata",
            "status = { state = \"active\" }\n  metadata".to_owned(),
            "status.state",
        ),
    ] {
        env.configure(&cluster("team-a", "").replace(from, &to));
        env.plan_with(&[]).error(&["Read-Only", path, "Remove it"]);
    }
}

const ROLE: &str = "teleport_role.this";
const USER: &str = "teleport_user.this";

const SERVER: &str = r#"
active_after_reads = 0
[[clusters]]
name = "team-a"
[clusters.spec]
regions = [{ name = "us-west-2" }]
bot = { name = "terraform" }
token = { join_method = "iam", allow = [{ aws_account = "123456789012" }] }
"#;

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
