//! The scenario: how the simulated Teleport Cloud behaves, from a TOML file or from a program.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use serde::{Deserialize, Deserializer, de};

use crate::{
    faults::Fault,
    grpc::version,
    join::{aws::AwsIdentity, id_token::IdTokenIssuer},
    rules::{
        provision_token::JoinToken,
        workload_cluster::{Spec, check_outside},
    },
};

/// How the simulated Teleport Cloud behaves. The fields are the keys of a scenario file.
///
/// ```
/// use teleport_simulator::Scenario;
///
/// let scenario: Scenario = "provisioning = '0s'\nmfa_for_admin_actions = true".parse()?;
/// assert!(scenario.mfa_for_admin_actions);
/// # Ok::<(), teleport_simulator::ScenarioError>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Name of the parent cluster.
    pub cluster_name: String,
    /// Time from `creating` to `active`.
    #[serde(deserialize_with = "duration")]
    pub provisioning: Duration,
    /// How many reads see `creating` before one sees `active`, instead of the time.
    pub active_after_reads: Option<u16>,
    /// What successive reads of a new cluster see, instead of the time; the last one stays, and an empty text is an answer
    /// without status.
    pub states: Option<Vec<String>>,
    /// How long reads lag behind writes, as the cache of a real server does: a create is not found yet, an update shows the
    /// old object and its revision, and what was deleted is still found.
    #[serde(deserialize_with = "duration")]
    pub read_lag: Duration,
    /// Edition of the servers.
    pub edition: Edition,
    /// How long the name of a deleted cluster stays taken.
    #[serde(deserialize_with = "duration")]
    pub name_hold: Duration,
    /// Names that are held from the start.
    pub held_names: Vec<String>,
    /// Whether support has switched workload clusters on.
    pub workload_clusters_enabled: bool,
    /// Whether the servers have the kind `workload_cluster`. Older ones do not.
    pub workload_cluster_kind: bool,
    /// Whether the servers have the kind `cloud_cluster`, which workload clusters were in their preview.
    pub cloud_clusters_enabled: bool,
    /// Whether lists of workload clusters show their status.
    pub listed_status: bool,
    /// Whether users other than bots need MFA for writes.
    pub mfa_for_admin_actions: bool,
    /// Whether the proxy leads to the auth server.
    pub tls_routing: bool,
    /// Whether the web certificate of the parent's proxy signed itself and is a CA, as where no other is configured.
    pub self_signed_proxy: bool,
    /// Version of the servers.
    pub server_version: String,
    /// Oldest client that the servers talk to.
    pub min_client_version: String,
    /// Most items in a page of a list.
    pub page_size: usize,
    /// Longest life of the certificates that clusters give out.
    #[serde(deserialize_with = "some_duration")]
    pub certificate_life: Option<Duration>,
    /// What AWS knows. Bots join with these identities.
    pub aws_identities: Vec<AwsIdentity>,
    /// Identity providers whose tokens clusters can verify. Bots join with those tokens.
    pub id_token_issuers: Vec<IdTokenIssuer>,
    /// Join tokens of the parent. The bot of each is created with it.
    pub tokens: Vec<JoinToken>,
    /// Workload clusters that exist from the start.
    pub clusters: Vec<NewCluster>,
    /// Faults of the next calls.
    pub faults: Vec<Fault>,
}

/// An edition of Teleport.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// Open source: it refuses what needs an Enterprise licence, and has no workload clusters.
    Oss,
    /// Enterprise, self-hosted: it has no workload clusters.
    Enterprise,
    /// Teleport Cloud.
    #[default]
    Cloud,
}

/// A workload cluster that exists from the start.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCluster {
    /// Its name.
    pub name: String,
    /// Its spec.
    pub spec: Spec,
    /// Its state. Default: `active`.
    pub state: Option<String>,
    /// What successive reads see, instead of `state`.
    pub states: Option<Vec<String>>,
    /// Its domain, if it differs from `NAME.localhost:PORT`.
    pub domain: Option<String>,
    /// A message about it, which the control API and the kind `cloud_cluster` show.
    pub message: Option<String>,
    /// Whether answers carry no status.
    #[serde(default)]
    pub status_missing: bool,
    /// Whether only the kind `cloud_cluster` shows it.
    #[serde(default)]
    pub preview_only: bool,
}

