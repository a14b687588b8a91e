//! What the server refuses in a workload cluster before it looks at what there is.

use teleport_proto::teleport::{
    header::v1::Metadata,
    workloadcluster::v1::{Allow, WorkloadCluster, WorkloadClusterSpec},
};

use crate::{rules::WORKLOAD_CLUSTER, store::Refusal};

/// Checks what a caller wants to write, and drops what the server drops. Kind and version are not looked at.
pub(super) fn check(cluster: &mut WorkloadCluster) -> Result<(), Refusal> {
    WORKLOAD_CLUSTER.name.clone_into(&mut cluster.kind);
    VERSION.clone_into(&mut cluster.version);
    cluster.sub_kind.clear();
    let metadata = cluster.metadata.as_ref();
    check_metadata(metadata.ok_or_else(|| missing("metadata"))?)?;
    let spec = cluster.spec.as_mut().ok_or_else(|| missing("spec"))?;
    if spec.bot.as_ref().is_some_and(|bot| bot.name.is_empty()) {
        spec.bot = None;
    }
    let token = spec.token.as_ref();
    if token.is_some_and(|token| token.join_method.is_empty()) {
        spec.token = None;
    }
    check_spec(spec)
}

/// Checks a name and a spec that do not come through the API by the API's rules. The answer is the text of the refusal.
pub(crate) fn check_outside(name: &str, spec: &WorkloadClusterSpec) -> Result<(), String> {
    check_name(name)
        .and_then(|()| check_spec(spec))
        .map_err(|refusal| refusal.text)
}

/// Checks a name. It becomes the first label of the domain (RFC 1123 section 2.1).
fn check_name(name: &str) -> Result<(), Refusal> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let valid = (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-');
    if valid {
        Ok(())
    } else if name.is_empty() {
        Err(missing("metadata.name"))
    } else {
        let shown: String = name.chars().take(MAX_SHOWN_CHARS).collect();
        Err(Refusal::invalid(format!(
            "metadata.name {shown:?} is not a valid DNS label: at most 63 lower case letters, digits and hyphens, with a \
             letter or digit at each end"
        )))
    }
}

fn check_metadata(metadata: &Metadata) -> Result<(), Refusal> {
    check_name(&metadata.name)?;
    let unsupported = [
        ("namespace", !metadata.namespace.is_empty()),
        ("description", !metadata.description.is_empty()),
        ("labels", !metadata.labels.is_empty()),
        ("expires", metadata.expires.is_some()),
    ];
    match unsupported.iter().find(|(_, set)| *set) {
        Some((field, _)) => Err(Refusal::invalid(format!(
            "metadata.{field} is not supported for workload_cluster"
        ))),
        None => Ok(()),
    }
}

fn check_spec(spec: &WorkloadClusterSpec) -> Result<(), Refusal> {
    if spec.regions.is_empty() {
        return Err(missing("spec.regions"));
    }
    if spec.regions.iter().any(|region| region.name.is_empty()) {
        return Err(missing("spec.regions.name"));
    }
    let Some(token) = &spec.token else {
        return Ok(());
    };
    if token.join_method != JOIN_METHOD {
        return Err(Refusal::invalid(format!(
            "spec.token.join_method {:?} is not supported, only \"iam\" is",
            token.join_method
        )));
    }
    let empty = |rule: &Allow| rule.aws_account.is_empty() && rule.aws_arn.is_empty();
    match token.allow.iter().position(empty) {
        Some(index) => Err(Refusal::invalid(format!(
            "spec.token.allow[{index}] needs aws_account or aws_arn"
        ))),
        None => Ok(()),
    }
}

fn missing(field: &str) -> Refusal {
    Refusal::invalid(format!("{field} is required"))
}

