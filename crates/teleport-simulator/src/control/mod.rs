//! Control from outside, as methods: what operators of Teleport Cloud or other users do, and faults.

mod contents;
pub(crate) mod http;
mod objects;

use std::{path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::contents::{ResetTokenView, Right, RoleChange, RoleView, UserChange, UserView};
use crate::{
    Simulator,
    authority::{
        data::DataDir,
        identity::{self, Identity, IdentityError},
    },
    children::Children,
    faults::{Fault, TooManyFaults, journal::Call},
    grpc::Watcher,
    rules::{
        ROLE, WORKLOAD_CLUSTER,
        workload_cluster::{self, Life, Progress, Spec, check_outside},
    },
    scenario::{MAX_STATE_BYTES, NewCluster, Scenario, check_states},
    store::{Beside, Object, object},
    tenant::{PARENT, Tenant},
};

/// A workload cluster, for tests and the control API.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ClusterView {
    /// Its name.
    pub name: String,
    /// Its spec.
    pub spec: Spec,
    /// Its state: what the last read saw, or as of now where time moves it on.
    pub state: String,
    /// Its domain.
    pub domain: String,
    /// The message about it, which the kind `cloud_cluster` shows.
    pub message: Option<String>,
    /// Whether answers carry no status.
    pub status_missing: bool,
    /// Whether only the kind `cloud_cluster` shows it.
    pub preview_only: bool,
    /// Its revision.
    pub revision: String,
    /// How often it was read.
    pub reads: u64,
}

/// A change of a workload cluster without the API. What is `None` stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterChange {
    /// A state that stays.
    pub state: Option<String>,
    /// What the next reads see; the last one stays, and an empty text is an answer without status.
    pub states: Option<Vec<String>>,
    /// A message about it, which the control API and the kind `cloud_cluster` show.
    pub message: Option<String>,
    /// Its spec. With a spec, a cluster that is not there is made.
    pub spec: Option<Spec>,
    /// Its domain.
    pub domain: Option<String>,
    /// Whether answers carry no status.
    pub status_missing: Option<bool>,
    /// Whether only the kind `cloud_cluster` shows it.
    pub preview_only: Option<bool>,
}

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// It does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The input is wrong. The text names the field.
    #[error("{0}")]
    Invalid(String),
    /// A limit is reached.
    #[error("{0}")]
    TooMany(String),
    /// An identity cannot be made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// The handle that methods and HTTP share.
#[derive(Clone)]
pub(super) struct Control {
    tenant: Arc<Tenant>,
    children: Arc<Children>,
    data: Arc<DataDir>,
}

impl Simulator {
    /// The workload clusters, in the order of their names.
    pub fn clusters(&self) -> Vec<ClusterView> {
        self.control.clusters()
    }

    /// One workload cluster. Unlike the API's read, looking does not count.
    pub fn cluster(&self, name: &str) -> Option<ClusterView> {
        self.control.cluster(name)
    }

    /// Changes a workload cluster without the API. With a spec it is made if it is not there.
    ///
    /// # Errors
    /// When there is none and no spec is given, or when the change is invalid.
    pub fn change_cluster(
        &self,
        name: &str,
        change: ClusterChange,
    ) -> Result<ClusterView, ControlError> {
        self.control.change_cluster(name, change)
    }

