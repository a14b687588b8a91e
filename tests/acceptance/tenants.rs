//! Objects in workload clusters that name their cluster themselves: many tenants with one provider block.

use std::fs;

use crate::support::{
    environment::{TestEnv, provider_block},
    matrix::{Scenario, scenarios},
    programs::Program,
    state::Instance,
};
use serde_json::{Value, json};
use teleport_simulator::Fault;

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    five_tenants_come_and_go_in_one_apply_each,
    an_object_is_imported_and_read_by_cluster_and_name,
    what_was_in_a_deleted_cluster_is_gone_with_it,
    a_cluster_that_lets_nobody_in_is_not_taken_for_gone,
    how_to_join_may_be_known_at_apply_alone,
    mistakes_in_clusters_are_found_before_anything_is_asked,
    an_address_that_is_not_a_workload_clusters_is_distinguished_from_a_refused_join,
];

/// Two workload clusters that are there already.
pub(crate) const CLUSTERS: &str = r#"
[[clusters]]
name = "team-a"
state = "active"
spec = { regions = [{ name = "us-west-2" }], bot = { name = "terraform" }, token = { join_method = "iam", allow = [{ aws_account = "123456789012" }] } }

[[clusters]]
name = "team-b"
state = "active"
spec = { regions = [{ name = "us-west-2" }], bot = { name = "machine" }, token = { join_method = "iam", allow = [{ aws_account = "123456789012" }] } }
"#;

pub(crate) const ROLE: &str = "teleport_role.developer";
pub(crate) const USER: &str = "teleport_user.carol";
pub(crate) const INVITE: &str = "teleport_user_invite.carol";

/// A Teleport Cloud with two workload clusters, and credentials that both let in.
pub(crate) fn teams(program: &Program) -> TestEnv {
    let mut env = TestEnv::with(program, CLUSTERS);
    env.be_aws_identity("123456789012");
    env
}

/// The example for many tenants, on a Teleport Cloud that behaves as this scenario file says, with credentials that its
/// clusters let in.
pub(crate) fn example(program: &Program, scenario: &str) -> TestEnv {
    let mut env = TestEnv::with(program, scenario);
    env.be_aws_identity("123456789012");
    env.copy_tenants_example();
    env
}

/// Where a workload cluster answers.
pub(crate) fn domain(env: &TestEnv, name: &str) -> String {
    env.simulator.cluster(name).unwrap().domain
}

/// A role in a cluster; `cluster` is an expression.
pub(crate) fn role(cluster: &str) -> String {
    format!(
        r#"
resource "teleport_role" "developer" {{
  cluster  = {cluster}
  version  = "v7"
  metadata = {{ name = "developer" }}
  spec     = {{ allow = {{ logins = ["ubuntu"] }} }}
  deletion_policy = "revoke"
}}
"#
    )
}

/// A role, a user who has it, and the invite.
pub(crate) fn everything(cluster: &str) -> String {
    let role = role(cluster);
    format!(
        r#"{role}
resource "teleport_user" "carol" {{
  cluster  = {cluster}
  metadata = {{ name = "carol" }}
  spec     = {{ roles = [teleport_role.developer.metadata.name] }}
  deletion_policy = "revoke"
}}
resource "teleport_user_invite" "carol" {{
  cluster = {cluster}
  user    = teleport_user.carol.metadata.name
}}
"#
    )
}

pub(crate) fn roles_of(env: &TestEnv, cluster: &str, user: &str) -> Option<Vec<String>> {
    let users = env.simulator.users(cluster).unwrap();
    let found = users.into_iter().find(|found| found.name == user);
    found.map(|found| found.roles)
}

/// Whether that role is in a cluster.
pub(crate) fn has_role(env: &TestEnv, cluster: &str) -> bool {
    let roles = env.simulator.roles(cluster).unwrap();
    roles.iter().any(|role| role.name == "developer")
}

/// The attributes that say something. An imported state holds the empty value where a created one holds null.
pub(crate) fn without_empty(instance: Instance) -> Value {
    fn strip(value: &mut Value) {
        if let Some(fields) = value.as_object_mut() {
            fields.values_mut().for_each(strip);
            fields
                .retain(|_, value| ![json!(null), json!(""), json!([]), json!({})].contains(value));
        }
    }
    let mut attributes = instance.attributes;
    strip(&mut attributes);
    attributes
}

