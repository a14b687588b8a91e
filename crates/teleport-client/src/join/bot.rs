//! The bot that this process is in one cluster: it joins when an identity is first needed, and renews it in time.

use std::{fmt, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::sync::{Mutex, MutexGuard};

use super::{
    JoinError,
    bundle::IdentityBundle,
    caller::Caller,
    certificates::Certified,
    errors::Failure,
    legacy,
    method::JoinMethod,
    parent::Parent,
    proxy::{EXCHANGE_TIMEOUT, Entrance},
    refusal::{Refusal, RefusalReason, rules},
    roles::Asking,
    service,
    token::TokenName,
};
use crate::{
    Address, ErrorKind,
    credentials::identity::Identity,
    dial::{self, dial_error::WayError, dial_options::DialOptions},
};

/// A bot in one cluster. Clones are the same bot.
#[derive(Clone)]
pub(crate) struct Bot {
    pub(crate) method: JoinMethod,
    pub(crate) token: TokenName,
    /// The cluster that may know more of the one to join.
    parent: Option<Arc<dyn Parent>>,
    /// Held while the bot joins or asks for certificates, so that those who need them at once share them.
    state: Arc<Mutex<State>>,
}

/// An identity that is good for a while.
#[derive(Clone, Debug)]
pub(crate) struct Renewable {
    pub(crate) identity: Identity,
    /// When to ask for the next one. It is good for some time after that.
    pub(crate) renew_at: OffsetDateTime,
}

#[derive(Default)]
struct State {
    joined: Option<Joined>,
    acting: Option<Renewable>,
}

/// The bot's own identity.
struct Joined {
    certified: Certified,
    own: Renewable,
}

impl Bot {
    pub(crate) fn new(
        method: JoinMethod,
        token: TokenName,
        parent: Option<Arc<dyn Parent>>,
    ) -> Self {
        Self {
            method,
            token,
            parent,
            state: Arc::default(),
        }
    }

    /// The identity to act with: the one that is there, unless it is time for the next.
    pub(crate) async fn identity(
        &self,
        options: &DialOptions,
        address: &Address,
    ) -> Result<Renewable, JoinError> {
        let mut state = self.state.lock().await;
        let now = options.clock.now();
        if let Some(acting) = state.acting.as_ref().filter(|acting| acting.renew_at > now) {
            return Ok(acting.clone());
        }
        let certified = self.issue(&mut state, options, address, TTL).await?;
        let acting = Renewable::new(certified.identity()?, options.clock.now());
        tracing::debug!(%address, user = acting.identity.user(), renew_at = %acting.renew_at, "got certificates");
        state.acting = Some(acting.clone());
        Ok(acting)
    }

    /// A further identity to act with, for other programs.
    pub(crate) async fn bundle(
        &self,
        options: &DialOptions,
        address: &Address,
        ttl: Option<Duration>,
    ) -> Result<IdentityBundle, JoinError> {
        let mut state = self.state.lock().await;
        let ttl = ttl.unwrap_or(TTL);
        let certified = self.issue(&mut state, options, address, ttl).await?;
        Ok(IdentityBundle::new(&certified, &certified.identity()?))
    }

    /// Forgets what it has: the cluster does not accept it any more.
    pub(crate) async fn forget(&self) {
        *self.state.lock().await = State::default();
    }

    /// Certificates for the bot's roles, by its own identity, or by joining where that is missing or does not work any more.
    async fn issue(
        &self,
        state: &mut MutexGuard<'_, State>,
        options: &DialOptions,
        address: &Address,
        ttl: Duration,
    ) -> Result<Certified, JoinError> {
        let now = options.clock.now();
        if let Some(joined) = state
            .joined
            .as_ref()
            .filter(|joined| joined.own.renew_at > now)
        {
            match joined.issue(options, address, ttl).await {
                Err(error) if is_about_identity(&error) => {
                    tracing::debug!(%address, %error, "the bot joins again");
                }
                outcome => return outcome,
            }
        }
        state.joined = None;
        let joined = self.join(options, address).await?;
        // What fails from here on can be tried again without another join.
        let joined = state.joined.insert(joined);
        joined.issue(options, address, ttl).await
    }

    async fn join(&self, options: &DialOptions, address: &Address) -> Result<Joined, JoinError> {
        // What is wrong on this side should come out before anything is sent.
        let caller = options.aws.caller(options.clock.now()).await?;
        let token = Box::pin(self.token.resolve(address)).await?;
        let entrance = Entrance { address, options };
        let exchange = exchange(&entrance, &token, &caller);
        let exchange = tokio::time::timeout(EXCHANGE_TIMEOUT, exchange);
        let outcome = exchange.await.unwrap_or_else(|_| {
            Err(JoinError::Reach {
                address: address.clone(),
                error: WayError::Silent(EXCHANGE_TIMEOUT),
            })
        });
        let certified = match outcome {
            Ok(certified) => certified,
            Err(JoinError::Refused(refusal)) => {
                let refusal = self.explain(*refusal, options, address, &caller).await;
                return Err(refusal.into());
            }
            Err(error) => return Err(error),
        };
        let own = Renewable::new(certified.identity()?, options.clock.now());
        tracing::info!(%address, token, user = own.identity.user(), "joined the cluster");
        Ok(Joined { certified, own })
    }

    /// Adds what can be found out about a refusal.
    async fn explain(
        &self,
        mut refusal: Refusal,
        options: &DialOptions,
        address: &Address,
        caller: &Caller,
    ) -> Refusal {
        let parent = self.parent.as_ref();
        refusal.at_parent = parent.is_some_and(|parent| parent.is_at_host_of(address));
        if refusal.reason.is_about_aws() {
            refusal.aws_credentials = Some(caller.origin());
        }
        if refusal.reason != RefusalReason::NotAllowed {
            return refusal;
        }
        refusal.caller = options.aws.identity(caller).await;
        if let Some(parent) = parent {
            let found = parent.workload_cluster(address).await;
            refusal.rules = found.ok().flatten().as_ref().and_then(rules);
        }
        refusal
    }
}

impl fmt::Display for Bot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "join by {} with {}", self.method, self.token)
    }
}

