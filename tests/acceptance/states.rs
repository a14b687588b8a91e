//! The states that releases wrote: each must plan as empty with this version.
//!
//! A folder of `tests/states/` has the name of a release, and three files: the configuration, the state that the release wrote, and
//! the objects that the server had. [`UPDATE`] writes those of this version. `official` has the scenarios of the other folders, which
//! have the states of the official provider.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{
    environment::TestEnv,
    matrix::{Scenario, scenarios},
    programs::{Kind, Program},
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![the_state_of_every_release_plans_as_empty];

fn the_state_of_every_release_plans_as_empty(program: &Program) {
    if env::var_os(UPDATE).is_some() && program.kind == Kind::Terraform {
        record(program);
    }
    let releases = fs::read_dir(folder()).expect("there must be states");
    let releases = releases.map(|entry| entry.unwrap().path());
    let is_release = |path: &PathBuf| path.is_dir() && !is_official(path);
    let mut releases: Vec<_> = releases.filter(is_release).collect();
    releases.sort();
    assert!(!releases.is_empty());
    for release in releases {
        let env = replayed(program, &release);
        assert_plans_as_empty(&env, &release);
    }
}

/// A plan without changes, an apply, and both once more: the first apply writes what was upgraded, and then there is nothing left
/// to upgrade.
#[track_caller]
pub(crate) fn assert_plans_as_empty(env: &TestEnv, folder: &Path) {
    for _ in 0..2 {
        let plan = env.plan_with(&[]);
        assert_eq!(plan.code, Some(0), "{}: {plan}", folder.display());
        env.apply().succeeded();
    }
}

/// An object that the server had.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The name of a workload cluster, or `parent`.
    cluster: String,
    kind: String,
    /// When it is gone: then the state alone has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    object: Value,
}

impl Stored {
    fn has_expired(&self) -> bool {
        let expires = self.expires.as_deref();
        let at = expires.map(|at| humantime::parse_rfc3339(at).unwrap());
        at.is_some_and(|at| at <= SystemTime::now())
    }
}

/// A server and a working folder as a folder of states has them.
pub(crate) fn replayed(program: &Program, release: &Path) -> TestEnv {
    let read = |file: &str| {
        let path = release.join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut env = TestEnv::with(program, SCENARIO);
    env.be_aws_identity(ACCOUNT);
    let server: Vec<Stored> = serde_json::from_str(&read(SERVER)).unwrap();
    for stored in server.into_iter().filter(|stored| !stored.has_expired()) {
        let Stored {
            cluster,
            kind,
            object,
            ..
        } = stored;
        let put = env.simulator.put_object(&cluster, &kind, &object);
        put.unwrap_or_else(|error| panic!("{object:#}: {error}"));
        if [CLUSTER_KIND, PREVIEW_KIND].contains(&kind.as_str()) {
            let name = object["metadata"]["name"].as_str().unwrap();
            env.simulator.set_state(name, "active").unwrap();
        }
    }
    env.configure(&read(CONFIGURATION));
    let state = read(STORED_STATE).replace(PORT, &port(&env)).replace(
        Kind::Terraform.registry_host(),
        program.kind.registry_host(),
    );
    fs::write(env.path(STATE), state).unwrap();
    env
}

/// Writes the folder of this version.
fn record(program: &Program) {
    let mut env = TestEnv::with(program, SCENARIO);
    env.be_aws_identity(ACCOUNT);
    // The user of an example is there from the start.
    env.simulator.delete_user(PARENT, "alice").unwrap();
    let configuration = examples() + CHILD;
    env.configure(&configuration);
    env.apply().succeeded();
    env.plan_is_empty();
    let state = env.state();
    let resources = state.0["resources"].as_array().unwrap();
    let mut server: Vec<_> = resources
        .iter()
        .filter_map(|resource| {
            let kind = resource["type"].as_str().unwrap_or_default();
            let kind = KINDS.iter().find(|(name, _)| *name == kind)?.1;
            Some(stored(&env, kind, &resource["instances"][0]["attributes"]))
        })
        .collect();
    // A workload cluster exists before what is in it.
    server.sort_by_key(|stored| (stored.cluster != PARENT, stored.kind.clone()));
    let folder = folder().join(env!("CARGO_PKG_VERSION"));
    fs::create_dir_all(&folder).unwrap();
    let server = serde_json::to_string_pretty(&server).unwrap() + "\n";
    let state = fs::read_to_string(env.path(STATE)).unwrap();
    for (file, text) in [
        (CONFIGURATION, configuration),
        (SERVER, server),
        (STORED_STATE, state.replace(&port(&env), PORT)),
    ] {
        fs::write(folder.join(file), text).unwrap();
    }
}

/// The object of a state as the server has it.
fn stored(env: &TestEnv, kind: &str, attributes: &Value) -> Stored {
    let cluster = match attributes["cluster"].as_str() {
        Some(domain) => domain.split('.').next().unwrap(),
        None => PARENT,
    };
    let name = attributes["id"].as_str().unwrap();
    let object = env.simulator.object(cluster, kind, name).unwrap();
    Stored {
        cluster: cluster.to_owned(),
        kind: kind.to_owned(),
        expires: attributes["metadata"]["expires"]
            .as_str()
            .map(str::to_owned),
        object: object.unwrap_or_else(|| panic!("no {kind} {name}")),
    }
}

/// The configurations of the documentation, of every resource.
fn examples() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/resources");
    let kinds = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = kinds
        .map(|kind| kind.unwrap().path().join("resource.tf"))
        .collect();
    files.sort();
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    texts.collect()
}

/// `:PORT"` with the port on which the simulated clusters are.
fn port(env: &TestEnv) -> String {
    let address = env.simulator.proxy_address();
    let (_, port) = address.rsplit_once(':').unwrap();
    format!(":{port}\"")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/states")
}

/// The states of a version of the official provider.
pub(crate) fn of_official(version: &str) -> PathBuf {
    folder().join(format!("{OFFICIAL}{version}"))
}

fn is_official(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with(OFFICIAL)
}

/// The environment variable with which the states of this version are written.
const UPDATE: &str = "UPDATE_STATES";

const SCENARIO: &str = "active_after_reads = 0\ncloud_clusters_enabled = true";

/// What the folders of the official provider begin with.
const OFFICIAL: &str = "official-";

pub(crate) const CONFIGURATION: &str = "main.tf";
/// In the working folder.
const STATE: &str = "terraform.tfstate";
const STORED_STATE: &str = "state.json";
const SERVER: &str = "server.json";

/// In the place of the port, which is another one each time.
const PORT: &str = ":PORT\"";

const PARENT: &str = "parent";
const CLUSTER_KIND: &str = "workload_cluster";
const PREVIEW_KIND: &str = "cloud_cluster";
const ACCOUNT: &str = "123456789012";

/// The resources that are objects on the server, and the kinds that these have there.
const KINDS: [(&str, &str); 7] = [
    ("teleport_auth_preference", "cluster_auth_preference"),
    ("teleport_bot", "bot"),
    ("teleport_cloud_cluster", PREVIEW_KIND),
    ("teleport_provision_token", "token"),
    ("teleport_role", "role"),
    ("teleport_user", "user"),
    ("teleport_workload_cluster", CLUSTER_KIND),
];

/// Beside the examples: an object in a workload cluster.
const CHILD: &str = r#"
resource "teleport_role" "child" {
  cluster  = teleport_workload_cluster.acme_dev.status.domain
  version  = "v7"
  metadata = { name = "deployer" }
  spec     = { allow = { logins = ["ubuntu"] } }

  deletion_policy = "revoke"
}
"#;
