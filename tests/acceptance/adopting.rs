//! The guide *Bring existing clusters under Terraform*, command by command.

use std::fs;

use super::tenants::{domain, everything, teams};
use crate::support::{
    environment::TestEnv,
    guide::Section,
    matrix::{IDENTITIES, QUERY, Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    two_hundred_clusters_are_imported_by_a_query: QUERY,
    clusters_are_imported_without_a_query,
    one_cluster_is_imported_by_its_id_or_its_identity: IDENTITIES,
    one_block_imports_a_resource_with_for_each: IDENTITIES,
    people_in_a_workload_cluster_are_imported_by_a_query: QUERY,
];

const GUIDE: &str = "adopting.md";

/// A Teleport Cloud with workload clusters of these names, which Terraform does not know.
fn with_clusters<'a>(program: &Program, names: impl IntoIterator<Item = &'a str>) -> TestEnv {
    let cluster = |name: &str| {
        format!(
            r#"
[[clusters]]
name = "{name}"
state = "active"
[clusters.spec]
regions = [{{ name = "us-west-2" }}]
bot = {{ name = "terraform" }}
token = {{ join_method = "iam", allow = [{{ aws_account = "123456789012" }}] }}
"#
        )
    };
    let clusters: String = names.into_iter().map(cluster).collect();
    plain(TestEnv::with(program, &clusters))
}

/// With output without colours.
fn plain(mut env: TestEnv) -> TestEnv {
    env.set("TF_CLI_ARGS", "-no-color");
    env
}

/// Runs commands, and returns what the last of them printed.
fn run_all(env: &TestEnv, commands: &[String]) -> Outcome {
    let (last, before) = commands.split_last().expect("the guide must have commands");
    for command in before {
        env.run_command(command);
    }
    env.run_command(last)
}

/// What is shown for a plan that imports so many objects and does no more.
fn imports(count: usize) -> String {
    format!("Plan: {count} to import, 0 to add, 0 to change, 0 to destroy.")
}

#[track_caller]
fn assert_says(outcome: &Outcome, text: &str) {
    assert!(outcome.stdout.contains(text), "{text:?} in {outcome}");
}

/// That nothing was written to the server.
#[track_caller]
fn assert_untouched(env: &TestEnv) {
    let calls = env.simulator.calls().into_iter();
    let writes = calls.filter(|call| {
        let is = |verb| call.rpc.starts_with(verb);
        is("Create") || is("Update") || is("Upsert") || is("Delete")
    });
    assert_eq!(writes.count(), 0);
}

fn two_hundred_clusters_are_imported_by_a_query(program: &Program) {
    let names: Vec<_> = (0..200).map(|number| format!("acme-{number}")).collect();
    let env = with_clusters(program, names.iter().map(String::as_str));
    env.configure("");
    let guide = Section::of(GUIDE, "All clusters");
    let file = "clusters.tfquery.hcl";
    fs::write(env.path(file), guide.file(file)).unwrap();
    let commands = guide.commands();
    let [query, generate, plan, apply, again] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    let listed = env.run_command(query);
    assert_eq!(listed.stdout.matches("list.teleport_").count(), 200);
    env.run_command(generate);
    assert_says(&env.run_command(plan), &imports(200));
    env.run_command(apply);
    assert_says(&env.run_command(again), "No changes.");
    assert_untouched(&env);

    // The blocks may be removed, and the resources renamed.
    let written = fs::read_to_string(env.path("clusters.tf")).unwrap();
    let renamed = written.replace(
        "resource \"teleport_workload_cluster\" \"all_0\"",
        "resource \"teleport_workload_cluster\" \"acme_dev\"",
    );
    assert_ne!(renamed, written);
    let without_imports: String = renamed
        .split_inclusive("\n}\n")
        .filter(|block| !block.contains("import {"))
        .collect();
    let moved = guide.pieces().concat();
    fs::write(env.path("clusters.tf"), without_imports + &moved).unwrap();
    let plan = env.run(&["plan"]).succeeded();
    assert_says(&plan, "has moved to teleport_workload_cluster.acme_dev");
    assert_says(&plan, "Plan: 0 to add, 0 to change, 0 to destroy.");
}

fn clusters_are_imported_without_a_query(program: &Program) {
    let env = with_clusters(program, ["acme-dev", "acme-prod", "9-lives"]);
    env.configure("");
    let guide = Section::of(GUIDE, "All clusters, without queries");
    fs::write(env.path("names.tf"), guide.file("names.tf")).unwrap();
    let commands = guide.commands();
    let (apply, before) = commands.split_last().unwrap();
    assert_says(&run_all(&env, before), &imports(3));
    env.run_command(apply);
    env.plan_is_empty();
    assert_untouched(&env);
}

fn one_cluster_is_imported_by_its_id_or_its_identity(program: &Program) {
    let pieces = Section::of(GUIDE, "One object").pieces();
    assert_eq!(pieces.len(), 2);
    for piece in pieces {
        let env = with_clusters(program, ["acme-dev"]);
        env.configure(&piece);
        env.plan_with(&["-generate-config-out=clusters.tf"]);
        let plan = env.run(&["plan"]).succeeded();
        assert_says(&plan, &imports(1));
        assert_untouched(&env);
    }
}

fn one_block_imports_a_resource_with_for_each(program: &Program) {
    let env = with_clusters(program, ["acme-dev", "acme-prod"]);
    let pieces = Section::of(GUIDE, "All clusters, without queries").pieces();
    let [import] = pieces.as_slice() else {
        panic!("{pieces:?}");
    };
    env.configure(&format!(
        r#"{import}
resource "teleport_workload_cluster" "team" {{
  for_each = toset(["acme-dev", "acme-prod"])
  metadata = {{ name = each.key }}
  spec = {{
    regions = [{{ name = "us-west-2" }}]
    bot     = {{ name = "terraform" }}
    token   = {{ join_method = "iam", allow = [{{ aws_account = "123456789012" }}] }}
  }}
}}
"#
    ));
    let plan = env.run(&["plan"]).succeeded();
    assert_says(&plan, &imports(2));
}

fn people_in_a_workload_cluster_are_imported_by_a_query(program: &Program) {
    let env = plain(teams(program));
    let domain = domain(&env, "team-a");
    let body = everything(&format!("{domain:?}"));
    let labelled = "metadata = { name = \"developer\", labels = { team = \"devops\" } }";
    let body = body.replace("metadata = { name = \"developer\" }", labelled);
    env.configure(&body.replace("deletion_policy = \"revoke\"", ""));
    env.apply().succeeded();
    fs::remove_file(env.path("terraform.tfstate")).unwrap();
    env.simulator.clear_calls();
    env.configure("");
    let guide = Section::of(GUIDE, "Roles, users and bots");
    let file = "people.tfquery.hcl";
    let text = guide.file(file).replace("acme-dev.teleport.sh", &domain);
    fs::write(env.path(file), text).unwrap();
    let commands = guide.commands();
    let (apply, before) = commands.split_last().unwrap();
    assert_says(&run_all(&env, before), &imports(2));
    env.run_command(apply);
    env.plan_is_empty();
    assert_untouched(&env);
}
