//! Provider blocks that are not known yet, that are many, or that are empty.

use std::fs;

use teleport_simulator::{Simulator, UserChange};

use super::tenants;
use crate::support::{
    environment::{CLUSTER, TestEnv, cluster, provider_block},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    an_address_that_is_made_in_the_same_apply_is_enough,
    an_address_that_becomes_unknown_keeps_the_state_with_a_warning,
    an_unknown_deletion_policy_keeps_nothing_from_being_read,
    an_unknown_address_is_not_taken_from_the_environment,
    two_provider_blocks_lead_to_two_clusters,
    an_empty_provider_block_is_filled_from_the_environment,
    an_argument_wins_over_its_environment_variable,
    a_join_and_other_credentials_in_one_block_are_warned_of,
    credentials_in_the_block_win_over_a_join_in_the_environment,
];

/// A provider block whose address comes from another resource, and that resource.
fn indirect(env: &TestEnv, note: &str) -> String {
    format!(
        r#"
resource "terraform_data" "parent" {{
  input = {{
    address = {:?}
    note    = "{note}"
  }}
}}
provider "teleport" {{
  addr               = terraform_data.parent.output.address
  identity_file_path = {:?}
}}
{}
"#,
        env.simulator.proxy_address(),
        env.simulator.identity_file(),
        cluster("team-a", "")
    )
}

fn an_address_that_is_made_in_the_same_apply_is_enough(program: &Program) {
    let env = TestEnv::new(program);
    env.write(&indirect(&env, ""));
    env.plan().without_diagnostics();
    env.apply_plan().succeeded().without_diagnostics();
    assert_eq!(env.names(), ["team-a"]);
    env.plan_is_empty().without_diagnostics();
}

fn an_address_that_becomes_unknown_keeps_the_state_with_a_warning(program: &Program) {
    let env = TestEnv::new(program);
    env.write(&indirect(&env, "old"));
    env.apply().succeeded();
    let before = env.state().get(CLUSTER).attributes;
    env.write(&indirect(&env, "new"));
    let plan = env.plan();
    plan.warning(&["addr", "could not be read"]);
    assert_eq!(
        plan.planned(),
        [("terraform_data.parent".to_owned(), "update".to_owned())]
    );
    env.apply_plan().succeeded();
    assert_eq!(env.state().get(CLUSTER).attributes, before);
    env.plan_is_empty().without_diagnostics();
}

fn an_unknown_deletion_policy_keeps_nothing_from_being_read(program: &Program) {
    let env = TestEnv::new(program);
    let with = |policy: &str, users: &str| {
        let block = env.provider("deletion_policy = terraform_data.policy.output");
        env.write(&format!(
            "resource \"terraform_data\" \"policy\" {{\n  input = {policy:?}\n}}\n{block}{users}"
        ));
    };
    let user =
        "resource \"teleport_user\" \"this\" {\n  metadata = {\n    name = \"carol\"\n  }\n}\n";
    with("revoke", user);
    env.apply().succeeded().without_diagnostics();
    env.simulator
        .change_user("parent", "carol", described("changed"))
        .unwrap();
    with("abandon", user);
    assert_eq!(
        env.plan().without_diagnostics().planned(),
        [
            ("teleport_user.this".to_owned(), "update".to_owned()),
            ("terraform_data.policy".to_owned(), "update".to_owned()),
        ]
    );
    env.apply_plan().succeeded().without_diagnostics();
    with("abandon", "");
    env.apply().succeeded().warning(&["Not Deleted", "carol"]);
}

fn described(text: &str) -> UserChange {
    UserChange {
        description: Some(text.to_owned()),
        ..UserChange::default()
    }
}

fn an_unknown_address_is_not_taken_from_the_environment(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_TELEPORT_ADDR", "elsewhere.invalid:443");
    env.write(&indirect(&env, ""));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.names(), ["team-a"]);
}

fn two_provider_blocks_lead_to_two_clusters(program: &Program) {
    let mut env = TestEnv::new(program);
    let other = TestEnv::new(program);
    let both = [&env.simulator, &other.simulator]
        .map(Simulator::ca_file)
        .map(|path| fs::read_to_string(path).unwrap());
    fs::write(env.path("both.pem"), both.concat()).unwrap();
    let roots = env.path("both.pem");
    env.set("SSL_CERT_FILE", &roots.to_string_lossy());
    let (first, second) = (env.provider(""), other.provider("alias = \"other\""));
    let there = cluster("team-b", "provider = teleport.other").replace("\"this\"", "\"there\"");
    env.write(&format!("{first}{second}{}{there}", cluster("team-a", "")));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.names(), ["team-a"]);
    assert_eq!(other.names(), ["team-b"]);
    env.plan_is_empty().without_diagnostics();
    env.destroy().succeeded();
    assert!(env.names().is_empty() && other.names().is_empty());
}

fn an_empty_provider_block_is_filled_from_the_environment(program: &Program) {
    let mut env = TestEnv::new(program);
    let address = env.simulator.proxy_address();
    let identity_file = env.simulator.identity_file().to_string_lossy().into_owned();
    env.set("TF_TELEPORT_ADDR", &address);
    env.set("TF_TELEPORT_IDENTITY_FILE_PATH", &identity_file);
    for block in ["", "provider \"teleport\" {}\n"] {
        env.write(&format!("{block}{}", cluster("team-a", "")));
        env.apply().succeeded().without_diagnostics();
        assert_eq!(env.names(), ["team-a"]);
    }
}

fn an_argument_wins_over_its_environment_variable(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_TELEPORT_ADDR", "elsewhere.invalid:443");
    env.set("TF_TELEPORT_IDENTITY_FILE_PATH", "/no/such/file");
    let block = provider_block(
        &env.simulator.proxy_address(),
        env.simulator.identity_file(),
        "",
    );
    env.write(&format!("{block}{}", cluster("team-a", "")));
    env.apply().succeeded().without_diagnostics();
}

fn a_join_and_other_credentials_in_one_block_are_warned_of(program: &Program) {
    let env = tenants::teams(program);
    let join = "join_method = \"iam\"\n  join_token = \"terraform\"";
    let block = provider_block(
        &tenants::domain(&env, "team-a"),
        env.simulator.identity_file(),
        join,
    );
    env.write(&format!("{block}{}", tenants::role("null")));
    let outcome = env.apply().succeeded();
    outcome.warning(&[
        "Ambiguous Provider Configuration",
        "identity_file_path",
        "the join is used",
        "If it fails, that is an error",
    ]);
    // The plan and the apply configure the provider each.
    let diags = outcome.diagnostics();
    assert!(
        diags.iter().all(|diag| diag.text.starts_with("Ambiguous")),
        "{outcome}"
    );
    assert!(tenants::has_role(&env, "team-a"));
}

fn credentials_in_the_block_win_over_a_join_in_the_environment(program: &Program) {
    let mut env = tenants::teams(program);
    env.set("TF_TELEPORT_JOIN_METHOD", "iam");
    env.set("TF_TELEPORT_JOIN_TOKEN", "terraform");
    env.configure(&cluster("team-c", ""));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(env.names(), ["team-a", "team-b", "team-c"]);
    assert_eq!(tenants::joins(&env, "parent"), 0);
}
