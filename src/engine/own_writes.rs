//! The table of the writes that this process made, for readers that have no private state of the object: data sources and
//! invites.
//!
//! | column | what it is |
//! | --- | --- |
//! | cluster | the name of the Teleport cluster that the object is in |
//! | noun | what kind of object it is, such as `role` |
//! | name | the name of the object |
//! | write | what the server answered (its revision, or a digest), and when |
//!
//! Every create and update adds a row, or replaces the row of the same object. A row matters for a minute, and is dropped with
//! the next write after that. Each provider block has a table of its own, and so does each run: no other run can ask it.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::private_state::Write;

/// The writes of this process through one provider block.
#[derive(Default)]
pub(crate) struct OwnWrites(Mutex<HashMap<Key, Write>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    cluster: String,
    noun: &'static str,
    name: String,
}

impl OwnWrites {
    /// Adds a write.
    pub(crate) fn add(&self, cluster: &str, noun: &'static str, name: &str, write: Write) {
        let mut writes = self.lock();
        writes.retain(|_, write| write.is_recent());
        writes.insert(Key::new(cluster, noun, name), write);
    }

    /// The last write to an object, if there was one.
    pub(crate) fn find(&self, cluster: &str, noun: &'static str, name: &str) -> Option<Write> {
        self.lock().get(&Key::new(cluster, noun, name)).cloned()
    }

    /// Whether there was a write that a reader may have to wait for.
    pub(crate) fn has_recent(&self) -> bool {
        self.lock().values().any(Write::is_recent)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Write>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Key {
    fn new(cluster: &str, noun: &'static str, name: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            noun,
            name: name.to_owned(),
        }
    }
}

/// Without the names, which may be secrets.
impl fmt::Debug for OwnWrites {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OwnWrites").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_found_by_all_of_its_key_and_the_last_one_counts() {
        let writes = OwnWrites::default();
        for revision in ["r1", "r2"] {
            writes.add("acme", "role", "editor", Write::now(revision.to_owned()));
        }
        let found = |cluster, noun, name| {
            let write = writes.find(cluster, noun, name);
            write.map(|write| write.revision)
        };
        assert_eq!(found("acme", "role", "editor").as_deref(), Some("r2"));
        assert_eq!(found("globex", "role", "editor"), None);
        assert_eq!(found("acme", "user", "editor"), None);
        assert_eq!(found("acme", "role", "viewer"), None);
        assert!(writes.has_recent() && !OwnWrites::default().has_recent());
        assert!(!format!("{writes:?}").contains("editor"));
    }
}
