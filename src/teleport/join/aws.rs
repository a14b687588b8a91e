//! Who this machine is to AWS: credentials and region as the AWS SDK finds them.

use std::{env, fmt, sync::Arc, time::Duration};

use aws_config::{
    BehaviorVersion, default_provider::credentials::DefaultCredentialsChain, imds,
    meta::region::ProvideRegion, profile::ProfileFileRegionProvider,
};
use aws_credential_types::{
    Credentials,
    credential_feature::AwsCredentialFeature,
    provider::{ProvideCredentials, error::CredentialsError},
};
use aws_types::region::Region;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::region;
use crate::teleport::transport::chain;

/// Credentials of AWS, and the region of this machine. The SDK's `Debug` of the credentials hides their secret.
#[derive(Clone, Debug)]
pub(in crate::teleport) struct Caller {
    pub(super) credentials: Credentials,
    /// Invariant: not empty.
    pub(super) region: Option<String>,
}

/// Who a caller is, as AWS says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::teleport) struct CallerIdentity {
    pub(super) account: String,
    pub(super) arn: String,
}

/// Finds credentials. Clones share what was found as long as it is good.
#[derive(Clone, Default)]
pub(in crate::teleport) struct Aws {
    source: Source,
    /// Held while credentials are looked for, so that those who join at once look once.
    found: Arc<Mutex<Option<Caller>>>,
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::teleport) enum AwsError {
    /// There are none.
    #[error("there are no AWS credentials; looked for were, in this order: {TRIED}")]
    NoCredentials,
    /// There are none, and what the environment has is one half.
    #[error(
        "there are no AWS credentials: {set} is set, and {missing} is not; looked for were, in this order: {TRIED}"
    )]
    Half {
        /// The variable that is there.
        set: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// There should be some, but they cannot be had.
    #[error("AWS credentials cannot be loaded: {0}; looked for were, in this order: {TRIED}")]
    Unusable(String),
    /// They are no longer good.
    #[error("the AWS credentials with the access key {key_id:?} expired at {at}")]
    Expired {
        /// Which.
        key_id: String,
        /// When.
        at: OffsetDateTime,
    },
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
pub(in crate::teleport) struct Given {
    pub(in crate::teleport) caller: Box<dyn Fn() -> Result<Caller, AwsError> + Send + Sync>,
    pub(in crate::teleport) identity: Option<CallerIdentity>,
}

impl Aws {
    #[cfg(test)]
    pub(in crate::teleport) fn given(given: Given) -> Self {
        Self {
            source: Source::Given(Arc::new(given)),
            found: Arc::default(),
        }
    }

    /// Credentials that are good now. Those that expire are kept until shortly before they do; others are cheap to find again.
    pub(super) async fn caller(&self, now: OffsetDateTime) -> Result<Caller, AwsError> {
        let mut found = self.found.lock().await;
        let good = found
            .as_ref()
            .is_some_and(|caller| caller.expires().is_some_and(|at| at - now > EARLY));
        if let Some(caller) = found.as_ref().filter(|_| good) {
            return Ok(caller.clone());
        }
        let caller = match &self.source {
            Source::Machine => of_machine().await,
            #[cfg(test)]
            Source::Given(given) => (given.caller)(),
        }?;
        if let Some(at) = caller.expires().filter(|at| *at <= now) {
            return Err(AwsError::Expired {
                key_id: caller.credentials.access_key_id().to_owned(),
                at,
            });
        }
        tracing::debug!(
            key_id = caller.credentials.access_key_id(),
            region = caller.region,
            "found AWS credentials"
        );
        *found = Some(caller.clone());
        Ok(caller)
    }

    /// Asks AWS who a caller is. None if it does not say so soon.
    pub(super) async fn identity(&self, caller: &Caller) -> Option<CallerIdentity> {
        match &self.source {
            Source::Machine => tokio::time::timeout(IDENTITY_TIMEOUT, identity_of(caller))
                .await
                .ok()
                .flatten(),
            #[cfg(test)]
            Source::Given(given) => given.identity.clone(),
        }
    }
}

impl Caller {
    /// Which credentials they are, and where they were found.
    pub(super) fn origin(&self) -> String {
        let key_id = self.credentials.access_key_id();
        let marks = self.credentials.get_property::<Vec<AwsCredentialFeature>>();
        let place = marks.and_then(|marks| {
            let mut places = PLACES.iter();
            let (_, place) = places.find(|(mark, _)| marks.contains(mark))?;
            Some(*place)
        });
        match place {
            Some(place) => format!("those with the access key {key_id:?}, from {place}"),
            None => format!("those with the access key {key_id:?}"),
        }
    }

    fn expires(&self) -> Option<OffsetDateTime> {
        self.credentials.expiry().map(OffsetDateTime::from)
    }
}

impl fmt::Display for CallerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}, ARN {}", self.account, self.arn)
    }
}

