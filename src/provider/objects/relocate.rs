//! Bringing an object into another cluster by an update, where the plan did not know in which cluster it would be.
//!
//! Core takes no replacement that was not planned. So the update does what one would do: it makes the object in the new
//! cluster, and only then destroys the one in the old cluster, as its `deletion_policy` says.

use std::time::Duration;

use super::{Shape, create::create, delete::delete, shape};
use crate::{
    framework::{
        Applied, Call, Create, Delete, DeleteReason, Diagnostics, Severity, Stop, Update, Value,
    },
    provider::{
        Cluster,
        interrupt::unless_stopped_for,
        target::{CLUSTER, named},
    },
};

/// Makes the planned object in its cluster, and destroys the prior one in the other.
pub(super) async fn relocate(shape: &Shape, call: &Call<Cluster>, request: Update) -> Applied {
    let Update {
        config,
        prior,
        planned,
        private,
    } = request;
    let creation = Create {
        config,
        planned,
        private: private.clone(),
    };
    let made = create(shape, call, creation).await;
    if made.state.is_null() {
        return Applied {
            state: prior,
            private,
            diagnostics: made.diagnostics,
        };
    }
    let old = prior.clone();
    let destruction = Delete {
        prior,
        reason: DeleteReason::Replace,
        private,
    };
    let mut told = made.diagnostics;
    let unhurried = Call {
        client: call.client.clone(),
        stop: Stop::never(),
    };
    let doing = format!("taking leave of {}", named(old.field(CLUSTER)));
    let mut ends = Diagnostics::new();
    let work = delete(shape, &unhurried, destruction);
    let done = unless_stopped_for(LEAVE, &call.stop, &doing, &mut ends, work).await;
    ends.append(done.unwrap_or_default());
    for end in ends {
        if end.severity == Severity::Error {
            // No further apply would try again, since the state knows the new object alone: so advice for one is left out.
            let what_happened = end.detail.split("\n\n").next().unwrap_or_default();
            warn_of_rest(shape, &made.state, &old, what_happened, &mut told);
        } else {
            told.push(end);
        }
    }
    Applied {
        diagnostics: told,
        ..made
    }
}

/// Says that an object is left in a cluster where nothing manages it any more.
pub(super) fn warn_of_rest(
    shape: &Shape,
    new: &Value,
    old: &Value,
    what_happened: &str,
    told: &mut Diagnostics,
) {
    told.warning(
        "Left in the Other Cluster",
        format!(
            "The {} {:?} belongs to {} now. The one in {} could not be destroyed, and nothing manages it any more. If that cluster \
             stays, take it out there by other means.\n\n{what_happened}",
            shape.kind.noun,
            shape::name(old).unwrap_or_default(),
            named(new.field(CLUSTER)),
            named(old.field(CLUSTER)),
        ),
    );
}

/// How long an interrupted run waits for the end of the old object: nothing would manage it afterwards.
const LEAVE: Duration = Duration::from_secs(5);
