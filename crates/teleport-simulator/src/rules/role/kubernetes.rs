//! What the server refuses in a role's Kubernetes resources (`api/types/role.go`).

use teleport_proto::types::{KubernetesResource, RoleConditions};

use super::refused;
use crate::store::Refusal;

/// Checks the resources of one side of a role.
pub(super) fn check(version: &str, conditions: &RoleConditions) -> Result<(), Refusal> {
    for resource in &conditions.kubernetes_resources {
        check_resource(version, resource)?;
    }
    let requested = conditions.request.iter();
    for resource in requested.flat_map(|request| &request.kubernetes_resources) {
        let kind = resource.kind.as_str();
        // Teleport 18.0 wants the old names here, whatever the role's version.
        if kind != EVERY && !is_old(kind) {
            return refused(format!(
                "request.kubernetes_resource kind {kind:?} is invalid or unsupported; Supported: [{}]",
                old_names()
            ));
        }
    }
    Ok(())
}

fn check_resource(version: &str, resource: &KubernetesResource) -> Result<(), Refusal> {
    check_verbs(resource)?;
    match version {
        "v8" => check_new(version, resource)?,
        _ => check_old(version, resource)?,
    }
    match resource.name.is_empty() {
        true => refused("KubernetesResource must include Name"),
        false => Ok(()),
    }
}

fn check_verbs(resource: &KubernetesResource) -> Result<(), Refusal> {
    for verb in &resource.verbs {
        if verb == EVERY && resource.verbs.len() > 1 {
            return refused("KubernetesResource verb \"*\" cannot be used with other verbs");
        }
        if verb != EVERY && !verb.contains("{{") && !VERBS.contains(&verb.as_str()) {
            return refused(format!(
                "KubernetesResource verb {verb:?} is invalid or unsupported; Supported: [* {}]",
                VERBS.join(" ")
            ));
        }
    }
    Ok(())
}

/// Up to version 7 kinds have names of Teleport's own, and no API group.
fn check_old(version: &str, resource: &KubernetesResource) -> Result<(), Refusal> {
    let kind = resource.kind.as_str();
    let upgrade =
        format!("is not supported in role version {version:?}. Upgrade the role version to \"v8\"");
    if !resource.api_group.is_empty() {
        return refused(format!("API Group {:?} {upgrade}", resource.api_group));
    }
    if version != "v7" && kind != "pod" {
        return refused(format!("KubernetesResource kind {kind:?} {upgrade}"));
    }
    if kind != EVERY && !is_old(kind) {
        return refused(format!(
            "KubernetesResource kind {kind:?} is invalid or unsupported; Supported: [{}]",
            old_names()
        ));
    }
    if version != "v7" && resource.verbs != [EVERY] {
        return refused(format!(
            "KubernetesResource {kind:?} verbs {:?} {upgrade}",
            resource.verbs
        ));
    }
    if resource.namespace.is_empty() && !OLD_CLUSTER_WIDE.contains(&kind) {
        return refused(format!(
            "KubernetesResource kind {kind:?} must include Namespace"
        ));
    }
    Ok(())
}

/// From version 8 on kinds have their plural names in the Kubernetes API.
fn check_new(version: &str, resource: &KubernetesResource) -> Result<(), Refusal> {
    let (kind, group) = (resource.kind.as_str(), resource.api_group.as_str());
    if kind.is_empty() {
        return refused("KubernetesResource kind is required");
    }
    if OLD_KINDS.contains(&(kind, group)) {
        return refused(format!(
            "KubernetesResource kind {kind:?} is invalid. Please use plural name for role version {version:?}"
        ));
    }
    let core = CORE.contains(&kind) || NAMESPACED.contains(&kind);
    if group.is_empty() && !core {
        return refused(format!(
            "KubernetesResource api_group is required for resource {kind:?} in role version {version:?}"
        ));
    }
    if group.is_empty() && resource.namespace.is_empty() && NAMESPACED.contains(&kind) {
        return refused(format!(
            "KubernetesResource {kind:?} must include Namespace"
        ));
    }
    Ok(())
}

fn is_old(kind: &str) -> bool {
    OLD_KINDS.iter().any(|(known, _)| *known == kind)
}

fn old_names() -> String {
    let names = OLD_KINDS.iter().map(|(name, _)| *name);
    [EVERY]
        .into_iter()
        .chain(names)
        .collect::<Vec<_>>()
        .join(" ")
}

const EVERY: &str = "*";
const VERBS: [&str; 10] = [
    "get",
    "create",
    "update",
    "patch",
    "delete",
    "list",
    "watch",
    "deletecollection",
    "exec",
    "portforward",
];
/// Kinds of versions up to 7, with their API groups.
const OLD_KINDS: [(&str, &str); 21] = [
    ("pod", ""),
    ("secret", ""),
    ("configmap", ""),
    ("namespace", ""),
    ("service", ""),
    ("serviceaccount", ""),
    ("kube_node", ""),
    ("persistentvolume", ""),
    ("persistentvolumeclaim", ""),
    ("deployment", "apps"),
    ("replicaset", "apps"),
    ("statefulset", "apps"),
    ("daemonset", "apps"),
    ("clusterrole", "rbac.authorization.k8s.io"),
    ("kube_role", "rbac.authorization.k8s.io"),
    ("clusterrolebinding", "rbac.authorization.k8s.io"),
    ("rolebinding", "rbac.authorization.k8s.io"),
    ("cronjob", "batch"),
    ("job", "batch"),
    ("certificatesigningrequest", "certificates.k8s.io"),
    ("ingress", "networking.k8s.io"),
];
/// Kinds of versions up to 7 that are in no namespace.
const OLD_CLUSTER_WIDE: [&str; 6] = [
    "namespace",
    "kube_node",
    "persistentvolume",
    "clusterrole",
    "clusterrolebinding",
    "certificatesigningrequest",
];
/// Kinds of Kubernetes' core group that are in no namespace.
const CORE: [&str; 4] = [
    "namespaces",
    "nodes",
    "persistentvolumes",
    "componentstatuses",
];
/// Kinds of Kubernetes' core group that are in namespaces.
const NAMESPACED: [&str; 12] = [
    "pods",
    "secrets",
    "configmaps",
    "services",
    "serviceaccounts",
    "persistentvolumeclaims",
    "endpoints",
    "events",
    "limitranges",
    "podtemplates",
    "replicationcontrollers",
    "resourcequotas",
];
