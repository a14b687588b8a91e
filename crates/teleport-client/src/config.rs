//! The configuration of a client.

use std::{fmt, time::Duration};

use crate::{
    call::retry::RetryPolicy,
    credentials::{Source, SourceKind},
    dial::{address::Address, dial_options::DialOptions},
    join::Bot,
};

/// Which cluster to connect to, with which credentials, and how long to try. Nothing is read from disk or network before the first
/// call.
#[derive(Clone)]
pub struct Config {
    /// The address to dial. None if a profile knows it.
    pub address: Option<Address>,
    /// Credentials, in the order in which they are tried.
    pub sources: Vec<Source>,
    /// How to connect.
    pub dial: DialOptions,
    /// How calls are repeated after transient failures.
    pub retry: RetryPolicy,
    /// How long a client that [waits](crate::Client::patient) repeats joins, while a cluster that has just become active does not let
    /// the bot join.
    pub join_timeout: Duration,
}

impl Config {
    /// A configuration with the usual timeouts.
    pub fn new(address: Option<Address>, sources: Vec<Source>) -> Self {
        Self {
            address,
            sources,
            dial: DialOptions::default(),
            retry: RetryPolicy::default(),
            join_timeout: DEFAULT_JOIN_TIMEOUT,
        }
    }

    /// The address as it was given. None if the profile knows it.
    pub fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }

    /// Whether a bot joins the cluster.
    pub fn joins(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.any(Source::joins)
    }

    /// The same settings for another cluster, which it joins.
    pub(crate) fn joining(&self, address: Address, bot: Bot) -> Self {
        Self {
            address: Some(address),
            sources: vec![Source::of_bot(bot)],
            ..self.clone()
        }
    }

    /// The bot that the client joins as, if it does.
    pub(crate) fn bot(&self) -> Option<&Bot> {
        match &self.sources.first()?.kind {
            SourceKind::Join(bot) => Some(bot),
            _ => None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("address", &self.address)
            .field("sources", &self.sources)
            .field("insecure", &self.dial.insecure)
            .field("dial_timeout", &self.dial.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

const DEFAULT_JOIN_TIMEOUT: Duration = Duration::from_secs(300);
