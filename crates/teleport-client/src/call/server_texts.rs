//! The texts of servers that this client interprets, each with its source in gravitational/teleport.
//!
//! Teleport uses one gRPC code for several things, and only the text tells them apart. A text that changes on the server makes an
//! answer less precise, never wrong: what is not recognized keeps the meaning of its code.

use crate::{
    error_kind::{ErrorKind, Transient},
    join::RefusalReason,
};

/// What a `PermissionDenied` means.
pub(crate) fn denial(message: &str) -> ErrorKind {
    if has(message, &MFA) {
        ErrorKind::MfaRequired
    } else if has(message, &EDITION) {
        ErrorKind::NotInEdition
    } else if has(message, &["support"]) && has(message, &SWITCHED_OFF) {
        ErrorKind::FeatureDisabled
    } else {
        ErrorKind::AccessDenied
    }
}

/// What an error without a code of its own means.
pub(crate) fn unclassified(message: &str) -> ErrorKind {
    if has(message, &CLOUD_UNREACHABLE) {
        ErrorKind::Transient(Transient::Unavailable)
    } else {
        ErrorKind::Other
    }
}

/// Whether the number of objects is limited. How often calls may come has the same code.
pub(crate) fn is_limit(message: &str) -> bool {
    is_quota(message)
        || has(message, &["maximum number of"])
        || has(message, &["limit"]) && has(message, &["reached"]) && !is_about_time(message)
}

/// Whether a quota is used up.
pub(crate) fn is_quota(message: &str) -> bool {
    has(message, &["quota"]) && has(message, &["exceed", "reached"]) && !is_about_time(message)
}

/// Whether a message is larger than gRPC allows. Sending it again does not make it smaller.
pub(crate) fn is_too_large(message: &str) -> bool {
    has(message, &TOO_LARGE)
}

/// Whether an object cannot be deleted because others refer to it.
pub(crate) fn is_still_in_use(message: &str) -> bool {
    has(message, &STILL_IN_USE)
}

/// Whether creating a bot failed at its role, after its user was written.
pub(crate) fn is_bot_without_role(message: &str) -> bool {
    has(message, &BOT_WITHOUT_ROLE)
}

/// What the text of a refused join says. None where the code says it.
pub(crate) fn join_refusal(message: &str) -> Option<RefusalReason> {
    JOIN_REFUSALS
        .iter()
        .find(|(phrases, _)| has(message, phrases))
        .map(|(_, reason)| *reason)
}

/// Whether a join was refused because the token, or the bot, does not exist.
pub(crate) fn is_not_found(message: &str) -> bool {
    has(message, &["not found"])
}

fn has(message: &str, phrases: &[&str]) -> bool {
    let message = message.to_ascii_lowercase();
    phrases.iter().any(|phrase| message.contains(phrase))
}

/// Whether it is how often something may be done that is limited.
fn is_about_time(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let mut words = message.split(|char: char| !char.is_ascii_alphanumeric());
    words.any(|word| ["rate", "second", "minute", "hour"].contains(&word))
}

/// `ErrAdminActionMFARequired` in `api/mfa/mfa.go`.
const MFA: [&str; 2] = ["requires mfa", "mfa verification"];

const EDITION: [&str; 4] = [
    // The service of workload clusters, on every cluster outside of Teleport Cloud (observed with 18.0).
    "only available for teleport cloud users",
    // `checkRoleFeatureSupport` in `lib/auth/auth_with_roles.go`.
    "only available in enterprise subscriptions",
    // `ValidateResource` in `lib/modules/modules.go`, for hardware keys.
    "only available with an enterprise license",
    // `ErrRequiresEnterprise` in `lib/services/github.go`, for join methods too.
    "requires teleport enterprise",
];

/// With "support" in the same text. The service of workload clusters: "contact support to enable the feature" (observed).
const SWITCHED_OFF: [&str; 3] = ["enable", "feature", "not available"];

/// The service of workload clusters, until the cluster has a connection to Teleport Cloud (observed).
const CLOUD_UNREACHABLE: [&str; 1] = ["unable to communicate with the teleport cloud api"];

/// `recv` in `rpc_util.go` of grpc/grpc-go.
const TOO_LARGE: [&str; 1] = ["larger than max"];

