//! Configuration and state of the official provider.

use std::fs;

use serde_json::json;

use super::states;
use crate::support::{
    environment::{CLUSTER, TestEnv},
    installation::OFFICIAL,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    its_configuration_applies_unchanged,
    its_configuration_with_an_empty_status_applies_unchanged,
    its_roles_and_users_apply_unchanged,
    its_roles_apply_unchanged_in_every_version,
    its_states_of_every_version_plan_as_empty,
    moved_blocks_take_its_states_over_without_a_change,
];

/// As its documentation has it, every argument of the resource that the server takes.
fn configuration(more: &str) -> String {
    format!(
        r#"
resource "teleport_workload_cluster" "this" {{
  version = "v1"
  metadata = {{
    name = "team-a"
  }}
  spec = {{
    regions = [
      {{
        name = "us-west-2"
      }}
    ]
    bot = {{
      name = "terraform"
    }}
    token = {{
      join_method = "iam"
      allow = [
        {{
          aws_account = "123456789012"
          aws_arn     = "arn:aws:sts::123456789012:assumed-role/terraform/*"
        }}
      ]
    }}
  }}
  {more}
}}
"#
    )
}

const ROLE: &str = "teleport_role.this";

const USER: &str = "teleport_user.this";

/// The versions whose states are in `tests/states`.
const VERSIONS: [&str; 3] = ["17", "18", "19"];

fn its_configuration_applies_unchanged(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&configuration(""));
    env.apply().succeeded().without_diagnostics();
    let made = env.simulator.cluster("team-a").unwrap().spec;
    assert_eq!(made.bot.unwrap().name, "terraform");
    assert_eq!(made.token.unwrap().allow[0].aws_account, "123456789012");
    env.plan_is_empty().without_diagnostics();
}

fn its_configuration_with_an_empty_status_applies_unchanged(program: &Program) {
    for status in ["status = {}", "status = null", "status = { state = null }"] {
        let env = TestEnv::new(program);
        env.configure(&configuration(status));
        env.apply().succeeded().without_diagnostics();
        assert_eq!(
            env.state().get(CLUSTER).attributes["status"]["state"],
            "active",
            "{status}"
        );
        env.plan_is_empty().without_diagnostics();
    }
}

/// The arguments that its documentation shows of roles and users, in the forms that it shows: versions are set, nested objects
/// are written out, and users wait for their roles. Objects that have expired, as there, cannot be made anywhere.
fn people(version: &str) -> String {
    format!(
        r#"
resource "teleport_role" "this" {{
  version = "{version}"
  metadata = {{
    name        = "builder"
    description = "Builds what others run"
    expires     = "2099-10-12T07:20:51Z"
    labels = {{
      team = "red"
    }}
  }}

  spec = {{
    options = {{
      forward_agent   = false
      max_session_ttl = "7m"
      ssh_port_forwarding = {{
        remote = {{
          enabled = false
        }}
        local = {{
          enabled = false
        }}
      }}
      client_idle_timeout     = "1h"
      disconnect_expired_cert = true
      permit_x11_forwarding   = false
      request_access          = "optional"
    }}

    allow = {{
      logins = ["builder"]

      rules = [{{
        resources = ["user", "role"]
        verbs     = ["list"]
      }}]

      request = {{
        roles = ["access"]
        claims_to_roles = [{{
          claim = "group"
          value = "red"
          roles = ["access"]
        }}]
      }}

      node_labels = {{
        env = ["test"]
      }}
    }}

    deny = {{
      logins = ["nobody"]
    }}
  }}
}}

resource "teleport_user" "this" {{
  version = "v2"
  depends_on = [
    teleport_role.this
  ]

  metadata = {{
    name        = "carol"
    description = "A person"
    expires     = "2099-10-12T07:20:50Z"
    labels = {{
      team = "red"
    }}
  }}

  spec = {{
    roles = ["builder"]

    oidc_identities = [{{
      connector_id = "oidc1"
      username     = "carol"
    }}]

    traits = {{
      "first"  = ["a"]
      "second" = ["b"]
    }}

    github_identities = [{{
      connector_id = "github"
      username     = "carol"
    }}]

    saml_identities = [{{
      connector_id = "okta"
      username     = "carol"
    }}]
  }}
}}
"#
    )
}

