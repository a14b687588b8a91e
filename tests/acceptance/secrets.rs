//! No secret is shown, wherever it stands: not on the screen, not in logs, not in what stays on disk, not in the process table.
//!
//! The secrets are those of real credentials, so that they are recognized as an attacker would: piece by piece.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use teleport_simulator::{AwsIdentity, Fault};
use tonic::Code;

use super::tenants;
use crate::support::{
    environment::{APPLY, TestEnv, cluster},
    matrix::{EPHEMERAL_RESOURCES, Scenario, scenarios},
    outcome::Outcome,
    programs::Program,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    credentials_in_their_place_leave_no_trace,
    credentials_in_the_place_of_another_argument_leave_no_trace,
    credentials_in_the_place_of_an_argument_of_an_identity_leave_no_trace: EPHEMERAL_RESOURCES,
    credentials_in_the_variable_of_another_argument_leave_no_trace,
    secrets_in_variables_of_others_leave_no_trace,
    damaged_files_leave_no_trace,
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
        let mut folders = vec![env.path("")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).unwrap();
                    let text = String::from_utf8_lossy(&bytes);
                    self.are_not_within(&text, &path.display().to_string(), outcome);
                }
            }
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
        let mut running = env.start(APPLY);
        running.until("the provider is there", |_| !commands().is_empty());
        let commands = commands();
        let outcome = running.wait().succeeded();
        secrets.are_not_within(&commands, "the process table", &outcome);
        fs::remove_file(&main).unwrap();
        secrets.are_not_in(&env, &outcome);

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

fn credentials_in_the_place_of_an_argument_of_an_identity_leave_no_trace(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_LOG", "TRACE");
    let (_, secrets) = identity(&env);
    let file = env.simulator.identity_file();
    for argument in ["address", "join_method", "join_token", "ttl"] {
        let address = match argument {
            "address" => String::new(),
            _ => "address = \"team-a.localhost:1\"".to_owned(),
        };
        env.configure(&format!(
            "ephemeral \"teleport_identity\" \"this\" {{\n  {address}\n  {argument} = file({file:?})\n}}\n"
        ));
        let outcome = env.run(&["plan", "-json"]);
        assert_eq!(outcome.code, Some(1), "{outcome}");
        secrets.are_not_in(&env, &outcome);
        let errors = outcome.diagnostics();
        let blamed = errors.iter().any(|error| error.text.contains(argument));
        assert!(blamed, "{argument}: {outcome}");
    }
}

/// The command lines of the providers that run now.
fn commands() -> String {
    let mut found = String::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).into_owned();
        if command.contains("terraform-provider-teleport") {
            found.push_str(&command);
        }
    }
    found
}

/// The arguments that take no contents of files, with the type of a text.
const OTHERS: [&str; 16] = [
    "addr",
    "join_method",
    "join_token",
    "audience_tag",
    "gitlab_id_token_env_var",
    "join_timeout_duration",
    "cert_path",
    "key_path",
    "root_ca_path",
    "identity_file_path",
    "profile_name",
    "profile_dir",
    "dial_timeout_duration",
    "retry_base_duration",
    "retry_cap_duration",
    "deletion_policy",
];

fn credentials_in_the_place_of_another_argument_leave_no_trace(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_LOG", "TRACE");
    let (_, secrets) = identity(&env);
    let file = env.simulator.identity_file();
    let forms = [
        format!("file({file:?})"),
        format!("replace(file({file:?}), \"\\n\", \" \")"),
        format!("replace(file({file:?}), \"-----\", \"\")"),
        format!("filebase64({file:?})"),
    ];
    for form in &forms {
        let mut configuration = String::new();
        let joins = ["join_method", "join_token"];
        let nested = joins.map(|name| format!("workload_clusters = {{ {name} = {form} }}"));
        let plain = OTHERS.map(|name| format!("{name} = {form}"));
        for (number, argument) in plain.iter().chain(&nested).enumerate() {
            let addr = if argument.starts_with("addr") {
                String::new()
            } else {
                format!("addr = {:?}", env.simulator.proxy_address())
            };
            configuration.push_str(&format!(
                "provider \"teleport\" {{\n  alias = \"a{number}\"\n  {addr}\n  {argument}\n}}\n\
                 data \"teleport_workload_clusters\" \"a{number}\" {{\n  provider = teleport.a{number}\n}}\n"
            ));
        }
        env.write(&configuration);
        for outcome in [env.run(&["validate", "-json"]), env.plan_with(&[])] {
            assert_eq!(outcome.code, Some(1), "{outcome}");
            secrets.are_not_in(&env, &outcome);
            let errors = outcome.diagnostics();
            for argument in OTHERS.iter().filter(|name| **name != "deletion_policy") {
                let named = format!("{argument}: ");
                let blamed = errors.iter().any(|error| error.text.contains(&named));
                assert!(blamed, "{argument}: {outcome}");
            }
            assert_eq!(errors.len(), OTHERS.len() + nested.len(), "{outcome}");
        }
    }
}

