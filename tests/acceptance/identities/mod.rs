//! Identities for other programs: the ephemeral resource.

pub(crate) mod refusals;

use std::fs;

use serde_json::Value;
use teleport_simulator::{Fault, Identity};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use x509_parser::pem::Pem;

use crate::support::{
    environment::{CLUSTER, PLAN, TEAM_A, TestEnv, cluster},
    matrix::{EPHEMERAL_RESOURCES, Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    a_program_gets_an_identity_that_is_stored_nowhere: EPHEMERAL_RESOURCES,
    an_identity_is_the_credentials_of_another_provider_block: EPHEMERAL_RESOURCES,
    a_cluster_that_has_just_become_active_is_waited_for: EPHEMERAL_RESOURCES,
    a_plan_tries_to_join_once: EPHEMERAL_RESOURCES,
    an_interrupt_ends_the_wait_for_an_identity: EPHEMERAL_RESOURCES,
    with_a_join_token_the_provider_block_needs_no_credentials: EPHEMERAL_RESOURCES,
    the_cluster_has_the_last_word_on_the_ttl: EPHEMERAL_RESOURCES,
];

/// AWS identities: one that the clusters' rules allow, one that has expired, one of another account.
const AWS: &str = r#"
[[aws_identities]]
access_key_id = "AKIAMEMBER"
secret_access_key = "member"
account = "123456789012"
arn = "arn:aws:sts::123456789012:assumed-role/terraform/run"

[[aws_identities]]
access_key_id = "AKIALATE"
secret_access_key = "late"
session_token = "over"
account = "123456789012"
arn = "arn:aws:sts::123456789012:assumed-role/terraform/late"
expired = true

[[aws_identities]]
access_key_id = "AKIASTRANGER"
secret_access_key = "stranger"
account = "999999999999"
arn = "arn:aws:sts::999999999999:assumed-role/stranger/run"
"#;

/// A Teleport Cloud and the AWS credentials that its clusters allow.
fn cloud(program: &Program, scenario: &str) -> TestEnv {
    let mut env = TestEnv::with(program, &format!("active_after_reads = 0\n{scenario}{AWS}"));
    env.set("AWS_EC2_METADATA_DISABLED", "true");
    env.set("AWS_REGION", "eu-west-1");
    become_caller(&mut env, "AKIAMEMBER", "member");
    env
}

fn become_caller(env: &mut TestEnv, key_id: &str, secret: &str) {
    env.set("AWS_ACCESS_KEY_ID", key_id);
    env.set("AWS_SECRET_ACCESS_KEY", secret);
}

/// The domain of the workload cluster `team-a`, as it will be.
fn domain(env: &TestEnv) -> String {
    env.simulator.proxy_address().replace("parent.", "team-a.")
}

/// An identity in the cluster at an address, which is an expression.
fn identity(address: &str, more: &str) -> String {
    format!("ephemeral \"teleport_identity\" \"this\" {{\n  address = {address}\n  {more}\n}}\n")
}

/// An identity in the cluster `team-a`, which is there.
fn known(env: &TestEnv, more: &str) -> String {
    identity(&format!("{:?}", domain(env)), more)
}

/// A program that is handed the identity, and writes all that it is handed into the file `handed.json`.
fn handed(trigger: &str) -> String {
    format!(
        r#"
resource "terraform_data" "program" {{
  triggers_replace = "{trigger}"
  provisioner "local-exec" {{
    command     = "printenv HANDED >handed.json"
    environment = {{ HANDED = jsonencode(ephemeral.teleport_identity.this) }}
  }}
}}
"#
    )
}

/// What the program wrote.
fn read_handed(env: &TestEnv) -> Value {
    serde_json::from_slice(&fs::read(env.path("handed.json")).unwrap()).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// The key in the only line of an identity file that names an authority of SSH.
fn host_authority(identity_file: &str) -> &str {
    let lines = identity_file.lines();
    let lines: Vec<&str> = lines
        .filter(|line| line.starts_with("@cert-authority "))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].split(' ').nth(3).unwrap()
}

fn expires(handed: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(text(handed, "expires"), &Rfc3339).unwrap()
}

fn joins(env: &TestEnv) -> usize {
    env.calls("Join") + env.calls("RegisterUsingIAMMethod")
}

fn a_program_gets_an_identity_that_is_stored_nowhere(program: &Program) {
    let env = cloud(program, "");
    let config = |trigger: &str| {
        let address = format!("{CLUSTER}.status.domain");
        format!(
            "{}{}{}",
            cluster("team-a", ""),
            identity(&address, ""),
            handed(trigger)
        )
    };
    env.configure(&config("1"));
    // The address is not known, so the plan goes without.
    env.plan().without_diagnostics();
    assert_eq!(joins(&env), 0);
    let applied = env.apply_plan().succeeded().without_diagnostics();

    let first = read_handed(&env);
    assert_eq!(text(&first, "user"), "bot-terraform");
    assert_eq!(text(&first, "cluster_name"), "team-a.localhost");
    assert_eq!(text(&first, "ttl"), "1h");
    assert_eq!(
        (&first["join_method"], &first["join_token"]),
        (&Value::Null, &Value::Null)
    );
    let life = expires(&first) - OffsetDateTime::now_utc();
    assert!(
        life > Duration::minutes(50) && life <= Duration::HOUR,
        "{life}"
    );
    let blocks: Vec<_> = Pem::iter_from_buffer(text(&first, "identity_file").as_bytes())
        .map(Result::unwrap)
        .collect();
    let labels: Vec<_> = blocks.iter().map(|block| block.label.as_str()).collect();
    assert!(
        labels[0].ends_with("PRIVATE KEY")
            && labels[1..].iter().all(|label| *label == "CERTIFICATE"),
        "{labels:?}"
    );
    let certificate = blocks[1].parse_x509().unwrap();
    assert_eq!(
        certificate.validity().not_after.to_datetime(),
        expires(&first)
    );
    let parts = ["tls_private_key", "tls_cert", "tls_ca_certs"].map(|name| text(&first, name));
    for part in parts {
        assert!(text(&first, "identity_file").contains(part));
    }

    // What SSH needs is in it: the host authority of the cluster, and a certificate of the bot.
    let file = text(&first, "identity_file");
    let of_the_cluster = Identity::default();
    let of_the_cluster = env
        .simulator
        .add_child_identity("team-a", "x", &of_the_cluster);
    let of_the_cluster = fs::read_to_string(of_the_cluster.unwrap()).unwrap();
    assert_eq!(host_authority(file), host_authority(&of_the_cluster));
    assert_eq!(file.matches("-cert-v01@openssh.com AAAA").count(), 1);

    // With the cluster there, a plan opens one, too: another one.
    env.configure(&config("2"));
    let planned = env.plan().without_diagnostics();
    assert_eq!(joins(&env), 2);
    let shown = env.run(&["show", "-json", PLAN]).succeeded();
    let state = env.state().0.to_string();
    env.apply_plan().succeeded().without_diagnostics();
    let second = read_handed(&env);
    assert_ne!(first["tls_cert"], second["tls_cert"]);
    env.plan_is_empty().without_diagnostics();

    let everything = [
        &applied.stdout,
        &planned.stdout,
        &shown.stdout,
        &state,
        &env.state().0.to_string(),
    ];
    for handed in [&first, &second] {
        for name in ["tls_private_key", "tls_cert"] {
            let secret = text(handed, name).lines().nth(1).unwrap();
            assert!(
                everything.iter().all(|text| !text.contains(secret)),
                "{name}"
            );
        }
    }
    assert!(everything.iter().all(|text| !text.contains("PRIVATE KEY")));
    let stored = env.state().0["resources"].clone();
    let stored = stored.as_array().unwrap().iter();
    let mut kinds: Vec<_> = stored.map(|resource| text(resource, "type")).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["teleport_workload_cluster", "terraform_data"]);
}

