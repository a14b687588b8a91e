//! `teleport_user`, a user, as resource and as data source.

use prost_reflect::DynamicMessage;
use teleport_client::{Answer, Error, ErrorKind, ListRpc, ObjectRpcs, Request, Rpc};
use tfplugin::{Diagnostics, Path, Validator, Value};

use crate::{
    engine::{Kind, Revoke, ServerFilled, clear_at},
    kinds::{checks::invalid, metadata},
    mapping::Rules,
};

/// Users.
pub(crate) const USER: Kind = Kind {
    type_name: "teleport_user",
    noun: "user",
    description: "A local user of a cluster, with roles and traits. Passwords and MFA devices are not managed here: a \
                  `teleport_user_invite` gives a link with which the user sets them.",
    rpcs: ObjectRpcs {
        message: "types.UserV2",
        get: rpc("GetUser", Request::Name("name"), Answer::Field("user")),
        create: rpc("CreateUser", Request::Object("user"), Answer::Field("user")),
        update: Some(rpc(
            "UpdateUser",
            Request::Object("user"),
            Answer::Field("user"),
        )),
        masked: None,
        delete: rpc("DeleteUser", Request::Name("name"), Answer::Empty),
        list: Some(ListRpc::new(
            "teleport.users.v1.UsersService",
            "ListUsers",
            "users",
        )),
    },
    rules,
    server_filled: &[ServerFilled::new("spec")],
    kept: &["spec.trusted_device_ids"],
    read_only: &["metadata.namespace", "metadata.revision", "status"],
    revoke: Some(Revoke {
        apply: revoke,
        leaves: "without roles and traits",
    }),
    recreated: " A recreated user has no password and no MFA device: a teleport_user_invite gives them a new link.",
    blame,
    ..Kind::DEFAULT
};

const fn rpc(name: &'static str, request: Request, answer: Answer) -> Rpc {
    Rpc::new("teleport.users.v1.UsersService", name, request, answer)
}

fn rules() -> Rules {
    Rules::new()
        .default_to("kind", "user")
        .validate(
            "kind",
            Validator::new(|path, value, diags| {
                metadata::kind("user", path, value, diags);
            }),
        )
        .default_to("version", "v2")
        .validate("version", Validator::new(version))
        .required("metadata")
        .required("metadata.name")
        .requires_replace("metadata.name")
        .validate("metadata.name", Validator::new(metadata::name))
        .validate("metadata.labels", Validator::new(metadata::labels))
        .validate("metadata.namespace", Validator::new(metadata::namespace))
        .computed("status")
        .omit("spec.status")
        .omit("spec.expires")
        .omit("spec.created_by")
        .omit("spec.local_auth")
}

/// The server answers with v2, whatever was sent.
fn version(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if text != "v2" {
        let what = format!("must be \"v2\" or left out, got: {text:?}");
        invalid(path, &what, diags);
    }
}

fn revoke(user: &mut DynamicMessage) {
    for name in ["roles", "traits"] {
        clear_at(user, &["spec", name]);
    }
}

/// A write of a user that does not find something does not find a role.
fn blame(error: &Error) -> Option<Path> {
    let write = matches!(error.rpc(), Some("CreateUser" | "UpdateUser"));
    (write && error.kind() == ErrorKind::NotFound).then(|| Path::attributes(&["spec", "roles"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_version_v2() {
        let refused = |text: &str| {
            let mut diags = Diagnostics::new();
            version(&Path::attribute("version"), &text.into(), &mut diags);
            diags.has_errors()
        };
        assert!(!refused("v2") && refused("v1"));
    }

    #[test]
    fn the_resource_has_what_official_configurations_set() {
        let resource = crate::engine::KindResource::new(USER);
        let attributes = &tfplugin::Resource::schema(&resource).block.attributes;
        let tfplugin::AttributeShape::Nested(_, spec) = &attributes["spec"].shape else {
            panic!("spec must be nested");
        };
        let names: Vec<_> = spec.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "github_identities",
                "oidc_identities",
                "roles",
                "saml_identities",
                "traits",
                "trusted_device_ids"
            ]
        );
        let tfplugin::AttributeShape::Nested(_, identity) = &spec["saml_identities"].shape else {
            panic!("identities must be nested");
        };
        assert!(identity.contains_key("samlSingleLogoutUrl"));
    }
}
