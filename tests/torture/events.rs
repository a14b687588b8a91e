//! What happens.

use std::{fs, path::Path, process::Command, thread, time::Duration};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use serde_json::Value;
use teleport_simulator::Fault;

use crate::{
    cells::Moment,
    operations::World,
    support::{
        environment::{STATE, TestEnv},
        process::Running,
    },
};

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// Ctrl-C: SIGINT to the program and its plugins.
    Interrupt,
    /// Ctrl-C, and again when the program has seen the first one.
    InterruptTwice,
    /// SIGTERM to the program, as a scheduler sends it.
    Terminate,
    /// SIGKILL to the provider.
    KillProvider,
    /// SIGKILL to the program.
    KillProgram,
    /// Every connection is closed, and new ones are refused for two seconds.
    Restart,
    /// Every connection is closed.
    DroppedConnections,
    /// The answer never comes, and the connection stays open.
    NoAnswer,
    /// Files cannot grow, so the state cannot be written.
    FullDisk,
    /// The temporary folder cannot be written to.
    UnusableTmpdir,
    /// The provider's clock goes ahead by two hours during the run.
    ClockJump,
}

impl Event {
    pub(crate) const ALL: [Self; 11] = [
        Self::Interrupt,
        Self::InterruptTwice,
        Self::Terminate,
        Self::KillProvider,
        Self::KillProgram,
        Self::Restart,
        Self::DroppedConnections,
        Self::NoAnswer,
        Self::FullDisk,
        Self::UnusableTmpdir,
        Self::ClockJump,
    ];

