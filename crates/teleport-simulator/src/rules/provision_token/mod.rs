//! Join tokens: what the server refuses and fills in (`api/types/provisioning.go`).

mod methods;

use prost_reflect::DynamicMessage;
use serde::{Deserialize, Serialize};
use teleport_proto::types::{Metadata, ProvisionTokenSpecV2, ProvisionTokenV2, TokenRule};

use super::{metadata, workload_cluster::spec::Allow};
use crate::store::{Refusal, State, Write, object};

/// A join token for a bot, of the join method `iam`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinToken {
    /// Its name.
    pub name: String,
    /// Name of the bot that joins with it.
    pub bot: String,
    /// Who may join.
    pub allow: Vec<Allow>,
}

impl JoinToken {
    /// Checks what types cannot. The answer is the text of the refusal.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (field, text) in [("name", &self.name), ("bot", &self.bot)] {
            if text.is_empty() || text.len() > MAX_NAME_BYTES {
                return Err(format!("{field}: must have 1 to {MAX_NAME_BYTES} bytes"));
            }
        }
        let empty = |rule: &Allow| rule.aws_account.is_empty() && rule.aws_arn.is_empty();
        match self.allow.iter().position(empty) {
            Some(index) => Err(format!("allow[{index}]: needs aws_account or aws_arn")),
            None => Ok(()),
        }
    }

    /// The token of a resource. `None` for one with which bots do not join, or not by this method.
    pub(crate) fn of(token: &ProvisionTokenV2) -> Option<Self> {
        let spec = token.spec.as_ref()?;
        let rule = |rule: &TokenRule| Allow {
            aws_account: rule.aws_account.clone(),
            aws_arn: rule.awsarn.clone(),
        };
        let fits = spec.join_method == IAM && spec.roles.iter().any(|role| role == BOT);
        fits.then(|| Self {
            name: token.metadata.clone().unwrap_or_default().name,
            bot: spec.bot_name.clone(),
            allow: spec.allow.iter().map(rule).collect(),
        })
    }
}

impl From<JoinToken> for ProvisionTokenV2 {
    fn from(token: JoinToken) -> Self {
        let rule = |rule: Allow| TokenRule {
            aws_account: rule.aws_account,
            awsarn: rule.aws_arn,
            ..TokenRule::default()
        };
        Self {
            metadata: Some(Metadata {
                name: token.name,
                ..Metadata::default()
            }),
            spec: Some(ProvisionTokenSpecV2 {
                roles: vec![BOT.to_owned()],
                join_method: IAM.to_owned(),
                bot_name: token.bot,
                allow: token.allow.into_iter().map(rule).collect(),
                ..ProvisionTokenSpecV2::default()
            }),
            ..Self::default()
        }
    }
}

/// A stored token with which a bot can join, of any join method.
#[derive(Debug, Clone)]
pub(crate) struct BotToken {
    pub(crate) name: String,
    /// Name of the bot that joins with it.
    pub(crate) bot: String,
    pub(crate) method: String,
    /// Which AWS identities may join.
    pub(crate) aws: Vec<TokenRule>,
    /// What it says of the platform of its method, as JSON.
    platform: serde_json::Value,
}

impl BotToken {
    pub(crate) fn of(message: &DynamicMessage) -> Option<Self> {
        let token: ProvisionTokenV2 = object::typed(message).ok()?;
        let spec = token.spec?;
        let json = serde_json::to_value(message).ok()?;
        let bot = spec.roles.iter().any(|role| role == BOT);
        bot.then(|| Self {
            name: token.metadata.unwrap_or_default().name,
            bot: spec.bot_name,
            platform: json["spec"][&spec.join_method].clone(),
            method: spec.join_method,
            aws: spec.allow,
        })
    }

    /// What it says of the platform of its method: who issues tokens, and who may join. The field has the name of the method.
    pub(crate) fn platform(&self) -> &serde_json::Value {
        &self.platform
    }
}

