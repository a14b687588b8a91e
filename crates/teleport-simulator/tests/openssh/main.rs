//! The tunnel of the proxies, with OpenSSH: a client that shares no code with the simulator verifies the host certificate,
//! agrees upon keys, and logs in with the certificate of an identity file. The channel of Teleport's clients it cannot open.
//!
//! Without `ssh` the tests are shown as `ignored`.

// The exception for tests covers test functions, not what they share.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "the tests of the library use more of it")]
#[path = "../../src/tests/dial.rs"]
mod dial;

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::ExitCode,
};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use teleport_simulator::{Options, Simulator};
use tempfile::TempDir;
use tokio::{io::copy_bidirectional, net::TcpListener, process::Command, runtime::Runtime};

type Test = fn(&Runtime);

const ROLES: &str = r#"extension:teleport-roles={"version":"v1","roles":["identity"]}"#;

const TESTS: [(&str, Test); 5] = [
    (
        "openssh_logs_in_and_learns_that_there_are_no_sessions",
        openssh_logs_in_and_learns_that_there_are_no_sessions,
    ),
    ("keys_of_every_sort_log_in", keys_of_every_sort_log_in),
    (
        "certificates_that_teleport_would_not_issue_are_refused",
        certificates_that_teleport_would_not_issue_are_refused,
    ),
    (
        "openssh_knows_no_host_of_another_authority",
        openssh_knows_no_host_of_another_authority,
    ),
    (
        "openssh_is_refused_with_a_foreign_certificate",
        openssh_is_refused_with_a_foreign_certificate,
    ),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = TESTS.map(|(name, test)| {
        Trial::ignorable_test(name, move || -> Result<Completion, Failed> {
            if std::process::Command::new("ssh")
                .arg("-V")
                .output()
                .is_err()
            {
                return Ok(Completion::ignored_with("no ssh on PATH"));
            }
            test(&Runtime::new()?);
            Ok(Completion::Completed)
        })
    });
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

fn openssh_logs_in_and_learns_that_there_are_no_sessions(runtime: &Runtime) {
    let simulator = start(runtime);
    let identity = read(simulator.identity_file());
    for exchange in ["curve25519-sha256", "ecdh-sha2-nistp256"] {
        let options = format!("KexAlgorithms={exchange}");
        let said = runtime.block_on(ssh(&simulator, &identity, &[&options]));
        assert!(said.contains("Cannot open new SSH session"), "{said}");
    }
}

fn keys_of_every_sort_log_in(runtime: &Runtime) {
    let simulator = start(runtime);
    for kind in ["rsa", "ed25519", "ecdsa"] {
        let identity = signed(&simulator, kind, &[ROLES]);
        let said = runtime.block_on(ssh(&simulator, &identity, &[]));
        assert!(
            said.contains("Cannot open new SSH session"),
            "{kind}: {said}"
        );
    }
}

fn certificates_that_teleport_would_not_issue_are_refused(runtime: &Runtime) {
    let simulator = start(runtime);
    for options in [&["extension:permit-pty"][..], &[ROLES, "critical:unknown"]] {
        let identity = signed(&simulator, "ecdsa", options);
        let said = runtime.block_on(ssh(&simulator, &identity, &[]));
        assert!(
            said.contains("Permission denied (publickey)"),
            "{options:?}: {said}"
        );
    }
}

/// A new key of the bot, which the user authority of the parent has signed with these options.
fn signed(simulator: &Simulator, kind: &str, options: &[&str]) -> Identity {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (key, public, login) = (path("key"), path("key.pub"), "bot-terraform");
    let authority = simulator
        .data_dir()
        .join("user-ca.key")
        .display()
        .to_string();
    keygen(&["-t", kind, "-N", "", "-f", &key]);
    let sign = ["-s", &authority, "-I", login, "-n", login, "-V", "+1h"];
    let options = options.iter().flat_map(|option| ["-O", option]);
    let sign = sign.into_iter().chain(options).chain([public.as_str()]);
    keygen(&sign.collect::<Vec<_>>());
    Identity {
        key: fs::read_to_string(&key).unwrap(),
        certificate: fs::read_to_string(path("key-cert.pub")).unwrap(),
        known_hosts: read(simulator.identity_file()).known_hosts,
    }
}

/// Makes or signs a key.
fn keygen(arguments: &[&str]) {
    let mut command = std::process::Command::new("ssh-keygen");
    let output = command.arg("-q").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn openssh_knows_no_host_of_another_authority(runtime: &Runtime) {
    let simulator = start(runtime);
    let other = start(runtime);
    let identity = Identity {
        known_hosts: read(other.identity_file()).known_hosts,
        ..read(simulator.identity_file())
    };
    let said = runtime.block_on(ssh(&simulator, &identity, &[]));
    assert!(said.contains("Host key verification failed"), "{said}");
}

fn openssh_is_refused_with_a_foreign_certificate(runtime: &Runtime) {
    let simulator = start(runtime);
    let foreign = read(&simulator.data_dir().join("identity-foreign"));
    let said = runtime.block_on(ssh(&simulator, &foreign, &[]));
    assert!(said.contains("Permission denied (publickey)"), "{said}");
}

fn start(runtime: &Runtime) -> Simulator {
    let started = runtime.block_on(Simulator::start(Options::default()));
    started.unwrap()
}

/// The parts of an identity file that SSH needs.
struct Identity {
    key: String,
    certificate: String,
    known_hosts: String,
}

fn read(path: &Path) -> Identity {
    let text = fs::read_to_string(path).unwrap();
    let end = "-----END PRIVATE KEY-----\n";
    let (key, rest) = text.split_once(end).unwrap();
    let line = |start: &str| {
        let line = rest.lines().find(|line| line.starts_with(start));
        format!("{}\n", line.unwrap())
    };
    Identity {
        key: format!("{key}{end}"),
        certificate: line("ecdsa-sha2-nistp256-cert-v01@openssh.com "),
        known_hosts: line("@cert-authority "),
    }
}

/// Runs `ssh` on the tunnel of the parent, and answers what it says.
async fn ssh(simulator: &Simulator, identity: &Identity, options: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (key, certificate, known_hosts) = (path("key"), path("key-cert.pub"), path("known_hosts"));
    fs::write(&key, &identity.key).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    fs::write(&certificate, &identity.certificate).unwrap();
    fs::write(&known_hosts, &identity.known_hosts).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let served = tokio::spawn(serve(listener, simulator.proxy_address(), roots(simulator)));

    let mut command = Command::new("ssh");
    command.args(["-F", "/dev/null", "-p", &port, "-l", "bot-terraform"]);
    for option in [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "GlobalKnownHostsFile=/dev/null",
        "IdentitiesOnly=yes",
        "HostKeyAlias=parent.localhost",
        &format!("UserKnownHostsFile={known_hosts}"),
        &format!("IdentityFile={key}"),
        &format!("CertificateFile={certificate}"),
    ]
    .iter()
    .chain(options)
    {
        command.args(["-o", option]);
    }
    let output = command.args(["127.0.0.1", "true"]).output().await.unwrap();
    served.abort();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn roots(simulator: &Simulator) -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from_pem_file(simulator.ca_file()).unwrap()]
}

/// Passes a connection on to the tunnel of the proxy, in TLS.
async fn serve(listener: TcpListener, proxy: String, roots: Vec<CertificateDer<'static>>) {
    let (mut plain, _) = listener.accept().await.unwrap();
    let (host, port) = proxy.rsplit_once(':').unwrap();
    let address = ([127, 0, 0, 1], port.parse().unwrap()).into();
    let alpn = ["teleport-reversetunnel".to_owned()];
    let tls = dial::tls(address, host, dial::anonymous(&roots), &alpn).await;
    // OpenSSH may have closed the connection.
    let _ = copy_bidirectional(&mut plain, &mut tls.unwrap()).await;
}
