//! No secret is shown, wherever it stands: not on the screen, not in logs, not in what stays on disk, not in the process table.
//!
//! The secrets are those of real credentials, so that they are recognized as an attacker would: piece by piece.

pub(crate) mod misplaced;

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use teleport_simulator::{AwsIdentity, Fault};
use tonic::Code;

use super::tenants;
use crate::support::{
    environment::{APPLY, PLAN, TestEnv, cluster},
    matrix::{Scenario, scenarios},
    outcome::Outcome,
    process::Running,
    programs::Program,
    zip::unpacked,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    credentials_in_their_place_leave_no_trace,
    a_provider_that_crashes_leaves_no_trace_of_credentials,
    secrets_in_variables_of_others_leave_no_trace,
    an_insecure_join_is_warned_of,
];

const LOOK: &str = "data \"teleport_workload_clusters\" \"all\" {}\n";

/// Pieces of secrets that must be nowhere.
struct Secrets(Vec<String>);

impl Secrets {
    /// The private key of an identity file, as it is and in base64.
    fn of_identity(text: &str) -> Self {
        let end = text.find("-----END").expect("it must begin with a key");
        let body: Vec<_> = text[..end].lines().skip(1).collect();
        let body = body.concat();
        assert!(body.len() > 100, "the key must be there");
        let encoded = STANDARD.encode(&text[..end]);
        Self(
            pieces(&body)
                .into_iter()
                .chain(pieces(&encoded[48..]))
                .collect(),
        )
    }

    fn add(&mut self, secret: &str) {
        self.0.extend(pieces(secret));
    }

    /// Checks a run, and what it left in the working folder.
    #[track_caller]
    fn are_not_in(&self, env: &TestEnv, outcome: &Outcome) {
        assert!(outcome.stderr.contains("[TRACE]"), "the log must be there");
        let shown = format!("{}{}", outcome.stdout, outcome.stderr);
        self.are_not_within(&shown, "the output", outcome);
        for path in files(&env.path("")) {
            let place = path.display().to_string();
            if path.ends_with(PLAN) {
                self.are_not_in_plan(&path, outcome);
            }
            let bytes = fs::read(&path).unwrap();
            self.are_not_within(&String::from_utf8_lossy(&bytes), &place, outcome);
        }
    }

    /// Checks what is packed in a saved plan, but for the copy of the configuration, which has what a person wrote.
    #[track_caller]
    fn are_not_in_plan(&self, plan: &Path, outcome: &Outcome) {
        let folder = unpacked(plan);
        let parts = files(folder.path());
        assert!(parts.iter().any(|part| part.ends_with("tfplan")));
        let ours = |part: &&PathBuf| !part.starts_with(folder.path().join("tfconfig"));
        for part in parts.iter().filter(ours) {
            let bytes = fs::read(part).unwrap();
            let place = format!("the saved plan, {}", part.display());
            self.are_not_within(&String::from_utf8_lossy(&bytes), &place, outcome);
        }
    }

    #[track_caller]
    fn are_not_within(&self, text: &str, place: &str, outcome: &Outcome) {
        for secret in &self.0 {
            if let Some(start) = text.find(secret.as_str()) {
                let before: Vec<_> = text[..start].chars().rev().take(300).collect();
                let before: String = before.into_iter().rev().collect();
                panic!(
                    "{place} of {} has {secret:?} after:\n{before}",
                    outcome.command
                );
            }
        }
    }
}

/// All files in a folder, and in those within.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    });
    files.collect()
}

fn pieces(secret: &str) -> Vec<String> {
    let characters: Vec<_> = secret.chars().collect();
    let pieces = characters
        .chunks(PIECE)
        .map(|piece| piece.iter().collect::<String>());
    pieces
        .filter(|piece| piece.len() >= PIECE.min(secret.len()))
        .collect()
}

