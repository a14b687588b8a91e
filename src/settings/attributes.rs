//! The arguments of the provider about connections, and the environment variables that stand in for them.

/// One argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// Its name in the provider block.
    pub(crate) name: &'static str,
    /// The environment variable that is asked when the argument is null.
    pub(crate) environment: &'static str,
    /// Whether its value must not be shown.
    pub(crate) secret: bool,
}

/// Every argument, in the order of the documentation. Names are the official provider's
/// (`integrations/terraform/provider/provider.go` and `api/constants/constants.go` in gravitational/teleport).
pub(crate) const ATTRIBUTES: [Attribute; 22] = [
    ADDR,
    JOIN_METHOD,
    JOIN_TOKEN,
    AUDIENCE_TAG,
    GITLAB_ID_TOKEN_ENV_VAR,
    JOIN_TIMEOUT_DURATION,
    CERT_PATH,
    KEY_PATH,
    ROOT_CA_PATH,
    CERT_BASE64,
    KEY_BASE64,
    ROOT_CA_BASE64,
    IDENTITY_FILE_PATH,
    IDENTITY_FILE,
    IDENTITY_FILE_BASE64,
    PROFILE_NAME,
    PROFILE_DIR,
    INSECURE,
    DIAL_TIMEOUT_DURATION,
    RETRY_BASE_DURATION,
    RETRY_CAP_DURATION,
    RETRY_MAX_TRIES,
];

/// Address of the proxy or auth server.
pub(crate) const ADDR: Attribute = open("addr", "TF_TELEPORT_ADDR");
/// How to join as a bot.
pub(crate) const JOIN_METHOD: Attribute = open("join_method", "TF_TELEPORT_JOIN_METHOD");
/// Name of the token to join with. With the methods that work here it is no secret.
pub(crate) const JOIN_TOKEN: Attribute = open("join_token", "TF_TELEPORT_JOIN_TOKEN");
/// Tag of the token that the join method `terraform_cloud` uses.
pub(crate) const AUDIENCE_TAG: Attribute = open("audience_tag", "TF_TELEPORT_JOIN_AUDIENCE_TAG");
/// Name of the environment variable with the token that the join method `gitlab` uses.
pub(crate) const GITLAB_ID_TOKEN_ENV_VAR: Attribute = open(
    "gitlab_id_token_env_var",
    "TF_TELEPORT_GITLAB_ID_TOKEN_ENV_VAR",
);
/// How long joins of a cluster that has just been made are tried again. The official provider has no such argument.
pub(crate) const JOIN_TIMEOUT_DURATION: Attribute =
    open("join_timeout_duration", "TF_TELEPORT_JOIN_TIMEOUT_DURATION");
/// Path of the client certificate.
pub(crate) const CERT_PATH: Attribute = open("cert_path", "TF_TELEPORT_CERT");
/// Path of the private key.
pub(crate) const KEY_PATH: Attribute = open("key_path", "TF_TELEPORT_KEY");
/// Path of the cluster's CA certificates.
pub(crate) const ROOT_CA_PATH: Attribute = open("root_ca_path", "TF_TELEPORT_ROOT_CA");
/// The client certificate in base64.
pub(crate) const CERT_BASE64: Attribute = open("cert_base64", "TF_TELEPORT_CERT_BASE64");
/// The private key in base64.
pub(crate) const KEY_BASE64: Attribute = secret("key_base64", "TF_TELEPORT_KEY_BASE64");
/// The cluster's CA certificates in base64.
pub(crate) const ROOT_CA_BASE64: Attribute = secret("root_ca_base64", "TF_TELEPORT_CA_BASE64");
/// Path of an identity file.
pub(crate) const IDENTITY_FILE_PATH: Attribute =
    open("identity_file_path", "TF_TELEPORT_IDENTITY_FILE_PATH");
/// Contents of an identity file.
pub(crate) const IDENTITY_FILE: Attribute = secret("identity_file", "TF_TELEPORT_IDENTITY_FILE");
/// Contents of an identity file in base64.
pub(crate) const IDENTITY_FILE_BASE64: Attribute =
    secret("identity_file_base64", "TF_TELEPORT_IDENTITY_FILE_BASE64");
/// Name of a `tsh` profile.
pub(crate) const PROFILE_NAME: Attribute = open("profile_name", "TF_TELEPORT_PROFILE_NAME");
/// Directory of `tsh` profiles.
pub(crate) const PROFILE_DIR: Attribute = open("profile_dir", "TF_TELEPORT_PROFILE_PATH");
/// Whether the proxy's web certificate goes unverified.
pub(crate) const INSECURE: Attribute = open("insecure", "TF_TELEPORT_INSECURE");
/// How long connecting may take.
pub(crate) const DIAL_TIMEOUT_DURATION: Attribute =
    open("dial_timeout_duration", "TF_TELEPORT_DIAL_TIMEOUT_DURATION");
/// Longest wait before the first repetition of a call.
pub(crate) const RETRY_BASE_DURATION: Attribute =
    open("retry_base_duration", "TF_TELEPORT_RETRY_BASE_DURATION");
/// Longest wait before any repetition of a call.
pub(crate) const RETRY_CAP_DURATION: Attribute =
    open("retry_cap_duration", "TF_TELEPORT_RETRY_CAP_DURATION");
/// How often a call is tried in all.
pub(crate) const RETRY_MAX_TRIES: Attribute =
    open("retry_max_tries", "TF_TELEPORT_RETRY_MAX_TRIES");

/// Whether credentials can be given by it alone.
pub(crate) fn is_credential(attribute: &Attribute) -> bool {
    [
        JOIN_METHOD,
        CERT_PATH,
        CERT_BASE64,
        IDENTITY_FILE_PATH,
        IDENTITY_FILE,
        IDENTITY_FILE_BASE64,
        PROFILE_NAME,
        PROFILE_DIR,
    ]
    .contains(attribute)
}

const fn open(name: &'static str, environment: &'static str) -> Attribute {
    Attribute {
        name,
        environment,
        secret: false,
    }
}

const fn secret(name: &'static str, environment: &'static str) -> Attribute {
    Attribute {
        name,
        environment,
        secret: true,
    }
}
