//! Kubernetes resources in roles, which each version writes in its own way: `validateKubeResources` and
//! `validateRequestKubeResources` of api/types/role.go in gravitational/teleport.

use tfplugin::{Diagnostics, Path, Value};

use crate::kinds::checks::{elements, familiar, invalid, is_empty};

/// The verbs of a resource.
pub(in crate::kinds::role) fn verbs(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let several = value.as_elements().is_some_and(|verbs| verbs.len() > 1);
    for (index, verb) in elements(value) {
        let path = path.with_index(index);
        let text = verb.as_str().unwrap_or_default();
        if text == "*" && several {
            invalid(&path, "must be the only verb if it is \"*\"", diags);
        } else if !text.contains("{{") {
            familiar(&path, verb, &VERBS, diags);
        }
    }
}

/// Checks the resources of one side of a role of this version.
pub(super) fn resources(conditions: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    let list = path.with_attribute("kubernetes_resources");
    for (index, resource) in elements(conditions.field("kubernetes_resources")) {
        if resource.is_set() {
            self::resource(resource, version, &list.with_index(index), diags);
        }
    }
    let request = path.with_attribute("request");
    let list = request.with_attribute("kubernetes_resources");
    for (index, resource) in elements(conditions.at(&["request", "kubernetes_resources"])) {
        if resource.is_set() {
            requested(resource, version, &list.with_index(index), diags);
        }
    }
}

/// The server cannot tell an empty list from one that is left out. It fills in every resource where the role is for any
/// cluster.
pub(super) fn no_empty_list(allow: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    let list = allow.field("kubernetes_resources");
    let labels = ["kubernetes_labels", "kubernetes_labels_expression"];
    let for_clusters = labels
        .map(|name| allow.field(name))
        .iter()
        .any(|value| value.is_set() && !is_empty(value));
    // Version v6 alone leaves the list empty. In version v3 no labels mean every label.
    if list.is_set() && is_empty(list) && version != "v6" && (for_clusters || version == "v3") {
        let what = format!(
            "must not be empty: the cluster takes that for every resource. Leave out {path}.kubernetes_labels and \
             {path}.kubernetes_labels_expression for no access, or name the resources"
        );
        invalid(&path.with_attribute("kubernetes_resources"), &what, diags);
    }
}

fn resource(resource: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    required(resource, "name", "any name", path, diags);
    match version {
        "v3" | "v4" | "v5" | "v6" => {
            only_pods(resource, version, path, diags);
            only_all_verbs(resource, version, path, diags);
            no_api_group(resource, version, path, diags);
            old_namespace(resource, path, diags);
        }
        "v7" => {
            old_kind(resource, version, path, diags);
            no_api_group(resource, version, path, diags);
            old_namespace(resource, path, diags);
        }
        "v8" => {
            new_kind(resource, path, diags);
            new_namespace(resource, path, diags);
        }
        _ => {}
    }
}

/// A resource for which a user may request access. Clusters differ in whether version v8 takes the old or the new names.
fn requested(resource: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    match version {
        "v3" | "v4" | "v5" | "v6" => only_pods(resource, version, path, diags),
        "v7" => old_kind(resource, version, path, diags),
        "v8" => required(resource, "kind", "any kind", path, diags),
        _ => {}
    }
}

fn only_pods(resource: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    let kind = resource.field("kind");
    if !kind.is_unknown() && kind.as_str() != Some("pod") {
        let what = format!(
            "must be \"pod\" in a role of version {version}. Roles of version v7 and newer know more kinds"
        );
        invalid(&path.with_attribute("kind"), &what, diags);
    }
}

fn old_kind(resource: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    let kind = resource.field("kind");
    let text = kind.as_str().unwrap_or_default();
    if !kind.is_unknown() && text != "*" && !OLD_KINDS.iter().any(|(name, _)| *name == text) {
        let known = OLD_KINDS.map(|(name, _)| name).join(", ");
        let what =
            format!("must be * or one of {known} in a role of version {version}, got: {text:?}");
        invalid(&path.with_attribute("kind"), &what, diags);
    }
}

