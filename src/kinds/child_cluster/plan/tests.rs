use tfplugin::{Call, Private, Resource, Severity, Stop, operations};

use super::*;
use crate::{
    engine::{
        KindResource,
        shapes::{null, null_at},
    },
    kinds::workload_cluster::WORKLOAD_CLUSTER,
};

fn resource() -> KindResource {
    KindResource::new(WORKLOAD_CLUSTER)
}

fn config(name: impl Into<Value>, region: &str) -> Value {
    let schema = resource().schema().clone();
    let mut config = null(&schema);
    let mut metadata = null_at(&schema, "metadata");
    metadata.set_field("name", name.into());
    config.set_field("metadata", metadata);
    let mut spec = null_at(&schema, "spec");
    spec.set_field(
        "regions",
        Value::List(vec![Value::object([("name", region.into())])]),
    );
    config.set_field("spec", spec);
    config
}

fn stored(name: &str, region: &str, ready: bool) -> Value {
    let mut state = config(name, region);
    state.set_field("id", name.into());
    state.set_field("kind", "workload_cluster".into());
    state.set_field("version", "v1".into());
    state.set_field(READY, ready.into());
    let status = if ready { "active" } else { "creating" };
    state.set_field(
        "status",
        Value::object([
            ("state", status.into()),
            ("domain", format!("{name}.teleport.sh").into()),
        ]),
    );
    state
}

/// What a plan leaves for the destroy half.
fn planned(plan: &operations::Plan) -> Planned {
    PrivateState::read(&plan.private).planned.unwrap()
}

/// Core's proposal: the configuration, with the prior results where it says nothing.
fn proposed(config: &Value, prior: &Value) -> Value {
    let mut proposed = config.clone();
    for name in ["id", "kind", "version", "status", READY] {
        if config.field(name).is_null() {
            proposed.set_field(name, prior.field(name).clone());
        }
    }
    for name in ["namespace", "revision"] {
        let path = ["metadata", name];
        proposed.set_at(&path, prior.at(&path).clone());
    }
    proposed
}

async fn plan(config: &Value, prior: &Value, private: Private) -> operations::Plan {
    let call = Call {
        client: None,
        stop: Stop::never(),
    };
    let proposed = if config.is_null() {
        Value::Null
    } else {
        proposed(config, prior)
    };
    let request = operations::PlanRequest {
        config: config.clone(),
        prior: prior.clone(),
        proposed,
        private,
    };
    operations::plan(&resource(), &call, request).await
}

fn summaries(plan: &operations::Plan) -> Vec<(Severity, String)> {
    plan.diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.severity, diagnostic.summary.clone()))
        .collect()
}

#[tokio::test]
async fn a_new_cluster_has_a_known_id_and_unknown_results() {
    let plan = plan(&config("a", "us-west-2"), &Value::Null, Private::new()).await;
    assert_eq!(plan.planned.field("id"), &"a".into());
    assert_eq!(plan.planned.field("version"), &"v1".into());
    assert_eq!(plan.planned.at(&["status", "domain"]), &Value::Unknown);
    assert_eq!(plan.planned.field(READY), &Value::Unknown);
    assert!(plan.diagnostics.is_empty());
}

#[tokio::test]
async fn a_finished_cluster_without_changes_is_left_alone() {
    let prior = stored("a", "us-west-2", true);
    let plan = plan(&config("a", "us-west-2"), &prior, Private::new()).await;
    assert_eq!(plan.planned, prior);
    assert!(plan.requires_replace.is_empty());
}

#[tokio::test]
async fn a_later_regress_of_the_state_makes_no_diff() {
    let mut prior = stored("a", "us-west-2", true);
    prior.set_field(
        "status",
        Value::object([
            ("state", "suspended".into()),
            ("domain", "a.teleport.sh".into()),
        ]),
    );
    assert_eq!(
        plan(&config("a", "us-west-2"), &prior, Private::new())
            .await
            .planned,
        prior
    );
}

#[tokio::test]
async fn an_unfinished_cluster_is_updated_in_place_and_its_domain_stays_known() {
    let plan = plan(
        &config("a", "us-west-2"),
        &stored("a", "us-west-2", false),
        Private::new(),
    )
    .await;
    assert_eq!(plan.planned.field(READY), &Value::Unknown);
    assert_eq!(plan.planned.at(&["status", "state"]), &Value::Unknown);
    assert_eq!(
        plan.planned.at(&["status", "domain"]),
        &"a.teleport.sh".into()
    );
    assert!(plan.requires_replace.is_empty());
}

