//! The spec of a workload cluster as scenario files and the control API write it.

use serde::{Deserialize, Serialize};
use teleport_proto::teleport::workloadcluster::v1 as wire;

/// The spec of a workload cluster, with the field names of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Regions.
    pub regions: Vec<Region>,
    /// Bot in the new cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<Bot>,
    /// Join token in the new cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
}

/// A region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Its name.
    pub name: String,
}

/// A bot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    /// Its name.
    pub name: String,
}

/// A join token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Join method.
    pub join_method: String,
    /// Who may join.
    #[serde(default)]
    pub allow: Vec<Allow>,
}

/// A rule of a join token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// AWS account.
    #[serde(default)]
    pub aws_account: String,
    /// AWS ARN.
    #[serde(default)]
    pub aws_arn: String,
}

impl From<Spec> for wire::WorkloadClusterSpec {
    fn from(spec: Spec) -> Self {
        let region = |Region { name }| wire::Region { name };
        Self {
            regions: spec.regions.into_iter().map(region).collect(),
            bot: spec.bot.map(|Bot { name }| wire::Bot { name }),
            token: spec.token.map(|token| wire::Token {
                join_method: token.join_method,
                allow: token.allow.into_iter().map(wire::Allow::from).collect(),
            }),
        }
    }
}

impl From<wire::WorkloadClusterSpec> for Spec {
    fn from(spec: wire::WorkloadClusterSpec) -> Self {
        let region = |wire::Region { name }| Region { name };
        Self {
            regions: spec.regions.into_iter().map(region).collect(),
            bot: spec.bot.map(|wire::Bot { name }| Bot { name }),
            token: spec.token.map(|token| Token {
                join_method: token.join_method,
                allow: token.allow.into_iter().map(Allow::from).collect(),
            }),
        }
    }
}

impl From<Allow> for wire::Allow {
    fn from(rule: Allow) -> Self {
        Self {
            aws_account: rule.aws_account,
            aws_arn: rule.aws_arn,
        }
    }
}

impl From<wire::Allow> for Allow {
    fn from(rule: wire::Allow) -> Self {
        Self {
            aws_account: rule.aws_account,
            aws_arn: rule.aws_arn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_survives_the_wire() {
        let text = r#"{"regions":[{"name":"us-west-2"}],"bot":{"name":"b"},
            "token":{"join_method":"iam","allow":[{"aws_account":"1","aws_arn":"2"}]}}"#;
        let spec: Spec = serde_json::from_str(text).unwrap();
        let wire = wire::WorkloadClusterSpec::from(spec.clone());
        assert_eq!(Spec::from(wire), spec);
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let error = serde_json::from_str::<Spec>(r#"{"region":[]}"#).unwrap_err();
        assert!(error.to_string().contains("region"), "{error}");
    }
}
