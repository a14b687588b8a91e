//! A call: which method, with what, and what may be done when it fails.

pub(crate) mod client;
pub(crate) mod clock;
pub(crate) mod codec;
pub(crate) mod connection;
pub(crate) mod connections;
pub(crate) mod failure;
pub(crate) mod objects;
pub(crate) mod outcome;
pub(crate) mod pages;
pub(crate) mod pool;
pub(crate) mod reset_tokens;
pub(crate) mod retry;
pub(crate) mod rights;
pub(crate) mod server_texts;
pub(crate) mod status;
pub(crate) mod values;
pub(crate) mod workload_clusters;

use std::time::Duration;

use prost_reflect::{DynamicMessage, MethodDescriptor};

/// One unary call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: MethodDescriptor,
    pub(crate) request: DynamicMessage,
    pub(crate) repeatable: Repeatable,
    /// How long one try may take, without the time to connect.
    pub(crate) deadline: Duration,
}

/// Whether a call does no harm when it is carried out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeatable {
    /// It may be sent again after any transient failure: a read.
    Yes,
    /// It is sent again only if the server certainly did nothing: a write.
    No,
}

impl Call {
    /// A call with the usual deadline.
    pub(crate) fn new(
        method: MethodDescriptor,
        request: DynamicMessage,
        repeatable: Repeatable,
    ) -> Self {
        Self {
            method,
            request,
            repeatable,
            deadline: DEFAULT_DEADLINE,
        }
    }
}

/// The descriptor of a method in this workspace's .proto files.
pub(crate) fn method(service: &str, name: &str) -> MethodDescriptor {
    teleport_proto::descriptors()
        .get_service_by_name(service)
        .and_then(|service| service.methods().find(|method| method.name() == name))
        .expect("the methods that the client names must be in the .proto files")
}

/// Longest wait for one answer. Teleport's own client has none and can hang.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);
