//! A provider without anything in it: the schema is empty, and every call that needs more is refused.

use std::pin::Pin;

use futures_util::Stream;
use terraform_provider_teleport::{
    framework::StopReason,
    plugin::{Connection, Lifecycle},
    proto::tfplugin6::{provider_server::Provider, *},
};
use tonic::{Request, Response, Status, Streaming, async_trait};

/// Answers what a host asks of any provider.
pub(crate) struct Empty {
    /// Told about stop requests.
    pub(crate) lifecycle: Lifecycle,
}

macro_rules! refused {
    ($($name:ident: $request:ty => $response:ty),* $(,)?) => {
        #[async_trait]
        impl Provider for Empty {
        type ListResourceStream = Events<list_resource::Event>;
        type ReadStateBytesStream = Events<read_state_bytes::Response>;
        type InvokeActionStream = Events<invoke_action::Event>;

        async fn get_provider_schema(
            &self,
            _request: Request<get_provider_schema::Request>,
        ) -> Result<Response<get_provider_schema::Response>, Status> {
            let schema = Schema { version: 0, block: Some(schema::Block::default()) };
            Ok(Response::new(get_provider_schema::Response {
                provider: Some(schema),
                ..Default::default()
            }))
        }

        async fn validate_provider_config(
            &self,
            _request: Request<validate_provider_config::Request>,
        ) -> Result<Response<validate_provider_config::Response>, Status> {
            Ok(Response::new(validate_provider_config::Response::default()))
        }

        async fn configure_provider(
            &self,
            _request: Request<configure_provider::Request>,
        ) -> Result<Response<configure_provider::Response>, Status> {
            Ok(Response::new(configure_provider::Response::default()))
        }

        async fn stop_provider(
            &self,
            request: Request<stop_provider::Request>,
        ) -> Result<Response<stop_provider::Response>, Status> {
            if let Some(connection) = request.extensions().get::<Connection>() {
                self.lifecycle.stop_requested(connection.id(), StopReason::StopProvider);
            }
            Ok(Response::new(stop_provider::Response::default()))
        }

        $(async fn $name(&self, _request: Request<$request>) -> Result<Response<$response>, Status> {
            Err(Status::unimplemented("not part of this provider"))
        })*
        }
    };
}

type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

refused! {
        get_metadata: get_metadata::Request => get_metadata::Response,
        validate_resource_config: validate_resource_config::Request => validate_resource_config::Response,
        validate_data_resource_config: validate_data_resource_config::Request => validate_data_resource_config::Response,
        upgrade_resource_state: upgrade_resource_state::Request => upgrade_resource_state::Response,
        get_resource_identity_schemas: get_resource_identity_schemas::Request => get_resource_identity_schemas::Response,
        upgrade_resource_identity: upgrade_resource_identity::Request => upgrade_resource_identity::Response,
        read_resource: read_resource::Request => read_resource::Response,
        plan_resource_change: plan_resource_change::Request => plan_resource_change::Response,
        apply_resource_change: apply_resource_change::Request => apply_resource_change::Response,
        import_resource_state: import_resource_state::Request => import_resource_state::Response,
        move_resource_state: move_resource_state::Request => move_resource_state::Response,
        read_data_source: read_data_source::Request => read_data_source::Response,
        generate_resource_config: generate_resource_config::Request => generate_resource_config::Response,
        validate_ephemeral_resource_config: validate_ephemeral_resource_config::Request => validate_ephemeral_resource_config::Response,
        open_ephemeral_resource: open_ephemeral_resource::Request => open_ephemeral_resource::Response,
        renew_ephemeral_resource: renew_ephemeral_resource::Request => renew_ephemeral_resource::Response,
        close_ephemeral_resource: close_ephemeral_resource::Request => close_ephemeral_resource::Response,
        list_resource: list_resource::Request => Events<list_resource::Event>,
        validate_list_resource_config: validate_list_resource_config::Request => validate_list_resource_config::Response,
        get_functions: get_functions::Request => get_functions::Response,
        call_function: call_function::Request => call_function::Response,
        validate_state_store_config: validate_state_store::Request => validate_state_store::Response,
        configure_state_store: configure_state_store::Request => configure_state_store::Response,
        read_state_bytes: read_state_bytes::Request => Events<read_state_bytes::Response>,
        lock_state: lock_state::Request => lock_state::Response,
        unlock_state: unlock_state::Request => unlock_state::Response,
        get_states: get_states::Request => get_states::Response,
        delete_state: delete_state::Request => delete_state::Response,
        plan_action: plan_action::Request => plan_action::Response,
        invoke_action: invoke_action::Request => Events<invoke_action::Event>,
        validate_action_config: validate_action_config::Request => validate_action_config::Response,
        write_state_bytes: Streaming<write_state_bytes::RequestChunk> => write_state_bytes::Response,
}
