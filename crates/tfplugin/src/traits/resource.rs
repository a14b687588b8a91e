//! What a managed resource is.

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::{Call, DeleteReason, Diagnostics, Path, PlanKind, Private, Schema, Value};

/// A kind of object that is created, read, updated and deleted.
#[async_trait]
pub trait Resource<C: Send + Sync + 'static>: Send + Sync {
    /// Its name in configurations, with the provider's name in front.
    fn type_name(&self) -> &str;

    /// The shape of its block, and the behaviour that data can say.
    fn schema(&self) -> &Schema;

    /// The attributes that tell one object from another. An import by identity must set those that are required. None: the
    /// objects have no identity.
    fn identity_schema(&self) -> Option<&Schema> {
        None
    }

    /// The identity of an object, by its state and what is stored beside it. It must not change in the life of an object.
    /// None where it is not known yet: then the next read gives it.
    fn identity(&self, _state: &Value, _private: &Private) -> Option<Value> {
        None
    }

    /// Checks a block beyond its schema, without a client. Values may be unknown.
    fn validate(&self, _config: &Value, _diagnostics: &mut Diagnostics) {}

    /// Completes a plan that the schema's rules have made. `change.planned` is null for a destroy, and must stay so.
    async fn plan(
        &self,
        _call: &Call<C>,
        _change: &mut PlannedChange,
        _diagnostics: &mut Diagnostics,
    ) {
    }

    /// Makes the object. The answer is stored also when there are errors; a state then means that the object exists.
    async fn create(&self, call: &Call<C>, request: Create) -> Applied;

    /// Reads the object. Null means that it is gone.
    async fn read(&self, call: &Call<C>, state: Value, private: Private) -> Applied;

    /// Changes the object. The answer is stored also when there are errors.
    async fn update(&self, call: &Call<C>, request: Update) -> Applied;

    /// Takes the object away. Errors leave the state as it was.
    async fn delete(&self, call: &Call<C>, request: Delete) -> Diagnostics;

    /// Finds an object by the id that a person gave. Core reads it afterwards.
    async fn import(
        &self,
        _call: &Call<C>,
        _id: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Imported> {
        diagnostics.error(
            "Import Not Supported",
            format!(
                "A {} cannot be taken into the state by import.",
                self.type_name()
            ),
        );
        None
    }

    /// Finds an object by the identity that a person gave. What is optional in its schema may be null. Core reads it afterwards.
    async fn import_by_identity(
        &self,
        _call: &Call<C>,
        _identity: &Value,
        diagnostics: &mut Diagnostics,
    ) -> Option<Imported> {
        diagnostics.error(
            "Import By Identity Not Supported",
            format!(
                "A {} has no identity in this version of the provider. Import it by its id.",
                self.type_name()
            ),
        );
        None
    }

    /// Completes a configuration that the schema's rules have made of an object: takes out what this resource's own checks
    /// refuse.
    fn generate(&self, _config: &mut Value) {}

    /// How a `moved` block takes over the state of this type of this provider (its address, such as
    /// `registry.terraform.io/a/b`). None if it cannot.
    fn moves_from(&self, _provider: &str, _type_name: &str) -> Option<Move> {
        None
    }
}

/// How the state of another type becomes one of this type. The provider is not configured then, so nobody can be asked.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// Makes the JSON of this type from that of the other one. What the schema does not have is left out.
    pub state: fn(Json) -> Json,
    /// What is stored beside it, from what was stored beside the other one.
    pub private: fn(Private) -> Private,
}

impl Move {
    /// The state fits. What another provider stored beside it is dropped: only that one understands it.
    pub const OF_ANOTHER_PROVIDER: Self = Self {
        state: |state| state,
        private: |_| Private::new(),
    };
}

/// A plan in the making.
#[derive(Clone, Debug)]
pub struct PlannedChange {
    /// What the plan is for.
    pub kind: PlanKind,
    /// The configuration; null for a destroy. Values may be unknown.
    pub config: Value,
    /// The stored object; null for a create, also where an old object makes way for a new one.
    pub prior: Value,
    /// What the object will be.
    pub planned: Value,
    /// What was stored beside the object, or what the first half of a replacement's plan left here.
    pub private: Private,
    /// The attributes whose change needs a new object.
    pub requires_replace: Vec<Path>,
}

/// A creation.
#[derive(Clone, Debug)]
pub struct Create {
    /// The configuration, wholly known.
    pub config: Value,
    /// What was planned.
    pub planned: Value,
    /// What the plan left here.
    pub private: Private,
}

/// An update.
#[derive(Clone, Debug)]
pub struct Update {
    /// The configuration, wholly known.
    pub config: Value,
    /// The stored object.
    pub prior: Value,
    /// What was planned.
    pub planned: Value,
    /// What the plan left here.
    pub private: Private,
}

/// A deletion.
#[derive(Clone, Debug)]
pub struct Delete {
    /// The stored object.
    pub prior: Value,
    /// Why it is to go.
    pub reason: DeleteReason,
    /// What the plan left here.
    pub private: Private,
}

/// The answer to a creation, a read or an update.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The object as it is now. Null where there is none.
    pub state: Value,
    /// What is stored beside it.
    pub private: Private,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// An object that was found for an import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// As much of the object as the read needs; the rest null.
    pub state: Value,
    /// What is stored beside it.
    pub private: Private,
}
