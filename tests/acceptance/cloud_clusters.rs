//! Cloud clusters, which workload clusters were in their preview, and their way to the new kind.

use teleport_simulator::{ClusterChange, Fault};
use tonic::Code;

use crate::support::{
    complete::{NAME, variables},
    environment::{APPLY, CLUSTER, TestEnv, cluster, provider_block},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_cloud_cluster_is_waited_for_read_and_imported,
    a_cloud_cluster_is_imported_by_what_is_generated,
    an_error_ends_the_wait_and_the_message_is_shown,
    a_replacement_under_the_same_name_is_refused,
    a_parent_without_the_kind_is_explained,
    a_preview_that_was_switched_off_is_explained_and_nothing_is_lost,
    a_missing_right_names_the_kind_and_the_verbs,
    a_move_to_the_new_kind_changes_nothing_on_the_server,
    a_move_to_a_kind_that_does_not_have_the_cluster_fails_and_loses_nothing,
    a_move_to_a_kind_that_the_parent_does_not_have_fails_and_loses_nothing,
    the_example_does_everything_and_is_destroyed,
];

const CLOUD: &str = "teleport_cloud_cluster.this";

/// A Teleport Cloud with the preview.
fn with_preview(program: &Program, more: &str) -> TestEnv {
    TestEnv::with(program, &format!("cloud_clusters_enabled = true\n{more}"))
}

/// What [`cluster`] declares, as a cloud cluster.
fn cloud_cluster(name: &str, more: &str) -> String {
    cluster(name, more)
        .replace("teleport_workload_cluster", "teleport_cloud_cluster")
        .replace(
            "regions = [{ name = \"us-west-2\" }]",
            "auth_region = \"us-west-2\"",
        )
}

/// The cluster under its new kind, moved there.
fn moved() -> String {
    format!("{}{MOVED}", cluster("team-a", ""))
}

fn a_cloud_cluster_is_waited_for_read_and_imported(program: &Program) {
    let env = with_preview(program, "active_after_reads = 2");
    env.configure(&cloud_cluster("team-a", ""));
    env.apply().succeeded().without_diagnostics();
    let stored = env.state().get(CLOUD);
    assert!(!stored.tainted);
    let attributes = stored.attributes;
    let made = env.simulator.cluster("team-a").unwrap();
    assert_eq!(attributes["kind"], "cloud_cluster");
    assert_eq!(attributes["ready"], true);
    assert_eq!(attributes["status"]["state"], "active");
    assert_eq!(attributes["status"]["domain"], made.domain.as_str());
    assert!(attributes["status"]["state_changed_at"].is_string());
    assert_eq!(made.spec.regions[0].name, "us-west-2");
    assert_eq!(env.calls("CreateCloudCluster"), 1);
    env.plan_is_empty().without_diagnostics();

    env.configure(&format!("{}{ONE}{ALL}", cloud_cluster("team-a", "")));
    env.apply().succeeded().without_diagnostics();
    let state = env.state();
    assert_eq!(state.output("region"), "us-west-2");
    assert_eq!(state.output("domains")["team-a"], made.domain.as_str());
    env.plan_is_empty().without_diagnostics();

    env.configure(&cloud_cluster("team-a", ""));
    env.run(&["state", "rm", CLOUD]).succeeded();
    env.run(&["import", CLOUD, "team-a"]).succeeded();
    env.plan_is_empty().without_diagnostics();
    let again = env.state().get(CLOUD).attributes;
    assert_eq!(again["status"], attributes["status"]);
    assert_eq!(again["spec"], attributes["spec"]);
    env.destroy()
        .succeeded()
        .warning(&["Workload Cluster Name Held", "cloud cluster \"team-a\""]);
    assert!(env.names().is_empty());
}

fn a_cloud_cluster_is_imported_by_what_is_generated(program: &Program) {
    let env = with_preview(program, "active_after_reads = 0");
    env.configure(&cloud_cluster("team-a", ""));
    env.apply().succeeded();
    env.run(&["state", "rm", CLOUD]).succeeded();
    env.configure(&format!(
        "import {{\n  to = {CLOUD}\n  id = \"team-a\"\n}}\n"
    ));
    env.plan_with(&["-generate-config-out=generated.tf"]);
    let planned = env.plan().planned();
    assert_eq!(planned, [(CLOUD.to_owned(), "import".to_owned())]);
    env.apply_plan().succeeded();
    env.plan_is_empty().without_diagnostics();
}

