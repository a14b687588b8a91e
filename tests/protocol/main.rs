//! The provider's program, driven over the real plugin protocol by a host written for the tests.
#![cfg(unix)]
// All of this is test code, the functions between the tests too.
#![allow(clippy::unwrap_used)]

mod breaks;
mod configuration;
mod debug;
mod encodings;
mod endings;
mod handshake;
mod host;
mod identity;
mod interruption;
mod life;
mod lists;
mod log;
mod mutual_tls;
mod replacement;
mod services;
mod signals;
mod taint;
mod unoffered;
mod walk;
