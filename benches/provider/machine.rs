//! What it is measured on.

use std::{env, fs, path::PathBuf, process::Command, thread};

use serde_json::{Value, json};

/// The provider's program: the release build of this package, or another that `PROVIDER` names, such as the static one.
pub(crate) fn provider() -> PathBuf {
    env::var_os("PROVIDER").map_or_else(
        || env!("CARGO_BIN_EXE_terraform-provider-teleport").into(),
        PathBuf::from,
    )
}

/// Processor, memory, system, compiler and profile.
pub(crate) fn describe() -> Value {
    let provider = provider();
    json!({
        "cpu": value("/proc/cpuinfo", "model name").unwrap_or_else(|| env::consts::ARCH.to_owned()),
        "cores": thread::available_parallelism().map_or(0, usize::from),
        "memory": value("/proc/meminfo", "MemTotal"),
        "system": fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| format!("Linux {}", text.trim())),
        "rustc": rustc(),
        "provider": provider,
        "provider_bytes": fs::metadata(provider).map(|metadata| metadata.len()).ok(),
    })
}

/// The first value of that name in a file of lines `name : value`.
fn value(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

fn rustc() -> Option<String> {
    let program = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(program).arg("--version").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
