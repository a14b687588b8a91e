//! The kinds of objects that a cluster stores, a page each: a constant of the type [`Kind`]. A folder has
//! the special rules of a kind. `child_cluster` is what the kinds of child clusters share; `checks` and `metadata` are what the
//! validations share.

pub(crate) mod auth_preference;
pub(crate) mod bot;
pub(crate) mod checks;
pub(crate) mod child_cluster;
pub(crate) mod cloud_cluster;
pub(crate) mod metadata;
pub(crate) mod provision_token;
pub(crate) mod role;
pub(crate) mod user;
pub(crate) mod workload_cluster;

use crate::engine::Kind;

/// Every kind. A new one goes to the end: the seeds of the fuzz target name a kind by its number.
pub(crate) const ALL: [Kind; 7] = [
    role::ROLE,
    user::USER,
    workload_cluster::WORKLOAD_CLUSTER,
    provision_token::PROVISION_TOKEN,
    bot::BOT,
    auth_preference::AUTH_PREFERENCE,
    cloud_cluster::CLOUD_CLUSTER,
];

#[cfg(test)]
mod official;
#[cfg(test)]
pub(crate) mod recordings;
