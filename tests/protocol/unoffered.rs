//! Calls about what the provider does not offer. Core does not make them, since nothing of it is advertised; who makes them
//! all the same gets an honest answer, and never the end of the process.

use tfplugin::proto::tfplugin6::{
    Diagnostic, call_function, close_ephemeral_resource, configure_state_store, delete_state,
    generate_resource_config, get_functions, get_metadata, get_resource_identity_schemas,
    get_states, import_resource_state, invoke_action, list_resource, lock_state,
    move_resource_state, open_ephemeral_resource, plan_action, plan_resource_change,
    read_data_source, read_state_bytes, renew_ephemeral_resource, unlock_state,
    validate_action_config, validate_ephemeral_resource_config, validate_list_resource_config,
    validate_resource_config, validate_state_store, write_state_bytes,
};

use crate::{
    host::{Host, soon},
    walk::{
        Diags, Stored, TYPE_NAME, Walk, cluster, parent,
        values::{from_wire, to_wire},
    },
};

const NAME: &str = "teleport_nothing";

fn name() -> String {
    NAME.to_owned()
}

/// One error, which names what there is not.
#[track_caller]
fn not_offered(sort: &str, diagnostics: Vec<Diagnostic>) {
    Diags(diagnostics).error(&[&format!("offers no {sort} named {NAME:?}")]);
}

/// The answer to a call, which is never an error of gRPC.
macro_rules! answer {
    ($provider:expr, $rpc:ident($request:expr)) => {
        soon($provider.$rpc($request)).await.unwrap().into_inner()
    };
}

/// The one message of a stream of answers.
macro_rules! one {
    ($provider:expr, $rpc:ident($request:expr)) => {{
        let mut stream = answer!($provider, $rpc($request));
        let first = soon(stream.message()).await.unwrap().unwrap();
        assert_eq!(soon(stream.message()).await.unwrap(), None);
        first
    }};
}

#[tokio::test]
async fn only_what_there_is_is_advertised() {
    let walk = Walk::over(Host::start().await).await;
    let schema = &walk.calls.schema;
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let resources = [
        "teleport_auth_preference",
        "teleport_bot",
        "teleport_cloud_cluster",
        "teleport_provision_token",
        "teleport_role",
        "teleport_user",
        "teleport_user_invite",
        TYPE_NAME,
    ];
    let data_sources = [
        "teleport_auth_preference",
        "teleport_bot",
        "teleport_cloud_cluster",
        "teleport_cloud_clusters",
        "teleport_provision_token",
        "teleport_role",
        "teleport_user",
        TYPE_NAME,
        "teleport_workload_clusters",
    ];
    let found = schema.resource_schemas.keys().cloned().collect();
    assert_eq!(sorted(found), resources);
    let found = schema.data_source_schemas.keys().cloned().collect();
    assert_eq!(sorted(found), data_sources);
    let ephemeral = ["teleport_identity"];
    let functions = ["from_yaml", "tbot_config", "to_yaml"];
    let found = schema.functions.keys().cloned().collect();
    assert_eq!(sorted(found), functions);
    assert!(schema.ephemeral_resource_schemas.keys().eq(ephemeral));
    let lists = [
        "teleport_bot",
        "teleport_cloud_cluster",
        "teleport_role",
        "teleport_user",
        TYPE_NAME,
    ];
    let found = schema.list_resource_schemas.keys().cloned().collect();
    assert_eq!(sorted(found), lists);
    assert!(schema.action_schemas.is_empty());
    assert!(schema.state_store_schemas.is_empty());
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.move_resource_state);

    let mut provider = walk.calls.provider.clone();
    let metadata = answer!(provider, get_metadata(get_metadata::Request {}));
    let found = metadata.resources.into_iter().map(|found| found.type_name);
    assert_eq!(sorted(found.collect()), resources);
    let found = (metadata.data_sources.into_iter()).map(|found| found.type_name);
    assert_eq!(sorted(found.collect()), data_sources);
    assert_eq!(metadata.server_capabilities, Some(capabilities));
    let found = metadata.ephemeral_resources.into_iter();
    assert!(found.map(|found| found.type_name).eq(ephemeral));
    let found = metadata.functions.into_iter();
    assert_eq!(sorted(found.map(|found| found.name).collect()), functions);
    let found = metadata.list_resources.into_iter();
    assert_eq!(sorted(found.map(|found| found.type_name).collect()), lists);
    assert!(metadata.actions.is_empty());
    let answer = answer!(provider, get_functions(get_functions::Request {}));
    let found = answer.functions.keys().cloned().collect();
    assert_eq!(sorted(found), functions);
    assert!(answer.diagnostics.is_empty());
    let request = get_resource_identity_schemas::Request {};
    let identities = answer!(provider, get_resource_identity_schemas(request));
    // The name of a join token can be a secret, and the link of an invite is one.
    let without = ["teleport_provision_token", "teleport_user_invite"];
    let with: Vec<_> = (resources.into_iter())
        .filter(|name| !without.contains(name))
        .collect();
    assert_eq!(
        sorted(identities.identity_schemas.into_keys().collect()),
        with
    );
    assert!(identities.diagnostics.is_empty());
    drop(provider);
    walk.shut_down().await;
}

