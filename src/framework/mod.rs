//! Terraform's ideas in plain Rust: no input or output, no gRPC.
//!
//! A provider is an implementation of [`Provider`], which lists [`Resource`]s, [`DataSource`]s, [`EphemeralResource`]s
//! and [`Function`]s. Each brings a [`Schema`] with its behaviour as data and code for what data cannot say. The
//! functions in [`operations`] are what core asks for - validate, plan, apply, read, import - carried out with them by
//! Terraform's laws; `plugin` puts them on the wire.

pub mod operations;

mod data_source;
mod diagnostics;
mod ephemeral;
mod function;
mod intent;
mod number;
mod objects;
mod path;
mod plan;
mod private;
mod provider;
mod replace;
mod resource;
mod schema;
mod state;
mod stop;
mod types;
mod validate;
mod value;

pub use data_source::DataSource;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{EphemeralResource, Opened, Renewed};
pub use function::{Function, FunctionError, Parameter, Signature};
pub use intent::{DeleteReason, PlanKind};
pub use number::{InvalidNumber, Number};
pub use path::{Path, Step};
pub use private::Private;
pub use provider::{Call, Provider};
pub use resource::{
    Applied, Create, Delete, Imported, PlannedChange, Resource, Update, refuse_other_version,
};
pub use schema::{
    Attribute, Block, BlockNesting, NestedBlock, Nesting, Presence, RequiresReplace, Schema, Shape,
    Validator,
};
pub use stop::{Stop, StopReason, Stopper};
pub use types::Type;
pub use value::Value;