#[tokio::test]
async fn arguments_of_the_provider_alone_change_nothing_else() {
    let mut config = config("a", "us-west-2");
    config.set_field(DELETION_PROTECTION, true.into());
    let mut expected = stored("a", "us-west-2", true);
    let plan = plan(&config, &expected.clone(), Private::new()).await;
    expected.set_field(DELETION_PROTECTION, true.into());
    assert_eq!(plan.planned, expected);
}

#[tokio::test]
async fn a_change_under_the_same_name_keeps_the_results_known_and_warns_once() {
    let prior = stored("a", "us-west-2", true);
    let config = config("a", "us-east-1");
    let first = plan(&config, &prior, Private::new()).await;
    assert_eq!(
        first.requires_replace,
        [Path::attributes(&["spec", "regions"])
            .with_index(0)
            .with_attribute("name")]
    );
    assert_eq!(first.planned.field("status"), prior.field("status"));
    assert_eq!(
        summaries(&first),
        [(Severity::Warning, SUMMARY.text().to_owned())]
    );
    let text = first.diagnostics.iter().next().unwrap().detail.clone();

    let second = plan(&config, &Value::Null, first.private).await;
    assert_eq!(second.planned.field("status"), prior.field("status"));
    assert_eq!(second.planned.field("id"), &"a".into());
    assert_eq!(summaries(&second), []);
    for part in [
        "spec.regions[0].name",
        "14 days",
        "prevent_destroy",
        "removed block",
        "allow_same_name_replacement",
    ] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
    assert!(planned(&second).results.is_some());
}

#[tokio::test]
async fn a_replacement_that_was_asked_for_is_guarded_too() {
    let prior = stored("a", "us-west-2", true);
    let config = config("a", "us-west-2");
    let first = plan(&config, &prior, Private::new()).await;
    assert_eq!(first.planned, prior);
    let second = plan(&config, &Value::Null, first.private).await;
    assert_eq!(second.planned.field("status"), prior.field("status"));
    assert!(planned(&second).results.is_some());
}

#[tokio::test]
async fn a_new_name_or_a_permission_replaces_without_a_word() {
    let prior = stored("a", "us-west-2", true);
    let mut allowed = config("a", "us-east-1");
    allowed.set_field(ALLOW_SAME_NAME, true.into());
    for config in [config("b", "us-west-2"), allowed] {
        let first = plan(&config, &prior, Private::new()).await;
        assert!(!first.requires_replace.is_empty());
        let second = plan(&config, &Value::Null, first.private).await;
        assert!(second.diagnostics.is_empty(), "{:?}", second.diagnostics);
        assert_eq!(second.planned.field("status"), &Value::Unknown);
        assert!(planned(&second).results.is_none());
    }
}

#[tokio::test]
async fn other_words_for_the_same_configuration_replace_nothing() {
    let prior = stored("a", "us-west-2", true);
    let mut config = config("a", "us-west-2");
    config.set_field("sub_kind", "".into());
    config.set_at(&["spec", "bot"], Value::object([("name", Value::Null)]));
    let plan = plan(&config, &prior, Private::new()).await;
    assert_eq!(plan.requires_replace, []);
    assert_eq!(plan.planned.field("status"), prior.field("status"));
}

#[tokio::test]
async fn a_protected_cluster_is_not_planned_away() {
    let mut prior = stored("a", "us-west-2", true);
    prior.set_field(DELETION_PROTECTION, true.into());
    let protected = [(Severity::Error, "Workload Cluster Protected".to_owned())];
    assert_eq!(
        summaries(&plan(&Value::Null, &prior, Private::new()).await),
        protected
    );
    assert_eq!(
        summaries(&plan(&config("b", "us-west-2"), &prior, Private::new()).await),
        protected
    );
}

#[tokio::test]
async fn the_plan_of_a_new_cluster_is_known_to_the_deletion_of_a_tainted_one() {
    let plan = plan(&config("a", "us-west-2"), &Value::Null, Private::new()).await;
    let planned = planned(&plan);
    assert_eq!(planned.name.as_deref(), Some("a"));
    assert!(!planned.same_name_allowed);
    assert_eq!(planned.changed, None);
}
