//! A command that runs on a simulated Teleport Cloud of its own.

use std::{
    env,
    error::Error,
    ffi::OsString,
    fs,
    io::{self, ErrorKind, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitCode, ExitStatus},
};

use nix::{
    sys::signal::{self, Signal},
    unistd::{Pid, getpgrp, tcgetpgrp},
};
use teleport_simulator::{AwsIdentity, Simulator};
use tokio::{
    process::{Child, Command},
    signal::unix::{self, SignalKind},
};

use super::arguments::Behaviour;

/// The exit code if the simulator itself fails, as of `timeout` and `env`.
pub(crate) const FAILURE: u8 = 125;

/// Runs the command, and ends everything after it.
pub(crate) async fn run(
    behaviour: Behaviour,
    command: &[OsString],
) -> Result<ExitCode, Box<dyn Error>> {
    // Before anything is made, so that a signal never leaves a temporary directory behind.
    let mut signals = Signals::new()?;
    let (options, aws) = behaviour.options()?;
    let simulator = Simulator::start(options).await?;
    let [program, arguments @ ..] = command else {
        return Err("no command".into());
    };
    let mut command = Command::new(program);
    command.args(arguments);
    set_environment(&mut command, &simulator, &aws)?;
    tracing::info!(control_url = simulator.control_url(), "starts the command");
    let code = match command.spawn() {
        Ok(child) => code(wait(child, &mut signals).await?),
        Err(error) => {
            let program = program.to_string_lossy();
            // Nothing can be done about a stderr that is closed.
            let _ = writeln!(io::stderr(), "teleport-simulator: {program}: {error}");
            match error.kind() {
                ErrorKind::NotFound => NOT_FOUND,
                _ => NOT_EXECUTABLE,
            }
        }
    };
    simulator.shutdown().await;
    Ok(code.into())
}

/// Says where the simulator is, and hides other credentials: the provider would try some of them first.
fn set_environment(
    command: &mut Command,
    simulator: &Simulator,
    aws: &AwsIdentity,
) -> Result<(), Box<dyn Error>> {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("TF_TELEPORT_") || text.starts_with("AWS_") {
            command.env_remove(&name);
        }
    }
    command
        .env("TF_TELEPORT_ADDR", simulator.proxy_address())
        .env("TF_TELEPORT_IDENTITY_FILE_PATH", simulator.identity_file())
        .env("SSL_CERT_FILE", trusted(simulator)?)
        .env("AWS_ACCESS_KEY_ID", &aws.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &aws.secret_access_key)
        .env("AWS_REGION", AWS_REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("TELEPORT_SIMULATOR_URL", simulator.control_url());
    Ok(())
}

/// The file of the CAs to trust: that of the simulator, and those of the caller's own file, which the command may need too.
/// Where the caller has no such file, programs still find the CAs of the system in their folder.
fn trusted(simulator: &Simulator) -> Result<PathBuf, Box<dyn Error>> {
    let Some(own) = env::var_os("SSL_CERT_FILE").filter(|own| !own.is_empty()) else {
        return Ok(simulator.ca_file().to_owned());
    };
    let failed = |path: &Path, error| format!("SSL_CERT_FILE: {}: {error}", path.display());
    let own = Path::new(&own);
    let mut roots = fs::read(own).map_err(|error| failed(own, error))?;
    roots.push(b'\n');
    roots.extend(fs::read(simulator.ca_file())?);
    let path = simulator.data_dir().join("trusted.pem");
    fs::write(&path, roots).map_err(|error| failed(&path, error))?;
    Ok(path)
}

/// Waits for the command, and passes signals on to it.
async fn wait(mut child: Child, signals: &mut Signals) -> io::Result<ExitStatus> {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    loop {
        tokio::select! {
            status = child.wait() => return status,
            signal = signals.next() => if let Some(pid) = pid {
                // It may have ended just now.
                let _ = signal::kill(Pid::from_raw(pid), signal);
            },
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| Some(128 + status.signal()?))
        .and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(FAILURE)
}

/// The signals that are meant for the command.
struct Signals {
    hangup: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: unix::signal(SignalKind::hangup())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            quit: unix::signal(SignalKind::quit())?,
            terminate: unix::signal(SignalKind::terminate())?,
        })
    }

    /// The next one that the command does not have already. A terminal sends its signals to the whole process group, and
    /// Terraform takes a second SIGINT for the wish to stop at once.
    async fn next(&mut self) -> Signal {
        loop {
            let signal = tokio::select! {
                _ = self.hangup.recv() => Signal::SIGHUP,
                _ = self.interrupt.recv() => Signal::SIGINT,
                _ = self.quit.recv() => Signal::SIGQUIT,
                _ = self.terminate.recv() => Signal::SIGTERM,
            };
            if signal == Signal::SIGTERM || !is_in_foreground() {
                return signal;
            }
        }
    }
}

/// Whether this process belongs to the process group that its terminal sends signals to.
fn is_in_foreground() -> bool {
    let terminal = fs::File::open("/dev/tty");
    terminal.is_ok_and(|terminal| tcgetpgrp(terminal) == Ok(getpgrp()))
}

const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;
/// A region in which the made-up identity can sign requests. None of them is sent.
const AWS_REGION: &str = "us-west-2";
