//! What a provider offers, by name.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use tracing::Span;

use super::{ProviderService, answers};
use crate::{
    DataSource, Diagnostics, EphemeralResource, Function, ListResource, Provider, Resource, Type,
};

/// Everything that a provider offers.
pub(super) struct Offers<C> {
    pub(super) resources: Named<dyn Resource<C>>,
    pub(super) data_sources: Named<dyn DataSource<C>>,
    pub(super) ephemeral_resources: Named<dyn EphemeralResource<C>>,
    pub(super) list_resources: Named<dyn ListResource<C>>,
    pub(super) functions: BTreeMap<String, Arc<dyn Function>>,
}

/// Offers of one sort by type name.
pub(super) type Named<T> = BTreeMap<String, Offer<T>>;

/// One offer, with the type of its values once that is asked for.
pub(super) struct Offer<T: ?Sized> {
    thing: Arc<T>,
    ty: OnceLock<Arc<Type>>,
}

/// An offer that was asked for.
pub(super) struct Found<T: ?Sized> {
    /// The resource or the like.
    pub(super) thing: Arc<T>,
    /// The type of its values.
    pub(super) ty: Arc<Type>,
}

impl<C: Send + Sync + 'static> Offers<C> {
    pub(super) fn of<P: Provider<Client = C>>(provider: &P) -> Self {
        Self {
            resources: named(provider.resources(), |resource| resource.type_name()),
            data_sources: named(provider.data_sources(), |source| source.type_name()),
            ephemeral_resources: named(provider.ephemeral_resources(), |resource| {
                resource.type_name()
            }),
            list_resources: named(provider.list_resources(), |list| list.type_name()),
            functions: provider
                .functions()
                .into_iter()
                .map(|function| (function.name().to_owned(), function))
                .collect(),
        }
    }
}

impl<T: ?Sized> Offer<T> {
    /// The resource or the like.
    pub(super) fn thing(&self) -> &T {
        &self.thing
    }

    fn found(&self, ty: impl FnOnce(&T) -> Type) -> Found<T> {
        Found {
            thing: self.thing.clone(),
            ty: self.ty.get_or_init(|| Arc::new(ty(&self.thing))).clone(),
        }
    }
}

impl<P: Provider> ProviderService<P> {
    pub(super) fn resource(
        &self,
        name: &str,
    ) -> Result<Found<dyn Resource<P::Client>>, Diagnostics> {
        Span::current().record("type_name", name);
        let offer = self.offers.resources.get(name);
        let found = offer.map(|offer| offer.found(|resource| resource.schema().ty()));
        found.ok_or_else(|| unknown("resource", name))
    }

    pub(super) fn data_source(
        &self,
        name: &str,
    ) -> Result<Found<dyn DataSource<P::Client>>, Diagnostics> {
        Span::current().record("type_name", name);
        let offer = self.offers.data_sources.get(name);
        let found = offer.map(|offer| offer.found(|source| source.schema().ty()));
        found.ok_or_else(|| unknown("data source", name))
    }

    pub(super) fn ephemeral_resource(
        &self,
        name: &str,
    ) -> Result<Found<dyn EphemeralResource<P::Client>>, Diagnostics> {
        Span::current().record("type_name", name);
        let offer = self.offers.ephemeral_resources.get(name);
        let found = offer.map(|offer| offer.found(|resource| resource.schema().ty()));
        found.ok_or_else(|| unknown("ephemeral resource", name))
    }

    pub(super) fn list_resource_offer(
        &self,
        name: &str,
    ) -> Result<Found<dyn ListResource<P::Client>>, Diagnostics> {
        Span::current().record("type_name", name);
        let offer = self.offers.list_resources.get(name);
        let found = offer.map(|offer| offer.found(|list| list.schema().ty()));
        found.ok_or_else(|| unknown("list resource", name))
    }
}

/// Says that something is not offered.
pub(super) fn unknown(sort: &str, name: &str) -> Diagnostics {
    answers::error(
        "Unknown Type Name",
        format!("This version of the provider offers no {sort} named {name:?}."),
    )
}

fn named<T: ?Sized>(things: Vec<Arc<T>>, name: impl Fn(&T) -> &str) -> Named<T> {
    let offers = things.into_iter().map(|thing| {
        let name = name(&thing).to_owned();
        let ty = OnceLock::new();
        (name, Offer { thing, ty })
    });
    offers.collect()
}
