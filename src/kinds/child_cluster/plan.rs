//! What child clusters add to the plan of the engine.
//!
//! Two things cannot be said as data: an unfinished cluster is updated in place so that waiting goes on; and a replacement under
//! the same name, which would destroy the tenant and then fail because the name is held, keeps its results known, so that
//! nothing which depends on them is replaced before the apply refuses it.
//!
//! | the plan | prior state | results (`id`, `status`, `ready`) |
//! | --- | --- | --- |
//! | of an update without a change of the cluster | there | the prior ones; `ready` and `status.state` unknown where `ready` is not true |
//! | of a replacement under another name, or with `allow_same_name_replacement` | there, then null | the prior ones, then unknown |
//! | of a replacement under the same name | there, then null | the prior ones, by way of [`Planned::results`] |
//! | of a new cluster, or of one in the place of a tainted one | null | unknown; those of a cluster of the name that is there already |

use std::time::Duration;

use teleport_client::ErrorKind;
use tfplugin::{Diagnostics, Path, PlanKind, PlannedChange, Value};
use tokio::time::Instant;

use super::{ALLOW_SAME_NAME, DELETION_PROTECTION, Status, wait::State};
use crate::{
    engine::{
        Kind, READY, descriptor, existing,
        private_state::{Planned, PrivateState},
        run::Run,
    },
    errors::{self, Summary},
};

/// Completes a plan.
pub(super) async fn complete(
    kind: &Kind,
    run: &Run,
    change: &mut PlannedChange,
    diags: &mut Diagnostics,
) {
    match change.kind {
        PlanKind::Destroy => refuse_protected(kind, &change.prior, "destroyed", diags),
        PlanKind::Create => {
            note(change, |_| {});
            change.planned.set_field(READY, Value::Unknown);
            look(kind, run, &mut change.planned, diags).await;
        }
        PlanKind::Update => {
            update(kind, change, diags);
            if !change.requires_replace.is_empty() {
                look_at_new_name(kind, run, change, diags).await;
            }
        }
        PlanKind::Replace => {
            change.planned.set_field(READY, Value::Unknown);
            let mut results = None;
            note(change, |planned| results = planned.results.clone());
            if let Some((state, domain)) = results {
                let status = Status {
                    state,
                    domain,
                    ..Status::default()
                };
                foresee(kind, &mut change.planned, &status);
            }
        }
    }
}

/// Completes what the plan leaves for the destroy half.
fn note(change: &mut PlannedChange, complete: impl FnOnce(&mut Planned)) {
    let same_name_allowed = same_name_allowed(&change.planned);
    PrivateState::change(&mut change.private, |memory| {
        let planned = memory.planned.get_or_insert_default();
        planned.same_name_allowed = same_name_allowed;
        complete(planned);
    });
}

