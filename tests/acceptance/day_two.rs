//! What happens to a tenant later: the procedures of the guide *Day two* that no other scenario shows.

use std::fs;

use serde_json::json;

use super::tenants::{INVITE, ROLE, USER, domain, everything, example, roles_of};
use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    another_aws_account_is_let_in_by_the_token_in_the_cluster,
    a_restored_tenant_is_taken_back_by_imports,
    a_user_moves_to_another_tenant_in_one_apply,
    a_tenant_is_renamed_with_a_moved_block,
];

const OLD: &str = "123456789012";
const NEW: &str = "210987654321";

/// The bot's own role with one more rule, and its join token.
fn who_may_join(domain: &str, accounts: &[&str]) -> String {
    let allow: Vec<_> = accounts
        .iter()
        .map(|account| format!("{{ aws_account = {account:?} }}"))
        .collect();
    let allow = allow.join(", ");
    format!(
        r#"
resource "teleport_role" "bot" {{
  cluster  = {domain:?}
  version  = "v7"
  metadata = {{ name = "terraform" }}
  spec = {{
    allow = {{
      rules = [
        {{ resources = ["role", "user"], verbs = ["create", "read", "list", "update"] }},
        {{ resources = ["token"], verbs = ["create", "read", "list", "update"] }},
      ]
    }}
  }}
  deletion_policy = "abandon"
}}
resource "teleport_provision_token" "bot" {{
  cluster  = {domain:?}
  version  = "v2"
  metadata = {{ name = "terraform" }}
  spec = {{
    roles       = ["Bot"]
    bot_name    = "terraform"
    join_method = "iam"
    allow       = [{allow}]
  }}
  depends_on = [teleport_role.bot]
}}
"#
    )
}

/// The spec of the workload cluster cannot change. The token in the cluster can, and it is the token that decides.
fn another_aws_account_is_let_in_by_the_token_in_the_cluster(program: &Program) {
    let mut env = TestEnv::new(program);
    env.be_aws_identity(OLD);
    let tenant = cluster("acme", "");
    env.configure(&tenant);
    env.apply().succeeded();
    let domain = domain(&env, "acme");

    // First the role: a plan of the token's import would need the right to read it.
    let of_role =
        format!("import {{\n  to = teleport_role.bot\n  id = \"{domain}/terraform\"\n}}\n");
    let all = who_may_join(&domain, &[OLD, NEW]);
    let (role, _) = all
        .split_once("resource \"teleport_provision_token\"")
        .unwrap();
    env.configure(&format!("{tenant}{role}{of_role}"));
    env.apply().succeeded();

    let of_token = format!(
        "import {{\n  to = teleport_provision_token.bot\n  id = \"{domain}/terraform\"\n}}\n"
    );
    env.configure(&format!("{tenant}{all}{of_token}"));
    let plan = env.plan();
    let changes: Vec<_> = plan
        .planned()
        .into_iter()
        .map(|(_, action)| action)
        .collect();
    assert!(changes.iter().all(|action| action == "update"), "{plan}");
    env.apply_plan().succeeded();
    env.plan_is_empty().without_diagnostics();

    // The new account, and then without the old one.
    env.be_aws_identity(NEW);
    env.plan_is_empty().without_diagnostics();
    env.configure(&format!("{tenant}{}", who_may_join(&domain, &[NEW])));
    env.apply().succeeded();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.state().get(CLUSTER).attributes["ready"], true);

    env.be_aws_identity(OLD);
    env.plan_with(&[]).error(&["Join Refused", OLD]);
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
}

