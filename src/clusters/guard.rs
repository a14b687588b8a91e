//! The guard: an object belongs to the cluster that it was created in.
//!
//! Credentials may lead to another cluster than before, where an object of the same name is another object. So private state
//! remembers the name of the cluster, and every operation compares it, whether the object is found or not. Nothing is dropped
//! from the state, and nothing is changed or deleted, in another cluster.
//!
//! An object that names its workload cluster with `cluster` is gone when its cluster is gone, which the parent says. So the name
//! of the parent is remembered, too: another parent does not know the workload cluster, and that means nothing.
//!
//! A plan without a refresh asks as well, when it changes or destroys the object. It does not insist on an answer, because a
//! plan with `-refresh=false` is also the way out when the cluster is gone; the apply then asks again.
//!
//! The destroy half of a tainted object has no private state of the object. The refresh before it is its guard, and
//! `-refresh=false` removes that.

use teleport_client::Address;
use tfplugin::Diagnostics;
use tokio::time::Instant;

use super::target::{SOON, Target};
use crate::{
    engine::private_state::PrivateState,
    errors::{self, Summary},
};

/// Where an object is, by the names that the clusters give themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// The cluster that the object is in.
    pub(crate) cluster: String,
    /// The cluster of the provider block, for an object that names its workload cluster. None if it is not known.
    pub(crate) parent: Option<String>,
}

/// What the guard found.
pub(crate) enum Checked {
    /// The provider is connected to the cluster of the object.
    Here(Home),
    /// The workload cluster of the object is gone.
    Gone,
    /// It is another cluster, or could not be asked. There is an error.
    Refused,
}

/// Compares the cluster that the provider is connected to with the one that is remembered. `what` is the object, such as
/// `role "editor"`.
pub(crate) async fn check(
    target: &Target,
    memory: &PrivateState,
    what: &str,
    diags: &mut Diagnostics,
) -> Checked {
    let doing = format!("connecting to the cluster of the {what}");
    let name = target.client().cluster_name();
    let now = match target.run().call(&doing, diags, name).await {
        None => return Checked::Refused,
        Some(Ok(name)) => name.unwrap_or_default(),
        Some(Err(error)) => {
            return if target.is_gone(&error, &doing, memory, diags).await {
                Checked::Gone
            } else {
                Checked::Refused
            };
        }
    };
    match &memory.cluster {
        Some(then) if *then != now => {
            another(what, then, &now, diags);
            Checked::Refused
        }
        // The parent is not asked again: joining may not need it.
        Some(_) => Checked::Here(Home {
            cluster: now,
            parent: memory.parent.clone(),
        }),
        None => Checked::Here(target.home_in(now).await),
    }
}

/// Compares the same for a plan, if the cluster answers soon. After a refresh it has answered already.
pub(crate) async fn check_plan(
    target: &Target,
    memory: &PrivateState,
    what: &str,
    diags: &mut Diagnostics,
) {
    let run = target.run().clone().until(Instant::now() + SOON);
    let name = run.finish(target.client().cluster_name()).await;
    if let (Some(then), Ok(Ok(Some(now)))) = (&memory.cluster, name)
        && *then != now
    {
        another(what, then, &now, diags);
    }
}

fn another(what: &str, then: &str, now: &str, diags: &mut Diagnostics) {
    errors::error(Summary::ObjectOfAnotherCluster)
        .detail(format!(
            "The {what} in the state belongs to the cluster {then:?}, but the credentials lead to the cluster {now:?}. Nothing was \
             changed, and the state was kept."
        ))
        .detail(format!(
            "To go on managing it, use credentials of {then:?}. If {then:?} is gone, or to manage another object, remove this one \
             from the state: terraform state rm ADDRESS. Then import the other: its import id is NAME, or CLUSTER/NAME for an \
             object of a workload cluster that the argument cluster names."
        ))
        .add(diags);
}

/// Adds the error that the provider block leads to another parent than the one that the workload cluster belongs to.
pub(super) fn another_parent(
    address: &Address,
    then: &str,
    now: &str,
    doing: &str,
    diags: &mut Diagnostics,
) {
    errors::error(Summary::ObjectOfAnotherCluster)
        .detail(format!(
            "While {doing}: {address} cannot be reached. It is a workload cluster of {then:?}, but the credentials of the provider \
             block lead to the cluster {now:?}, which does not know it. Nothing was changed, and the state was kept."
        ))
        .detail(format!(
            "To go on managing it, use credentials of {then:?} in the provider block. If the workload cluster is gone, remove the \
             object from the state: terraform state rm ADDRESS."
        ))
        .add(diags);
}
