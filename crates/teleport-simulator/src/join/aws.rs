//! AWS, as far as a join needs it: identities with their keys, and what STS says about a signed request.

use serde::Deserialize;

/// An AWS identity: the credentials that a program has, and what AWS STS says about them.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsIdentity {
    /// Access key.
    pub access_key_id: String,
    /// Secret of the access key.
    pub secret_access_key: String,
    /// Session token, which temporary credentials have.
    pub session_token: Option<String>,
    /// Number of the AWS account.
    pub account: String,
    /// ARN as STS reports it, such as `arn:aws:sts::123456789012:assumed-role/terraform/session`.
    pub arn: String,
    /// Whether the credentials have expired.
    #[serde(default)]
    pub expired: bool,
}

impl AwsIdentity {
    /// An identity with made-up keys, different each time, for `account` and `arn`.
    #[must_use]
    pub fn example(account: impl Into<String>, arn: impl Into<String>) -> Self {
        let secret = std::iter::repeat_with(fastrand::alphanumeric).take(40);
        Self {
            access_key_id: EXAMPLE_ACCESS_KEY_ID.to_owned(),
            secret_access_key: secret.collect(),
            session_token: None,
            account: account.into(),
            arn: arn.into(),
            expired: false,
        }
    }

    /// Checks what types cannot. The answer is the text of the refusal.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (field, text) in [
            ("access_key_id", &self.access_key_id),
            ("secret_access_key", &self.secret_access_key),
            ("account", &self.account),
            ("arn", &self.arn),
        ] {
            if text.is_empty() || text.len() > MAX_TEXT_BYTES {
                return Err(format!("{field}: must have 1 to {MAX_TEXT_BYTES} bytes"));
            }
        }
        Ok(())
    }
}

// By hand, so that secrets do not end in logs.
impl std::fmt::Debug for AwsIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AwsIdentity")
            .field("access_key_id", &self.access_key_id)
            .field("account", &self.account)
            .field("arn", &self.arn)
            .field("expired", &self.expired)
            .finish_non_exhaustive()
    }
}

/// The access key of the examples in AWS's documentation.
const EXAMPLE_ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const MAX_TEXT_BYTES: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let identity = AwsIdentity {
            session_token: Some("top".to_owned()),
            ..AwsIdentity::example("1", "2")
        };
        let shown = format!("{identity:?}");
        assert!(!shown.contains(&identity.secret_access_key), "{shown}");
        assert!(!shown.contains("top"), "{shown}");
    }
}
