//! The provider block.

pub(crate) mod advice;
pub(crate) mod attributes;
pub(crate) mod causes;
mod config;
mod contents;
mod platforms;
pub(crate) mod policy;
pub(crate) mod sources;
pub(crate) mod values;

use teleport_client::{Client, InvalidJoinRequest, JoinRequest};
use tfplugin::{Attribute, Block, Diagnostics, Nesting, Path, Schema, Value};

use crate::{
    clusters::{
        ProviderData,
        provider_data::{Unknown, WORKLOAD_CLUSTERS},
    },
    errors::{self, Summary, invalid_settings, sentence},
    provider::Environment,
};

use self::{
    attributes::{self as arguments, ATTRIBUTES},
    config::{INSECURE_JOIN, Validated},
    policy::{POLICY, Policy, policy_argument},
    values::Settings,
};

/// The schema of the provider block. Every argument is optional: if it is null, its environment variable is used.
pub(crate) fn schema() -> Schema {
    let block = Block::new(
        "Manages Teleport workload clusters: Teleport Cloud clusters that belong to another one, their parent.\n\n\
         Every argument is optional. If it is null, its environment variable is used. Credentials are tried in this \
         order: join, key pair in files, key pair in base64, identity file (path, text, base64), `tsh` profile. Expired ones \
         are skipped. If none are set, the current `tsh` profile is used. If both a join and other credentials are set, arguments in \
         the configuration take precedence over environment variables.",
    );
    let block = ATTRIBUTES.iter().fold(block, |block, argument| {
        let shape = if argument.name == arguments::INSECURE.name {
            Attribute::bool()
        } else {
            Attribute::string()
        };
        let description = format!(
            "{} Environment variable: `{}`.",
            describe(argument.name),
            argument.environment
        );
        let attribute = shape.describe(description);
        block.attribute(
            argument.name,
            if argument.secret {
                attribute.sensitive()
            } else {
                attribute
            },
        )
    });
    Schema::new(
        block
            .attribute(POLICY, policy_argument())
            .attribute(WORKLOAD_CLUSTERS, workload_clusters()),
    )
}

/// How resources with the argument `cluster` reach it.
fn workload_clusters() -> Attribute {
    let method = Attribute::string()
        .describe("How to join, as the provider's `join_method`: `iam`, the default.")
        .validate(|path, value, diags| {
            check_join(JoinRequest::new(value.as_str(), None), path, diags);
        });
    let token = Attribute::string()
        .describe(
            "Name of the join token in each of them. Default: the name of the cluster's bot, for which the provider asks the \
             cluster of the provider block.",
        )
        .validate(|path, value, diags| {
            check_join(JoinRequest::new(None, value.as_str()), path, diags);
        });
    Attribute::nested(
        Nesting::Single,
        [("join_method", method), ("join_token", token)],
    )
    .describe(
        "How to join the workload clusters that resources and data sources name with their argument `cluster`. The other \
         arguments of the provider block are those of their parent.",
    )
}

/// Adds an error about an argument that says how to join.
pub(crate) fn check_join(
    request: Result<JoinRequest, InvalidJoinRequest>,
    path: &Path,
    diags: &mut Diagnostics,
) {
    if let Err(error) = request {
        errors::error(Summary::InvalidAttributeValue)
            .at(path.clone())
            .detail(sentence(&format!("{path}: {error}")))
            .add(diags);
    }
}

/// Checks the values in the block. Values from the environment are not checked: the apply may have another environment.
pub(crate) fn validate(config: &Value, diags: &mut Diagnostics) {
    // A key pair is only checked when all of its parts are set.
    let elsewhere = |variable: &str| {
        let mut parts = KEY_PAIR.iter();
        parts
            .find(|part| part.environment == variable)
            .map(|_| PART.to_owned())
    };
    let settings = Settings::from_lookups(|argument| text(config, argument), elsewhere);
    let problems = settings.validate().err().map(|problems| problems.0);
    for problem in problems.unwrap_or_default() {
        if text(config, &problem.attribute).is_some_and(|text| !text.trim().is_empty()) {
            let name = problem.attribute.name;
            errors::error(Summary::InvalidAttributeValue)
                .at(Path::attribute(name))
                .detail(sentence(&format!("{name}: {}", problem.message)))
                .add(diags);
        }
    }
}

