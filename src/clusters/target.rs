//! `cluster`, the argument for the cluster that an object is in: that of the provider block, or one of its workload clusters.

use std::time::Duration;

use teleport_client::{Address, Client, Error, ErrorKind, Transient};
use tfplugin::{Attribute, Diagnostics, Path, RequiresReplace, Value};
use tokio::time::timeout;

use super::{
    guard::{Home, another_parent},
    provider_data::{self, ProviderData, Unknown},
};
use crate::{
    engine::{
        private_state::{PrivateState, Write},
        run::{Phase, Run},
    },
    errors::{self, Summary, call_failed_and, call_failed_there, chain},
    settings::causes::near_address,
};

/// Name of the argument.
pub(crate) const CLUSTER: &str = "cluster";

/// The cluster that an object is in, ready to be called.
pub(crate) struct Target {
    run: Run,
    client: Client,
    /// None for the cluster of the provider block.
    named: Option<Named>,
}

struct Named {
    address: Address,
    parent: Client,
}

/// What is known of an object whose cluster did not answer.
pub(crate) enum Fate {
    /// Its workload cluster is gone, and the object with it.
    Gone,
    /// Nothing. What the parent said, as a sentence.
    Unknown(Option<String>),
    /// Nothing. There is an error that says why.
    Refused,
}

/// The argument. `noun` is what is in the cluster, such as `role`.
pub(crate) fn cluster_attribute(noun: &str) -> Attribute {
    let mut attribute = Attribute::string()
        .describe(format!(
            "Domain of the workload cluster that the {noun} is in, such as `teleport_workload_cluster.example.status.domain`, \
             with a port if that is not 443. The provider joins the cluster as `workload_clusters` of the provider block says. If \
             the cluster cannot be reached, the provider asks the cluster of the provider block whether it still exists. Default: \
             the cluster of the provider block."
        ))
        .validate(|path, value, diags| {
            if let Err(problem) = parse(value.as_str().unwrap_or_default()) {
                invalid(path.clone(), &problem, diags);
            }
        });
    attribute.requires_replace = RequiresReplace::Always;
    attribute
}

/// Whether both objects are in the same cluster, in whatever form the argument is written. False while it is unknown.
pub(crate) fn is_same_cluster(prior: &Value, planned: &Value) -> bool {
    let address = |object: &Value| Address::parse(object.field(CLUSTER).as_str()?).ok();
    let (one, other) = (prior.field(CLUSTER), planned.field(CLUSTER));
    one == other || (address(prior).is_some() && address(prior) == address(planned))
}

/// The cluster of an object in a sentence.
pub(crate) fn named(cluster: &Value) -> &str {
    cluster
        .as_str()
        .unwrap_or("the cluster of the provider block")
}

/// The cluster and the name in an import id, `NAME` or `CLUSTER/NAME`. After a `/` in front, all of it is the name.
///
/// # Errors
///
/// What is wrong with the cluster.
pub(crate) fn split_id(id: &str) -> Result<(Option<&str>, &str), String> {
    match id.split_once('/') {
        Some(("", name)) => Ok((None, name)),
        Some((cluster, name)) if cluster.contains(['.', ':']) => match Address::parse(cluster) {
            Ok(_) => Ok((Some(cluster), name)),
            Err(error) => Err(error.to_string()),
        },
        _ => Ok((None, id)),
    }
}

/// The import id of an object, as [`split_id`] takes it apart.
pub(crate) fn import_id(cluster: Option<&str>, name: &str) -> String {
    match cluster {
        Some(cluster) => format!("{cluster}/{name}"),
        None if split_id(name) == Ok((None, name)) => name.to_owned(),
        None => format!("/{name}"),
    }
}

impl Target {
    /// The cluster of an object, or an error that says why there is none.
    pub(crate) fn of(object: &Value, run: &Run, diags: &mut Diagnostics) -> Option<Self> {
        let parent = provider_data::client(run, diags)?;
        let Some(text) = object.field(CLUSTER).as_str() else {
            return Some(Self::new(run, parent.clone(), None));
        };
        let address = match parse(text) {
            Ok(address) => address,
            Err(problem) => {
                invalid(Path::attribute(CLUSTER), &problem, diags);
                return None;
            }
        };
        match provider_data::configured(run, diags)?.workload_cluster(&address) {
            Ok(client) => {
                let parent = parent.clone();
                Some(Self::new(run, client, Some(Named { address, parent })))
            }
            Err(unknown) => {
                unknown.refuse(diags);
                None
            }
        }
    }

