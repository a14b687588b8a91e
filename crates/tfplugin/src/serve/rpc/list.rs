//! The search for existing objects: ListResource and ValidateListResourceConfig.

use std::pin::Pin;

use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt, once, wrappers::ReceiverStream};
use tonic::Status;

use super::{Caller, ProviderService, answers, offered::Found as Offered, work::broken_off};
use crate::{
    Diagnostics, Found, List, Listed, Provider, Resource,
    codec::diagnostics,
    operations,
    proto::tfplugin6::{list_resource, validate_list_resource_config},
};

/// The answers of ListResource.
pub(super) type Events = Pin<Box<dyn Stream<Item = Result<list_resource::Event, Status>> + Send>>;

impl<P: Provider> ProviderService<P> {
    /// Each object is sent when it is found, and diagnostics come last.
    pub(super) async fn list_resource(
        &self,
        caller: Caller,
        request: list_resource::Request,
    ) -> Events {
        let begin = || {
            let found = self.list_resource_offer(&request.type_name)?;
            let resource = self.resource(&request.type_name)?;
            let config = answers::read("configuration", request.config.as_ref(), &found.ty)?;
            Ok((found.thing, resource, config))
        };
        let (list, resource, config) = match begin() {
            Ok(begun) => begun,
            Err(diags) => return Box::pin(once(Ok(in_event(diags)))),
        };
        let search = List {
            config,
            include_resource: request.include_resource_object,
        };
        let limit = u64::try_from(request.limit).ok().filter(|limit| *limit > 0);
        let (sender, receiver) = mpsc::channel(AHEAD);
        let running = self.start(&caller, move |call| async move {
            let mut found = Found::new(sender, limit);
            list.list(&call, search, &mut found).await
        });
        let objects = ReceiverStream::new(receiver)
            .map(move |listed| event(listed, &resource).unwrap_or_else(in_event));
        // The objects end when the search drops its sender.
        let (end, ended) = mpsc::channel(1);
        tokio::spawn(async move {
            let diags = running.await.unwrap_or_else(|error| broken_off(&error));
            if !diags.is_empty() {
                // The host may be gone.
                let _ = end.send(in_event(diags)).await;
            }
        });
        Box::pin(objects.chain(ReceiverStream::new(ended)).map(Ok))
    }

    pub(super) async fn validate_list_resource_config(
        &self,
        caller: Caller,
        request: validate_list_resource_config::Request,
    ) -> validate_list_resource_config::Response {
        let check = async {
            let found = self.list_resource_offer(&request.type_name)?;
            let config = answers::read("configuration", request.config.as_ref(), &found.ty)?;
            self.work(&caller, move |_call| async move {
                let list = found.thing;
                let mut diags = operations::validate(list.schema(), &config, true);
                list.validate(&config, &mut diags);
                diags
            })
            .await
        };
        validate_list_resource_config::Response {
            diagnostics: answers::diagnostics_of(check.await),
        }
    }
}

/// An object for core.
fn event<C: Send + Sync + 'static>(
    listed: Listed,
    resource: &Offered<dyn Resource<C>>,
) -> Result<list_resource::Event, Diagnostics> {
    let Some(schema) = resource.thing.identity_schema() else {
        return Err(answers::error(
            "Resource Without Identity",
            format!(
                "A {} has no identity, so its objects cannot be listed. This is a bug in the provider; please report it to its \
                 developers.",
                resource.thing.type_name()
            ),
        ));
    };
    let object = listed.resource.map(|mut object| {
        operations::complete(resource.thing.schema(), &mut object);
        answers::write("object", &object, &resource.ty)
    });
    Ok(list_resource::Event {
        identity: Some(answers::write_identity(&listed.identity, schema)?),
        display_name: listed.display_name,
        resource_object: object.transpose()?,
        diagnostic: Vec::new(),
    })
}

fn in_event(diags: Diagnostics) -> list_resource::Event {
    list_resource::Event {
        diagnostic: diagnostics::encode(diags),
        ..list_resource::Event::default()
    }
}

/// How many objects are found before core takes the first.
const AHEAD: usize = 16;