/// Makes clients from the block, without connecting.
pub(crate) fn configure(
    block: &Value,
    environment: &Environment,
    diags: &mut Diagnostics,
) -> Option<ProviderData> {
    let policy = match block.field(POLICY) {
        Value::Unknown => Err(Unknown {
            attributes: vec![POLICY],
        }),
        policy => Ok(policy.as_str().and_then(Policy::parse)),
    };
    let join = join_request(block.field(WORKLOAD_CLUSTERS), diags)?;
    let joins = !block.field("join_method").is_null();
    let unknown: Vec<_> = ATTRIBUTES
        .iter()
        .map(|argument| argument.name)
        .filter(|name| block.field(name).is_unknown())
        .collect();
    if !unknown.is_empty() {
        let unknown = Unknown {
            attributes: unknown,
        };
        return Some(
            ProviderData::new(Err(unknown), join)
                .with_deletion_policy(policy)
                .joining(joins),
        );
    }
    let settings = Settings::from_lookups(|argument| text(block, argument), environment);
    match settings.validate() {
        Ok(Validated { config, warnings }) => {
            for warning in &warnings {
                let summary = if warning.attribute == arguments::INSECURE {
                    Summary::InsecureJoin
                } else {
                    Summary::AmbiguousProviderConfiguration
                };
                errors::warning(summary)
                    .at(Path::attribute(warning.attribute.name))
                    .detail(sentence(&warning.to_string()))
                    .add(diags);
            }
            let joins = config.joins();
            let joins_others = !block.field(WORKLOAD_CLUSTERS).is_null();
            if config.dial.insecure && joins_others && !joins {
                errors::warning(Summary::InsecureJoin)
                    .at(Path::attribute(arguments::INSECURE.name))
                    .detail(sentence(&format!(
                        "{}: {INSECURE_JOIN}",
                        arguments::INSECURE.name
                    )))
                    .add(diags);
            }
            let cluster = ProviderData::new(Ok(Client::new(config)), join);
            Some(cluster.with_deletion_policy(policy).joining(joins))
        }
        Err(problems) => {
            invalid_settings(&problems, diags);
            None
        }
    }
}

