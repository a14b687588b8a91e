//! Terraform and OpenTofu provider for Teleport workload clusters.
//!
//! One package: this library, and two thin binaries. Imports go down only, and `tests/layers.rs` checks that.
//!
//! | module | what it is | may use |
//! | --- | --- | --- |
//! | `main.rs` | `terraform-provider-teleport`: logging, arguments, serve | all but [`simulator`] |
//! | `bin/teleport-simulator.rs` | the simulated Teleport Cloud, as a process | [`simulator`] |
//! | [`plugin`] | Terraform's plugin protocol 6 as a server: handshake, mutual TLS, RPCs, codecs | [`framework`], [`proto`] |
//! | [`provider`] | the Teleport provider: configuration, one file per resource kind, errors to diagnostics | [`framework`], [`mapping`], [`teleport`], [`proto`] |
//! | [`mapping`] | a protobuf message descriptor seen as a Terraform schema; message <-> value | [`framework`], [`proto`] |
//! | [`framework`] | Terraform's ideas in plain Rust: value, type, schema, path, diagnostics, plan rules, the traits | nothing |
//! | [`teleport`] | the Teleport client: identity file, profile, credentials, dialling, retry, errors | [`proto`] |
//! | [`simulator`] | an in-memory Teleport Cloud over the real wire, with its own CAs and scripted faults | [`proto`] |
//! | [`proto`] | what is made from `proto/*.proto`: typed messages and the descriptor pool | nothing |
//!
//! `plugin` and `provider` meet in `main.rs` alone. The simulator shares no code with the client, so that their mistakes
//! cannot cancel out.

pub mod framework;
pub mod mapping;
pub mod plugin;
pub mod proto;
pub mod provider;
pub mod simulator;
pub mod teleport;
