//! What the server refuses in a role (`api/types/role.go`, `lib/services/role.go`).

use std::net::IpAddr;

use teleport_proto::types::{RoleConditions, RoleOptions, RoleV6};

use super::{kubernetes, predicates, refused};
use crate::{
    rules::{metadata, provision_token::SYSTEM_ROLES},
    scenario::Edition,
    store::Refusal,
};

/// Checks the name and the rest of the metadata, as they came.
pub(super) fn check_name(role: &RoleV6) -> Result<(), Refusal> {
    let metadata = role.metadata.clone().unwrap_or_default();
    metadata::check(&metadata)?;
    if SYSTEM_ROLES.contains(&metadata.name.as_str()) {
        return Err(Refusal::invalid(format!(
            "reserved role: {}",
            metadata.name
        )));
    }
    if metadata.labels.contains_key(DOWNGRADED) {
        let text = "role was downgraded for an older client and cannot be written back";
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

/// Checks a role that has its defaults, in the order in which the server does: the first problem is the answer.
pub(super) fn check(role: &RoleV6, edition: Edition) -> Result<(), Refusal> {
    let spec = role.spec.clone().unwrap_or_default();
    let (allow, deny) = (
        spec.allow.unwrap_or_default(),
        spec.deny.unwrap_or_default(),
    );
    let options = spec.options.unwrap_or_default();
    let sides = [("allow", &allow), ("deny", &deny)];
    for (_, conditions) in sides {
        kubernetes::check(&role.version, conditions)?;
    }
    check_recording(&options)?;
    check_wildcards(&allow)?;
    for (side, conditions) in sides {
        check_permissions(side, conditions)?;
    }
    check_labels(&allow)?;
    let mut permissions = allow.database_permissions.iter();
    if permissions.any(|permission| permission.permissions.iter().any(|word| word == EVERY)) {
        return refused("individual database permissions cannot be wildcards strings");
    }
    check_requests(&allow, &deny)?;
    for (side, conditions) in sides {
        check_rules(side, conditions)?;
    }
    for (side, conditions) in sides {
        check_spiffe(side, conditions)?;
    }
    check_options(&options)?;
    check_edition(role, edition)?;
    if role.version == "v8" && options.idp.is_some() {
        return refused("idp option is only supported in role version 7 and below");
    }
    predicates::check(&allow, &deny)
}

fn check_recording(options: &RoleOptions) -> Result<(), Refusal> {
    let mut recorded = options.bpf.iter();
    if let Some(word) = recorded.find(|word| !RECORDED.contains(&word.as_str())) {
        return refused(format!(
            "invalid value for role option enhanced_recording: {word}"
        ));
    }
    match options.lock.as_str() {
        "" | "strict" | "best_effort" => Ok(()),
        other => refused(format!("invalid value for role option lock: {other}")),
    }
}

// Old clients still send the old option, and the server goes by it.
#[allow(deprecated)]
fn check_options(options: &RoleOptions) -> Result<(), Refusal> {
    if options.port_forwarding.is_some() && options.ssh_port_forwarding.is_some() {
        return refused(
            "options define both 'port_forwarding' and 'ssh_port_forwarding', only one can be set",
        );
    }
    let mode = options.create_host_user_mode;
    if !HOST_USER_MODES.contains(&mode) {
        return refused(format!(
            "invalid host user mode \"{mode}\", expected one of off, drop or keep"
        ));
    }
    for (field, number, most) in [
        (
            "CreateDatabaseUserMode",
            options.create_database_user_mode,
            3,
        ),
        ("RequireMFAType", options.require_mfa_type, 5),
    ] {
        if !(0..=most).contains(&number) {
            let text = format!("{field}: {field} invalid value {number}");
            return Err(Refusal::unknown(text));
        }
    }
    match options
        .cert_extensions
        .iter()
        .find(|extension| extension.mode != 0)
    {
        Some(extension) => Err(Refusal::unknown(format!(
            "CertExtensions: Mode: CertExtensionMode invalid value {}",
            extension.mode
        ))),
        None => Ok(()),
    }
}

/// What only Teleport Enterprise offers.
fn check_edition(role: &RoleV6, edition: Edition) -> Result<(), Refusal> {
    if edition != Edition::Oss {
        return Ok(());
    }
    let spec = role.spec.clone().unwrap_or_default();
    let options = spec.options.unwrap_or_default();
    let allow = spec.allow.unwrap_or_default();
    let request = allow.request.unwrap_or_default();
    let access = &options.request_access;
    let reserved = [
        (options.pin_source_ip, "option pin_source_ip".to_owned()),
        (options.max_sessions > 0, "option max_sessions".to_owned()),
        (
            ["always", "reason"].contains(&access.as_str()),
            format!("option request_access: {access}"),
        ),
        (
            allow.review_requests.is_some(),
            "field allow.review_requests".to_owned(),
        ),
        (
            !request.search_as_roles.is_empty(),
            "field allow.search_as_roles".to_owned(),
        ),
        (
            !request.thresholds.is_empty(),
            "field allow.request.thresholds".to_owned(),
        ),
    ];
    if let Some((_, what)) = reserved.iter().find(|(used, _)| *used) {
        return Err(Refusal::denied(format!(
            "role {what} is only available in enterprise subscriptions"
        )));
    }
    match options.require_mfa_type {
        2.. => Err(Refusal::denied(metadata::HARDWARE_KEY)),
        _ => Ok(()),
    }
}

fn check_permissions(side: &str, conditions: &RoleConditions) -> Result<(), Refusal> {
    let permissions = conditions.database_permissions.iter();
    match permissions
        .enumerate()
        .find(|(_, permission)| permission.permissions.is_empty())
    {
        Some((index, _)) => refused(format!(
            "failed to process '{side}' db_permission #{}: database permission list cannot be empty",
            index + 1
        )),
        None => Ok(()),
    }
}

/// Every label can only have every value. Two kinds of labels are not looked at.
fn check_labels(allow: &RoleConditions) -> Result<(), Refusal> {
    let own = [
        &allow.node_labels,
        &allow.app_labels,
        &allow.kubernetes_labels,
        &allow.database_labels,
        &allow.windows_desktop_labels,
        &allow.group_labels,
        &allow.workload_identity_labels,
    ];
    for labels in own.into_iter().flatten() {
        if labels
            .values
            .get(EVERY)
            .is_some_and(|values| values.values != [EVERY])
        {
            return refused("selector *:<val> is not supported");
        }
    }
    Ok(())
}

/// What allows something allows it by name.
fn check_wildcards(allow: &RoleConditions) -> Result<(), Refusal> {
    for (values, text) in [
        (
            &allow.aws_role_ar_ns,
            "wildcard matcher is not allowed in aws_role_arns",
        ),
        (
            &allow.azure_identities,
            "wildcard matcher is not allowed in allow.azure_identities",
        ),
        (
            &allow.gcp_service_accounts,
            "wildcard matcher is not allowed in allow.gcp_service_accounts",
        ),
        (
            &allow.database_roles,
            "wildcard is not allowed in allow.database_roles",
        ),
        (&allow.logins, "wildcard matcher is not allowed in logins"),
    ] {
        if values.iter().any(|value| value == EVERY) {
            return refused(text);
        }
    }
    Ok(())
}

fn check_requests(allow: &RoleConditions, deny: &RoleConditions) -> Result<(), Refusal> {
    let mode = |conditions: &RoleConditions| {
        let request = conditions.request.clone().unwrap_or_default();
        request.reason.unwrap_or_default().mode
    };
    if !mode(deny).is_empty() {
        return refused("request reason mode can be provided only for allow rules");
    }
    let mode = mode(allow);
    if !["", "required", "optional"].contains(&mode.as_str()) {
        return refused(format!(
            "unrecognized request reason mode {mode:?}, must be one of: [required optional]"
        ));
    }
    let request = allow.request.clone().unwrap_or_default();
    if request.max_duration > MAX_REQUEST_DURATION {
        return refused("max access duration must be less than or equal to 14 days");
    }
    if deny
        .request
        .as_ref()
        .is_some_and(|request| !request.thresholds.is_empty())
    {
        return refused("cannot set thresholds in deny.request, they are for allow only");
    }
    let impersonate = deny.impersonate.as_ref();
    if impersonate.is_some_and(|impersonate| !impersonate.r#where.is_empty()) {
        return refused("'where' is not supported in deny.impersonate conditions");
    }
    Ok(())
}

fn check_rules(side: &str, conditions: &RoleConditions) -> Result<(), Refusal> {
    for (index, rule) in conditions.rules.iter().enumerate() {
        let problem = match (rule.resources.is_empty(), rule.verbs.is_empty()) {
            (true, _) => "missing resources to match",
            (_, true) => "missing verbs",
            _ => continue,
        };
        return refused(format!(
            "failed to process '{side}' rule {index}: {problem}"
        ));
    }
    if let Some(impersonate) = &conditions.impersonate
        && impersonate.roles.is_empty()
        && !impersonate.users.is_empty()
    {
        return refused(format!("{side}.impersonate has users, but no roles"));
    }
    Ok(())
}

fn check_spiffe(side: &str, conditions: &RoleConditions) -> Result<(), Refusal> {
    for (index, spiffe) in conditions.spiffe.iter().enumerate() {
        let path = spiffe.path.as_str();
        let regular = path.starts_with('^') && path.ends_with('$');
        let addresses = spiffe.ipsa_ns.iter().enumerate();
        let wrong = addresses.into_iter().find(|(_, text)| !is_cidr(text));
        let problem = match wrong {
            _ if path.is_empty() => "path: should be non-empty".to_owned(),
            _ if !path.starts_with('/') && !regular => {
                "path: should start with / or be a regex expression starting with ^ and ending with $"
                    .to_owned()
            }
            Some((place, text)) => {
                format!("validating ip_sans[{place}]: invalid CIDR address: {text}")
            }
            None => continue,
        };
        let place = format!("validating spec.{side}.spiffe[{index}]");
        return Err(Refusal::invalid(problem).during(&place));
    }
    Ok(())
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

const EVERY: &str = "*";
const RECORDED: [&str; 3] = ["command", "disk", "network"];
/// Off, drop (which is stored under another number), keep, insecure drop.
const HOST_USER_MODES: std::ops::RangeInclusive<i32> = 0..=4;
const DOWNGRADED: &str = "teleport.internal/downgraded";
/// 14 days, in nanoseconds.
const MAX_REQUEST_DURATION: i64 = 14 * 24 * 3_600 * 1_000_000_000;
