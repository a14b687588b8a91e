//! Refreshing and importing a workload cluster.

use prost_reflect::DynamicMessage;
use teleport_client::{Error, ErrorKind, WorkloadClusters};
use tfplugin::{Applied, Call, Diagnostics, Imported, Private, Schema, Value};

use super::{
    object::{self, Objects, READY},
    validate, wait,
};
use crate::{
    clusters::{
        ProviderData,
        guard::{self, Checked},
        target::Target,
    },
    engine::{
        private_state::{PrivateState, Write},
        read::{WAITS, is_not_found},
        run::{Run, retry},
        shapes::{null, null_at},
    },
    errors::{self, Summary, call_failed},
};

/// Refreshes the state of a cluster.
pub(super) async fn read(
    objects: &Objects,
    call: &Call<ProviderData>,
    state: Value,
    mut private: Private,
) -> Applied {
    let mut diags = Diagnostics::new();
    let kept = |state, private, diagnostics| Applied {
        state,
        private,
        diagnostics,
    };
    let run = Run::refresh(call);
    if let Some(unknown) = Target::unknown(&state, &run) {
        errors::warning(Summary::NotRefreshed).detail(format!(
                "The workload cluster could not be read, because {unknown} known only after the apply. The state was kept as it \
                 is."
            )).add(&mut diags);
        return kept(state, private, diags);
    }
    let (Some(target), Some(name)) = (Target::of(&state, &run, &mut diags), object::name(&state))
    else {
        return kept(state, private, diags);
    };
    let memory = PrivateState::read(&private);
    let what = format!("workload cluster {name:?}");
    let doing = format!("reading the {what}");
    let clusters = target.client().workload_clusters();
    let work = settled_read(&clusters, &name, memory.write.as_ref());
    let found = match run.call(&doing, &mut diags, work).await {
        Some(Ok(cluster)) => Some(cluster),
        Some(Err(error)) if error.kind() == ErrorKind::NotFound => None,
        Some(Err(error)) => {
            call_failed(&error, &doing, &mut diags);
            return kept(state, private, diags);
        }
        None => return kept(state, private, diags),
    };
    let Checked::Here(parent) = guard::check(&target, &memory, &what, &mut diags).await else {
        return kept(state, private, diags);
    };
    let Some(cluster) = found else {
        if memory.cluster.is_some() {
            return kept(Value::Null, Private::new(), diags);
        }
        errors::error(Summary::NotFound)
            .detail(never_seen(&name, &parent.cluster))
            .add(&mut diags);
        return kept(state, private, diags);
    };
    PrivateState::change(&mut private, |memory| memory.place(parent));
    let read = refreshed(objects, &cluster, state, &name, &mut diags);
    kept(read, private, diags)
}

fn refreshed(
    objects: &Objects,
    cluster: &DynamicMessage,
    state: Value,
    name: &str,
    diags: &mut Diagnostics,
) -> Value {
    // The official provider stores what nobody configured as empty.
    let reference = if state.field(READY).is_null() {
        object::without_empty(state)
    } else {
        state
    };
    let mut read = objects.value(cluster, &reference);
    let is_active = wait::State::of(object::state(cluster).as_deref()) == wait::State::Active;
    match read.field(READY).as_bool() {
        None if is_active => read.set_field(READY, true.into()),
        Some(false) => unfinished(name, diags),
        _ => {}
    }
    read
}

/// Reads a cluster. Within a minute after our own write, "not found" may be the server's cache, and is repeated.
async fn settled_read(
    clusters: &WorkloadClusters,
    name: &str,
    write: Option<&Write>,
) -> Result<DynamicMessage, Error> {
    let is_recent = write.is_some_and(Write::is_recent);
    let is_stale = |read: &Result<_, Error>| is_recent && is_not_found(read);
    retry(WAITS, || clusters.get(name), is_stale).await
}

/// Finds a cluster by its import id, which is its name.
pub(super) async fn import(
    objects: &Objects,
    schema: &Schema,
    call: &Call<ProviderData>,
    id: &str,
    diags: &mut Diagnostics,
) -> Option<Imported> {
    if let Err(problem) = validate::cluster_name(id) {
        errors::error(Summary::InvalidImportId).detail(format!("The import id of a workload cluster is its name, such as \"my-cluster\", got: {id:?} ({problem}).")).add(diags);
        return None;
    }
    let mut named = null(schema);
    let mut metadata = null_at(schema, "metadata");
    metadata.set_field("name", id.into());
    named.set_field("metadata", metadata);
    let run = Run::refresh(call);
    if let Some(unknown) = Target::unknown(&named, &run) {
        errors::error(Summary::ProviderConfigurationUnknown).detail(format!(
                "The workload cluster {id:?} cannot be imported, because {unknown} known only after the apply. Apply what the \
                 provider block depends on first, without the import block."
            )).add(diags);
        return None;
    }
    let target = Target::of(&named, &run, diags)?;
    let doing = format!("importing the workload cluster {id:?}");
    let clusters = target.client().workload_clusters();
    let cluster = match run.call(&doing, diags, clusters.get(id)).await? {
        Ok(cluster) => cluster,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            errors::error(Summary::NotFound).detail(format!(
                    "There is no workload cluster {id:?}. The import id is its name, the first label of its domain, and the \
                     provider block must lead to its parent cluster."
                )).add(diags);
            return None;
        }
        Err(error) => {
            call_failed(&error, &doing, diags);
            return None;
        }
    };
    let what = format!("workload cluster {id:?}");
    let memory = PrivateState::default();
    let Checked::Here(parent) = guard::check(&target, &memory, &what, diags).await else {
        return None;
    };
    let mut private = Private::new();
    PrivateState::change(&mut private, |memory| memory.place(parent));
    Some(Imported {
        state: refreshed(objects, &cluster, named, id, diags),
        private,
    })
}

fn never_seen(name: &str, parent: &str) -> String {
    format!(
        "The workload cluster {name:?} is in the state, but the cluster {parent:?} does not have it, and this provider has never \
         seen it there. It was not removed from the state, because the provider block may lead to another parent cluster than \
         before. If it is gone: terraform state rm ADDRESS."
    )
}

/// A read does not learn whether the object is tainted, so the text has to hold for both.
fn unfinished(name: &str, diags: &mut Diagnostics) {
    errors::warning(Summary::WorkloadClusterNotFinished).detail(format!(
            "The workload cluster {name:?} was not active yet when the last apply ended. The next apply goes on waiting for it. \
             If the plan shows a replacement, the resource is tainted: terraform untaint ADDRESS, then apply."
        )).add(diags);
}
