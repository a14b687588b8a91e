//! Objects that a cluster stores under a name, such as roles and users: one resource and one data source for all kinds.
//!
//! A [`Kind`] is a page of data and a few functions; [`KindResource`] and [`KindDataSource`] make the rest of it.
//!
//! - `shape`: schema, and the way between message and value.
//! - `memory`: what is remembered of the last write, in private state.
//! - `plan`: what the plan adds to the schema's rules: what the server filled in, and drift of that.
//! - `create`, `update`, `delete`: the calls; `policy` is what becomes of an object whose resource goes.
//! - `differences`: what differs between two objects, by path.

mod create;
mod data_source;
mod delete;
mod differences;
mod memory;
mod plan;
mod policy;
mod relocate;
mod shape;
mod update;

use async_trait::async_trait;
use prost_reflect::DynamicMessage;

pub(super) use data_source::KindDataSource;
pub(super) use plan::set_at;
pub(super) use policy::{POLICY, Policy, policy_argument, policy_attribute};
pub(super) use shape::{Shape, clear_at};

use super::{
    Cluster,
    cluster::begin_apply,
    interrupt::unless_stopped,
    reported::refuse_configured,
    target::{self, CLUSTER, Target},
    unread,
};
use crate::{
    framework::{
        Applied, Call, Create, Delete, Diagnostics, Imported, Path, PlannedChange, Private,
        Resource, Schema, Update, Value,
    },
    mapping::Rules,
    teleport::{Error, Kind as ErrorKind, ObjectRpcs},
};

/// A kind of object, as data.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// Name of resource and data source.
    pub(super) type_name: &'static str,
    /// What one is called, such as `role`.
    pub(super) noun: &'static str,
    /// What the resource is, in Markdown.
    pub(super) description: &'static str,
    /// The calls.
    pub(super) rpcs: ObjectRpcs,
    /// What Terraform adds to the message, but for the fields below.
    pub(super) rules: fn() -> Rules,
    /// Fields that the server fills in where the configuration says nothing. What it filled in is remembered: a change
    /// by somebody else is drift, and a change of the configuration lets the server fill them in anew.
    pub(super) derived: &'static [&'static str],
    /// Fields that belong to others where the configuration says nothing.
    pub(super) kept: &'static [&'static str],
    /// Fields that are never sent.
    pub(super) reported: &'static [&'static str],
    /// Parts whose derived fields depend on nothing but that part, and on the version.
    pub(super) sections: &'static [&'static [&'static str]],
    /// Checks a configuration beyond the schema. Values may be unknown.
    pub(super) validate: fn(&Value, &mut Diagnostics),
    /// Brings what a server says into the words of the reference, beyond what the mapping does.
    pub(super) normalise: fn(&mut Value, &Value),
    /// Takes every right away, also those that are no attributes.
    pub(super) revoke: fn(&mut DynamicMessage),
    /// What [`Kind::revoke`] leaves, such as `without roles and traits`.
    pub(super) revoked: &'static str,
    /// The attribute to blame for a refusal, where it can be told.
    pub(super) blame: fn(&Error) -> Option<Path>,
}

/// The resource of a kind.
pub(super) struct KindResource {
    shape: Shape,
    schema: Schema,
}

impl KindResource {
    pub(super) fn new(kind: Kind) -> Self {
        let shape = Shape::new(kind);
        Self {
            schema: shape.schema(),
            shape,
        }
    }
}

#[async_trait]
impl Resource<Cluster> for KindResource {
    fn type_name(&self) -> &str {
        self.shape.kind.type_name
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        (self.shape.kind.validate)(config, diagnostics);
    }

    async fn plan(
        &self,
        call: &Call<Cluster>,
        change: &mut PlannedChange,
        diagnostics: &mut Diagnostics,
    ) {
        target::plan(call, self.shape.kind.noun, change, diagnostics);
        plan::complete(&self.shape, &self.schema, change);
        refuse_configured(&[plan::REVISION], change, diagnostics);
    }

    async fn create(&self, call: &Call<Cluster>, request: Create) -> Applied {
        begin_apply(call);
        create::create(&self.shape, call, request).await
    }

    async fn read(&self, call: &Call<Cluster>, state: Value, private: Private) -> Applied {
        if let Some(cluster) = &call.client {
            cluster.note_read();
        }
        let mut told = Diagnostics::new();
        let as_it_was = |state, told| Applied {
            state,
            private: private.clone(),
            diagnostics: told,
        };
        let noun = self.shape.kind.noun;
        if let Some(unknown) = Target::unknown(&state, call) {
            told.warning(
                "Not Refreshed",
                format!(
                    "The {noun} could not be read, because of the provider block {unknown} known only after the apply. What the \
                     state says of it was taken as it is."
                ),
            );
            let mut private = private.clone();
            unread::mark(&mut private);
            return Applied {
                state,
                private,
                diagnostics: told,
            };
        }
        let (Some(target), Some(name)) = (Target::of(&state, call, &mut told), shape::name(&state))
        else {
            return as_it_was(state, told);
        };
        let doing = format!("reading the {noun} {name:?}");
        let objects = target.client().objects(self.shape.kind.rpcs);
        let read = unless_stopped(&call.stop, &doing, &mut told, objects.get(&name)).await;
        let gone = match read {
            None => false,
            Some(Ok(object)) => {
                let mut private = private.clone();
                unread::unmark(&mut private);
                return Applied {
                    state: self.shape.value(&object, &state),
                    private,
                    diagnostics: told,
                };
            }
            Some(Err(error)) if error.kind() == ErrorKind::NotFound => true,
            Some(Err(error)) => target.is_gone(&error, &doing, &mut told).await,
        };
        if gone {
            return Applied {
                state: Value::Null,
                private: Private::new(),
                diagnostics: told,
            };
        }
        as_it_was(state, told)
    }

    async fn update(&self, call: &Call<Cluster>, request: Update) -> Applied {
        begin_apply(call);
        update::update(&self.shape, call, request).await
    }

    async fn delete(&self, call: &Call<Cluster>, request: Delete) -> Diagnostics {
        begin_apply(call);
        delete::delete(&self.shape, call, request).await
    }

    async fn import(
        &self,
        _call: &Call<Cluster>,
        id: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Imported> {
        let noun = self.shape.kind.noun;
        let problem = match target::split_id(id) {
            Ok((_, "")) => "the name is empty".to_owned(),
            Ok((cluster, name)) => {
                let mut state = self.shape.named(&self.schema, name);
                state.set_field(CLUSTER, cluster.map_or(Value::Null, Value::from));
                return Some(Imported {
                    state,
                    private: Private::new(),
                });
            }
            Err(problem) => problem,
        };
        diagnostics.error(
            "Invalid Import ID",
            format!(
                "The import id of a {noun} is its name, or CLUSTER/NAME for one in a workload cluster, got: {id:?} ({problem})."
            ),
        );
        None
    }

    fn generate(&self, config: &mut Value) {
        set_at(config, plan::REVISION, &Value::Null);
    }

    fn moves_from(&self, provider: &str, type_name: &str) -> bool {
        type_name == self.type_name() && provider.ends_with("/gravitational/teleport")
    }
}

#[cfg(test)]
mod tests;
