//! `teleport_identity`, an ephemeral resource: an identity for other programs and providers during a run.
//!
//! The provider joins a cluster as a bot at every plan and every apply. The identity is in no state and no plan file. It is not
//! renewed, because the program that uses it would not notice a new one.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use teleport_client::{Address, Client, Error, IdentityBundle, JoinRequest};
use tfplugin::{
    Attribute, Block, Call, Diagnostics, EphemeralResource, Opened, Path, Private, Schema, Value,
};
use time::format_description::well_known::Rfc3339;

use crate::{
    clusters::{
        ProviderData,
        provider_data::{self, configured},
    },
    duration,
    engine::run::{Phase, Run},
    errors::{self, Summary, call_failed, call_failed_at, sentence},
    settings::{attributes, check_join, sources::attribute_of},
};

/// The ephemeral resource `teleport_identity`.
pub(crate) struct IdentityResource {
    schema: Schema,
}

impl IdentityResource {
    pub(crate) fn new() -> Self {
        Self { schema: schema() }
    }
}

fn schema() -> Schema {
    let result = || Attribute::string().computed();
    let block = Block::new(
        "An identity in a cluster, for programs such as `tctl` in a `local-exec` provisioner, and for other providers. The \
         provider joins the cluster as a Machine ID bot, without `tbot`. The identity has the rights of the bot's roles. It is in \
         no state and no plan file.\n\n\
         Every plan and every apply creates an identity. If the arguments are known only after the apply, only the apply does. An \
         identity is not renewed: for a run that takes longer than `expires`, set a longer `ttl`. A cluster cannot revoke an \
         identity, so it works until `expires`, also after the run.\n\n\
         A cluster that has just become active may not let the bot join yet. Then the provider tries again for \
         `join_timeout_duration` of the provider block.\n\n\
         Ephemeral resources need Terraform 1.10 or OpenTofu 1.11.",
    )
    .attribute(
        ADDRESS,
        Attribute::string()
            .required()
            .validate(check_address)
            .describe(
                "The cluster: the domain of a workload cluster, `status.domain`, or the address of a proxy or auth server. \
                 Without a port it is 443.",
            ),
    )
    .attribute(
        METHOD,
        Attribute::string()
            .validate(check_method)
            .describe(
                "How to join: `iam`, the default, with the AWS credentials of this machine.",
            ),
    )
    .attribute(
        TOKEN,
        Attribute::string().validate(check_token).describe(
            "Name of the join token. In a workload cluster it is the name of the bot, `spec.bot.name`. If it is set, the \
             credentials of the provider block are not needed. Default: `workload_clusters` of the provider block, or else the \
             name of the bot, for which the provider asks the cluster of the provider block.",
        ),
    )
    .attribute(
        TTL,
        Attribute::string()
            .default_to(DEFAULT_TTL)
            .validate(check_ttl)
            .describe(
                "How long the identity is valid, as a duration from `1m` to `168h`. `max_session_ttl` of the roles may make it \
                 shorter.",
            ),
    )
    .attribute(
        "identity_file",
        result()
            .sensitive()
            .describe("Text of an identity file, as `tbot` writes it, for `tctl --identity` and `identity_file` of providers."),
    )
    .attribute(
        "tls_cert",
        result().describe("The X.509 client certificate, PEM."),
    )
    .attribute(
        "tls_private_key",
        result().sensitive().describe("Its private key, PEM."),
    )
    .attribute(
        "tls_ca_certs",
        result().describe("The X.509 certificates of the cluster's certificate authorities, PEM."),
    )
    .attribute(
        "expires",
        result().describe("When the identity expires, as RFC 3339 text."),
    )
    .attribute(
        "user",
        result().describe("Name of the user that the identity is for, such as `bot-example`."),
    )
    .attribute(
        "cluster_name",
        result().describe("Name of the cluster."),
    );
    Schema::new(block)
}

