//! `Debug` of the messages that hold secrets: their names, and nothing of what stands in them. `build.rs` leaves it out for
//! these.

use std::fmt;

use super::{
    auth::{GetResetPasswordTokenRequest, RegisterUsingIamMethodRequest},
    teleport::join::v1::{BoundKeypairInit, IamChallengeSolution, OidcInit},
    types::{
        LocalAuthSecrets, ProvisionTokenStatusV2BoundKeypair, ProvisionTokenV2,
        RegisterUsingTokenRequest, ResourceRequest, SshKeyPair, TlsKeyPair, UserTokenSpecV3,
        UserTokenV3, provision_token_spec_v2_bound_keypair::OnboardingSpec,
    },
};

macro_rules! hide {
    ($($message:ident),+ $(,)?) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.debug_struct(stringify!($message)).finish_non_exhaustive()
            }
        }
    )+};
}

hide!(
    BoundKeypairInit,
    GetResetPasswordTokenRequest,
    IamChallengeSolution,
    LocalAuthSecrets,
    OidcInit,
    OnboardingSpec,
    ProvisionTokenStatusV2BoundKeypair,
    ProvisionTokenV2,
    RegisterUsingIamMethodRequest,
    RegisterUsingTokenRequest,
    ResourceRequest,
    SshKeyPair,
    TlsKeyPair,
    UserTokenSpecV3,
    UserTokenV3,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::{CreateTokenV2Request, create_token_v2_request::Token},
        teleport::join::v1::{
            ChallengeSolution, JoinRequest, challenge_solution::Payload as Solution,
            join_request::Payload,
        },
        types::{
            Metadata, ProvisionTokenSpecV2, ProvisionTokenSpecV2BoundKeypair,
            ProvisionTokenStatusV2,
        },
    };

    #[test]
    fn secrets_are_not_in_debug_output() {
        let token = UserTokenV3 {
            metadata: Some(Metadata {
                name: "s3cret".to_owned(),
                ..Metadata::default()
            }),
            spec: Some(UserTokenSpecV3 {
                url: "https://example.com/web/invite/s3cret".to_owned(),
                ..UserTokenSpecV3::default()
            }),
            ..UserTokenV3::default()
        };
        assert_eq!(format!("{:?}", token.spec), "Some(UserTokenSpecV3 { .. })");
        assert_eq!(format!("{token:?}"), "UserTokenV3 { .. }");
    }

    #[test]
    fn a_join_token_is_not_in_debug_output() {
        let onboarding = OnboardingSpec {
            registration_secret: "s3cret".to_owned(),
            ..OnboardingSpec::default()
        };
        let spec = ProvisionTokenSpecV2 {
            bot_name: "ci".to_owned(),
            bound_keypair: Some(ProvisionTokenSpecV2BoundKeypair {
                onboarding: Some(onboarding),
                ..ProvisionTokenSpecV2BoundKeypair::default()
            }),
            ..ProvisionTokenSpecV2::default()
        };
        let status = ProvisionTokenStatusV2 {
            bound_keypair: Some(ProvisionTokenStatusV2BoundKeypair {
                registration_secret: "s3cret".to_owned(),
                ..ProvisionTokenStatusV2BoundKeypair::default()
            }),
        };
        let parts = format!("{spec:?} {status:?}");
        assert!(parts.contains("bot_name: \"ci\""), "{parts}");
        assert!(!parts.contains("s3cret"), "{parts}");
        let token = ProvisionTokenV2 {
            metadata: Some(Metadata {
                name: "s3cret".to_owned(),
                ..Metadata::default()
            }),
            ..ProvisionTokenV2::default()
        };
        let create = CreateTokenV2Request {
            token: Some(Token::V2(token)),
        };
        assert_eq!(
            format!("{create:?}"),
            "CreateTokenV2Request { token: Some(V2(ProvisionTokenV2 { .. })) }"
        );
        let get = ResourceRequest {
            name: "s3cret".to_owned(),
        };
        assert_eq!(format!("{get:?}"), "ResourceRequest { .. }");
    }

    #[test]
    fn a_signed_request_within_a_join_is_not_in_debug_output() {
        let request = JoinRequest {
            payload: Some(Payload::Solution(ChallengeSolution {
                payload: Some(Solution::IamChallengeSolution(IamChallengeSolution {
                    sts_identity_request: b"POST / HTTP/1.1".to_vec(),
                })),
            })),
        };
        let text = format!("{request:?}");
        assert!(text.contains("IamChallengeSolution { .. }"), "{text}");
        assert!(!text.contains("80, 79, 83, 84"), "{text}");
    }

    #[test]
    fn a_token_of_an_identity_provider_is_not_in_debug_output() {
        let request = JoinRequest {
            payload: Some(Payload::OidcInit(OidcInit {
                id_token: b"eyJ".to_vec(),
                ..OidcInit::default()
            })),
        };
        let text = format!("{request:?}");
        assert!(text.contains("OidcInit { .. }"), "{text}");
        assert!(!text.contains("101, 121, 74"), "{text}");
    }
}