fn its_roles_and_users_apply_unchanged(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&people("v8"));
    env.apply().succeeded().without_diagnostics();
    let role = env.state().get(ROLE).attributes;
    assert_eq!(role["spec"]["options"]["max_session_ttl"], "7m");
    assert_eq!(role["spec"]["options"]["forward_agent"], false);
    assert_eq!(role["spec"]["deny"]["logins"], json!(["nobody"]));
    assert_eq!(role["metadata"]["expires"], "2099-10-12T07:20:51Z");
    let user = env.state().get(USER).attributes;
    for (kind, connector) in [("oidc", "oidc1"), ("github", "github"), ("saml", "okta")] {
        let identity = &user["spec"][format!("{kind}_identities")][0];
        assert_eq!(identity["connector_id"], connector);
        assert_eq!(identity["username"], "carol");
    }
    let made = env.simulator.users("parent").unwrap();
    let carol = made.iter().find(|user| user.name == "carol").unwrap();
    assert_eq!(carol.roles, ["builder"]);
    assert_eq!(carol.traits["second"], ["b"]);
    env.plan_is_empty().without_diagnostics();

    // A change of one argument changes no other.
    env.configure(
        &people("v8")
            .replace("\"7m\"", "\"8m\"")
            .replace("[\"b\"]", "[]"),
    );
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    env.destroy().succeeded().without_diagnostics();
}

fn its_roles_apply_unchanged_in_every_version(program: &Program) {
    let env = TestEnv::new(program);
    for version in ["v3", "v4", "v5", "v6", "v7", "v8"] {
        env.configure(&people(version));
        env.apply().succeeded().without_diagnostics();
        env.plan_is_empty().without_diagnostics();
    }
    assert_eq!(env.calls("CreateRole"), 1);
}

fn its_states_of_every_version_plan_as_empty(program: &Program) {
    for version in VERSIONS {
        let folder = states::of_official(version);
        let env = states::replayed(program, &folder);
        let ours = "teleport-community/teleport";
        env.run(&["state", "replace-provider", "-auto-approve", OFFICIAL, ours])
            .succeeded();
        states::assert_plans_as_empty(&env, &folder);
        assert_taken_over(&env, version);
    }
}

fn moved_blocks_take_its_states_over_without_a_change(program: &Program) {
    for version in VERSIONS {
        let folder = states::of_official(version);
        let env = states::replayed(program, &folder);
        env.install_official();
        let mut state = env.state();
        let resources = state.0["resources"].as_array_mut().unwrap();
        let mut moved = String::new();
        for resource in resources {
            let (kind, name) = (&resource["type"], &resource["name"]);
            let (kind, name) = (kind.as_str().unwrap(), name.as_str().unwrap());
            let theirs = format!("their_{name}");
            moved += &format!("moved {{\n  from = {kind}.{theirs}\n  to = {kind}.{name}\n}}\n");
            resource["name"] = theirs.into();
        }
        env.set_state(&state);
        fs::write(env.path("moved.tf"), moved).unwrap();
        let plan = env.plan_with(&[]);
        assert!(matches!(plan.code, Some(0 | 2)), "{version}: {plan}");
        let planned = plan.planned();
        assert!(
            planned.iter().all(|(_, action)| action == "move"),
            "{version}: {plan}"
        );
        env.apply().succeeded();
        states::assert_plans_as_empty(&env, &folder);
        assert_taken_over(&env, version);
    }
}

/// What the state has when this provider has taken it over. Nothing was written to the server.
#[track_caller]
fn assert_taken_over(env: &TestEnv, version: &str) {
    let calls = env.simulator.calls().into_iter();
    let is_read = |rpc: &str| rpc == "Ping" || rpc.starts_with("Get") || rpc.starts_with("List");
    let writes: Vec<_> = calls
        .map(|call| call.rpc)
        .filter(|rpc| !is_read(rpc))
        .collect();
    assert!(writes.is_empty(), "{version}: {writes:?}");
    let state = env.state();
    let resources = state.0["resources"].as_array().unwrap();
    for resource in resources {
        let provider = resource["provider"].as_str().unwrap();
        assert!(!provider.contains(OFFICIAL), "{version}: {resource:#}");
        let attributes = &resource["instances"][0]["attributes"];
        let metadata = &attributes["metadata"];
        assert!(metadata["revision"].is_null(), "{version}: {resource:#}");
        let name = match resource["type"].as_str() {
            Some("teleport_auth_preference") => &json!("cluster-auth-preference"),
            _ => &metadata["name"],
        };
        assert_eq!(attributes["id"], *name, "{version}: {resource:#}");
    }
    if let Some(cluster) = state.find("teleport_workload_cluster.acme_dev") {
        assert_eq!(cluster.attributes["ready"], true, "{version}");
        assert_eq!(cluster.attributes["status"]["state"], "active", "{version}");
    }
}