impl Joined {
    async fn issue(
        &self,
        options: &DialOptions,
        address: &Address,
        ttl: Duration,
    ) -> Result<Certified, JoinError> {
        let dialled = dial::dial(address, &self.own.identity, options).await?;
        let asking = Asking {
            transport: dialled.transport,
            address,
            identity: &self.own.identity,
            joined: &self.certified,
        };
        asking.certificates(ttl, &options.clock).await
    }
}

impl Renewable {
    /// Two thirds of its life are for use; in the last third the next one is got.
    fn new(identity: Identity, now: OffsetDateTime) -> Self {
        let life = (identity.not_after() - now).max(time::Duration::ZERO);
        Self {
            renew_at: now + life * 2 / 3,
            identity,
        }
    }
}

/// Joins by the newer service, and by the older where there is no newer one.
async fn exchange(
    entrance: &Entrance<'_>,
    token: &str,
    caller: &Caller,
) -> Result<Certified, JoinError> {
    let clock = &entrance.options.clock;
    let transport = entrance.connect().await?;
    let no_service = match service::join(transport.clone(), token, caller, clock).await {
        Ok(certified) => return Ok(certified),
        Err(Failure::NoService(status)) => status,
        Err(Failure::Refused(status)) => return Err(Refusal::new(&status, token).into()),
        Err(Failure::Failed(error)) => return Err(error),
    };
    tracing::debug!(code = ?no_service.code(), "the newer join service does not serve, so the older one is asked");
    let transport = if transport.is_closed() {
        entrance.connect().await?
    } else {
        transport
    };
    let algorithm = entrance.algorithm().await;
    match legacy::join(transport, token, algorithm, caller, clock).await {
        Ok(certified) => Ok(certified),
        // Where the older one is no longer there, what the newer one met says more.
        Err(Failure::NoService(_)) => Err(Refusal::new(&no_service, token).into()),
        Err(Failure::Refused(status)) => Err(Refusal::new(&status, token).into()),
        Err(Failure::Failed(error)) => Err(error),
    }
}

/// Whether another identity of the same bot may do better.
fn is_about_identity(error: &JoinError) -> bool {
    match error {
        JoinError::Dial(error) => error.is_about_identity(),
        JoinError::Call(failure) => {
            matches!(
                failure.kind,
                ErrorKind::Unauthenticated | ErrorKind::AccessDenied
            )
        }
        _ => false,
    }
}

/// How long identities live when no other time is asked for.
const TTL: Duration = Duration::from_secs(3600);
