//! The metadata of Teleport's older resources: what the server refuses and what it fills in (`api/types/resource.go`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost_types::Timestamp;
use teleport_proto::types::Metadata;
use uuid::Uuid;

use crate::store::Refusal;

/// Checks metadata that came from a caller.
pub(crate) fn check(metadata: &Metadata) -> Result<(), Refusal> {
    if metadata.name.is_empty() {
        return Err(Refusal::invalid("missing parameter Name"));
    }
    let key = |byte: u8| byte.is_ascii_alphanumeric() || b"/._:*-".contains(&byte);
    let valid = |text: &String| !text.is_empty() && text.bytes().all(key);
    if let Some(wrong) = metadata.labels.keys().find(|text| !valid(text)) {
        return Err(Refusal::invalid(format!("invalid label key: {wrong:?}")));
    }
    match metadata.labels.get(ORIGIN) {
        Some(origin) if !ORIGINS.contains(&origin.as_str()) => Err(Refusal::invalid(format!(
            "invalid origin value {origin:?}, must be one of [{}]",
            ORIGINS.join(" ")
        ))),
        _ => Ok(()),
    }
}

/// Checks the key under which the server stores an object, of which `parts` are a caller's (`lib/backend/sanitize.go`).
pub(crate) fn check_key(key: &str, parts: &[&str]) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"@_:.-+".contains(&byte);
    let safe = |part: &&str| part.bytes().all(allowed) && ![".", ".."].contains(part);
    if parts.iter().all(safe) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "special characters are not allowed in resource names, please use name composed only from characters, hyphens, \
         dots, and plus signs: {key:?}"
    )))
}

/// Whether a resource with this metadata is gone by `now`.
pub(crate) fn expired(metadata: Option<&Metadata>, now: SystemTime) -> bool {
    let expires = metadata.and_then(|metadata| metadata.expires);
    expires.is_some_and(|expires| time_of(expires) <= now)
}

/// The time of a timestamp; times before 1970 are 1970.
pub(crate) fn time_of(timestamp: Timestamp) -> SystemTime {
    let seconds = u64::try_from(timestamp.seconds).unwrap_or_default();
    let nanos = u32::try_from(timestamp.nanos).unwrap_or_default();
    let since = Duration::new(seconds, nanos.min(999_999_999));
    // Every system's clock reaches further than a timestamp; one that does not has nothing that expires.
    UNIX_EPOCH
        .checked_add(since)
        .unwrap_or_else(|| SystemTime::now() + YEAR)
}

/// The zero time of Go, the start of the year 1, which it sends for times that are not set.
pub(crate) fn go_zero() -> Timestamp {
    Timestamp {
        seconds: -62_135_596_800,
        nanos: 0,
    }
}

/// A new revision: opaque, a random UUID.
pub(crate) fn revision() -> String {
    Uuid::new_v4().to_string()
}

/// The one namespace.
pub(crate) const NAMESPACE: &str = "default";
/// Label that says where an object comes from.
pub(crate) const ORIGIN: &str = "teleport.dev/origin";
/// What the open-source edition says about hardware keys.
pub(crate) const HARDWARE_KEY: &str =
    "Hardware Key support is only available with an enterprise license";
const YEAR: Duration = Duration::from_secs(366 * 24 * 3_600);
const ORIGINS: [&str; 11] = [
    "defaults",
    "config-file",
    "dynamic",
    "cloud",
    "kubernetes",
    "okta",
    "scim",
    "discovery-kubernetes",
    "entra-id",
    "aws-identity-center",
    "integration_awsrolesanywhere",
];
