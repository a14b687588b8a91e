use std::collections::BTreeSet;

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};

use super::descriptors;

#[test]
fn fields_have_the_names_numbers_and_kinds_of_the_public_api() {
    let mut listed = BTreeSet::new();
    for block in FIELDS.split("\n[").skip(1) {
        let (message, lines) = block.split_once("]\n").expect("a block has a head");
        assert!(listed.insert(message), "{message} is listed twice");
        let lines: Vec<&str> = lines.lines().filter(|line| !line.is_empty()).collect();
        let found: Vec<String> = message_named(message)
            .fields()
            .enumerate()
            .map(|(index, field)| {
                let words = in_words(&field);
                let with_yaml = format!("{words} {}", field.json_name());
                match lines.get(index) {
                    Some(line) if line.split(' ').count() == with_yaml.split(' ').count() => {
                        with_yaml
                    }
                    _ => words,
                }
            })
            .collect();
        assert_eq!(found, lines, "{message}");
    }
    for package in [
        "types",
        "wrappers",
        "teleport.clusterconfig.v1",
        "teleport.join.v1",
        "teleport.machineid.v1",
        "teleport.presence.v1",
        "teleport.trust.v1",
        "teleport.users.v1",
    ] {
        for message in descriptors()
            .all_messages()
            .filter(|message| message.package_name() == package && !message.is_map_entry())
        {
            let name = message.full_name();
            assert!(
                listed.contains(name) || name == "types.LocalAuthSecrets",
                "{name} is not listed"
            );
        }
    }
}

#[test]
fn what_is_decoded_at_every_start_holds_only_what_is_looked_at() {
    for file in descriptors().files() {
        let name = file.name();
        let info = &file.file_descriptor_proto().source_code_info;
        let locations = info.iter().flat_map(|info| &info.location);
        for location in locations {
            assert!(location.leading_comments.is_some(), "{name}: {location:?}");
            assert!(location.leading_detached_comments.is_empty(), "{name}");
        }
    }
}

