//! What is checked after the event, and how it heals.
//!
//! Nothing is left over on the machine. Every object that exists because of the run is in the state, or an error names it
//! and says how to import it. Nothing is created twice, and nothing is deleted that the plan did not announce. Then the same
//! command runs again: it succeeds, or each of its errors names a command, which is executed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use nix::unistd::Pid;
use serde_json::Value;
use teleport_simulator::Call;
use tonic::Code;

use crate::{
    cells::Cell,
    events,
    operations::World,
    support::{
        environment::TestEnv,
        outcome::{Diagnostic, Outcome},
    },
};

/// How a cell came to a good end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Healed {
    /// The run itself succeeded.
    SameRun,
    /// The next run succeeded.
    NextRun,
    /// The next run named a command, and the run after it succeeded.
    NamedCommand,
}

/// Checks that no process, socket or file stays.
pub(crate) fn nothing_is_left(cell: &Cell, group: i32, temporary: &Path) {
    let deadline = Instant::now() + TIDY;
    let processes = || events::group(Pid::from_raw(group));
    // A killed process cannot remove the folder of its socket.
    let sockets = || match cell.event.kills_provider() {
        true => 0,
        false => fs::read_dir(temporary).unwrap().count(),
    };
    while !(processes().is_empty() && sockets() == 0) {
        assert!(
            Instant::now() < deadline,
            "{cell}: after {TIDY:?} there are still the processes {:?} and {} files",
            processes(),
            sockets()
        );
        thread::sleep(Duration::from_millis(50));
    }
}

/// Checks the objects, and runs the command again until it succeeds.
pub(crate) fn heal(cell: &Cell, world: &World, first: &Outcome) -> Healed {
    let env = &world.env;
    let mut unknown = not_in_state(env);
    if !cell.event.silences() {
        unknown.retain(|name| !is_named(first, name));
        assert!(unknown.is_empty(), "{cell}: {unknown:?} is lost\n{first}");
    }
    let mut healed = match first.code {
        Some(0) => Healed::SameRun,
        _ => Healed::NextRun,
    };
    let mut done = BTreeSet::new();
    loop {
        let outcome = env.run(world.command);
        unknown.retain(|name| not_in_state(env).contains(name) && !is_named(&outcome, name));
        if outcome.code == Some(0) {
            assert!(unknown.is_empty(), "{cell}: {unknown:?} is lost\n{outcome}");
            break;
        }
        let errors = outcome.diagnostics();
        let addresses = addresses(env);
        let command = errors
            .iter()
            .find_map(|error| Command::of(error, &addresses));
        let command = command.unwrap_or_else(|| panic!("{cell}: no way out\n{first}\n{outcome}"));
        assert!(
            done.insert(format!("{command:?}")),
            "{cell}: {command:?} does not help\n{outcome}"
        );
        command.execute(env);
        healed = Healed::NamedCommand;
    }
    if world.command.first() == Some(&"destroy") {
        assert!(env.state().is_empty(), "{cell}: {:#}", env.state().0);
    } else {
        env.plan_is_empty();
    }
    let calls = env.simulator.calls();
    nothing_was_created_twice(cell, &calls);
    nothing_else_was_deleted(cell, world, &calls);
    healed
}

