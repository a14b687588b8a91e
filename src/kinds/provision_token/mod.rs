//! `teleport_provision_token`, a join token, as resource and as data source.

mod rules;
pub(super) mod validate;

use teleport_client::{Answer, ObjectRpcs, Request, Rpc};

use crate::engine::{Kind, Name, Secret, ServerFilled};

/// Join tokens.
pub(crate) const PROVISION_TOKEN: Kind = Kind {
    type_name: "teleport_provision_token",
    noun: "join token",
    description: "A join token: which agents and bots may join a cluster, and as what.\n\n\
                  With the join method `token`, whoever knows the name of the join token can join. So `metadata.name` and `id` are \
                  sensitive. Leave the name out, and the provider generates one that nobody can guess. The other join methods check \
                  who joins, and the name is no secret.\n\n\
                  The cluster compares no revisions of join tokens. So an update reads the join token first, and is refused if \
                  somebody else has changed it.",
    rpcs: ObjectRpcs {
        message: "types.ProvisionTokenV2",
        get: rpc("GetToken", Request::Name("Name"), Answer::Object),
        create: rpc("CreateTokenV2", Request::Object("V2"), Answer::Empty),
        update: Some(rpc("UpsertTokenV2", Request::Object("V2"), Answer::Empty)),
        masked: None,
        delete: rpc("DeleteToken", Request::Name("Name"), Answer::Empty),
        list: None,
    },
    name: Name::Generated(rules::random_name),
    name_is_secret: true,
    rules: rules::rules,
    // `CheckAndSetDefaults` of api/types/provisioning.go in gravitational/teleport.
    server_filled: &[
        ServerFilled::new("metadata.name"),
        ServerFilled::depending_on("spec.join_method", &["spec.allow"]),
        ServerFilled::depending_on("spec.aws_iid_ttl", &["spec.join_method", "spec.allow"]),
        ServerFilled::depending_on("spec.gitlab.domain", &["spec.join_method"]),
        ServerFilled::depending_on("spec.kubernetes.type", &["spec.join_method"]),
    ],
    read_only: &["metadata.namespace", "metadata.revision", "status"],
    secrets: &[Secret {
        path: "spec.bound_keypair.onboarding.registration_secret",
        write_only: true,
        reported: Some("status.bound_keypair.registration_secret"),
    }],
    validate: validate::validate,
    same_meaning: &[("spec.roles", rules::same_roles)],
    ..Kind::DEFAULT
};

const fn rpc(name: &'static str, request: Request, answer: Answer) -> Rpc {
    Rpc::new("proto.AuthService", name, request, answer)
}

#[cfg(test)]
mod tests;