async fn of_machine() -> Result<Caller, AwsError> {
    let region = match region::of_environment(|name| env::var(name).ok()) {
        Some(region) => Some(Region::new(region)),
        None => named_by(ProfileFileRegionProvider::new()).await,
    };
    // On machines outside of AWS nobody answers there, and the SDK's usual four tries would make every error slow.
    let imds = imds::Client::builder().max_attempts(IMDS_TRIES).build();
    let chain_of_sources = DefaultCredentialsChain::builder()
        .region(
            region
                .clone()
                .unwrap_or_else(|| Region::from_static("us-east-1")),
        )
        .imds_client(imds.clone())
        .build()
        .await;
    let credentials =
        chain_of_sources
            .provide_credentials()
            .await
            .map_err(|error| match &error {
                CredentialsError::CredentialsNotLoaded(_) => {
                    half(|name| env::var(name).ok()).unwrap_or(AwsError::NoCredentials)
                }
                error => AwsError::Unusable(chain(error)),
            })?;
    let region = match region {
        Some(region) => Some(region),
        None => {
            let provider = imds::region::ImdsRegionProvider::builder().imds_client(imds);
            named_by(provider.build()).await
        }
    };
    Ok(Caller {
        credentials,
        region: region.map(|region| region.to_string()),
    })
}

/// Whether the environment has one half of credentials.
fn half(variable: impl Fn(&str) -> Option<String>) -> Option<AwsError> {
    let is_set = |name| variable(name).is_some_and(|value| !value.trim().is_empty());
    let (set, missing) = match (is_set(KEY_ID), is_set(SECRET_KEY)) {
        (true, false) => (KEY_ID, SECRET_KEY),
        (false, true) => (SECRET_KEY, KEY_ID),
        _ => return None,
    };
    Some(AwsError::Half { set, missing })
}

/// The region that a source names. The SDK's own sources also give an empty one.
async fn named_by(source: impl ProvideRegion) -> Option<Region> {
    let region = source.region().await;
    region.filter(|region| region::is_named(region.as_ref()))
}

async fn identity_of(caller: &Caller) -> Option<CallerIdentity> {
    let region = caller.region.as_deref().unwrap_or("us-east-1").to_owned();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(caller.credentials.clone())
        .load()
        .await;
    match aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await
    {
        Ok(answer) => Some(CallerIdentity {
            account: answer.account?,
            arn: answer.arn?,
        }),
        Err(error) => {
            tracing::debug!(error = %chain(&error), "AWS does not say who the caller is");
            None
        }
    }
}

