//! What a configured provider block is to the resources.

use teleport_client::{Address, Client, JoinRequest, Pool};
use tfplugin::Diagnostics;

use crate::{
    engine::{OwnWrites, run::Run},
    errors::{self, Summary},
    settings::policy::Policy,
};

/// Name of the argument of the provider block that says how to join the clusters which resources name.
pub(crate) const WORKLOAD_CLUSTERS: &str = "workload_clusters";

/// The cluster of a provider block, and the workload clusters that resources name, as far as they are known.
#[derive(Debug)]
pub struct ProviderData {
    client: Result<Client, Unknown>,
    workload_clusters: Result<Pool, Unknown>,
    deletion_policy: Result<Option<Policy>, Unknown>,
    joins: bool,
    own_writes: OwnWrites,
}

/// The arguments of the provider block that are not known yet.
#[derive(Clone, Debug)]
pub(crate) struct Unknown {
    pub(crate) attributes: Vec<&'static str>,
}

impl ProviderData {
    /// The client of the provider block's cluster, and how to join the workload clusters that resources name.
    pub(crate) fn new(client: Result<Client, Unknown>, join: Result<JoinRequest, Unknown>) -> Self {
        let pool = |client: &Client| Ok(Pool::new(client.clone(), join?));
        Self {
            workload_clusters: client.as_ref().map_err(Clone::clone).and_then(pool),
            client,
            deletion_policy: Ok(None),
            joins: false,
            own_writes: OwnWrites::default(),
        }
    }

    /// Sets the `deletion_policy` of objects that have none of their own.
    pub(crate) fn with_deletion_policy(mut self, policy: Result<Option<Policy>, Unknown>) -> Self {
        self.deletion_policy = policy;
        self
    }

    /// Sets whether the provider joins the cluster of the provider block as a bot.
    pub(crate) fn joining(mut self, joins: bool) -> Self {
        self.joins = joins;
        self
    }

    /// The `deletion_policy` of objects that have none of their own.
    ///
    /// # Errors
    ///
    /// It is not known yet.
    pub(crate) fn deletion_policy(&self) -> Result<Option<Policy>, &Unknown> {
        self.deletion_policy.as_ref().copied()
    }

    /// The client of the provider block's cluster.
    ///
    /// # Errors
    ///
    /// The arguments that are not known yet.
    pub(crate) fn client(&self) -> Result<&Client, &Unknown> {
        self.client.as_ref()
    }

    /// The client of a workload cluster.
    ///
    /// # Errors
    ///
    /// The arguments that are not known yet.
    pub(crate) fn workload_cluster(&self, address: &Address) -> Result<Client, &Unknown> {
        Ok(self.workload_clusters.as_ref()?.client(address))
    }

    /// What this process wrote.
    pub(crate) fn own_writes(&self) -> &OwnWrites {
        &self.own_writes
    }

    /// Whether the provider joins the cluster of the provider block as a bot.
    pub(crate) fn joins(&self) -> bool {
        self.joins
    }
}

/// The client of the provider block's cluster, or an error that says why there is none.
pub(crate) fn client<'r>(run: &'r Run, diags: &mut Diagnostics) -> Option<&'r Client> {
    match configured(run, diags)?.client() {
        Ok(client) => Some(client),
        Err(unknown) => {
            unknown.refuse(diags);
            None
        }
    }
}

/// What the provider block says, or an error.
pub(crate) fn configured<'r>(run: &'r Run, diags: &mut Diagnostics) -> Option<&'r ProviderData> {
    let provider = run.provider();
    if provider.is_none() {
        errors::error(Summary::ProviderNotConfigured)
            .detail(
                "The provider was called before it was configured. This is a fault of the program that called it.",
            )
            .add(diags);
    }
    provider
}

impl Unknown {
    /// Adds the error that the operation needs these arguments now.
    pub(crate) fn refuse(&self, diags: &mut Diagnostics) {
        errors::error(Summary::ProviderConfigurationUnknown)
            .detail(format!(
                "The provider has to connect to the cluster now, but {} known only after the apply. Apply what the provider block \
                 depends on first (-target), or set values that are known during the plan.",
                self.describe(),
            ))
            .add(diags);
    }

    /// The arguments as the start of a clause, such as `addr of the provider block is`.
    pub(crate) fn describe(&self) -> String {
        let (names, verb) = match self.attributes.as_slice() {
            [all @ .., last] if !all.is_empty() => {
                (format!("{} and {last}", all.join(", ")), "are")
            }
            one => (one.concat(), "is"),
        };
        format!("{names} of the provider block {verb}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_arguments_are_listed_as_sentences_list_them() {
        for (attributes, clause) in [
            (vec!["addr"], "addr of the provider block is"),
            (
                vec!["addr", "join_token"],
                "addr and join_token of the provider block are",
            ),
            (
                vec!["addr", "join_method", "join_token"],
                "addr, join_method and join_token of the provider block are",
            ),
        ] {
            assert_eq!(Unknown { attributes }.describe(), clause);
        }
    }
}
