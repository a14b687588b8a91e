//! Terraform's plugin protocol 6, and Terraform's ideas in plain Rust: all that a provider for Terraform and OpenTofu
//! needs.
//!
//! This is a complete provider (`examples/notes.rs`):
//!
//! ```no_run
#![doc = include_str!("../examples/notes.rs")]
//! ```
//!
//! A [`Provider`] lists its [`Resource`]s, [`DataSource`]s, [`EphemeralResource`]s, [`ListResource`]s and [`Function`]s. Each has a
//! [`Schema`], which says as data what may be configured and how a change is planned, and code for the rest.
//! [`serve::run`] is the whole life of the process that Terraform or OpenTofu starts.
//!
//! | module | what it is |
//! | --- | --- |
//! | `value`, `number`, `types`, `path` | Terraform's values, types and attribute paths: [`Value`], [`Number`], [`Type`], [`Path`] |
//! | `schema`, `validate` | what may be configured: [`Schema`], [`Block`], [`Attribute`] |
//! | `diagnostics` | errors and warnings: [`Diagnostics`] |
//! | `traits` | what a provider implements, and what its methods get and answer |
//! | `plan`, `replace`, `state`, `objects`, `intent`, `private` | Terraform's rules for plans, states and private state |
//! | `upgrade` | states of older schema versions |
//! | [`operations`] | what core asks for (validate, plan, apply, read, import), carried out by these rules |
//! | `codec` | between the encodings of the protocol and values, types, schemas, paths and diagnostics |
//! | [`serve`] | the protocol as a server: handshake, mutual TLS on a private socket, RPCs, logs, end |
//!
//! All but `codec` and `serve` is plain Rust: no input or output, no gRPC. "Core" is the part of Terraform and OpenTofu
//! that plans and applies, and "the host" is the process that starts a provider and calls it.

#[doc(hidden)]
pub mod codec;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod operations;
#[doc(hidden)]
pub mod proto;
pub mod serve;

mod diagnostics;
mod intent;
mod number;
mod objects;
mod path;
mod plan;
mod private;
mod replace;
mod schema;
mod state;
mod traits;
mod types;
mod upgrade;
mod validate;
mod value;

pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use intent::{DeleteReason, PlanKind};
pub use number::{InvalidNumber, Number};
pub use path::{Path, Step};
pub use private::Private;
pub use replace::requires_replace;
pub use schema::{
    Attribute, AttributeShape, Block, BlockNesting, NestedBlock, Nesting, Presence,
    RequiresReplace, Schema, Validator,
};
pub use traits::{
    Applied, Call, Create, DataSource, Delete, EphemeralResource, Found, Function, FunctionError,
    Imported, List, ListResource, Listed, Move, Opened, Parameter, PlannedChange, Provider,
    Renewed, Resource, Signature, Stop, StopReason, Stopper, Update,
};
pub use types::Type;
pub use upgrade::Upgrade;
pub use value::Value;
