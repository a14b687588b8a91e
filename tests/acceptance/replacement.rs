//! Changes of what cannot be changed.

use teleport_simulator::Fault;
use tonic::Code;

use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_new_name_replaces_in_one_apply,
    a_new_name_with_create_before_destroy_replaces_in_one_apply,
    a_new_name_that_is_taken_destroys_nothing,
    a_replacement_under_the_same_name_is_refused_before_anything_is_destroyed,
    a_replacement_under_the_same_name_with_create_before_destroy_destroys_nothing,
    a_replacement_that_is_asked_for_is_refused_too,
    with_allow_same_name_replacement_it_goes_through_where_names_are_not_held,
    other_words_for_the_same_configuration_replace_nothing,
];

/// Something that hangs on the cluster, and is recreated when what it hangs on may change.
const DEPENDENT: &str = r#"
resource "terraform_data" "dependent" {
  input            = teleport_workload_cluster.this.status.domain
  triggers_replace = [
    teleport_workload_cluster.this.status.domain,
    teleport_workload_cluster.this.id,
  ]
}
"#;

/// A workload cluster that is there already.
const TAKEN: &str = r#"
[[clusters]]
name = "team-b"
state = "active"
spec = { regions = [{ name = "us-west-2" }] }
"#;

fn elsewhere(configuration: &str) -> String {
    configuration.replace("us-west-2", "eu-central-1")
}

fn only(action: &str) -> [(String, String); 1] {
    [(CLUSTER.to_owned(), action.to_owned())]
}

fn a_new_name_replaces_in_one_apply(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    env.configure(&elsewhere(&cluster("team-b", "")));
    let plan = env.plan().without_diagnostics();
    assert_eq!(plan.planned(), only("replace"));
    let outcome = env.apply_plan().succeeded();
    outcome.warning(&["team-a", "14 days"]);
    assert_eq!(env.names(), ["team-b"]);
    assert_eq!(env.simulator.held_names(), ["team-a"]);
    env.plan_is_empty().without_diagnostics();
}

fn a_new_name_that_is_taken_destroys_nothing(program: &Program) {
    for lifecycle in ["", "lifecycle { create_before_destroy = true }"] {
        let env = TestEnv::with(program, TAKEN);
        env.configure(&cluster("team-a", lifecycle));
        env.apply().succeeded();
        let before = env.state().get(CLUSTER);
        env.configure(&cluster("team-b", lifecycle));
        let warning =
            env.plan()
                .warning(&["Already Exists", "\"team-b\"", "before anything is deleted"]);
        assert_eq!(warning.address, CLUSTER);
        env.apply().error(&["Already Exists", "\"team-b\""]);
        assert_eq!(env.names(), ["team-a", "team-b"]);
        assert_eq!(env.state().get(CLUSTER).attributes, before.attributes);

        // The look itself may fail. Then nothing is done either.
        if lifecycle.is_empty() {
            env.plan();
            let refused = Fault::code("GetWorkloadCluster", Code::PermissionDenied).times(9);
            env.simulator.add_fault(refused).unwrap();
            env.apply_plan()
                .error(&["looking for a workload cluster \"team-b\""]);
            env.simulator.clear_faults();
            assert_eq!(env.names(), ["team-a", "team-b"]);
        }
        env.configure(&cluster("team-a", lifecycle));
        env.plan_is_empty().without_diagnostics();
    }
}

fn a_new_name_with_create_before_destroy_replaces_in_one_apply(program: &Program) {
    let env = TestEnv::new(program);
    let keep_going = "lifecycle {\n    create_before_destroy = true\n  }";
    env.configure(&cluster("team-a", keep_going));
    env.apply().succeeded();
    env.configure(&cluster("team-b", keep_going));
    env.apply().succeeded();
    assert_eq!(env.names(), ["team-b"]);
    env.plan_is_empty();
}

fn a_replacement_under_the_same_name_is_refused_before_anything_is_destroyed(program: &Program) {
    let env = TestEnv::new(program);
    let configuration = format!("{}{DEPENDENT}", cluster("team-a", ""));
    env.configure(&configuration);
    env.apply().succeeded();
    let before = env.state();

    env.configure(&elsewhere(&configuration));
    let plan = env.plan();
    assert_eq!(plan.planned(), only("replace"));
    let warning = plan.warning(&[
        "spec",
        "team-a",
        "14 days",
        "before anything is deleted",
        "another name",
    ]);
    warning.says(&[
        "terraform destroy -target",
        "removed block",
        "allow_same_name_replacement",
        "prevent_destroy",
    ]);
    let change = env.planned_change(CLUSTER);
    assert_eq!(change["after"]["status"], change["before"]["status"]);
    assert_eq!(change["after"]["id"], "team-a");

    let outcome = env.apply_plan();
    outcome.error(&["team-a", "14 days", "Nothing was deleted"]);
    assert_eq!(outcome.begun(), only("delete"));
    assert_nothing_happened(&env);
    for address in [CLUSTER, "terraform_data.dependent"] {
        assert_eq!(
            env.state().get(address).attributes,
            before.get(address).attributes
        );
        assert!(!env.state().get(address).tainted);
    }

    env.configure(&configuration);
    env.plan_is_empty().without_diagnostics();
}

