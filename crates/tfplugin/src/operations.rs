//! What core asks for, carried out by Terraform's laws on any resource.
//!
//! The laws, and where core checks them: `internal/plans/objchange` and
//! `internal/terraform/node_resource_abstract_instance.go` in hashicorp/terraform.

use super::{
    Applied, Call, Create, Delete, DeleteReason, Diagnostics, Imported, Path, PlanKind,
    PlannedChange, Private, Resource, Schema, Update, Value, plan as rules, replace,
    state as states, validate as checks,
};

/// Checks the configuration of any block against its schema. `write_only_allowed` is whether core can handle write-only
/// attributes.
pub fn validate(schema: &Schema, config: &Value, write_only_allowed: bool) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    checks::validate(schema, config, write_only_allowed, &mut diagnostics);
    diagnostics
}

/// Question of [`plan`].
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The configuration; null for a destroy.
    pub config: Value,
    /// The stored object; null for a create.
    pub prior: Value,
    /// Core's proposal; null for a destroy.
    pub proposed: Value,
    /// What is stored beside the object.
    pub private: Private,
}

/// Answer of [`plan`].
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the object will be.
    pub planned: Value,
    /// What the apply, or the second half of a replacement's plan, gets.
    pub private: Private,
    /// The attributes whose change needs a new object.
    pub requires_replace: Vec<Path>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Plans a change.
pub async fn plan<C: Send + Sync + 'static>(
    resource: &dyn Resource<C>,
    call: &Call<C>,
    request: PlanRequest,
) -> Plan {
    let PlanRequest {
        config,
        prior,
        proposed,
        private,
    } = request;
    let schema = resource.schema();
    let kind = PlanKind::of(&prior, &proposed, &private);
    let (planned, requires_replace) = if kind == PlanKind::Destroy {
        (Value::Null, Vec::new())
    } else {
        let planned = rules::plan(schema, &config, &prior, &proposed);
        let requires_replace = replace::requires_replace(schema, &config, &prior, &planned);
        (planned, requires_replace)
    };
    let mut change = PlannedChange {
        kind,
        config,
        prior,
        planned,
        private,
        requires_replace,
    };
    let mut diagnostics = Diagnostics::new();
    resource.plan(call, &mut change, &mut diagnostics).await;
    kind.mark(&mut change.private);
    change.requires_replace.sort();
    change.requires_replace.dedup();
    Plan {
        planned: change.planned,
        private: change.private,
        requires_replace: change.requires_replace,
        diagnostics,
    }
}

/// Question of [`apply`].
#[derive(Clone, Debug)]
pub struct ApplyRequest {
    /// The configuration; null for a delete.
    pub config: Value,
    /// The stored object; null for a create.
    pub prior: Value,
    /// What was planned; null for a delete.
    pub planned: Value,
    /// What the plan left.
    pub private: Private,
}

/// Carries a planned change out.
pub async fn apply<C: Send + Sync + 'static>(
    resource: &dyn Resource<C>,
    call: &Call<C>,
    request: ApplyRequest,
) -> Applied {
    let ApplyRequest {
        config,
        prior,
        planned,
        mut private,
    } = request;
    let type_name = resource.type_name();
    if planned.is_null() {
        let reason = DeleteReason::of(&private);
        PlanKind::unmark(&mut private);
        let kept = (prior.clone(), private.clone());
        let diagnostics = resource
            .delete(
                call,
                Delete {
                    prior,
                    reason,
                    private,
                },
            )
            .await;
        let (state, private) = if diagnostics.has_errors() {
            kept
        } else {
            Default::default()
        };
        return Applied {
            state,
            private,
            diagnostics,
        };
    }
    PlanKind::unmark(&mut private);
    if prior.is_null() {
        let mut applied = resource
            .create(
                call,
                Create {
                    config,
                    planned,
                    private,
                },
            )
            .await;
        if applied.state.is_null() && !applied.diagnostics.has_errors() {
            applied.diagnostics.error(
                "Missing Resource State After Create",
                format!("The provider made a {type_name} and reported neither the object nor an error. {OUR_FAULT}"),
            );
        }
        return settled(resource.schema(), applied);
    }
    let kept = (prior.clone(), private.clone());
    let mut applied = resource
        .update(
            call,
            Update {
                config,
                prior,
                planned,
                private,
            },
        )
        .await;
    if applied.state.is_null() {
        (applied.state, applied.private) = kept;
        if !applied.diagnostics.has_errors() {
            applied.diagnostics.error(
                "Missing Resource State After Update",
                format!("The provider changed a {type_name} and reported neither the object nor an error. {OUR_FAULT}"),
            );
        }
    }
    settled(resource.schema(), applied)
}

/// Reads an object again.
pub async fn read<C: Send + Sync + 'static>(
    resource: &dyn Resource<C>,
    call: &Call<C>,
    state: Value,
    private: Private,
) -> Applied {
    if state.is_null() {
        return Applied {
            state,
            private,
            diagnostics: Diagnostics::new(),
        };
    }
    let (kept_state, kept_private) = (state.clone(), private.clone());
    let mut applied = resource.read(call, state, private).await;
    if applied.diagnostics.has_errors() && applied.state.is_null() {
        // With an error, null must not be taken for "gone".
        (applied.state, applied.private) = (kept_state, kept_private);
    }
    settled(resource.schema(), applied)
}

/// How a person names the object of an import.
#[derive(Clone, Debug)]
pub enum ImportBy {
    /// By an id.
    Id(String),
    /// By an identity.
    Identity(Value),
}

/// Finds an object by what a person gave.
pub async fn import<C: Send + Sync + 'static>(
    resource: &dyn Resource<C>,
    call: &Call<C>,
    by: &ImportBy,
    diagnostics: &mut Diagnostics,
) -> Option<Imported> {
    let (imported, with) = match by {
        ImportBy::Id(id) => (
            resource.import(call, id, diagnostics).await,
            format!("the id {id:?}"),
        ),
        ImportBy::Identity(identity) => (
            resource
                .import_by_identity(call, identity, diagnostics)
                .await,
            "this identity".to_owned(),
        ),
    };
    let mut imported = imported?;
    if diagnostics.has_errors() {
        return None;
    }
    if imported.state.is_null() {
        diagnostics.error(
            "Cannot Import Non-Existent Remote Object",
            format!("There is no {} with {with}.", resource.type_name()),
        );
        return None;
    }
    states::complete(resource.schema(), &mut imported.state);
    Some(imported)
}

/// Brings a stored object into the shape of the schema, after its JSON was read by the schema's type.
pub fn complete(schema: &Schema, state: &mut Value) {
    states::complete(schema, state);
}

/// The configuration that makes such an object.
pub fn configuration<C: Send + Sync + 'static>(resource: &dyn Resource<C>, state: &Value) -> Value {
    let mut config = states::configuration(resource.schema(), state);
    resource.generate(&mut config);
    config
}

/// What core would do to an answer that breaks its laws is worse than an error of ours: with unknown values or a wrong
/// shape OpenTofu drops the object from the state.
fn settled(schema: &Schema, mut applied: Applied) -> Applied {
    let ty = schema.ty();
    if !ty.admits(&applied.state) || !applied.state.is_wholly_known() {
        applied.diagnostics.error(
            "Invalid Resource State",
            format!(
                "The provider reported an object that does not fit its own schema. {OUR_FAULT}"
            ),
        );
        applied.state = states::conform(&ty, applied.state);
        states::forget_unknown(&mut applied.state);
    }
    states::complete(schema, &mut applied.state);
    applied
}

const OUR_FAULT: &str = "This is a fault of the provider; please report it to its developers.";
