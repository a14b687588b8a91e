//! Clusters that exist already where a new one is planned.
//!
//! The server refuses to create one of a name that is taken. The plan looks as well, for two reasons. A person learns of it
//! before anything is done. And the plan of a tainted cluster looks like that of a first creation, as does that of the new half
//! of a replacement during the apply, with create_before_destroy: in both, what the cluster of the name says must stay known, so
//! that nothing which depends on its domain is replaced.

use std::time::Duration;

use prost_reflect::DynamicMessage;
use teleport_client::ErrorKind;
use tfplugin::{Diagnostics, Path, PlannedChange, Value};
use tokio::time::Instant;

use super::{
    object::{self, ALLOW_SAME_NAME},
    plan::foresee,
};
use crate::{
    clusters::provider_data::client,
    engine::run::Run,
    errors::call_failed,
    errors::{self, Summary},
};

/// Looks whether there is a cluster in the place of a planned one, and plans accordingly. Where that is not known soon, the
/// creation will show it.
pub(super) async fn look(run: &Run, planned: &mut Value, diags: &mut Diagnostics) {
    let Some(name) = object::name(planned) else {
        return;
    };
    if planned.field(ALLOW_SAME_NAME).as_bool() == Some(true) {
        return;
    }
    if find_soon(run, &name).await.is_none() {
        return;
    }
    // The server's cache may still show one that was just deleted.
    if run.wait(CACHE).await.is_err() {
        return;
    }
    if let Some(found) = find_soon(run, &name).await {
        foresee(
            planned,
            object::state(&found).as_deref(),
            object::domain(&found).as_deref(),
        );
        errors::warning(Summary::AlreadyExists)
            .detail(format!(
                "The apply will refuse this. {}",
                what_to_do(&name, &found)
            ))
            .add(diags);
    }
}

/// Warns where the new name of a cluster that is to be replaced is taken.
pub(super) async fn look_at_new_name(run: &Run, change: &PlannedChange, diags: &mut Diagnostics) {
    let renamed = |name: &String| object::name(&change.prior).as_ref() != Some(name);
    let Some(name) = object::name(&change.planned).filter(renamed) else {
        return;
    };
    if let Some(found) = find_soon(run, &name).await {
        let path = Path::attributes(&["metadata", "name"]);
        let more = what_to_do(&name, &found);
        errors::warning(Summary::AlreadyExists)
            .at(path)
            .detail(format!(
                "The apply will refuse this before anything is deleted. {more}"
            ))
            .add(diags);
    }
}

/// The cluster of a name. None where there is none, and where that cannot be found out soon.
async fn find_soon(run: &Run, name: &str) -> Option<DynamicMessage> {
    let clusters = run.provider()?.client().ok()?.workload_clusters();
    let run = run.clone().until(Instant::now() + SOON);
    match run.finish(clusters.get(name)).await {
        Ok(Ok(found)) => return Some(found),
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => {}
        Ok(Err(error)) => {
            tracing::debug!(cluster = name, %error, "whether the name is free is not known yet")
        }
        Err(_) => tracing::debug!(cluster = name, "whether the name is free is not known yet"),
    }
    None
}

/// The refusal to create a cluster that exists. `replaces` is whether it is planned in the place of another one.
pub(super) fn refuse(name: &str, found: &DynamicMessage, replaces: bool, diags: &mut Diagnostics) {
    let path = Path::attributes(&["metadata", "name"]);
    let text = if replaces {
        format!(
            "A workload cluster named {name:?} exists already. If an earlier apply of this change was interrupted, it is the new \
             cluster, and the state has only the old one. To keep the new one and destroy the old one, with the address of \
             this resource for ADDRESS:\n\n  terraform state mv ADDRESS ADDRESS_old\n  terraform import ADDRESS {name}\n  terraform \
             apply\n\nOtherwise use another metadata.name."
        )
    } else {
        what_to_do(name, found)
    };
    errors::error(Summary::AlreadyExists)
        .at(path)
        .detail(text)
        .add(diags);
}

/// Whether the name of the cluster that is to replace another one is free. If it is not, or that is not known, it is an error.
pub(super) async fn is_free(run: &Run, old: &str, new: &str, diags: &mut Diagnostics) -> bool {
    let Some(client) = client(run, diags) else {
        return false;
    };
    let doing = format!("looking for a workload cluster {new:?}, which is to replace {old:?}");
    let clusters = client.workload_clusters();
    match run.call(&doing, diags, clusters.get(new)).await {
        None => false,
        Some(Err(error)) if error.kind() == ErrorKind::NotFound => true,
        Some(Err(error)) => {
            call_failed(&error, &doing, diags);
            false
        }
        Some(Ok(found)) => {
            let more = what_to_do(new, &found);
            let text = format!(
                "The workload cluster {old:?} was not deleted, because its replacement could not be created. {more}"
            );
            errors::error(Summary::AlreadyExists)
                .detail(text)
                .add(diags);
            false
        }
    }
}

fn what_to_do(name: &str, found: &DynamicMessage) -> String {
    let state = object::state(found).unwrap_or_else(|| "unknown".to_owned());
    format!(
        "A workload cluster named {name:?} exists already (state {state:?}). To manage it with this configuration, import it, \
         with the address of this resource block for ADDRESS:\n\n  import {{\n    to = ADDRESS\n    id = {name:?}\n  \
         }}\n\nIf it is this resource, and the plan shows that it is tainted: terraform untaint ADDRESS. It cannot be \
         replaced by one of the same name, because Teleport Cloud holds the name of a deleted cluster for 14 days. To create another \
         cluster, use another metadata.name."
    )
}

/// How long the server's cache may lag.
const CACHE: Duration = Duration::from_millis(1500);

/// A plan should not be kept waiting by a cluster that cannot be reached.
const SOON: Duration = Duration::from_secs(10);