/// A scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The text cannot be parsed. The error shows line and column.
    #[error("{}{text}", Place(.path))]
    Malformed {
        /// The file, if it is one.
        path: Option<PathBuf>,
        /// What is wrong and where.
        text: String,
    },
    /// The values do not fit.
    #[error("{}{field}: {text}", Place(.path))]
    Invalid {
        /// The file, if it is one.
        path: Option<PathBuf>,
        /// The key.
        field: String,
        /// What is wrong.
        text: String,
    },
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            cluster_name: "parent.localhost".to_owned(),
            provisioning: Duration::from_secs(3),
            active_after_reads: None,
            states: None,
            read_lag: Duration::ZERO,
            edition: Edition::Cloud,
            name_hold: Duration::from_secs(14 * 24 * 60 * 60),
            held_names: Vec::new(),
            workload_clusters_enabled: true,
            workload_cluster_kind: true,
            cloud_clusters_enabled: false,
            listed_status: false,
            mfa_for_admin_actions: false,
            tls_routing: true,
            self_signed_proxy: false,
            server_version: "18.5.0".to_owned(),
            min_client_version: "17.0.0".to_owned(),
            page_size: 100,
            certificate_life: None,
            aws_identities: Vec::new(),
            id_token_issuers: Vec::new(),
            tokens: Vec::new(),
            clusters: Vec::new(),
            faults: Vec::new(),
        }
    }
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// When it cannot be read or parsed. The error shows the file, the line, the unknown key and the known ones.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        text.parse().map_err(|error: ScenarioError| error.at(path))
    }

    /// What successive reads of a new cluster see, if its state depends on reads.
    pub(super) fn script(&self) -> Option<Vec<String>> {
        let reads = |reads: u16| {
            let creating = std::iter::repeat_n("creating", usize::from(reads));
            creating.chain(["active"]).map(str::to_owned).collect()
        };
        self.states
            .clone()
            .or_else(|| self.active_after_reads.map(reads))
    }

    /// Checks what types cannot.
    ///
    /// # Errors
    /// [`ScenarioError::Invalid`] with the key and what is wrong.
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        if self.states.is_some() && self.active_after_reads.is_some() {
            return Err(invalid(
                "states",
                "cannot be combined with active_after_reads",
            ));
        }
        if !(1..=MAX_PAGE_SIZE).contains(&self.page_size) {
            let text = format!("must be from 1 to {MAX_PAGE_SIZE}");
            return Err(invalid("page_size", &text));
        }
        let name = &self.cluster_name;
        if name.is_empty() || name.len() > MAX_CLUSTER_NAME_BYTES {
            let text = format!("must have 1 to {MAX_CLUSTER_NAME_BYTES} bytes");
            return Err(invalid("cluster_name", &text));
        }
        for (field, version) in [
            ("server_version", &self.server_version),
            ("min_client_version", &self.min_client_version),
        ] {
            if version::parse(version).is_none() {
                let text = format!("{version:?} is not a version such as \"18.5.0\"");
                return Err(invalid(field, &text));
            }
        }
        check_states(self.states.as_deref()).map_err(|text| invalid("states", &text))?;
        if self.certificate_life.is_some_and(|life| life.is_zero()) {
            return Err(invalid("certificate_life", "must be longer than 0s"));
        }
        for (index, identity) in self.aws_identities.iter().enumerate() {
            let wrong = |text: String| invalid(&format!("aws_identities[{index}]"), &text);
            identity.check().map_err(wrong)?;
        }
        for (index, issuer) in self.id_token_issuers.iter().enumerate() {
            let wrong = |text: String| invalid(&format!("id_token_issuers[{index}]"), &text);
            issuer.check().map_err(wrong)?;
        }
        for (index, token) in self.tokens.iter().enumerate() {
            let wrong = |text: String| invalid(&format!("tokens[{index}]"), &text);
            token.check().map_err(wrong)?;
        }
        for (index, cluster) in self.clusters.iter().enumerate() {
            let wrong = |text: String| invalid(&format!("clusters[{index}]"), &text);
            cluster.check().map_err(wrong)?;
        }
        Ok(())
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError::Malformed {
            path: None,
            text: error.to_string().trim_end().to_owned(),
        })?;
        scenario.check()?;
        Ok(scenario)
    }
}

impl NewCluster {
    fn check(&self) -> Result<(), String> {
        if self.state.is_some() && self.states.is_some() {
            return Err("state cannot be combined with states".to_owned());
        }
        check_states(self.states.as_deref()).map_err(|text| format!("states {text}"))?;
        check_outside(&self.name, &self.spec.clone().into())
    }
}

/// Checks a script of states.
pub(super) fn check_states(states: Option<&[String]>) -> Result<(), String> {
    match states {
        Some([]) => Err("must have at least one entry".to_owned()),
        Some(states) if states.len() > MAX_STATES => {
            Err(format!("must have at most {MAX_STATES} entries"))
        }
        Some(states) if states.iter().any(|state| state.len() > MAX_STATE_BYTES) => Err(format!(
            "must have entries of at most {MAX_STATE_BYTES} bytes"
        )),
        _ => Ok(()),
    }
}

impl ScenarioError {
    fn at(mut self, file: &Path) -> Self {
        if let Self::Malformed { path, .. } | Self::Invalid { path, .. } = &mut self {
            *path = Some(file.to_owned());
        }
        self
    }
}

/// Shows a path with a colon, or nothing.
struct Place<'a>(&'a Option<PathBuf>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(path) => write!(formatter, "{}: ", path.display()),
            None => Ok(()),
        }
    }
}