const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_KEY: &str = "AWS_SECRET_ACCESS_KEY";
/// Where the SDK marks credentials as found. One that goes through a profile has other marks beside.
const PLACES: &[(AwsCredentialFeature, &str)] = &[
    (
        AwsCredentialFeature::CredentialsEnvVars,
        "the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (AwsCredentialFeature::CredentialsProfile, PROFILE),
    (AwsCredentialFeature::CredentialsProfileLogin, PROFILE),
    (AwsCredentialFeature::CredentialsSso, PROFILE),
    (
        AwsCredentialFeature::CredentialsEnvVarsStsWebIdToken,
        WEB_IDENTITY,
    ),
    (
        AwsCredentialFeature::CredentialsProfileStsWebIdToken,
        WEB_IDENTITY,
    ),
    (
        AwsCredentialFeature::CredentialsHttp,
        "the container credentials of ECS or EKS",
    ),
    (
        AwsCredentialFeature::CredentialsImds,
        "the metadata service of this EC2 instance",
    ),
];
const PROFILE: &str = "a profile in ~/.aws (AWS_PROFILE, or the one called default)";
const WEB_IDENTITY: &str = "a web identity token (AWS_WEB_IDENTITY_TOKEN_FILE)";
/// The SDK's default chain, in its order.
const TRIED: &str = "environment variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), shared profiles and SSO (~/.aws, \
     AWS_PROFILE), web identity (AWS_WEB_IDENTITY_TOKEN_FILE), container credentials of ECS or EKS \
     (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI), the metadata service of an EC2 instance";
/// How long before they expire credentials are looked for again.
const EARLY: time::Duration = time::Duration::minutes(2);
const IMDS_TRIES: u32 = 2;
/// It only makes an error clearer.
const IDENTITY_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

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

    #[tokio::test]
    async fn a_source_that_gives_an_empty_region_names_none() {
        assert_eq!(named_by(Some(Region::from_static(""))).await, None);
        let region = Some(Region::from_static("eu-west-1"));
        assert_eq!(named_by(region.clone()).await, region);
    }

    #[tokio::test]
    async fn debug_shows_no_secret() {
        let caller = expiring(vec![None]).caller(NOW).await.unwrap();
        assert!(!format!("{caller:?}").contains("very-secret"));
    }

    #[tokio::test]
    async fn it_is_told_which_credentials_they_are_and_where_they_are_from() {
        let mut caller = expiring(vec![None]).caller(NOW).await.unwrap();
        assert_eq!(caller.origin(), "those with the access key \"AKID0\"");
        for (marks, place) in [
            (
                vec![AwsCredentialFeature::CredentialsEnvVars],
                "environment variables",
            ),
            (
                vec![
                    AwsCredentialFeature::CredentialsStsAssumeRole,
                    AwsCredentialFeature::CredentialsProfile,
                ],
                "AWS_PROFILE",
            ),
            (vec![AwsCredentialFeature::CredentialsImds], "EC2"),
        ] {
            caller.credentials.set_property(marks);
            let origin = caller.origin();
            assert!(
                origin.contains("\"AKID0\", from ") && origin.contains(place),
                "{origin}"
            );
        }
    }

    #[test]
    fn half_of_the_credentials_in_the_environment_is_told() {
        let text = |set: &[&str]| {
            let variable = |name: &str| set.contains(&name).then(|| "text".to_owned());
            half(variable).map(|error| error.to_string())
        };
        let error = text(&[KEY_ID]).unwrap();
        assert!(
            error.contains("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not"),
            "{error}"
        );
        let error = text(&[SECRET_KEY]).unwrap();
        assert!(
            error.contains("AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not"),
            "{error}"
        );
        assert_eq!(text(&[]), None);
        assert_eq!(text(&[KEY_ID, SECRET_KEY]), None);
        let empty = half(|name| Some(if name == KEY_ID { "key" } else { " " }.to_owned()));
        assert!(matches!(
            empty,
            Some(AwsError::Half {
                missing: SECRET_KEY,
                ..
            })
        ));
    }

    #[test]
    fn without_credentials_it_is_said_what_was_tried() {
        let broken = AwsError::Unusable("the cached SSO token is missing".to_owned()).to_string();
        assert!(broken.contains("SSO token is missing") && broken.contains("AWS_PROFILE"));
        let text = AwsError::NoCredentials.to_string();
        for tried in [
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "SSO",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "ECS",
            "EC2",
        ] {
            assert!(text.contains(tried), "{tried}");
        }
    }
}