/// `DeleteRole` in `lib/auth/auth.go`. Its code is Unknown.
const STILL_IN_USE: [&str; 1] = ["still in use"];

/// `CreateBot` in `lib/auth/machineid/machineidv1/bot_service.go`, which writes the user, then the role.
const BOT_WITHOUT_ROLE: [&str; 1] = ["creating bot role"];

/// In this order: later phrases occur in the texts of earlier ones too.
const JOIN_REFUSALS: [(&[&str], RefusalReason); 5] = [
    // `checkIAMAllowRules` in `lib/join/iamjoin`, and `checkGithubAllowRules` and its like in `lib/join` for each platform.
    (
        &[
            "did not match any allow rules",
            "failed to match any allow rules",
        ],
        RefusalReason::NotAllowed,
    ),
    // `ValidateToken` in `lib/oidc`, and the checks against keys that the token names: `ValidateTokenWithJWKS` in `lib/join` for
    // some platforms, with the texts of zitadel/oidc and go-jose.
    (
        &[
            "verifying token",
            "validating token",
            "validating jwt",
            "validating standard claims",
            "validating oidc token",
            "parsing jwt",
        ],
        RefusalReason::IdToken,
    ),
    // The others quote an answer of AWS STS: `executeSTSIdentityRequest` in `lib/join/iamjoin`.
    (
        &["expiredtoken", "token included in the request is expired"],
        RefusalReason::AwsExpired,
    ),
    // Auth servers quote the status; without quotes it means the same.
    (
        &[
            "throttling",
            "aws sts api returned status: \"5",
            "aws sts api returned status: 5",
        ],
        RefusalReason::Transient(Transient::Unavailable),
    ),
    (
        &[
            "invalidclienttokenid",
            "signaturedoesnotmatch",
            "unrecognizedclient",
            "aws sts api returned status",
        ],
        RefusalReason::AwsRefused,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_are_what_a_real_server_means_by_them() {
        for (text, kind) in [
            (
                "admin-level API request requires MFA verification",
                ErrorKind::MfaRequired,
            ),
            (
                "workload_cluster resources are only available for Teleport Cloud users",
                ErrorKind::NotInEdition,
            ),
            (
                "role option max_sessions is only available in enterprise subscriptions",
                ErrorKind::NotInEdition,
            ),
            (
                "role field allow.review_requests is only available in enterprise subscriptions",
                ErrorKind::NotInEdition,
            ),
            (
                "Hardware Key support is only available with an enterprise license",
                ErrorKind::NotInEdition,
            ),
            (
                "github enterprise server joining\n\tthis feature requires Teleport Enterprise",
                ErrorKind::NotInEdition,
            ),
            (
                "workload clusters are not enabled for this account, contact support to enable the feature",
                ErrorKind::FeatureDisabled,
            ),
            (
                "access denied to perform action \"create\" on workload_cluster",
                ErrorKind::AccessDenied,
            ),
            (
                "access denied: SSH session support is off",
                ErrorKind::AccessDenied,
            ),
            (
                "can not delete system role \"admin\"",
                ErrorKind::AccessDenied,
            ),
        ] {
            assert_eq!(denial(text), kind, "{text}");
        }
    }

    #[test]
    fn a_limit_on_objects_is_not_a_limit_on_calls() {
        for text in [
            "integrated limit of 5 is reached",
            "the limit of 5 workload clusters is reached",
            "cluster has reached its maximum number of users",
            "workload cluster quota exceeded",
        ] {
            assert!(is_limit(text), "{text}");
        }
        for text in [
            "",
            "rate limit exceeded",
            "rate limit reached",
            "quota exceeded: 100 calls per minute",
            "too many requests",
        ] {
            assert!(!is_limit(text), "{text}");
        }
    }

    #[test]
    fn a_role_in_use_is_recognized() {
        assert!(is_still_in_use(
            "failed to delete a role that is still in use by a user, check the system server logs for more details"
        ));
    }

    #[test]
    fn a_cluster_without_a_connection_to_the_cloud_is_unavailable() {
        assert_eq!(
            unclassified("unable to communicate with the Teleport Cloud API"),
            ErrorKind::Transient(Transient::Unavailable)
        );
        assert_eq!(
            unclassified("cannot disable multi-factor authentication"),
            ErrorKind::Other
        );
    }
}
