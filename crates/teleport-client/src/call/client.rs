//! The handle that calls go through.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use backon::{Retryable, Sleeper};
use prost_reflect::DynamicMessage;
use tracing::Instrument;

use crate::{
    Address, Config, Error, IdentityBundle, JoinRequest,
    call::{
        Call, Repeatable,
        connection::Connection,
        connections::{Connections, Patience},
    },
    credentials::{Source, SourceError},
    error::ConnectError,
    error_kind::{ErrorKind, Transient},
    join::{Bot, Parent, TokenName},
};

/// A cluster that can be called. Cheap to clone: clones share the connection.
///
/// Nothing is dialled before the first call. A connection that broke, or whose certificate has expired, is replaced by the next
/// call, with the credentials as they are then.
#[derive(Clone)]
pub struct Client {
    config: Arc<Config>,
    connections: Arc<Connections>,
    patience: Patience,
}

impl Client {
    /// A handle that has not connected yet.
    pub fn new(config: Config) -> Self {
        let config = Arc::new(config);
        Self {
            connections: Arc::new(Connections::new(config.clone())),
            config,
            patience: Patience::None,
        }
    }

    /// The same client, which waits: while a cluster that has just become active does not let the bot join yet, a call tries
    /// again, at most for [`Config::join_timeout`]. Everything else is shared.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self {
            patience: Patience::Joins,
            ..self.clone()
        }
    }

    /// A client of another cluster, which it joins as a bot. It has the same settings for connections and the same AWS
    /// credentials. If the request has no token, this cluster must be the parent of the other: it says which bot to join as.
    #[must_use]
    pub fn joining(&self, address: Address, request: &JoinRequest) -> Self {
        match &request.token {
            Some(name) => self.joining_with(address, request, TokenName::Given(name.clone())),
            None => self.joining_workload_cluster(address, request),
        }
    }

    /// A client of a workload cluster of this one, which it joins as a bot. Nothing is signed for an address that is not the
    /// domain of one.
    pub(crate) fn joining_workload_cluster(&self, address: Address, request: &JoinRequest) -> Self {
        let token = TokenName::InWorkloadCluster {
            parent: self.as_parent(),
            given: request.token.clone(),
        };
        self.joining_with(address, request, token)
    }

    fn as_parent(&self) -> Arc<dyn Parent> {
        Arc::new(Self {
            patience: Patience::None,
            ..self.clone()
        })
    }

    fn joining_with(&self, address: Address, request: &JoinRequest, token: TokenName) -> Self {
        let parent = self.as_parent();
        let bot = Bot::new(request.method, token, Some(parent));
        Self {
            patience: self.patience,
            ..Self::new(self.config.joining(address, bot))
        }
    }

    /// Issues an identity for other programs. It is valid for an hour if `ttl` is None. The cluster may shorten the time.
    ///
    /// # Errors
    ///
    /// When this client does not join its cluster as a bot, or cannot.
    pub async fn issue_identity(&self, ttl: Option<Duration>) -> Result<IdentityBundle, Error> {
        let failed = |source: &Source, error| -> Error {
            let source = source.clone();
            let error = SourceError::Join(error);
            ConnectError::Source { source, error }.into()
        };
        let source = self.config.sources.first();
        let (Some(source), Some(bot), Some(address)) =
            (source, self.config.bot(), self.config.address())
        else {
            return Err(ConnectError::NotJoining.into());
        };
        // Connecting proves that the identity works, and waits until the cluster lets the bot join.
        self.connections.current(self.patience).await?;
        bot.bundle(&self.config.dial, address, ttl)
            .await
            .map_err(|error| failed(source, error))
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The name of the cluster, as the client's certificate says. None if it does not say.
    ///
    /// # Errors
    ///
    /// When connecting fails.
    pub async fn cluster_name(&self) -> Result<Option<String>, Error> {
        let connection = self.connections.current(self.patience).await?;
        Ok(connection.cluster_name().map(str::to_owned))
    }

    /// Makes a call, connecting first if necessary, and repeats it after transient failures as its [`Repeatable`] allows.
    ///
    /// # Errors
    ///
    /// When connecting fails, when the server refuses, when it does not answer in time, or when the connection breaks.
    /// [`Error::may_have_been_carried_out`] says whether a write is in doubt.
    pub(crate) async fn unary(&self, call: Call) -> Result<DynamicMessage, Error> {
        let span = tracing::info_span!("rpc", method = call.method.name());
        self.unary_with(&call, tokio::time::sleep)
            .instrument(span)
            .await
    }

    /// The same with a way to wait.
    pub(crate) async fn unary_with(
        &self,
        call: &Call,
        sleep: impl Sleeper,
    ) -> Result<DynamicMessage, Error> {
        let tried = AtomicBool::new(false);
        (|| self.attempt(call, tried.swap(true, Ordering::Relaxed)))
            .retry(self.config.retry.waits())
            .sleep(sleep)
            .when(|error: &Error| self.may_repeat(call, error))
            .notify(|error: &Error, wait| {
                tracing::warn!(?wait, %error, "the call failed and is repeated");
            })
            .await
            .inspect_err(|error| tracing::debug!(kind = %error.kind(), "the call failed"))
    }

    async fn attempt(&self, call: &Call, is_repetition: bool) -> Result<DynamicMessage, Error> {
        let connection = self.connections.current(self.patience).await?;
        let result = connection.call(call, is_repetition).await;
        if let Err(error) = &result
            && Connection::is_suspect_after(error)
        {
            self.connections.retire(&connection);
        }
        result
    }

    /// Whether another try may succeed and cannot do something twice.
    fn may_repeat(&self, call: &Call, error: &Error) -> bool {
        if error.is_connect() {
            // An address that never answered is more likely wrong than down: report it at once.
            let waited = self.patience == Patience::Joins && self.config.bot().is_some();
            return error.is_transient() && self.connections.was_connected() && !waited;
        }
        match error.kind() {
            ErrorKind::Transient(Transient::Deadline) => false,
            ErrorKind::Transient(_) => {
                call.repeatable == Repeatable::Yes || !error.may_have_been_carried_out()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
