//! The auth server of a cluster: who calls, who may, and the calls.

pub(crate) mod access;
mod auth_service;
mod objects;
pub(crate) mod peer;
mod presence;
pub(crate) mod raw;
pub(crate) mod server;
mod trust;
pub(crate) mod version;

pub(crate) use self::objects::Watcher;
