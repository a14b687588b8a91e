//! The bot of this client in one cluster: it joins when an identity is first needed, and renews it in time.

use std::{fmt, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::sync::{Mutex, MutexGuard};
use tonic::Status;

use super::{
    JoinError,
    bundle::IdentityBundle,
    certificates::Certified,
    errors::Failure,
    host_credentials,
    id_token::IdTokenOptions,
    legacy,
    method::JoinMethod,
    parent::Parent,
    proof::Proof,
    proxy::{EXCHANGE_TIMEOUT, JoinTarget},
    refusal::{Refusal, RefusalReason, rules},
    roles::CertificateRequest,
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
    id_token: IdTokenOptions,
    /// The parent of the cluster to join, which may know more about it.
    parent: Option<Arc<dyn Parent>>,
    /// Locked while the bot joins or asks for certificates, so that calls at the same time share them.
    state: Arc<Mutex<State>>,
}

/// An identity, and when to renew it.
#[derive(Clone, Debug)]
pub(crate) struct Renewable {
    pub(crate) identity: Identity,
    /// When to ask for the next one. It is still valid for some time after that.
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
            id_token: IdTokenOptions::default(),
            parent,
            state: Arc::default(),
        }
    }

    /// The same bot, not yet joined, which chooses its token by these options.
    pub(crate) fn with_id_token(self, id_token: IdTokenOptions) -> Self {
        Self { id_token, ..self }
    }

    /// The identity for calls: the last one, or a new one if it is time for that.
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

    /// Another identity, for other programs.
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

    /// Drops its identities, because the cluster does not accept them any more.
    pub(crate) async fn forget(&self) {
        *self.state.lock().await = State::default();
    }

    /// Certificates for the bot's roles. It asks with its own identity, and joins first if that is missing or refused.
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
        // What is wrong on this machine is reported before anything is sent.
        let proof = Proof::obtain(self.method, &self.id_token, options).await?;
        let token = Box::pin(self.token.resolve(address)).await?;
        let target = JoinTarget { address, options };
        let exchange = exchange(&target, &token, self.method, &proof);
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
                let refusal = self.explain(*refusal, options, address, &proof).await;
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
        proof: &Proof,
    ) -> Refusal {
        let parent = self.parent.as_ref();
        refusal.at_parent = parent.is_some_and(|parent| parent.is_at_host_of(address));
        let Proof::Aws(caller) = proof else {
            return refusal;
        };
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
        let request = CertificateRequest {
            transport: dialled.transport,
            address,
            identity: &self.own.identity,
            joined: &self.certified,
        };
        request.certificates(ttl, &options.clock).await
    }
}

impl Renewable {
    /// It is renewed after two thirds of its life.
    fn new(identity: Identity, now: OffsetDateTime) -> Self {
        let life = (identity.not_after() - now).max(time::Duration::ZERO);
        Self {
            renew_at: now + life * 2 / 3,
            identity,
        }
    }
}

/// Joins with the newer service, or with the older one if the server has no newer one.
async fn exchange(
    target: &JoinTarget<'_>,
    token: &str,
    method: JoinMethod,
    proof: &Proof,
) -> Result<Certified, JoinError> {
    let clock = &target.options.clock;
    let refused = |status: &Status| Refusal::new(&proof.hidden_in(status), token, method).into();
    let transport = target.connect().await?;
    let no_service = match service::join(transport.clone(), token, method, proof, clock).await {
        Ok(certified) => return Ok(certified),
        Err(Failure::NoService(status)) => status,
        Err(Failure::Refused(status)) => return Err(refused(&status)),
        Err(Failure::Failed(error)) => return Err(error),
    };
    tracing::debug!(code = ?no_service.code(), "the newer join service does not work, so the older one is tried");
    let older = match proof {
        Proof::Aws(caller) => {
            let transport = if transport.is_closed() {
                target.connect().await?
            } else {
                transport
            };
            let algorithm = target.algorithm().await;
            legacy::join(transport, token, algorithm, caller, clock).await
        }
        Proof::IdToken(id_token) => host_credentials::join(target, token, id_token).await,
    };
    match older {
        Ok(certified) => Ok(certified),
        // Without the older one, the failure of the newer one says more.
        Err(Failure::NoService(_)) => Err(refused(&no_service)),
        Err(Failure::Refused(status)) => Err(refused(&status)),
        Err(Failure::Failed(error)) => Err(error),
    }
}

/// Whether it may work with another identity of the same bot.
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
