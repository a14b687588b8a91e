//! The provider, driven as Terraform drives it.

use futures_util::{StreamExt, stream};
use nix::unistd::Pid;
use serde_json::{Map, Value as Json};
use terraform_provider_teleport::provider::Teleport;
use tfplugin::{
    Provider, Type, Value,
    codec::dynamic_value::{decode, encode, null},
    proto::tfplugin6::{self as tf, DynamicValue, RawState, provider_client::ProviderClient},
};
use tonic::transport::Channel;

use super::{
    cloud::{self, Cloud},
    host::{Host, Launch},
    machine,
};

/// A provider that is configured for a simulated Teleport Cloud.
pub(crate) struct Plugin {
    host: Host,
    ty: Type,
}

/// A workload cluster as the state holds it.
pub(crate) struct Stored {
    state: Value,
    private: Vec<u8>,
}

impl Stored {
    /// The object as a state file holds it.
    pub(crate) fn json(&self) -> Json {
        json(&self.state)
    }

    /// The configuration that the object fulfils: nothing in it that the provider or the server gives.
    fn config(&self) -> Value {
        let mut config = self.state.clone();
        for name in ["id", "kind", "ready", "status"] {
            config.set_field(name, Value::Null);
        }
        let metadata = config
            .as_fields_mut()
            .and_then(|fields| fields.get_mut("metadata"));
        metadata.unwrap().set_field("revision", Value::Null);
        config
    }
}

impl Plugin {
    /// Starts and configures it.
    pub(crate) async fn start(cloud: &Cloud) -> Self {
        let host = Host::launch(
            Launch::program(machine::provider()).variable("SSL_CERT_FILE", cloud.ca_file()),
        )
        .await;
        schema(&host).await;
        let teleport = Teleport::new(Box::new(|_| None));
        let ty = teleport.schema().ty();
        let mut config = nulls(&ty);
        config.set_field("addr", cloud.address().into());
        config.set_field("identity_file_path", cloud.identity_file().into());
        let request = tf::configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: Some(encode(&config, &ty).unwrap()),
            ..Default::default()
        };
        let answer = host.provider().configure_provider(request).await.unwrap();
        assert_eq!(answer.into_inner().diagnostics, []);
        let resources = teleport.resources();
        let resource = resources
            .iter()
            .find(|resource| resource.type_name() == TYPE_NAME)
            .unwrap();
        Self {
            host,
            ty: resource.schema().ty(),
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.host.process.pid()
    }

    /// Ends it as Terraform does.
    pub(crate) async fn end(self) {
        self.host.shut_down().await;
    }

    /// Imports clusters, as many at once as Terraform does, and ends.
    pub(crate) async fn import_all(self, names: &[String]) -> Vec<Stored> {
        let imports = stream::iter(names)
            .map(|name| self.import(name))
            .buffered(AT_ONCE);
        let stored = imports.collect().await;
        self.end().await;
        stored
    }

    /// Refreshes and plans objects, as many at once as Terraform does. Nothing may come of it.
    pub(crate) async fn refresh_all(&self, stored: &[Stored]) {
        let refreshes = stream::iter(stored)
            .map(|stored| self.refresh(stored))
            .buffered(AT_ONCE);
        refreshes.collect::<()>().await;
    }