/// The identity file of the simulator, and what of it is secret.
fn identity(env: &TestEnv) -> (String, Secrets) {
    let text = fs::read_to_string(env.simulator.identity_file()).unwrap();
    let secrets = Secrets::of_identity(&text);
    (text, secrets)
}

fn credentials_in_their_place_leave_no_trace(program: &Program) {
    let mut env = TestEnv::with(program, "active_after_reads = 2");
    env.set("TF_LOG", "TRACE");
    let (text, mut secrets) = identity(&env);
    let data = env.simulator.data_dir().to_owned();
    let key = fs::read_to_string(data.join("key")).unwrap();
    secrets.0.extend(Secrets::of_identity(&key).0);
    let base64 = |name: &str| format!("filebase64({:?})", data.join(name));
    let ways = [
        format!("identity_file_base64 = {:?}", STANDARD.encode(&text)),
        format!("identity_file = {text:?}"),
        format!("identity_file = file({:?})", env.simulator.identity_file()),
        format!(
            "cert_base64 = {}\n  key_base64 = {}\n  root_ca_base64 = {}",
            base64("tlscert"),
            base64("key"),
            base64("cas.pem")
        ),
    ];
    // The first two have the secret in the configuration itself, which Terraform copies into a saved plan.
    for (number, way) in ways.iter().enumerate() {
        let block = format!(
            "provider \"teleport\" {{\n  addr = {:?}\n  {way}\n}}\n",
            env.simulator.proxy_address()
        );
        let name = format!("team-{number}");
        env.write(&format!("{block}{}", cluster(&name, "")));
        let main = env.path("main.tf");
        let planned = env.plan();
        let shown = env.run(&["show", "-json", PLAN]).succeeded();
        let mut json: Value = serde_json::from_str(&shown.stdout).unwrap();
        json["configuration"].take();
        secrets.are_not_within(&json.to_string(), "the plan", &shown);
        secrets.are_not_within(&shown.stderr, "the log", &shown);
        let mut running = env.start(APPLY);
        running.until("the provider is there", |_| !commands().is_empty());
        let commands = commands();
        let outcome = running.wait().succeeded();
        secrets.are_not_within(&commands, "the process table", &outcome);
        fs::remove_file(&main).unwrap();
        for outcome in [planned, outcome] {
            secrets.are_not_in(&env, &outcome);
        }

        env.write(&format!(
            "{block}{}",
            cluster(&name, "deletion_protection = true")
        ));
        env.simulator
            .add_fault(Fault::code("GetWorkloadCluster", Code::PermissionDenied).times(2))
            .unwrap();
        let outcome = env.plan_with(&[]);
        assert_eq!(outcome.code, Some(1), "{outcome}");
        env.simulator.clear_faults();
        fs::remove_file(&main).unwrap();
        secrets.are_not_in(&env, &outcome);

        env.write(&format!("{block}{}", cluster(&name, "")));
        let outcome = env.destroy().succeeded();
        fs::remove_file(&main).unwrap();
        secrets.are_not_in(&env, &outcome);
    }
}

fn a_provider_that_crashes_leaves_no_trace_of_credentials(program: &Program) {
    let mut env = TestEnv::with(program, "active_after_reads = 1000");
    env.set("TF_LOG", "TRACE");
    let (_, secrets) = identity(&env);
    let file = env.simulator.identity_file();
    env.write(&format!(
        "provider \"teleport\" {{\n  addr = {:?}\n  identity_file = file({file:?})\n}}\n{}",
        env.simulator.proxy_address(),
        cluster("team-a", "")
    ));
    let mut running = env.start(APPLY);
    running.until("the cluster is awaited", |_| env.is_waiting());
    for provider in providers_of(&running) {
        kill(provider, Signal::SIGKILL).unwrap();
    }
    let outcome = running.wait().failed();
    assert!(
        outcome.stdout.contains("Plugin did not respond"),
        "{outcome}"
    );
    secrets.are_not_in(&env, &outcome);
}