fn an_error_ends_the_wait_and_the_message_is_shown(program: &Program) {
    let env = with_preview(program, "states = ['creating']");
    env.configure(&cloud_cluster("team-a", ""));
    let mut running = env.start(APPLY);
    running.until("the cluster is waited for", |_| {
        env.calls("CreateCloudCluster") == 1 && env.simulator.cluster("team-a").is_some()
    });
    let failed = ClusterChange {
        state: Some("error".to_owned()),
        message: Some("no capacity\u{1b}[2J in us-west-2".to_owned()),
        ..ClusterChange::default()
    };
    env.simulator.change_cluster("team-a", failed).unwrap();
    let error = running.wait().error(&[
        "Workload Cluster Failed",
        "the state \"error\" for the cloud cluster \"team-a\": no capacity",
        "in us-west-2. Ask Teleport's support",
        "terraform untaint",
    ]);
    assert!(!error.text.contains('\u{1b}'), "{error:?}");
    let stored = env.state().get(CLOUD);
    assert!(stored.tainted);
    assert_eq!(stored.attributes["status"]["state"], "error");

    let repaired = ClusterChange {
        state: Some("active".to_owned()),
        message: Some(String::new()),
        ..ClusterChange::default()
    };
    env.simulator.change_cluster("team-a", repaired).unwrap();
    env.run(&["untaint", CLOUD]).succeeded();
    env.apply().succeeded();
    assert_eq!(env.state().get(CLOUD).attributes["ready"], true);
    assert_eq!(env.calls("CreateCloudCluster"), 1);
    env.plan_is_empty().without_diagnostics();
}

fn a_replacement_under_the_same_name_is_refused(program: &Program) {
    let env = with_preview(program, "active_after_reads = 0");
    env.configure(&cloud_cluster("team-a", ""));
    env.apply().succeeded();
    env.configure(&cloud_cluster("team-a", "").replace("us-west-2", "us-east-1"));
    let phrases = [
        "Workload Cluster Name Would Be Held",
        "A cloud cluster cannot be changed, and spec.auth_region changed",
    ];
    env.plan().warning(&phrases);
    env.apply_plan().error(&phrases);
    assert_eq!(env.names(), ["team-a"]);
    assert_eq!(env.calls("DeleteCloudCluster"), 0);
}

fn a_parent_without_the_kind_is_explained(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&cloud_cluster("team-a", ""));
    env.apply().error(&[
        "Not Supported by the Cluster",
        "does not have the kind cloud_cluster",
        "Use teleport_workload_cluster",
        "moved {",
    ]);
    assert!(env.names().is_empty());
}

fn a_preview_that_was_switched_off_is_explained_and_nothing_is_lost(program: &Program) {
    let env = with_preview(program, "active_after_reads = 0");
    env.configure(&cloud_cluster("team-a", ""));
    env.apply().succeeded();
    let before = env.state().get(CLOUD).attributes;
    let calls = [
        "CreateCloudCluster",
        "GetCloudCluster",
        "ListCloudClusters",
        "DeleteCloudCluster",
    ];
    for rpc in calls {
        let off = Fault::code(rpc, Code::Unimplemented)
            .message("unknown service teleport.cloudcluster.v1.CloudClusterService")
            .times(u32::MAX);
        env.simulator.add_fault(off).unwrap();
    }
    let phrases = [
        "Not Supported by the Cluster",
        "does not have the kind cloud_cluster",
        "Use teleport_workload_cluster",
        "moved { from = teleport_cloud_cluster.NAME",
    ];
    env.plan_with(&[]).error(&phrases);
    env.plan_with(&["-refresh-only"]).error(&phrases);
    env.apply().error(&phrases);
    env.destroy().error(&phrases);
    let unseen = ["destroy", "-json", "-auto-approve", "-refresh=false"];
    env.run(&unseen).error(&phrases);
    for data_source in [ONE, ALL] {
        env.configure(&format!("{}{data_source}", cloud_cluster("team-a", "")));
        env.plan_with(&["-refresh=false"]).error(&phrases);
    }
    assert_eq!(env.state().get(CLOUD).attributes, before);
    assert_eq!(env.names(), ["team-a"]);

    // The way out is the one that the message names.
    env.configure(&moved());
    env.apply().succeeded();
    assert_eq!(env.state().get(CLUSTER).attributes["ready"], true);
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.calls("CreateWorkloadCluster"), 0);
}

