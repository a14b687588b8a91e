//! The caller of AWS: its credentials, where they were found, and why there are none.

use std::fmt;

use aws_credential_types::{Credentials, credential_feature::AwsCredentialFeature};
use time::OffsetDateTime;

use crate::dial::roots::NoRoots;

/// Credentials of AWS, and the region of this machine. The SDK's `Debug` of the credentials hides their secret.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(super) credentials: Credentials,
    /// Invariant: not empty.
    pub(super) region: Option<String>,
}

/// Who a caller is, as AWS says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallerIdentity {
    pub(super) account: String,
    pub(super) arn: String,
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AwsError {
    /// There are none.
    #[error("there are no AWS credentials; the sources tried are, in this order: {TRIED}")]
    NoCredentials,
    /// There are none. The environment has one half of them.
    #[error(
        "there are no AWS credentials: {set} is set, and {missing} is not; the sources tried are, in this order: {TRIED}"
    )]
    Half {
        /// The variable that is there.
        set: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// Some are configured, but they cannot be loaded.
    #[error("AWS credentials cannot be loaded: {0}; the sources tried are, in this order: {TRIED}")]
    Unusable(String),
    /// AWS cannot be asked.
    #[error("AWS cannot be asked for credentials: {0}")]
    Roots(#[from] NoRoots),
    /// They have expired.
    #[error("the AWS credentials with the access key {key_id:?} expired at {at}")]
    Expired {
        /// Which.
        key_id: String,
        /// When.
        at: OffsetDateTime,
    },
}

impl Caller {
    /// The credentials for a sentence: their access key, and where they were found.
    pub(super) fn origin(&self) -> String {
        let key_id = self.key_id();
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

    /// The id of the access key for errors and logs. What does not look like one is not repeated: it may be the secret key, in the
    /// wrong variable.
    pub(super) fn key_id(&self) -> &str {
        let key_id = self.credentials.access_key_id();
        let is_of_id = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if key_id.len() <= 32 && key_id.bytes().all(is_of_id) {
            key_id
        } else {
            "(not the id of an access key, not shown)"
        }
    }

    /// When they expire, if they do.
    pub(super) fn expires(&self) -> Option<OffsetDateTime> {
        self.credentials.expiry().map(OffsetDateTime::from)
    }
}

impl fmt::Display for CallerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}, ARN {}", self.account, self.arn)
    }
}

/// Where credentials were found, by the SDK's marks. Credentials from a profile have other marks too.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller {
            credentials: Credentials::new("AKID0", "very-secret", None, None, "test"),
            region: None,
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", caller()).contains("very-secret"));
    }

    #[test]
    fn a_secret_in_place_of_the_id_is_not_shown() {
        let mut caller = caller();
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        caller.credentials = Credentials::new(secret, "AKID0", None, None, "test");
        assert!(!caller.origin().contains(secret));
    }

    #[test]
    fn the_origin_says_which_credentials_they_are_and_where_they_were_found() {
        let mut caller = caller();
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