/// Checks a token and fills in what it leaves open.
pub(super) fn check(write: &mut Write, state: &State) -> Result<(), Refusal> {
    let by_server = write.caller.is_none();
    write.edit(|token: &mut ProvisionTokenV2| {
        let spec = token.spec.get_or_insert_default();
        methods::check_edition(spec, state.edition)?;
        "token".clone_into(&mut token.kind);
        "v2".clone_into(&mut token.version);
        let metadata = token.metadata.get_or_insert_default();
        metadata::check(metadata)?;
        if !["", metadata::NAMESPACE].contains(&metadata.namespace.as_str()) {
            return Err(Refusal::invalid(format!(
                "namespace {:?} invalid, custom namespaces are deprecated; the namespace field should be omitted or set to \
                 \"default\"",
                metadata.namespace
            )));
        }
        metadata::NAMESPACE.clone_into(&mut metadata.namespace);
        check_roles(spec)?;
        if spec.join_method.is_empty() {
            let method = if spec.allow.is_empty() { "token" } else { "ec2" };
            method.clone_into(&mut spec.join_method);
        }
        methods::fill_in(spec);
        metadata::check_key(&format!("/tokens/{}", metadata.name), &[&metadata.name])
    })?;
    // Without rules in the spec of a workload cluster, Teleport Cloud creates a token with which no client can join.
    match by_server {
        true => Ok(()),
        false => methods::check(&write.message),
    }?;
    write.edit(|token: &mut ProvisionTokenV2| {
        let spec = token.spec.get_or_insert_default();
        for labels in [
            &mut spec.suggested_labels,
            &mut spec.suggested_agent_matcher_labels,
        ] {
            for values in labels.get_or_insert_default().values.values_mut() {
                if values.values.is_empty() {
                    values.values.push(String::new());
                }
            }
        }
        Ok(())
    })
}

pub(super) fn missing(name: &str) -> Refusal {
    if name.is_empty() {
        return Refusal::invalid("missing parameter token");
    }
    Refusal::not_found(format!("provisioning token({}) not found", masked(name)))
}

/// Checks the system roles and writes each as the server does.
fn check_roles(spec: &mut ProvisionTokenSpecV2) -> Result<(), Refusal> {
    if spec.roles.is_empty() {
        return Err(Refusal::invalid("provisioning token is missing roles"));
    }
    let mut roles = Vec::<String>::new();
    for role in &spec.roles {
        let known = SYSTEM_ROLES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(role));
        let Some(known) = known else {
            return Err(Refusal::invalid(format!("role {role} is not registered")));
        };
        if roles.iter().any(|role| role == known) {
            return Err(Refusal::invalid(format!("duplicate role {known:?}")));
        }
        roles.push((*known).to_owned());
    }
    spec.roles = roles;
    let bot = spec.roles.iter().any(|role| role == BOT);
    match (bot, spec.bot_name.is_empty()) {
        (true, true) => Err(Refusal::invalid(
            "token with role \"Bot\" must set bot_name",
        )),
        (false, false) => Err(Refusal::invalid(
            "can only set bot_name on token with role \"Bot\"",
        )),
        _ => Ok(()),
    }
}

/// A token's name with three quarters of it hidden.
fn masked(name: &str) -> String {
    let hidden = name.len() * 3 / 4;
    let mut bytes = vec![b'*'; hidden];
    bytes.extend(&name.as_bytes()[hidden..]);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A stored token with which a bot can join, by its name.
pub(crate) fn bot_token(state: &State, name: &str) -> Option<BotToken> {
    let token = state.object(&super::TOKEN, name)?;
    BotToken::of(&token.message)
}

/// The join method of AWS identities.
pub(crate) const IAM: &str = "iam";
/// The system role of bots.
pub(crate) const BOT: &str = "Bot";
// A certificate's common name, `bot-` and the name, has at most 64 characters.
const MAX_NAME_BYTES: usize = 60;
/// System roles (`api/types/system_role.go`).
pub(crate) static SYSTEM_ROLES: [&str; 19] = [
    "Auth",
    "Node",
    "Proxy",
    "Admin",
    "ProvisionToken",
    "Trusted_cluster",
    "Signup",
    "Nop",
    "RemoteProxy",
    "Kube",
    "App",
    "Db",
    "WindowsDesktop",
    "Bot",
    "Instance",
    "Discovery",
    "Okta",
    "MDM",
    "AccessGraphPlugin",
];
