//! Workload clusters: what the server refuses, how they start, and when their names can be used.

mod checks;
mod names;
mod progress;
pub(crate) mod spec;

use std::time::SystemTime;

use prost_reflect::{DynamicMessage, Value};
use teleport_proto::teleport::workloadcluster::v1::{
    WorkloadCluster, WorkloadClusterSpec, WorkloadClusterStatus,
};

pub(crate) use self::{
    checks::check_outside,
    names::{Lifecycle, Names},
    progress::Progress,
    spec::Spec,
};
use super::{WORKLOAD_CLUSTER, cloud_cluster::unknown_service};
use crate::{
    scenario::Edition,
    store::{Beside, Object, Op, Refusal, Sight, State, Store, Write, object},
    tenant::Settings,
};

/// What is stored of a workload cluster beside the resource.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) domain: String,
    pub(crate) message: Option<String>,
    pub(crate) status_missing: bool,
    /// Whether only the kind `cloud_cluster` shows it.
    pub(crate) preview_only: bool,
    /// Whether a list shows its status.
    listed_status: bool,
    pub(crate) progress: Progress,
    /// The state as it was last seen, and since when.
    seen: (String, SystemTime),
    /// Whether it has ever been active.
    started: bool,
    /// Differs from that of an earlier one of the same name.
    incarnation: u64,
}

/// What the cluster behind a workload cluster is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) spec: Spec,
    /// Differs from that of an earlier one of the same name.
    pub(crate) incarnation: u64,
    pub(crate) suspended: bool,
}

impl Life {
    /// The start of a life, as the scenario says.
    fn new(name: &str, names: &Names) -> Self {
        Self {
            domain: names.domain(name),
            message: None,
            status_missing: false,
            preview_only: false,
            listed_status: names.listed_status(),
            progress: names.progress(),
            seen: (String::new(), SystemTime::now()),
            started: false,
            incarnation: fastrand::u64(..),
        }
    }

    /// Notes its state. Once it is active there is a cluster behind it.
    fn look(&mut self) {
        if self.seen.0 != self.progress.state() {
            self.seen = (self.progress.state().to_owned(), SystemTime::now());
        }
        self.started |= self.progress.state() == progress::ACTIVE;
    }

    /// Since when it has the state that was last seen.
    pub(crate) fn state_changed_at(&self) -> SystemTime {
        self.seen.1
    }

    fn status(&self) -> Option<WorkloadClusterStatus> {
        let state = self.progress.state();
        let absent = self.status_missing || (state.is_empty() && self.progress.is_scripted());
        (!absent).then(|| WorkloadClusterStatus {
            state: state.to_owned(),
            domain: self.domain.clone(),
        })
    }
}

/// Only Teleport Cloud has workload clusters, once support has switched them on.
pub(super) fn offered(settings: &Settings) -> Result<(), Refusal> {
    if !settings.workload_cluster_kind {
        return Err(unknown_service(WORKLOAD_CLUSTER.service));
    }
    if settings.edition != Edition::Cloud {
        return Err(Refusal::denied(
            "workload_cluster resources are only available for Teleport Cloud users",
        ));
    }
    match settings.workload_clusters_enabled {
        true => Ok(()),
        false => Err(Refusal::denied(
            "workload clusters are not enabled for this Teleport Cloud cluster, contact support to enable the feature",
        )),
    }
}

/// Whether callers see it.
pub(super) fn known(object: &Object) -> bool {
    !matches!(&object.beside, Beside::Life(life) if life.preview_only)
}

/// Checks a workload cluster. Its status is dropped: callers do not decide it. Its spec stays what it was.
pub(super) fn check(write: &mut Write, state: &State) -> Result<(), Refusal> {
    // One that exists cannot be created, whatever its spec.
    let is_change = write.caller.is_some() && write.op != Op::Create;
    write.edit(|cluster: &mut WorkloadCluster| {
        checks::check(cluster)?;
        cluster.status = None;
        let name = &cluster.metadata.get_or_insert_default().name;
        let old = state.typed::<WorkloadCluster>(&WORKLOAD_CLUSTER, name);
        match old {
            Ok(old) if is_change && old.spec != cluster.spec => Err(Refusal::invalid(format!(
                "spec of workload_cluster {name:?} is immutable"
            ))),
            _ => Ok(()),
        }
    })
}

