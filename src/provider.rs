//! What the provider offers: its configuration, and a line for each resource, data source, ephemeral resource, list resource and
//! function.

use std::sync::Arc;

use async_trait::async_trait;
use tfplugin::{
    DataSource, Diagnostics, EphemeralResource, Function, ListResource, Provider, Resource, Schema,
    Value,
};

pub use crate::clusters::ProviderData;
use crate::{
    engine::{KindDataSource, KindListResource, KindResource},
    functions::{from_yaml::FromYaml, tbot_config::TbotConfig, to_yaml::ToYaml},
    identity::IdentityResource,
    invite::UserInviteResource,
    kinds::{
        auth_preference::AUTH_PREFERENCE,
        bot::{self, BOT, BotResource},
        child_cluster::ChildClustersDataSource,
        cloud_cluster::CLOUD_CLUSTER,
        provision_token::PROVISION_TOKEN,
        role::ROLE,
        user::USER,
        workload_cluster::WORKLOAD_CLUSTER,
    },
    settings,
};

/// The provider `teleport`.
pub struct Teleport {
    schema: Schema,
    environment: Environment,
}

/// Where environment variables are looked up.
pub type Environment = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Teleport {
    /// The provider, with the environment that stands in for arguments that are not set.
    pub fn new(environment: Environment) -> Self {
        Self {
            schema: settings::schema(),
            environment,
        }
    }
}

#[async_trait]
impl Provider for Teleport {
    type Client = ProviderData;

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn resources(&self) -> Vec<Arc<dyn Resource<ProviderData>>> {
        vec![
            Arc::new(KindResource::new(WORKLOAD_CLUSTER)),
            Arc::new(KindResource::new(ROLE)),
            Arc::new(KindResource::new(USER)),
            Arc::new(KindResource::new(PROVISION_TOKEN)),
            Arc::new(BotResource::new()),
            Arc::new(KindResource::new(AUTH_PREFERENCE)),
            Arc::new(UserInviteResource::new()),
            Arc::new(KindResource::new(CLOUD_CLUSTER)),
        ]
    }

    fn data_sources(&self) -> Vec<Arc<dyn DataSource<ProviderData>>> {
        vec![
            Arc::new(KindDataSource::new(WORKLOAD_CLUSTER)),
            Arc::new(ChildClustersDataSource::new(WORKLOAD_CLUSTER)),
            Arc::new(KindDataSource::new(ROLE)),
            Arc::new(KindDataSource::new(USER)),
            Arc::new(KindDataSource::new(PROVISION_TOKEN)),
            Arc::new(KindDataSource::new(BOT)),
            Arc::new(KindDataSource::new(AUTH_PREFERENCE)),
            Arc::new(KindDataSource::new(CLOUD_CLUSTER)),
            Arc::new(ChildClustersDataSource::new(CLOUD_CLUSTER)),
        ]
    }

    fn ephemeral_resources(&self) -> Vec<Arc<dyn EphemeralResource<ProviderData>>> {
        vec![Arc::new(IdentityResource::new())]
    }

    fn list_resources(&self) -> Vec<Arc<dyn ListResource<ProviderData>>> {
        vec![
            Arc::new(KindListResource::new(WORKLOAD_CLUSTER)),
            Arc::new(KindListResource::new(ROLE)),
            Arc::new(KindListResource::new(USER)),
            Arc::new(KindListResource::new(BOT).completed(bot::found)),
            Arc::new(KindListResource::new(CLOUD_CLUSTER)),
        ]
    }

    fn functions(&self) -> Vec<Arc<dyn Function>> {
        vec![
            Arc::new(FromYaml::new()),
            Arc::new(TbotConfig::new()),
            Arc::new(ToYaml::new()),
        ]
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        settings::validate(config, diagnostics);
    }

    async fn configure(
        &self,
        config: &Value,
        diagnostics: &mut Diagnostics,
    ) -> Option<ProviderData> {
        settings::configure(config, &self.environment, diagnostics)
    }
}
