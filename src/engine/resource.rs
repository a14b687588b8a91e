//! The resource of a kind: what core asks for, and who does it.

use std::sync::Arc;

use async_trait::async_trait;
use tfplugin::{
    Applied, Call, Create, Delete, Diagnostics, Imported, Move, Path, PlanKind, PlannedChange,
    Private, Resource, Schema, Update, Value, requires_replace,
};

use super::{
    Kind, Shape, create, delete, import, lifecycle,
    private_state::{Planned, PrivateState},
    read, resource_identity,
    run::Run,
    secrets, singleton, update,
};
use crate::{
    clusters::{
        ProviderData, guard,
        target::{CLUSTER, Target, is_same_cluster, named},
    },
    engine::shape::REVISION,
    errors::{self, Summary},
    kinds::metadata::has_expired,
    settings::policy::Policy,
};

/// The resource of a kind.
pub(crate) struct KindResource {
    pub(super) shape: Arc<Shape>,
    schema: Schema,
    identity: Option<Schema>,
}

impl KindResource {
    pub(crate) fn new(kind: Kind) -> Self {
        let shape = Shape::of(kind);
        Self {
            schema: shape.schema(),
            identity: resource_identity::schema(&kind),
            shape,
        }
    }

    fn plan_object(
        &self,
        call: &Call<ProviderData>,
        change: &mut PlannedChange,
        diags: &mut Diagnostics,
    ) {
        let memory = PrivateState::read(&change.private);
        let (config, prior) = (&change.config, &change.prior);
        let planned = self
            .shape
            .plan(&self.schema, config, prior, &memory.configured);
        let mut reasons = requires_replace(&self.schema, config, prior, &planned);
        if self.shape.is_as_before(&planned, prior) {
            // Other words for the same object.
            reasons.retain(|path| *path == Path::attribute(CLUSTER));
        }
        reasons.retain(|path| !self.is_no_reason(path, prior, &planned));
        change.planned = planned;
        change.requires_replace = reasons;
        self.check_expires(change, diags);
        (self.shape.kind.review)(&change.prior, &change.planned, diags);
        if !change.requires_replace.is_empty() {
            delete::warn_at_plan(&self.shape, call, &change.prior, diags);
            self.warn_of_another_cluster(change, diags);
        }
        self.leave(change);
    }

    /// Leaves what the destroy half of a replacement needs.
    fn leave(&self, change: &mut PlannedChange) {
        let note = self.shape.note(&change.planned).unwrap_or_default();
        let reasons = change
            .requires_replace
            .iter()
            .map(Path::to_string)
            .collect();
        let kind = change.kind;
        PrivateState::change(&mut change.private, |memory| {
            let first = memory.planned.take().unwrap_or_default();
            let (changed, results) = match kind {
                PlanKind::Update => (Some(reasons), None),
                // What the first half of the plan left.
                PlanKind::Replace => (first.changed.or(Some(Vec::new())), first.results),
                PlanKind::Create | PlanKind::Destroy => (None, None),
            };
            memory.planned = Some(Planned {
                changed,
                results,
                ..note
            });
        });
    }

    /// Whether the object that changes belongs to the cluster that the provider is connected to.
    async fn check_cluster(&self, run: &Run, change: &PlannedChange, diags: &mut Diagnostics) {
        let (prior, memory) = (&change.prior, PrivateState::read(&change.private));
        let policy = delete::policy_for(&self.shape, prior, run.provider());
        let needs_no_call = change.kind == PlanKind::Destroy && policy == Some(Policy::Abandon);
        if needs_no_call || run.provider().is_none() || Target::unknown(prior, run).is_some() {
            return;
        }
        if let Some(target) = Target::of(prior, run, diags) {
            let what = self.shape.what(&self.shape.name(prior).unwrap_or_default());
            guard::check_plan(&target, &memory, &what, diags).await;
        }
    }

    /// The same cluster in other words, and what the server alone decides.
    fn is_no_reason(&self, path: &Path, prior: &Value, planned: &Value) -> bool {
        *path == Path::attributes(REVISION)
            || (*path == Path::attribute(CLUSTER) && is_same_cluster(prior, planned))
    }

    fn check_expires(&self, change: &PlannedChange, diags: &mut Diagnostics) {
        let path = ["metadata", "expires"];
        let (prior, planned) = (change.prior.at(&path), change.planned.at(&path));
        let what = || {
            self.shape
                .what(&self.shape.name(&change.planned).unwrap_or_default())
        };
        if has_expired(&change.planned) && (prior != planned || change.prior.is_null()) {
            errors::error(Summary::InvalidAttributeValue).at(Path::attributes(&path)).detail(format!(
                    "metadata.expires has passed: {}. The cluster deletes the {} at once. Set a time in the future.",
                    planned.as_str().unwrap_or_default(),
                    what()
                )).add(diags);
        } else if has_expired(&change.prior)
            && prior == planned
            && !self.shape.is_as_before(&change.planned, &change.prior)
        {
            errors::error(Summary::ObjectHasExpired).at(Path::attributes(&path)).detail(format!(
                    "The {} expired at {}, and the cluster deleted it. It cannot be changed. Set metadata.expires to a time in \
                     the future, and the apply creates it again; or undo the change.",
                    what(),
                    planned.as_str().unwrap_or_default()
                )).add(diags);
        }
    }

