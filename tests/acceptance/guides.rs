//! What the guides show works: their configurations are valid, and the commands of *Getting started* run.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use serde_json::Value;
use teleport_simulator::{Options, Scenario as Cloud, Simulator};

use crate::support::{
    environment::{TestEnv, runtime},
    guide::{blocks, yaml_files},
    installation::REQUIRED,
    matrix::{IDENTITIES, Scenario, scenarios},
    process::Running,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    every_configuration_in_the_guides_is_valid,
    the_commands_of_getting_started_work,
];

/// The command that starts the simulator in *Getting started*. It is run within the test, on a free port.
const START: &str = "../target/debug/teleport-simulator --listen 127.0.0.1:3080 --data cloud --scenario cloud.toml\n";

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn every_configuration_in_the_guides_is_valid(program: &Program) {
    let env = TestEnv::new(program);
    let mut shown = Vec::new();
    for entry in fs::read_dir(Path::new(ROOT).join("docs/guides")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "md") {
            continue;
        }
        let page = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        for (file, text) in yaml_files(&page) {
            fs::write(env.path(&file), text).unwrap();
        }
        for (index, block) in blocks(&page, "terraform").into_iter().enumerate() {
            shown.push((format!("{name}-{index}"), block));
        }
    }
    assert!(shown.len() > 20, "only {} blocks were found", shown.len());

    fs::create_dir(env.path("shown")).unwrap();
    for (name, block) in &shown {
        let file = format!("shown/{name}.{}", ending(block));
        fs::write(env.path(&file), block).unwrap();
    }
    let formatted = env.run(&["fmt", "-check", "-diff", "shown"]);
    assert_eq!(formatted.code, Some(0), "{formatted}");

    for (name, block) in &shown {
        let is_known = !block.contains("identity = {") || IDENTITIES.is_in(program);
        if is_known && ending(block) == "tf" {
            accepted(&env, name, block);
        }
    }
}

fn ending(block: &str) -> &'static str {
    if block.contains("mock_provider ") || block.starts_with("run ") {
        "tftest.hcl"
    } else if block.contains("\nlist \"") {
        "tfquery.hcl"
    } else {
        "tf"
    }
}

/// Checks that a program accepts a block as far as it goes: it may refer to what the guide does not show.
fn accepted(env: &TestEnv, name: &str, block: &str) {
    let required = if block.contains("required_providers") {
        ""
    } else {
        REQUIRED
    };
    let block = if block.starts_with("lifecycle ") {
        format!("resource \"terraform_data\" \"this\" {{\n{block}}}\n")
    } else {
        block.to_owned()
    };
    fs::write(env.path("main.tf"), format!("{required}{block}")).unwrap();
    let outcome = env.run(&["validate", "-json"]);
    let result: Value = serde_json::from_str(&outcome.stdout).expect("validate must print JSON");
    let wrong: Vec<_> = result["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["severity"] == "error")
        .filter(|found| {
            let summary = found["summary"].as_str().unwrap();
            !ELSEWHERE.iter().any(|known| summary.starts_with(known))
        })
        .collect();
    assert!(wrong.is_empty(), "{name}:\n{block}\n{wrong:#?}");
}

/// Errors about what a block refers to and another one declares.
const ELSEWHERE: [&str; 6] = [
    "Missing required provider",
    "Reference to undeclared",
    "Provider configuration not present",
    "Configuration for import target does not exist",
    "Invalid import 'to' expression",
    "Module not installed",
];

fn the_commands_of_getting_started_work(program: &Program) {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/guides/getting-started.md")).unwrap();
    let blocks = blocks(&page, "sh");
    let [build, install, prepare, start, commands @ ..] = blocks.as_slice() else {
        panic!("{blocks:?}")
    };
    assert!(build.contains("make build"), "{build}");
    assert_eq!(start, START);

    // A clone after `make build`.
    let clone = tempfile::tempdir().unwrap();
    let path = |name: &str| clone.path().join(name);
    for name in ["examples", "tools", "Cargo.toml"] {
        symlink(Path::new(ROOT).join(name), path(name)).unwrap();
    }
    let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-teleport"));
    fs::create_dir_all(path("target")).unwrap();
    symlink(provider.parent().unwrap(), path("target/debug")).unwrap();
    fs::create_dir(path("bin")).unwrap();
    symlink(&program.path, path("bin/terraform")).unwrap();

    let run = |folder: &Path, text: &str| {
        let mut command = Command::new("bash");
        let inherited = std::env::var("PATH").unwrap();
        command
            .args(["-e", "-c", text])
            .current_dir(folder)
            .env_clear()
            .env("PATH", format!("{}:{inherited}", path("bin").display()))
            .env("HOME", clone.path())
            .env("CHECKPOINT_DISABLE", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        Running::start(command).wait().succeeded()
    };
    run(clone.path(), install);
    run(clone.path(), prepare);
    let folder = path("playground");
    let options = Options::default()
        .data(folder.join("cloud"))
        .scenario(Cloud::read(&folder.join("cloud.toml")).unwrap());
    let simulator = runtime().block_on(Simulator::start(options)).unwrap();
    let address = simulator.proxy_address();
    let (_, port) = address.rsplit_once(':').unwrap();
    let outcome = run(&folder, &commands.concat().replace("3080", port));
    for phrase in [
        "Apply complete! Resources: 5 added, 0 changed, 0 destroyed.",
        &format!("https://acme-dev.localhost:{port}/web/invite/"),
        "No changes.",
        "Workload Cluster Name Would Be Held",
        "Destroy complete! Resources: 5 destroyed.",
    ] {
        assert!(outcome.stdout.contains(phrase), "{phrase}: {outcome}");
    }
    assert!(simulator.clusters().is_empty());
}