/// The objects that were created and exist, but are not in the state, by name.
fn not_in_state(env: &TestEnv) -> BTreeSet<String> {
    let state = env.state();
    let resources = state.0["resources"].as_array().cloned().unwrap_or_default();
    let known: BTreeSet<(String, String)> = resources
        .iter()
        .flat_map(|resource| {
            let instances = resource["instances"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            instances.into_iter().map(|instance| {
                let name = &instance["attributes"]["metadata"]["name"];
                (text(&resource["type"]), text(name))
            })
        })
        .collect();
    let calls = env.simulator.calls();
    let created = calls.iter().filter_map(|call| {
        let kind = KINDS.iter().find(|(rpc, _)| *rpc == call.rpc)?.1;
        let name = call.name.clone()?;
        let exists = env.simulator.object(&call.cluster, kind, &name);
        let exists = exists.is_ok_and(|object| object.is_some());
        let is_known = known.contains(&(format!("teleport_{kind}"), name.clone()));
        (exists && !is_known).then_some(name)
    });
    created.collect()
}

fn is_named(outcome: &Outcome, name: &str) -> bool {
    let mut diagnostics = outcome.diagnostics().into_iter();
    diagnostics
        .any(|found| found.text.contains(&format!("{name:?}")) && found.text.contains("import"))
}

/// No create of one object was answered with success twice.
fn nothing_was_created_twice(cell: &Cell, calls: &[Call]) {
    let mut created = BTreeMap::new();
    for call in calls.iter().filter(|call| call.code == Some(Code::Ok)) {
        // A cluster neither shows nor lists invite links: one that is not in the state is replaced, which ends it.
        let is_lost = call.rpc == "CreateResetPasswordToken" && cell.event.silences();
        if call.rpc.starts_with("Create") && !is_lost {
            let object = (&call.cluster, &call.rpc, &call.name);
            let count = created.entry(object).or_insert(0);
            *count += 1;
            assert_eq!(*count, 1, "{cell}: {call:?} came twice");
        }
    }
}

fn nothing_else_was_deleted(cell: &Cell, world: &World, calls: &[Call]) {
    for call in calls.iter().filter(|call| call.rpc.starts_with("Delete")) {
        // A call that was held up was not looked at.
        let name = call.name.as_deref();
        assert!(
            name.is_none_or(|name| world.deletes.contains(&name)),
            "{cell}: no plan announced {call:?}"
        );
    }
}

/// The addresses in the state, and whether what they hold is tainted.
fn addresses(env: &TestEnv) -> BTreeMap<String, bool> {
    let state = env.state();
    let resources = state.0["resources"].as_array().cloned().unwrap_or_default();
    let mut addresses = BTreeMap::new();
    for resource in resources {
        let module = resource["module"]
            .as_str()
            .map(|module| format!("{module}."));
        let (kind, name) = (text(&resource["type"]), text(&resource["name"]));
        for instance in resource["instances"].as_array().into_iter().flatten() {
            let key = match &instance["index_key"] {
                Value::Null => String::new(),
                key => format!("[{key}]"),
            };
            let address = format!("{}{kind}.{name}{key}", module.clone().unwrap_or_default());
            addresses.insert(address, instance["status"] == "tainted");
        }
    }
    addresses
}

/// A way out that an error names.
#[derive(Debug)]
enum Command {
    Import { address: String, id: String },
    Untaint(String),
    MoveAway(String),
}

impl Command {
    fn of(error: &Diagnostic, addresses: &BTreeMap<String, bool>) -> Option<Self> {
        let address = error.address.clone();
        let is_tainted = addresses.get(&address);
        if is_tainted == Some(&true) && error.text.contains("terraform untaint ADDRESS") {
            return Some(Self::Untaint(address));
        }
        let (_, block) = error.text.split_once("import {")?;
        if is_tainted.is_some() && error.text.contains("terraform state mv ADDRESS") {
            return Some(Self::MoveAway(address));
        }
        let mut lines = block.lines();
        let id = lines.find_map(|line| line.trim().strip_prefix("id = "))?;
        let id = id.trim_matches('"').to_owned();
        Some(Self::Import { address, id })
    }

    fn execute(&self, env: &TestEnv) {
        match self {
            Self::Import { address, id } => {
                let file = env.path("imports.tf");
                let blocks = fs::read_to_string(&file).unwrap_or_default();
                let block = format!("import {{\n  to = {address}\n  id = {id:?}\n}}\n");
                fs::write(file, blocks + &block).unwrap();
            }
            Self::Untaint(address) => _ = env.run(&["untaint", address]).succeeded(),
            Self::MoveAway(address) => {
                let old = format!("{address}_old");
                env.run(&["state", "mv", address, &old]).succeeded();
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The calls that create, and the kinds of what they create.
const KINDS: [(&str, &str); 3] = [
    ("CreateWorkloadCluster", "workload_cluster"),
    ("CreateRole", "role"),
    ("CreateUser", "user"),
];

/// How long the machine has to be tidy again.
const TIDY: Duration = Duration::from_secs(15);
