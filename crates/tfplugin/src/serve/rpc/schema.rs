//! What there is: GetMetadata, GetProviderSchema, GetFunctions and the identity schemas.

use super::{Caller, ProviderService, offered::Named};
use crate::{
    Provider, Schema,
    codec::schema,
    proto::tfplugin6::{
        self, ServerCapabilities, get_functions, get_metadata, get_provider_schema,
        get_resource_identity_schemas,
    },
};

impl<P: Provider> ProviderService<P> {
    pub(super) async fn get_metadata(
        &self,
        _caller: Caller,
        _request: get_metadata::Request,
    ) -> get_metadata::Response {
        let type_name = String::clone;
        get_metadata::Response {
            server_capabilities: Some(CAPABILITIES),
            data_sources: self
                .offers
                .data_sources
                .keys()
                .map(type_name)
                .map(|type_name| get_metadata::DataSourceMetadata { type_name })
                .collect(),
            resources: self
                .offers
                .resources
                .keys()
                .map(type_name)
                .map(|type_name| get_metadata::ResourceMetadata { type_name })
                .collect(),
            functions: self
                .offers
                .functions
                .keys()
                .map(|name| get_metadata::FunctionMetadata { name: name.clone() })
                .collect(),
            ephemeral_resources: self
                .offers
                .ephemeral_resources
                .keys()
                .map(type_name)
                .map(|type_name| get_metadata::EphemeralMetadata { type_name })
                .collect(),
            list_resources: self
                .offers
                .list_resources
                .keys()
                .map(type_name)
                .map(|type_name| get_metadata::ListResourceMetadata { type_name })
                .collect(),
            ..get_metadata::Response::default()
        }
    }

    /// Hosts with a schema from another process of ours never ask.
    pub(super) async fn get_provider_schema(
        &self,
        _caller: Caller,
        _request: get_provider_schema::Request,
    ) -> get_provider_schema::Response {
        let offers = &self.offers;
        let answer = self.schema.get_or_init(|| get_provider_schema::Response {
            provider: Some(schema::encode(self.provider.schema())),
            resource_schemas: schemas(&offers.resources, |resource| resource.schema()),
            data_source_schemas: schemas(&offers.data_sources, |source| source.schema()),
            ephemeral_resource_schemas: schemas(&offers.ephemeral_resources, |resource| {
                resource.schema()
            }),
            list_resource_schemas: schemas(&offers.list_resources, |list| list.schema()),
            functions: self.signatures(),
            server_capabilities: Some(CAPABILITIES),
            ..get_provider_schema::Response::default()
        });
        answer.clone()
    }

    pub(super) async fn get_functions(
        &self,
        _caller: Caller,
        _request: get_functions::Request,
    ) -> get_functions::Response {
        get_functions::Response {
            functions: self.signatures(),
            diagnostics: Vec::new(),
        }
    }

    /// Terraform takes any error here for a failure to load the schema.
    pub(super) async fn get_resource_identity_schemas(
        &self,
        _caller: Caller,
        _request: get_resource_identity_schemas::Request,
    ) -> get_resource_identity_schemas::Response {
        let resources = self.offers.resources.iter();
        let identity_schemas = resources.filter_map(|(name, offer)| {
            let schema = offer.thing().identity_schema()?;
            Some((name.clone(), schema::encode_identity(schema)))
        });
        get_resource_identity_schemas::Response {
            identity_schemas: identity_schemas.collect(),
            diagnostics: Vec::new(),
        }
    }

    fn signatures<M: FromIterator<(String, tfplugin6::Function)>>(&self) -> M {
        let functions = self.offers.functions.iter();
        functions
            .map(|(name, function)| (name.clone(), schema::encode_signature(function.signature())))
            .collect()
    }
}

fn schemas<T: ?Sized, M: FromIterator<(String, tfplugin6::Schema)>>(
    offers: &Named<T>,
    schema_of: impl Fn(&T) -> &Schema,
) -> M {
    offers
        .iter()
        .map(|(name, offer)| (name.clone(), schema::encode(schema_of(offer.thing()))))
        .collect()
}

/// What core may rely on: destroys are planned here too, so that they leave their mark; a schema that core has already
/// need not be asked for again.
const CAPABILITIES: ServerCapabilities = ServerCapabilities {
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
    generate_resource_config: true,
};