    /// Gives a workload cluster a state that stays.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn set_state(&self, name: &str, state: &str) -> Result<ClusterView, ControlError> {
        let change = ClusterChange {
            state: Some(state.to_owned()),
            ..ClusterChange::default()
        };
        self.control.change_cluster(name, change)
    }

    /// Removes a workload cluster without the API. Its name is not held. False when there is none.
    pub fn delete_cluster(&self, name: &str) -> bool {
        self.control.delete_cluster(name)
    }

    /// Names that are held because a cluster of the name was deleted.
    pub fn held_names(&self) -> Vec<String> {
        self.control.held_names()
    }

    /// Releases a held name. False when it is not held.
    pub fn release_name(&self, name: &str) -> bool {
        self.control.release_name(name)
    }

    /// The last calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.control.calls()
    }

    /// Forgets the calls.
    pub fn clear_calls(&self) {
        self.control.clear_calls();
    }

    /// Adds a fault for the next calls.
    ///
    /// # Errors
    /// When the limit of faults is reached.
    pub fn add_fault(&self, fault: Fault) -> Result<(), TooManyFaults> {
        self.control.tenant.shared().faults.add(fault)
    }

    /// The faults that have not happened yet.
    pub fn faults(&self) -> Vec<Fault> {
        self.control.faults()
    }

    /// Forgets the faults.
    pub fn clear_faults(&self) {
        self.control.clear_faults();
    }

    /// Makes an identity of the parent, and a role of the same name with its rights. The answer is the path of its identity
    /// file.
    ///
    /// # Errors
    /// When the name cannot be a file name, when the limit of identities is reached, or when the file cannot be
    /// written.
    pub fn add_identity(&self, name: &str, identity: &Identity) -> Result<PathBuf, ControlError> {
        self.control.add_identity(PARENT, name, identity)
    }

    /// Makes an identity of the child of the workload cluster `cluster`, like [`add_identity`](Self::add_identity).
    ///
    /// # Errors
    /// When the cluster does not run, and as there.
    pub fn add_child_identity(
        &self,
        cluster: &str,
        name: &str,
        identity: &Identity,
    ) -> Result<PathBuf, ControlError> {
        self.control.add_identity(cluster, name, identity)
    }

    /// Closes every connection to every cluster that is open.
    pub fn close_connections(&self) {
        self.control.close_connections();
    }
}

impl Control {
    pub(super) fn new(tenant: Arc<Tenant>, children: Arc<Children>, data: Arc<DataDir>) -> Self {
        Self {
            tenant,
            children,
            data,
        }
    }

    #[cfg(test)]
    pub(super) fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    /// Creates what a scenario says.
    pub(super) fn apply(&self, scenario: &Scenario) -> Result<(), ControlError> {
        for name in &scenario.held_names {
            if !self.tenant.store().lock().names.hold(name) {
                let text = "held_names: more than can be held";
                return Err(ControlError::TooMany(text.to_owned()));
            }
        }
        for identity in &scenario.aws_identities {
            self.put_aws_identity(identity.clone())?;
        }
        for issuer in &scenario.id_token_issuers {
            self.put_id_token_issuer(issuer.clone())?;
        }
        for token in &scenario.tokens {
            self.put_join_token(PARENT, token.clone())?;
        }
        for cluster in &scenario.clusters {
            self.change_cluster(&cluster.name, cluster.into())?;
        }
        for fault in &scenario.faults {
            self.add_fault(fault.clone())?;
        }
        Ok(())
    }

    pub(super) fn clusters(&self) -> Vec<ClusterView> {
        let state = self.tenant.store().lock();
        let clusters = state.stored(&WORKLOAD_CLUSTER);
        clusters
            .filter_map(|(name, cluster)| ClusterView::new(name, cluster))
            .collect()
    }

    pub(super) fn cluster(&self, name: &str) -> Option<ClusterView> {
        let state = self.tenant.store().lock();
        ClusterView::new(name, state.object(&WORKLOAD_CLUSTER, name)?)
    }

    pub(super) fn change_cluster(
        &self,
        name: &str,
        change: ClusterChange,
    ) -> Result<ClusterView, ControlError> {
        change.check(name).map_err(ControlError::Invalid)?;
        let store = self.tenant.store();
        if let Some(spec) = &change.spec
            && self
                .cluster(name)
                .is_none_or(|cluster| cluster.spec != *spec)
        {
            workload_cluster::put(store, name, spec.clone().into())?;
        }
        if !workload_cluster::change(store, name, |life| change.apply(life)) {
            return Err(ControlError::NotFound(format!(
                "no workload cluster {name:?}; give a spec to create it"
            )));
        }
        self.children.settle(name);
        self.cluster(name).ok_or_else(|| {
            ControlError::NotFound(format!(
                "workload cluster {name:?} was deleted at the same time"
            ))
        })
    }

    pub(super) fn delete_cluster(&self, name: &str) -> bool {
        let removed = workload_cluster::remove(self.tenant.store(), name);
        self.children.settle(name);
        removed
    }

    pub(super) fn held_names(&self) -> Vec<String> {
        self.tenant.store().lock().names.held()
    }

    pub(super) fn release_name(&self, name: &str) -> bool {
        self.tenant.store().lock().names.release(name)
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.tenant.shared().journal.calls()
    }

