//! A plan without changes by the real program, after it has imported the objects.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use nix::unistd::Pid;
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::{cloud::Cloud, machine, process, programs::Program};

/// What a run took.
pub(crate) struct Run {
    pub(crate) wall: Duration,
    /// Processor time of all the provider's processes.
    pub(crate) cpu: Duration,
    /// Processor time of the program itself.
    pub(crate) own_cpu: Duration,
    /// The most memory that one of them had, in bytes.
    pub(crate) peak: u64,
}

/// Imports the objects of `cloud`, and runs `plan`.
///
/// # Panics
///
/// Panics if the import or the plan fails, or if the plan finds changes.
pub(crate) async fn plan(program: &Program, cloud: &Cloud) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let path = fs::canonicalize(folder.path()).unwrap();
    // A file of its own, so that its processes can be distinguished from all others.
    let provider = path.join("bin/terraform-provider-teleport");
    fs::create_dir(path.join("bin")).unwrap();
    fs::copy(machine::provider(), &provider).unwrap();
    let cli_config = path.join("cli.tfrc");
    fs::write(
        &cli_config,
        format!(
            "provider_installation {{\n  dev_overrides {{\n    {SOURCE:?} = {:?}\n  }}\n}}\n",
            path.join("bin")
        ),
    )
    .unwrap();
    fs::write(path.join("main.tf.json"), configuration(cloud).to_string()).unwrap();
    let imports = path.join("imports.tf.json");
    fs::write(&imports, import_blocks(cloud).to_string()).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = program.command(&path, &cli_config);
        command.args(arguments).args(["-input=false", "-no-color"]);
        command.env("SSL_CERT_FILE", cloud.ca_file());
        command
    };
    let mut apply = command(&["apply", "-auto-approve"]);
    let mut plan = command(&["plan", "-detailed-exitcode"]);
    // The runtime serves the simulator meanwhile.
    spawn_blocking(move || {
        watch(&mut apply, &provider);
        fs::remove_file(imports).unwrap();
        let run = watch(&mut plan, &provider);
        drop(folder);
        run
    })
    .await
    .unwrap()
}

/// Runs the program, and looks every few milliseconds what the provider's processes have used: they are not children of
/// this one.
fn watch(command: &mut Command, provider: &Path) -> Run {
    let output = tempfile::tempfile().unwrap();
    command
        .stdout(output.try_clone().unwrap())
        .stderr(output.try_clone().unwrap());
    let mut seen = HashMap::new();
    let mut own_cpu = Duration::ZERO;
    let begin = Instant::now();
    let mut child = command.spawn().unwrap();
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    let status = loop {
        for (pid, cpu, peak) in process::running(provider) {
            seen.insert(pid, (cpu, peak));
        }
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        own_cpu = process::cpu(pid).unwrap_or(own_cpu);
        std::thread::sleep(LOOK);
    };
    let wall = begin.elapsed();
    assert!(status.success(), "{status}: {}", text(output));
    Run {
        wall,
        own_cpu,
        cpu: seen.values().map(|(cpu, _)| *cpu).sum(),
        peak: seen.values().map(|(_, peak)| *peak).max().unwrap(),
    }
}

fn text(mut file: fs::File) -> String {
    use std::io::{Read, Seek};

    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

/// One block for each object: a `for_each` would be evaluated for each of its instances, in time that is not the provider's.
fn configuration(cloud: &Cloud) -> Value {
    let blocks = cloud.names().into_iter().map(|name| {
        let block = cloud.block(&name);
        (name, block)
    });
    json!({
        "terraform": { "required_providers": { "teleport": { "source": SOURCE } } },
        "provider": { "teleport": { "addr": cloud.address(), "identity_file_path": cloud.identity_file() } },
        "resource": { cloud.type_name(): blocks.collect::<Map<_, _>>() },
    })
}

fn import_blocks(cloud: &Cloud) -> Value {
    let block = |name: String| json!({ "to": format!("{}.{name}", cloud.type_name()), "id": name });
    json!({ "import": cloud.names().into_iter().map(block).collect::<Vec<_>>() })
}

const SOURCE: &str = "teleport-community/teleport";
/// The last look at a process misses at most this much of it.
const LOOK: Duration = Duration::from_millis(5);
