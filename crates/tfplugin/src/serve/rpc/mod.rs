//! The calls of plugin protocol 6, answered for any [`Provider`].
//!
//! One file for each group of calls. They share these habits:
//!
//! - Every failure is a diagnostic (for functions, the error of the function), never a gRPC status.
//! - Code of the provider runs in a task of its own, which lives on when the connection breaks (the handler does not) and
//!   whose panic becomes a diagnostic.
//! - An answer with errors carries state, private state and identity as they were, since core stores what it gets.

mod answers;
mod configure;
mod data_source;
mod ephemeral;
mod function;
mod list;
mod offered;
mod resource;
mod schema;
mod service;
mod stored;
mod unoffered;
mod validate;
mod work;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use self::{offered::Offers, work::Caller};
use super::lifecycle::{ConnectionId, Lifecycle};
use crate::{Provider, Type, proto::tfplugin6::get_provider_schema};

/// A provider as a gRPC service.
pub(super) struct ProviderService<P: Provider> {
    provider: Arc<P>,
    ty: Type,
    offers: Offers<P::Client>,
    schema: OnceLock<get_provider_schema::Response>,
    lifecycle: Lifecycle,
    // Never held across an await.
    clients: Mutex<Clients<P::Client>>,
}

/// The configured clients. One process may serve several hosts, and several aliases of one host, so each connection has
/// its own. Calls from nowhere, which only tests make, share one.
type Clients<C> = HashMap<Option<ConnectionId>, Arc<C>>;

impl<P: Provider> ProviderService<P> {
    /// Serves a provider in a process with this lifecycle.
    pub(super) fn new(provider: P, lifecycle: &Lifecycle) -> Self {
        Self {
            ty: provider.schema().ty(),
            offers: Offers::of(&provider),
            provider: Arc::new(provider),
            schema: OnceLock::new(),
            lifecycle: lifecycle.clone(),
            clients: Mutex::default(),
        }
    }

    fn client(&self, caller: &Caller) -> Option<Arc<P::Client>> {
        self.clients().get(&caller.id()).cloned()
    }

    /// Replaces the client of a connection, and drops those of closed connections.
    fn set_client(&self, caller: &Caller, client: Option<P::Client>) {
        let mut clients = self.clients();
        clients.retain(|id, _| id.is_none_or(|id| self.lifecycle.is_open(id)));
        match client {
            Some(client) => clients.insert(caller.id(), Arc::new(client)),
            None => clients.remove(&caller.id()),
        };
    }

    fn clients(&self) -> MutexGuard<'_, Clients<P::Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
