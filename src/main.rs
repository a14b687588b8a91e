//! `terraform-provider-teleport`: Terraform and OpenTofu start it, people do not.

use std::{env, process::ExitCode, time::Duration};

use clap::Parser;
use terraform_provider_teleport::provider::Teleport;
use tfplugin::serve;

/// Instead of the allocator of musl, which has one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Terraform and OpenTofu provider for Teleport workload clusters.
///
/// Terraform and OpenTofu start it without arguments.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Wait for a host that finds this process through TF_REATTACH_PROVIDERS.
    #[arg(long)]
    debug: bool,

    /// The address under which the host knows the provider, for --debug.
    #[arg(
        long,
        value_name = "HOST/NAMESPACE/TYPE",
        default_value = "registry.terraform.io/teleport-community/teleport"
    )]
    provider_address: String,

    /// How long to stay after the last host has gone.
    #[arg(long, hide = true, value_parser = humantime::parse_duration, default_value = "10s")]
    grace: Duration,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = serve::Options {
        address: arguments.provider_address,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        debug: arguments.debug,
        grace: arguments.grace,
        crates: [env!("CARGO_CRATE_NAME"), "teleport_client"]
            .map(str::to_owned)
            .into(),
    };
    let environment = |name: &str| env::var(name).ok();
    serve::run(&options, &environment, || {
        Teleport::new(Box::new(environment))
    })
}