/// `version` of every workload cluster.
const VERSION: &str = "v1";
const JOIN_METHOD: &str = "iam";
const MAX_SHOWN_CHARS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use teleport_proto::teleport::workloadcluster::v1::{Bot, Region, Token};

    fn cluster() -> WorkloadCluster {
        WorkloadCluster {
            kind: "workload_cluster".to_owned(),
            sub_kind: String::new(),
            version: VERSION.to_owned(),
            metadata: Some(Metadata {
                name: "team-a".to_owned(),
                ..Metadata::default()
            }),
            spec: Some(WorkloadClusterSpec {
                regions: vec![Region {
                    name: "us-west-2".to_owned(),
                }],
                bot: Some(Bot {
                    name: "terraform".to_owned(),
                }),
                token: Some(Token {
                    join_method: "iam".to_owned(),
                    allow: vec![Allow {
                        aws_account: "123456789012".to_owned(),
                        aws_arn: String::new(),
                    }],
                }),
            }),
            status: None,
        }
    }

    fn refusal(change: impl FnOnce(&mut WorkloadCluster)) -> String {
        let mut cluster = cluster();
        change(&mut cluster);
        check(&mut cluster).unwrap_err().text
    }

    fn spec(cluster: &mut WorkloadCluster) -> &mut WorkloadClusterSpec {
        cluster.spec.as_mut().unwrap()
    }

    fn metadata(cluster: &mut WorkloadCluster) -> &mut Metadata {
        cluster.metadata.as_mut().unwrap()
    }

    #[test]
    fn a_whole_cluster_and_one_without_bot_and_token_pass() {
        assert!(check(&mut cluster()).is_ok());
        let mut adopted = cluster();
        spec(&mut adopted).bot = None;
        spec(&mut adopted).token = None;
        assert!(check(&mut adopted).is_ok());
    }

    #[test]
    fn missing_messages_are_named() {
        assert_eq!(refusal(|c| c.metadata = None), "metadata is required");
        assert_eq!(refusal(|c| c.spec = None), "spec is required");
        assert_eq!(
            refusal(|c| metadata(c).name.clear()),
            "metadata.name is required"
        );
    }

    #[test]
    fn every_field_of_the_metadata_but_name_and_revision_is_refused() {
        let labels = refusal(|c| {
            metadata(c).labels.insert("a".to_owned(), "b".to_owned());
        });
        assert!(labels.contains("metadata.labels is not supported"));
        let description = refusal(|c| metadata(c).description = "text".to_owned());
        assert!(description.contains("metadata.description"));
        let namespace = refusal(|c| metadata(c).namespace = "default".to_owned());
        assert!(namespace.contains("metadata.namespace"));
        let expires = refusal(|c| metadata(c).expires = Some(prost_types::Timestamp::default()));
        assert!(expires.contains("metadata.expires"));
    }

    #[test]
    fn kind_and_version_are_not_looked_at_and_half_a_bot_or_token_is_dropped() {
        let mut sparse = cluster();
        sparse.kind.clear();
        sparse.version = "v2".to_owned();
        sparse.sub_kind = "x".to_owned();
        spec(&mut sparse).bot = Some(Bot::default());
        spec(&mut sparse).token = Some(Token::default());
        check(&mut sparse).unwrap();
        let kind = (sparse.kind.as_str(), sparse.version.as_str());
        assert_eq!(kind, ("workload_cluster", "v1"));
        assert!(sparse.sub_kind.is_empty());
        let spec = sparse.spec.unwrap();
        assert_eq!((spec.bot, spec.token), (None, None));
    }

    #[test]
    fn a_name_that_is_no_dns_label_is_refused() {
        for name in ["Team", "a.b", "-a", "a-", "a_b", "é", &"a".repeat(64)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["a", "0", "a--b", &"a".repeat(63)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_spec_needs_regions_with_names() {
        assert_eq!(
            refusal(|c| spec(c).regions.clear()),
            "spec.regions is required"
        );
        assert!(refusal(|c| spec(c).regions[0].name.clear()).contains("spec.regions.name"));
    }

    #[test]
    fn a_token_is_of_the_method_iam_and_its_rules_say_something() {
        let method = refusal(|c| spec(c).token.as_mut().unwrap().join_method = "token".to_owned());
        assert!(method.contains("\"token\" is not supported"), "{method}");
        let rule = refusal(|c| {
            let allow = &mut spec(c).token.as_mut().unwrap().allow;
            allow.push(Allow::default());
        });
        assert_eq!(rule, "spec.token.allow[1] needs aws_account or aws_arn");
    }
}