#[test]
fn enums_have_the_numbers_of_the_public_api() {
    for (name, values) in [
        (
            "types.RequireMFAType",
            "OFF SESSION SESSION_AND_HARDWARE_KEY HARDWARE_KEY_TOUCH HARDWARE_KEY_PIN \
             HARDWARE_KEY_TOUCH_AND_PIN",
        ),
        (
            "types.CreateHostUserMode",
            "HOST_USER_MODE_UNSPECIFIED HOST_USER_MODE_OFF HOST_USER_MODE_DROP HOST_USER_MODE_KEEP \
             HOST_USER_MODE_INSECURE_DROP",
        ),
        (
            "types.CreateDatabaseUserMode",
            "DB_USER_MODE_UNSPECIFIED DB_USER_MODE_OFF DB_USER_MODE_KEEP DB_USER_MODE_BEST_EFFORT_DROP",
        ),
        ("types.CertExtensionType", "SSH"),
        ("types.CertExtensionMode", "EXTENSION"),
        (
            "types.PasswordState",
            "PASSWORD_STATE_UNSPECIFIED PASSWORD_STATE_UNSET PASSWORD_STATE_SET",
        ),
        (
            "types.MFADeviceKind",
            "MFA_DEVICE_KIND_UNSPECIFIED MFA_DEVICE_KIND_UNSET MFA_DEVICE_KIND_TOTP MFA_DEVICE_KIND_WEBAUTHN",
        ),
        (
            "types.SignatureAlgorithmSuite",
            "SIGNATURE_ALGORITHM_SUITE_UNSPECIFIED SIGNATURE_ALGORITHM_SUITE_LEGACY \
             SIGNATURE_ALGORITHM_SUITE_BALANCED_V1 SIGNATURE_ALGORITHM_SUITE_FIPS_V1 \
             SIGNATURE_ALGORITHM_SUITE_HSM_V1",
        ),
        (
            "types.SecondFactorType",
            "SECOND_FACTOR_TYPE_UNSPECIFIED SECOND_FACTOR_TYPE_OTP SECOND_FACTOR_TYPE_WEBAUTHN \
             SECOND_FACTOR_TYPE_SSO",
        ),
        (
            "proto.UserCertsRequest.CertUsage",
            "All SSH Kubernetes Database App WindowsDesktop",
        ),
        (
            "proto.UserCertsRequest.CertPurpose",
            "CERT_PURPOSE_UNSPECIFIED CERT_PURPOSE_LOGIN CERT_PURPOSE_SINGLE_USE_CERTS",
        ),
        (
            "proto.MFARequired",
            "MFA_REQUIRED_UNSPECIFIED MFA_REQUIRED_YES MFA_REQUIRED_NO",
        ),
        ("types.PrivateKeyType", "RAW PKCS11 GCP_KMS AWS_KMS"),
        (
            "teleport.join.v1.GivingUp.Reason",
            "REASON_UNSPECIFIED REASON_UNSUPPORTED_JOIN_METHOD REASON_UNSUPPORTED_MESSAGE_TYPE \
             REASON_CHALLENGE_SOLUTION_FAILED",
        ),
    ] {
        let descriptor = descriptors()
            .get_enum_by_name(name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        let found: Vec<(i32, String)> = descriptor
            .values()
            .map(|value| (value.number(), value.name().to_owned()))
            .collect();
        let expected: Vec<(i32, String)> =
            (0..).zip(values.split(' ').map(str::to_owned)).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn methods_have_the_paths_and_messages_of_the_public_api() {
    let found: BTreeSet<String> = descriptors()
        .services()
        .filter(|service| {
            [
                "proto",
                "teleport.clusterconfig.v1",
                "teleport.join.v1",
                "teleport.machineid.v1",
                "teleport.presence.v1",
                "teleport.trust.v1",
                "teleport.users.v1",
            ]
            .contains(&service.package_name())
        })
        .flat_map(|service| {
            service
                .methods()
                .map(|method| {
                    let stream = |streams| if streams { "stream " } else { "" };
                    format!(
                        "{}/{} {}{} {}{}",
                        service.full_name(),
                        method.name(),
                        stream(method.is_client_streaming()),
                        method.input().full_name(),
                        stream(method.is_server_streaming()),
                        method.output().full_name(),
                    )
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let expected: BTreeSet<String> = METHODS.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_people_see_is_described_in_full_sentences() {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![
        message_named("types.RoleV6"),
        message_named("types.UserV2"),
        message_named("types.ProvisionTokenV2"),
        message_named("types.AuthPreferenceV2"),
        message_named("teleport.machineid.v1.Bot"),
        message_named("teleport.workloadcluster.v1.WorkloadCluster"),
    ];
    while let Some(message) = waiting.pop() {
        if message.package_name() == "google.protobuf"
            || !seen.insert(message.full_name().to_owned())
        {
            continue;
        }
        let shown = !message.is_map_entry();
        if shown {
            assert_sentences(message.full_name(), &comment(&message, message.path()));
        }
        for field in message.fields() {
            if shown {
                assert_sentences(field.full_name(), &comment(&message, field.path()));
            }
            if let Kind::Message(inner) = field.kind() {
                waiting.push(inner);
            }
        }
    }
    assert!(seen.contains("types.KubernetesResource"));
    assert!(seen.contains("types.ExternalIdentity"));
    assert!(seen.contains("types.ProvisionTokenSpecV2Kubernetes.OIDCConfig"));
    assert!(seen.contains("types.HardwareKeySerialNumberValidation"));
    assert!(seen.contains("teleport.machineid.v1.Trait"));
    assert!(seen.contains("teleport.workloadcluster.v1.Allow"));
}

fn message_named(name: &str) -> MessageDescriptor {
    descriptors()
        .get_message_by_name(name)
        .unwrap_or_else(|| panic!("{name} is missing"))
}

/// A field as a line of `fields.txt`, without the name in YAML.
fn in_words(field: &FieldDescriptor) -> String {
    let prefix = match field.cardinality() {
        Cardinality::Repeated if !field.is_map() => "repeated ",
        _ if field.field_descriptor_proto().proto3_optional()
            && !matches!(field.kind(), Kind::Message(_)) =>
        {
            "optional "
        }
        _ => "",
    };
    let kind = match field.kind() {
        _ if field.is_map() => "map".to_owned(),
        Kind::Message(message) => message.name().to_owned(),
        Kind::Enum(_) => "enum".to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    format!("{} {prefix}{kind} {}", field.number(), field.name())
}

fn comment(message: &MessageDescriptor, path: &[i32]) -> String {
    message
        .parent_file()
        .file_descriptor_proto()
        .source_code_info
        .iter()
        .flat_map(|info| &info.location)
        .find(|location| location.path == path)
        .and_then(|location| location.leading_comments.clone())
        .unwrap_or_default()
}

fn assert_sentences(name: &str, comment: &str) {
    let paragraphs: Vec<&str> = comment.split("\n\n").map(str::trim).collect();
    for paragraph in paragraphs {
        assert!(
            paragraph.ends_with('.')
                && paragraph.starts_with(|c: char| c.is_uppercase() || c == '`'),
            "{name} is described as {comment:?}"
        );
    }
}

/// Number, kind, name and YAML name of fields, by message. A fact sheet of the public API.
const FIELDS: &str = include_str!("fields.txt");

const METHODS: [&str; 38] = [
    "proto.AuthService/CreateAuthenticateChallenge proto.CreateAuthenticateChallengeRequest \
     proto.MFAAuthenticateChallenge",
    "proto.AuthService/CreateResetPasswordToken proto.CreateResetPasswordTokenRequest types.UserTokenV3",
    "proto.AuthService/CreateRole proto.CreateRoleRequest types.RoleV6",
    "proto.AuthService/CreateTokenV2 proto.CreateTokenV2Request google.protobuf.Empty",
    "proto.AuthService/DeleteRole proto.DeleteRoleRequest google.protobuf.Empty",
    "proto.AuthService/DeleteToken types.ResourceRequest google.protobuf.Empty",
    "proto.AuthService/GenerateUserCerts proto.UserCertsRequest proto.Certs",
    "proto.AuthService/GetClusterCACert google.protobuf.Empty proto.GetClusterCACertResponse",
    "proto.AuthService/GetResetPasswordToken proto.GetResetPasswordTokenRequest types.UserTokenV3",
    "proto.AuthService/GetRole proto.GetRoleRequest types.RoleV6",
    "proto.AuthService/GetToken types.ResourceRequest types.ProvisionTokenV2",
    "proto.AuthService/GetTokens google.protobuf.Empty types.ProvisionTokenV2List",
    "proto.AuthService/ListRoles proto.ListRolesRequest proto.ListRolesResponse",
    "proto.AuthService/Ping proto.PingRequest proto.PingResponse",
    "proto.AuthService/UpdateRole proto.UpdateRoleRequest types.RoleV6",
    "proto.AuthService/UpsertRoleV2 proto.UpsertRoleRequest types.RoleV6",
    "proto.AuthService/UpsertTokenV2 proto.UpsertTokenV2Request google.protobuf.Empty",
    "proto.JoinService/RegisterUsingIAMMethod stream proto.RegisterUsingIAMMethodRequest \
     stream proto.RegisterUsingIAMMethodResponse",
    "teleport.clusterconfig.v1.ClusterConfigService/GetAuthPreference \
     teleport.clusterconfig.v1.GetAuthPreferenceRequest types.AuthPreferenceV2",
    "teleport.clusterconfig.v1.ClusterConfigService/ResetAuthPreference \
     teleport.clusterconfig.v1.ResetAuthPreferenceRequest types.AuthPreferenceV2",
    "teleport.clusterconfig.v1.ClusterConfigService/UpdateAuthPreference \
     teleport.clusterconfig.v1.UpdateAuthPreferenceRequest types.AuthPreferenceV2",
    "teleport.clusterconfig.v1.ClusterConfigService/UpsertAuthPreference \
     teleport.clusterconfig.v1.UpsertAuthPreferenceRequest types.AuthPreferenceV2",
    "teleport.join.v1.JoinService/Join stream teleport.join.v1.JoinRequest stream teleport.join.v1.JoinResponse",
    "teleport.machineid.v1.BotService/CreateBot teleport.machineid.v1.CreateBotRequest \
     teleport.machineid.v1.Bot",
    "teleport.machineid.v1.BotService/DeleteBot teleport.machineid.v1.DeleteBotRequest google.protobuf.Empty",
    "teleport.machineid.v1.BotService/GetBot teleport.machineid.v1.GetBotRequest teleport.machineid.v1.Bot",
    "teleport.machineid.v1.BotService/ListBots teleport.machineid.v1.ListBotsRequest \
     teleport.machineid.v1.ListBotsResponse",
    "teleport.machineid.v1.BotService/UpdateBot teleport.machineid.v1.UpdateBotRequest \
     teleport.machineid.v1.Bot",
    "teleport.machineid.v1.BotService/UpsertBot teleport.machineid.v1.UpsertBotRequest \
     teleport.machineid.v1.Bot",
    "teleport.presence.v1.PresenceService/ListRemoteClusters teleport.presence.v1.ListRemoteClustersRequest \
     teleport.presence.v1.ListRemoteClustersResponse",
    "teleport.trust.v1.TrustService/GetCertAuthorities teleport.trust.v1.GetCertAuthoritiesRequest \
     teleport.trust.v1.GetCertAuthoritiesResponse",
    "teleport.trust.v1.TrustService/GetCertAuthority teleport.trust.v1.GetCertAuthorityRequest types.CertAuthorityV2",
    "teleport.users.v1.UsersService/CreateUser teleport.users.v1.CreateUserRequest \
     teleport.users.v1.CreateUserResponse",
    "teleport.users.v1.UsersService/DeleteUser teleport.users.v1.DeleteUserRequest google.protobuf.Empty",
    "teleport.users.v1.UsersService/GetUser teleport.users.v1.GetUserRequest teleport.users.v1.GetUserResponse",
    "teleport.users.v1.UsersService/ListUsers teleport.users.v1.ListUsersRequest \
     teleport.users.v1.ListUsersResponse",
    "teleport.users.v1.UsersService/UpdateUser teleport.users.v1.UpdateUserRequest \
     teleport.users.v1.UpdateUserResponse",
    "teleport.users.v1.UsersService/UpsertUser teleport.users.v1.UpsertUserRequest \
     teleport.users.v1.UpsertUserResponse",
];
