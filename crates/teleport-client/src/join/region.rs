//! Which host of AWS STS a request is signed for. Auth servers send it to hosts that they know, and to no others
//! (`lib/join/iamjoin` in gravitational/teleport).

/// A host of AWS STS, and the region to sign for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) region: String,
}

/// A region in a part of AWS whose hosts auth servers do not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Teleport does not know an AWS STS host for the region {0:?}")]
pub(crate) struct UnknownPartition(String);

/// The region that the environment names, by the variables and in the order of the AWS SDK. Unlike there, a variable that is set to
/// nothing counts as not set.
pub(super) fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let named = |name: &&str| variable(name).filter(|region| is_named(region));
    ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(named)
}

/// Whether a source of regions names one.
pub(super) fn is_named(region: &str) -> bool {
    !region.trim().is_empty()
}

/// The host for a region. Without a region, and for one that is newer than the servers' lists, it is one of the same partition:
/// who the caller is does not depend on the region.
pub(super) fn endpoint(region: Option<&str>) -> Result<Endpoint, UnknownPartition> {
    let region = region.unwrap_or(DEFAULT_REGION);
    let partition = PARTITIONS
        .iter()
        .find(|partition| partition.includes(region))
        .ok_or_else(|| UnknownPartition(shown(region)))?;
    let region = if partition.regions.contains(&region) {
        region
    } else {
        tracing::debug!(
            region,
            instead = partition.regions[0],
            "the region is newer than the lists of Teleport's servers"
        );
        partition.regions[0]
    };
    Ok(Endpoint {
        host: format!("sts.{region}.{}", partition.suffix),
        region: region.to_owned(),
    })
}

/// A region for an error or a log. What does not look like one is not repeated: it may be a secret in the wrong variable.
pub(super) fn shown(region: &str) -> String {
    let is_of_region =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.len() <= 32 && region.bytes().all(is_of_region) {
        region.to_owned()
    } else {
        "(not the name of a region, not shown)".to_owned()
    }
}

/// A part of AWS with its own accounts and credentials.
struct Partition {
    /// How its regions begin. Empty for the one that has all others.
    prefix: &'static str,
    /// How its hosts end.
    suffix: &'static str,
    /// Invariant: not empty. The first is used for regions that are not listed.
    regions: &'static [&'static str],
}

impl Partition {
    fn includes(&self, region: &str) -> bool {
        if self.prefix.is_empty() {
            // Standard regions have two letters first, `us-east-1`; those of partitions that are not listed have more.
            let first = region.split('-').next().unwrap_or_default();
            return first.len() == 2 && !region.contains("-iso");
        }
        region.starts_with(self.prefix)
    }
}

/// The only region of the standard partition that cannot be disabled.
const DEFAULT_REGION: &str = "us-east-1";

const PARTITIONS: [Partition; 5] = [
    Partition {
        prefix: "cn-",
        suffix: "amazonaws.com.cn",
        regions: &["cn-north-1", "cn-northwest-1"],
    },
    Partition {
        prefix: "us-gov-",
        suffix: "amazonaws.com",
        regions: &["us-gov-west-1", "us-gov-east-1"],
    },
    Partition {
        prefix: "us-iso-",
        suffix: "c2s.ic.gov",
        regions: &["us-iso-east-1", "us-iso-west-1"],
    },
    Partition {
        prefix: "us-isob-",
        suffix: "sc2s.sgov.gov",
        regions: &["us-isob-east-1"],
    },
    Partition {
        prefix: "",
        suffix: "amazonaws.com",
        regions: &[
            DEFAULT_REGION,
            "us-east-2",
            "us-west-1",
            "us-west-2",
            "af-south-1",
            "ap-east-1",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "sa-east-1",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn host(region: &str) -> String {
        endpoint(Some(region)).unwrap().host
    }

    #[test]
    fn known_regions_have_their_own_host() {
        for (region, expected) in [
            ("eu-west-1", "sts.eu-west-1.amazonaws.com"),
            ("us-gov-east-1", "sts.us-gov-east-1.amazonaws.com"),
            ("cn-northwest-1", "sts.cn-northwest-1.amazonaws.com.cn"),
            ("us-iso-west-1", "sts.us-iso-west-1.c2s.ic.gov"),
            ("us-isob-east-1", "sts.us-isob-east-1.sc2s.sgov.gov"),
        ] {
            assert_eq!(host(region), expected);
            assert_eq!(endpoint(Some(region)).unwrap().region, region);
        }
    }

    #[test]
    fn without_a_region_it_is_that_which_is_always_there() {
        assert_eq!(
            endpoint(None).unwrap(),
            Endpoint {
                host: "sts.us-east-1.amazonaws.com".to_owned(),
                region: "us-east-1".to_owned()
            }
        );
    }

    #[test]
    fn a_variable_that_is_set_to_nothing_names_no_region() {
        for (first, second, expected) in [
            (Some("eu-west-1"), Some("us-west-2"), Some("eu-west-1")),
            (Some(""), Some("us-west-2"), Some("us-west-2")),
            (Some(" "), Some("us-west-2"), Some("us-west-2")),
            (None, Some("us-west-2"), Some("us-west-2")),
            (Some(""), Some(""), None),
            (None, None, None),
        ] {
            let found = of_environment(|name| {
                let value = if name == "AWS_REGION" { first } else { second };
                value.map(str::to_owned)
            });
            assert_eq!(found.as_deref(), expected, "{first:?} {second:?}");
        }
    }

    #[test]
    fn a_newer_region_is_replaced_by_one_of_its_partition_in_host_and_signature() {
        for (region, instead) in [
            ("ap-southeast-7", "us-east-1"),
            ("mx-central-1", "us-east-1"),
            ("us-gov-south-1", "us-gov-west-1"),
            ("cn-south-9", "cn-north-1"),
        ] {
            let endpoint = endpoint(Some(region)).unwrap();
            assert_eq!(endpoint.region, instead, "{region}");
            assert!(endpoint.host.contains(instead), "{region}");
        }
    }

    #[test]
    fn a_region_of_another_partition_is_refused() {
        for region in ["eusc-de-east-1", "us-isof-south-1", "eu-isoe-west-1"] {
            assert_eq!(
                endpoint(Some(region)),
                Err(UnknownPartition(region.to_owned()))
            );
        }
    }
}
