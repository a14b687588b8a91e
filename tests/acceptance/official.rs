//! Configuration and state of the official provider.

use serde_json::{Value, json};

use crate::support::{
    environment::{CLUSTER, TestEnv},
    installation::OFFICIAL,
    matrix::{Scenario, scenarios},
    programs::Program,
    state::State,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    its_configuration_applies_unchanged,
    its_configuration_with_an_empty_status_applies_unchanged,
    its_roles_and_users_apply_unchanged,
    its_roles_apply_unchanged_in_every_version,
    its_state_of_version_18_is_taken_over_without_a_replacement,
    its_state_of_version_19_is_taken_over_without_a_replacement,
    its_user_of_version_18_is_taken_over_without_a_change,
    a_moved_block_takes_its_state_over_without_a_replacement,
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

/// The cluster of [`configuration`].
const MADE: &str = r#"
[[clusters]]
name = "team-a"
[clusters.spec]
regions = [{ name = "us-west-2" }]
bot = { name = "terraform" }
[clusters.spec.token]
join_method = "iam"
allow = [{ aws_account = "123456789012", aws_arn = "arn:aws:sts::123456789012:assumed-role/terraform/*" }]
"#;

/// Its object of [`MADE`].
fn object(metadata: Value, status: Value) -> Value {
    json!({
        "id": "team-a",
        "kind": "workload_cluster",
        "sub_kind": "",
        "version": "v1",
        "metadata": metadata,
        "spec": {
            "regions": [{ "name": "us-west-2" }],
            "bot": { "name": "terraform" },
            "token": {
                "join_method": "iam",
                "allow": [{
                    "aws_account": "123456789012",
                    "aws_arn": "arn:aws:sts::123456789012:assumed-role/terraform/*",
                }],
            },
        },
        "status": status,
    })
}

/// The release 18 has a revision and no status.
fn object_of_18() -> Value {
    let metadata = json!({
        "name": "team-a", "description": "", "expires": null, "labels": null, "namespace": "", "revision": "1",
    });
    object(metadata, Value::Null)
}

/// The release 19 has a status and no revision.
fn object_of_19() -> Value {
    let metadata = json!({ "name": "team-a", "description": null, "expires": null, "labels": null, "namespace": "" });
    object(
        metadata,
        json!({ "state": "active", "domain": "team-a.teleport.sh" }),
    )
}

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

fn its_state_of_version_18_is_taken_over_without_a_replacement(program: &Program) {
    state_is_taken_over(program, &object_of_18());
}

fn its_state_of_version_19_is_taken_over_without_a_replacement(program: &Program) {
    state_is_taken_over(program, &object_of_19());
}

fn state_is_taken_over(program: &Program, object: &Value) {
    for more in ["", "status = {}"] {
        let env = TestEnv::with(program, MADE);
        env.configure(&configuration(more));
        env.set_state(&State::with_object(
            OFFICIAL,
            "teleport_workload_cluster",
            "this",
            object,
        ));
        let ours = "teleport-community/teleport";
        env.run(&["state", "replace-provider", "-auto-approve", OFFICIAL, ours])
            .succeeded();
        assert_nothing_is_replaced(&env);
    }
}

/// Every attribute of its schema of 18.0, as `terraform providers schema` prints it.
fn its_user_of_version_18_is_taken_over_without_a_change(program: &Program) {
    let env = TestEnv::new(program);
    let identity = json!({
        "connector_id": "okta", "samlSingleLogoutUrl": null, "user_id": null, "username": "carol",
    });
    let config = r#"
resource "teleport_user" "this" {
  version  = "v2"
  metadata = { name = "carol", labels = { team = "red" } }
  spec = {
    roles           = ["access"]
    traits          = { logins = ["carol"] }
    saml_identities = [{ connector_id = "okta", username = "carol" }]
  }
}
"#;
    env.configure(config);
    env.apply().succeeded();
    let attributes = json!({
        "id": "carol", "kind": "user", "sub_kind": null, "version": "v2",
        "metadata": {
            "name": "carol", "description": null, "expires": null, "labels": { "team": "red" }, "namespace": "default",
            "revision": "1",
        },
        "spec": {
            "github_identities": null, "oidc_identities": null, "saml_identities": [identity], "trusted_device_ids": null,
            "roles": ["access"], "traits": { "logins": ["carol"] },
        },
        "status": { "mfa_weakest_device": null, "password_state": null },
    });
    let state = State::with_object(OFFICIAL, "teleport_user", "this", &attributes);
    env.set_state(&state);
    let ours = "teleport-community/teleport";
    env.run(&["state", "replace-provider", "-auto-approve", OFFICIAL, ours])
        .succeeded();
    env.plan_is_empty().without_diagnostics();
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.calls("UpdateUser"), 0);
    env.plan_is_empty().without_diagnostics();
}

fn a_moved_block_takes_its_state_over_without_a_replacement(program: &Program) {
    for object in [object_of_18(), object_of_19()] {
        let env = TestEnv::with(program, MADE);
        env.set_state(&State::with_object(
            OFFICIAL,
            "teleport_workload_cluster",
            "theirs",
            &object,
        ));
        let moved = "moved {\n  from = teleport_workload_cluster.theirs\n  to = teleport_workload_cluster.this\n}\n";
        env.configure(&format!("{moved}{}", configuration("")));
        assert_nothing_is_replaced(&env);
    }
}

/// A plan without a change of the cluster, an apply of it, and a plan without any change.
fn assert_nothing_is_replaced(env: &TestEnv) {
    let plan = env.plan_with(&[]).without_diagnostics();
    assert!(matches!(plan.code, Some(0 | 2)), "{plan}");
    let actions: Vec<_> = plan
        .planned()
        .into_iter()
        .map(|(_, action)| action)
        .collect();
    assert!(
        actions
            .iter()
            .all(|action| action == "noop" || action == "move"),
        "{plan}"
    );
    env.apply().succeeded().without_diagnostics();
    let stored = env.state().get(CLUSTER).attributes;
    assert_eq!(stored["ready"], true);
    let made = env.simulator.cluster("team-a").unwrap();
    assert_eq!(stored["status"]["domain"], made.domain.as_str());
    assert!(stored["metadata"]["revision"].is_null());
    assert_eq!(env.calls("CreateWorkloadCluster"), 0);
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
    env.plan_is_empty().without_diagnostics();
}
