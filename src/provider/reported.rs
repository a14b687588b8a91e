//! What the cluster reports, where a configuration says it too.
//!
//! A configuration that core generates for an import repeats it, and `ignore_changes` does so for a whole object. That is all
//! right for as long as it stays what it is.

use crate::framework::{Diagnostics, Path, PlanKind, PlannedChange};

/// Refuses what is configured at these paths, unless it is there already and the plan leaves it so.
pub(super) fn refuse_configured(paths: &[&[&str]], change: &PlannedChange, told: &mut Diagnostics) {
    for path in paths {
        let configured = change.config.at(path);
        let stays = change.kind == PlanKind::Update
            && configured == change.prior.at(path)
            && configured == change.planned.at(path);
        if configured.is_set() && !stays {
            let path = Path::attributes(path);
            let text = format!(
                "{path} is what the cluster reports, and it will not be what is configured. Remove it. If it is not \
                 there, ignore_changes puts it there: let that name the attributes to ignore, not the object around them."
            );
            told.attribute_error(path, "Invalid Configuration for Read-Only Attribute", text);
        }
    }
}
