//! Finding AWS credentials, and keeping them while they are valid.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::{
    caller::{AwsError, Caller, CallerIdentity},
    machine, region,
};

/// Finds credentials. Clones share what was found while it is valid.
#[derive(Clone, Default)]
pub(crate) struct Aws {
    source: Source,
    /// Locked while credentials are searched, so that joins at the same time search once.
    found: Arc<Mutex<Option<Caller>>>,
}

#[derive(Clone, Default)]
enum Source {
    /// The environment, files and metadata services of this machine.
    #[default]
    Machine,
    #[cfg(test)]
    Given(Arc<Given>),
}

/// What a test says instead.
#[cfg(test)]
pub(crate) struct Given {
    pub(crate) caller: Box<dyn Fn() -> Result<Caller, AwsError> + Send + Sync>,
    pub(crate) identity: Option<CallerIdentity>,
}

impl Aws {
    #[cfg(test)]
    pub(crate) fn given(given: Given) -> Self {
        Self {
            source: Source::Given(Arc::new(given)),
            found: Arc::default(),
        }
    }

    /// Credentials that are valid now. Those that expire are kept until shortly before they do; others are cheap to find again.
    pub(super) async fn caller(&self, now: OffsetDateTime) -> Result<Caller, AwsError> {
        let mut found = self.found.lock().await;
        let good = found
            .as_ref()
            .is_some_and(|caller| caller.expires().is_some_and(|at| at - now > EARLY));
        if let Some(caller) = found.as_ref().filter(|_| good) {
            return Ok(caller.clone());
        }
        let caller = match &self.source {
            Source::Machine => machine::caller().await,
            #[cfg(test)]
            Source::Given(given) => (given.caller)(),
        }?;
        if let Some(at) = caller.expires().filter(|at| *at <= now) {
            return Err(AwsError::Expired {
                key_id: caller.key_id().to_owned(),
                at,
            });
        }
        tracing::debug!(
            key_id = caller.key_id(),
            region = caller.region.as_deref().map(region::shown),
            "found AWS credentials"
        );
        *found = Some(caller.clone());
        Ok(caller)
    }

    /// Asks AWS who a caller is. None if it does not say so soon.
    pub(super) async fn identity(&self, caller: &Caller) -> Option<CallerIdentity> {
        match &self.source {
            Source::Machine => machine::identity(caller).await,
            #[cfg(test)]
            Source::Given(given) => given.identity.clone(),
        }
    }
}

/// How long before they expire credentials are looked for again.
const EARLY: time::Duration = time::Duration::minutes(2);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_credential_types::Credentials;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 10:00:00 UTC);

    /// Gives credentials that expire at one time after the other.
    fn expiring(times: Vec<Option<OffsetDateTime>>) -> Aws {
        let asked = AtomicU32::new(0);
        Aws::given(Given {
            caller: Box::new(move || {
                let number = asked.fetch_add(1, Ordering::Relaxed);
                let at = times[number as usize].map(Into::into);
                let id = format!("AKID{number}");
                Ok(Caller {
                    credentials: Credentials::new(id, "very-secret", None, at, "test"),
                    region: None,
                })
            }),
            identity: None,
        })
    }

    async fn key_id(aws: &Aws, now: OffsetDateTime) -> String {
        let caller = aws.caller(now).await.unwrap();
        caller.credentials.access_key_id().to_owned()
    }

    #[tokio::test]
    async fn credentials_are_kept_until_shortly_before_they_expire() {
        let hour = NOW + time::Duration::HOUR;
        let aws = expiring(vec![Some(hour), None, None]);
        assert_eq!(key_id(&aws, NOW).await, "AKID0");
        assert_eq!(key_id(&aws.clone(), NOW).await, "AKID0");
        assert_eq!(key_id(&aws, hour - time::Duration::MINUTE).await, "AKID1");
        assert_eq!(key_id(&aws, NOW).await, "AKID2");
    }

    #[tokio::test]
    async fn expired_credentials_are_refused() {
        let aws = expiring(vec![Some(NOW)]);
        let error = aws.caller(NOW).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("\"AKID0\" expired at 2026-01-01"), "{text}");
    }
}
