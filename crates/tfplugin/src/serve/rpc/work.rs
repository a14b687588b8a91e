//! Who calls, and the tasks in which a provider's code runs.

use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument;

use super::ProviderService;
use crate::{
    Call, Diagnostics, Provider, Stop,
    serve::lifecycle::{Connection, ConnectionId},
};

/// Who makes a call.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    connection: Option<Connection>,
}

impl Caller {
    /// The connection of a request, which the transport put there.
    pub(super) fn of<T>(request: &tonic::Request<T>) -> Self {
        Self {
            connection: request.extensions().get().cloned(),
        }
    }

    pub(super) fn id(&self) -> Option<ConnectionId> {
        self.connection.as_ref().map(Connection::id)
    }
}

impl<P: Provider> ProviderService<P> {
    /// Runs code of the provider in a task of its own. tonic drops the handler of a call when its connection breaks. The
    /// task goes on and learns it from [`Stop`], and the process waits for it.
    ///
    /// # Errors
    ///
    /// When the code panics.
    pub(super) async fn work<T, F, W>(&self, caller: &Caller, work: W) -> Result<T, Diagnostics>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send,
        W: FnOnce(Call<P::Client>) -> F + Send + 'static,
    {
        let running = self.start(caller, work);
        running.await.map_err(|error| broken_off(&error))
    }

    /// Starts code of the provider in a task, as [`ProviderService::work`] does, and does not wait for it.
    pub(super) fn start<T, F, W>(&self, caller: &Caller, work: W) -> JoinHandle<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send,
        W: FnOnce(Call<P::Client>) -> F + Send + 'static,
    {
        let operation = caller.connection.as_ref().map(Connection::operation);
        let call = Call {
            client: self.client(caller),
            stop: operation
                .as_ref()
                .map_or_else(Stop::never, |operation| operation.stop().clone()),
        };
        let task = async move {
            let _running = operation;
            work(call).await
        };
        tokio::spawn(task.in_current_span())
    }
}

/// The text of a panic may hold values, so it is only in the log, where the panic hook writes it.
pub(super) fn broken_off(error: &JoinError) -> Diagnostics {
    tracing::error!(panic = error.is_panic(), "the task of a call failed");
    let mut diags = Diagnostics::new();
    diags.error(
        "Provider Crashed",
        "The provider panicked during this call. Its changes may be complete, partial or missing: compare before you go \
         on. TF_LOG_PROVIDER=ERROR shows the panic. This is a bug in the provider; please report it to its developers.",
    );
    diags
}
