//! The command line.

use std::{error::Error, ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use teleport_simulator::{AwsIdentity, Edition, Options, Scenario, ScenarioError};

/// A simulated Teleport Cloud on this machine.
///
/// When it is ready it prints one line of JSON: addresses, an identity file, the CA file of the proxy's web certificate,
/// the URL of its control API, and the keys of a made-up AWS identity that bots can join with. The control API's URL is also
/// a page for a browser. It ends on SIGINT or SIGTERM. RUST_LOG sets what is logged to stderr.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) behaviour: Behaviour,

    #[command(subcommand)]
    pub(crate) task: Option<Task>,
}

/// What to do, other than to serve until a signal.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Run a command on a simulated Teleport Cloud of its own, and exit as the command does
    ///
    /// The command finds everything in its environment: TF_TELEPORT_ADDR, TF_TELEPORT_IDENTITY_FILE_PATH, SSL_CERT_FILE,
    /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and TELEPORT_SIMULATOR_URL for the control API. Other variables
    /// that begin with TF_TELEPORT_ or AWS_ are taken away. Signals are passed on.
    ///
    /// The exit code is the command's, or 128 plus the number of the signal that ended it. It is 127 if the command does not
    /// exist, 126 if it cannot be run, and 125 if the simulator cannot start.
    Run {
        /// The command and its arguments, such as: terraform test
        #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
}

/// How the simulated Teleport Cloud behaves. The options that are also keys of the scenario file take precedence over it.
#[derive(Debug, Args)]
pub(crate) struct Behaviour {
    /// Address of the proxy; port 0 is a free one
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        default_value = "127.0.0.1:0"
    )]
    listen: SocketAddr,

    /// Address of the control API, on the loopback interface; port 0 is a free one
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        default_value = "127.0.0.1:0"
    )]
    control: SocketAddr,

    /// Folder for certificate authorities and identities; without it a temporary one that goes at the end
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,

    /// TOML file that says how the simulated Teleport Cloud behaves
    #[arg(long, global = true, value_name = "FILE")]
    scenario: Option<PathBuf>,

    /// Time until a new cluster is active, such as 500ms [default: 3s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = humantime::parse_duration)]
    provisioning: Option<Duration>,

    /// How long the name of a deleted cluster is held, such as 1m [default: 14d]
    #[arg(long, global = true, value_name = "DURATION", value_parser = humantime::parse_duration)]
    name_hold: Option<Duration>,

    /// How long reads lag behind writes, such as 1s [default: 0s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = humantime::parse_duration)]
    read_lag: Option<Duration>,

    /// Longest life of the certificates that clusters issue, such as 20s
    #[arg(long, global = true, value_name = "DURATION", value_parser = humantime::parse_duration)]
    certificate_life: Option<Duration>,

    /// Edition of the servers: cloud, enterprise or oss [default: cloud]
    #[arg(long, global = true, value_name = "EDITION", value_parser = edition)]
    edition: Option<Edition>,

    /// Version of the servers, such as 18.5.0
    #[arg(long, global = true, value_name = "VERSION")]
    server_version: Option<String>,

    /// Users other than bots cannot write
    #[arg(long, global = true)]
    mfa_for_admin_actions: bool,
}

impl Behaviour {
    /// What to start a simulator with, and the AWS identity to join with.
    pub(crate) fn options(self) -> Result<(Options, AwsIdentity), Box<dyn Error>> {
        let mut scenario = self.scenario()?;
        let aws = made_up(&mut scenario);
        let mut options = Options::default()
            .listen(self.listen)
            .control_listen(self.control)
            .scenario(scenario);
        if let Some(path) = self.data {
            options = options.data(path);
        }
        // Not a field of the scenario: it also takes precedence over the states of the scenario.
        if let Some(duration) = self.provisioning {
            options = options.provisioning(duration);
        }
        Ok((options, aws))
    }