/// What Teleport's support restores is as it was when it was deleted: with "revoke", users and roles without rights.
fn a_restored_tenant_is_taken_back_by_imports(program: &Program) {
    let mut env = TestEnv::new(program);
    env.be_aws_identity(OLD);
    let body = format!(
        "{}{}",
        cluster("acme", ""),
        everything("teleport_workload_cluster.this.status.domain")
    );
    env.configure(&body);
    env.apply().succeeded();
    let domain = domain(&env, "acme");
    env.simulator
        .change_user(
            "acme",
            "carol",
            serde_json::from_value(json!({ "password": true, "mfa": "webauthn" })).unwrap(),
        )
        .unwrap();
    // All that a destroy does before the last step, which support takes back.
    env.run(&["destroy", "-json", "-auto-approve", "-target", ROLE])
        .succeeded();
    env.run(&["state", "rm", CLUSTER]).succeeded();
    assert!(env.state().is_empty());
    assert_eq!(roles_of(&env, "acme", "carol"), Some(Vec::new()));

    env.apply().error(&["Already Exists", "import {"]);
    let (without_invite, _) = body
        .split_once("resource \"teleport_user_invite\"")
        .unwrap();
    let import =
        |address: &str, id: &str| format!("import {{\n  to = {address}\n  id = {id:?}\n}}\n");
    let of_cluster = import(CLUSTER, "acme");
    let of_objects = format!(
        "{}{}",
        import(ROLE, &format!("{domain}/developer")),
        import(USER, &format!("{domain}/carol"))
    );
    env.configure(&format!("{without_invite}{of_cluster}{of_objects}"));
    let plan = env.plan();
    let addresses: Vec<_> = plan
        .planned()
        .into_iter()
        .map(|(address, _)| address)
        .collect();
    assert!(!addresses.contains(&INVITE.to_owned()), "{plan}");
    env.apply_plan().succeeded();
    assert_eq!(
        roles_of(&env, "acme", "carol"),
        Some(vec!["developer".to_owned()])
    );
    // The user still has password and device: a link would remove them.
    env.configure(&body);
    env.apply().error(&["Credentials Would Be Reset"]);
    env.configure(without_invite);
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.calls("CreateUser"), 1);
    assert_eq!(env.names(), ["acme"]);
}

fn a_user_moves_to_another_tenant_in_one_apply(program: &Program) {
    let env = example(program, "active_after_reads = 0");
    let users = |acme: &str, globex: &str| {
        let tenant = |users: &str| format!("{{ regions = [\"us-west-2\"], users = {users} }}");
        let tenants = format!("{{ acme = {}, globex = {} }}", tenant(acme), tenant(globex));
        fs::write(
            env.path("tenants.auto.tfvars"),
            format!("tenants = {tenants}\n"),
        )
        .unwrap();
    };
    users("[\"alice\", \"bob\"]", "[]");
    env.apply().succeeded().without_diagnostics();
    users("[\"alice\"]", "[\"bob\"]");
    let outcome = env.apply().succeeded();
    outcome.warning(&["Revoked, Not Deleted", "\"bob\"", "left in acme.localhost"]);
    assert_eq!(roles_of(&env, "acme", "bob"), Some(Vec::new()));
    assert_eq!(roles_of(&env, "globex", "bob").unwrap(), ["member"]);
    // A link of the new cluster, and none for who stayed.
    assert_eq!(env.simulator.reset_tokens("globex").unwrap().len(), 1);
    assert_eq!(env.simulator.reset_tokens("acme").unwrap().len(), 2);
    env.plan_is_empty().without_diagnostics();
}

fn a_tenant_is_renamed_with_a_moved_block(program: &Program) {
    let env = example(program, "active_after_reads = 0");
    let module = env.path("tenant/main.tf");
    let text = fs::read_to_string(&module).unwrap();
    let begin = "resource \"teleport_workload_cluster\" \"this\" {\n";
    let keep = format!("{begin}  lifecycle {{\n    create_before_destroy = true\n  }}\n");
    fs::write(&module, text.replacen(begin, &keep, 1)).unwrap();
    let tenant = |name: &str| {
        fs::write(
            env.path("tenants.auto.tfvars"),
            format!(
                "tenants = {{ {name} = {{ regions = [\"us-west-2\"], users = [\"alice\"] }} }}\n"
            ),
        )
        .unwrap();
    };
    tenant("acme");
    env.apply().succeeded().without_diagnostics();

    tenant("acme-europe");
    let moved =
        "moved {\n  from = module.tenant[\"acme\"]\n  to   = module.tenant[\"acme-europe\"]\n}\n";
    fs::write(env.path("moved.tf"), moved).unwrap();
    let plan = env.plan();
    let actions: Vec<_> = plan
        .planned()
        .into_iter()
        .map(|(_, action)| action)
        .collect();
    assert_eq!(actions, ["replace"; 4], "{plan}");
    let outcome = env.apply_plan().succeeded();
    outcome.warning(&[
        "Revoked, Not Deleted",
        "\"alice\"",
        "left in acme.localhost",
    ]);
    outcome.warning(&["Workload Cluster Name Held", "acme"]);
    let cluster = "module.tenant[\"acme-europe\"].teleport_workload_cluster.this";
    let order = outcome.order();
    assert_eq!(order.last().unwrap(), cluster);
    assert_eq!(env.names(), ["acme-europe"]);
    assert_eq!(roles_of(&env, "acme-europe", "alice").unwrap(), ["member"]);
    env.plan_is_empty().without_diagnostics();
}
