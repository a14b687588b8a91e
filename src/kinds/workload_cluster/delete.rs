//! Deleting a workload cluster, or refusing to.
//!
//! | the delete comes from | planned name | `allow_same_name_replacement` | result |
//! | --- | --- | --- | --- |
//! | a destroy | - | - | deleted |
//! | a replacement, tainted or not | another | - | deleted, if that name is free |
//! | a replacement | the same, or unknown | false | refused |
//! | a replacement, `ready` is true | the same, or unknown | true | deleted |
//! | a replacement, `ready` is not true | the same, or unknown | true | refused |
//!
//! Nothing is ever reported as destroyed that was not.

use teleport_client::ErrorKind;
use tfplugin::{Call, Delete, DeleteReason, Diagnostics, Path, Value};

use super::{
    existing,
    object::{self, READY},
    plan::{SUMMARY, WAYS_OUT, what_would_happen},
};
use crate::{
    clusters::{
        ProviderData,
        guard::{self, Checked},
        target::Target,
    },
    engine::{
        private_state::{Planned, PrivateState},
        run::Run,
    },
    errors::{self, Summary, call_failed},
};

/// Deletes the cluster, unless it is the destroy half of a replacement that could not go on.
pub(super) async fn delete(call: &Call<ProviderData>, request: Delete) -> Diagnostics {
    let Delete {
        prior,
        reason,
        private,
    } = request;
    let mut diags = Diagnostics::new();
    let Some(name) = object::name(&prior) else {
        errors::error(Summary::MissingName).detail("The state holds a workload cluster without a name. Remove it from the state: terraform state rm ADDRESS.").add(&mut diags);
        return diags;
    };
    let run = Run::apply(call);
    let memory = PrivateState::read(&private);
    if reason != DeleteReason::Destroy {
        let planned = memory.planned.clone().unwrap_or_default();
        match planned.name.as_deref().filter(|new| *new != name) {
            Some(new) if !existing::is_free(&run, &name, new, &mut diags).await => return diags,
            Some(_) => {}
            None if refuses(&prior, &name, reason, &planned, &mut diags) => return diags,
            None => {}
        }
    }
    if object::is_protected(&prior) {
        errors::error(Summary::WorkloadClusterProtected).at(Path::attribute(object::DELETION_PROTECTION)).detail(format!(
                "The workload cluster {name:?} was not deleted, because deletion_protection is true. To allow it, set \
                 deletion_protection = false, apply that, and then try again."
            )).add(&mut diags);
        return diags;
    }
    let Some(target) = Target::of(&prior, &run, &mut diags) else {
        return diags;
    };
    let what = format!("workload cluster {name:?}");
    let Checked::Here(_) = guard::check(&target, &memory, &what, &mut diags).await else {
        return diags;
    };
    really(&target, &name, &mut diags).await;
    diags
}

/// Whether a replacement under the same name must not go on, which is an error then. An unknown name may be the same.
fn refuses(
    prior: &Value,
    name: &str,
    reason: DeleteReason,
    planned: &Planned,
    diags: &mut Diagnostics,
) -> bool {
    let ready = prior.field(READY).as_bool() == Some(true);
    let (what, go_on) = match (planned.same_name_allowed, ready, reason) {
        (true, true, _) => return false,
        (true, false, _) => (
            format!(
                "The workload cluster {name:?} has not become active yet, so it is not replaced although \
                 allow_same_name_replacement is true."
            ),
            "To go on waiting for it: terraform untaint ADDRESS, then apply. If it cannot become active: terraform destroy \
             -target=ADDRESS."
                .to_owned(),
        ),
        (false, _, DeleteReason::Tainted) => (
            format!(
                "The workload cluster {name:?} is tainted. {}",
                what_would_happen(name, &[])
            ),
            format!(
                "To keep the cluster and go on with it: terraform untaint ADDRESS, then apply.\n\n{WAYS_OUT}"
            ),
        ),
        (false, _, _) => (
            what_would_happen(name, planned.changed.as_deref().unwrap_or_default()),
            WAYS_OUT.to_owned(),
        ),
    };
    errors::error(SUMMARY)
        .detail(format!("{what} Nothing was deleted.\n\n{go_on}"))
        .add(diags);
    true
}

async fn really(target: &Target, name: &str, diags: &mut Diagnostics) {
    let doing = format!("deleting the workload cluster {name:?}");
    let clusters = target.client().workload_clusters();
    let work = clusters.delete(name);
    let Some(answer) = target.run().write(&doing, PLAN_AGAIN, diags, work).await else {
        return;
    };
    match answer {
        Ok(()) => errors::warning(Summary::WorkloadClusterNameHeld).detail(format!(
                "The workload cluster {name:?} is suspended and will be deleted. For 14 days its name cannot be used again, \
                 and Teleport's support can restore it."
            )).add(diags),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            tracing::info!(cluster = name, "the workload cluster was gone already");
        }
        Err(error) => call_failed(&error, &doing, diags),
    }
}

const PLAN_AGAIN: &str = "It is still in the state. Apply again.";