/// An argument in the block as text. None if it is null or unknown.
fn text(config: &Value, argument: &arguments::Attribute) -> Option<String> {
    match config.field(argument.name) {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// How to join workload clusters, as far as it is known. None and an error if it is wrong.
fn join_request(config: &Value, diags: &mut Diagnostics) -> Option<Result<JoinRequest, Unknown>> {
    if !config.is_wholly_known() {
        return Some(Err(Unknown {
            attributes: vec![WORKLOAD_CLUSTERS],
        }));
    }
    let text = |name: &str| config.field(name).as_str();
    match JoinRequest::new(text("join_method"), text("join_token")) {
        Ok(request) => Some(Ok(request)),
        Err(error) => {
            let argument = match error {
                InvalidJoinRequest::Method(_) => "join_method",
                InvalidJoinRequest::Token => "join_token",
            };
            errors::error(Summary::InvalidProviderConfiguration)
                .at(Path::attributes(&[WORKLOAD_CLUSTERS, argument]))
                .detail(sentence(&error.to_string()))
                .add(diags);
            None
        }
    }
}

fn describe(name: &str) -> &'static str {
    DESCRIPTIONS
        .iter()
        .find(|(found, _)| *found == name)
        .map_or("", |(_, description)| description)
}

const KEY_PAIR: [arguments::Attribute; 3] = [
    arguments::CERT_BASE64,
    arguments::KEY_BASE64,
    arguments::ROOT_CA_BASE64,
];

/// Base64 of some text.
const PART: &str = "YQ==";

const DESCRIPTIONS: [(&str, &str); 22] = [
    (
        "addr",
        "Address of the cluster's proxy, such as `example.teleport.sh:443`, or of its auth server, port 3025. Without a \
         port it is 443.",
    ),
    (
        "join_method",
        "How to join the cluster as a Machine ID bot, without credentials on disk: `iam` with the AWS credentials of this machine, \
         or with the token that the platform issues on which Terraform runs: `azure_devops`, `bitbucket`, `circleci`, `github`, \
         `gitlab`, `kubernetes`, `spacelift` or `terraform_cloud`. Needs `join_token` and `addr`. The guide *Credentials* shows how \
         each platform is set up.",
    ),
    (
        "join_token",
        "Name of the join token. In a workload cluster it is the name of the bot, `spec.bot.name`. With these join methods it is no \
         secret.",
    ),
    (
        "audience_tag",
        "Tag of the token for the join method `terraform_cloud`, where a workspace has several: with `teleport` the token is in \
         `TFC_WORKLOAD_IDENTITY_TOKEN_TELEPORT`. Other join methods ignore it.",
    ),
    (
        "gitlab_id_token_env_var",
        "Name of the environment variable with the token for the join method `gitlab`; `TBOT_GITLAB_JWT` by default. Other join \
         methods ignore it.",
    ),
    (
        "join_timeout_duration",
        "How long an apply tries to join a cluster that has just become active and does not let the bot join yet; `5m` by \
         default. Refreshes and plans try once.",
    ),
    (
        "cert_path",
        "Path of a client certificate, PEM. Needs `key_path` and `root_ca_path`.",
    ),
    ("key_path", "Path of the private key of `cert_path`, PEM."),
    (
        "root_ca_path",
        "Path of the certificates of the cluster's certificate authorities, PEM.",
    ),
    (
        "cert_base64",
        "Client certificate, PEM in base64. Needs `key_base64` and `root_ca_base64`.",
    ),
    ("key_base64", "Private key of `cert_base64`, PEM in base64."),
    (
        "root_ca_base64",
        "Certificates of the cluster's certificate authorities, PEM in base64.",
    ),
    (
        "identity_file_path",
        "Path of an identity file, as `tbot`, `tctl auth sign` and `tsh login --out` write it.",
    ),
    (
        "identity_file",
        "Text of an identity file, with its line breaks.",
    ),
    (
        "identity_file_base64",
        "Text of an identity file in base64.",
    ),
    (
        "profile_name",
        "Name of a `tsh` profile; the current one if only `profile_dir` is set.",
    ),
    (
        "profile_dir",
        "Folder of the `tsh` profiles; `~/.tsh` by default.",
    ),
    (
        "insecure",
        "Whether to accept any certificate of the proxy's web address, for test clusters. Calls always verify the cluster with \
         the certificate authorities of the credentials. A join has none: with `insecure`, whoever is between this machine and \
         the cluster can obtain a certificate of the bot.",
    ),
    (
        "dial_timeout_duration",
        "How long to try to connect; `30s` by default.",
    ),
    (
        "retry_base_duration",
        "How long to wait before a failed call is retried for the first time; `1s` by default.",
    ),
    (
        "retry_cap_duration",
        "How long to wait at most before a retry; `5s` by default.",
    ),
    (
        "retry_max_tries",
        "How often to try a call; `10` by default.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The errors about a block with these arguments.
    fn errors_of(arguments: &[(&str, Value)]) -> Vec<(String, String)> {
        let names = ATTRIBUTES.iter().map(|argument| argument.name);
        let names = names.chain([POLICY, WORKLOAD_CLUSTERS]);
        let mut config = Value::object(names.map(|name| (name, Value::Null)));
        for (name, value) in arguments {
            config.set_field(name, value.clone());
        }
        let mut diags = Diagnostics::new();
        validate(&config, &mut diags);
        diags
            .iter()
            .map(|error| (error.path.to_string(), error.detail.clone()))
            .collect()
    }

    #[test]
    fn whatever_is_wrong_in_the_block_is_said_before_the_environment_is_known() {
        for (name, wrong) in [
            ("addr", "https://parent.example.com"),
            ("join_method", "magic"),
            ("join_method", "token"),
            ("join_method", "azure"),
            ("audience_tag", "not a name"),
            ("gitlab_id_token_env_var", "eyJhbGciOiJub25lIn0.e30.AA"),
            ("join_timeout_duration", "soon"),
            ("cert_base64", "***"),
            ("key_base64", "-----BEGIN PRIVATE KEY-----"),
            ("root_ca_base64", "a"),
            ("identity_file_base64", "***"),
            ("dial_timeout_duration", "0s"),
            ("retry_base_duration", "1"),
            ("retry_cap_duration", "-1s"),
            ("retry_max_tries", "0"),
        ] {
            let [(path, detail)] = errors_of(&[(name, wrong.into())]).try_into().unwrap();
            assert_eq!(path, name);
            assert!(detail.starts_with(&format!("{name}: ")), "{detail}");
            assert!(!detail.contains("eyJ"), "{detail}");
        }
        let two = [
            ("cert_base64", "*".into()),
            ("dial_timeout_duration", "1".into()),
        ];
        assert_eq!(errors_of(&two).len(), 2);
    }

    #[test]
    fn what_the_environment_or_the_apply_may_say_passes() {
        assert_eq!(errors_of(&[]), []);
        for (name, value) in [
            ("join_method", "iam"),
            ("join_method", "github"),
            ("join_token", "terraform"),
            ("cert_path", "/cert"),
            ("key_base64", "YQ=="),
            ("identity_file_path", "/identity"),
            ("dial_timeout_duration", "30s"),
            ("dial_timeout_duration", " "),
            ("retry_max_tries", ""),
        ] {
            assert_eq!(errors_of(&[(name, value.into())]), [], "{name} = {value:?}");
        }
        for argument in ATTRIBUTES {
            assert_eq!(errors_of(&[(argument.name, Value::Unknown)]), []);
        }
        let half = [
            ("join_method", Value::Unknown),
            ("join_token", "terraform".into()),
            ("cert_path", "/cert".into()),
        ];
        assert_eq!(errors_of(&half), []);
    }
}
