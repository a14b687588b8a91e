//! The examples of the documentation.

use std::path::Path;

use crate::support::{
    complete::{NAME, variables},
    environment::{CLUSTER, TestEnv},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    every_example_is_formatted,
    a_cluster_alone_is_made_and_destroyed
];

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

fn a_cluster_alone_is_made_and_destroyed(program: &Program) {
    let env = TestEnv::with(program, "active_after_reads = 2");
    env.copy_example("workload-cluster", &variables());
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.state().output("state"), "active");
    let domain = env.simulator.cluster(NAME).unwrap().domain;
    assert_eq!(env.state().output("domain"), domain.as_str());
    env.plan_is_empty().without_diagnostics();
    assert_eq!(env.destroy().succeeded().order(), [CLUSTER]);
    assert!(env.names().is_empty());
}
