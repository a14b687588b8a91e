//! Calls on the generated service trait, without sockets.

mod identities;
mod kinds;
mod life;
mod lists;
mod outside;
mod provider;
mod write_only;

use std::{sync::Arc, time::Duration};

use tonic::Request;

use self::provider::{Secrets, Stops, TestProvider};
use super::ProviderService;
use crate::{
    Schema, Type, Value,
    codec::dynamic_value,
    proto::tfplugin6::{
        Diagnostic, DynamicValue, attribute_path::step::Selector, configure_provider, diagnostic,
        provider_server::Provider as Service,
    },
    serve::lifecycle::{ConnectionGuard, Lifecycle},
};

/// Makes a call on a connection, through the generated trait.
macro_rules! call {
    ($bench:expr, $connection:expr, $call:ident, $message:expr) => {
        Service::$call(&*$bench.service, super::request(&$connection, $message))
            .await
            .unwrap()
            .into_inner()
    };
    ($bench:expr, $call:ident, $message:expr) => {
        call!($bench, $bench.connection, $call, $message)
    };
}

use call;

/// A service that one host is connected to.
struct Bench {
    service: Arc<ProviderService<TestProvider>>,
    lifecycle: Lifecycle,
    connection: ConnectionGuard,
    stops: Stops,
    secrets: Secrets,
}

impl Bench {
    fn new() -> Self {
        let lifecycle = Lifecycle::new();
        let provider = TestProvider::new();
        let (stops, secrets) = (provider.stops.clone(), provider.secrets.clone());
        Self {
            service: Arc::new(ProviderService::new(provider, &lifecycle)),
            connection: lifecycle.connected(),
            lifecycle,
            stops,
            secrets,
        }
    }

    async fn configure(&self, connection: &ConnectionGuard, region: &str) -> Vec<Diagnostic> {
        let config = Value::object([("region", region.into())]);
        let message = configure_provider::Request {
            config: Some(sent(&config, &Type::object([("region", Type::String)]))),
            ..configure_provider::Request::default()
        };
        Service::configure_provider(&*self.service, request(connection, message))
            .await
            .unwrap()
            .into_inner()
            .diagnostics
    }
}

fn request<T>(connection: &ConnectionGuard, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .extensions_mut()
        .insert(connection.connection().clone());
    request
}

fn sent(value: &Value, ty: &Type) -> DynamicValue {
    dynamic_value::encode(value, ty).unwrap()
}

fn received(value: &Option<DynamicValue>, ty: &Type) -> Value {
    dynamic_value::decode(value.as_ref(), ty).unwrap()
}

/// An object of the schema in which these attributes are set, the others null and the blocks empty.
fn object<const N: usize>(schema: &Schema, set: [(&str, Value); N]) -> Value {
    let Type::Object(types) = schema.ty() else {
        unreachable!("a block is an object");
    };
    let mut object = Value::object(types.into_keys().map(|name| (name, Value::Null)));
    crate::operations::complete(schema, &mut object);
    for (name, value) in set {
        object.set_field(name, value);
    }
    object
}

fn summaries(diags: &[Diagnostic]) -> Vec<&str> {
    diags
        .iter()
        .map(|diagnostic| diagnostic.summary.as_str())
        .collect()
}

fn is_error(diags: &[Diagnostic]) -> bool {
    diags
        .iter()
        .any(|diagnostic| diagnostic.severity() == diagnostic::Severity::Error)
}

/// The attribute names of the path of a diagnostic.
fn names(diagnostic: &Diagnostic) -> Vec<&str> {
    let steps = diagnostic.attribute.iter().flat_map(|path| &path.steps);
    steps
        .filter_map(|step| match &step.selector {
            Some(Selector::AttributeName(name)) => Some(name.as_str()),
            _ => None,
        })
        .collect()
}

/// No test waits for longer than this.
const PATIENCE: Duration = Duration::from_secs(5);