    /// Creates a cluster, and returns once the provider says that it is there.
    pub(crate) async fn create(&self, name: &str) {
        let config = self.new_cluster(name);
        let request = tf::plan_resource_change::Request {
            type_name: TYPE_NAME.to_owned(),
            prior_state: Some(null()),
            proposed_new_state: Some(self.encode(&config)),
            config: Some(self.encode(&config)),
            ..Default::default()
        };
        let plan = self
            .client()
            .plan_resource_change(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(plan.diagnostics, []);
        let request = tf::apply_resource_change::Request {
            type_name: TYPE_NAME.to_owned(),
            prior_state: Some(null()),
            planned_state: plan.planned_state,
            config: Some(self.encode(&config)),
            planned_private: plan.planned_private,
            ..Default::default()
        };
        let answer = self
            .client()
            .apply_resource_change(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.diagnostics, []);
        assert_eq!(self.decode(answer.new_state).field("ready"), &true.into());
    }

    async fn import(&self, name: &str) -> Stored {
        let request = tf::import_resource_state::Request {
            type_name: TYPE_NAME.to_owned(),
            id: name.to_owned(),
            ..Default::default()
        };
        let answer = self
            .client()
            .import_resource_state(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.diagnostics, []);
        let imported = answer.imported_resources.into_iter().next().unwrap();
        let read = self.read(imported.state, imported.private).await;
        Stored {
            state: self.decode(read.new_state),
            private: read.private,
        }
    }

    async fn refresh(&self, stored: &Stored) {
        let raw = RawState {
            json: stored.json().to_string().into_bytes(),
            ..Default::default()
        };
        let request = tf::upgrade_resource_state::Request {
            type_name: TYPE_NAME.to_owned(),
            raw_state: Some(raw),
            ..Default::default()
        };
        let upgraded = self
            .client()
            .upgrade_resource_state(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(upgraded.diagnostics, []);
        let read = self
            .read(upgraded.upgraded_state, stored.private.clone())
            .await;
        let config = self.encode(&stored.config());
        let request = tf::validate_resource_config::Request {
            type_name: TYPE_NAME.to_owned(),
            config: Some(config.clone()),
            ..Default::default()
        };
        let validated = self
            .client()
            .validate_resource_config(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(validated.diagnostics, []);
        let request = tf::plan_resource_change::Request {
            type_name: TYPE_NAME.to_owned(),
            prior_state: read.new_state.clone(),
            proposed_new_state: read.new_state,
            config: Some(config),
            prior_private: read.private,
            ..Default::default()
        };
        let plan = self
            .client()
            .plan_resource_change(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(plan.diagnostics, []);
        assert_eq!(self.decode(plan.planned_state), stored.state);
    }

    async fn read(
        &self,
        state: Option<DynamicValue>,
        private: Vec<u8>,
    ) -> tf::read_resource::Response {
        let request = tf::read_resource::Request {
            type_name: TYPE_NAME.to_owned(),
            current_state: state,
            private,
            ..Default::default()
        };
        let answer = self
            .client()
            .read_resource(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.diagnostics, []);
        answer
    }

    fn new_cluster(&self, name: &str) -> Value {
        let object = |ty: &Type, fields: &[(&str, Value)]| {
            let mut object = nulls(ty);
            for (name, value) in fields {
                object.set_field(name, value.clone());
            }
            object
        };
        let attribute = |name| match &self.ty {
            Type::Object(attributes) => &attributes[name],
            other => panic!("{other} must be an object"),
        };
        let spec = serde_json::to_value(cloud::spec()).unwrap();
        object(
            &self.ty,
            &[
                (
                    "metadata",
                    object(attribute("metadata"), &[("name", name.into())]),
                ),
                ("spec", value(&spec)),
            ],
        )
    }

    fn client(&self) -> ProviderClient<Channel> {
        self.host.provider()
    }

    fn encode(&self, value: &Value) -> DynamicValue {
        encode(value, &self.ty).unwrap()
    }

    fn decode(&self, value: Option<DynamicValue>) -> Value {
        decode(value.as_ref(), &self.ty).unwrap()
    }
}

/// Asks for the schema.
pub(crate) async fn schema(host: &Host) {
    let request = tf::get_provider_schema::Request {};
    let answer = host
        .provider()
        .get_provider_schema(request)
        .await
        .unwrap()
        .into_inner();
    assert!(answer.resource_schemas.contains_key(TYPE_NAME));
}

/// An object in which everything is null.
fn nulls(ty: &Type) -> Value {
    match ty {
        Type::Object(attributes) => {
            Value::object(attributes.keys().map(|name| (name.as_str(), Value::Null)))
        }
        other => panic!("{other} must be an object"),
    }
}

/// A value as JSON. There are no numbers in workload clusters.
fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::String(text) => Json::String(text.clone()),
        Value::List(elements) => Json::Array(elements.iter().map(json).collect()),
        Value::Object(fields) | Value::Map(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| (name.clone(), json(value)));
            Json::Object(fields.collect::<Map<_, _>>())
        }
        other => panic!("{other:?} must not be in a workload cluster"),
    }
}

/// JSON as a value, where its objects are objects.
fn value(json: &Json) -> Value {
    match json {
        Json::String(text) => text.as_str().into(),
        Json::Array(elements) => Value::List(elements.iter().map(value).collect()),
        Json::Object(fields) => Value::object(
            fields
                .iter()
                .map(|(name, json)| (name.as_str(), value(json))),
        ),
        other => panic!("{other} must not be in a spec"),
    }
}

const TYPE_NAME: &str = "teleport_workload_cluster";
/// Terraform's -parallelism.
const AT_ONCE: usize = 10;
