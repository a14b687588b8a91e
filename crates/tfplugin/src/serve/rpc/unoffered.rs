//! The calls about state stores and actions, which this crate does not offer. Core makes them only for
//! what the schema lists, so each answer is an error.

use tonic::{Status, Streaming};

use super::{Caller, ProviderService, offered::unknown};
use crate::{
    Provider,
    codec::diagnostics,
    proto::tfplugin6::{
        Diagnostic, configure_state_store, delete_state, get_states,
        invoke_action::{self, event},
        lock_state, plan_action, read_state_bytes, unlock_state, validate_action_config,
        validate_state_store, write_state_bytes,
    },
};

/// A stream of one message.
pub(super) type One<T> = tokio_stream::Once<Result<T, Status>>;

impl<P: Provider> ProviderService<P> {
    pub(super) async fn validate_state_store_config(
        &self,
        _caller: Caller,
        request: validate_state_store::Request,
    ) -> validate_state_store::Response {
        validate_state_store::Response {
            diagnostics: store(&request.type_name),
        }
    }

    pub(super) async fn configure_state_store(
        &self,
        _caller: Caller,
        request: configure_state_store::Request,
    ) -> configure_state_store::Response {
        configure_state_store::Response {
            diagnostics: store(&request.type_name),
            capabilities: None,
        }
    }

    pub(super) async fn read_state_bytes(
        &self,
        _caller: Caller,
        request: read_state_bytes::Request,
    ) -> One<read_state_bytes::Response> {
        tokio_stream::once(Ok(read_state_bytes::Response {
            diagnostics: store(&request.type_name),
            ..read_state_bytes::Response::default()
        }))
    }

    pub(super) async fn write_state_bytes(
        &self,
        _caller: Caller,
        mut request: Streaming<write_state_bytes::RequestChunk>,
    ) -> write_state_bytes::Response {
        // The first message has the type name; the rest need not be read.
        let first = request.message().await.ok().flatten();
        let type_name = first
            .and_then(|chunk| chunk.meta)
            .map(|meta| meta.type_name)
            .unwrap_or_default();
        write_state_bytes::Response {
            diagnostics: store(&type_name),
        }
    }

    pub(super) async fn lock_state(
        &self,
        _caller: Caller,
        request: lock_state::Request,
    ) -> lock_state::Response {
        lock_state::Response {
            diagnostics: store(&request.type_name),
            ..lock_state::Response::default()
        }
    }

    pub(super) async fn unlock_state(
        &self,
        _caller: Caller,
        request: unlock_state::Request,
    ) -> unlock_state::Response {
        unlock_state::Response {
            diagnostics: store(&request.type_name),
        }
    }

    pub(super) async fn get_states(
        &self,
        _caller: Caller,
        request: get_states::Request,
    ) -> get_states::Response {
        get_states::Response {
            diagnostics: store(&request.type_name),
            ..get_states::Response::default()
        }
    }

    pub(super) async fn delete_state(
        &self,
        _caller: Caller,
        request: delete_state::Request,
    ) -> delete_state::Response {
        delete_state::Response {
            diagnostics: store(&request.type_name),
        }
    }

    pub(super) async fn plan_action(
        &self,
        _caller: Caller,
        request: plan_action::Request,
    ) -> plan_action::Response {
        plan_action::Response {
            diagnostics: action(&request.action_type),
            deferred: None,
        }
    }

    pub(super) async fn invoke_action(
        &self,
        _caller: Caller,
        request: invoke_action::Request,
    ) -> One<invoke_action::Event> {
        tokio_stream::once(Ok(invoke_action::Event {
            r#type: Some(event::Type::Completed(event::Completed {
                diagnostics: action(&request.action_type),
            })),
        }))
    }

    pub(super) async fn validate_action_config(
        &self,
        _caller: Caller,
        request: validate_action_config::Request,
    ) -> validate_action_config::Response {
        validate_action_config::Response {
            diagnostics: action(&request.type_name),
        }
    }
}

fn store(type_name: &str) -> Vec<Diagnostic> {
    diagnostics::encode(unknown("state store", type_name))
}

fn action(type_name: &str) -> Vec<Diagnostic> {
    diagnostics::encode(unknown("action", type_name))
}