#[tokio::test]
async fn unknown_types_are_named() {
    let host = Host::start().await;
    let mut provider = host.provider();
    let request = validate_resource_config::Request {
        type_name: name(),
        ..Default::default()
    };
    let answer = answer!(provider, validate_resource_config(request));
    not_offered("resource", answer.diagnostics);
    let request = plan_resource_change::Request {
        type_name: name(),
        ..Default::default()
    };
    let answer = answer!(provider, plan_resource_change(request));
    not_offered("resource", answer.diagnostics);
    let request = import_resource_state::Request {
        type_name: name(),
        id: name(),
        ..Default::default()
    };
    let answer = answer!(provider, import_resource_state(request));
    not_offered("resource", answer.diagnostics);
    let request = read_data_source::Request {
        type_name: name(),
        ..Default::default()
    };
    let answer = answer!(provider, read_data_source(request));
    not_offered("data source", answer.diagnostics);
    host.shut_down().await;
}

#[tokio::test]
async fn unknown_ephemeral_resources_and_functions_are_named() {
    let host = Host::start().await;
    let mut provider = host.provider();
    let sort = "ephemeral resource";
    let request = validate_ephemeral_resource_config::Request {
        type_name: name(),
        ..Default::default()
    };
    let answer = answer!(provider, validate_ephemeral_resource_config(request));
    not_offered(sort, answer.diagnostics);
    let request = open_ephemeral_resource::Request {
        type_name: name(),
        ..Default::default()
    };
    let answer = answer!(provider, open_ephemeral_resource(request));
    not_offered(sort, answer.diagnostics);
    let request = renew_ephemeral_resource::Request {
        type_name: name(),
        private: Some(b"kept".to_vec()),
    };
    let answer = answer!(provider, renew_ephemeral_resource(request));
    not_offered(sort, answer.diagnostics);
    assert_eq!(answer.private.as_deref(), Some(b"kept".as_slice()));
    let request = close_ephemeral_resource::Request {
        type_name: name(),
        ..Default::default()
    };
    let answer = answer!(provider, close_ephemeral_resource(request));
    not_offered(sort, answer.diagnostics);
    let request = call_function::Request {
        name: name(),
        ..Default::default()
    };
    let answer = answer!(provider, call_function(request));
    assert!(answer.error.unwrap().text.contains(NAME));
    assert_eq!(answer.result, None);
    host.shut_down().await;
}

#[tokio::test]
async fn unknown_list_resources_are_named_and_there_are_no_actions() {
    let host = Host::start().await;
    let mut provider = host.provider();
    let request = list_resource::Request {
        type_name: name(),
        ..Default::default()
    };
    let event = one!(provider, list_resource(request));
    not_offered("list resource", event.diagnostic);
    let request = validate_list_resource_config::Request {
        type_name: name(),
        ..Default::default()
    };
    let answer = answer!(provider, validate_list_resource_config(request));
    not_offered("list resource", answer.diagnostics);

    let request = validate_action_config::Request {
        type_name: name(),
        ..Default::default()
    };
    let answer = answer!(provider, validate_action_config(request));
    not_offered("action", answer.diagnostics);
    let request = plan_action::Request {
        action_type: name(),
        ..Default::default()
    };
    let answer = answer!(provider, plan_action(request));
    not_offered("action", answer.diagnostics);
    let request = invoke_action::Request {
        action_type: name(),
        ..Default::default()
    };
    let event = one!(provider, invoke_action(request));
    let Some(invoke_action::event::Type::Completed(end)) = event.r#type else {
        panic!("{event:?}")
    };
    not_offered("action", end.diagnostics);
    host.shut_down().await;
}

