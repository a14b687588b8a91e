//! `teleport-simulator`: a simulated Teleport Cloud, as a process.

mod arguments;
mod run;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use serde_json::json;
use teleport_simulator::{AwsIdentity, Simulator};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use self::arguments::{Arguments, Task};

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { behaviour, task } = Arguments::parse();
    let (log, failure) = match &task {
        None => ("info", ExitCode::FAILURE),
        // The output is the command's.
        Some(Task::Run { .. }) => ("warn", run::FAILURE.into()),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(log));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    let ended = match task {
        None => serve(behaviour).await,
        Some(Task::Run { command }) => run::run(behaviour, &command).await,
    };
    ended.unwrap_or_else(|error| {
        // Nothing can be done about a stderr that is closed.
        let _ = writeln!(io::stderr(), "teleport-simulator: {}", text(error.as_ref()));
        failure
    })
}

/// Serves until a signal ends it.
async fn serve(behaviour: arguments::Behaviour) -> Result<ExitCode, Box<dyn Error>> {
    // Before anything is made, so that a signal never leaves a temporary directory behind.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (options, aws) = behaviour.options()?;
    let simulator = Simulator::start(options).await?;
    writeln!(io::stdout(), "{}", ready(&simulator, &aws))?;
    io::stdout().flush()?;
    tokio::select! {
        _ = interrupt.recv() => (),
        _ = terminate.recv() => (),
    }
    simulator.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// The line that says that it is ready, and where what is.
fn ready(simulator: &Simulator, aws: &AwsIdentity) -> serde_json::Value {
    json!({
        "proxy_address": simulator.proxy_address(),
        "auth_address": simulator.auth_address(),
        "identity_file": simulator.identity_file().display().to_string(),
        "ca_file": simulator.ca_file().display().to_string(),
        "control_url": simulator.control_url(),
        "aws_access_key_id": aws.access_key_id,
        "aws_secret_access_key": aws.secret_access_key,
    })
}

/// An error with its causes.
fn text(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    let texts: Vec<_> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
