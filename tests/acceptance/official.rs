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
    its_state_of_version_18_is_taken_over_without_a_replacement,
    its_state_of_version_19_is_taken_over_without_a_replacement,
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
    assert_eq!(stored["metadata"]["revision"], made.revision.as_str());
    assert_eq!(env.calls("CreateWorkloadCluster"), 0);
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
    env.plan_is_empty().without_diagnostics();
}
