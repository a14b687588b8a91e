//! Terraform and OpenTofu provider for Teleport workload clusters.
//!
//! [`provider::Teleport`] is the provider: start there, or with a page of `kinds`. `main.rs` serves it. The protocol and
//! Terraform's rules are in [`tfplugin`], connections and calls in [`teleport_client`], messages in [`teleport_proto`].
//!
//! | module | what it is |
//! | --- | --- |
//! | [`provider`] | what the provider offers: a list of resources, data sources, ephemeral resources and functions |
//! | `settings` | the provider block: schema, environment, which value takes precedence, `deletion_policy` |
//! | `clusters` | the cluster of the provider block and its workload clusters, and in which of them an object is |
//! | `kinds` | the kinds of objects, a page each: workload cluster, cloud cluster, role, user, join token, bot, auth preference; shared checks |
//! | `engine` | resource and data source of every kind: plan, create, read, update, delete, import; private state |
//! | `invite`, `identity`, `functions` | what is not an object on the server: the invite, the identity, the functions |
//! | `errors` | every diagnostic of the provider; errors of the client in words |
//! | `duration` | durations as texts: the one parser |
//! | [`mapping`] | a protobuf message descriptor seen as a Terraform schema; message <-> value. Uses `duration` and `errors` |

#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod mapping;
pub mod provider;

mod clusters;
mod duration;
mod engine;
mod errors;
mod functions;
mod identity;
mod invite;
mod kinds;
mod settings;
