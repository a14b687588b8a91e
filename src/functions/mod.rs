//! The provider's functions.
//!
//! - `tbot_config`: a configuration for `tbot`.
//! - `from_yaml`, `to_yaml`: objects as `tctl` writes and reads them. `tctl_kinds` has the kinds that they know, `yaml` is the format.

pub(crate) mod from_yaml;
pub(crate) mod tbot_config;
mod tctl_kinds;
pub(crate) mod to_yaml;
mod yaml;

use tfplugin::FunctionError;

/// An error about an argument, by its number from 0. Terraform and OpenTofu add a full stop.
fn blame(argument: usize, text: impl Into<String>) -> FunctionError {
    FunctionError {
        text: text.into(),
        argument: Some(argument),
    }
}
