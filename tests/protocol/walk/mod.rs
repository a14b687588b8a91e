//! A walk: what Terraform's core does with one provider block, call by call.
//!
//! ```text
//! let walk = Walk::start(&parent).await;                      // process, schema, configuration
//! let planned = walk.plan(&config, &prior).await;             // as core calls it, and checked as core does
//! let made = walk.apply(&config, &prior, &planned).await;
//! walk.shut_down().await;
//! ```
//!
//! Values are JSON, see [`values`]; what an answer says to the person is [`Diags`]. Every walk is a process of its own, as in
//! real runs, unless it is made with [`Walk::over`].

pub(crate) mod diags;
pub(crate) mod parent;
pub(crate) mod schema;
pub(crate) mod values;

use serde_json::{Value as Json, json};
use teleport_simulator::Simulator;
use tfplugin::proto::tfplugin6::{
    ClientCapabilities, DynamicValue, RawState, ResourceIdentityData, apply_resource_change,
    configure_provider, get_provider_schema, import_resource_state, plan_resource_change,
    provider_client::ProviderClient, read_data_source, read_resource, schema::Block, stop_provider,
    upgrade_resource_state, validate_provider_config, validate_resource_config,
};
use tokio::task::JoinHandle;
use tonic::{Status, transport::Channel};

pub(crate) use self::diags::Diags;
use self::values::{from_wire, raw, to_wire};
use crate::host::{End, Host, Process, soon};

/// The resource that all walks are about.
pub(crate) const TYPE_NAME: &str = "teleport_workload_cluster";

/// A creation that goes on.
pub(crate) struct Underway {
    planned: Json,
    work: JoinHandle<Result<Answer, Status>>,
}

/// A provider process and its one provider block.
pub(crate) struct Walk {
    pub(crate) host: Host,
    pub(crate) calls: Calls,
}

/// The calls of a walk. A copy makes the same calls at the same time.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) provider: ProviderClient<Channel>,
    pub(crate) schema: get_provider_schema::Response,
}

/// An object with what is stored beside it. The default is no object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stored {
    pub(crate) object: Json,
    pub(crate) private: Vec<u8>,
    pub(crate) identity: Json,
}

/// A plan.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) object: Json,
    pub(crate) private: Vec<u8>,
    pub(crate) identity: Json,
    pub(crate) replaces: Vec<String>,
    pub(crate) diags: Diags,
}

/// What became of an object.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) stored: Stored,
    pub(crate) diags: Diags,
}

impl Walk {
    /// A provider for this parent, with every right.
    pub(crate) async fn start(simulator: &Simulator) -> Self {
        let walk = Self::unconfigured(simulator).await;
        walk.calls
            .configure(&parent::block(simulator))
            .await
            .nothing();
        walk
    }

    /// A provider that could reach this parent, before its configuration.
    pub(crate) async fn unconfigured(simulator: &Simulator) -> Self {
        Self::over(Host::launch(parent::launch(simulator)).await).await
    }

    /// A provider in a process that was started in some other way.
    pub(crate) async fn over(host: Host) -> Self {
        let calls = Calls::new(host.provider()).await;
        Self { host, calls }
    }

    /// Plans a creation and starts it.
    pub(crate) async fn begin(&self, config: &Json) -> Underway {
        let planned = self.calls.plan(config, &Stored::default()).await;
        planned.diags.no_error();
        let (calls, config) = (self.calls.clone(), config.clone());
        let object = planned.object.clone();
        let work = async move { calls.try_apply(&config, &Stored::default(), &planned).await };
        Underway {
            planned: object,
            work: tokio::spawn(work),
        }
    }

    /// Plans a creation and starts it, until the cluster is waited for.
    pub(crate) async fn begin_to_wait(&mut self, config: &Json) -> Underway {
        let underway = self.begin(config).await;
        self.host
            .process
            .logged("waiting for the workload cluster")
            .await;
        underway
    }