fn only_all_verbs(resource: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    let verbs = resource.field("verbs");
    let all = [Value::from("*")];
    if verbs.is_wholly_known() && !is_empty(verbs) && verbs.as_elements() != Some(&all) {
        let what = format!("must be [\"*\"] or left out in a role of version {version}");
        invalid(&path.with_attribute("verbs"), &what, diags);
    }
}

fn no_api_group(resource: &Value, version: &str, path: &Path, diags: &mut Diagnostics) {
    let group = resource.field("api_group");
    if group.is_set() && !is_empty(group) {
        let what = format!("must be left out in a role of version {version}. Use version \"v8\"");
        invalid(&path.with_attribute("api_group"), &what, diags);
    }
}

fn old_namespace(resource: &Value, path: &Path, diags: &mut Diagnostics) {
    let kind = resource.field("kind").as_str();
    if kind.is_some_and(|kind| !OLD_CLUSTER_WIDE.contains(&kind)) {
        required(resource, "namespace", "any namespace", path, diags);
    }
}

/// From version v8 on, kinds are the plural names of the Kubernetes API, and all but the core kinds need their API group.
fn new_kind(resource: &Value, path: &Path, diags: &mut Diagnostics) {
    required(resource, "kind", "any kind", path, diags);
    let (kind, group) = (resource.field("kind").as_str(), resource.field("api_group"));
    let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
        return;
    };
    let old = OLD_KINDS.iter().find(|(name, _)| *name == kind);
    let group_text = group.as_str().unwrap_or_default();
    if !group.is_unknown() && old.is_some_and(|(_, own)| group_text == "*" || group_text == *own) {
        let what = format!(
            "must be the plural name of the Kubernetes API in a role of version v8, such as \"pods\", got: {kind:?}"
        );
        invalid(&path.with_attribute("kind"), &what, diags);
    } else if is_empty(group)
        && !CORE_KINDS.contains(&kind)
        && !CLUSTER_WIDE_CORE_KINDS.contains(&kind)
    {
        let what = format!(
            "must be set for the kind {kind:?}, such as \"apps\" for deployments; \"*\" is any API group"
        );
        invalid(&path.with_attribute("api_group"), &what, diags);
    }
}

fn new_namespace(resource: &Value, path: &Path, diags: &mut Diagnostics) {
    let kind = resource.field("kind").as_str().unwrap_or_default();
    if is_empty(resource.field("api_group")) && CORE_KINDS.contains(&kind) {
        required(resource, "namespace", "any namespace", path, diags);
    }
}

fn required(resource: &Value, name: &str, any: &str, path: &Path, diags: &mut Diagnostics) {
    if is_empty(resource.field(name)) {
        let what = format!("must be set; \"*\" is {any}");
        invalid(&path.with_attribute(name), &what, diags);
    }
}

const VERBS: [&str; 11] = [
    "*",
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

/// Kinds of versions up to v7 with their API groups (`KubernetesResourcesV7KindGroups` of api/types/constants.go).
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

const OLD_CLUSTER_WIDE: [&str; 6] = [
    "namespace",
    "kube_node",
    "persistentvolume",
    "clusterrole",
    "clusterrolebinding",
    "certificatesigningrequest",
];

/// Kinds of the core API group, which are in namespaces.
const CORE_KINDS: [&str; 13] = [
    "bindings",
    "configmaps",
    "endpoints",
    "events",
    "limitranges",
    "persistentvolumeclaims",
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "serviceaccounts",
    "services",
];

const CLUSTER_WIDE_CORE_KINDS: [&str; 4] = [
    "componentstatuses",
    "namespaces",
    "nodes",
    "persistentvolumes",
];
