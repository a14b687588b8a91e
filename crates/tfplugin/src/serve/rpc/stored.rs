//! Objects that come from outside: UpgradeResourceState, UpgradeResourceIdentity, MoveResourceState, ImportResourceState,
//! and GenerateResourceConfig, which makes configurations of them.

use serde_json::Value as Json;

use super::{Caller, ProviderService, answers};
use crate::{
    Diagnostics, Imported, Private, Provider, Schema, Type, Value,
    codec::{
        diagnostics,
        json::{self, UnknownAttributes},
    },
    operations::{self, ImportBy},
    proto::tfplugin6::{
        RawState, generate_resource_config, import_resource_state, move_resource_state,
        upgrade_resource_identity, upgrade_resource_state,
    },
    upgrade,
};

impl<P: Provider> ProviderService<P> {
    /// Comes for every stored object in every plan, whatever its version. Core itself refuses versions newer than ours.
    pub(super) async fn upgrade_resource_state(
        &self,
        caller: Caller,
        request: upgrade_resource_state::Request,
    ) -> upgrade_resource_state::Response {
        let upgrade = async {
            let found = self.resource(&request.type_name)?;
            let stored = raw(request.raw_state.as_ref())?;
            let resource = found.thing.clone();
            let upgraded = self
                .work(&caller, move |_call| async move {
                    let (name, schema) = (resource.type_name(), resource.schema());
                    upgrade::upgrade(name, schema, request.version, stored)
                })
                .await??;
            let state = from_json(&upgraded, found.thing.schema(), &found.ty)?;
            let state = answers::write("upgraded object", &state, &found.ty)?;
            Ok((state, Diagnostics::new()))
        };
        let (upgraded_state, diags) = parts(upgrade.await);
        upgrade_resource_state::Response {
            upgraded_state,
            diagnostics: diagnostics::encode(diags),
        }
    }

    /// Terraform asks this of a provider that is not configured.
    pub(super) async fn move_resource_state(
        &self,
        caller: Caller,
        request: move_resource_state::Request,
    ) -> move_resource_state::Response {
        let take = async {
            let found = self.resource(&request.target_type_name)?;
            let resource = found.thing.clone();
            let (provider, type_name) = (
                request.source_provider_address.clone(),
                request.source_type_name.clone(),
            );
            let found_move = self
                .work(&caller, move |_call| async move {
                    resource.moves_from(&provider, &type_name)
                })
                .await?;
            let Some(how) = found_move else {
                return Err(answers::error(
                    "Move Not Supported",
                    format!(
                        "A {} of the provider {} cannot become a {}. Use a `removed` block and an `import` block instead \
                         of the `moved` block.",
                        request.source_type_name,
                        request.source_provider_address,
                        request.target_type_name,
                    ),
                ));
            };
            let json = raw(request.source_state.as_ref())?;
            let private = Private::from_bytes(&request.source_private);
            let (json, private) = self
                .work(&caller, move |_call| async move {
                    ((how.state)(json), (how.private)(private))
                })
                .await?;
            let state = from_json(&json, found.thing.schema(), &found.ty)?;
            let identity = answers::identity_of(&*found.thing, &state, &private)?;
            let state = answers::write("moved object", &state, &found.ty)?;
            Ok(((state, identity, private.to_bytes()), Diagnostics::new()))
        };
        let (target, diags) = parts(take.await);
        let (target_state, target_identity, target_private) = match target {
            Some((state, identity, private)) => (Some(state), identity, private),
            None => (None, None, Vec::new()),
        };
        move_resource_state::Response {
            target_state,
            target_identity,
            target_private,
            diagnostics: diagnostics::encode(diags),
        }
    }

