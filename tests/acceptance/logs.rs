//! What the logs show, and what they must not.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use teleport_simulator::AwsIdentity;

use super::tenants;
use crate::support::{
    environment::{TestEnv, cluster},
    matrix::{Scenario, scenarios},
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    waiting_shows_its_progress,
    an_unfamiliar_state_is_warned_of_once,
    no_secret_is_in_the_logs_or_in_the_output,
    nothing_of_a_join_that_would_do_for_another_is_in_the_logs,
];

fn waiting_shows_its_progress(program: &Program) {
    let mut env = TestEnv::with(program, "active_after_reads = 2\nread_lag = \"1ms\"");
    env.set("TF_LOG_PROVIDER", "INFO");
    env.configure(&cluster("team-a", ""));
    let outcome = env.apply().succeeded();
    let lines = outcome
        .stderr
        .lines()
        .filter(|line| line.contains("waiting for the workload cluster"));
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), 2, "{outcome}");
    for phrase in [
        "[INFO]",
        "cluster=team-a",
        "state=creating",
        "elapsed_seconds=",
        "next_poll_seconds=",
    ] {
        assert!(lines[0].contains(phrase), "{phrase:?}: {}", lines[0]);
    }
}

fn an_unfamiliar_state_is_warned_of_once(program: &Program) {
    let mut env = TestEnv::with(
        program,
        "states = ['creating', 'migrating', 'migrating', 'active']",
    );
    env.set("TF_LOG_PROVIDER", "WARN");
    env.configure(&cluster("team-a", ""));
    let outcome = env.apply().succeeded();
    let count = |phrase: &str| {
        outcome
            .stderr
            .lines()
            .filter(|line| line.contains(phrase))
            .count()
    };
    assert_eq!(count("state=migrating"), 1, "{outcome}");
    assert_eq!(count("state=creating"), 0, "{outcome}");
}

fn no_secret_is_in_the_logs_or_in_the_output(program: &Program) {
    let mut env = TestEnv::with(program, "active_after_reads = 1");
    env.set("TF_LOG", "TRACE");
    let identity = env.simulator.identity_file().to_owned();
    let text = fs::read_to_string(&identity).unwrap();
    let secret: Vec<_> = text
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("-----"))
        .collect();
    assert!(
        secret.iter().any(|line| line.len() > 40),
        "the identity file must begin with a key"
    );
    for arguments in [
        format!("identity_file_path = {identity:?}"),
        format!("identity_file = file({identity:?})"),
        format!("identity_file_base64 = filebase64({identity:?})"),
    ] {
        let block = format!(
            "provider \"teleport\" {{\n  addr = {:?}\n  {arguments}\n}}\n",
            env.simulator.proxy_address()
        );
        env.write(&format!("{block}{}", cluster("team-a", "")));
        let outcome = env.apply().succeeded();
        assert!(outcome.stderr.contains("[TRACE]"), "the log must be there");
        assert!(
            outcome.stderr.contains("terraform-provider-teleport"),
            "the provider's log must be there"
        );
        for line in secret.iter().filter(|line| line.len() > 20) {
            assert!(
                !outcome.stderr.contains(line) && !outcome.stdout.contains(line),
                "{arguments}: {line}"
            );
        }
        let encoded = secret_in_base64(&text);
        assert!(
            !outcome.stderr.contains(&encoded) && !outcome.stdout.contains(&encoded),
            "{arguments}"
        );
    }
}

fn nothing_of_a_join_that_would_do_for_another_is_in_the_logs(program: &Program) {
    let mut env = tenants::teams(program);
    let identity = AwsIdentity {
        session_token: Some("IQoJb3JpZ2luX2VjSESSION".repeat(4)),
        ..AwsIdentity::example(
            "123456789012",
            "arn:aws:sts::123456789012:assumed-role/ci/run",
        )
    };
    let session = identity.session_token.clone().unwrap();
    let secrets = [identity.secret_access_key.clone(), session.clone()];
    env.set("AWS_SECRET_ACCESS_KEY", &identity.secret_access_key);
    env.simulator.put_aws_identity(identity).unwrap();
    env.set("TF_LOG", "TRACE");
    let domain = tenants::domain(&env, "team-a");
    env.configure(&tenants::role(&format!("{domain:?}")));
    for (token, phrase) in [
        ("another".to_owned() + &session, "does not accept"),
        (session, "joined the cluster"),
    ] {
        env.set("AWS_SESSION_TOKEN", &token);
        let outcome = env.apply();
        let shown = format!("{}{}", outcome.stderr, outcome.stdout);
        assert!(
            shown.contains("found AWS credentials") && shown.contains(phrase),
            "{outcome}"
        );
        for secret in &secrets {
            assert!(!shown.contains(secret), "{outcome}");
        }
        let shown = shown.to_ascii_lowercase();
        for header in ["x-amz-security-token", "signature=", "x-teleport-challenge"] {
            assert!(!shown.contains(header), "{header}: {outcome}");
        }
    }
    assert!(tenants::has_role(&env, "team-a"));
}

/// A piece of the text in base64, from inside the key.
fn secret_in_base64(text: &str) -> String {
    STANDARD.encode(text)[60..120].to_owned()
}
