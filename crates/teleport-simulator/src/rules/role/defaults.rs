//! What the server fills into a role (`api/types/role.go`, `CheckAndSetDefaults`).

use teleport_proto::{
    types::{
        AccessRequestConditions, BoolValue, IdPOptions, IdPsamlOptions, KubernetesResource,
        RecordSession, RoleConditions, RoleOptions, RoleV6,
    },
    wrappers::{LabelValues, StringValues},
};

/// Fills in what `role` leaves open. Doing it again changes nothing.
pub(super) fn complete(role: &mut RoleV6) {
    "role".clone_into(&mut role.kind);
    if !VERSIONS.contains(&role.version.as_str()) {
        super::NEWEST.clone_into(&mut role.version);
    }
    let version = role.version.clone();
    let metadata = role.metadata.get_or_insert_default();
    "default".clone_into(&mut metadata.namespace);
    let spec = role.spec.get_or_insert_default();
    options(spec.options.get_or_insert_default(), &version);
    let allow = spec.allow.get_or_insert_default();
    if version == "v3" {
        every_label(allow);
    }
    kubernetes_resources(allow, &version);
    let deny = spec.deny.get_or_insert_default();
    for conditions in [allow, deny] {
        if VERBLESS.contains(&version.as_str()) {
            for resource in &mut conditions.kubernetes_resources {
                if resource.verbs.is_empty() {
                    resource.verbs = vec![EVERY.to_owned()];
                }
            }
        }
        present(conditions);
    }
}

/// What storage makes of a role: a label without values has one empty value, and the old number of a mode is the new one.
pub(super) fn stored(role: &mut RoleV6) {
    let spec = role.spec.get_or_insert_default();
    let options = spec.options.get_or_insert_default();
    if options.create_host_user_mode == OLD_DROP {
        options.create_host_user_mode = INSECURE_DROP;
    }
    for conditions in [&mut spec.allow, &mut spec.deny].into_iter().flatten() {
        for labels in label_fields(conditions) {
            for values in labels
                .iter_mut()
                .flat_map(|labels| labels.values.values_mut())
            {
                if values.values.is_empty() {
                    values.values.push(String::new());
                }
            }
        }
    }
}

/// Labels of one value each.
pub(crate) fn labels<const N: usize>(labels: [(&str, &str); N]) -> LabelValues {
    let value = |value: &str| StringValues {
        values: vec![value.to_owned()],
    };
    let labels = labels.into_iter();
    LabelValues {
        values: labels
            .map(|(key, text)| (key.to_owned(), value(text)))
            .collect(),
    }
}

fn options(options: &mut RoleOptions, version: &str) {
    if options.max_session_ttl <= 0 {
        options.max_session_ttl = MAX_SESSION_TTL;
    }
    if options.certificate_format.is_empty() {
        "standard".clone_into(&mut options.certificate_format);
    }
    if options.bpf.is_empty() {
        options.bpf = ["command", "network"].map(str::to_owned).to_vec();
    }
    if options.record_session.is_none() {
        options.record_session = Some(RecordSession {
            desktop: Some(BoolValue { value: true }),
            default: "best_effort".to_owned(),
            ssh: String::new(),
        });
    }
    for (option, value) in [
        (&mut options.desktop_clipboard, true),
        (&mut options.desktop_directory_sharing, true),
        (&mut options.ssh_file_copy, true),
        (&mut options.create_desktop_user, false),
        (&mut options.create_database_user, false),
    ] {
        option.get_or_insert(BoolValue { value });
    }
    if version != "v8" && options.idp.is_none() {
        let enabled = Some(BoolValue { value: true });
        options.idp = Some(IdPOptions {
            saml: Some(IdPsamlOptions { enabled }),
        });
    }
    // Go always sends what it keeps by value.
    options.mfa_verification_interval.get_or_insert_default();
}

/// In the oldest version, absent labels are all labels.
fn every_label(allow: &mut RoleConditions) {
    let everything = || labels([(EVERY, EVERY)]);
    let absent = |labels: &Option<LabelValues>| {
        labels
            .as_ref()
            .is_none_or(|labels| labels.values.is_empty())
    };
    if absent(&allow.node_labels) && !allow.logins.is_empty() {
        allow.node_labels = Some(everything());
    }
    for labels in [
        &mut allow.app_labels,
        &mut allow.kubernetes_labels,
        &mut allow.database_labels,
    ] {
        if absent(labels) {
            *labels = Some(everything());
        }
    }
}

/// Access to Kubernetes clusters is access to resources in them, even if none is named.
fn kubernetes_resources(allow: &mut RoleConditions, version: &str) {
    let labelled = allow
        .kubernetes_labels
        .as_ref()
        .is_some_and(|labels| !labels.values.is_empty());
    let clusters = labelled || !allow.kubernetes_labels_expression.is_empty();
    if !allow.kubernetes_resources.is_empty() || !clusters {
        return;
    }
    let every = || EVERY.to_owned();
    let (kind, verbs, api_group) = match version {
        "v3" | "v4" | "v5" => ("pod", Vec::new(), String::new()),
        "v6" => return,
        "v7" => (EVERY, vec![every()], String::new()),
        _ => (EVERY, vec![every()], every()),
    };
    allow.kubernetes_resources = vec![KubernetesResource {
        kind: kind.to_owned(),
        namespace: every(),
        name: every(),
        verbs,
        api_group,
    }];
}

/// Go always sends what it keeps by value, and the namespace is always the same.
fn present(conditions: &mut RoleConditions) {
    conditions.namespaces = vec!["default".to_owned()];
    for labels in label_fields(conditions) {
        labels.get_or_insert_default();
    }
    if let Some(AccessRequestConditions { annotations, .. }) = &mut conditions.request {
        annotations.get_or_insert_default();
    }
}

fn label_fields(conditions: &mut RoleConditions) -> impl Iterator<Item = &mut Option<LabelValues>> {
    let own = [
        &mut conditions.node_labels,
        &mut conditions.app_labels,
        &mut conditions.cluster_labels,
        &mut conditions.kubernetes_labels,
        &mut conditions.database_labels,
        &mut conditions.windows_desktop_labels,
        &mut conditions.database_service_labels,
        &mut conditions.group_labels,
        &mut conditions.workload_identity_labels,
    ];
    let permissions = conditions.database_permissions.iter_mut();
    own.into_iter()
        .chain(permissions.map(|permission| &mut permission.r#match))
}

const EVERY: &str = "*";
const VERSIONS: [&str; 6] = ["v3", "v4", "v5", "v6", "v7", "v8"];
/// Versions whose Kubernetes resources know no verbs but all.
const VERBLESS: [&str; 4] = ["v3", "v4", "v5", "v6"];
/// 30 hours, in nanoseconds.
const MAX_SESSION_TTL: i64 = 30 * 3_600 * 1_000_000_000;
/// `HOST_USER_MODE_DROP`, which is stored as `HOST_USER_MODE_INSECURE_DROP`.
const OLD_DROP: i32 = 2;
const INSECURE_DROP: i32 = 4;