    pub(super) async fn import_resource_state(
        &self,
        caller: Caller,
        request: import_resource_state::Request,
    ) -> import_resource_state::Response {
        let import = async {
            let found = self.resource(&request.type_name)?;
            let identity = request.identity.as_ref();
            let by = match identity.filter(|_| request.id.is_empty()) {
                None => ImportBy::Id(request.id),
                Some(identity) => ImportBy::Identity(match found.thing.identity_schema() {
                    Some(schema) => answers::read_identity(Some(identity), schema)?,
                    None => Value::Null,
                }),
            };
            let resource = found.thing.clone();
            let (imported, diags) = self
                .work(&caller, move |call| async move {
                    let mut diags = Diagnostics::new();
                    let imported = operations::import(&*resource, &call, &by, &mut diags).await;
                    (imported, diags)
                })
                .await?;
            let Some(Imported { state, private }) = imported else {
                return Err(diags);
            };
            let identity = answers::identity_of(&*found.thing, &state, &private)?;
            let state = answers::write("imported object", &state, &found.ty)?;
            let imported = import_resource_state::ImportedResource {
                type_name: request.type_name,
                state: Some(state),
                private: private.to_bytes(),
                identity,
            };
            Ok((imported, diags))
        };
        let (imported, diags) = parts(import.await);
        import_resource_state::Response {
            imported_resources: imported.into_iter().collect(),
            diagnostics: diagnostics::encode(diags),
            deferred: None,
        }
    }

    /// Comes where the stored version of the identity's schema is another one.
    pub(super) async fn upgrade_resource_identity(
        &self,
        caller: Caller,
        request: upgrade_resource_identity::Request,
    ) -> upgrade_resource_identity::Response {
        let upgrade = async {
            let found = self.resource(&request.type_name)?;
            let Some(schema) = found.thing.identity_schema() else {
                return Err(answers::error(
                    "Resource Without Identity",
                    format!(
                        "In this version of the provider, a {} has no identity to upgrade. The state was written by another \
                         version.",
                        request.type_name
                    ),
                ));
            };
            let stored = raw(request.raw_identity.as_ref())?;
            let (name, older) = (request.type_name.clone(), schema.clone());
            let upgraded = self
                .work(&caller, move |_call| async move {
                    upgrade::upgrade(&name, &older, request.version, stored)
                })
                .await??;
            let identity = json::decode(&upgraded, &schema.ty(), UnknownAttributes::Ignore)
                .map_err(|error| answers::unreadable("stored identity", &error))?;
            let identity = answers::write_identity(&identity, schema)?;
            Ok((identity, Diagnostics::new()))
        };
        let (upgraded_identity, diags) = parts(upgrade.await);
        upgrade_resource_identity::Response {
            upgraded_identity,
            diagnostics: diagnostics::encode(diags),
        }
    }

    pub(super) async fn generate_resource_config(
        &self,
        _caller: Caller,
        request: generate_resource_config::Request,
    ) -> generate_resource_config::Response {
        let generate = || {
            let found = self.resource(&request.type_name)?;
            let state = answers::read("object", request.state.as_ref(), &found.ty)?;
            let config = operations::configuration(&*found.thing, &state);
            let config = answers::write("configuration", &config, &found.ty)?;
            Ok((config, Diagnostics::new()))
        };
        let (config, diags) = parts(generate());
        generate_resource_config::Response {
            config,
            diagnostics: diagnostics::encode(diags),
        }
    }
}

/// The JSON of a state.
fn raw(state: Option<&RawState>) -> Result<Json, Diagnostics> {
    let state = state.cloned().unwrap_or_default();
    if !state.json.is_empty() {
        return json::parse(&state.json)
            .map_err(|error| answers::unreadable("stored object", &error));
    }
    if state.flatmap.is_empty() {
        return Ok(Json::Null);
    }
    Err(answers::error(
        "State Too Old",
        "Terraform 0.11 or older stored the object, in a format that this provider does not read. Remove the object \
         from the state and import it again.",
    ))
}

fn from_json(json: &Json, schema: &Schema, ty: &Type) -> Result<Value, Diagnostics> {
    let mut state = json::decode(json, ty, UnknownAttributes::Ignore)
        .map_err(|error| answers::unreadable("stored object", &error))?;
    operations::complete(schema, &mut state);
    Ok(state)
}

fn parts<T>(result: Result<(T, Diagnostics), Diagnostics>) -> (Option<T>, Diagnostics) {
    match result {
        Ok((value, diags)) => (Some(value), diags),
        Err(diags) => (None, diags),
    }
}
