//! The examples of the documentation.

use std::path::Path;

use crate::support::{
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![every_example_is_formatted];

fn every_example_is_formatted(program: &Program) {
    let folder = tempfile::tempdir().expect("a temporary folder must be creatable");
    let cli_config = folder.path().join("cli.tfrc");
    std::fs::write(&cli_config, "").expect("the CLI configuration must be writable");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let output = program
        .command(&examples, &cli_config)
        .args(["fmt", "-check", "-diff", "-recursive"])
        .output()
        .expect("the program must start");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
