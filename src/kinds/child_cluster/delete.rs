//! Whether a child cluster may be deleted.
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
use tfplugin::{Delete, DeleteReason, Diagnostics, Path};

use super::{
    DELETION_PROTECTION,
    plan::{SUMMARY, WAYS_OUT, is_protected, name_of, what_would_happen},
};
use crate::{
    clusters::provider_data::client,
    engine::{Kind, READY, existing, private_state::Planned, run::Run},
    errors::{self, Summary, call_failed},
};

/// Whether the delete may go on. An error says why not.
pub(super) async fn may_go_on(
    kind: &Kind,
    run: &Run,
    delete: &Delete,
    planned: Option<&Planned>,
    diags: &mut Diagnostics,
) -> bool {
    let name = name_of(&delete.prior).unwrap_or_default();
    if let Some(planned) = planned {
        let is_allowed = match planned.name.as_deref().filter(|new| *new != name) {
            Some(new) => is_free(kind, run, &name, new, diags).await,
            None => may_be_replaced(kind, delete, &name, planned, diags),
        };
        if !is_allowed {
            return false;
        }
    }
    if is_protected(&delete.prior) {
        errors::error(Summary::WorkloadClusterProtected)
            .at(Path::attribute(DELETION_PROTECTION))
            .detail(format!(
                "The {} {name:?} was not deleted, because deletion_protection is true. To allow it, set deletion_protection = \
                 false, apply that, and then try again.",
                kind.noun
            ))
            .add(diags);
        return false;
    }
    true
}

/// Whether a replacement under the same name may go on. An unknown name may be the same.
fn may_be_replaced(
    kind: &Kind,
    delete: &Delete,
    name: &str,
    planned: &Planned,
    diags: &mut Diagnostics,
) -> bool {
    let noun = kind.noun;
    let ready = delete.prior.field(READY).as_bool() == Some(true);
    let (what, go_on) = match (planned.same_name_allowed, ready, delete.reason) {
        (true, true, _) => return true,
        (true, false, _) => (
            format!(
                "The {noun} {name:?} has not become active yet, so it is not replaced although allow_same_name_replacement is \
                 true."
            ),
            "To go on waiting for it: terraform untaint ADDRESS, then apply. If it cannot become active: terraform destroy \
             -target=ADDRESS."
                .to_owned(),
        ),
        (false, _, DeleteReason::Tainted) => (
            format!(
                "The {noun} {name:?} is tainted. {}",
                what_would_happen(kind, name, &[])
            ),
            format!(
                "To keep the cluster and go on with it: terraform untaint ADDRESS, then apply.\n\n{WAYS_OUT}"
            ),
        ),
        (false, _, _) => (
            what_would_happen(
                kind,
                name,
                planned.changed.as_deref().unwrap_or_default(),
            ),
            WAYS_OUT.to_owned(),
        ),
    };
    errors::error(SUMMARY)
        .detail(format!("{what} Nothing was deleted."))
        .detail(go_on)
        .add(diags);
    false
}

/// Whether the name of the cluster that replaces another one is free. If it is not, or that is not known, it is an error.
async fn is_free(kind: &Kind, run: &Run, old: &str, new: &str, diags: &mut Diagnostics) -> bool {
    let noun = kind.noun;
    let Some(client) = client(run, diags) else {
        return false;
    };
    let doing = format!("looking for a {noun} {new:?}, which replaces {old:?}");
    let objects = client.objects(kind.rpcs);
    match run.call(&doing, diags, objects.get(new)).await {
        None => false,
        Some(Err(error)) if error.kind() == ErrorKind::NotFound => true,
        Some(Err(error)) => {
            call_failed(&error, &doing, diags);
            false
        }
        Some(Ok(_)) => {
            errors::error(Summary::AlreadyExists)
                .detail(format!(
                    "The {noun} {old:?} was not deleted, because its replacement could not be created."
                ))
                .detail(existing::what_to_do(kind, new, new))
                .add(diags);
            false
        }
    }
}
