//! The configuration of `tbot`, by the function.

use serde_json::{Value, json};

use crate::support::{
    environment::{CLUSTER, TestEnv, cluster},
    matrix::{PROVIDER_FUNCTIONS, Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    tbot_is_configured_for_a_cluster_however_it_is_known: PROVIDER_FUNCTIONS,
    mistakes_in_arguments_of_the_function_are_named: PROVIDER_FUNCTIONS,
];

fn tbot_is_configured_for_a_cluster_however_it_is_known(program: &Program) {
    let env = TestEnv::new(program);
    env.configure(&format!(
        r#"{}
data "teleport_workload_cluster" "this" {{
  metadata = {{ name = {CLUSTER}.metadata.name }}
}}
locals {{
  plain = {{ spec = {{ bot = {{ name = "ci" }} }}, status = {{ domain = "plain.teleport.sh" }} }}
}}
output "resource" {{
  value = provider::teleport::tbot_config({CLUSTER})
}}
output "data_source" {{
  value = provider::teleport::tbot_config(data.teleport_workload_cluster.this, "/var/lib/\"tbot\"")
}}
output "plain" {{
  value = provider::teleport::tbot_config(local.plain)
}}
"#,
        cluster("team-a", "")
    ));
    env.apply().succeeded().without_diagnostics();
    env.plan_is_empty().without_diagnostics();
    let parsed = |name: &str| -> Value {
        serde_saphyr::from_str(env.state().output(name).as_str().unwrap()).unwrap()
    };
    let expected = |proxy: &str, token: &str, path: &str| {
        json!({
            "version": "v2",
            "oneshot": true,
            "proxy_server": proxy,
            "onboarding": { "join_method": "iam", "token": token },
            "storage": { "type": "memory" },
            "services": [{ "type": "identity", "destination": { "type": "directory", "path": path } }],
        })
    };
    let domain = env.simulator.proxy_address().replace("parent.", "team-a.");
    assert_eq!(
        parsed("resource"),
        expected(&domain, "terraform", "./tbot-output")
    );
    assert_eq!(
        parsed("data_source"),
        expected(&domain, "terraform", "/var/lib/\"tbot\"")
    );
    assert_eq!(
        parsed("plain"),
        expected("plain.teleport.sh:443", "ci", "./tbot-output")
    );
}

fn mistakes_in_arguments_of_the_function_are_named(program: &Program) {
    let env = TestEnv::new(program);
    let whole = r#"{ spec = { bot = { name = "ci" } }, status = { domain = "a.b" } }"#;
    for (arguments, phrases) in [
        (
            r#"{ spec = { bot = { name = "ci" } } }"#.to_owned(),
            ["cluster", "status"],
        ),
        (
            whole.replace("\"ci\"", "null"),
            ["cluster", "spec.bot.name"],
        ),
        (
            whole.replace("\"a.b\"", "null"),
            ["cluster", "status.domain"],
        ),
        (whole.replace("a.b", "https://a.b"), ["cluster", "scheme"]),
        (format!("{whole}, \"\""), ["directory", "empty"]),
        (format!("{whole}, \"a\", \"b\""), ["directory", "at most"]),
    ] {
        env.configure(&format!(
            "output \"it\" {{\n  value = provider::teleport::tbot_config({arguments})\n}}\n"
        ));
        let error = env.plan_with(&[]).error(&phrases);
        assert!(!error.text.contains(".."), "{}", error.text);
    }
}
