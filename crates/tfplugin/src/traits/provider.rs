//! The trait of a provider.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    DataSource, Diagnostics, EphemeralResource, Function, ListResource, Resource, Schema, Stop,
    Value,
};

/// A provider: its configuration and what it offers.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// What a configured provider block becomes for the resources, such as a client of an API.
    type Client: Send + Sync + 'static;

    /// The schema of the provider block.
    fn schema(&self) -> &Schema;

    /// The managed resources.
    fn resources(&self) -> Vec<Arc<dyn Resource<Self::Client>>>;

    /// The data sources.
    fn data_sources(&self) -> Vec<Arc<dyn DataSource<Self::Client>>> {
        Vec::new()
    }

    /// The ephemeral resources.
    fn ephemeral_resources(&self) -> Vec<Arc<dyn EphemeralResource<Self::Client>>> {
        Vec::new()
    }

    /// The list resources.
    fn list_resources(&self) -> Vec<Arc<dyn ListResource<Self::Client>>> {
        Vec::new()
    }

    /// The functions.
    fn functions(&self) -> Vec<Arc<dyn Function>> {
        Vec::new()
    }

    /// Checks a provider block beyond its schema. Values may be unknown.
    fn validate(&self, _config: &Value, _diags: &mut Diagnostics) {}

    /// Configures the provider. Values may be unknown during a plan. An error stops everything that uses the block. `None`
    /// leaves [`Call::client`] empty.
    async fn configure(&self, config: &Value, diags: &mut Diagnostics) -> Option<Self::Client>;
}

/// What each call of a resource, data source, ephemeral resource or list resource gets.
#[derive(Debug)]
pub struct Call<C> {
    /// The configured client. `None` where core calls a provider that it has not configured.
    pub client: Option<Arc<C>>,
    /// Whether the host asks the call to stop early.
    pub stop: Stop,
}

impl<C> Clone for Call<C> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            stop: self.stop.clone(),
        }
    }
}