fn an_identity_is_the_credentials_of_another_provider_block(program: &Program) {
    let env = cloud(program, "");
    env.configure(&format!(
        r#"{cluster}
{identity}
provider "teleport" {{
  alias         = "child"
  addr          = {CLUSTER}.status.domain
  identity_file = ephemeral.teleport_identity.this.identity_file
}}
resource "teleport_user" "dora" {{
  provider        = teleport.child
  metadata        = {{ name = "dora" }}
  spec            = {{ roles = ["access"] }}
  deletion_policy = "abandon"
}}
"#,
        cluster = cluster("team-a", ""),
        identity = identity(&format!("{CLUSTER}.status.domain"), ""),
    ));
    env.apply().succeeded().without_diagnostics();
    let users = env.simulator.users("team-a").unwrap();
    let dora = users.iter().find(|user| user.name == "dora").unwrap();
    assert_eq!(dora.created_by, "bot-terraform");
    env.plan_is_empty().without_diagnostics();
    env.destroy().succeeded();
    assert!(env.names().is_empty());
}

fn a_cluster_that_has_just_become_active_is_waited_for(program: &Program) {
    let env = cloud(program, "");
    let refused = Fault::join_refused().cluster("team-a").times(2);
    env.simulator.add_fault(refused).unwrap();
    let address = format!("{CLUSTER}.status.domain");
    env.configure(&format!(
        "{}{}{}",
        cluster("team-a", ""),
        identity(&address, ""),
        handed("1")
    ));
    env.apply().succeeded().without_diagnostics();
    assert_eq!(text(&read_handed(&env), "user"), "bot-terraform");
    assert_eq!(joins(&env), 3);
}

