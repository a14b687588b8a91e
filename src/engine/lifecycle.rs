//! What a kind adds to the life of its objects, where creating one takes long and destroying one cannot be undone.
//!
//! A kind with a [`Lifecycle`] has the computed attribute `ready`:
//!
//! | `ready` | means | set by |
//! | --- | --- | --- |
//! | null | only the server knows (imported, or a state of another provider) | - |
//! | `true` | it was seen ready once | create and update; a read where it was null and the object is ready |
//! | `false` | an apply ended before that | create and update |
//!
//! A plan over an object whose `ready` is not `true` is an update without a call, which goes on waiting.

use async_trait::async_trait;
use prost_reflect::DynamicMessage;
use teleport_client::{Error, ErrorKind, Objects};
use tfplugin::{
    Applied, Attribute, Call, Delete, Diagnostics, PlannedChange, StopReason, Update, Value,
};

use super::{
    Kind, Shape,
    create::Written,
    private_state::{Planned, PrivateState},
    run::Run,
};
use crate::{
    clusters::{
        ProviderData,
        guard::{self, Checked},
        target::Target,
    },
    errors::{self, Summary},
};

/// The attribute that says whether an object was seen ready.
pub(crate) const READY: &str = "ready";

/// The hooks of a kind. Several kinds may have the same ones.
#[async_trait]
pub(crate) trait Lifecycle: Send + Sync {
    /// Before a create: completes the plan of any change, after the engine has made it.
    async fn plan(
        &self,
        kind: &Kind,
        run: &Run,
        change: &mut PlannedChange,
        diags: &mut Diagnostics,
    );

    /// Whether an object has its status, which the server may leave out of a list.
    fn has_status(&self, object: &DynamicMessage) -> bool;

    /// Whether an object is ready.
    fn is_ready(&self, object: &DynamicMessage) -> bool;

    /// Follows an object that exists until it is ready. Whatever else ends that is a diagnostic.
    async fn until_ready(&self, pending: Pending<'_>, diags: &mut Diagnostics) -> Followed;

    /// Why a name cannot be used although there is no object of that name.
    fn name_refused(&self, kind: &Kind, name: &str, error: &Error) -> errors::Builder;

    /// Before a delete: whether it may go on. An error says why not. `planned` is the object in whose place the plan puts
    /// another one; None for a destroy.
    async fn before_delete(
        &self,
        kind: &Kind,
        run: &Run,
        delete: &Delete,
        planned: Option<&Planned>,
        diags: &mut Diagnostics,
    ) -> bool;

    /// After a delete: what else there is to know.
    fn deleted(&self, kind: &Kind, name: &str) -> errors::Builder;
}

/// An object that exists, or may exist, and is not ready yet.
pub(crate) struct Pending<'a> {
    /// What the object is.
    pub(crate) shape: &'a Shape,
    /// The run that waits.
    pub(crate) run: &'a Run,
    /// The calls.
    pub(crate) objects: Objects,
    /// Its name.
    pub(crate) name: &'a str,
    /// The planned object.
    pub(crate) planned: &'a Value,
    /// The object as it was last seen.
    pub(crate) seen: Option<DynamicMessage>,
    /// Whether it was just created, so that an error taints it.
    pub(crate) is_new: bool,
    /// Why the run ended already, before the create was answered.
    pub(crate) stopped: Option<StopReason>,
}

/// How following an object ended.
pub(crate) struct Followed {
    /// The object as it was last seen.
    pub(crate) object: Option<DynamicMessage>,
    /// Whether it is ready.
    pub(crate) is_ready: bool,
}

/// The attribute `ready`. `noun` is what the object is called.
pub(super) fn attribute(noun: &str) -> Attribute {
    Attribute::bool().computed().describe(format!(
        "Whether an apply has seen the {noun} active. `false` after an interruption or a time-out; the next apply then continues \
         to wait. It stays `true` when `status.state` changes later."
    ))
}

/// Whether an update goes on waiting for an object.
pub(super) fn goes_on(shape: &Shape, planned: &Value) -> bool {
    shape.kind.lifecycle.is_some() && planned.field(READY).is_unknown()
}

/// Goes on waiting for an object that is not ready.
pub(super) async fn go_on(shape: &Shape, call: &Call<ProviderData>, request: Update) -> Applied {
    let mut diags = Diagnostics::new();
    let run = Run::apply(call);
    let Update {
        config,
        prior,
        planned,
        private,
    } = request;
    let name = shape.name(&planned).unwrap_or_default();
    let memory = PrivateState::read(&private);
    let checked = match Target::of(&planned, &run, &mut diags) {
        Some(target) => {
            let checked = guard::check(&target, &memory, &shape.what(&name), &mut diags).await;
            Some((target, checked))
        }
        None => None,
    };
    let Some((target, Checked::Here(home))) = checked else {
        return Applied {
            state: prior,
            private,
            diagnostics: diags,
        };
    };
    let pending = Pending {
        shape,
        run: &run,
        objects: target.client().objects(shape.kind.rpcs),
        name: &name,
        planned: &planned,
        seen: None,
        is_new: false,
        stopped: None,
    };
    let followed = follow(shape, pending, &mut diags).await;
    let written = Written {
        shape,
        provider: run.provider(),
        config: &config,
        planned: &planned,
        followed,
    };
    written.answer(Some(home), private, diags)
}

/// Follows an object that was written until it is ready. An object of a kind without hooks is ready.
pub(super) async fn follow(
    shape: &Shape,
    pending: Pending<'_>,
    diags: &mut Diagnostics,
) -> Followed {
    match shape.kind.lifecycle {
        Some(lifecycle) if !diags.has_errors() => lifecycle.until_ready(pending, diags).await,
        lifecycle => Followed {
            object: pending.seen,
            is_ready: lifecycle.is_none(),
        },
    }
}

/// An object of a list with its status. Where the server left that out, the object is read by itself. None if it was deleted since
/// the list was made.
///
/// # Errors
///
/// As of the read.
pub(crate) async fn with_status(
    shape: &Shape,
    objects: &Objects,
    listed: DynamicMessage,
) -> Result<Option<DynamicMessage>, Error> {
    let lifecycle = shape.kind.lifecycle;
    if lifecycle.is_none_or(|lifecycle| lifecycle.has_status(&listed)) {
        return Ok(Some(listed));
    }
    let name = shape.name(&shape.reported(&listed)).unwrap_or_default();
    match objects.get(&name).await {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Completes the state that a read found. It does not learn whether the object is tainted, so the text has to hold for both.
pub(super) fn refreshed(
    shape: &Shape,
    object: &DynamicMessage,
    state: &mut Value,
    diags: &mut Diagnostics,
) {
    let Some(lifecycle) = shape.kind.lifecycle else {
        return;
    };
    match state.field(READY).as_bool() {
        None if lifecycle.is_ready(object) => state.set_field(READY, true.into()),
        Some(false) => errors::warning(Summary::WorkloadClusterNotFinished)
            .detail(format!(
                "The {} was not active yet when the last apply ended. The next apply goes on waiting for it. If the plan shows a \
                 replacement, the resource is tainted: terraform untaint ADDRESS, then apply.",
                shape.what(&shape.name(state).unwrap_or_default())
            ))
            .add(diags),
        _ => {}
    }
}
