//! A run of terraform or tofu, from its start to its outcome.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tempfile::TempDir;

use super::outcome::Outcome;

/// A program that was started, as the leader of a process group that its plugins are in. Dropped while it runs, the
/// group is killed.
pub(crate) struct Running {
    child: Child,
    shown: String,
    begin: Instant,
    folder: TempDir,
    ended: Option<ExitStatus>,
}

impl Running {
    /// Starts it.
    pub(crate) fn start(mut command: Command) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder must be creatable");
        let file =
            |name: &str| File::create(folder.path().join(name)).expect("a file must be creatable");
        let shown = format!("{command:?}");
        let child = command
            .stdout(file(STDOUT))
            .stderr(file(STDERR))
            .process_group(0)
            .spawn()
            .expect("the program must start");
        Self {
            child,
            shown,
            begin: Instant::now(),
            folder,
            ended: None,
        }
    }

    /// What Ctrl-C in a terminal does: SIGINT to the program and to its plugins.
    pub(crate) fn interrupt(&self) {
        killpg(self.group(), Signal::SIGINT).expect("the process group must be there");
    }

    /// Its process id, which is that of the group too.
    pub(crate) fn id(&self) -> i32 {
        self.group().as_raw()
    }

    /// What it wrote on stdout up to now.
    pub(crate) fn stdout(&self) -> String {
        self.read(STDOUT)
    }

    /// What it wrote on stderr up to now.
    pub(crate) fn stderr(&self) -> String {
        self.read(STDERR)
    }

    /// Waits until `condition` holds while it runs.
    ///
    /// # Panics
    ///
    /// Panics if the program ends before, or if it takes too long.
    pub(crate) fn until(&mut self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + LONGEST;
        while !condition(self) {
            assert!(
                !self.has_ended(),
                "it ended before {what}\n{}",
                self.everything()
            );
            assert!(
                Instant::now() < deadline,
                "still waiting for {what}\n{}",
                self.everything()
            );
            thread::sleep(STEP);
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// Panics if it takes too long.
    pub(crate) fn wait(self) -> Outcome {
        self.wait_within(LONGEST)
    }

    /// Waits for its end, for so long at most.
    ///
    /// # Panics
    ///
    /// Panics if it takes longer.
    pub(crate) fn wait_within(mut self, longest: Duration) -> Outcome {
        let deadline = Instant::now() + longest;
        while !self.has_ended() {
            assert!(
                Instant::now() < deadline,
                "still running\n{}",
                self.everything()
            );
            thread::sleep(STEP);
        }
        Outcome {
            command: self.shown.clone(),
            code: self.ended.and_then(|status| status.code()),
            took: self.begin.elapsed(),
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }

    fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("the child must be waitable");
        }
        self.ended.is_some()
    }

    fn everything(&self) -> String {
        format!("{}\n{}{}", self.shown, self.stdout(), self.stderr())
    }

    fn read(&self, name: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        String::from_utf8_lossy(&fs::read(path).expect("the output must be readable")).into_owned()
    }

    fn group(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id must fit"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended() {
            let _ = killpg(self.group(), Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";
const STEP: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(60);