/// A new one needs a free name, and an old one goes on with its life.
pub(super) fn place(write: &mut Write, state: &State) -> Result<(), Refusal> {
    let name = object::name(&write.message);
    let Some(old) = &write.old else {
        if write.caller.is_some() {
            state.names.check(&name)?;
        }
        let life = Life::new(&name, &state.names);
        write.beside = Beside::Life(Box::new(life));
        return Ok(());
    };
    write.beside = old.beside.clone();
    Ok(())
}

/// The object with its status. A read moves a scripted state on. Items of a list have no status, unless the
/// scenario says so.
pub(super) fn show(object: &mut Object, sight: Sight) -> DynamicMessage {
    let mut message = object.message.clone();
    let Beside::Life(life) = &mut object.beside else {
        return message;
    };
    if sight == Sight::Read {
        life.progress.read();
    }
    life.look();
    if (sight != Sight::Listed || life.listed_status)
        && let Some(status) = life.status()
        && let Ok(status) = object::untyped(STATUS_MESSAGE, &status)
    {
        message.set_field_by_number(STATUS, Value::Message(status));
    }
    message
}

pub(super) fn missing(name: &str) -> Refusal {
    if name.is_empty() {
        return Refusal::invalid("name is required");
    }
    Refusal::not_found(format!("workload_cluster {name:?} doesn't exist"))
}

pub(super) fn exists(name: &str) -> Refusal {
    Refusal::exists(format!("workload_cluster {name:?} already exists"))
}

/// A deleted one leaves its name held.
pub(super) fn deleted(state: &mut State, name: &str) {
    state.names.hold_always(name);
}

/// What the cluster behind `name` is started with. `None` when the workload cluster does not exist, or when it has not been
/// active yet.
pub(crate) fn start(store: &Store, name: &str) -> Option<Start> {
    let mut state = store.lock();
    let object = state.stored_mut(&WORKLOAD_CLUSTER, name)?;
    let spec = spec_of(object);
    let Beside::Life(life) = &mut object.beside else {
        return None;
    };
    life.look();
    life.started.then(|| Start {
        spec,
        incarnation: life.incarnation,
        suspended: life.progress.state() == SUSPENDED,
    })
}

/// The spec of a stored workload cluster.
pub(crate) fn spec_of(object: &Object) -> Spec {
    let cluster: WorkloadCluster = object::typed(&object.message).unwrap_or_default();
    cluster.spec.unwrap_or_default().into()
}

/// Writes a workload cluster without the API: neither a held name nor another spec stops it.
pub(crate) fn put(store: &Store, name: &str, spec: WorkloadClusterSpec) -> Result<(), Refusal> {
    let cluster = WorkloadCluster {
        metadata: Some(teleport_proto::teleport::header::v1::Metadata {
            name: name.to_owned(),
            ..Default::default()
        }),
        spec: Some(spec),
        ..WorkloadCluster::default()
    };
    store.put(&WORKLOAD_CLUSTER, &cluster)
}

/// Changes the life of a workload cluster without the API. False when there is none.
pub(crate) fn change(store: &Store, name: &str, change: impl FnOnce(&mut Life)) -> bool {
    let change = |object: &mut Object| {
        if let Beside::Life(life) = &mut object.beside {
            life.look();
            change(life);
            life.look();
        }
    };
    store
        .lock()
        .without_lag(|state| state.change(&WORKLOAD_CLUSTER, name, change))
        .is_some()
}

/// Removes a workload cluster without holding its name. False when there is none.
pub(crate) fn remove(store: &Store, name: &str) -> bool {
    let mut state = store.lock();
    let removed = state.without_lag(|state| state.take(&WORKLOAD_CLUSTER, name));
    if removed {
        state.names.release(name);
    }
    removed
}

/// `status` of a workload cluster.
const STATUS: u32 = 6;
const STATUS_MESSAGE: &str = "teleport.workloadcluster.v1.WorkloadClusterStatus";
/// The state of a workload cluster whose cluster takes no connections.
const SUSPENDED: &str = "suspended";

#[cfg(test)]
mod tests;
