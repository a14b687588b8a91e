//! Joining a cluster as a bot: proving who this machine is by a join method, and getting certificates for it.
//!
//! A join gives the bot's own identity, which may do nearly nothing but ask for certificates of the roles that the bot may
//! impersonate. Those are what calls are made with (`lib/tbot` in gravitational/teleport). All keys live in memory only.
//!
//! | what | where |
//! | --- | --- |
//! | which join | [`method`], `token`, `parent` |
//! | who this machine is to AWS | `aws`, `machine`, `caller`, `region`, `sts` |
//! | keys and certificates | `key`, `certificates`, [`bundle`] |
//! | the exchange | `proxy`, `service`, `legacy`, `roles` |
//! | keeping an identity | `bot` |
//! | what can go wrong | `errors`, `refusal` |

pub(super) mod aws;
mod bot;
pub(super) mod bundle;
mod caller;
mod certificates;
mod errors;
mod key;
mod legacy;
mod machine;
pub(super) mod method;
mod parent;
mod proxy;
pub(super) mod refusal;
mod region;
mod roles;
mod service;
mod sts;
mod token;

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
