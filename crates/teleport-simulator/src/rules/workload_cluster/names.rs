//! The names of workload clusters: which cannot be used, and how a new one of a name starts.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use tokio::time::Instant;

use super::Progress;
use crate::store::Refusal;

/// How workload clusters start and end.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    /// Time from `creating` to `active`.
    pub(crate) provisioning: Duration,
    /// What successive reads of a new one see, instead of the time.
    pub(crate) states: Option<Vec<String>>,
    /// How long the name of a deleted one stays taken.
    pub(crate) name_hold: Duration,
    /// Names that others have.
    pub(crate) taken: HashSet<String>,
    /// What follows the name and a dot in a domain.
    pub(crate) domain: String,
    /// Whether a list shows its status.
    pub(crate) listed_status: bool,
}

/// The names that cannot be used.
#[derive(Debug)]
pub(crate) struct Names {
    lifecycle: Lifecycle,
    /// When the hold ends; `None` is never.
    held: HashMap<String, Option<Instant>>,
}

impl Names {
    /// Whether a list shows the status of a cluster.
    pub(super) fn listed_status(&self) -> bool {
        self.lifecycle.listed_status
    }

    pub(crate) fn new(lifecycle: Lifecycle) -> Self {
        Self {
            lifecycle,
            held: HashMap::new(),
        }
    }

    /// Domain of the workload cluster `name`.
    pub(super) fn domain(&self, name: &str) -> String {
        format!("{name}.{}", self.lifecycle.domain)
    }

    /// How the state of a new one moves on.
    pub(super) fn progress(&self) -> Progress {
        match &self.lifecycle.states {
            Some(states) => Progress::scripted(states.clone()),
            None => Progress::timed(self.lifecycle.provisioning),
        }
    }

    /// Refuses a name that is held or taken.
    pub(super) fn check(&self, name: &str) -> Result<(), Refusal> {
        let now = Instant::now();
        let held = self.held.get(name);
        if held.is_some_and(|until| until.is_none_or(|until| until > now)) {
            return Err(Refusal::exists(format!(
                "workload cluster name {name:?} is not available: a cluster of this name was deleted and the name is held \
                 for a grace period; contact support to restore the cluster or to release the name"
            )));
        }
        match self.lifecycle.taken.contains(name) {
            true => Err(Refusal::exists(format!(
                "workload cluster name {name:?} is not available"
            ))),
            false => Ok(()),
        }
    }

    /// Holds a name for the usual time. False when as many are held as can be.
    pub(crate) fn hold(&mut self, name: &str) -> bool {
        self.release_due();
        if self.held.len() >= MAX_HELD {
            return false;
        }
        let until = Instant::now().checked_add(self.lifecycle.name_hold);
        self.held.insert(name.to_owned(), until);
        true
    }

    /// Holds a name for the usual time. The oldest hold makes room: better than a delete that fails, or a memory without
    /// bound.
    pub(super) fn hold_always(&mut self, name: &str) {
        self.release_due();
        if self.held.len() >= MAX_HELD
            && let Some(oldest) = self.oldest()
        {
            self.held.remove(&oldest);
        }
        self.hold(name);
    }

    /// Releases a held name. False when it is not held.
    pub(crate) fn release(&mut self, name: &str) -> bool {
        self.release_due();
        self.held.remove(name).is_some()
    }

    /// The held names, sorted.
    pub(crate) fn held(&mut self) -> Vec<String> {
        self.release_due();
        let mut names: Vec<String> = self.held.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    fn release_due(&mut self) {
        let now = Instant::now();
        self.held
            .retain(|_, until| until.is_none_or(|until| until > now));
    }

    fn oldest(&self) -> Option<String> {
        // A hold without end is younger than every other.
        let first = self
            .held
            .iter()
            .min_by_key(|(_, until)| (until.is_none(), **until));
        first.map(|(name, _)| name.clone())
    }
}

const MAX_HELD: usize = 10_000;
