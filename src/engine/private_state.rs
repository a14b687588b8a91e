//! Everything that the provider remembers of an object between runs, in one typed table.
//!
//! | field | written by | read by | ends |
//! | --- | --- | --- | --- |
//! | `cluster` | create, import, the first read that finds the object | read, plan, update, delete | with the object |
//! | `parent` | with `cluster`, where it could be asked | read, plan, update, delete: whether a workload cluster is gone | with the object |
//! | `configured` | create and update, from the raw configuration | plan: what is configured no longer | at the next write |
//! | `write` | create and update, from the server's answer; create of an invite | read, update, delete: whether a read may be stale | a minute later it has no effect |
//! | `invited` | create of an invite | read of the invite: whether the user is still the one invited | with the invite |
//! | `planned` | plan | delete: what follows it | with the apply, which does not keep it |
//! | `moved` | a move from another type of resource | read and delete: an object that is not found may exist under the old type | with the first read that finds it |
//!
//! It never holds a value of the configuration: that may be a secret. Beside it stands the mark with which `tfplugin` tells
//! the delete half of a replacement from a destroy (`tfplugin::PlanKind`).
//!
//! A read that changes nothing here leaves the bytes as they are, because a refresh-only plan compares them.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tfplugin::{Private, Value};

use crate::clusters::guard::Home;

/// What is remembered of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrivateState {
    version: u32,
    /// The name of the Teleport cluster that the object is in, as its Ping answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<String>,
    /// The name of its parent, for an object that names its workload cluster with `cluster`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// The paths that were configured at the last write.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) configured: BTreeSet<String>,
    /// The last write of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) write: Option<Write>,
    /// When the user of an invite was created, which tells users of one name apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) invited: Option<String>,
    /// What a plan leaves for the destroy half of a replacement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) planned: Option<Planned>,
    /// Whether the state was moved from another type of resource, and no read has found the object as this type yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) moved: bool,
}

/// A write of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Write {
    /// The revision that the server answered with, or a digest of the object where it answers none.
    pub(crate) revision: String,
    /// When, in milliseconds since 1970.
    at: u64,
}

/// The object that a plan puts in the place of this one, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Planned {
    /// Its name, or a digest of a name that is a secret. None while the name is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The argument `cluster`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<String>,
    /// Of a workload cluster: its `allow_same_name_replacement`.
    #[serde(default)]
    pub(crate) same_name_allowed: bool,
    /// For a replacement: what changed. Empty for `-replace`. None for a create.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<Vec<String>>,
    /// Of a workload cluster whose replacement will be refused: the state and domain that stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) results: Option<(String, String)>,
}

impl Planned {
    /// Whether it is another plan for the same object: of the same name in the same cluster.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.name.is_some() && (&self.name, &self.cluster) == (&other.name, &other.cluster)
    }

    /// The object of a name, if that is known, in a cluster, as the argument `cluster` names it.
    pub(crate) fn of(name: Option<&str>, cluster: &Value) -> Self {
        Self {
            name: name.map(str::to_owned),
            cluster: cluster.as_str().map(str::to_owned),
            ..Self::default()
        }
    }
}

impl PrivateState {
    /// What is remembered. Nothing where another provider, or nobody, left something.
    pub(crate) fn read(private: &Private) -> Self {
        let found = private.get(KEY).cloned();
        let found = found.and_then(|entry| serde_json::from_value::<Self>(entry).ok());
        found
            .filter(|state| state.version == VERSION)
            .unwrap_or_default()
    }

    /// Stores it, and leaves everything as it is where nothing changed.
    pub(crate) fn store(mut self, private: &mut Private) {
        self.version = VERSION;
        if Self::read(private) != self
            && let Ok(entry) = serde_json::to_value(&self)
        {
            private.insert(KEY, entry);
        }
    }

    /// What is remembered of an object whose state is moved here from another type of this provider.
    pub(crate) fn after_move(mut private: Private) -> Private {
        Self::change(&mut private, |state| state.moved = true);
        private
    }

    /// Remembers where the object was found.
    pub(crate) fn place(&mut self, home: Home) {
        self.moved = false;
        self.cluster = Some(home.cluster);
        self.parent = home.parent;
    }

    /// Changes what is remembered.
    pub(crate) fn change(private: &mut Private, change: impl FnOnce(&mut Self)) {
        let mut state = Self::read(private);
        change(&mut state);
        state.store(private);
    }
}

impl Write {
    /// A write that has just been answered.
    pub(crate) fn now(revision: String) -> Self {
        Self {
            revision,
            at: milliseconds(),
        }
    }

    /// Whether a read may still be answered from before this write. A clock that went backwards counts as recent.
    pub(crate) fn is_recent(&self) -> bool {
        let age = milliseconds().saturating_sub(self.at);
        Duration::from_millis(age) < RECENT
    }
}

fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

const KEY: &str = "teleport";
const VERSION: u32 = 1;
const RECENT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_survives_the_wire_and_an_unchanged_one_keeps_its_bytes() {
        let mut private = Private::new();
        PrivateState::change(&mut private, |state| {
            state.cluster = Some("acme.teleport.sh".to_owned());
            state.write = Some(Write::now("r1".to_owned()));
        });
        let bytes = private.to_bytes();
        let mut again = Private::from_bytes(&bytes);
        let state = PrivateState::read(&again);
        assert_eq!(state.cluster.as_deref(), Some("acme.teleport.sh"));
        assert!(state.write.as_ref().is_some_and(Write::is_recent));
        state.store(&mut again);
        assert_eq!(again.to_bytes(), bytes);
    }

    #[test]
    fn what_another_provider_or_another_version_left_is_nothing() {
        let mut private = Private::new();
        private.insert(
            "teleport",
            serde_json::json!({ "version": 99, "cluster": "a" }),
        );
        assert_eq!(PrivateState::read(&private), PrivateState::default());
        private.insert("teleport", "text");
        assert_eq!(PrivateState::read(&private), PrivateState::default());
    }

    #[test]
    fn a_write_is_recent_for_a_minute_and_whenever_the_clock_went_backwards() {
        let mut write = Write::now("r".to_owned());
        write.at -= 59_000;
        assert!(write.is_recent());
        write.at -= 2_000;
        assert!(!write.is_recent());
        write.at += 3_600_000;
        assert!(write.is_recent());
    }
}
