//! The identity of an object: it stays with it, and an import may name an object by it.

use serde_json::json;

use super::tenants::{CLUSTERS, ROLE, USER, domain, everything, role, teams};
use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{IDENTITIES, Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    what_is_in_the_state_is_imported_by_its_identity: IDENTITIES,
    many_clusters_are_imported_with_one_block: IDENTITIES,
    identities_that_lead_nowhere_are_explained: IDENTITIES,
    the_first_refresh_gives_a_state_its_identities: IDENTITIES,
];

/// The planned changes that are more than an import.
fn beyond_imports(outcome: &Outcome) -> Vec<(String, String)> {
    let mut planned = outcome.planned();
    planned.retain(|(_, action)| action != "import");
    planned
}

fn import(address: &str, identity: &str) -> String {
    format!("import {{\n  to = {address}\n  identity = {{ {identity} }}\n}}\n")
}

fn what_is_in_the_state_is_imported_by_its_identity(program: &Program) {
    let env = teams(program);
    let body = everything(&format!("{:?}", domain(&env, "team-a")));
    // The policy is of the provider alone, so a read does not find it.
    let body = body.replace("deletion_policy = \"revoke\"", "");
    env.configure(&body);
    env.apply().succeeded().without_diagnostics();
    let here = |name: &str| json!({ "cluster": "team-a.localhost", "name": name });
    assert_eq!(env.state().get(ROLE).identity, here("developer"));
    assert_eq!(env.state().get(USER).identity, here("carol"));
    env.run(&["state", "rm", ROLE, USER]).succeeded();

    // The cluster has the name that its domain has without the port.
    let imports = import(ROLE, "cluster = \"team-a.localhost\", name = \"developer\"")
        + &import(
            USER,
            &format!("cluster = {:?}, name = \"carol\"", domain(&env, "team-a")),
        )
        + &import(CLUSTER, "name = \"team-a\"");
    env.configure(&format!("{body}{}{imports}", cluster("team-a", "")));
    let planned = env.plan();
    assert_eq!(beyond_imports(&planned), [], "{planned}");
    assert_eq!(planned.planned().len(), 3, "{planned}");
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(env.state().get(ROLE).identity, here("developer"));
    assert_eq!(env.state().get(USER).identity, here("carol"));
    assert_eq!(
        env.state().get(CLUSTER).identity,
        json!({ "cluster": "parent.localhost", "name": "team-a" })
    );
    env.plan_is_empty().without_diagnostics();

    // A changed object keeps it. Another name is another object.
    let cluster = cluster("team-a", "");
    let body = everything(&format!("{:?}", domain(&env, "team-a")));
    env.configure(&format!("{}{cluster}", body.replace("ubuntu", "debian")));
    env.apply().succeeded();
    assert_eq!(env.state().get(ROLE).identity, here("developer"));
    let renamed = body.replace("{ name = \"developer\" }", "{ name = \"engineer\" }");
    env.configure(&format!("{renamed}{cluster}"));
    env.apply().succeeded();
    assert_eq!(env.state().get(ROLE).identity, here("engineer"));
    env.plan_is_empty().without_diagnostics();
}

fn many_clusters_are_imported_with_one_block(program: &Program) {
    let env = TestEnv::with(program, CLUSTERS);
    env.configure(
        r#"
locals {
  teams = { team-a = "terraform", team-b = "machine" }
}
import {
  for_each = local.teams
  to       = teleport_workload_cluster.team[each.key]
  identity = { name = each.key }
}
resource "teleport_workload_cluster" "team" {
  for_each = local.teams
  metadata = { name = each.key }
  spec = {
    regions = [{ name = "us-west-2" }]
    bot     = { name = each.value }
    token   = { join_method = "iam", allow = [{ aws_account = "123456789012" }] }
  }
}
"#,
    );
    let planned = env.plan();
    assert_eq!(beyond_imports(&planned), [], "{planned}");
    assert_eq!(planned.planned().len(), 2, "{planned}");
    env.apply_plan().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
}

fn identities_that_lead_nowhere_are_explained(program: &Program) {
    let env = teams(program);
    for (identity, phrases) in [
        (
            "cluster = \"other.example.com\", name = \"developer\"",
            &[
                "Object of Another Cluster",
                "\"other.example.com\"",
                "\"parent.localhost\"",
                "no workload cluster with the domain",
            ][..],
        ),
        (
            "cluster = \"team-a.localhost\", name = \"developer\"",
            &["Not Found", "role \"developer\"", "team-a.localhost"],
        ),
        (
            "name = \"developer\"",
            &["Not Found", "set cluster in the identity", "status.domain"],
        ),
        (
            "name = \"\"",
            &["Invalid Import Identity", "a role", "the name is empty"],
        ),
    ] {
        env.configure(&format!("{}{}", role("null"), import(ROLE, identity)));
        env.plan_with(&[]).error(phrases);
    }
    // Core checks the shape by the schema.
    env.configure(&format!(
        "{}{}",
        role("null"),
        import(ROLE, "cluster = \"a\"")
    ));
    let wrong = env.plan_with(&[]).failed();
    assert!(wrong.stdout.contains("name"), "{wrong}");
}

fn the_first_refresh_gives_a_state_its_identities(program: &Program) {
    let env = teams(program);
    env.configure(&role("null"));
    env.apply().succeeded().without_diagnostics();
    let identity = env.state().get(ROLE).identity;
    assert_eq!(
        identity,
        json!({ "cluster": "parent.localhost", "name": "developer" })
    );
    env.set_state(&env.state().without_identities());
    assert!(env.state().get(ROLE).identity.is_null());
    env.plan_is_empty().without_diagnostics();
    env.run(&["apply", "-json", "-refresh-only", "-auto-approve"])
        .succeeded();
    assert_eq!(env.state().get(ROLE).identity, identity);
    env.plan_is_empty().without_diagnostics();
}