/// How often a cluster was joined.
pub(crate) fn joins(env: &TestEnv, cluster: &str) -> usize {
    let calls = env.simulator.calls();
    let joins = calls
        .iter()
        .filter(|call| call.cluster == cluster && call.rpc.starts_with("Join"));
    joins.count()
}

fn five_tenants_come_and_go_in_one_apply_each(program: &Program) {
    let env = example(program, "active_after_reads = 0");
    env.apply().succeeded().without_diagnostics();
    let tenants = ["acme", "globex", "hooli", "initech", "umbrella"];
    assert_eq!(env.names(), tenants);
    for tenant in tenants {
        // One identity for all that is in it.
        assert_eq!(joins(&env, tenant), 1, "{tenant}");
        assert!(!env.simulator.reset_tokens(tenant).unwrap().is_empty());
    }
    assert_eq!(roles_of(&env, "acme", "bob").unwrap(), ["member"]);
    env.plan_is_empty().without_diagnostics();

    let file = env.path("variables.tf");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(r#"["alice", "bob"]"#, r#"["alice"]"#)).unwrap();
    let outcome = env.apply().succeeded();
    outcome.warning(&[
        "Revoked, Not Deleted",
        "\"bob\"",
        "left in acme.localhost",
        "without roles and traits",
    ]);
    assert_eq!(outcome.begun().len(), 2, "{outcome}");
    assert!(roles_of(&env, "acme", "bob").unwrap().is_empty());
    assert_eq!(roles_of(&env, "acme", "alice").unwrap(), ["member"]);

    env.destroy().succeeded();
    assert!(env.names().is_empty());
    assert!(env.state().is_empty());
}

fn an_object_is_imported_and_read_by_cluster_and_name(program: &Program) {
    let env = teams(program);
    let domain = domain(&env, "team-a");
    env.configure(&everything(&format!("{domain:?}")));
    env.apply().succeeded().without_diagnostics();
    let applied = without_empty(env.state().get(USER));
    env.run(&["state", "rm", USER]).succeeded();
    let imported = format!(
        "import {{\n  to = {USER}\n  id = \"{domain}/carol\"\n}}\ndata \"teleport_role\" \"developer\" {{\n  cluster = \
         {domain:?}\n  name    = \"developer\"\n}}\noutput \"logins\" {{\n  value = \
         data.teleport_role.developer.spec.allow.logins\n}}\n"
    );
    env.configure(&format!("{}{imported}", everything(&format!("{domain:?}"))));
    env.apply().succeeded();
    assert_eq!(env.state().output("logins"), &json!(["ubuntu"]));
    assert_eq!(without_empty(env.state().get(USER)), applied);
    env.plan_is_empty();

    env.run(&["state", "rm", USER]).succeeded();
    let outcome = env.run(&["import", "-no-color", USER, "team-a.localhost:none/carol"]);
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert!(outcome.stderr.contains("Invalid Import ID"), "{outcome}");
    assert!(outcome.stderr.contains("CLUSTER/NAME"), "{outcome}");
}

fn what_was_in_a_deleted_cluster_is_gone_with_it(program: &Program) {
    let env = teams(program);
    env.configure(&everything(&format!("{:?}", domain(&env, "team-a"))));
    env.apply().succeeded().without_diagnostics();
    env.simulator.delete_cluster("team-a");
    let outcome = env.plan();
    let planned: Vec<_> = [ROLE, USER, INVITE]
        .map(|address| (address.to_owned(), "create".to_owned()))
        .into();
    assert_eq!(outcome.planned(), planned, "{outcome}");
    let error = env.apply().error(&[
        "Workload Cluster Not Found",
        "team-a.localhost",
        "no workload cluster with this domain",
        "status.domain",
    ]);
    assert_eq!(error.address, ROLE);

    // What is gone can be let go of without another look at it.
    let env = teams(program);
    env.configure(&everything(&format!("{:?}", domain(&env, "team-a"))));
    env.apply().succeeded().without_diagnostics();
    env.simulator.delete_cluster("team-a");
    let arguments = ["destroy", "-json", "-auto-approve", "-refresh=false"];
    env.run(&arguments).succeeded();
    assert!(env.state().is_empty());
}

fn an_address_that_is_not_a_workload_clusters_is_distinguished_from_a_refused_join(
    program: &Program,
) {
    let env = teams(program);
    let parent = env.simulator.proxy_address();
    let team = domain(&env, "team-a");
    let (host, _) = team.split_once(':').unwrap();
    let wrong_port = format!("{host}:1");
    let own = "the address of the provider block's own cluster";
    let near = format!("The workload cluster \"team-a\" has the domain {team}.");
    let token = "workload_clusters = { join_method = \"iam\", join_token = \"ci\" }";
    // A port where nothing listens may be one of a cluster that is being made, and is waited for.
    let impatient = format!("join_timeout_duration = \"1s\"\n  {token}");
    for (address, token, phrase) in [
        (&parent, token, own),
        (&wrong_port, impatient.as_str(), near.as_str()),
    ] {
        // The name of the token is asked for in the first, and given in the second.
        for more in ["", token] {
            let body = role(&format!("{address:?}"));
            env.write(&format!("{}{body}", env.provider(more)));
            let outcome = env.apply();
            let error = outcome.error(&["Workload Cluster Not Found", address, phrase]);
            assert!(error.code.contains("cluster"), "{error:?}");
            assert!(outcome.took.as_secs() < 20, "{outcome}");
        }
    }
    let block = provider_block(&wrong_port, env.simulator.identity_file(), "");
    env.write(&format!("{block}{}", role("null")));
    env.apply()
        .error(&[&wrong_port, "only where that is not 443"]);
}

fn a_cluster_that_lets_nobody_in_is_not_taken_for_gone(program: &Program) {
    let env = teams(program);
    env.configure(&role(&format!("{:?}", domain(&env, "team-a"))));
    env.apply().succeeded().without_diagnostics();
    for state in ["suspended", "failed"] {
        env.simulator.set_state("team-a", state).unwrap();
        let unreachable = Fault::unreachable().cluster("team-a").times(1000);
        env.simulator.add_fault(unreachable).unwrap();
        let error = env.plan_with(&[]).error(&[
            "reading the role \"developer\"",
            "team-a.localhost",
            &format!("the workload cluster \"team-a\" at this address, with the state {state:?}"),
        ]);
        assert_eq!(error.address, ROLE);
        assert!(error.code.contains("cluster"), "{error:?}");
        assert!(
            !error.text.contains("provider block concerned"),
            "{error:?}"
        );
        env.state().get(ROLE);
    }
    env.simulator.set_state("team-a", "active").unwrap();
    env.simulator.clear_faults();
    env.plan_is_empty().without_diagnostics();
}

fn how_to_join_may_be_known_at_apply_alone(program: &Program) {
    let mut env = teams(program);
    let token = r#"workload_clusters = { join_token = terraform_data.token.output }"#;
    let parent = role("null").replace("developer", "watcher");
    let child = role(&format!("{:?}", domain(&env, "team-b")));
    env.write(&format!(
        "{}resource \"terraform_data\" \"token\" {{\n  input = \"machine\"\n}}\n{parent}{child}",
        env.provider(token)
    ));
    env.apply().succeeded().without_diagnostics();
    assert!(has_role(&env, "team-b"));
    env.plan_is_empty().without_diagnostics();

    // What is wrong with it is said of it.
    env.set("AWS_ACCESS_KEY_ID", "");
    env.set("AWS_SECRET_ACCESS_KEY", "");
    let error = env.plan_with(&[]).error(&[
        "there are no AWS credentials",
        "concerned is workload_clusters.join_method",
    ]);
    assert_eq!(error.address, ROLE);
}

fn mistakes_in_clusters_are_found_before_anything_is_asked(program: &Program) {
    let env = teams(program);
    env.simulator.clear_calls();
    env.configure(&role(r#""https://team-a.example.com/""#));
    let error = env.plan_with(&[]).error(&[
        "Invalid Attribute Value",
        "cluster must be the domain of a workload cluster",
        "https",
    ]);
    assert_eq!(error.address, ROLE);
    assert!(error.code.contains("cluster"), "{error:?}");

    let method = r#"workload_clusters = { join_method = "carrier-pigeon" }"#;
    env.write(&format!("{}{}", env.provider(method), role("null")));
    env.plan_with(&[])
        .error(&["workload_clusters.join_method", "carrier-pigeon", "iam"]);
    assert!(env.simulator.calls().is_empty());
}
