//! The clusters that objects are in: the cluster of the provider block, and its workload clusters that objects name.

pub(crate) mod guard;
pub(crate) mod provider_data;
pub(crate) mod target;

pub use provider_data::ProviderData;
