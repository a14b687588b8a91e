//! The schema, the configuration, and all that is no managed resource.

use prost_types::Timestamp;
use tokio_stream::StreamExt;

use super::{
    Bench, Service, call, is_error, names, object, provider::data, received, request, sent,
    summaries,
};
use crate::{
    Type, Value,
    proto::tfplugin6::{
        DynamicValue, ServerCapabilities, call_function, close_ephemeral_resource, get_functions,
        get_metadata, get_provider_schema,
        invoke_action::{self, event},
        list_resource, open_ephemeral_resource, plan_action, read_data_source,
        renew_ephemeral_resource, validate_action_config, validate_data_resource_config,
        validate_ephemeral_resource_config, validate_provider_config,
    },
};

fn named(name: &str) -> Option<DynamicValue> {
    let config = object(&data(), [("name", name.into())]);
    Some(sent(&config, &data().ty()))
}

fn read(name: &str) -> read_data_source::Request {
    read_data_source::Request {
        type_name: "test_data".into(),
        config: named(name),
        ..read_data_source::Request::default()
    }
}

#[tokio::test]
async fn the_schema_lists_everything_and_has_every_block() {
    let bench = Bench::new();
    let schema = call!(bench, get_provider_schema, get_provider_schema::Request {});
    assert!(schema.provider.unwrap().block.is_some());
    let thing = &schema.resource_schemas["test_thing"];
    assert_eq!(thing.version, 2);
    let block = thing.block.as_ref().unwrap();
    assert!(
        block
            .block_types
            .iter()
            .all(|nested| nested.block.is_some())
    );
    assert!(schema.data_source_schemas.contains_key("test_data"));
    assert!(schema.ephemeral_resource_schemas.contains_key("test_token"));
    assert!(schema.list_resource_schemas.contains_key("test_thing"));
    assert!(schema.functions["join"].r#return.is_some());
    let capabilities = ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    };
    assert_eq!(schema.server_capabilities, Some(capabilities));

    let metadata = call!(bench, get_metadata, get_metadata::Request {});
    assert_eq!(metadata.server_capabilities, Some(capabilities));
    assert_eq!(metadata.resources[0].type_name, "test_thing");
    assert_eq!(metadata.ephemeral_resources[0].type_name, "test_token");
    assert_eq!(metadata.list_resources[0].type_name, "test_thing");
    let functions = call!(bench, get_functions, get_functions::Request {});
    assert_eq!(functions.functions, schema.functions);
}

#[tokio::test]
async fn each_connection_has_its_own_configuration_as_long_as_it_lasts() {
    let bench = Bench::new();
    let other = bench.lifecycle.connected();
    assert!(bench.configure(&bench.connection, "here").await.is_empty());
    assert!(bench.configure(&other, "there").await.is_empty());
    let region = |answer: read_data_source::Response| {
        received(&answer.state, &data().ty()).field("value").clone()
    };
    let answer = call!(bench, read_data_source, read("a"));
    assert_eq!(region(answer), "here".into());
    let answer = call!(bench, other, read_data_source, read("a"));
    assert_eq!(region(answer), "there".into());
    // The last configuration holds.
    bench.configure(&bench.connection, "elsewhere").await;
    let answer = call!(bench, read_data_source, read("a"));
    assert_eq!(region(answer), "elsewhere".into());
    drop(other);
    bench.configure(&bench.connection, "here").await;
    assert_eq!(bench.service.clients().len(), 1);
}

#[tokio::test]
async fn a_configuration_with_an_error_leaves_the_provider_unconfigured() {
    let bench = Bench::new();
    bench.configure(&bench.connection, "here").await;
    let diags = bench.configure(&bench.connection, "nowhere").await;
    assert_eq!(names(&diags[0]), ["region"]);
    let answer = call!(bench, read_data_source, read("a"));
    assert_eq!(summaries(&answer.diagnostics), ["Not Configured"]);
    assert!(answer.state.is_none());
}

#[tokio::test]
async fn data_are_all_there_or_an_error() {
    let bench = Bench::new();
    for (name, summary) in [
        ("unknown", "Invalid Data Source Result"),
        ("null", "Invalid Data Source Result"),
        ("wrong", "Invalid Provider Result"),
    ] {
        let answer = call!(bench, read_data_source, read(name));
        assert_eq!(summaries(&answer.diagnostics), [summary]);
        assert!(answer.state.is_none());
    }
}