    fn new(run: &Run, client: Client, named: Option<Named>) -> Self {
        let client = match run.phase() {
            Phase::Apply => client.patient(),
            Phase::Refresh | Phase::Plan => client,
        };
        Self {
            run: run.clone(),
            client,
            named,
        }
    }

    /// What of the provider block is not known yet, so that an object cannot be reached, as the start of a clause.
    pub(crate) fn unknown(object: &Value, run: &Run) -> Option<String> {
        let provider = run.provider()?;
        let unknown = match object.field(CLUSTER).as_str() {
            None => provider.client().err(),
            Some(text) => {
                let address = parse(text).ok()?;
                return provider
                    .workload_cluster(&address)
                    .err()
                    .map(Unknown::describe);
            }
        };
        unknown.map(Unknown::describe)
    }

    /// Whether the object names its cluster.
    pub(crate) fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// The client of the cluster.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The run that calls it.
    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// What to remember of the cluster, for an object that was just created in it. The connection exists, so this makes no call:
    /// it is answered in an interrupted run, too.
    pub(crate) async fn home(&self) -> Option<Home> {
        let name = self.run.briefly(self.client.cluster_name()).await;
        Some(self.home_in(name?.ok()??).await)
    }

    /// The same, where the name of the cluster is known.
    pub(super) async fn home_in(&self, cluster: String) -> Home {
        Home {
            cluster,
            parent: match &self.named {
                Some(named) => named.parent_name().await,
                None => None,
            },
        }
    }

    /// The last write of this process to an object, for a reader that has no private state of it. This connects, if need be.
    ///
    /// # Errors
    ///
    /// The cluster cannot be connected to.
    pub(crate) async fn own_write(
        &self,
        noun: &'static str,
        name: &str,
    ) -> Result<Option<Write>, Error> {
        let cluster = self.client.cluster_name().await?;
        let writes = self.run.provider().map(ProviderData::own_writes);
        Ok(cluster
            .zip(writes)
            .and_then(|(cluster, writes)| writes.find(&cluster, noun, name)))
    }

    /// Whether a call failed because the workload cluster is gone, and the object with it. Any other failure becomes an error.
    /// `doing` says what was being done, and `memory` is what is remembered of the object.
    pub(crate) async fn is_gone(
        &self,
        error: &Error,
        doing: &str,
        memory: &PrivateState,
        diags: &mut Diagnostics,
    ) -> bool {
        if self.named.is_none() {
            let refreshes = self.run.phase() != Phase::Apply && is_no_answer(error);
            call_failed_and(error, doing, refreshes.then_some(NOT_REFRESHED), diags);
            return false;
        }
        match self.fate(error, doing, memory, diags).await {
            Fate::Gone => true,
            Fate::Unknown(more) => {
                let path = Path::attribute(CLUSTER);
                call_failed_there(path, error, doing, more.as_deref(), diags);
                false
            }
            Fate::Refused => false,
        }
    }

    /// What is known of an object after a call failed. The parent of its workload cluster is asked.
    pub(crate) async fn fate(
        &self,
        error: &Error,
        doing: &str,
        memory: &PrivateState,
        diags: &mut Diagnostics,
    ) -> Fate {
        let named = self.named.as_ref().filter(|_| is_no_answer(error));
        let Some(Named { address, parent }) = named else {
            return Fate::Unknown(None);
        };
        let asking =
            format!("asking the cluster of the provider block whether {address} still exists");
        let clusters = parent.workload_clusters();
        let look = async {
            (
                clusters.by_address(address).await,
                parent.cluster_name().await,
            )
        };
        match self.run.call(&asking, diags, look).await {
            None => Fate::Refused,
            Some((Ok(None), now)) => match (&memory.parent, now.ok().flatten()) {
                (Some(then), Some(now)) if *then != now => {
                    another_parent(address, then, &now, doing, diags);
                    Fate::Refused
                }
                _ => {
                    tracing::info!(%address, %error, "the workload cluster is gone");
                    Fate::Gone
                }
            },
            Some((Ok(Some(found)), _)) => Fate::Unknown(Some(format!(
                "The cluster of the provider block reports the workload cluster {:?} at this address, with the state {:?}.",
                found.metadata.unwrap_or_default().name,
                found.status.unwrap_or_default().state
            ))),
            Some((Err(error), _)) => Fate::Unknown(Some(format!(
                "The cluster of the provider block could not be asked whether it still exists: {}.",
                chain(&error)
            ))),
        }
    }