fn a_missing_right_names_the_kind_and_the_verbs(program: &Program) {
    let env = with_preview(program, "active_after_reads = 0");
    env.configure(&cloud_cluster("team-a", ""));
    env.apply().succeeded();
    let before = env.state().get(CLOUD).attributes;
    let path = env.simulator.data_dir().join("identity-no-rights");
    let block = provider_block(&env.simulator.proxy_address(), &path, "");
    let refused = |outcome: Outcome, doing: &str, verbs: &str| {
        let rule = format!("resources = [\"cloud_cluster\"] and verbs = [{verbs}]");
        outcome.error(&["Access Denied", doing, &rule]);
    };
    let of = "the cloud cluster \"team-a\"";
    let (reading, deleting) = (format!("reading {of}"), format!("deleting {of}"));
    env.write(&format!("{block}{}", cloud_cluster("team-a", "")));
    refused(env.plan_with(&[]), &reading, "\"read\"");
    refused(env.destroy(), &reading, "\"read\"");
    let unseen = ["destroy", "-json", "-auto-approve", "-refresh=false"];
    refused(env.run(&unseen), &deleting, "\"delete\"");
    assert_eq!(env.state().get(CLOUD).attributes, before);
    assert_eq!(env.names(), ["team-a"]);

    let another = cloud_cluster("team-b", "").replace("\"this\"", "\"other\"");
    env.write(&format!("{block}{}{another}", cloud_cluster("team-a", "")));
    let create = [APPLY, &["-refresh=false"]].concat();
    let creating = "creating the cloud cluster \"team-b\"";
    refused(env.run(&create), creating, "\"create\"");
    env.run(&["state", "rm", CLOUD]).succeeded();
    for (data_source, doing, verbs) in [
        (ONE, reading.as_str(), "\"read\""),
        (ALL, "listing the cloud clusters", "\"list\", \"read\""),
    ] {
        env.write(&format!("{block}{data_source}"));
        refused(env.plan_with(&[]), doing, verbs);
    }
}

fn a_move_to_the_new_kind_changes_nothing_on_the_server(program: &Program) {
    let env = with_preview(program, "active_after_reads = 0");
    env.configure(&cloud_cluster("team-a", "deletion_protection = true"));
    env.apply().succeeded();
    let before = env.simulator.cluster("team-a").unwrap();
    env.configure(&format!(
        "{}{MOVED}",
        cluster("team-a", "deletion_protection = true")
    ));
    let plan = env.plan_with(&[]).without_diagnostics();
    assert!(matches!(plan.code, Some(0 | 2)), "{plan}");
    let kinds = plan.planned().into_iter().map(|(_, action)| action);
    assert!(kinds.into_iter().all(|kind| kind == "move"), "{plan}");
    env.apply().succeeded().without_diagnostics();

    let state = env.state();
    assert!(state.find(CLOUD).is_none());
    let stored = state.get(CLUSTER).attributes;
    assert_eq!(stored["kind"], "workload_cluster");
    assert_eq!(stored["spec"]["regions"][0]["name"], "us-west-2");
    assert_eq!(stored["status"]["domain"], before.domain.as_str());
    assert_eq!(stored["ready"], true);
    assert_eq!(stored["deletion_protection"], true);
    assert!(!state.0.to_string().contains("auth_region"));
    let after = env.simulator.cluster("team-a").unwrap();
    assert_eq!(after.revision, before.revision);
    assert_eq!(env.calls("CreateWorkloadCluster"), 0);
    assert_eq!(env.calls("DeleteCloudCluster"), 0);

    env.configure(&cluster("team-a", ""));
    env.apply().succeeded();
    env.plan_is_empty().without_diagnostics();
    // The note of the move is gone: a cluster that was deleted is planned again, as any other.
    env.simulator.delete_cluster("team-a");
    let planned = env.plan().planned();
    assert_eq!(planned, [(CLUSTER.to_owned(), "create".to_owned())]);
}

