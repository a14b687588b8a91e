//! A test's world: a simulated Teleport Cloud, and a person's working folder with the provider installed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde_json::{Value, json};
use teleport_simulator::{AwsIdentity, Options, Scenario, Simulator};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{
    installation::{Installation, LOCK_FILE, REQUIRED},
    outcome::Outcome,
    process::Running,
    programs::Program,
    state::State,
};

/// A simulator of its own, and a folder to run a program in.
pub(crate) struct TestEnv {
    program: Program,
    installation: Arc<Installation>,
    folder: TempDir,
    variables: Vec<(String, String)>,
    pub(crate) simulator: Simulator,
}

/// Address of the resource that [`cluster`] declares.
pub(crate) const CLUSTER: &str = "teleport_workload_cluster.this";

/// A configuration of a workload cluster named `name`, as `this`. `more` are further arguments, or blocks.
pub(crate) fn cluster(name: &str, more: &str) -> String {
    format!(
        r#"
resource "teleport_workload_cluster" "this" {{
  metadata = {{
    name = "{name}"
  }}
  spec = {{
    regions = [{{ name = "us-west-2" }}]
    bot     = {{ name = "terraform" }}
    token = {{
      join_method = "iam"
      allow       = [{{ aws_account = "123456789012" }}]
    }}
  }}
  {more}
}}
"#
    )
}

/// The cluster of [`cluster`] named `team-a`, made by somebody else, for a scenario file.
pub(crate) const TEAM_A: &str = r#"
[[clusters]]
name = "team-a"
[clusters.spec]
regions = [{ name = "us-west-2" }]
bot = { name = "terraform" }
token = { join_method = "iam", allow = [{ aws_account = "123456789012" }] }
"#;

/// Outputs that show what became of it.
pub(crate) const OUTPUTS: &str = r#"
output "state" {
  value = teleport_workload_cluster.this.status.state
}
output "domain" {
  value = teleport_workload_cluster.this.status.domain
}
output "ready" {
  value = teleport_workload_cluster.this.ready
}
"#;

impl TestEnv {
    /// A Teleport Cloud whose clusters are active at once.
    pub(crate) fn new(program: &Program) -> Self {
        Self::with(program, "active_after_reads = 0")
    }

    /// On a Teleport Cloud that has [`TEAM_A`], and whose clusters are active at once.
    pub(crate) fn with_team_a(program: &Program) -> Self {
        Self::with(program, &format!("active_after_reads = 0\n{TEAM_A}"))
    }

    /// A Teleport Cloud that behaves as this scenario file says.
    pub(crate) fn with(program: &Program, scenario: &str) -> Self {
        let mut scenario: Scenario = scenario.parse().expect("the scenario must be valid");
        if scenario.read_lag.is_zero() {
            scenario.read_lag = read_lag();
        }
        let installation = Installation::of(program);
        let folder = tempfile::tempdir().expect("a temporary folder must be creatable");
        fs::copy(&installation.lock, folder.path().join(LOCK_FILE))
            .expect("the lock file must be copyable");
        let starting = Simulator::start(Options::default().scenario(scenario));
        Self {
            program: program.clone(),
            installation,
            folder,
            variables: Vec::new(),
            simulator: runtime()
                .block_on(starting)
                .expect("the simulator must start"),
        }
    }

    /// Lets the runs that follow find the official provider.
    pub(crate) fn install_official(&self) {
        fs::copy(&self.installation.lock_with_official, self.path(LOCK_FILE))
            .expect("the lock file must be copyable");
    }

    /// Sets an environment variable for the runs that follow.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(set, _)| set != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Gives the runs that follow the credentials of an AWS identity: a session of the role `terraform` in this account.
    pub(crate) fn be_aws_identity(&mut self, account: &str) {
        let arn = format!("arn:aws:sts::{account}:assumed-role/terraform/run");
        let identity = AwsIdentity::example(account, arn);
        self.set("AWS_ACCESS_KEY_ID", &identity.access_key_id);
        self.set("AWS_SECRET_ACCESS_KEY", &identity.secret_access_key);
        self.set("AWS_REGION", "eu-west-1");
        self.set("AWS_EC2_METADATA_DISABLED", "true");
        self.simulator
            .put_aws_identity(identity)
            .expect("the AWS identity must be taken");
    }

    /// Puts the files of an example into the working folder, and these values of its variables beside the parent's.
    pub(crate) fn copy_example(&self, name: &str, variables: &str) {
        let example = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples")
            .join(name);
        copy(&example, self.folder.path()).expect("the example must be copyable");
        let parent = format!(
            "addr = {:?}\nidentity_file_path = {:?}\n",
            self.simulator.proxy_address(),
            self.simulator.identity_file(),
        );
        fs::write(self.path("terraform.tfvars"), parent + variables)
            .expect("the variables must be writable");
    }

    /// Puts the example of many tenants into the working folder, ready to be applied.
    #[track_caller]
    pub(crate) fn copy_tenants_example(&mut self) {
        self.copy_example(
            "tenants",
            "aws_account = \"123456789012\"\naws_arn = \"arn:aws:sts::123456789012:assumed-role/terraform/*\"\n",
        );
        self.init_modules();
    }

