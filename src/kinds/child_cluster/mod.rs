//! Child clusters of a Teleport Cloud cluster: what their kinds, which are pages of data, have in common.
//!
//! - `validate`: what can be said about a configuration without asking anybody.
//! - `plan`, `wait`, `delete`: what they add to the engine, before a create, until one is active, and before a delete.
//! - `clusters`: the data source of all of them.

mod clusters;
mod delete;
mod plan;
mod validate;
mod wait;

use async_trait::async_trait;
use prost_reflect::DynamicMessage;
use teleport_client::Error;
use tfplugin::{Attribute, Delete, Diagnostics, Path, PlannedChange, Validator};

pub(crate) use clusters::ChildClustersDataSource;
pub(super) use validate::{region, validate};

use crate::{
    engine::{Followed, Kind, Lifecycle, Pending, private_state::Planned, run::Run, timeouts},
    errors::{self, Summary, chain},
    mapping::Rules,
};

/// What all kinds of child clusters have in common.
pub(super) const CHILD_CLUSTER: Kind = Kind {
    in_workload_clusters: false,
    read_only: &["metadata.namespace", "metadata.revision", "status"],
    lifecycle: Some(&Hooks),
    ..Kind::DEFAULT
};

/// The rules of the attributes that all kinds have. `kind` is the kind's own name, and `noun` is what one is called.
pub(super) fn rules(kind: &'static str, noun: &'static str) -> Rules {
    let checks = [
        ("kind", Validator::new(validate::only(kind))),
        ("version", Validator::new(validate::only(VERSION))),
        ("metadata.name", Validator::new(validate::name)),
        ("spec.bot.name", Validator::new(validate::bot_name)),
        (
            "spec.token.join_method",
            Validator::new(validate::join_method(noun)),
        ),
        (
            "spec.token.allow.aws_account",
            Validator::new(validate::account),
        ),
        ("spec.token.allow.aws_arn", Validator::new(validate::arn)),
    ];
    let rules = Rules::new()
        .default_to("kind", kind)
        .default_to("version", VERSION)
        .requires_replace("version")
        .requires_replace("sub_kind")
        .requires_replace("metadata")
        .requires_replace("spec")
        .required("metadata")
        .required("metadata.name")
        .omit("metadata.id")
        .required("spec")
        .required("spec.bot.name")
        .required("spec.token.join_method")
        .required("spec.token.allow")
        .computed("status.state")
        .computed("status.domain")
        .describe(
            "metadata.name",
            &format!(
                "Name of the {noun}: lower-case letters, digits and `-`, at most 63. It becomes the first label of the domain."
            ),
        );
    let first = noun[..1].to_uppercase();
    let none = format!("{first}{}s have none, and Teleport refuses it.", &noun[1..]);
    let rules = [
        "sub_kind",
        "metadata.description",
        "metadata.labels",
        "metadata.expires",
        "metadata.namespace",
    ]
    .into_iter()
    .fold(rules, |rules, path| rules.describe(path, &none));
    checks
        .into_iter()
        .fold(rules, |rules, (path, check)| rules.validate(path, check))
}

/// The arguments that only the provider knows.
pub(super) fn arguments(noun: &str) -> Vec<(&'static str, Attribute)> {
    vec![
        ("timeouts", timeouts::attribute(&[("create", "15m")])),
        (
            DELETION_PROTECTION,
            Attribute::bool().describe(format!(
                "Whether to refuse to destroy the {noun}. Default: `false`."
            )),
        ),
        (
            ALLOW_SAME_NAME,
            Attribute::bool().describe(format!(
                "Whether a replacement may destroy the {noun} and create another one of the same name. This cannot work on \
                 Teleport Cloud, which holds the names of deleted clusters for 14 days: the tenant would be gone. So such a \
                 replacement is refused before anything is deleted, unless this is `true`. Default: `false`."
            )),
        ),
    ]
}

/// What child clusters add to the engine.
struct Hooks;

#[async_trait]
impl Lifecycle for Hooks {
    async fn plan(
        &self,
        kind: &Kind,
        run: &Run,
        change: &mut PlannedChange,
        diags: &mut Diagnostics,
    ) {
        plan::complete(kind, run, change, diags).await;
    }

    fn has_status(&self, cluster: &DynamicMessage) -> bool {
        !Status::of(cluster).state.is_empty()
    }

    fn is_ready(&self, cluster: &DynamicMessage) -> bool {
        wait::State::of(&Status::of(cluster)) == wait::State::Active
    }

    async fn until_ready(&self, pending: Pending<'_>, diags: &mut Diagnostics) -> Followed {
        wait::until_ready(pending, diags).await
    }

    fn name_refused(&self, kind: &Kind, name: &str, error: &Error) -> errors::Builder {
        errors::error(Summary::WorkloadClusterNameNotAvailable)
            .at(Path::attributes(&["metadata", "name"]))
            .detail(format!(
                "No {} {name:?} can be seen, but the name cannot be used: {}.",
                kind.noun,
                chain(error)
            ))
            .detail(
                "Teleport Cloud holds the name of a deleted cluster for 14 days; its support can restore the cluster or release \
                 the name. The name may also belong to another customer. Use another metadata.name.",
            )
    }

    async fn before_delete(
        &self,
        kind: &Kind,
        run: &Run,
        delete: &Delete,
        planned: Option<&Planned>,
        diags: &mut Diagnostics,
    ) -> bool {
        delete::may_go_on(kind, run, delete, planned, diags).await
    }

    fn deleted(&self, kind: &Kind, name: &str) -> errors::Builder {
        errors::warning(Summary::WorkloadClusterNameHeld).detail(format!(
            "The {} {name:?} is suspended and will be deleted. For 14 days its name cannot be used again, and Teleport's \
             support can restore it.",
            kind.noun
        ))
    }
}

/// What the server reports of a cluster. A text is empty where the message does not have it.
#[derive(Debug, Default)]
struct Status {
    state: String,
    domain: String,
    message: String,
}

impl Status {
    fn of(cluster: &DynamicMessage) -> Self {
        let status = cluster.get_field_by_name("status");
        let status = status.as_deref().and_then(|status| status.as_message());
        let text = |name: &str| {
            let field = status.and_then(|status| status.get_field_by_name(name));
            let text = field.as_deref().and_then(|field| field.as_str());
            text.unwrap_or_default().to_owned()
        };
        Self {
            state: text("state"),
            domain: text("domain"),
            message: text("message"),
        }
    }
}

const VERSION: &str = "v1";
const DELETION_PROTECTION: &str = "deletion_protection";
const ALLOW_SAME_NAME: &str = "allow_same_name_replacement";
