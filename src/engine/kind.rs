//! What there is to say of a kind of object, as data.
//!
//! A kind is a page in `src/kinds`: a constant of this type, its rules, and functions for what data cannot say. Everything
//! that has a default is in [`Kind::DEFAULT`].

use prost_reflect::DynamicMessage;
use serde_json::Value as Json;
use teleport_client::{Answer, Error, ObjectRpcs, Request, Rpc};
use tfplugin::{Attribute, Diagnostics, Path, Value};

use super::Lifecycle;
pub(crate) use super::owner::ServerFilled;
use crate::mapping::Rules;

/// A kind of object.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// Name of resource and data source.
    pub(crate) type_name: &'static str,
    /// What one is called, such as `role`.
    pub(crate) noun: &'static str,
    /// What the resource is, in Markdown.
    pub(crate) description: &'static str,
    /// The calls.
    pub(crate) rpcs: ObjectRpcs,
    /// Where its name comes from.
    pub(crate) name: Name,
    /// Whether the name is a secret, which no text may show.
    pub(crate) name_is_secret: bool,
    /// Whether one can be in a workload cluster, so that there is the argument `cluster`.
    pub(crate) in_workload_clusters: bool,
    /// What Terraform adds to the message, but for the fields below.
    pub(crate) rules: fn() -> Rules,
    /// The versions that the provider knows, where a field is filled in by the server in some of them only.
    pub(crate) versions: &'static [&'static str],
    /// Fields that the server fills in where the configuration does not set them.
    pub(crate) server_filled: &'static [ServerFilled],
    /// Fields that belong to others where the configuration does not set them.
    pub(crate) kept: &'static [&'static str],
    /// Fields that the server reports, and that are never sent.
    pub(crate) read_only: &'static [&'static str],
    /// Fields that the server takes and does not return. Their values stay as they are in the state, and are sensitive.
    pub(crate) secrets: &'static [Secret],
    /// Fields that the server takes and forgets. They are not sent, and stay in the state as configured.
    pub(crate) not_kept: &'static [&'static str],
    /// Values that the server stores in another form: at a path, whether two values mean the same to it.
    pub(crate) same_meaning: &'static [SameMeaning],
    /// Checks a configuration beyond the schema. Values may be unknown.
    pub(crate) validate: fn(&Value, &mut Diagnostics),
    /// Completes a message before it is sent, with what the server wants and the configuration need not say.
    pub(crate) complete: fn(&mut DynamicMessage),
    /// Adds warnings and errors to a plan: of the prior state (null for a create) and the planned object.
    pub(crate) review: fn(&Value, &Value, &mut Diagnostics),
    /// What a failed creation of this name left in the cluster, and how to remove it. None where it left nothing.
    pub(crate) left_behind: fn(&Error, &str) -> Option<String>,
    /// How its rights can be taken away instead of a deletion. None: there is no `deletion_policy`.
    pub(crate) revoke: Option<Revoke>,
    /// What a recreated object lacks, as a sentence after a space. Empty where it lacks nothing.
    pub(crate) recreated: &'static str,
    /// Arguments that only the provider knows: name and attribute.
    pub(crate) arguments: fn() -> Vec<(&'static str, Attribute)>,
    /// What it adds to the life of its objects.
    pub(crate) lifecycle: Option<&'static dyn Lifecycle>,
    /// The resource whose state a `moved` block takes over, because the same objects were managed with it before.
    pub(crate) former: Option<Former>,
    /// The attribute to blame for a refusal, where it is known.
    pub(crate) blame: fn(&Error) -> Option<Path>,
}

/// The resource of a kind that is another name of the same objects.
#[derive(Clone, Copy)]
pub(crate) struct Former {
    /// Its name.
    pub(crate) type_name: &'static str,
    /// Makes the state of the kind from that of the former one. What the schema does not have is left out.
    pub(crate) state: fn(Json) -> Json,
}

/// An attribute, and whether two of its values mean the same.
pub(crate) type SameMeaning = (&'static str, fn(&Value, &Value) -> bool);

/// Where the name of an object comes from.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    /// The configuration, as `metadata.name`.
    Given,
    /// The configuration, or else this function.
    Generated(fn() -> String),
    /// There is one object of the kind, of this name, and it is always there: a create is an upsert, and a delete brings back
    /// the defaults.
    Fixed(&'static str),
}

/// A field that the server takes and does not return.
#[derive(Clone, Copy)]
pub(crate) struct Secret {
    /// Where it is.
    pub(crate) path: &'static str,
    /// Whether it has a twin: with `_wo` after its name a write-only attribute that stands for it, and with `_wo_version` one
    /// that says when to send it again.
    pub(crate) write_only: bool,
    /// Where the server reports it among what is read-only, if it does. A write-only value is left out there.
    pub(crate) reported: Option<&'static str>,
}

/// How the rights of an object can be taken away.
#[derive(Clone, Copy)]
pub(crate) struct Revoke {
    /// Takes every right away, also those that are no attributes.
    pub(crate) apply: fn(&mut DynamicMessage),
    /// What is left, such as `without roles and traits`.
    pub(crate) leaves: &'static str,
}

impl Kind {
    /// A kind of which nothing is said.
    pub(crate) const DEFAULT: Self = Self {
        type_name: "",
        noun: "",
        description: "",
        rpcs: ObjectRpcs {
            message: "",
            get: NO_RPC,
            create: NO_RPC,
            update: None,
            masked: None,
            delete: NO_RPC,
            list: None,
        },
        name: Name::Given,
        name_is_secret: false,
        in_workload_clusters: true,
        rules: Rules::new,
        versions: &[],
        server_filled: &[],
        kept: &[],
        read_only: &["metadata.namespace", "metadata.revision"],
        secrets: &[],
        not_kept: &[],
        same_meaning: &[],
        validate: |_, _| {},
        complete: |_| {},
        review: |_, _, _| {},
        left_behind: |_, _| None,
        revoke: None,
        recreated: "",
        arguments: Vec::new,
        lifecycle: None,
        former: None,
        blame: |_| None,
    };
}

const NO_RPC: Rpc = Rpc::new("", "", Request::Empty, Answer::Empty);
