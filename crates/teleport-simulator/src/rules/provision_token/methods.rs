//! What each join method needs in a token: a table, and functions for what does not fit one.

use prost_reflect::{DynamicMessage, Value};
use teleport_proto::types::{ProvisionTokenSpecV2, ProvisionTokenV2, TokenRule};

use crate::{
    scenario::Edition,
    store::{Refusal, object},
};

/// A join method with a message of its own in the spec.
struct Method {
    name: &'static str,
    /// Number of its message in the spec.
    field: u32,
    /// The text when its message is missing, where it is not the usual one.
    absent: Option<&'static str>,
    /// What it requires when there are no rules.
    no_rules: &'static str,
    /// Field of the message that must be set, with the text when it is not.
    required: Option<(u32, &'static str)>,
    /// Fields of a rule of which one must be set, with the text when none is.
    each: &'static [(&'static [u32], &'static str)],
    /// Whether its texts are wrapped with the name of the message, as newer methods do.
    wrapped: bool,
}

/// What only Teleport Enterprise offers. It is refused before anything else is looked at.
pub(super) fn check_edition(spec: &ProvisionTokenSpecV2, edition: Edition) -> Result<(), Refusal> {
    let github = spec.git_hub.as_ref();
    let server = github.is_some_and(|github| !github.enterprise_server_host.is_empty());
    let what = match spec.join_method.as_str() {
        "spacelift" => "spacelift joining",
        "tpm" => "tpm joining",
        "github" if server => "github enterprise server joining",
        _ => return Ok(()),
    };
    match edition {
        Edition::Oss => {
            Err(Refusal::denied("this feature requires Teleport Enterprise").during(what))
        }
        _ => Ok(()),
    }
}

/// Fills in what the methods leave open.
pub(super) fn fill_in(spec: &mut ProvisionTokenSpecV2) {
    if spec.join_method == "ec2" && spec.awsiidttl == 0 {
        spec.awsiidttl = IID_TTL;
    }
    if spec.join_method == "kubernetes"
        && let Some(kubernetes) = &mut spec.kubernetes
        && kubernetes.r#type.is_empty()
    {
        IN_CLUSTER.clone_into(&mut kubernetes.r#type);
    }
    if spec.join_method == "gitlab"
        && let Some(gitlab) = &mut spec.git_lab
        && gitlab.domain.is_empty()
    {
        "gitlab.com".clone_into(&mut gitlab.domain);
    }
}

/// Checks what the token's method needs. What it says for other methods is kept and not looked at.
pub(super) fn check(message: &DynamicMessage) -> Result<(), Refusal> {
    let token: ProvisionTokenV2 = object::typed(message)?;
    let spec = token.spec.unwrap_or_default();
    let method = spec.join_method.as_str();
    match method {
        "token" if !spec.allow.is_empty() => {
            let text = format!("allow rules are not compatible with the {method:?} join method");
            Err(Refusal::invalid(text))
        }
        "token" => Ok(()),
        "ec2" | "iam" => check_aws(method, &spec.allow),
        "kubernetes" => {
            check_kubernetes(&spec).map_err(|refusal| refusal.during("spec.kubernetes:"))
        }
        "bound_keypair" => match spec.bound_keypair {
            Some(_) => Ok(()),
            None => Err(Refusal::invalid(
                "spec.bound_keypair: must be configured for the join method \"bound_keypair\"",
            )),
        },
        _ => {
            let known = METHODS.iter().find(|known| known.name == method);
            let Some(known) = known else {
                return Err(Refusal::invalid(format!("unknown join method {method:?}")));
            };
            known.check(message)?;
            match method {
                "oracle" => check_oracle(&spec),
                _ => Ok(()),
            }
        }
    }
}

impl Method {
    const fn new(name: &'static str, field: u32) -> Self {
        Self {
            name,
            field,
            absent: None,
            no_rules: "at least one token allow rule",
            required: None,
            each: &[],
            wrapped: false,
        }
    }

    const fn wrapped(name: &'static str, field: u32) -> Self {
        Self {
            wrapped: true,
            ..Self::new(name, field)
        }
    }

    fn check(&self, message: &DynamicMessage) -> Result<(), Refusal> {
        let spec = message.get_field_by_number(SPEC);
        let spec = spec.as_deref().and_then(Value::as_message);
        let own = spec
            .filter(|spec| spec.has_field_by_number(self.field))
            .and_then(|spec| spec.get_field_by_number(self.field));
        let Some(own) = own.as_deref().and_then(Value::as_message) else {
            let name = self.name;
            return Err(Refusal::invalid(match (self.absent, self.wrapped) {
                (Some(text), _) => text.to_owned(),
                (None, true) => {
                    format!("spec.{name}: must be configured for the join method {name:?}")
                }
                (None, false) => {
                    format!("{name:?} configuration must be provided for the join method {name:?}")
                }
            }));
        };
        match (self.check_own(own), self.wrapped) {
            (Err(refusal), true) => {
                Err(refusal.during(&format!("spec.{}: failed validation", self.name)))
            }
            (checked, _) => checked,
        }
    }

    fn check_own(&self, own: &DynamicMessage) -> Result<(), Refusal> {
        let rules = own.get_field_by_number(ALLOW);
        let rules = rules
            .as_deref()
            .and_then(Value::as_list)
            .unwrap_or_default();
        if rules.is_empty() {
            return Err(Refusal::invalid(format!(
                "the {:?} join method requires {}",
                self.name, self.no_rules
            )));
        }
        if let Some((field, text)) = self.required
            && !own.has_field_by_number(field)
        {
            return Err(Refusal::invalid(text));
        }
        for (index, rule) in rules.iter().filter_map(Value::as_message).enumerate() {
            for (fields, text) in self.each {
                if !fields.iter().any(|field| rule.has_field_by_number(*field)) {
                    return Err(Refusal::invalid(match self.wrapped {
                        true => format!("allow[{index}]: {text}"),
                        false => (*text).to_owned(),
                    }));
                }
            }
        }
        Ok(())
    }
}

fn check_aws(method: &str, rules: &[TokenRule]) -> Result<(), Refusal> {
    if rules.is_empty() {
        return Err(Refusal::invalid(format!(
            "the {method:?} join method requires defined token allow rules"
        )));
    }
    for rule in rules {
        let (foreign, other) = match method {
            "ec2" => (
                [("aws_arn", !rule.awsarn.is_empty()), ("", false)],
                ("aws_role", &rule.aws_role),
            ),
            _ => (
                [
                    ("aws_role", !rule.aws_role.is_empty()),
                    ("aws_regions", !rule.aws_regions.is_empty()),
                ],
                ("aws_arn", &rule.awsarn),
            ),
        };
        if let Some((field, _)) = foreign.iter().find(|(_, set)| *set) {
            return Err(Refusal::invalid(format!(
                "the {method:?} join method does not support the {field:?} parameter"
            )));
        }
        if rule.aws_account.is_empty() && other.1.is_empty() {
            // The server names "ec2" for both methods.
            return Err(Refusal::invalid(format!(
                "allow rule for \"ec2\" join method must set \"aws_account\" or {:?}",
                other.0
            )));
        }
    }
    Ok(())
}

fn check_kubernetes(spec: &ProvisionTokenSpecV2) -> Result<(), Refusal> {
    let kubernetes = spec.kubernetes.clone().unwrap_or_default();
    if kubernetes.allow.is_empty() {
        return Err(Refusal::invalid("allow: at least one rule must be set"));
    }
    for (index, rule) in kubernetes.allow.iter().enumerate() {
        let account = &rule.service_account;
        let place = format!("allow[{index}].service_account: name of service account");
        if account.is_empty() {
            return Err(Refusal::invalid(format!("{place} must be set")));
        }
        if account.split(':').count() != 2 {
            return Err(Refusal::invalid(format!(
                "{place} should be in format \"namespace:service_account\", got {account:?} instead"
            )));
        }
    }
    let kind = kubernetes.r#type.as_str();
    let problem = match (kind, &kubernetes.static_jwks) {
        (IN_CLUSTER, None) => return Ok(()),
        (IN_CLUSTER, Some(_)) => format!("static_jwks: must not be set when type is {kind:?}"),
        (STATIC, Some(keys)) if !keys.jwks.is_empty() => return Ok(()),
        (STATIC, Some(_)) => format!("static_jwks.jwks: must be set when type is {kind:?}"),
        (STATIC, None) => format!("static_jwks: must be set when type is {kind:?}"),
        _ => format!("type: must be one of ({NAMES}), got {kind:?}"),
    };
    Err(Refusal::invalid(problem))
}

fn check_oracle(spec: &ProvisionTokenSpecV2) -> Result<(), Refusal> {
    for rule in spec.oracle.iter().flat_map(|oracle| &oracle.allow) {
        if !rule.tenancy.starts_with("ocid1.tenancy.") {
            let text = format!("invalid tenant: {}", rule.tenancy);
            return Err(Refusal::invalid(text));
        }
        let region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if let Some(wrong) = rule.regions.iter().find(|text| !text.bytes().all(region)) {
            return Err(Refusal::invalid(format!("invalid region: {wrong}")));
        }
    }
    Ok(())
}

/// `spec` of a token.
const SPEC: u32 = 5;
/// `allow` of every method's message.
const ALLOW: u32 = 1;
/// Five minutes, in nanoseconds.
const IID_TTL: i64 = 5 * 60 * 1_000_000_000;
const IN_CLUSTER: &str = "in_cluster";
const STATIC: &str = "static_jwks";

static METHODS: [Method; 11] = [
    Method {
        each: &[(
            &[1, 2, 3],
            "allow rule for \"github\" must include at least one of \"repository\", \"repository_owner\" or \"sub\"",
        )],
        ..Method::new("github", 7)
    },
    Method {
        absent: Some("\"cirleci\" configuration must be provided for join method \"circleci\""),
        required: Some((
            2,
            "the \"circleci\" join method requires 'organization_id' to be set",
        )),
        each: &[(
            &[1, 2],
            "allow rule for \"circleci\" must include at least \"project_id\" or \"context_id\"",
        )],
        ..Method::new("circleci", 8)
    },
    Method {
        no_rules: "defined azure allow rules",
        each: &[(
            &[1],
            "the \"azure\" join method requires azure allow rules with non-empty subscription",
        )],
        ..Method::new("azure", 11)
    },
    Method {
        no_rules: "defined gitlab allow rules",
        each: &[(
            &[1, 4, 5, 14],
            "the \"gitlab\" join method requires allow rules with at least one of ['sub', 'project_path', 'namespace_path', \
             'ci_config_ref_uri'] to ensure security.",
        )],
        ..Method::new("gitlab", 12)
    },
    Method {
        each: &[(
            &[1],
            "the \"gcp\" join method requires gcp allow rules with at least one project ID",
        )],
        ..Method::new("gcp", 13)
    },
    Method {
        required: Some((
            2,
            "hostname: should be set to the hostname of the Spacelift tenant",
        )),
        each: &[(
            &[1, 2],
            "at least one of ['space_id', 'caller_id'] must be set",
        )],
        ..Method::wrapped("spacelift", 14)
    },
    Method {
        each: &[(
            &[4, 5],
            "at least one of ['ek_public_hash', 'ek_certificate_serial'] must be set",
        )],
        ..Method::wrapped("tpm", 15)
    },
    Method {
        each: &[
            (
                &[1, 2],
                "one of ['organization_id', 'organization_name'] must be set",
            ),
            (
                &[3, 4, 5, 6],
                "at least one of ['project_id', 'project_name', 'workspace_id', 'workspace_name'] must be set",
            ),
        ],
        ..Method::wrapped("terraform_cloud", 16)
    },
    Method {
        required: Some((2, "audience: an OpenID Connect Audience value is required")),
        each: &[(
            &[1, 2],
            "at least one of ['workspace_uuid', 'repository_uuid'] must be set",
        )],
        ..Method::wrapped("bitbucket", 17)
    },
    Method {
        absent: Some("missing spec"),
        no_rules: "at least one allow rule",
        ..Method::wrapped("oracle", 18)
    },
    Method {
        no_rules: "at least one allow rule",
        required: Some((2, "organization_id: must be set")),
        each: &[(
            &[1, 2, 4],
            "at least one of ['sub', 'project_name', 'project_id'] must be set",
        )],
        ..Method::wrapped("azure_devops", 20)
    },
];
/// Every join method, in the order in which the server lists them.
const NAMES: &str = "azure, azure_devops, bitbucket, circleci, ec2, gcp, github, gitlab, iam, kubernetes, spacelift, token, \
                     tpm, terraform_cloud, oracle, bound_keypair";