fn credentials_in_the_variable_of_another_argument_leave_no_trace(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_LOG", "TRACE");
    let (text, secrets) = identity(&env);
    env.write(&format!("provider \"teleport\" {{}}\n{LOOK}"));
    let variables = [
        "ADDR",
        "JOIN_METHOD",
        "JOIN_TOKEN",
        "JOIN_TIMEOUT_DURATION",
        "CERT",
        "KEY",
        "ROOT_CA",
        "IDENTITY_FILE_PATH",
        "PROFILE_NAME",
        "PROFILE_PATH",
        "INSECURE",
        "DIAL_TIMEOUT_DURATION",
        "RETRY_MAX_TRIES",
    ];
    for form in [&text, &text.replace('\n', "\\n"), &STANDARD.encode(&text)] {
        for variable in variables {
            env.set(&format!("TF_TELEPORT_{variable}"), form);
        }
        let outcome = env.plan_with(&[]);
        secrets.are_not_in(&env, &outcome);
        for variable in variables {
            let named = format!("(environment variable TF_TELEPORT_{variable}): it is");
            let errors = outcome.diagnostics();
            let blamed = errors.iter().any(|error| error.text.contains(&named));
            assert!(blamed, "{variable}: {outcome}");
        }
    }
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

fn damaged_files_leave_no_trace(program: &Program) {
    let mut env = TestEnv::new(program);
    env.set("TF_LOG", "TRACE");
    let (text, secrets) = identity(&env);
    let key = &text[..text.find("-----BEGIN CERT").unwrap()];
    let folder = env.simulator.data_dir().join("damaged");
    fs::create_dir(&folder).unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let line = text.replace('\n', "\\n");
    let mut arguments = Vec::new();
    for (number, damaged) in [
        text.replace('\n', " "),
        line.clone(),
        text.replacen("-----\n", "", 1),
        text.replacen("PRIVATE KEY-----\n", "PRIVATE KEY ", 1),
        text.replace("-----", ""),
        key.to_owned(),
        STANDARD.encode(&text),
        text[..key.len() / 2].to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let path = write(&format!("identity-{number}"), damaged);
        arguments.push(format!("identity_file_path = {path:?}"));
        arguments.push(format!("identity_file = file({path:?})"));
        arguments.push(format!(
            "cert_path = {path:?}\n  key_path = {path:?}\n  root_ca_path = {path:?}"
        ));
    }
    for (number, profile) in [
        text.clone(),
        format!("web_proxy_addr: \"{line}\"\nuser: alice\n"),
        format!("web_proxy_addr: proxy.example.com\nuser: \"{line}\"\n"),
        format!("web_proxy_addr: [\n{text}"),
    ]
    .iter()
    .enumerate()
    {
        write(&format!("p{number}.yaml"), profile);
        arguments.push(format!(
            "profile_dir = {folder:?}\n  profile_name = \"p{number}\""
        ));
    }
    write("current-profile", &text);
    arguments.push(format!("profile_dir = {folder:?}"));
    let mut configuration = String::new();
    for (number, argument) in arguments.iter().enumerate() {
        configuration.push_str(&format!(
            "provider \"teleport\" {{\n  alias = \"a{number}\"\n  addr = {:?}\n  {argument}\n}}\n\
             data \"teleport_workload_clusters\" \"a{number}\" {{\n  provider = teleport.a{number}\n}}\n",
            env.simulator.proxy_address()
        ));
    }
    env.write(&configuration);
    let outcome = env.plan_with(&[]);
    secrets.are_not_in(&env, &outcome);
    let errors = outcome.diagnostics();
    assert_eq!(errors.len(), arguments.len(), "{outcome}");
    for error in errors {
        assert!(error.text.starts_with("Invalid Credentials"), "{error:?}");
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