fn invalid(field: &str, text: &str) -> ScenarioError {
    ScenarioError::Invalid {
        path: None,
        field: field.to_owned(),
        text: text.to_owned(),
    }
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(|error| {
        let text = format!("{text:?} is not a duration ({error}), such as \"3s\" or \"14d\"");
        de::Error::custom(text)
    })
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

/// So that `teleport-auth@` with the encoded name fits an ALPN entry, 255 bytes.
const MAX_CLUSTER_NAME_BYTES: usize = 109;
const MAX_STATES: usize = 1_000;
const MAX_PAGE_SIZE: usize = 1_000;
/// Longest state, in bytes.
pub(super) const MAX_STATE_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Scenario>().unwrap_err().to_string()
    }

    #[test]
    fn every_key_is_read() {
        let scenario: Scenario = r#"
            cluster_name = "acme.example"
            provisioning = "250ms"
            states = ["creating", "", "active"]
            name_hold = "15d"
            read_lag = "1s"
            edition = "enterprise"
            held_names = ["old"]
            workload_clusters_enabled = false
            listed_status = true
            mfa_for_admin_actions = true
            tls_routing = false
            server_version = "17.1.0"
            min_client_version = "16.0.0"
            page_size = 2
            certificate_life = "20s"

            [[aws_identities]]
            access_key_id = "AKIA"
            secret_access_key = "secret"
            session_token = "token"
            account = "123456789012"
            arn = "arn:aws:iam::123456789012:user/a"
            expired = true

            [[id_token_issuers]]
            issuer = "https://gitlab.com"
            jwks = '{"keys":[]}'

            [[tokens]]
            name = "ci"
            bot = "ci"
            allow = [{ aws_account = "123456789012" }]

            [[clusters]]
            name = "a"
            state = "error"
            message = "no room"
            spec = { regions = [{ name = "us-west-2" }] }

            [[faults]]
            rpc = "CreateWorkloadCluster"
            drop = "after"
        "#
        .parse()
        .unwrap();
        assert_eq!(scenario.provisioning, Duration::from_millis(250));
        assert_eq!(scenario.name_hold, Duration::from_secs(15 * 24 * 3600));
        assert_eq!(scenario.read_lag, Duration::from_secs(1));
        assert_eq!(scenario.id_token_issuers[0].issuer, "https://gitlab.com");
        assert_eq!(scenario.edition, Edition::Enterprise);
        assert!(scenario.listed_status);
        assert_eq!(scenario.script().unwrap().len(), 3);
        assert_eq!(scenario.certificate_life, Some(Duration::from_secs(20)));
        assert!(scenario.aws_identities[0].expired);
        assert_eq!(scenario.tokens[0].allow[0].aws_account, "123456789012");
        assert_eq!(scenario.clusters[0].spec.regions[0].name, "us-west-2");
        let lost = Fault::drop_after("CreateWorkloadCluster");
        assert_eq!(scenario.faults, [lost]);
    }

    #[test]
    fn a_number_of_reads_is_a_script() {
        let scenario: Scenario = "active_after_reads = 2".parse().unwrap();
        let script = scenario.script().unwrap();
        assert_eq!(script, ["creating", "creating", "active"]);
        assert!(Scenario::default().script().is_none());
    }

    #[test]
    fn an_unknown_key_is_shown_with_file_line_and_the_known_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scenario.toml");
        std::fs::write(&path, "tls_routing = true\nprovisionning = '3s'\n").unwrap();
        let error = Scenario::read(&path).unwrap_err().to_string();
        for part in [
            "scenario.toml",
            "line 2",
            "`provisionning`",
            "`provisioning`",
            "`faults`",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Scenario::read(Path::new("/no/such/file")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /no/such/file");
    }

    #[test]
    fn wrong_values_are_refused_with_what_is_expected() {
        let cases = [
            ("provisioning = 'soon'", "line 1"),
            ("provisioning = 'soon'", "such as \"3s\""),
            ("provisioning = 3", "expected a string"),
            ("page_size = 0", "page_size: must be from 1"),
            ("states = []", "states: must have"),
            (
                "states = ['a']\nactive_after_reads = 1",
                "states: cannot be combined",
            ),
            ("server_version = 'v18'", "server_version: \"v18\""),
            ("cluster_name = ''", "cluster_name: must have"),
            ("certificate_life = '0s'", "certificate_life: must be"),
            (
                "[[aws_identities]]\naccess_key_id=''\nsecret_access_key='a'\naccount='1'\narn='a'",
                "aws_identities[0]: access_key_id",
            ),
            (
                "[[tokens]]\nname='a'\nbot='a'\nallow=[{}]",
                "tokens[0]: allow[0]",
            ),
            ("[[faults]]\nrpc = 'Pong'\ndrop = 'after'", "rpc: \"Pong\""),
            (
                "[[clusters]]\nname = 'A'\nspec = {regions = [{name='a'}]}",
                "clusters[0]: metadata.name \"A\"",
            ),
            (
                "[[clusters]]\nname = 'a'\nspec = {regions = []}",
                "clusters[0]: spec.regions is required",
            ),
            ("[[clusters]]\nname = 'a'", "missing field `spec`"),
        ];
        for (text, expected) in cases {
            let error = error(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
