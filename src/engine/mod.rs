//! Objects that a cluster stores under a name, such as roles and users: one resource and one data source for all kinds.
//!
//! A [`Kind`] is a page of data and a few functions; [`KindResource`] and [`KindDataSource`] make the rest of it.
//!
//! - `kind`: what there is to say of a kind; `owner`: who gives an attribute its value where the configuration does not.
//! - `shape`: schema, and the way between message and value; `imported`: state and configuration of what is imported.
//! - `clear`: taking fields out of messages.
//! - `plan`: what an object becomes, attribute by attribute.
//! - `resource`, `create`, `read`, `update`, `delete`, `import`, `data_source`, `list`: what core asks for.
//! - `run`: waiting, being interrupted and trying again.
//! - `singleton`: what the plan of a create says of an object that is always there.
//! - `secrets`: what the server takes and does not return, and its write-only twin.
//! - `private_state`: everything that is remembered between runs; `own_writes`: what this run wrote, for data sources.
//! - `differences`: what differs between two objects, by path.
//! - `resource_identity`: cluster and name, by which core knows an object.
//! - `lifecycle`: the hooks of a kind whose objects take long to create, and the attribute `ready`.
//! - `existing`: what to do about an object that exists already.
//! - `shapes`, `timeouts`: what resources of every sort use.

mod clear;
mod create;
mod data_source;
mod delete;
mod differences;
pub(crate) mod existing;
mod import;
mod imported;
mod kind;
mod lifecycle;
mod list;
mod own_writes;
mod owner;
mod plan;
pub(crate) mod private_state;
pub(crate) mod read;
mod resource;
mod resource_identity;
pub(crate) mod run;
mod secrets;
mod shape;
pub(crate) mod shapes;
mod singleton;
pub(crate) mod timeouts;
mod update;

pub(crate) use clear::clear_at;
pub(crate) use data_source::KindDataSource;
pub(crate) use kind::{Former, Kind, Name, Revoke, Secret, ServerFilled};
pub(crate) use lifecycle::{Followed, Lifecycle, Pending, READY, with_status};
pub(crate) use list::KindListResource;
pub(crate) use own_writes::OwnWrites;
pub(crate) use resource::KindResource;
pub(crate) use shape::{Shape, descriptor};

#[cfg(test)]
mod tests;
