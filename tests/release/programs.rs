//! The release as people get it: `init` takes it from a mirror, without `dev_overrides`, and the static program needs
//! nothing but itself.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::unistd::Uid;
use teleport_simulator::{Options, Simulator};
use tempfile::TempDir;

use super::{
    Outcome, ProgramTest, dist,
    dist::{VERSION, own_platform},
    passed, skipped,
    support::{
        environment::{OUTPUTS, cluster, provider_block, runtime},
        installation::REQUIRED,
        process::Running,
        programs::Program,
    },
};

pub(crate) const TESTS: &[ProgramTest] = &[
    (
        "init_takes_the_release_from_a_mirror",
        init_takes_the_release_from_a_mirror,
    ),
    (
        "the_release_works_in_an_empty_root",
        the_release_works_in_an_empty_root,
    ),
];

fn init_takes_the_release_from_a_mirror(program: &Program) -> Outcome {
    let zip = match dist::zip(&own_platform()) {
        Ok(zip) => zip,
        Err(reason) => return skipped(reason),
    };
    let simulator = simulator();
    let folder = tempfile::tempdir().unwrap();
    let identity = simulator.identity_file();
    fs::write(
        folder.path().join("main.tf"),
        configuration(&simulator, identity),
    )
    .unwrap();
    init(program, &zip, folder.path());
    let lock = fs::read_to_string(folder.path().join(".terraform.lock.hcl")).unwrap();
    assert!(
        lock.contains(&format!("version = \"{VERSION}\"")) && lock.contains("\"h1:"),
        "{lock}"
    );
    let mut plan = program.command(folder.path(), &folder.path().join(CLI_CONFIG));
    plan.env("SSL_CERT_FILE", simulator.ca_file()).args(APPLY);
    Running::start(plan).wait().succeeded();
    assert_eq!(simulator.clusters().len(), 1);
    passed()
}

fn the_release_works_in_an_empty_root(program: &Program) -> Outcome {
    if !own_platform().starts_with("linux") {
        return skipped("only Linux has static programs");
    }
    let zip = match dist::zip(&own_platform()) {
        Ok(zip) => zip,
        Err(reason) => return skipped(reason),
    };
    if !dist::is_static(&fs::read(&program.path).unwrap()) {
        return skipped(format!("{program} is not static itself"));
    }
    let simulator = simulator();
    let root = Root::new(program, &simulator);
    fs::write(
        root.path("module/main.tf"),
        configuration(&simulator, Path::new("/module/identity")),
    )
    .unwrap();
    init(program, &zip, &root.path("module"));
    let version = root.run(&["version"]).output().unwrap();
    if !version.status.success() {
        return skipped(String::from_utf8_lossy(&version.stderr).trim().to_owned());
    }
    let plan = root.run(&["-chdir=/module", "plan", "-detailed-exitcode", "-no-color"]);
    let outcome = Running::start(plan).wait();
    assert_eq!(outcome.code, Some(2), "{outcome}");
    let rpcs: Vec<_> = simulator.calls().into_iter().map(|call| call.rpc).collect();
    assert!(rpcs.iter().any(|rpc| rpc == "GetRole"), "{rpcs:?}");
    let mut apply = vec!["-chdir=/module"];
    apply.extend(APPLY);
    Running::start(root.run(&apply)).wait().succeeded();
    assert_eq!(simulator.clusters().len(), 1);
    passed()
}

/// A folder with nothing in it but what a run needs: the program, the files that say whom to trust and where hosts are, and
/// a folder to work in.
struct Root(TempDir);

impl Root {
    fn new(program: &Program, simulator: &Simulator) -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        for folder in ["etc/ssl/certs", "tmp", "module"] {
            fs::create_dir_all(root.path(folder)).unwrap();
        }
        fs::copy(&program.path, root.path(program.kind.name())).unwrap();
        // Where rustls looks by default.
        fs::copy(
            simulator.ca_file(),
            root.path("etc/ssl/certs/ca-certificates.crt"),
        )
        .unwrap();
        let (proxy, _) = simulator
            .proxy_address()
            .rsplit_once(':')
            .map(|(host, port)| (host.to_owned(), port.to_owned()))
            .unwrap();
        fs::write(
            root.path("etc/hosts"),
            format!("127.0.0.1 localhost {proxy}\n"),
        )
        .unwrap();
        fs::write(root.path("etc/resolv.conf"), "nameserver 127.0.0.1\n").unwrap();
        fs::copy(simulator.identity_file(), root.path("module/identity")).unwrap();
        Self(root.0)
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// Runs the program that is in it, with this folder as its root.
    fn run(&self, arguments: &[&str]) -> Command {
        let mut command = if Uid::effective().is_root() {
            Command::new("chroot")
        } else {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "chroot"]);
            command
        };
        let program = ["terraform", "tofu"]
            .into_iter()
            .find(|name| self.path(name).is_file())
            .unwrap();
        command
            .arg(self.0.path())
            .arg(format!("/{program}"))
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/module")
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null());
        command
    }
}

fn simulator() -> Simulator {
    let scenario = "active_after_reads = 0".parse().unwrap();
    runtime()
        .block_on(Simulator::start(Options::default().scenario(scenario)))
        .unwrap()
}

/// One that reads at plan, so that a plan needs the server.
fn configuration(simulator: &Simulator, identity: &Path) -> String {
    let provider = provider_block(&simulator.proxy_address(), identity, "");
    let data =
        "data \"teleport_role\" \"access\" {\n  metadata = {\n    name = \"access\"\n  }\n}\n";
    format!("{REQUIRED}{provider}{data}{}{OUTPUTS}", cluster("acme", ""))
}

/// Runs `init` in a folder, with a mirror that holds the zip as it is and nothing else.
fn init(program: &Program, zip: &Path, folder: &Path) {
    let mirror = tempfile::tempdir().unwrap();
    let source = format!(
        "{}/teleport-community/teleport",
        program.kind.registry_host()
    );
    let packages = mirror.path().join(source);
    fs::create_dir_all(&packages).unwrap();
    fs::copy(zip, packages.join(zip.file_name().unwrap())).unwrap();
    let cli_config = folder.join(CLI_CONFIG);
    let settings = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
        mirror.path()
    );
    fs::write(&cli_config, settings).unwrap();
    let mut init = program.command(folder, &cli_config);
    init.args(["init", "-no-color"]);
    Running::start(init).wait().succeeded();
}

const CLI_CONFIG: &str = "cli.tfrc";
const APPLY: [&str; 3] = ["apply", "-auto-approve", "-no-color"];
