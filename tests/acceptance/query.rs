//! Finding what exists, and importing it (`terraform query`).

use std::fs;

use serde_json::{Value, json};

use super::{
    generate::forgotten,
    tenants::{domain, everything, teams},
};
use crate::support::{
    environment::TestEnv,
    matrix::{QUERY, Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_query_finds_what_exists: QUERY,
    what_a_query_finds_is_imported_by_what_it_generates: QUERY,
    a_query_finds_the_objects_of_a_workload_cluster: QUERY,
    mistakes_in_a_query_are_explained: QUERY,
];

fn query(env: &TestEnv, lists: &str, arguments: &[&str]) -> Outcome {
    fs::write(env.path("all.tfquery.hcl"), lists).unwrap();
    let mut all = vec!["query", "-json"];
    all.extend(arguments);
    env.run(&all)
}

fn list(kind: &str, arguments: &str) -> String {
    format!("list \"teleport_{kind}\" \"all\" {{\n  provider = teleport\n  {arguments}\n}}\n")
}

/// What was found of a kind.
fn found(outcome: &Outcome, kind: &str) -> Vec<Value> {
    let address = format!("list.teleport_{kind}.all");
    let found = outcome.events("list_resource_found");
    let found = found.map(|mut event| event["list_resource_found"].take());
    found
        .filter(|found| found["address"] == address.as_str())
        .collect()
}

fn names(outcome: &Outcome, kind: &str) -> Vec<String> {
    let name = |found: Value| found["display_name"].as_str().unwrap().to_owned();
    let mut names: Vec<_> = found(outcome, kind).into_iter().map(name).collect();
    names.sort();
    names
}

fn a_query_finds_what_exists(program: &Program) {
    let env = forgotten(program);
    env.configure("");
    let lists = [
        list("workload_cluster", "include_resource = true"),
        list("bot", ""),
        list("user", ""),
        list(
            "role",
            r#"config {
    name   = "*"
    labels = { a = "?" }
  }"#,
        ),
    ];
    let outcome = query(&env, &lists.concat(), &[])
        .succeeded()
        .without_diagnostics();
    assert_eq!(names(&outcome, "workload_cluster"), ["team-a"]);
    assert_eq!(names(&outcome, "bot"), ["deploy"]);
    assert_eq!(names(&outcome, "role"), ["developer"]);
    // The user of the bot belongs to the bot.
    let users = names(&outcome, "user");
    assert!(users.contains(&"carol".to_owned()), "{users:?}");
    assert!(!users.contains(&"bot-deploy".to_owned()), "{users:?}");

    let cluster = &found(&outcome, "workload_cluster")[0];
    let identity = json!({ "cluster": "parent.localhost", "name": "team-a" });
    assert_eq!(cluster["identity"], identity);
    let object = &cluster["resource_object"];
    assert_eq!(object["spec"]["bot"]["name"], "terraform");
    assert_eq!(object["status"]["state"], "active");
    assert_eq!(object["ready"], true);
    assert!(found(&outcome, "bot")[0]["resource_object"].is_null());

    let limited = query(&env, &list("role", "limit = 2"), &[]).succeeded();
    assert_eq!(found(&limited, "role").len(), 2);
}

fn what_a_query_finds_is_imported_by_what_it_generates(program: &Program) {
    let env = forgotten(program);
    env.configure("");
    let name = |name: &str| format!("config {{\n    name = {name:?}\n  }}");
    let lists = [
        list("workload_cluster", ""),
        list("bot", ""),
        list("user", &name("carol")),
        list("role", &name("[db]*").replace("[db]", "d")),
    ];
    let outcome = query(&env, &lists.concat(), &["-generate-config-out=found.tf"]);
    outcome.succeeded();
    let plan = env.plan();
    let planned = plan.planned();
    assert_eq!(planned.len(), 4, "{plan}");
    assert!(
        planned.iter().all(|(_, action)| action == "import"),
        "{plan}"
    );
    env.apply_plan().succeeded();
    env.plan_is_empty();
}

fn a_query_finds_the_objects_of_a_workload_cluster(program: &Program) {
    let env = teams(program);
    let domain = domain(&env, "team-a");
    let everything = everything(&format!("{domain:?}"));
    env.configure(&everything.replace("deletion_policy = \"revoke\"", ""));
    env.apply().succeeded().without_diagnostics();
    fs::remove_file(env.path("terraform.tfstate")).unwrap();
    env.configure("");
    let config =
        |name: &str| format!("config {{\n    cluster = {domain:?}\n    name = {name:?}\n  }}");
    let lists = list("role", &config("developer")) + &list("user", &config("carol"));
    let outcome = query(&env, &lists, &["-generate-config-out=found.tf"]);
    let outcome = outcome.succeeded();
    let identity = json!({ "cluster": "team-a.localhost", "name": "carol" });
    assert_eq!(found(&outcome, "user")[0]["identity"], identity);
    let plan = env.plan();
    let planned = plan.planned();
    assert_eq!(planned.len(), 2, "{plan}");
    assert!(
        planned.iter().all(|(_, action)| action == "import"),
        "{plan}"
    );
    env.apply_plan().succeeded();
    env.plan_is_empty();
}

fn mistakes_in_a_query_are_explained(program: &Program) {
    let env = teams(program);
    env.configure("");
    for (config, phrases) in [
        (
            "name = \"\"",
            &["Invalid Attribute Value", "name is empty"][..],
        ),
        (
            "cluster = \"team-a\"",
            &["Invalid Attribute Value", "team-a.teleport.sh"],
        ),
        (
            "cluster = \"team-c.example.invalid\"",
            &[
                "Workload Cluster Not Found",
                "listing the roles",
                "team-c.example.invalid",
            ],
        ),
    ] {
        let lists = list("role", &format!("config {{\n    {config}\n  }}"));
        query(&env, &lists, &[]).error(phrases);
    }
}