fn a_move_to_a_kind_that_does_not_have_the_cluster_fails_and_loses_nothing(program: &Program) {
    let env = with_preview(program, "active_after_reads = 0");
    env.configure(&cloud_cluster("team-a", ""));
    env.apply().succeeded();
    let known_as_preview_only = |only| {
        let change = ClusterChange {
            preview_only: Some(only),
            ..ClusterChange::default()
        };
        env.simulator.change_cluster("team-a", change).unwrap();
    };
    known_as_preview_only(true);
    env.configure(&moved());
    let phrases = [
        "Not Found After the Move",
        "no workload cluster \"team-a\"",
        "moved from teleport_cloud_cluster",
    ];
    env.plan_with(&[]).error(&phrases);
    env.apply().error(&phrases);
    assert!(env.state().find(CLOUD).is_some());
    env.configure(&cloud_cluster("team-a", ""));
    env.plan_is_empty().without_diagnostics();

    // Without a refresh the move is stored, and nothing is lost all the same.
    env.configure(&moved());
    env.run(&[APPLY, &["-refresh=false"]].concat()).succeeded();
    assert!(env.state().find(CLUSTER).is_some());
    env.plan_with(&[]).error(&phrases);
    let destroy = ["destroy", "-auto-approve", "-no-color", "-refresh=false"];
    let refused = env.run(&destroy).failed();
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains(phrases[0]), "{refused}");
    assert!(env.state().find(CLUSTER).is_some());
    assert_eq!(env.names(), ["team-a"]);

    known_as_preview_only(false);
    env.apply().succeeded();
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.calls("CreateWorkloadCluster"), 0);
}

fn a_move_to_a_kind_that_the_parent_does_not_have_fails_and_loses_nothing(program: &Program) {
    let env = with_preview(
        program,
        "active_after_reads = 0\nworkload_cluster_kind = false",
    );
    env.configure(&cloud_cluster("team-a", ""));
    env.apply().succeeded().without_diagnostics();
    env.configure(&moved());
    env.apply().error(&[
        "Not Supported by the Cluster",
        "Write the resource as teleport_cloud_cluster again",
    ]);
    assert!(env.state().find(CLOUD).is_some());
    env.configure(&cloud_cluster("team-a", ""));
    env.plan_is_empty().without_diagnostics();
}

fn the_example_does_everything_and_is_destroyed(program: &Program) {
    // With the preview alone, as it was, and while both kinds are there.
    for kind in [false, true] {
        let scenario = format!("active_after_reads = 1\nworkload_cluster_kind = {kind}");
        let mut env = with_preview(program, &scenario);
        env.be_aws_identity("123456789012");
        env.copy_example("cloud-cluster", &variables());
        let outcome = env.apply().succeeded().without_diagnostics();
        let order = [
            "teleport_role.editor",
            CLOUD,
            "teleport_role.example",
            "teleport_user.example",
        ];
        assert_eq!(outcome.order(), order);
        let users = env.simulator.users(NAME).unwrap();
        let user = users.iter().find(|user| user.name == "example").unwrap();
        assert_eq!(user.created_by, "bot-terraform");
        let rights = env.simulator.roles("parent").unwrap();
        let is_there = |name: &str| rights.iter().any(|role| role.name == name);
        assert!(is_there("cloud-cluster-manager"));
        assert_eq!(env.state().output("state"), "active");
        env.plan_is_empty().without_diagnostics();

        let outcome = env.destroy().succeeded();
        let backwards: Vec<_> = order.into_iter().rev().collect();
        assert_eq!(outcome.order(), backwards);
        outcome.warning(&["Workload Cluster Name Held", NAME]);
        assert!(env.state().is_empty() && env.names().is_empty());
        let rights = env.simulator.roles("parent").unwrap();
        assert!(
            rights
                .iter()
                .all(|role| role.name != "cloud-cluster-manager")
        );
        assert_eq!(env.calls("DeleteUser"), 0);
    }
}

const MOVED: &str = r#"
moved {
  from = teleport_cloud_cluster.this
  to   = teleport_workload_cluster.this
}
"#;

const ONE: &str = r#"
data "teleport_cloud_cluster" "this" {
  name = "team-a"
}
output "region" {
  value = data.teleport_cloud_cluster.this.spec.auth_region
}
"#;

const ALL: &str = r#"
data "teleport_cloud_clusters" "all" {}
output "domains" {
  value = { for it in data.teleport_cloud_clusters.all.clusters : it.name => it.status.domain }
}
"#;