    /// The scenario of the file, with the options in place of its keys.
    fn scenario(&self) -> Result<Scenario, ScenarioError> {
        let mut scenario = match &self.scenario {
            Some(path) => Scenario::read(path)?,
            None => Scenario::default(),
        };
        replace(&mut scenario.name_hold, self.name_hold);
        replace(&mut scenario.read_lag, self.read_lag);
        replace(&mut scenario.edition, self.edition);
        replace(&mut scenario.server_version, self.server_version.clone());
        scenario.certificate_life = self.certificate_life.or(scenario.certificate_life);
        scenario.mfa_for_admin_actions |= self.mfa_for_admin_actions;
        Ok(scenario)
    }
}

/// The AWS identity that is always there. A scenario may give its keys another meaning.
fn made_up(scenario: &mut Scenario) -> AwsIdentity {
    let example = AwsIdentity::example(AWS_ACCOUNT, AWS_ARN);
    let known = scenario.aws_identities.iter().find(|known| {
        known.access_key_id == example.access_key_id && known.session_token.is_none()
    });
    if let Some(known) = known {
        return known.clone();
    }
    scenario.aws_identities.push(example.clone());
    example
}

fn replace<T>(value: &mut T, by: Option<T>) {
    if let Some(by) = by {
        *value = by;
    }
}

fn edition(name: &str) -> Result<Edition, String> {
    match name {
        "cloud" => Ok(Edition::Cloud),
        "enterprise" => Ok(Edition::Enterprise),
        "oss" => Ok(Edition::Oss),
        _ => Err("expected cloud, enterprise or oss".to_owned()),
    }
}

/// Account and ARN of the AWS identity that is always there.
const AWS_ACCOUNT: &str = "123456789012";
const AWS_ARN: &str = "arn:aws:sts::123456789012:assumed-role/terraform/demo";

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(arguments: &[&str]) -> Scenario {
        let arguments = Arguments::parse_from([&["teleport-simulator"], arguments].concat());
        arguments.behaviour.scenario().unwrap()
    }

    #[test]
    fn options_take_precedence_over_the_keys_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scenario.toml");
        let text = "name_hold = '1d'\nread_lag = '1s'\nedition = 'oss'\nserver_version = '17.0.0'\n\
                    certificate_life = '1h'\nmfa_for_admin_actions = true\npage_size = 7\n";
        std::fs::write(&file, text).unwrap();
        let file = ["--scenario", file.to_str().unwrap()];
        let of_file = scenario(&file);
        assert_eq!(of_file.name_hold, Duration::from_secs(24 * 3600));
        assert_eq!(of_file.read_lag, Duration::from_secs(1));
        assert_eq!(of_file.edition, Edition::Oss);
        assert_eq!(of_file.server_version, "17.0.0");
        assert_eq!(of_file.certificate_life, Some(Duration::from_secs(3600)));
        assert!(of_file.mfa_for_admin_actions);

        let options = [
            "--name-hold=1m",
            "--read-lag=2s",
            "--edition=enterprise",
            "--server-version=18.1.0",
            "--certificate-life=20s",
        ];
        let both = scenario(&[&file[..], &options].concat());
        assert_eq!(both.name_hold, Duration::from_secs(60));
        assert_eq!(both.read_lag, Duration::from_secs(2));
        assert_eq!(both.edition, Edition::Enterprise);
        assert_eq!(both.server_version, "18.1.0");
        assert_eq!(both.certificate_life, Some(Duration::from_secs(20)));
        assert_eq!(both.page_size, 7);
        assert!(scenario(&["--mfa-for-admin-actions"]).mfa_for_admin_actions);
        assert!(!scenario(&[]).mfa_for_admin_actions);
    }

    #[test]
    fn the_made_up_keys_are_there_beside_those_of_the_file() {
        let mut scenario = Scenario::default();
        scenario.aws_identities.push(AwsIdentity {
            access_key_id: "AKIA".to_owned(),
            ..AwsIdentity::example("1", "2")
        });
        let aws = made_up(&mut scenario);
        assert_eq!(scenario.aws_identities.len(), 2);
        assert_eq!(scenario.aws_identities[1], aws);
        assert_eq!(made_up(&mut scenario), aws);
        assert_eq!(scenario.aws_identities.len(), 2);
    }
}
