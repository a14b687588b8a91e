//! What can be said about a join token without asking the cluster: `CheckAndSetDefaults` of api/types/provisioning.go in
//! gravitational/teleport.

use tfplugin::{Diagnostics, Path, Value};

use crate::kinds::{
    checks::{SYSTEM_ROLES, elements, familiar, invalid, is_empty},
    metadata,
};

/// The name of a token, which may be a secret: no text shows it.
pub(crate) fn name(path: &Path, value: &Value, diags: &mut Diagnostics) {
    if let Err(problem) = metadata::check_name(value.as_str().unwrap_or_default()) {
        invalid(path, problem, diags);
    }
}

/// Checks what no attribute can check by itself.
pub(crate) fn validate(config: &Value, diags: &mut Diagnostics) {
    let (spec, path) = (config.field("spec"), Path::attribute("spec"));
    if !spec.is_set() {
        return;
    }
    roles(spec, &path, diags);
    let method = spec.field("join_method");
    familiar(&path.with_attribute("join_method"), method, &METHODS, diags);
    let allow = spec.field("allow");
    match method.as_str() {
        Some("token") if allow.is_set() && !is_empty(allow) => invalid(
            &path.with_attribute("allow"),
            "must be left out with the join method \"token\": its rules are for \"ec2\" and \"iam\"",
            diags,
        ),
        Some("ec2") => ec2(allow, &path.with_attribute("allow"), diags),
        Some("iam") => iam(allow, &path.with_attribute("allow"), diags),
        Some(method) => {
            if let Some(found) = CONFIGURED.iter().find(|it| it.name == method) {
                found.check(spec, &path, diags);
            }
        }
        // Without a join method, rules make it ec2.
        None if method.is_null() => ec2(allow, &path.with_attribute("allow"), diags),
        None => {}
    }
    if method.as_str() == Some("kubernetes") {
        kubernetes(
            spec.field("kubernetes"),
            &path.with_attribute("kubernetes"),
            diags,
        );
    }
}

/// The system roles. The server takes them in any case.
fn roles(spec: &Value, path: &Path, diags: &mut Diagnostics) {
    let roles = spec.field("roles");
    let roles_path = path.with_attribute("roles");
    if is_empty(roles) {
        invalid(
            &roles_path,
            "must hold at least one system role, such as \"Node\" or \"Bot\"",
            diags,
        );
        return;
    }
    let mut seen = Vec::new();
    for (index, role) in elements(roles) {
        let Some(text) = role.as_str() else { continue };
        let path = roles_path.with_index(index);
        let lower = text.to_lowercase();
        if seen.contains(&lower) {
            invalid(&path, &format!("is in the list twice: {text:?}"), diags);
        } else if !SYSTEM_ROLES
            .iter()
            .any(|known| known.to_lowercase() == lower)
        {
            familiar(&path, role, &SYSTEM_ROLES, diags);
        }
        seen.push(lower);
    }
    if !roles.is_wholly_known() {
        return;
    }
    let (bot, name) = (
        seen.iter().any(|role| role == "bot"),
        spec.field("bot_name"),
    );
    let name_path = path.with_attribute("bot_name");
    if bot && is_empty(name) {
        invalid(&name_path, "must be set with the role \"Bot\"", diags);
    } else if !bot && name.is_set() && !is_empty(name) {
        invalid(
            &name_path,
            "must be left out without the role \"Bot\"",
            diags,
        );
    }
}

fn ec2(allow: &Value, path: &Path, diags: &mut Diagnostics) {
    for (index, rule) in elements(allow).filter(|(_, rule)| rule.is_set()) {
        let path = path.with_index(index);
        left_out(rule, "aws_arn", "ec2", &path, diags);
        one_of(rule, &["aws_account", "aws_role"], &path, diags);
    }
}

fn iam(allow: &Value, path: &Path, diags: &mut Diagnostics) {
    if is_empty(allow) {
        invalid(
            path,
            "must hold at least one rule with the join method \"iam\"",
            diags,
        );
    }
    for (index, rule) in elements(allow).filter(|(_, rule)| rule.is_set()) {
        let path = path.with_index(index);
        for name in ["aws_regions", "aws_role"] {
            left_out(rule, name, "iam", &path, diags);
        }
        one_of(
            rule,
            &["aws_account", "aws_arn", "aws_organization_id"],
            &path,
            diags,
        );
    }
}