fn a_replacement_under_the_same_name_with_create_before_destroy_destroys_nothing(
    program: &Program,
) {
    let env = TestEnv::new(program);
    let configuration = cluster(
        "team-a",
        "lifecycle {\n    create_before_destroy = true\n  }",
    );
    let configuration = format!("{configuration}{DEPENDENT}");
    env.configure(&configuration);
    env.apply().succeeded();
    env.configure(&elsewhere(&configuration));
    env.plan().warning(&["team-a", "14 days"]);
    let outcome = env.apply_plan();
    outcome.error(&[
        "team-a",
        "already",
        "create_before_destroy",
        "undo the change",
    ]);
    assert_eq!(outcome.begun(), only("create"));
    assert_kept(&env);
    assert!(!env.state().get(CLUSTER).tainted);
    env.configure(&configuration);
    env.plan_is_empty().without_diagnostics();
}

fn a_replacement_that_is_asked_for_is_refused_too(program: &Program) {
    let env = TestEnv::new(program);
    let configuration = format!("{}{DEPENDENT}", cluster("team-a", ""));
    env.configure(&configuration);
    env.apply().succeeded();
    let plan = env.plan_with(&["-replace", CLUSTER]);
    // No warning: core shows only those of the first half of the plan, which does not know that a replacement is asked for.
    assert_eq!(plan.planned(), only("replace"));
    env.apply_plan()
        .error(&["team-a", "14 days", "Nothing was deleted"]);
    assert_nothing_happened(&env);
    env.plan_is_empty().without_diagnostics();
}

fn with_allow_same_name_replacement_it_goes_through_where_names_are_not_held(program: &Program) {
    let env = TestEnv::with(program, "active_after_reads = 0\nname_hold = '0s'");
    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    env.configure(&elsewhere(&cluster(
        "team-a",
        "allow_same_name_replacement = true",
    )));
    let plan = env.plan().without_diagnostics();
    assert_eq!(plan.planned(), only("replace"));
    env.apply_plan().succeeded();
    let made = env.simulator.cluster("team-a").unwrap();
    assert_eq!(made.spec.regions[0].name, "eu-central-1");
    assert_eq!(env.calls("DeleteWorkloadCluster"), 1);
    env.plan_is_empty().without_diagnostics();
    env.plan_with(&["-replace", CLUSTER]);
    env.apply_plan().succeeded();
    assert_eq!(env.calls("DeleteWorkloadCluster"), 2);
}

fn other_words_for_the_same_configuration_replace_nothing(program: &Program) {
    let env = TestEnv::new(program);
    let configuration = r#"
resource "teleport_workload_cluster" "this" {
  metadata = {
    name = "team-a"
  }
  spec = {
    regions = [{ name = "us-west-2" }]
  }
}
"#;
    env.configure(configuration);
    env.apply().succeeded();
    for (from, to) in [
        ("name = \"team-a\"", "name = \"team-a\"\n    labels = {}"),
        (
            "name = \"team-a\"",
            "name = \"team-a\"\n    description = \"\"",
        ),
        ("metadata", "version = \"v1\"\n  metadata"),
        ("metadata", "kind = \"workload_cluster\"\n  metadata"),
        ("metadata", "sub_kind = \"\"\n  metadata"),
    ] {
        env.configure(&configuration.replacen(from, to, 1));
        let plan = env.plan_with(&[]);
        assert!(matches!(plan.code, Some(0 | 2)), "{plan}");
        assert!(!plan.planned().contains(&only("replace")[0]), "{plan}");
        env.apply().succeeded();
        env.plan_is_empty();
    }
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
}

fn assert_nothing_happened(env: &TestEnv) {
    assert_kept(env);
    assert_eq!(env.calls("CreateWorkloadCluster"), 1);
}

fn assert_kept(env: &TestEnv) {
    assert_eq!(env.names(), ["team-a"]);
    assert_eq!(
        env.simulator.cluster("team-a").unwrap().spec.regions[0].name,
        "us-west-2"
    );
    assert_eq!(env.calls("DeleteWorkloadCluster"), 0);
}