#[tokio::test]
async fn a_token_is_opened_renewed_and_closed() {
    let bench = Bench::new();
    let open = |name| open_ephemeral_resource::Request {
        type_name: "test_token".into(),
        config: named(name),
        ..open_ephemeral_resource::Request::default()
    };
    let opened = call!(bench, open_ephemeral_resource, open("a"));
    assert_eq!(
        received(&opened.result, &data().ty()).field("value"),
        &"t".into()
    );
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    assert_eq!(opened.renew_at, at(100));
    let message = renew_ephemeral_resource::Request {
        type_name: "test_token".into(),
        private: opened.private.clone(),
    };
    let renewed = call!(bench, renew_ephemeral_resource, message);
    assert_eq!(renewed.renew_at, at(200));
    assert_eq!(renewed.private, opened.private);
    let message = close_ephemeral_resource::Request {
        type_name: "test_token".into(),
        private: renewed.private,
    };
    let closed = call!(bench, close_ephemeral_resource, message);
    assert!(closed.diagnostics.is_empty());

    for name in ["none", "unknown"] {
        let opened = call!(bench, open_ephemeral_resource, open(name));
        assert!(is_error(&opened.diagnostics) && opened.result.is_none());
    }
}

#[tokio::test]
async fn functions_answer_with_a_result_or_an_error_that_names_the_argument() {
    let bench = Bench::new();
    let ask = |arguments: Vec<Value>| call_function::Request {
        name: "join".into(),
        arguments: arguments
            .iter()
            .map(|argument| sent(argument, &Type::String))
            .collect(),
    };
    let answer = call!(
        bench,
        call_function,
        ask(vec!["-".into(), "a".into(), "b".into()])
    );
    assert_eq!(received(&answer.result, &Type::String), "a-b".into());
    assert!(answer.error.is_none());

    let answer = call!(bench, call_function, ask(vec!["-".into(), Value::Unknown]));
    assert_eq!(received(&answer.result, &Type::String), Value::Unknown);

    let failures = [
        (vec!["-".into(), "a".into(), "bad".into()], Some(2)),
        (vec!["-".into(), Value::Null], Some(1)),
        (vec![], None),
        (vec!["-".into(), "panic".into()], None),
    ];
    for (arguments, blamed) in failures {
        let answer = call!(bench, call_function, ask(arguments));
        assert!(answer.result.is_none());
        assert_eq!(answer.error.unwrap().function_argument, blamed);
    }
    let mut unreadable = ask(vec!["-".into(), "a".into()]);
    unreadable.arguments[1].msgpack = b"\x90".to_vec();
    let answer = call!(bench, call_function, unreadable);
    assert_eq!(answer.error.unwrap().function_argument, Some(1));
    let mut unknown = ask(vec![]);
    unknown.name = "split".into();
    let answer = call!(bench, call_function, unknown);
    assert!(answer.error.unwrap().text.contains("\"split\""));
}

#[tokio::test]
async fn the_other_blocks_are_checked_too() {
    let bench = Bench::new();
    let nothing = Some(sent(&object(&data(), []), &data().ty()));
    let message = validate_data_resource_config::Request {
        type_name: "test_data".into(),
        config: nothing.clone(),
    };
    let answer = call!(bench, validate_data_resource_config, message);
    assert_eq!(names(&answer.diagnostics[0]), ["name"]);
    let message = validate_ephemeral_resource_config::Request {
        type_name: "test_token".into(),
        config: nothing,
    };
    let answer = call!(bench, validate_ephemeral_resource_config, message);
    assert_eq!(names(&answer.diagnostics[0]), ["name"]);
    let provider = Type::object([("region", Type::String)]);
    let config = Value::object([("region", Value::Unknown)]);
    let message = validate_provider_config::Request {
        config: Some(sent(&config, &provider)),
    };
    let answer = call!(bench, validate_provider_config, message);
    assert!(answer.diagnostics.is_empty());
}

#[tokio::test]
async fn what_is_not_offered_is_said_to_be_so() {
    let bench = Bench::new();
    let message = list_resource::Request {
        type_name: "test_nothing".into(),
        ..list_resource::Request::default()
    };
    let mut events = call!(bench, list_resource, message);
    let event = events.next().await.unwrap().unwrap();
    assert!(is_error(&event.diagnostic));
    assert!(event.diagnostic[0].detail.contains("\"test_nothing\""));

    let message = invoke_action::Request {
        action_type: "test_do".into(),
        ..invoke_action::Request::default()
    };
    let mut events = call!(bench, invoke_action, message);
    let event = events.next().await.unwrap().unwrap();
    let Some(event::Type::Completed(completed)) = event.r#type else {
        panic!("the end was expected");
    };
    assert!(is_error(&completed.diagnostics));
    let message = plan_action::Request {
        action_type: "test_do".into(),
        ..plan_action::Request::default()
    };
    assert!(is_error(&call!(bench, plan_action, message).diagnostics));
    let message = validate_action_config::Request {
        type_name: "test_do".into(),
        config: None,
    };
    let answer = call!(bench, validate_action_config, message);
    assert!(is_error(&answer.diagnostics));

    let nameless = request(&bench.connection, read("a"));
    let mut nameless = nameless.into_inner();
    nameless.type_name = "test_nothing".into();
    let answer = call!(bench, read_data_source, nameless);
    assert_eq!(summaries(&answer.diagnostics), ["Unknown Type Name"]);
}
