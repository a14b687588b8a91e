//! Modules are tested offline with `terraform test`: the tests in `examples/tenants/tests/`.

use std::fs;

use super::tenants::example;
use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_module_is_tested_with_a_mocked_provider,
    a_module_is_tested_on_the_simulator,
];

const MOCKED: &str = "tests/mocked.tftest.hcl";
const ON_SIMULATOR: &str = "tests/simulator.tftest.hcl";

/// The module, on a cloud that holds no names. The values of its variables come from the tests and the environment.
fn module(program: &Program) -> TestEnv {
    let env = example(program, "active_after_reads = 1\nname_hold = \"0s\"");
    fs::remove_file(env.path("terraform.tfvars")).unwrap();
    env
}

fn a_module_is_tested_with_a_mocked_provider(program: &Program) {
    let env = module(program);
    let only = format!("-filter={MOCKED}");
    let outcome = env.run(&["test", "-no-color", &only]).succeeded();
    assert!(outcome.stdout.contains("2 passed, 0 failed"), "{outcome}");
    assert!(env.simulator.calls().is_empty());

    // What the guide says of made-up values: without a domain, the resources in the cluster are refused.
    let text = fs::read_to_string(env.path(MOCKED)).unwrap();
    let (before, rest) = text.split_once("  # Made-up").unwrap();
    let (_, after) = rest.split_once("\n}\n").unwrap();
    fs::write(env.path(MOCKED), format!("{before}}}\n{after}")).unwrap();
    let outcome = env.run(&["test", "-no-color", &only]);
    assert_eq!(outcome.code, Some(1), "{outcome}");
    let shown = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(shown.contains("Invalid Attribute Value"), "{outcome}");
}

fn a_module_is_tested_on_the_simulator(program: &Program) {
    let mut env = module(program);
    let address = env.simulator.proxy_address();
    let identity = env.simulator.identity_file().display().to_string();
    env.set("TF_VAR_addr", &address);
    env.set("TF_VAR_identity_file_path", &identity);
    let only = format!("-filter={ON_SIMULATOR}");
    // Names are not held, so the second run can use the same.
    for run in 1..=2 {
        let outcome = env.run(&["test", "-no-color", &only]).succeeded();
        assert!(outcome.stdout.contains("2 passed, 0 failed"), "{outcome}");
        assert_eq!(env.calls("CreateWorkloadCluster"), run);
        assert_eq!(env.calls("DeleteWorkloadCluster"), run);
        assert!(env.names().is_empty());
    }
}
