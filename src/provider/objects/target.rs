//! The cluster that an object is in.

use super::Shape;
use crate::{
    framework::{Call, Diagnostics},
    provider::{Cluster, cluster},
    teleport::{Client, Objects},
};

/// The client of the cluster that an object is in, or an error that says why there is none.
pub(in crate::provider) fn client_of(
    call: &Call<Cluster>,
    told: &mut Diagnostics,
) -> Option<Client> {
    cluster::client(call, told).cloned()
}

/// The calls on objects of this kind.
pub(super) fn objects(
    shape: &Shape,
    call: &Call<Cluster>,
    told: &mut Diagnostics,
) -> Option<Objects> {
    Some(client_of(call, told)?.objects(shape.kind.rpcs))
}

/// Whether the cluster cannot be told yet.
pub(super) fn is_unknown(call: &Call<Cluster>) -> bool {
    call.client
        .as_ref()
        .is_some_and(|cluster| cluster.known().is_none())
}