    /// The process, and the connection closed without a word.
    pub(crate) fn hang_up(self) -> Process {
        drop(self.calls);
        self.host.hang_up()
    }

    /// The end of a walk.
    pub(crate) async fn shut_down(self) -> End {
        drop(self.calls);
        self.host.shut_down().await
    }
}

impl Underway {
    /// The answer. One without error obeys core's laws.
    pub(crate) async fn answer(self) -> Answer {
        let answer = soon(self.work).await.unwrap().unwrap();
        if !answer.diags.has_error() {
            schema::assert_conforms(&self.planned, &answer.stored.object);
        }
        answer
    }

    /// There is no answer, since the process is no more.
    pub(crate) async fn breaks_off(self) {
        let answer = soon(self.work).await.unwrap();
        assert!(answer.is_err(), "{answer:?}");
    }

    /// Core is no more, and does not wait for the answer.
    pub(crate) async fn abandon(self) {
        self.work.abort();
        assert!(self.work.await.is_err_and(|error| error.is_cancelled()));
    }
}

impl Calls {
    /// The calls over a connection.
    pub(crate) async fn new(mut provider: ProviderClient<Channel>) -> Self {
        let request = get_provider_schema::Request {};
        let schema = soon(provider.get_provider_schema(request)).await.unwrap();
        let schema = schema.into_inner();
        Diags(schema.diagnostics.clone()).nothing();
        Self { provider, schema }
    }

    /// The schema of the resource.
    pub(crate) fn block(&self) -> &Block {
        self.schema.resource_schemas[TYPE_NAME]
            .block
            .as_ref()
            .unwrap()
    }

    /// The schema of the provider block.
    pub(crate) fn provider_block(&self) -> &Block {
        self.schema
            .provider
            .as_ref()
            .unwrap()
            .block
            .as_ref()
            .unwrap()
    }

    /// Null for what a configuration leaves out.
    pub(crate) fn whole(&self, config: &Json) -> Json {
        schema::whole(self.block(), config)
    }

    /// ValidateProviderConfig.
    pub(crate) async fn validate_provider(&self, config: Option<DynamicValue>) -> Diags {
        let request = validate_provider_config::Request { config };
        let answer = soon(self.provider.clone().validate_provider_config(request)).await;
        Diags(answer.unwrap().into_inner().diagnostics)
    }

