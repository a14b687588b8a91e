//! What workload clusters add to the plan of the engine.
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
use teleport_proto::teleport::workloadcluster::v1::WorkloadClusterStatus;
use tfplugin::{Diagnostics, Path, PlanKind, PlannedChange, Value};
use tokio::time::Instant;

use super::{ALLOW_SAME_NAME, DELETION_PROTECTION, WORKLOAD_CLUSTER, status, wait::State};
use crate::{
    engine::{
        READY, existing,
        private_state::{Planned, PrivateState},
        run::Run,
    },
    errors::{self, Summary},
};

/// Completes a plan.
pub(super) async fn complete(run: &Run, change: &mut PlannedChange, diags: &mut Diagnostics) {
    match change.kind {
        PlanKind::Destroy => refuse_protected(&change.prior, "destroyed", diags),
        PlanKind::Create => {
            note(change, |_| {});
            change.planned.set_field(READY, Value::Unknown);
            look(run, &mut change.planned, diags).await;
        }
        PlanKind::Update => {
            update(change, diags);
            if !change.requires_replace.is_empty() {
                look_at_new_name(run, change, diags).await;
            }
        }
        PlanKind::Replace => {
            change.planned.set_field(READY, Value::Unknown);
            let mut results = None;
            note(change, |planned| results = planned.results.clone());
            if let Some((state, domain)) = results {
                foresee(
                    &mut change.planned,
                    &WorkloadClusterStatus { state, domain },
                );
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

fn update(change: &mut PlannedChange, diags: &mut Diagnostics) {
    let (prior, planned) = (&change.prior, &mut change.planned);
    planned.set_field(READY, prior.field(READY).clone());
    let renamed = name_of(planned) != name_of(prior);
    let is_refused = !renamed && !same_name_allowed(planned);
    if change.requires_replace.is_empty() {
        if prior.field(READY).as_bool() != Some(true) {
            resume(prior, planned);
        }
    } else if is_refused {
        // Of the second half of a replacement's plan core shows no warnings, so this is the place for it.
        warn(
            &name_of(prior).unwrap_or_default(),
            &change.requires_replace,
            diags,
        );
    } else if renamed {
        refuse_protected(prior, "replaced", diags);
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

fn refuse_protected(prior: &Value, what: &str, diags: &mut Diagnostics) {
    if is_protected(prior) {
        let name = name_of(prior).unwrap_or_default();
        errors::error(Summary::WorkloadClusterProtected)
            .at(Path::attribute(DELETION_PROTECTION))
            .detail(format!(
                "The workload cluster {name:?} cannot be {what}, because deletion_protection is true. To allow it, set \
                 deletion_protection = false, apply that, and then try again."
            ))
            .add(diags);
    }
}

/// Whatever changes while waiting is unknown; the domain is the same from the first answer on.
fn resume(prior: &Value, planned: &mut Value) {
    planned.set_field(READY, Value::Unknown);
    let known = |value: &Value| {
        if value.is_null() {
            Value::Unknown
        } else {
            value.clone()
        }
    };
    let domain = known(prior.at(&["status", "domain"]));
    planned.set_field(
        "status",
        Value::object([("state", Value::Unknown), ("domain", domain)]),
    );
}

/// Plans what is there already as the results of a new cluster, which the apply will not make.
///
/// With create_before_destroy core asks for the plan of the new cluster again during the apply, without a word about the old
/// one, and both plans must agree; if they do not, the old cluster stays behind in the state as deposed. So this may depend on
/// nothing but what the server can be asked, and leaves unknown what may change between the two.
fn foresee(planned: &mut Value, status: &WorkloadClusterStatus) {
    if status.domain.is_empty() {
        return;
    }
    let is_active = State::of(status) == State::Active;
    let active = |value: Value| if is_active { value } else { Value::Unknown };
    let state = active(status.state.as_str().into());
    let domain = status.domain.as_str().into();
    planned.set_field(
        "status",
        Value::object([("state", state), ("domain", domain)]),
    );
    planned.set_field(READY, active(true.into()));
}

/// Looks whether there is a cluster of the name of a planned one, and plans accordingly, for two reasons. A person learns of it
/// before anything is done. And the plan of a tainted cluster looks like that of a first creation, as does that of the new half
/// of a replacement during the apply, with create_before_destroy: in both, what the cluster of the name says must stay known,
/// so that nothing which depends on its domain is replaced. Where it is not known soon, the creation will show it.
async fn look(run: &Run, planned: &mut Value, diags: &mut Diagnostics) {
    let Some(name) = name_of(planned) else {
        return;
    };
    if same_name_allowed(planned) || find_soon(run, &name).await.is_none() {
        return;
    }
    // The server's cache may still show one that was just deleted.
    if run.wait(CACHE).await.is_err() {
        return;
    }
    if let Some(found) = find_soon(run, &name).await {
        foresee(planned, &found);
        errors::warning(Summary::AlreadyExists)
            .at(Path::attributes(&["metadata", "name"]))
            .detail("The apply will refuse this.")
            .detail(existing::what_to_do(&WORKLOAD_CLUSTER, &name, &name))
            .add(diags);
    }
}

/// Warns where the new name of a cluster that is replaced is taken.
async fn look_at_new_name(run: &Run, change: &PlannedChange, diags: &mut Diagnostics) {
    let renamed = |name: &String| name_of(&change.prior).as_ref() != Some(name);
    let Some(name) = name_of(&change.planned).filter(renamed) else {
        return;
    };
    if find_soon(run, &name).await.is_some() {
        errors::warning(Summary::AlreadyExists)
            .at(Path::attributes(&["metadata", "name"]))
            .detail("The apply will refuse this before anything is deleted.")
            .detail(existing::what_to_do(&WORKLOAD_CLUSTER, &name, &name))
            .add(diags);
    }
}

/// The status of the cluster of a name. None where there is none, and where that cannot be found out soon.
async fn find_soon(run: &Run, name: &str) -> Option<WorkloadClusterStatus> {
    let objects = run
        .provider()?
        .client()
        .ok()?
        .objects(WORKLOAD_CLUSTER.rpcs);
    let run = run.clone().until(Instant::now() + SOON);
    match run.finish(objects.get(name)).await {
        Ok(Ok(found)) => return Some(status(&found)),
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

fn warn(name: &str, changed: &[Path], diags: &mut Diagnostics) {
    let changed: Vec<_> = changed.iter().map(Path::to_string).collect();
    errors::warning(SUMMARY)
        .detail(format!(
            "{} The apply will stop with an error before anything is deleted.\n\n{WAYS_OUT}",
            what_would_happen(name, &changed)
        ))
        .add(diags);
}

/// Why a replacement under the same name is refused. `changed` is empty where a replacement was asked for.
pub(super) fn what_would_happen(name: &str, changed: &[String]) -> String {
    let why = match changed {
        [] => "This plan replaces the workload cluster".to_owned(),
        changed => format!(
            "A workload cluster cannot be changed, and {} changed. This plan replaces the workload cluster",
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