/// The providers that a program started.
fn providers_of(running: &Running) -> Vec<Pid> {
    let mut found = providers();
    found.retain(|(pid, _)| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // State, parent and process group, after the name.
        let rest = stat.rsplit(')').next().unwrap_or_default();
        let group = rest.split_whitespace().nth(2).map(str::parse);
        group == Some(Ok(running.id()))
    });
    assert!(!found.is_empty());
    found
        .into_iter()
        .map(|(pid, _)| Pid::from_raw(pid))
        .collect()
}

/// The command lines of the providers that run now.
fn commands() -> String {
    providers()
        .into_iter()
        .map(|(_, command)| command)
        .collect()
}

/// The providers that run now, with their command lines.
fn providers() -> Vec<(i32, String)> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let all = entries.filter_map(|entry| {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).into_owned();
        Some((entry.file_name().to_str()?.parse().ok()?, command))
    });
    all.filter(|(_, command)| command.contains("terraform-provider-teleport"))
        .collect()
}

fn secrets_in_variables_of_others_leave_no_trace(program: &Program) {
    let mut env = tenants::teams(program);
    env.set("TF_LOG", "TRACE");
    let (text, mut secrets) = identity(&env);
    let aws = AwsIdentity::example(
        "123456789012",
        "arn:aws:sts::123456789012:assumed-role/terraform/run",
    );
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY";
    secrets.add(secret);
    secrets.add("canary-password-of-the-proxy");
    let block = |addr: &str| {
        format!(
            "provider \"teleport\" {{\n  addr = {addr:?}\n  join_method = \"iam\"\n  join_token = \"terraform\"\n}}\n{LOOK}"
        )
    };
    let domain = tenants::domain(&env, "team-a");
    let right = [
        ("AWS_ACCESS_KEY_ID", aws.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_REGION", "eu-west-1"),
        ("HTTPS_PROXY", ""),
    ];
    let ca = env.simulator.ca_file().to_string_lossy().into_owned();
    for (addr, variable, value, phrase) in [
        (domain.as_str(), "AWS_ACCESS_KEY_ID", secret, "access key"),
        (&domain, "AWS_REGION", secret, "region"),
        (&domain, "SSL_CERT_FILE", &text, "SSL_CERT_FILE"),
        (
            "proxy.example.com",
            "HTTPS_PROXY",
            "http://user:canary-password-of-the-proxy@pro xy:1",
            "HTTPS_PROXY is not the address",
        ),
        (
            "proxy.example.com",
            "HTTPS_PROXY",
            "http://user:canary-password-of-the-proxy@127.0.0.1:1",
            "HTTP proxy http://127.0.0.1:1",
        ),
    ] {
        for (name, value) in right {
            env.set(name, value);
        }
        env.set("SSL_CERT_FILE", &ca);
        env.set(variable, value);
        env.write(&block(addr));
        let outcome = env.plan_with(&[]);
        secrets.are_not_in(&env, &outcome);
        outcome.error(&[phrase]);
    }
}

fn an_insecure_join_is_warned_of(program: &Program) {
    let env = tenants::teams(program);
    let risk =
        "whoever is between this machine and the cluster can obtain a certificate of the bot";
    let domain = tenants::domain(&env, "team-a");
    let join = format!(
        "provider \"teleport\" {{\n  addr = {domain:?}\n  join_method = \"iam\"\n  join_token = \"terraform\"\n  insecure = true\n}}\n"
    );
    let others = env.provider("insecure = true\n  workload_clusters = {}");
    for block in [join, others] {
        env.write(&format!("{block}{}", tenants::role("null")));
        env.plan_with(&[])
            .warning(&["Insecure Join", risk, "SSL_CERT_FILE"])
            .points_at("insecure");
    }
    env.write(&format!(
        "{}{}",
        env.provider("insecure = true"),
        tenants::role("null")
    ));
    env.plan().without_diagnostics();
}

/// Characters of a secret that are enough to recognize it.
const PIECE: usize = 24;