    /// ConfigureProvider.
    pub(crate) async fn configure(&self, config: &Json) -> Diags {
        let config = schema::whole(self.provider_block(), config);
        let request = configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: to_wire(&config),
            ..configure_provider::Request::default()
        };
        let answer = soon(self.provider.clone().configure_provider(request)).await;
        Diags(answer.unwrap().into_inner().diagnostics)
    }

    /// ValidateResourceConfig, with any bytes.
    pub(crate) async fn validate_raw(&self, config: Option<DynamicValue>) -> Diags {
        let request = validate_resource_config::Request {
            type_name: TYPE_NAME.to_owned(),
            config,
            client_capabilities: capabilities(),
        };
        let answer = soon(self.provider.clone().validate_resource_config(request)).await;
        Diags(answer.unwrap().into_inner().diagnostics)
    }

    /// ValidateResourceConfig.
    pub(crate) async fn validate(&self, config: &Json) -> Diags {
        self.validate_raw(to_wire(&self.whole(config))).await
    }

    /// UpgradeResourceState, with the JSON of the state.
    pub(crate) async fn upgrade(&self, version: i64, state: &Json) -> (Json, Diags) {
        let request = upgrade_resource_state::Request {
            type_name: TYPE_NAME.to_owned(),
            version,
            raw_state: Some(RawState {
                json: state.to_string().into_bytes(),
                ..RawState::default()
            }),
        };
        let answer = soon(self.provider.clone().upgrade_resource_state(request)).await;
        let answer = answer.unwrap().into_inner();
        (from_wire(answer.upgraded_state), Diags(answer.diagnostics))
    }

    /// ImportResourceState, by an id.
    pub(crate) async fn import(&self, id: &str) -> (Option<Stored>, Diags) {
        let id = id.to_owned();
        self.import_by(import_resource_state::Request {
            id,
            ..import_resource_state::Request::default()
        })
        .await
    }

    /// ImportResourceState, by an identity.
    pub(crate) async fn import_by_identity(&self, identity: &Json) -> (Option<Stored>, Diags) {
        let identity = identity_to_wire(identity);
        self.import_by(import_resource_state::Request {
            identity,
            ..import_resource_state::Request::default()
        })
        .await
    }

    async fn import_by(
        &self,
        mut request: import_resource_state::Request,
    ) -> (Option<Stored>, Diags) {
        request.type_name = TYPE_NAME.to_owned();
        let answer = soon(self.provider.clone().import_resource_state(request)).await;
        let answer = answer.unwrap().into_inner();
        let mut imported = answer.imported_resources.into_iter().map(|imported| {
            assert_eq!(imported.type_name, TYPE_NAME);
            Stored {
                object: from_wire(imported.state),
                private: imported.private,
                identity: identity_from_wire(imported.identity),
            }
        });
        let first = imported.next();
        assert_eq!(imported.next(), None);
        (first, Diags(answer.diagnostics))
    }

    /// ReadResource.
    pub(crate) async fn read(&self, stored: &Stored) -> Answer {
        let request = read_resource::Request {
            type_name: TYPE_NAME.to_owned(),
            current_state: to_wire(&stored.object),
            private: stored.private.clone(),
            current_identity: identity_to_wire(&stored.identity),
            client_capabilities: capabilities(),
            ..read_resource::Request::default()
        };
        let answer = soon(self.provider.clone().read_resource(request)).await;
        let answer = answer.unwrap().into_inner();
        Answer {
            stored: Stored {
                object: from_wire(answer.new_state),
                private: answer.private,
                identity: identity_from_wire(answer.new_identity),
            },
            diags: Diags(answer.diagnostics),
        }
    }

    /// ReadDataSource.
    pub(crate) async fn read_data(&self, type_name: &str, config: &Json) -> (Json, Diags) {
        let schema = &self.schema.data_source_schemas[type_name];
        let config = schema::whole(schema.block.as_ref().unwrap(), config);
        let request = read_data_source::Request {
            type_name: type_name.to_owned(),
            config: to_wire(&config),
            ..read_data_source::Request::default()
        };
        let answer = soon(self.provider.clone().read_data_source(request)).await;
        let answer = answer.unwrap().into_inner();
        (from_wire(answer.state), Diags(answer.diagnostics))
    }

    /// PlanResourceChange, as core calls it: its proposal goes along, and the answer obeys its laws.
    pub(crate) async fn plan(&self, config: &Json, prior: &Stored) -> Planned {
        let config = self.whole(config);
        let proposed = schema::proposed(self.block(), &config, &prior.object);
        let request = plan_resource_change::Request {
            type_name: TYPE_NAME.to_owned(),
            prior_state: to_wire(&prior.object),
            proposed_new_state: to_wire(&proposed),
            config: to_wire(&config),
            prior_private: prior.private.clone(),
            prior_identity: identity_to_wire(&prior.identity),
            client_capabilities: capabilities(),
            ..plan_resource_change::Request::default()
        };
        let answer = soon(self.provider.clone().plan_resource_change(request)).await;
        let answer = answer.unwrap().into_inner();
        assert!(!answer.legacy_type_system);
        assert_eq!(answer.deferred, None);
        let planned = Planned {
            object: from_wire(answer.planned_state),
            private: answer.planned_private,
            identity: identity_from_wire(answer.planned_identity),
            replaces: answer.requires_replace.iter().map(diags::dotted).collect(),
            diags: Diags(answer.diagnostics),
        };
        if config.is_null() {
            assert_eq!(planned.object, Json::Null);
        } else {
            schema::assert_plan_valid(self.block(), &config, &planned.object);
        }
        planned
    }

    /// ApplyResourceChange, as core calls it. An answer without error obeys its laws.
    pub(crate) async fn apply(&self, config: &Json, prior: &Stored, planned: &Planned) -> Answer {
        let answer = soon(self.try_apply(config, prior, planned)).await.unwrap();
        if !answer.diags.has_error() {
            schema::assert_conforms(&planned.object, &answer.stored.object);
        }
        answer
    }

    /// ApplyResourceChange where the answer may never come.
    async fn try_apply(
        &self,
        config: &Json,
        prior: &Stored,
        planned: &Planned,
    ) -> Result<Answer, Status> {
        let request = apply_resource_change::Request {
            type_name: TYPE_NAME.to_owned(),
            prior_state: to_wire(&prior.object),
            planned_state: to_wire(&planned.object),
            config: to_wire(&self.whole(config)),
            planned_private: planned.private.clone(),
            planned_identity: identity_to_wire(&planned.identity),
            ..apply_resource_change::Request::default()
        };
        let answer = self.provider.clone().apply_resource_change(request).await;
        let answer = answer?.into_inner();
        assert!(!answer.legacy_type_system);
        Ok(Answer {
            stored: Stored {
                object: from_wire(answer.new_state),
                private: answer.private,
                identity: identity_from_wire(answer.new_identity),
            },
            diags: Diags(answer.diagnostics),
        })
    }

    /// The delete half of a replacement, or a deletion: [`apply`](Self::apply) with the private bytes of some plan.
    pub(crate) async fn delete(&self, prior: &Stored, private: &[u8]) -> Answer {
        let planned = Planned {
            object: Json::Null,
            private: private.to_vec(),
            identity: prior.identity.clone(),
            replaces: Vec::new(),
            diags: Diags(Vec::new()),
        };
        self.apply(&Json::Null, prior, &planned).await
    }

    /// A plan and its apply, one after the other as in the second half of a run. Both must be without error.
    pub(crate) async fn change(&self, config: &Json, prior: &Stored) -> Stored {
        let planned = self.plan(config, prior).await;
        planned.diags.no_error();
        let answer = self.apply(config, prior, &planned).await;
        answer.diags.no_error();
        answer.stored
    }

    /// StopProvider.
    pub(crate) async fn stop(&self) {
        let request = stop_provider::Request {};
        let answer = soon(self.provider.clone().stop_provider(request)).await;
        assert_eq!(answer.unwrap().into_inner().error, "");
    }
}

