//! What a provider implements, one file for each trait with what its methods get and answer.

mod data_source;
mod ephemeral;
mod function;
mod list;
mod provider;
mod resource;
mod stop;

pub use data_source::DataSource;
pub use ephemeral::{EphemeralResource, Opened, Renewed};
pub use function::{Function, FunctionError, Parameter, Signature};
pub use list::{Found, List, ListResource, Listed};
pub use provider::{Call, Provider};
pub use resource::{Applied, Create, Delete, Imported, Move, PlannedChange, Resource, Update};
pub use stop::{Stop, StopReason, Stopper};
