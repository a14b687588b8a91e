//! Objects of which it is not known whether they are there: a refresh could not read them, because the provider block was not known
//! yet, or the cluster that they name may be another one by the time of the apply.
//!
//! Such a cluster is most often a workload cluster which is being made, so that nothing of what the state says is there. Their
//! plan is an update, and the apply looks: what is missing is made. The mark is in private state: a refresh's reaches the plan,
//! and the second plan, which core asks for within the apply; one of that second plan reaches the apply.

use crate::framework::Private;

/// Marks an object that could not be read.
pub(super) fn mark(private: &mut Private) {
    private.insert(KEY, true);
}

/// Takes the mark away from one that was read, or written.
pub(super) fn unmark(private: &mut Private) {
    private.remove(KEY);
}

/// Whether an object could not be read.
pub(super) fn is_marked(private: &Private) -> bool {
    private.get(KEY).is_some()
}

const KEY: &str = "unread";
