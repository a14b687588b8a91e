//! Roles that are there without anybody having made them.

use teleport_proto::types::RoleV6;

use super::with_rights;
use crate::{rules::user::BOT_LABEL, scenario::Edition};

/// Roles that every new cluster has, as far as module authors give them to users (`lib/services/presets.go`).
pub(crate) fn presets(edition: Edition) -> Vec<RoleV6> {
    let mut access = with_rights("access", [("event", words(&["list", "read"]))]);
    describe(&mut access, "Access cluster resources");
    let allow = access.spec.as_mut().and_then(|spec| spec.allow.as_mut());
    if let Some(allow) = allow {
        allow.logins = words(&["{{internal.logins}}"]);
        allow.node_labels = Some(super::labels([("*", "*")]));
        allow.app_labels = Some(super::labels([("*", "*")]));
        allow.kubernetes_labels = Some(super::labels([("*", "*")]));
        allow.database_labels = Some(super::labels([("*", "*")]));
    }
    super::defaults::complete(&mut access);
    let every = || words(&["list", "create", "read", "update", "delete"]);
    let editor = [
        "user",
        "role",
        "token",
        "bot",
        "cluster_auth_preference",
        "workload_cluster",
    ];
    let mut editor = with_rights("editor", editor.map(|resource| (resource, every())));
    describe(&mut editor, "Edit cluster configuration");
    let auditor = ["session", "event", "session_tracker"];
    let reads = || words(&["list", "read"]);
    let mut auditor = with_rights("auditor", auditor.map(|resource| (resource, reads())));
    describe(&mut auditor, "Review cluster events and replay sessions");
    let mut presets = vec![access, auditor, editor];
    if edition == Edition::Oss {
        // Others have no role of this name any more.
        presets.push(with_rights(SYSTEM, [("*", every())]));
    }
    presets
}

/// The role `name` that Teleport Cloud gives to the bot of a workload cluster: it manages users and roles, and deletes none.
pub(crate) fn workload_cluster_editor(name: &str) -> RoleV6 {
    let verbs = || words(&["create", "read", "list", "update"]);
    with_rights(name, [("user", verbs()), ("role", verbs())])
}

/// The role `name` with which the bot `bot` itself joins: it may have certificates of `roles` made, and nothing more
/// (`lib/auth/machineid/machineidv1`).
pub(crate) fn bot_internal(bot: &str, name: &str, roles: &[String]) -> RoleV6 {
    let mut role = with_rights(name, [("cert_authority", words(&["readnosecrets"]))]);
    let text = format!("Automatically generated role for bot {bot}");
    describe(&mut role, &text);
    let label = (BOT_LABEL.to_owned(), bot.to_owned());
    role.metadata.get_or_insert_default().labels.extend([label]);
    set_session_ttl(&mut role, BOT_SESSION_TTL);
    set_impersonated(&mut role, roles.to_vec());
    role
}

/// Sets the roles that a role allows to impersonate.
pub(crate) fn set_impersonated(role: &mut RoleV6, roles: Vec<String>) {
    let spec = role.spec.get_or_insert_default();
    let allow = spec.allow.get_or_insert_default();
    allow.impersonate.get_or_insert_default().roles = roles;
}

/// Sets the longest session of a role, in nanoseconds.
pub(crate) fn set_session_ttl(role: &mut RoleV6, ttl: i64) {
    let spec = role.spec.get_or_insert_default();
    spec.options.get_or_insert_default().max_session_ttl = ttl;
}

fn describe(role: &mut RoleV6, text: &str) {
    if let Some(metadata) = &mut role.metadata {
        text.clone_into(&mut metadata.description);
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// The role of the open-source edition for its first user.
pub(crate) const SYSTEM: &str = "admin";
/// 12 hours, in nanoseconds.
const BOT_SESSION_TTL: i64 = 12 * 3_600 * 1_000_000_000;
