//! What the cluster reports, where a configuration says it too.
//!
//! A configuration that core generates for an import repeats it, and `ignore_changes` does so for a whole object. That is all
//! right for as long as it stays what it is.

use tfplugin::{Diagnostics, Path, PlanKind, PlannedChange};

use crate::errors::{self, Summary};

/// Refuses what is configured at these paths where the plan would have to change it. Where the plan leaves what is there, a
/// configured value counts for nothing, and is warned of if it is another one.
pub(crate) fn refuse_configured(
    paths: &[&[&str]],
    change: &PlannedChange,
    diags: &mut Diagnostics,
) {
    for path in paths {
        let configured = change.config.at(path);
        let there = change.prior.at(path);
        if !configured.is_set() {
            continue;
        }
        let shown = Path::attributes(path);
        if change.kind != PlanKind::Update || change.planned.at(path) != there || there.is_null() {
            let text = format!(
                "{shown} is what the cluster reports, and it will not be what is configured. Remove it. If it is not \
                 there, ignore_changes puts it there: let that name the attributes to ignore, not the object around them."
            );
            errors::error(Summary::ReadOnlyAttribute)
                .at(shown)
                .detail(text)
                .add(diags);
        } else if configured != there {
            let text = format!(
                "{shown} is what the cluster reports, and it is not what is configured any more. The configured value \
                 counts for nothing. Remove it."
            );
            errors::warning(Summary::ConfigurationWithoutEffect)
                .at(shown)
                .detail(text)
                .add(diags);
        }
    }
}