#[tokio::test]
async fn there_are_no_state_stores() {
    let host = Host::start().await;
    let mut provider = host.provider();
    let sort = "state store";
    macro_rules! store {
        ($($rpc:ident: $request:ty;)*) => {$(
            let request = <$request>::default();
            let answer = answer!(provider, $rpc({
                let mut request = request;
                request.type_name = name();
                request
            }));
            not_offered(sort, answer.diagnostics);
        )*};
    }
    store! {
        validate_state_store_config: validate_state_store::Request;
        configure_state_store: configure_state_store::Request;
        lock_state: lock_state::Request;
        unlock_state: unlock_state::Request;
        get_states: get_states::Request;
        delete_state: delete_state::Request;
    }
    let request = read_state_bytes::Request {
        type_name: name(),
        ..Default::default()
    };
    let answer = one!(provider, read_state_bytes(request));
    not_offered(sort, answer.diagnostics);
    let chunk = write_state_bytes::RequestChunk {
        meta: Some(tfplugin::proto::tfplugin6::RequestChunkMeta {
            type_name: name(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let chunks = vec![chunk, write_state_bytes::RequestChunk::default()];
    let answer = answer!(
        provider,
        write_state_bytes(futures_util::stream::iter(chunks))
    );
    not_offered(sort, answer.diagnostics);
    host.shut_down().await;
}

#[tokio::test]
async fn clusters_of_the_official_provider_can_be_moved_here_and_no_others() {
    let host = Host::start().await;
    let mut provider = host.provider();
    let config = cluster("team-a");
    let moved = |address: &str, type_name: &str| move_resource_state::Request {
        source_provider_address: address.to_owned(),
        source_type_name: type_name.to_owned(),
        source_state: Some(tfplugin::proto::tfplugin6::RawState {
            json: config.to_string().into_bytes(),
            ..Default::default()
        }),
        source_private: b"of another provider".to_vec(),
        target_type_name: TYPE_NAME.to_owned(),
        ..Default::default()
    };
    let official = "registry.terraform.io/gravitational/teleport";
    let answer = answer!(provider, move_resource_state(moved(official, TYPE_NAME)));
    assert!(answer.diagnostics.is_empty(), "{:?}", answer.diagnostics);
    let object = from_wire(answer.target_state);
    assert_eq!(object["spec"]["regions"], config["spec"]["regions"]);
    assert_eq!(answer.target_private, b"");
    for (address, type_name) in [
        (official, "teleport_role"),
        ("registry.terraform.io/a/b", TYPE_NAME),
    ] {
        let answer = answer!(provider, move_resource_state(moved(address, type_name)));
        Diags(answer.diagnostics).error(&["Move Not Supported", address, type_name]);
        assert_eq!(answer.target_state, None);
    }
    host.shut_down().await;
}

#[tokio::test]
async fn a_configuration_is_made_of_a_state() {
    let parent = parent::quick().await;
    let walk = Walk::start(&parent).await;
    let made = walk
        .calls
        .change(&cluster("team-a"), &Stored::default())
        .await;
    let request = generate_resource_config::Request {
        type_name: TYPE_NAME.to_owned(),
        state: to_wire(&made.object),
    };
    let mut provider = walk.calls.provider.clone();
    let answer = answer!(provider, generate_resource_config(request));
    assert!(answer.diagnostics.is_empty(), "{:?}", answer.diagnostics);
    let config = from_wire(answer.config);
    assert_eq!(config["metadata"]["name"], "team-a");
    assert!(config["metadata"]["revision"].is_null());
    assert!(
        config["status"].is_null() && config["id"].is_null(),
        "{config:#}"
    );
    walk.calls.validate(&config).await.nothing();
    let planned = walk.calls.plan(&config, &made).await;
    assert_eq!(planned.object, made.object, "it is the same cluster");
    drop(provider);
    walk.shut_down().await;
}
