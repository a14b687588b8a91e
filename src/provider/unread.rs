//! Objects that a refresh could not read, because the provider block was not known yet.
//!
//! Such a provider block is most often that of a workload cluster which is being made, so that nothing of what the state says
//! is there. Their plan is an update, and the apply looks: what is missing is made. The mark is put into private state by the
//! refresh, since core hands that to the plan and to the second plan, which it asks for within the apply.

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
