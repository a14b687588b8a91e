//! `teleport-simulator`: a simulated Teleport Cloud, as a process.

use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use serde_json::json;
use teleport_simulator::{AwsIdentity, Options, Scenario, Simulator};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A simulated Teleport Cloud on this machine.
///
/// When it is ready it prints one line of JSON: addresses, an identity file, the CA file of the proxy's web certificate,
/// the URL of its control API and, without a scenario file, the keys of an AWS identity that bots can join with. It ends on SIGINT or SIGTERM. RUST_LOG sets what is logged to stderr.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address of the proxy; port 0 is a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Folder for certificate authorities and identities; without it a temporary one that goes at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Time until a new cluster is active, such as 3s (the default) or 500ms; takes precedence over the scenario file
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    provisioning: Option<Duration>,

    /// TOML file that says how the simulated Teleport Cloud behaves
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                text.push_str(": ");
                text.push_str(&error.to_string());
                cause = error.source();
            }
            // Nothing can be done about a stderr that is closed.
            let _ = writeln!(io::stderr(), "teleport-simulator: {text}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    // Before anything is made, so that a signal never leaves a temporary directory behind.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let aws = arguments
        .scenario
        .is_none()
        .then(|| AwsIdentity::example(AWS_ACCOUNT, AWS_ARN));
    let simulator = Simulator::start(options(arguments, aws.clone())?).await?;
    let mut ready = json!({
        "proxy_address": simulator.proxy_address(),
        "auth_address": simulator.auth_address(),
        "identity_file": simulator.identity_file().display().to_string(),
        "ca_file": simulator.ca_file().display().to_string(),
        "control_url": simulator.control_url(),
    });
    if let Some(aws) = aws {
        ready["aws_access_key_id"] = json!(aws.access_key_id);
        ready["aws_secret_access_key"] = json!(aws.secret_access_key);
    }
    writeln!(io::stdout(), "{ready}")?;
    io::stdout().flush()?;
    ended(&mut interrupt, &mut terminate).await;
    simulator.shutdown().await;
    Ok(())
}

fn options(arguments: Arguments, aws: Option<AwsIdentity>) -> Result<Options, Box<dyn Error>> {
    let mut options = Options::default().listen(arguments.listen);
    let mut scenario = match &arguments.scenario {
        Some(path) => Scenario::read(path)?,
        None => Scenario::default(),
    };
    scenario.aws_identities.extend(aws);
    options = options.scenario(scenario);
    if let Some(path) = arguments.data {
        options = options.data(path);
    }
    if let Some(duration) = arguments.provisioning {
        options = options.provisioning(duration);
    }
    Ok(options)
}

async fn ended(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => (),
        _ = terminate.recv() => (),
    }
}

/// Account and ARN of the AWS identity that is there without a scenario file.
const AWS_ACCOUNT: &str = "123456789012";
const AWS_ARN: &str = "arn:aws:sts::123456789012:assumed-role/terraform/demo";