    /// Sets a configuration up that has modules in it.
    #[track_caller]
    pub(crate) fn init_modules(&mut self) {
        let data = self.path("data");
        self.set("TF_DATA_DIR", &data.to_string_lossy());
        self.run(&["init", "-no-color"]).succeeded();
    }

    /// The working folder.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Makes `main.tf` of the usual provider block and this.
    pub(crate) fn configure(&self, body: &str) {
        self.write(&format!("{}{body}", self.provider("")));
    }

    /// Makes `main.tf` of this, which has its own provider blocks.
    pub(crate) fn write(&self, body: &str) {
        fs::write(self.path("main.tf"), format!("{REQUIRED}{body}"))
            .expect("the configuration must be writable");
    }

    /// The usual provider block, with these arguments beside.
    pub(crate) fn provider(&self, more: &str) -> String {
        provider_block(
            &self.simulator.proxy_address(),
            self.simulator.identity_file(),
            more,
        )
    }

    /// A run that was begun.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// A run to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.start(arguments).wait()
    }

    /// A plan, in the file [`PLAN`]. These are further arguments.
    pub(crate) fn plan_with(&self, arguments: &[&str]) -> Outcome {
        let mut all = vec!["plan", "-json", "-detailed-exitcode", "-out", PLAN];
        all.extend(arguments);
        self.run(&all)
    }

    /// A plan that shows changes.
    #[track_caller]
    pub(crate) fn plan(&self) -> Outcome {
        let outcome = self.plan_with(&[]);
        assert_eq!(outcome.code, Some(2), "{outcome}");
        outcome
    }

    /// A plan that shows no changes.
    #[track_caller]
    pub(crate) fn plan_is_empty(&self) -> Outcome {
        self.plan_with(&[]).succeeded()
    }

    /// An apply of what is configured.
    pub(crate) fn apply(&self) -> Outcome {
        self.run(APPLY)
    }

    /// An apply of the plan in the file [`PLAN`].
    pub(crate) fn apply_plan(&self) -> Outcome {
        self.run(&["apply", "-json", PLAN])
    }

    /// A destruction of everything.
    pub(crate) fn destroy(&self) -> Outcome {
        self.run(&["destroy", "-json", "-auto-approve"])
    }

    /// What `show -json` says of the plan in the file [`PLAN`] about a resource: `actions`, `before`, `after`, ...
    #[track_caller]
    pub(crate) fn planned_change(&self, address: &str) -> Value {
        let outcome = self.run(&["show", "-json", PLAN]).succeeded();
        let shown: Value =
            serde_json::from_str(&outcome.stdout).expect("show -json must print JSON");
        let changes = shown["resource_changes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let found = changes
            .into_iter()
            .find(|change| change["address"] == address);
        found
            .map(|change| change["change"].clone())
            .unwrap_or_else(|| panic!("no change of {address}\n{outcome}"))
    }

    /// The state as it is on disk. An empty one if there is no file.
    pub(crate) fn state(&self) -> State {
        let text = fs::read(self.path(STATE)).unwrap_or_default();
        // A program that was killed leaves an empty file.
        if text.is_empty() {
            return State(json!({}));
        }
        State(serde_json::from_slice(&text).expect("the state must be JSON"))
    }

    /// Puts a state there.
    pub(crate) fn set_state(&self, state: &State) {
        fs::write(self.path(STATE), state.0.to_string()).expect("the state must be writable");
    }

    /// How many calls of an RPC came in, about a cluster of any name.
    pub(crate) fn calls(&self, rpc: &str) -> usize {
        self.simulator
            .calls()
            .iter()
            .filter(|call| call.rpc == rpc)
            .count()
    }

    /// Whether a cluster that was made is waited for.
    pub(crate) fn is_waiting(&self) -> bool {
        let calls = self.simulator.calls().into_iter();
        let mut since = calls.skip_while(|call| call.rpc != "CreateWorkloadCluster");
        since.any(|call| call.rpc == "GetWorkloadCluster")
    }

    /// The names of the workload clusters that there are.
    pub(crate) fn names(&self) -> Vec<String> {
        self.simulator
            .clusters()
            .into_iter()
            .map(|cluster| cluster.name)
            .collect()
    }

    /// The command of a run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self
            .program
            .command(self.folder.path(), &self.installation.cli_config);
        command
            .env("TF_DATA_DIR", &self.installation.data)
            .env("SSL_CERT_FILE", self.simulator.ca_file())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .args(arguments);
        command
    }
}

/// Copies what is in a folder into another one.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// A provider block.
pub(crate) fn provider_block(address: &str, identity_file: &Path, more: &str) -> String {
    format!(
        "provider \"teleport\" {{\n  addr = {address:?}\n  identity_file_path = {identity_file:?}\n  {more}\n}}\n"
    )
}

/// The lag of the caches of scenarios that say nothing of it, as the real server has one.
fn read_lag() -> Duration {
    let text = std::env::var("READ_LAG").unwrap_or_else(|_| "300ms".to_owned());
    text.parse::<humantime::Duration>()
        .expect("READ_LAG must be a duration")
        .into()
}

/// The runtime that everything of the tests' own runs on.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("the runtime must start"))
}

/// An apply without a question.
pub(crate) const APPLY: &[&str] = &["apply", "-json", "-auto-approve"];

/// The file of the last plan.
pub(crate) const PLAN: &str = "saved.tfplan";

/// The file of the state.
pub(crate) const STATE: &str = "terraform.tfstate";
