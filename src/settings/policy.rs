//! `deletion_policy`: what a destroy does with an object.

use tfplugin::{Attribute, Diagnostics, Path, Value};

use crate::errors::{self, Summary};

/// Name of the argument, on resources and in the provider block.
pub(crate) const POLICY: &str = "deletion_policy";

/// What a destroy does with an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Policy {
    /// It deletes the object.
    #[default]
    Delete,
    /// It takes the rights of the object away.
    Revoke,
    /// It leaves the object as it is.
    Abandon,
}

impl Policy {
    /// The policy of that name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "delete" => Some(Self::Delete),
            "revoke" => Some(Self::Revoke),
            "abandon" => Some(Self::Abandon),
            _ => None,
        }
    }

    /// Its name, as [`Policy::parse`] takes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Revoke => "revoke",
            Self::Abandon => "abandon",
        }
    }

    /// The policy of an object itself.
    pub(crate) fn of(object: &Value) -> Option<Self> {
        Self::parse(object.field(POLICY).as_str()?)
    }
}

/// The argument of a resource.
pub(crate) fn policy_attribute(noun: &str, revoked: &str) -> Attribute {
    Attribute::string()
        .describe(format!(
            "What to do with the {noun} when the resource is destroyed: `delete` it; `revoke` its rights, which leaves a \
             {noun} {revoked}; or `abandon` it, which leaves it as it is, without a call to the cluster. The bot that Teleport \
             Cloud creates in a workload cluster may not delete users and roles. Default: the provider's `deletion_policy`, or \
             else `delete`."
        ))
        .validate(check)
}

/// The argument of the provider block.
pub(crate) fn policy_argument() -> Attribute {
    Attribute::string()
        .describe(
            "What to do with users and roles whose resources are destroyed and have no `deletion_policy` of their own: \
             `delete`, `revoke` or `abandon`. Default: `delete`.",
        )
        .validate(check)
}

/// The check of the argument.
fn check(path: &Path, value: &Value, diags: &mut Diagnostics) {
    let text = value.as_str().unwrap_or_default();
    if Policy::parse(text).is_none() {
        errors::error(Summary::InvalidAttributeValue)
            .at(path.clone())
            .detail(format!(
                "{path} must be \"delete\", \"revoke\" or \"abandon\"{}.",
                errors::got(text)
            ))
            .add(diags);
    }
}
