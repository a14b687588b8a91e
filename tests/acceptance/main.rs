//! Drives the provider with the real programs: every scenario runs on `terraform` and on `tofu`.

#[path = "../support/mod.rs"]
mod support;

mod examples;

use std::process::ExitCode;

fn main() -> ExitCode {
    support::matrix::run(&[examples::SCENARIOS])
}
