//! The AWS credentials and the region of this machine, as the AWS SDK finds them.

use std::{env, time::Duration};

use aws_config::{
    BehaviorVersion, default_provider::credentials::DefaultCredentialsChain, imds,
    meta::region::ProvideRegion, profile::ProfileFileRegionProvider,
};
use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError};
use aws_types::region::Region;

use super::{
    caller::{AwsError, Caller, CallerIdentity},
    region,
};
use crate::dial::{roots::Roots, transport::chain};

/// The credentials and the region that are found on this machine.
pub(super) async fn caller() -> Result<Caller, AwsError> {
    in_time(search()).await
}

/// Some sources of the SDK wait without end: for AWS STS, for a web service, for a program.
async fn in_time(
    search: impl Future<Output = Result<Caller, AwsError>>,
) -> Result<Caller, AwsError> {
    let found = tokio::time::timeout(SEARCH_TIMEOUT, search).await;
    found.unwrap_or_else(|_| {
        let limit = humantime::format_duration(SEARCH_TIMEOUT);
        Err(AwsError::Unusable(format!(
            "no source gave any within {limit}"
        )))
    })
}

async fn search() -> Result<Caller, AwsError> {
    // Without roots the HTTP client of the SDK fails without saying why, and panics in a debug build (`rustls_root_certs` in
    // aws-smithy-http-client).
    Roots::System.load().await?;
    let region = match region::of_environment(|name| env::var(name).ok()) {
        Some(region) => Some(Region::new(region)),
        None => named_by(ProfileFileRegionProvider::new()).await,
    };
    // Outside of AWS nothing answers there, and the SDK's default of four tries would make every error slow.
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

/// Asks AWS who a caller is. None if it does not say so soon.
pub(super) async fn identity(caller: &Caller) -> Option<CallerIdentity> {
    tokio::time::timeout(IDENTITY_TIMEOUT, identity_of(caller))
        .await
        .ok()
        .flatten()
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
const IMDS_TRIES: u32 = 2;
/// A program may ask a person for a second factor.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(120);
/// It only makes an error clearer.
const IDENTITY_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_source_that_never_answers_is_an_error() {
        let error = in_time(std::future::pending()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("no source gave any within 2m"), "{text}");
    }

    #[tokio::test]
    async fn a_source_that_gives_an_empty_region_names_none() {
        assert_eq!(named_by(Some(Region::from_static(""))).await, None);
        let region = Some(Region::from_static("eu-west-1"));
        assert_eq!(named_by(region.clone()).await, region);
    }

    #[test]
    fn half_of_the_credentials_in_the_environment_is_reported() {
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
}
