//! Clients of many clusters with the same settings.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{Address, Client, JoinRequest};

/// One client per child cluster, each made when it is first asked for, each with its own identity. Clones share them.
#[derive(Clone)]
pub struct Pool {
    parent: Client,
    request: JoinRequest,
    capacity: usize,
    /// A std mutex: it is held for a moment and never across an await.
    clients: Arc<Mutex<Clients>>,
}

#[derive(Default)]
struct Clients {
    by_address: HashMap<Address, Used>,
    /// Counts up with each use.
    uses: u64,
}

struct Used {
    client: Client,
    last: u64,
}

impl Pool {
    /// A pool of clients that join as a request says, with the settings of the parent cluster's client otherwise.
    pub fn new(parent: Client, request: JoinRequest) -> Self {
        Self::with_capacity(parent, request, CAPACITY)
    }

    fn with_capacity(parent: Client, request: JoinRequest, capacity: usize) -> Self {
        Self {
            parent,
            request,
            capacity,
            clients: Arc::default(),
        }
    }

    /// The client of a cluster. It connects with its first call; calls at the same time share one join. In a full pool, a new
    /// client replaces the one that was not asked for the longest. That one still works for those who have it.
    pub fn client(&self, address: &Address) -> Client {
        // It is valid after every single change, also when a thread panicked between two.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.uses += 1;
        let last = clients.uses;
        if let Some(used) = clients.by_address.get_mut(address) {
            used.last = last;
            return used.client.clone();
        }
        if clients.by_address.len() >= self.capacity {
            clients.forget_oldest();
        }
        let client = self
            .parent
            .joining_workload_cluster(address.clone(), &self.request);
        let used = Used {
            client: client.clone(),
            last,
        };
        clients.by_address.insert(address.clone(), used);
        client
    }
}

impl Clients {
    fn forget_oldest(&mut self) {
        let oldest = self.by_address.iter().min_by_key(|(_, used)| used.last);
        if let Some(address) = oldest.map(|(address, _)| address.clone()) {
            self.by_address.remove(&address);
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// Each holds a connection, so this bounds the open files.
const CAPACITY: usize = 256;

#[cfg(test)]
mod tests;