/// The configuration of a workload cluster.
pub(crate) fn cluster(name: &str) -> Json {
    json!({
        "version": "v1",
        "metadata": { "name": name },
        "spec": {
            "regions": [{ "name": "us-west-2" }],
            "bot": { "name": "terraform" },
            "token": { "join_method": "iam", "allow": [{ "aws_account": "123456789012" }] },
        },
    })
}

/// The same with another value at a place, such as `/spec/bot/name`, whose parent is there.
pub(crate) fn with(mut config: Json, pointer: &str, value: Json) -> Json {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    config.pointer_mut(parent).unwrap()[name] = value;
    config
}

/// Bytes that are no value.
pub(crate) fn nonsense() -> Option<DynamicValue> {
    Some(raw(vec![0xc1]))
}

/// Core sends no identity where it has none.
fn identity_to_wire(identity: &Json) -> Option<ResourceIdentityData> {
    (!identity.is_null()).then(|| ResourceIdentityData {
        identity_data: to_wire(identity),
    })
}

fn identity_from_wire(identity: Option<ResourceIdentityData>) -> Json {
    from_wire(identity.and_then(|identity| identity.identity_data))
}

fn capabilities() -> Option<ClientCapabilities> {
    Some(ClientCapabilities {
        write_only_attributes_allowed: true,
        ..ClientCapabilities::default()
    })
}