    fn warn_of_another_cluster(&self, change: &PlannedChange, diags: &mut Diagnostics) {
        let path = Path::attribute(CLUSTER);
        if !change.requires_replace.contains(&path) {
            return;
        }
        let noun = self.shape.kind.noun;
        let text = if change.planned.field(CLUSTER).is_unknown() {
            format!(
                "cluster is known only after the apply, so the {noun} is destroyed in {} and created in the cluster that cluster \
                 names then.",
                named(change.prior.field(CLUSTER))
            )
        } else {
            format!(
                "cluster changes, so the {noun} is destroyed in the old cluster and created in the new one."
            )
        };
        errors::warning(Summary::RecreatedInAnotherCluster)
            .at(path)
            .detail(format!("{text}{}", self.shape.kind.recreated))
            .add(diags);
    }
}

#[async_trait]
impl Resource<ProviderData> for KindResource {
    fn type_name(&self) -> &str {
        self.shape.kind.type_name
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn identity_schema(&self) -> Option<&Schema> {
        self.identity.as_ref()
    }

    fn identity(&self, state: &Value, private: &Private) -> Option<Value> {
        resource_identity::of(&self.shape, state, private)
    }

    fn validate(&self, config: &Value, diags: &mut Diagnostics) {
        secrets::check(&self.shape.kind, config, diags);
        (self.shape.kind.validate)(config, diags);
    }

    async fn plan(
        &self,
        call: &Call<ProviderData>,
        change: &mut PlannedChange,
        diags: &mut Diagnostics,
    ) {
        if change.kind == PlanKind::Destroy {
            delete::warn_at_plan(&self.shape, call, &change.prior, diags);
        } else {
            self.plan_object(call, change, diags);
        }
        if change.kind == PlanKind::Create {
            singleton::warn_at_create(&self.shape, call, &change.planned, diags).await;
        }
        let run = Run::plan(call);
        let needs_cluster = match change.kind {
            PlanKind::Update => !self.shape.is_as_before(&change.planned, &change.prior),
            PlanKind::Destroy => true,
            PlanKind::Create | PlanKind::Replace => false,
        };
        if needs_cluster {
            self.check_cluster(&run, change, diags).await;
        }
        if let Some(lifecycle) = self.shape.kind.lifecycle {
            lifecycle.plan(&self.shape.kind, &run, change, diags).await;
        }
    }

    async fn create(&self, call: &Call<ProviderData>, request: Create) -> Applied {
        create::create(&self.shape, call, request).await
    }

    async fn read(&self, call: &Call<ProviderData>, state: Value, private: Private) -> Applied {
        read::read(&self.shape, call, state, private).await
    }

    async fn update(&self, call: &Call<ProviderData>, request: Update) -> Applied {
        if lifecycle::goes_on(&self.shape, &request.planned) {
            return lifecycle::go_on(&self.shape, call, request).await;
        }
        update::update(&self.shape, call, request).await
    }

    async fn delete(&self, call: &Call<ProviderData>, request: Delete) -> Diagnostics {
        delete::delete(&self.shape, call, request).await
    }

    async fn import(
        &self,
        call: &Call<ProviderData>,
        id: &str,
        diags: &mut Diagnostics,
    ) -> Option<Imported> {
        import::import(&self.shape, &self.schema, call, id, diags).await
    }

    async fn import_by_identity(
        &self,
        call: &Call<ProviderData>,
        identity: &Value,
        diags: &mut Diagnostics,
    ) -> Option<Imported> {
        import::import_by_identity(&self.shape, &self.schema, call, identity, diags).await
    }

    fn generate(&self, config: &mut Value) {
        *config = self.shape.as_written(std::mem::take(config));
    }

    fn moves_from(&self, provider: &str, type_name: &str) -> Option<Move> {
        let former = self.shape.kind.former;
        let former = former.filter(|former| former.type_name == type_name);
        if let Some(former) = former.filter(|_| provider.ends_with("/teleport")) {
            return Some(Move {
                state: former.state,
                private: PrivateState::after_move,
            });
        }
        let is_official = provider.ends_with("/gravitational/teleport");
        (is_official && type_name == self.type_name()).then_some(Move::OF_ANOTHER_PROVIDER)
    }
}
