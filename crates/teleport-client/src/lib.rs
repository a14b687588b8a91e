//! A client of Teleport: it connects to a cluster as an auth server or through its proxy, joins clusters as a Machine ID bot, and
//! calls the API with messages that are known by their descriptors.
//!
//! A [`Source`] says where credentials come from, a [`Config`] which cluster to connect to, and a [`Client`] makes calls. Nothing
//! is read or dialled before the first call. Connections are renewed when they break or their certificate expires.
//!
//! ```no_run
//! use teleport_client::{Client, Config, Source};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let address = "example.teleport.sh".parse()?;
//! let source = Source::identity_file_path("identity");
//! let client = Client::new(Config::new(Some(address), vec![source]));
//! let clusters = client.workload_clusters().list().await?;
//! println!("{} workload clusters", clusters.len());
//! # Ok(())
//! # }
//! ```
//!
//! `examples/list_workload_clusters.rs` is a whole program. Calls that change something are not repeated when their outcome is in
//! doubt: see [`Error::may_have_been_carried_out`].
//!
//! | what | where |
//! | --- | --- |
//! | the configuration of a client | [`Config`], [`Source`], [`DialOptions`], [`RetryPolicy`] |
//! | credentials | `credentials` |
//! | reaching a cluster | `dial`, [`Address`] |
//! | joining as a bot | `join` |
//! | calls | `call`: [`Client`], [`Pool`], [`WorkloadClusters`], [`Objects`], [`ResetTokens`] |
//! | what stands where a path or a name belongs | [`Contents`] |
//! | what can go wrong | [`Error`], [`ErrorKind`], [`Cause`], [`Part`] |

mod call;
mod cause;
mod config;
mod credentials;
mod dial;
mod error;
mod error_kind;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
#[cfg(test)]
mod hostile;
mod join;
mod shown;

#[cfg(test)]
mod testing;

pub use call::{
    client::Client,
    objects::{Answer, MaskedRpc, ObjectRpcs, Objects, Request, Rpc},
    pages::{ListRpc, Pages},
    pool::Pool,
    reset_tokens::ResetTokens,
    retry::RetryPolicy,
    rights::Right,
    workload_clusters::WorkloadClusters,
};
pub use cause::{Cause, NearAddress};
pub use config::Config;
pub use credentials::{Source, contents::Contents};
pub use dial::{
    address::{Address, InvalidAddress},
    dial_options::DialOptions,
};
pub use error::{Error, Part};
pub use error_kind::{ErrorKind, Transient};
pub use join::{
    JoinRequest,
    bundle::IdentityBundle,
    id_token::IdTokenOptions,
    method::{InvalidJoinMethod, JoinMethod},
    refusal::{Refusal, RefusalReason},
    token::InvalidJoinRequest,
};
pub use shown::text as shown;
