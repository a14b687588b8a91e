//! Logs on standard error: JSON lines for a host, readable text for people, and panics for both.
//!
//! Code logs with `tracing`. A host reads each line, filters by its own level and writes it into its log
//! (`client.go:logStderr` of hashicorp/go-plugin).

mod host;
mod panic;

use std::io;

use tracing_subscriber::{
    Registry,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use super::{Environment, Options};
use host::HostLayer;

/// Logs JSON lines for a host from now on. The level is that of the first of `TF_LOG_PROVIDER_` and the provider's name,
/// `TF_LOG_PROVIDER` and `TF_LOG` that is set, else `warn`. Does nothing if the process already logs.
pub fn init_for_host(options: &Options, env: &Environment<'_>) {
    let level = level(options.name(), env).unwrap_or(LevelFilter::WARN);
    let layer = HostLayer::new(io::stderr());
    let _ = Registry::default()
        .with(targets(&options.crates, level))
        .with(layer)
        .try_init();
    panic::install_hook();
}

/// Logs readable text from now on. The level is chosen as for a host, else it is `info`. Does nothing if the process
/// already logs.
pub(super) fn init_for_people(options: &Options, env: &Environment<'_>) {
    let level = level(options.name(), env).unwrap_or(LevelFilter::INFO);
    let layer = fmt::layer().with_writer(io::stderr);
    let _ = Registry::default()
        .with(targets(&options.crates, level))
        .with(layer)
        .try_init();
    panic::install_hook();
}

/// Of other crates, lines below errors are about internals. Some show what is sent, and some repeat environment variables, which may
/// hold a secret by mistake.
fn targets(crates: &[String], level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::ERROR))
        .with_target(OWN_CRATE, level)
        .with_targets(crates.iter().map(|name| (name, level)))
}

/// As in hosts, any other value, such as `JSON`, means the most detailed level.
fn level(provider: &str, env: &Environment<'_>) -> Option<LevelFilter> {
    let provider = provider.to_ascii_uppercase().replace('-', "_");
    let value = [
        &format!("TF_LOG_PROVIDER_{provider}"),
        "TF_LOG_PROVIDER",
        "TF_LOG",
    ]
    .into_iter()
    .find_map(|name| env(name).filter(|value| !value.is_empty()))?;
    Some(match value.to_ascii_lowercase().as_str() {
        "off" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    })
}

const OWN_CRATE: &str = env!("CARGO_CRATE_NAME");

#[cfg(test)]
mod tests {
    use super::*;

    fn level_of(variables: &[(&str, &str)]) -> Option<LevelFilter> {
        level("some-cloud", &|name| {
            let found = variables.iter().find(|(key, _)| *key == name)?;
            Some(found.1.to_owned())
        })
    }

    #[test]
    fn the_most_specific_variable_sets_the_level() {
        let all = [
            ("TF_LOG", "ERROR"),
            ("TF_LOG_PROVIDER", "info"),
            ("TF_LOG_PROVIDER_SOME_CLOUD", "DEBUG"),
        ];
        assert_eq!(level_of(&all), Some(LevelFilter::DEBUG));
        assert_eq!(level_of(&all[..2]), Some(LevelFilter::INFO));
        assert_eq!(level_of(&all[..1]), Some(LevelFilter::ERROR));
        assert_eq!(level_of(&[("TF_LOG", "")]), None);
        assert_eq!(level_of(&[("TF_LOG", "JSON")]), Some(LevelFilter::TRACE));
        assert_eq!(level_of(&[("TF_LOG", "off")]), Some(LevelFilter::OFF));
    }

    #[test]
    fn other_crates_stay_quiet_at_any_level() {
        let targets = targets(&["some_cloud".to_owned()], LevelFilter::TRACE);
        assert!(targets.would_enable("tfplugin::serve", &tracing::Level::TRACE));
        assert!(targets.would_enable("some_cloud::a", &tracing::Level::TRACE));
        assert!(!targets.would_enable("h2::codec", &tracing::Level::WARN));
        assert!(targets.would_enable("h2::codec", &tracing::Level::ERROR));
    }
}