    /// Adds the error that the workload cluster does not exist, for an operation that needs it.
    pub(crate) async fn missing(&self, doing: &str, diags: &mut Diagnostics) {
        let Some(Named { address, parent }) = &self.named else {
            return;
        };
        let clusters = parent.workload_clusters();
        let near = self.run.finish(clusters.near_address(address)).await;
        let near = near.ok().flatten();
        let near = near.map(|near| format!("{} ", near_address(&near)));
        let near = near.unwrap_or_default();
        errors::error(Summary::WorkloadClusterNotFound)
            .at(Path::attribute(CLUSTER))
            .detail(format!(
                "While {doing}: {address} cannot be reached, and the cluster of the provider block has no workload cluster with \
                 this domain. {near}Set {CLUSTER} to the status.domain of a workload cluster. If the cluster was deleted after the \
                 plan was made, plan again."
            ))
            .add(diags);
    }
}

impl Named {
    /// The name of the parent. None if it cannot be asked soon: joining with a token of its own needs no parent.
    async fn parent_name(&self) -> Option<String> {
        let name = timeout(SOON, self.parent.cluster_name()).await;
        name.ok()?.ok()?
    }
}

/// The address in the argument. A name alone is not one: the domain of a workload cluster has dots, or it is a port on this
/// machine.
fn parse(text: &str) -> Result<Address, String> {
    let address = Address::parse(text).map_err(|error| error.to_string())?;
    if text.contains(['.', ':']) {
        Ok(address)
    } else {
        Err(format!(
            "{text:?} is a name. Use the domain of the workload cluster, its status.domain, such as \"{text}.teleport.sh\""
        ))
    }
}

fn invalid(path: Path, problem: &str, diags: &mut Diagnostics) {
    let detail = format!("{path} must be the domain of a workload cluster: {problem}.");
    errors::error(Summary::InvalidAttributeValue)
        .at(path)
        .detail(detail)
        .add(diags);
}

/// Whether the cluster did not let the provider in or did not answer, so that nothing is known of the object. What is wrong on
/// this side, such as missing AWS credentials, says nothing about the cluster.
fn is_no_answer(error: &Error) -> bool {
    error.is_connect() && error.kind() != ErrorKind::Credentials
        || matches!(error.kind(), ErrorKind::Transient(Transient::Unavailable))
}

/// For a refresh when the cluster of the provider block does not answer. Nothing can say whether that cluster is gone.
const NOT_REFRESHED: &str = "If this cluster is gone or suspended for good: with -refresh=false, a plan or destroy uses the state \
                             alone. Objects with deletion_policy = \"abandon\" are then destroyed without a call to the cluster.";

/// How long to wait for the name of a cluster that is not needed.
pub(super) const SOON: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_a_domain_and_not_a_name() {
        let attribute = cluster_attribute("role");
        let problem = |text: &str| {
            let mut diags = Diagnostics::new();
            for check in &attribute.validators {
                check.check(&Path::attribute(CLUSTER), &text.into(), &mut diags);
            }
            diags.iter().next().map(|error| error.detail.clone())
        };
        for text in [
            "acme.teleport.sh",
            "acme.localhost:3080",
            "localhost:3080",
            "[::1]:443",
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
        let name = problem("acme").unwrap();
        assert!(name.contains("\"acme.teleport.sh\""), "{name}");
        assert!(problem("https://acme.teleport.sh").is_some());
    }

    #[test]
    fn an_import_id_may_begin_with_the_cluster() {
        assert_eq!(split_id("editor"), Ok((None, "editor")));
        assert_eq!(
            split_id("child.example.com/editor"),
            Ok((Some("child.example.com"), "editor"))
        );
        assert_eq!(
            split_id("localhost:1/a/b"),
            Ok((Some("localhost:1"), "a/b"))
        );
        assert_eq!(split_id("team/editor"), Ok((None, "team/editor")));
        assert_eq!(split_id("/a.b/editor"), Ok((None, "a.b/editor")));
        assert!(split_id("a.b:x/editor").unwrap_err().contains("port"));
    }

    #[test]
    fn an_import_id_that_is_shown_leads_to_the_object() {
        for cluster in [None, Some("child.example.com"), Some("child.localhost:1")] {
            for name in ["editor", "a/b", "a.b/c", "a:1/b", "/a", "a.b:x/c"] {
                let id = import_id(cluster, name);
                assert_eq!(split_id(&id), Ok((cluster, name)), "{id}");
            }
        }
    }
}
