//! Joining a cluster as a bot: a join method proves the identity of this machine, and the cluster issues certificates.
//!
//! A join gives the bot's own identity, which may do little more than ask for certificates of the roles that the bot may
//! impersonate. Calls use those (`lib/tbot` in gravitational/teleport). All keys are kept in memory only.
//!
//! | what | where |
//! | --- | --- |
//! | the join method and token | [`method`], `token`, `parent` |
//! | what a join shows | `proof` |
//! | the AWS identity of this machine | `aws`, `machine`, `caller`, `region`, `sts` |
//! | tokens of identity providers | `id_token`, `environment` |
//! | keys and certificates | `key`, `certificates`, [`bundle`] |
//! | the exchange | `proxy`, `service`; `legacy` and `host_credentials` with older servers; `roles` |
//! | keeping an identity | `bot` |
//! | errors | `errors`, `refusal` |

pub(super) mod aws;
mod bot;
pub(super) mod bundle;
mod caller;
pub(super) mod certificates;
pub(super) mod environment;
mod errors;
mod host_credentials;
pub(super) mod id_token;
mod key;
mod legacy;
mod machine;
pub(super) mod method;
mod parent;
mod proof;
mod proxy;
pub(super) mod refusal;
mod region;
mod roles;
mod service;
mod sts;
pub(super) mod token;

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

pub use self::token::JoinRequest;
pub(super) use self::{
    bot::Bot,
    errors::JoinError,
    parent::{Parent, ParentError},
    refusal::{Refusal, RefusalReason},
    token::TokenName,
};