    pub(super) fn clear_calls(&self) {
        self.tenant.shared().journal.clear();
    }

    pub(super) fn add_fault(&self, fault: Fault) -> Result<(), ControlError> {
        let added = self.tenant.shared().faults.add(fault);
        added.map_err(|error| ControlError::TooMany(error.to_string()))
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        self.tenant.shared().faults.list()
    }

    pub(super) fn clear_faults(&self) {
        self.tenant.shared().faults.clear();
    }

    pub(super) fn add_identity(
        &self,
        cluster: &str,
        name: &str,
        identity: &Identity,
    ) -> Result<PathBuf, ControlError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(allowed) {
            return Err(ControlError::Invalid(format!(
                "name: must have 1 to {MAX_NAME_BYTES} letters, digits, hyphens and underscores"
            )));
        }
        if RESERVED.contains(&name) {
            return Err(ControlError::Invalid(format!(
                "name: {name:?} is another file's name"
            )));
        }
        identity.check().map_err(ControlError::Invalid)?;
        let tenant = self.cluster_named(cluster)?;
        let state = tenant.store().lock();
        let known = state.object(&ROLE, name).is_some();
        let count = state.stored(&ROLE).count();
        drop(state);
        if count >= MAX_IDENTITIES && !known {
            return Err(ControlError::TooMany(format!(
                "limit of {MAX_IDENTITIES} identities is reached"
            )));
        }
        Ok(identity::write(&tenant, self.data.path(), name, identity)?)
    }

    pub(super) fn close_connections(&self) {
        self.tenant.close_connections();
        self.children.close_connections();
    }
}

impl ClusterView {
    fn new(name: &str, object: &Object) -> Option<Self> {
        let Beside::Life(life) = &object.beside else {
            return None;
        };
        Some(Self {
            name: name.to_owned(),
            spec: workload_cluster::spec_of(object),
            state: life.progress.state().to_owned(),
            domain: life.domain.clone(),
            message: life.message.clone(),
            status_missing: life.status_missing,
            preview_only: life.preview_only,
            revision: object::revision(&object.message),
            reads: life.progress.reads(),
        })
    }
}

impl ClusterChange {
    fn check(&self, name: &str) -> Result<(), String> {
        if self.state.is_some() && self.states.is_some() {
            return Err("state: cannot be combined with states".to_owned());
        }
        for (field, text, most) in [
            ("state", &self.state, MAX_STATE_BYTES),
            ("message", &self.message, MAX_TEXT_BYTES),
            ("domain", &self.domain, MAX_TEXT_BYTES),
        ] {
            if text.as_ref().is_some_and(|text| text.len() > most) {
                return Err(format!("{field}: must have at most {most} bytes"));
            }
        }
        check_states(self.states.as_deref()).map_err(|text| format!("states: {text}"))?;
        match &self.spec {
            Some(spec) => check_outside(name, &spec.clone().into()),
            None => Ok(()),
        }
    }

    fn apply(self, life: &mut Life) {
        if let Some(state) = self.state {
            life.progress = Progress::fixed(state);
        }
        if let Some(states) = self.states {
            life.progress = Progress::scripted(states);
        }
        if let Some(domain) = self.domain {
            life.domain = domain;
        }
        if let Some(missing) = self.status_missing {
            life.status_missing = missing;
        }
        if let Some(preview_only) = self.preview_only {
            life.preview_only = preview_only;
        }
        if self.message.is_some() {
            life.message = self.message;
        }
    }
}

impl From<&NewCluster> for ClusterChange {
    fn from(cluster: &NewCluster) -> Self {
        let cluster = cluster.clone();
        let state = match &cluster.states {
            Some(_) => None,
            None => Some(cluster.state.unwrap_or_else(|| "active".to_owned())),
        };
        Self {
            state,
            states: cluster.states,
            message: cluster.message,
            spec: Some(cluster.spec),
            domain: cluster.domain,
            status_missing: Some(cluster.status_missing),
            preview_only: Some(cluster.preview_only),
        }
    }
}

const MAX_IDENTITIES: usize = 1_000;
const MAX_NAME_BYTES: usize = 60;
const MAX_TEXT_BYTES: usize = 1_000;
/// What else there is in the data directory under a name without a dot.
const RESERVED: [&str; 2] = ["key", "tlscert"];
