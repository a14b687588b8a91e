//! `teleport_auth_preference`, how people log in to a cluster, as resource and as data source.

mod rules;
pub(super) mod validate;

use teleport_client::{Answer, ObjectRpcs, Request, Rpc};

use crate::engine::{Kind, Name, ServerFilled};

/// The auth preference.
pub(crate) const AUTH_PREFERENCE: Kind = Kind {
    type_name: "teleport_auth_preference",
    noun: "auth preference",
    description: "The auth preference of a cluster: how people log in, which second factors they need, and how long their sessions \
                  last.\n\n\
                  Every cluster has exactly one. Creating this resource replaces the one that is there, and the plan warns if that \
                  is not the default; import it to keep what it says. Destroying the resource resets the auth preference to the \
                  defaults.",
    rpcs: ObjectRpcs {
        message: "types.AuthPreferenceV2",
        get: rpc("GetAuthPreference", Request::Empty),
        create: rpc("UpsertAuthPreference", Request::Object("auth_preference")),
        update: Some(rpc(
            "UpdateAuthPreference",
            Request::Object("auth_preference"),
        )),
        masked: None,
        delete: rpc("ResetAuthPreference", Request::Empty),
        list: None,
    },
    name: Name::Fixed(NAME),
    rules: rules::rules,
    // `CheckAndSetDefaults` of api/types/authentication.go in gravitational/teleport.
    server_filled: &[
        ServerFilled::new("metadata"),
        ServerFilled::new("metadata.labels"),
        ServerFilled::new("spec.type"),
        ServerFilled::depending_on("spec.second_factor", &["spec.second_factors"]),
        ServerFilled::new("spec.disconnect_expired_cert"),
        ServerFilled::new("spec.allow_local_auth"),
        ServerFilled::depending_on("spec.allow_passwordless", SECOND_FACTORS),
        ServerFilled::depending_on("spec.allow_headless", SECOND_FACTORS),
        ServerFilled::depending_on("spec.webauthn", &["spec.u2f"]),
        ServerFilled::depending_on("spec.webauthn.rp_id", &["spec.u2f"]),
        ServerFilled::new("spec.locking_mode"),
        ServerFilled::new("spec.default_session_ttl"),
        ServerFilled::new("spec.idp"),
        ServerFilled::new("spec.idp.saml"),
        ServerFilled::new("spec.idp.saml.enabled"),
    ],
    same_meaning: &[("metadata.labels", rules::same_labels)],
    validate: validate::validate,
    complete: rules::complete,
    review: rules::review,
    ..Kind::DEFAULT
};

const fn rpc(name: &'static str, request: Request) -> Rpc {
    Rpc::new(
        "teleport.clusterconfig.v1.ClusterConfigService",
        name,
        request,
        Answer::Object,
    )
}

const NAME: &str = "cluster-auth-preference";

/// What decides whether WebAuthn is allowed.
const SECOND_FACTORS: &[&str] = &[
    "spec.second_factor",
    "spec.second_factors",
    "spec.webauthn",
    "spec.u2f",
];

#[cfg(test)]
mod tests;