/// What Kubernetes has of its own.
fn kubernetes(kubernetes: &Value, path: &Path, diags: &mut Diagnostics) {
    let kind = kubernetes.field("type");
    let path_of_kind = path.with_attribute("type");
    familiar(
        &path_of_kind,
        kind,
        &["", "in_cluster", "static_jwks", "oidc"],
        diags,
    );
    let (keys, path_of_keys) = (
        kubernetes.field("static_jwks"),
        path.with_attribute("static_jwks"),
    );
    let default = kind.is_null() || kind.as_str() == Some("");
    if kind.as_str() == Some("static_jwks") {
        if keys.is_null() || (keys.is_set() && is_empty(keys.field("jwks"))) {
            let path = path_of_keys.with_attribute("jwks");
            invalid(&path, "must be set with the type \"static_jwks\"", diags);
        }
    } else if keys.is_set() && (default || kind.as_str() == Some("in_cluster")) {
        let what = "must be left out with the type \"in_cluster\", which is the default. Write type = \"static_jwks\"";
        invalid(&path_of_keys, what, diags);
    }
    for (index, rule) in elements(kubernetes.field("allow")) {
        let account = rule.field("service_account").as_str().unwrap_or(":");
        if !account.is_empty() && account.split(':').count() != 2 {
            let path = path.with_attribute("allow").with_index(index);
            let what =
                format!("must be NAMESPACE:NAME, such as \"default:tbot\", got: {account:?}");
            invalid(&path.with_attribute("service_account"), &what, diags);
        }
    }
}

fn left_out(rule: &Value, name: &str, method: &str, path: &Path, diags: &mut Diagnostics) {
    let value = rule.field(name);
    if value.is_set() && !is_empty(value) {
        let what = format!("must be left out with the join method {method:?}");
        invalid(&path.with_attribute(name), &what, diags);
    }
}

fn one_of(rule: &Value, names: &[&str], path: &Path, diags: &mut Diagnostics) {
    if names.iter().all(|name| is_empty(rule.field(name))) {
        invalid(path, &format!("needs {}", names.join(" or ")), diags);
    }
}

/// A join method with an attribute of its own, which has the name of the method and holds rules.
struct Method {
    name: &'static str,
    /// Of each group, every rule needs one.
    rule: &'static [&'static [&'static str]],
    /// What is required next to the rules.
    required: &'static [&'static str],
}

impl Method {
    fn check(&self, spec: &Value, path: &Path, diags: &mut Diagnostics) {
        let settings = spec.field(self.name);
        let path = path.with_attribute(self.name);
        if settings.is_unknown() {
            return;
        }
        let rules = path.with_attribute("allow");
        if is_empty(settings.field("allow")) {
            let what = format!(
                "must hold at least one rule with the join method {:?}",
                self.name
            );
            invalid(&rules, &what, diags);
        }
        for (index, rule) in elements(settings.field("allow")).filter(|(_, rule)| rule.is_set()) {
            for names in self.rule {
                one_of(rule, names, &rules.with_index(index), diags);
            }
        }
        for name in self.required {
            if is_empty(settings.field(name)) {
                let what = format!("must be set with the join method {:?}", self.name);
                invalid(&path.with_attribute(*name), &what, diags);
            }
        }
    }
}

/// What the server asks for, by the messages of its refusals. It looks at `spacelift`, `tpm`, `bound_keypair` and `env0` in
/// other editions only.
const CONFIGURED: [Method; 10] = [
    Method {
        name: "github",
        rule: &[&["repository", "repository_owner", "sub"]],
        required: &[],
    },
    Method {
        name: "circleci",
        rule: &[&["project_id", "context_id"]],
        required: &["organization_id"],
    },
    Method {
        name: "kubernetes",
        rule: &[&["service_account"]],
        required: &[],
    },
    Method {
        name: "azure",
        rule: &[&["subscription"]],
        required: &[],
    },
    Method {
        name: "gitlab",
        rule: &[&["sub", "project_path", "namespace_path", "ci_config_ref_uri"]],
        required: &[],
    },
    Method {
        name: "gcp",
        rule: &[&["project_ids"]],
        required: &[],
    },
    Method {
        name: "terraform_cloud",
        rule: &[
            &["organization_id", "organization_name"],
            &[
                "project_id",
                "project_name",
                "workspace_id",
                "workspace_name",
            ],
        ],
        required: &[],
    },
    Method {
        name: "bitbucket",
        rule: &[&["workspace_uuid", "repository_uuid"]],
        required: &["audience"],
    },
    Method {
        name: "oracle",
        rule: &[&["tenancy"]],
        required: &[],
    },
    Method {
        name: "azure_devops",
        rule: &[&["sub", "project_name", "project_id"]],
        required: &[],
    },
];

/// As in api/types/provisioning.go of gravitational/teleport.
const METHODS: [&str; 18] = [
    "",
    "azure",
    "azure_devops",
    "bitbucket",
    "bound_keypair",
    "circleci",
    "ec2",
    "env0",
    "gcp",
    "github",
    "gitlab",
    "iam",
    "kubernetes",
    "oracle",
    "spacelift",
    "terraform_cloud",
    "token",
    "tpm",
];