#[async_trait]
impl EphemeralResource<ProviderData> for IdentityResource {
    fn type_name(&self) -> &str {
        "teleport_identity"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn open(
        &self,
        call: &Call<ProviderData>,
        config: &Value,
        diags: &mut Diagnostics,
    ) -> Option<Opened> {
        let mut result = config.clone();
        if config.field(TTL).is_null() {
            result.set_field(TTL, DEFAULT_TTL.into());
        }
        let Some(wanted) = Wanted::read(&result) else {
            // Core validates before it opens, and does not open an ephemeral resource with unknown arguments.
            errors::error(Summary::InvalidConfiguration)
                .detail(
                    "The ephemeral resource was opened with arguments that are unknown or were not validated. This is a fault \
                     of the program that called the provider.",
                )
                .add(diags);
            return None;
        };
        let run = Run::read(call);
        let client = wanted.client(&run, diags)?;
        let doing = format!("getting an identity in the cluster {}", wanted.address);
        let issuing = client.issue_identity(Some(wanted.ttl));
        match run.call(&doing, diags, issuing).await? {
            Ok(bundle) => {
                results(&mut result, &bundle);
                Some(Opened {
                    result,
                    private: Private::new(),
                    renew_at: None,
                })
            }
            Err(error) => {
                match to_blame(config, &error) {
                    Some(path) => call_failed_at(path, &error, &doing, diags),
                    None => call_failed(&error, &doing, diags),
                }
                None
            }
        }
    }
}

/// The arguments.
struct Wanted {
    address: Address,
    /// None: as `workload_clusters` of the provider block says.
    join: Option<JoinRequest>,
    ttl: Duration,
}

impl Wanted {
    fn read(config: &Value) -> Option<Self> {
        let text = |name| config.field(name).as_str();
        if !config.is_wholly_known() {
            return None;
        }
        let join = match (text(METHOD), text(TOKEN)) {
            (None, None) => None,
            (method, token) => Some(JoinRequest::new(method, token).ok()?),
        };
        Some(Self {
            address: Address::parse(text(ADDRESS)?).ok()?,
            join,
            ttl: duration::parse(text(TTL)?).ok()?,
        })
    }

    /// The client that joins the cluster as the bot.
    fn client(&self, run: &Run, diags: &mut Diagnostics) -> Option<Client> {
        let provider = configured(run, diags)?;
        // With a token, the credentials of the provider block are not used, but its other arguments are.
        let parent = provider_data::client(run, diags)?;
        let client = match &self.join {
            Some(join) => parent.joining(self.address.clone(), join),
            // Resources with this `cluster` use the same client, which joins once.
            None => match provider.workload_cluster(&self.address) {
                Ok(client) => client,
                Err(unknown) => {
                    unknown.refuse(diags);
                    return None;
                }
            },
        };
        Some(match run.phase() {
            Phase::Apply => client.patient(),
            Phase::Refresh | Phase::Plan => client,
        })
    }
}

/// The argument that caused an error. None if it is one of the provider block, or none.
fn to_blame(config: &Value, error: &Error) -> Option<Path> {
    let name = attribute_of(error).filter(|_| error.of_parent().is_none())?;
    let is_set = config.field(name).is_set();
    Some(match name {
        METHOD | TOKEN if is_set => Path::attribute(name),
        // Not the default is wrong, but this machine has no AWS credentials.
        METHOD => Path::root(),
        _ => Path::attribute(ADDRESS),
    })
}

fn results(result: &mut Value, bundle: &IdentityBundle) {
    let expires = bundle.expires.format(&Rfc3339).unwrap_or_default();
    for (name, text) in [
        ("identity_file", bundle.identity_file.expose_secret()),
        ("tls_cert", &bundle.tls_cert),
        ("tls_private_key", bundle.tls_private_key.expose_secret()),
        ("tls_ca_certs", &bundle.tls_ca_certs),
        ("expires", &expires),
        ("user", &bundle.user),
        ("cluster_name", &bundle.cluster_name),
    ] {
        result.set_field(name, text.into());
    }
}

fn check_address(path: &Path, value: &Value, diags: &mut Diagnostics) {
    if let Err(error) = Address::parse(value.as_str().unwrap_or_default()) {
        invalid(path, sentence(&error.to_string()), diags);
    }
}

fn check_method(path: &Path, value: &Value, diags: &mut Diagnostics) {
    check_join(JoinRequest::new(value.as_str(), None), path, diags);
}

fn check_token(path: &Path, value: &Value, diags: &mut Diagnostics) {
    check_join(JoinRequest::new(None, value.as_str()), path, diags);
}

fn check_ttl(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    let problem = match duration::parse(text) {
        Ok(ttl) if ttl < SHORTEST_TTL => {
            "a cluster issues no certificates for less than 1m".to_owned()
        }
        Ok(ttl) if ttl > LONGEST_TTL => {
            "a cluster issues certificates to bots for 168h at most".to_owned()
        }
        Ok(_) => return,
        Err(error) => error.to_string(),
    };
    let got = errors::got(text);
    let text = format!("{path} must be a duration from 1m to 168h{got} ({problem}).");
    invalid(path, text, diags);
}

fn invalid(path: &Path, text: String, diags: &mut Diagnostics) {
    errors::error(Summary::InvalidAttributeValue)
        .at(path.clone())
        .detail(text)
        .add(diags);
}

const ADDRESS: &str = "address";
const METHOD: &str = attributes::JOIN_METHOD.name;
const TOKEN: &str = attributes::JOIN_TOKEN.name;
const TTL: &str = "ttl";

const DEFAULT_TTL: &str = "1h";

/// A cluster's limits for certificates of a bot, `MinCertDuration` and `MaxRenewableCertTTL` in api/defaults and
/// lib/defaults of gravitational/teleport.
const SHORTEST_TTL: Duration = Duration::from_secs(60);
const LONGEST_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[cfg(test)]
mod tests;