fn update(kind: &Kind, change: &mut PlannedChange, diags: &mut Diagnostics) {
    let (prior, planned) = (&change.prior, &mut change.planned);
    planned.set_field(READY, prior.field(READY).clone());
    let renamed = name_of(planned) != name_of(prior);
    let is_refused = !renamed && !same_name_allowed(planned);
    if change.requires_replace.is_empty() {
        if prior.field(READY).as_bool() != Some(true) {
            resume(kind, prior, planned);
        }
    } else if is_refused {
        // Of the second half of a replacement's plan core shows no warnings, so this is the place for it.
        warn(
            kind,
            &name_of(prior).unwrap_or_default(),
            &change.requires_replace,
            diags,
        );
    } else if renamed {
        refuse_protected(kind, prior, "replaced", diags);
    }
    let text = |name: &str| {
        prior
            .at(&["status", name])
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    // With -replace core asks for a replacement although nothing in the plan needs one: the note is left in any case.
    let results = is_refused.then(|| (text("state"), text("domain")));
    note(change, |planned| planned.results = results);
}

fn refuse_protected(kind: &Kind, prior: &Value, what: &str, diags: &mut Diagnostics) {
    if is_protected(prior) {
        let name = name_of(prior).unwrap_or_default();
        errors::error(Summary::WorkloadClusterProtected)
            .at(Path::attribute(DELETION_PROTECTION))
            .detail(format!(
                "The {} {name:?} cannot be {what}, because deletion_protection is true. To allow it, set deletion_protection = \
                 false, apply that, and then try again.",
                kind.noun
            ))
            .add(diags);
    }
}

/// Whatever changes while waiting is unknown; the domain is the same from the first answer on.
fn resume(kind: &Kind, prior: &Value, planned: &mut Value) {
    planned.set_field(READY, Value::Unknown);
    let known = |value: &Value| {
        if value.is_null() {
            Value::Unknown
        } else {
            value.clone()
        }
    };
    let domain = known(prior.at(&["status", "domain"]));
    planned.set_field("status", results(kind, Value::Unknown, domain));
}

/// Plans what is there already as the results of a new cluster, which the apply will not make.
///
/// With create_before_destroy core asks for the plan of the new cluster again during the apply, without a word about the old
/// one, and both plans must agree; if they do not, the old cluster stays behind in the state as deposed. So this may depend on
/// nothing but what the server can be asked, and leaves unknown what may change between the two.
fn foresee(kind: &Kind, planned: &mut Value, status: &Status) {
    if status.domain.is_empty() {
        return;
    }
    let is_active = State::of(status) == State::Active;
    let active = |value: Value| if is_active { value } else { Value::Unknown };
    let state = active(status.state.as_str().into());
    let domain = status.domain.as_str().into();
    planned.set_field("status", results(kind, state, domain));
    planned.set_field(READY, active(true.into()));
}

/// A status with these values. The rest of it is known only after the apply.
fn results(kind: &Kind, state: Value, domain: Value) -> Value {
    let status = descriptor(kind).get_field_by_name("status");
    let status = status.map(|field| field.kind());
    let fields = status.iter().filter_map(|kind| kind.as_message());
    let fields = fields.flat_map(|message| message.fields());
    let mut status = Value::object(fields.map(|field| (field.name().to_owned(), Value::Unknown)));
    status.set_field("state", state);
    status.set_field("domain", domain);
    status
}

/// Looks whether there is a cluster of the name of a planned one, and plans accordingly, for two reasons. A person learns of it
/// before anything is done. And the plan of a tainted cluster looks like that of a first creation, as does that of the new half
/// of a replacement during the apply, with create_before_destroy: in both, what the cluster of the name says must stay known,
/// so that nothing which depends on its domain is replaced. Where it is not known soon, the creation will show it.
async fn look(kind: &Kind, run: &Run, planned: &mut Value, diags: &mut Diagnostics) {
    let Some(name) = name_of(planned) else {
        return;
    };
    if same_name_allowed(planned) || find_soon(kind, run, &name).await.is_none() {
        return;
    }
    // The server's cache may still show one that was just deleted.
    if run.wait(CACHE).await.is_err() {
        return;
    }
    if let Some(found) = find_soon(kind, run, &name).await {
        foresee(kind, planned, &found);
        errors::warning(Summary::AlreadyExists)
            .at(Path::attributes(&["metadata", "name"]))
            .detail("The apply will refuse this.")
            .detail(existing::what_to_do(kind, &name, &name))
            .add(diags);
    }
}

/// Warns where the new name of a cluster that is replaced is taken.
async fn look_at_new_name(kind: &Kind, run: &Run, change: &PlannedChange, diags: &mut Diagnostics) {
    let renamed = |name: &String| name_of(&change.prior).as_ref() != Some(name);
    let Some(name) = name_of(&change.planned).filter(renamed) else {
        return;
    };
    if find_soon(kind, run, &name).await.is_some() {
        errors::warning(Summary::AlreadyExists)
            .at(Path::attributes(&["metadata", "name"]))
            .detail("The apply will refuse this before anything is deleted.")
            .detail(existing::what_to_do(kind, &name, &name))
            .add(diags);
    }
}

/// The status of the cluster of a name. None where there is none, and where that cannot be found out soon.
async fn find_soon(kind: &Kind, run: &Run, name: &str) -> Option<Status> {
    let objects = run.provider()?.client().ok()?.objects(kind.rpcs);
    let run = run.clone().until(Instant::now() + SOON);
    match run.finish(objects.get(name)).await {
        Ok(Ok(found)) => return Some(Status::of(&found)),
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {}
        Ok(Err(error)) => {
            tracing::debug!(cluster = name, %error, "whether the name is free is not known yet");
        }
        Err(_) => tracing::debug!(cluster = name, "whether the name is free is not known yet"),
    }
    None
}

/// Name of the cluster of an object, where it is known.
pub(super) fn name_of(object: &Value) -> Option<String> {
    object.at(&["metadata", "name"]).as_str().map(str::to_owned)
}

/// Whether the object says that it must not be deleted.
pub(super) fn is_protected(object: &Value) -> bool {
    object.field(DELETION_PROTECTION).as_bool() == Some(true)
}

fn same_name_allowed(planned: &Value) -> bool {
    planned.field(ALLOW_SAME_NAME).as_bool() == Some(true)
}

fn warn(kind: &Kind, name: &str, changed: &[Path], diags: &mut Diagnostics) {
    let changed: Vec<_> = changed.iter().map(Path::to_string).collect();
    errors::warning(SUMMARY)
        .detail(format!(
            "{} The apply will stop with an error before anything is deleted.\n\n{WAYS_OUT}",
            what_would_happen(kind, name, &changed)
        ))
        .add(diags);
}

/// Why a replacement under the same name is refused. `changed` is empty where a replacement was asked for.
pub(super) fn what_would_happen(kind: &Kind, name: &str, changed: &[String]) -> String {
    let noun = kind.noun;
    let why = match changed {
        [] => format!("This plan replaces the {noun}"),
        changed => format!(
            "A {noun} cannot be changed, and {} changed. This plan replaces the {noun}",
            changed.join(", ")
        ),
    };
    format!(
        "{why} {name:?} by one of the same name. But Teleport Cloud holds the name of a deleted cluster for 14 days: {name:?} \
         would be destroyed, and could not be created again."
    )
}

pub(super) const WAYS_OUT: &str = "Do one of these:\n\
    - undo the change;\n\
    - give the new cluster another name (metadata.name): one apply replaces the old one;\n\
    - destroy the cluster (terraform destroy -target=ADDRESS), and create another one later;\n\
    - stop managing it without deleting it (a removed block with destroy = false);\n\
    - set allow_same_name_replacement = true if the parent cluster does not hold names.\n\
    lifecycle { prevent_destroy = true } stops such a change at plan.";

pub(super) const SUMMARY: Summary = Summary::WorkloadClusterNameWouldBeHeld;

/// How long the server's cache may lag.
const CACHE: Duration = Duration::from_millis(1500);

/// A plan should not be kept waiting by a cluster that cannot be reached.
const SOON: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
