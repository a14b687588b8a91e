//! The generated service trait: each call goes to the function of its name, within a span.

use tonic::{Request, Response, Status, Streaming, async_trait};
use tracing::{Instrument, field::Empty};

use super::{Caller, ProviderService, list::Events, unoffered::One};
use crate::{
    Provider,
    proto::tfplugin6::{provider_server::Provider as Service, *},
};

macro_rules! serve {
    ($($rpc:ident: $call:ident($request:ty) -> $response:ty;)*) => {
        #[async_trait]
        impl<P: Provider> Service for ProviderService<P> {
            type ListResourceStream = Events;
            type ReadStateBytesStream = One<read_state_bytes::Response>;
            type InvokeActionStream = One<invoke_action::Event>;

            $(
                async fn $call(
                    &self,
                    request: Request<$request>,
                ) -> Result<Response<$response>, Status> {
                    let span = tracing::info_span!("call", rpc = stringify!($rpc), type_name = Empty);
                    let caller = Caller::of(&request);
                    // The function of the same name on the type itself.
                    let answer = Self::$call(self, caller, request.into_inner());
                    Ok(Response::new(answer.instrument(span).await))
                }
            )*
        }
    };
}

serve! {
    GetMetadata: get_metadata(get_metadata::Request) -> get_metadata::Response;
    GetProviderSchema: get_provider_schema(get_provider_schema::Request) -> get_provider_schema::Response;
    GetFunctions: get_functions(get_functions::Request) -> get_functions::Response;
    GetResourceIdentitySchemas: get_resource_identity_schemas(get_resource_identity_schemas::Request)
        -> get_resource_identity_schemas::Response;
    UpgradeResourceIdentity: upgrade_resource_identity(upgrade_resource_identity::Request)
        -> upgrade_resource_identity::Response;
    ValidateProviderConfig: validate_provider_config(validate_provider_config::Request)
        -> validate_provider_config::Response;
    ValidateResourceConfig: validate_resource_config(validate_resource_config::Request)
        -> validate_resource_config::Response;
    ValidateDataResourceConfig: validate_data_resource_config(validate_data_resource_config::Request)
        -> validate_data_resource_config::Response;
    ValidateEphemeralResourceConfig: validate_ephemeral_resource_config(validate_ephemeral_resource_config::Request)
        -> validate_ephemeral_resource_config::Response;
    ConfigureProvider: configure_provider(configure_provider::Request) -> configure_provider::Response;
    StopProvider: stop_provider(stop_provider::Request) -> stop_provider::Response;
    ReadResource: read_resource(read_resource::Request) -> read_resource::Response;
    PlanResourceChange: plan_resource_change(plan_resource_change::Request) -> plan_resource_change::Response;
    ApplyResourceChange: apply_resource_change(apply_resource_change::Request) -> apply_resource_change::Response;
    UpgradeResourceState: upgrade_resource_state(upgrade_resource_state::Request) -> upgrade_resource_state::Response;
    ImportResourceState: import_resource_state(import_resource_state::Request) -> import_resource_state::Response;
    MoveResourceState: move_resource_state(move_resource_state::Request) -> move_resource_state::Response;
    GenerateResourceConfig: generate_resource_config(generate_resource_config::Request)
        -> generate_resource_config::Response;
    ReadDataSource: read_data_source(read_data_source::Request) -> read_data_source::Response;
    OpenEphemeralResource: open_ephemeral_resource(open_ephemeral_resource::Request)
        -> open_ephemeral_resource::Response;
    RenewEphemeralResource: renew_ephemeral_resource(renew_ephemeral_resource::Request)
        -> renew_ephemeral_resource::Response;
    CloseEphemeralResource: close_ephemeral_resource(close_ephemeral_resource::Request)
        -> close_ephemeral_resource::Response;
    CallFunction: call_function(call_function::Request) -> call_function::Response;
    ListResource: list_resource(list_resource::Request) -> Events;
    ValidateListResourceConfig: validate_list_resource_config(validate_list_resource_config::Request)
        -> validate_list_resource_config::Response;
    ValidateStateStoreConfig: validate_state_store_config(validate_state_store::Request)
        -> validate_state_store::Response;
    ConfigureStateStore: configure_state_store(configure_state_store::Request) -> configure_state_store::Response;
    ReadStateBytes: read_state_bytes(read_state_bytes::Request) -> One<read_state_bytes::Response>;
    WriteStateBytes: write_state_bytes(Streaming<write_state_bytes::RequestChunk>) -> write_state_bytes::Response;
    LockState: lock_state(lock_state::Request) -> lock_state::Response;
    UnlockState: unlock_state(unlock_state::Request) -> unlock_state::Response;
    GetStates: get_states(get_states::Request) -> get_states::Response;
    DeleteState: delete_state(delete_state::Request) -> delete_state::Response;
    PlanAction: plan_action(plan_action::Request) -> plan_action::Response;
    InvokeAction: invoke_action(invoke_action::Request) -> One<invoke_action::Event>;
    ValidateActionConfig: validate_action_config(validate_action_config::Request) -> validate_action_config::Response;
}
