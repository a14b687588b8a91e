//! Drives the provider with the real programs: every scenario runs on each `terraform` and `tofu` that is there.
//!
//! Nothing is mocked between the program and the simulated Teleport Cloud: each scenario has a simulator of its own, which
//! listens on ports of loopback, and a working folder, in which the provider is installed from a mirror.

// The exception for tests covers test functions, not what they share.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod adopting;
mod auth_preference;
mod bots;
mod children;
mod children_changes;
mod children_trouble;
mod cloud_clusters;
mod create;
mod credentials;
mod data_sources;
mod day_two;
mod destroy;
mod drift;
mod examples;
mod failures;
mod generate;
mod guard;
mod guides;
mod identities;
mod import;
mod interruption;
mod invites;
mod logs;
mod module_tests;
mod moving;
mod official;
mod platforms;
mod provider_block;
mod query;
mod quiet;
mod read_lag;
mod replacement;
mod resource_identity;
mod roles;
mod secrets;
mod servers;
mod states;
mod taint;
mod tbot_config;
mod tctl_yaml;
mod tenants;
mod tenants_changes;
mod tenants_recreated;
mod tokens;
mod users;
mod validation;

use std::process::ExitCode;

fn main() -> ExitCode {
    support::matrix::run(&[
        adopting::SCENARIOS,
        children::SCENARIOS,
        children_changes::SCENARIOS,
        children_trouble::SCENARIOS,
        cloud_clusters::SCENARIOS,
        create::SCENARIOS,
        credentials::SCENARIOS,
        data_sources::SCENARIOS,
        day_two::SCENARIOS,
        destroy::SCENARIOS,
        drift::SCENARIOS,
        examples::SCENARIOS,
        failures::SCENARIOS,
        generate::SCENARIOS,
        guard::SCENARIOS,
        guides::SCENARIOS,
        identities::SCENARIOS,
        identities::refusals::SCENARIOS,
        import::SCENARIOS,
        interruption::SCENARIOS,
        invites::SCENARIOS,
        logs::SCENARIOS,
        module_tests::SCENARIOS,
        moving::SCENARIOS,
        official::SCENARIOS,
        platforms::SCENARIOS,
        provider_block::SCENARIOS,
        query::SCENARIOS,
        quiet::SCENARIOS,
        read_lag::SCENARIOS,
        replacement::SCENARIOS,
        resource_identity::SCENARIOS,
        roles::SCENARIOS,
        secrets::SCENARIOS,
        secrets::misplaced::SCENARIOS,
        servers::SCENARIOS,
        states::SCENARIOS,
        taint::SCENARIOS,
        tbot_config::SCENARIOS,
        tctl_yaml::SCENARIOS,
        tenants::SCENARIOS,
        tenants_changes::SCENARIOS,
        tenants_recreated::SCENARIOS,
        tokens::SCENARIOS,
        bots::SCENARIOS,
        auth_preference::SCENARIOS,
        users::SCENARIOS,
        validation::SCENARIOS,
    ])
}