fn a_plan_tries_to_join_once(program: &Program) {
    let env = cloud(program, TEAM_A);
    let refused = Fault::join_refused().cluster("team-a").times(9);
    env.simulator.add_fault(refused).unwrap();
    env.configure(&format!("{}{}", known(&env, ""), handed("1")));
    let error = env.plan_with(&[]).error(&[
        "Join Refused",
        "getting an identity in the cluster team-a.localhost",
        "right after the cluster became active",
    ]);
    error.points_at("address");
    assert_eq!(joins(&env), 1);
}

fn an_interrupt_ends_the_wait_for_an_identity(program: &Program) {
    let env = cloud(program, TEAM_A);
    let slow = Fault::delay("Join", std::time::Duration::from_secs(600));
    env.simulator.add_fault(slow).unwrap();
    env.configure(&format!("{}{}", known(&env, ""), handed("1")));
    let mut running = env.start(&["plan", "-json"]);
    running.until("the join", |_| joins(&env) == 1);
    running.interrupt();
    let outcome = running.wait().failed();
    assert!(outcome.took.as_secs() < 20, "{outcome}");
    let diags = outcome.diagnostics();
    assert!(
        diags.iter().any(|diag| diag
            .text
            .contains("getting an identity in the cluster team-a")),
        "{outcome}"
    );
}

fn with_a_join_token_the_provider_block_needs_no_credentials(program: &Program) {
    let env = cloud(program, TEAM_A);
    env.write(&format!(
        "provider \"teleport\" {{\n  addr = {:?}\n}}\n{}{}",
        env.simulator.proxy_address(),
        known(&env, "join_token = \"terraform\"\n  join_method = \"iam\""),
        handed("1")
    ));
    env.apply().succeeded().without_diagnostics();
    let handed = read_handed(&env);
    assert_eq!(
        (text(&handed, "join_method"), text(&handed, "join_token")),
        ("iam", "terraform")
    );
    assert_eq!(text(&handed, "user"), "bot-terraform");
    let parent = env
        .simulator
        .calls()
        .into_iter()
        .find(|call| call.cluster == "parent");
    assert!(parent.is_none(), "{parent:?}");
}

fn the_cluster_has_the_last_word_on_the_ttl(program: &Program) {
    let env = cloud(program, &format!("certificate_life = \"10m\"\n{TEAM_A}"));
    for (ttl, longest) in [("2m", 2), ("2h", 10)] {
        env.configure(&format!(
            "{}{}",
            known(&env, &format!("ttl = {ttl:?}")),
            handed(ttl)
        ));
        env.apply().succeeded().without_diagnostics();
        let life = expires(&read_handed(&env)) - OffsetDateTime::now_utc();
        let longest = Duration::minutes(longest);
        assert!(
            life <= longest && life > longest - Duration::MINUTE,
            "{ttl}: {life}"
        );
    }
}
