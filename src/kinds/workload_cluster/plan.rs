//! What the plan of a workload cluster adds to the schema's rules.
//!
//! Three things cannot be said as data: an unfinished cluster is updated in place so that waiting goes on; an update of the
//! provider's own arguments changes no result; and a replacement under the same name, which would destroy the tenant and
//! then fail because the name is held, keeps its results known, so that nothing which depends on them is replaced before the
//! apply refuses it.
//!
//! | the plan | prior state | results (`id`, `status`, `ready`) |
//! | --- | --- | --- |
//! | of an update without a change of the cluster | there | the prior ones; `ready` and `status.state` unknown where `ready` is not true |
//! | of a replacement under another name, or with `allow_same_name_replacement` | there, then null | unknown |
//! | of a replacement under the same name | there, then null | the prior ones, by way of [`Planned::results`] |
//! | of a new cluster, or of one in the place of a tainted one | null | unknown; those of a cluster of the name that is there already |

use tfplugin::{Diagnostics, Path, PlanKind, PlannedChange, Value};

use super::{
    object::{self, ALLOW_SAME_NAME, DELETION_PROTECTION, READY},
    wait::State,
};
use crate::{
    engine::private_state::{Planned, PrivateState},
    errors::{self, Summary},
};

/// Completes a plan.
pub(super) fn complete(
    change: &mut PlannedChange,
    digest: impl Fn(&Value) -> Option<String>,
    diags: &mut Diagnostics,
) {
    match change.kind {
        PlanKind::Destroy => refuse_protected(&change.prior, "destroyed", diags),
        PlanKind::Create => {
            name_the_id(&mut change.planned);
            leave(change, None, None);
        }
        PlanKind::Update => update(change, &digest, diags),
        PlanKind::Replace => {
            name_the_id(&mut change.planned);
            let first = PrivateState::read(&change.private)
                .planned
                .unwrap_or_default();
            if let Some((state, domain)) = &first.results {
                foresee(&mut change.planned, state.as_deref(), domain.as_deref());
            }
            leave(change, first.changed.or(Some(Vec::new())), first.results);
        }
    }
}

/// Leaves for the destroy half what follows it.
fn leave(
    change: &mut PlannedChange,
    changed: Option<Vec<String>>,
    results: Option<(Option<String>, Option<String>)>,
) {
    let name = object::name(&change.planned);
    let planned = Planned {
        same_name_allowed: same_name_allowed(&change.planned),
        changed,
        results,
        ..Planned::of(name.as_deref(), &Value::Null)
    };
    PrivateState::change(&mut change.private, |memory| memory.planned = Some(planned));
}

fn update(
    change: &mut PlannedChange,
    digest: &impl Fn(&Value) -> Option<String>,
    diags: &mut Diagnostics,
) {
    let (prior, planned) = (&change.prior, &mut change.planned);
    let immutable = (digest(prior), digest(planned));
    change
        .requires_replace
        .retain(|path| *path != Path::attributes(&["metadata", "revision"]));
    if immutable.0.is_some() && immutable.0 == immutable.1 {
        // Other words for the same thing, such as an empty list for none.
        change.requires_replace.clear();
    }
    let renamed = object::name(planned) != object::name(prior);
    let is_refused = !renamed && !same_name_allowed(planned);
    if change.requires_replace.is_empty() {
        same_results(prior, planned);
        if planned.field(READY).as_bool() != Some(true) {
            resume(prior, planned);
        }
    } else if is_refused {
        // Of the second half of a replacement's plan core shows no warnings, so this is the place for it.
        warn(
            &object::name(prior).unwrap_or_default(),
            &change.requires_replace,
            diags,
        );
        same_results(prior, planned);
    } else if renamed {
        refuse_protected(prior, "replaced", diags);
    }
    // With -replace core asks for a replacement although nothing in the plan needs one: the note is left in any case.
    let changed = change
        .requires_replace
        .iter()
        .map(Path::to_string)
        .collect();
    let text = |name: &str| {
        change
            .prior
            .at(&["status", name])
            .as_str()
            .map(str::to_owned)
    };
    let results = is_refused.then(|| (text("state"), text("domain")));
    leave(change, Some(changed), results);
}

fn refuse_protected(prior: &Value, what: &str, diags: &mut Diagnostics) {
    if object::is_protected(prior) {
        let name = object::name(prior).unwrap_or_default();
        errors::error(Summary::WorkloadClusterProtected).at(Path::attribute(DELETION_PROTECTION)).detail(format!(
                "The workload cluster {name:?} cannot be {what}, because deletion_protection is true. To allow it, set \
                 deletion_protection = false, apply that, and then try again."
            )).add(diags);
    }
}

fn name_the_id(planned: &mut Value) {
    if let Some(name) = object::name(planned) {
        planned.set_field("id", name.into());
    }
}

fn same_results(prior: &Value, planned: &mut Value) {
    for name in ["id", "kind", "status", READY] {
        planned.set_field(name, prior.field(name).clone());
    }
    for name in ["namespace", "revision"] {
        let path = ["metadata", name];
        planned.set_at(&path, prior.at(&path).clone());
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
pub(super) fn foresee(planned: &mut Value, state: Option<&str>, domain: Option<&str>) {
    name_the_id(planned);
    let Some(domain) = domain else {
        return;
    };
    let active = State::of(state) == State::Active;
    let state = state.filter(|_| active).map_or(Value::Unknown, Value::from);
    let status = Value::object([("state", state), ("domain", domain.into())]);
    planned.set_field("status", status);
    planned.set_field(READY, if active { true.into() } else { Value::Unknown });
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

#[cfg(test)]
mod tests;
