//! `teleport_role`, a role, as resource and as data source.

mod validate;

use prost_reflect::{DynamicMessage, Value as Field};
use teleport_client::{Answer, ListRpc, ObjectRpcs, Request, Rpc};
use tfplugin::{Validator, Value};

use crate::{
    engine::{Kind, Revoke, ServerFilled, clear_at},
    mapping::Rules,
};

/// Roles.
pub(crate) const ROLE: Kind = Kind {
    type_name: "teleport_role",
    noun: "role",
    description: "A role: what its users may do in a cluster, what they may not, and how their sessions behave.\n\n\
                  What the configuration leaves out the cluster fills in, by the version of the role.\n\n\
                  Terraform and OpenTofu drop a name inside of `metadata` or `spec` that there is not, such as `logns`, without \
                  a word. The plan shows what is left.",
    rpcs: ObjectRpcs {
        message: "types.RoleV6",
        get: rpc("GetRole", Request::Name("Name"), Answer::Object),
        create: rpc("CreateRole", Request::Object("Role"), Answer::Object),
        update: Some(rpc("UpdateRole", Request::Object("Role"), Answer::Object)),
        masked: None,
        delete: rpc("DeleteRole", Request::Name("Name"), Answer::Empty),
        list: Some(ListRpc {
            service: "proto.AuthService",
            name: "ListRoles",
            request: ["Limit", "StartKey"],
            answer: ["Roles", "NextKey"],
        }),
    },
    rules,
    // `CheckAndSetDefaults` of api/types/role.go in gravitational/teleport.
    versions: &["v3", "v4", "v5", "v6", "v7", "v8"],
    server_filled: &[
        ServerFilled::new("spec"),
        ServerFilled::new("spec.options"),
        ServerFilled::new("spec.options.cert_format"),
        ServerFilled::new("spec.options.create_db_user"),
        ServerFilled::new("spec.options.create_desktop_user"),
        ServerFilled::new("spec.options.desktop_clipboard"),
        ServerFilled::new("spec.options.desktop_directory_sharing"),
        ServerFilled::new("spec.options.enhanced_recording"),
        ServerFilled::new("spec.options.idp").only_in(&["v3", "v4", "v5", "v6", "v7"]),
        ServerFilled::new("spec.options.max_session_ttl"),
        ServerFilled::new("spec.options.record_session"),
        ServerFilled::new("spec.options.ssh_file_copy"),
        ServerFilled::new("spec.allow"),
        ServerFilled::new("spec.allow.app_labels").only_in(&["v3"]),
        ServerFilled::new("spec.allow.db_labels").only_in(&["v3"]),
        ServerFilled::new("spec.allow.kubernetes_labels").only_in(&["v3"]),
        ServerFilled::depending_on(
            "spec.allow.kubernetes_resources",
            &[
                "spec.allow.kubernetes_labels",
                "spec.allow.kubernetes_labels_expression",
            ],
        )
        .only_in(&["v3", "v4", "v5", "v7", "v8"]),
        ServerFilled::depending_on("spec.allow.node_labels", &["spec.allow.logins"])
            .only_in(&["v3"]),
        ServerFilled::new("spec.*.kubernetes_resources.verbs").only_in(&["v3", "v4", "v5", "v6"]),
    ],
    same_meaning: &[("spec.options.create_host_user_mode", same_mode)],
    validate: validate::validate,
    complete,
    revoke: Some(Revoke {
        apply: revoke,
        leaves: "that allows nothing",
    }),
    ..Kind::DEFAULT
};

const fn rpc(name: &'static str, request: Request, answer: Answer) -> Rpc {
    Rpc::new("proto.AuthService", name, request, answer)
}

fn rules() -> Rules {
    let checks: [(&str, validate::Check); 14] = [
        ("spec.options.cert_format", validate::not_empty),
        ("spec.options.enhanced_recording", validate::not_empty),
        ("spec.options.max_session_ttl", validate::not_empty),
        ("version", validate::version),
        ("metadata.name", validate::name),
        ("metadata.labels", crate::kinds::metadata::labels),
        ("metadata.namespace", crate::kinds::metadata::namespace),
        ("spec.options.lock", validate::lock),
        (
            "spec.options.enhanced_recording",
            validate::enhanced_recording,
        ),
        ("spec.*.rules", validate::rules),
        (
            "spec.*.kubernetes_resources.verbs",
            validate::kubernetes_verbs,
        ),
        ("spec.allow.request.max_duration", validate::max_duration),
        ("spec.allow.request.reason.mode", validate::reason_mode),
        ("spec.*.db_permissions", validate::permissions),
    ];
    let rules = Rules::new()
        .default_to("kind", "role")
        .validate(
            "kind",
            Validator::new(|path, value, diags| {
                crate::kinds::metadata::kind("role", path, value, diags);
            }),
        )
        .required("version")
        .required("metadata")
        .required("metadata.name")
        .requires_replace("metadata.name")
        .omit("spec.*.namespaces")
        .duration("spec.options.max_session_ttl")
        .duration("spec.options.client_idle_timeout")
        .duration("spec.*.request.max_duration");
    checks.into_iter().fold(rules, |rules, (path, check)| {
        rules.validate(path, Validator::new(check))
    })
}

/// The server stores the mode 2, which is deprecated, as 4, which took its place.
fn same_mode(one: &Value, other: &Value) -> bool {
    let is_drop = |mode: &Value| [2_i64, 4].map(Value::from).contains(mode);
    is_drop(one) && is_drop(other)
}

/// The server refuses both forms of port forwarding together, and the newer one counts as there also when nothing is set in it.
fn complete(role: &mut DynamicMessage) {
    let is_old = |role: &DynamicMessage| {
        let spec = role.get_field_by_name("Spec")?.into_owned();
        let options = spec
            .as_message()?
            .get_field_by_name("Options")?
            .into_owned();
        Some(options.as_message()?.has_field_by_name("PortForwarding"))
    };
    if is_old(role) == Some(true) {
        clear_at(role, &["spec", "options", "ssh_port_forwarding"]);
    }
}

fn revoke(role: &mut DynamicMessage) {
    clear_at(role, &["spec", "allow"]);
    // In that version a role without labels is one for everything.
    let version = role.get_field_by_name("Version");
    if version.is_some_and(|version| version.as_str() == Some("v3")) {
        role.set_field_by_name("Version", Field::String("v4".to_owned()));
    }
}

#[cfg(test)]
mod tests;