    /// What it is, for people.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Interrupt => "Ctrl-C",
            Self::InterruptTwice => "Ctrl-C twice",
            Self::Terminate => "SIGTERM to Terraform",
            Self::KillProvider => "`kill -9` of the provider",
            Self::KillProgram => "`kill -9` of Terraform",
            Self::Restart => "restart of the Teleport proxy (2 s)",
            Self::DroppedConnections => "all connections dropped",
            Self::NoAnswer => "no answer on an open connection",
            Self::FullDisk => "full disk: the state cannot be written",
            Self::UnusableTmpdir => "`TMPDIR` cannot be written to",
            Self::ClockJump => "clock of the provider two hours ahead",
        }
    }

    /// Whether it can come at a moment.
    pub(crate) fn fits(self, moment: Moment) -> bool {
        match self {
            Self::FullDisk | Self::UnusableTmpdir => moment == Moment::Start,
            Self::NoAnswer => matches!(moment, Moment::Before | Moment::Unanswered),
            _ => moment != Moment::Start,
        }
    }

    /// What this machine lacks for it.
    pub(crate) fn missing(self) -> Option<&'static str> {
        (self == Self::ClockJump && faketime().is_none()).then_some("libfaketime is not installed")
    }

    /// Whether the provider may have no chance to tidy up. After a second Ctrl-C Terraform gives it two seconds.
    pub(crate) fn kills_provider(self) -> bool {
        matches!(self, Self::KillProvider | Self::InterruptTwice)
    }

    /// Whether nobody has a chance to say what became of the call, or to write the state.
    pub(crate) fn silences(self) -> bool {
        matches!(
            self,
            Self::KillProvider | Self::KillProgram | Self::InterruptTwice | Self::FullDisk
        )
    }

    /// What it needs before the run.
    pub(crate) fn prepare(self, env: &mut TestEnv) {
        match self {
            Self::UnusableTmpdir => {
                let file = env.path("no-folder");
                fs::write(&file, "").unwrap();
                env.set("TMPDIR", &file.to_string_lossy());
            }
            Self::ClockJump => {
                let library = faketime().unwrap_or_default();
                env.set("LD_PRELOAD", library);
                fs::write(env.path(CLOCK), "+0").unwrap();
                env.set(
                    "FAKETIME_TIMESTAMP_FILE",
                    &env.path(CLOCK).to_string_lossy(),
                );
                env.set("FAKETIME_NO_CACHE", "1");
                env.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            }
            _ => {}
        }
    }

    /// Starts the run.
    pub(crate) fn start(self, world: &World) -> Running {
        if self != Self::FullDisk {
            return world.env.start(world.command);
        }
        // The output goes through a pipe, which has no limit.
        let command = world.env.command(world.command);
        let mut limited = Command::new("sh");
        let script =
            "{ (ulimit -f 1; exec \"$@\") 2>&1; echo $? >exit-code; } | cat; exit $(cat exit-code)";
        limited
            .args(["-c", script, "sh"])
            .arg(command.get_program());
        limited.args(command.get_args());
        limited.env_clear();
        let variables = command.get_envs();
        limited.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            limited.current_dir(folder);
        }
        Running::start(limited)
    }

    /// Makes it happen now.
    pub(crate) fn happen(self, env: &TestEnv, running: &Running) {
        let group = Pid::from_raw(running.id());
        // What is gone already cannot be hit any more.
        let hit = |pid| {
            let _ = kill(pid, Signal::SIGKILL);
        };
        match self {
            Self::Interrupt => interrupt(group),
            Self::InterruptTwice => {
                interrupt(group);
                for _ in 0..100 {
                    if running.stdout().contains("Interrupt received") {
                        break;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
                interrupt(group);
            }
            Self::Terminate => {
                let _ = kill(group, Signal::SIGTERM);
            }
            Self::KillProvider => plugins(group).into_iter().for_each(hit),
            Self::KillProgram => hit(group),
            Self::Restart => {
                let refused = Fault::unreachable().times(10_000);
                env.simulator.add_fault(refused).unwrap();
                env.simulator.close_connections();
                thread::sleep(Duration::from_secs(2));
                env.simulator.clear_faults();
            }
            Self::DroppedConnections => env.simulator.close_connections(),
            Self::ClockJump => fs::write(env.path(CLOCK), "+2h").unwrap(),
            Self::NoAnswer | Self::FullDisk | Self::UnusableTmpdir => {}
        }
    }

    /// Makes the machine whole again, for the run that heals.
    pub(crate) fn repair(self, env: &mut TestEnv) {
        match self {
            Self::UnusableTmpdir => env.set("TMPDIR", &env.path("tmp").to_string_lossy()),
            Self::ClockJump => env.set("LD_PRELOAD", ""),
            Self::FullDisk => restore_state(env),
            _ => {}
        }
    }
}

/// Does what a person does whose disk was full: what Terraform wrote in part is no state, and the one before is beside it.
fn restore_state(env: &TestEnv) {
    let (state, before) = (env.path(STATE), env.path(&format!("{STATE}.backup")));
    let text = fs::read(&state).unwrap_or_default();
    if serde_json::from_slice::<Value>(&text).is_err() {
        let _ = fs::remove_file(&state);
        let _ = fs::copy(before, &state);
    }
}

fn interrupt(group: Pid) {
    let _ = killpg(group, Signal::SIGINT);
}

/// The processes of a group, which a program and its plugins are.
pub(crate) fn group(group: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").unwrap();
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.map(Pid::from_raw)
        .filter(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // PID (NAME) STATE PPID PGRP ...
            let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
            let mut fields = rest.split(' ');
            let is_there = !matches!(fields.next(), None | Some("" | "Z" | "X"));
            is_there && fields.nth(1).and_then(|group| group.parse().ok()) == Some(group.as_raw())
        })
        .collect()
}

/// The plugins among them.
fn plugins(leader: Pid) -> Vec<Pid> {
    let mut found = group(leader);
    found.retain(|pid| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.starts_with("terraform-provi")
    });
    found
}

/// The file that says by how much the clock is wrong.
const CLOCK: &str = "clock";

/// The library that shows programs another time.
fn faketime() -> Option<&'static str> {
    const PLACES: [&str; 2] = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    ];
    PLACES.into_iter().find(|place| Path::new(place).exists())
}
