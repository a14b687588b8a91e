use std::collections::BTreeMap;

use teleport_proto::teleport::{
    header::v1::Metadata,
    workloadcluster::v1::{Bot, Region, WorkloadCluster, WorkloadClusterSpec},
};
use tfplugin::{Attribute, AttributeShape, Nesting, Presence, RequiresReplace, Type, Value};

use super::{nested, object, object_of};
use crate::mapping::{Mapping, Rules};

fn rules() -> Rules {
    Rules::new()
        .optional_computed("kind")
        .default_to("version", "v1")
        .required("metadata")
        .required("metadata.name")
        .optional_computed("metadata.namespace")
        .optional_computed("metadata.revision")
        .omit("metadata.id")
        .required("spec")
        .requires_replace("spec")
        .computed("status")
}

pub(super) fn mapping() -> Mapping {
    let descriptor = teleport_proto::descriptors()
        .get_message_by_name("teleport.workloadcluster.v1.WorkloadCluster")
        .unwrap();
    Mapping::new(descriptor, rules()).unwrap()
}

#[test]
fn the_attributes_are_those_of_the_message() {
    let attributes = mapping().schema_attributes();
    assert_eq!(
        attributes.keys().collect::<Vec<_>>(),
        ["kind", "metadata", "spec", "status", "sub_kind", "version"]
    );
    let spec = &attributes["spec"];
    assert_eq!(spec.presence, Presence::Required);
    assert_eq!(spec.requires_replace, RequiresReplace::Always);
    assert_eq!(
        spec.ty().to_string(),
        "object({bot=object({name=string}), regions=list(object({name=string})), \
         token=object({allow=list(object({aws_account=string, aws_arn=string})), join_method=string})})"
    );
    let AttributeShape::Nested(Nesting::Single, spec) = &spec.shape else {
        panic!("spec must be nested");
    };
    assert!(matches!(
        spec["regions"].shape,
        AttributeShape::Nested(Nesting::List, _)
    ));
    assert_eq!(attributes["version"].default, Some(Value::from("v1")));
    let AttributeShape::Nested(_, metadata) = &attributes["metadata"].shape else {
        panic!("metadata must be nested");
    };
    assert!(!metadata.contains_key("id"));
    assert_eq!(metadata["labels"].ty(), Type::map(Type::String));
    let AttributeShape::Nested(_, status) = &attributes["status"].shape else {
        panic!("status must be nested");
    };
    assert_eq!(status["domain"].presence, Presence::Computed);
}

#[test]
fn every_attribute_is_described_by_its_comment() {
    fn check(attributes: &BTreeMap<String, Attribute>, outer: &str) {
        for (name, attribute) in attributes {
            let path = format!("{outer}{name}");
            assert!(!attribute.description.is_empty(), "{path}");
            assert!(attribute.description.ends_with('.'), "{path}");
            if let AttributeShape::Nested(_, inner) = &attribute.shape {
                check(inner, &format!("{path}."));
            }
        }
    }
    let attributes = mapping().schema_attributes();
    check(&attributes, "");
    let token = &nested(&nested(&attributes["spec"])["token"])["allow"];
    assert_eq!(
        nested(token)["aws_arn"].description,
        "ARN of the caller as AWS STS reports it: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` for a role, \
         `arn:aws:iam::ACCOUNT:user/NAME` for a user. `*` matches any text, and `?` one character."
    );
    assert_eq!(
        attributes["status"].description,
        "What Teleport Cloud reports."
    );
}

#[test]
fn a_configuration_becomes_the_message_that_the_server_takes() {
    let mapping = mapping();
    let attributes = mapping.schema_attributes();
    let spec = nested(&attributes["spec"]);
    let name = |name: &str| Value::object([("name", name.into())]);
    let metadata = object_of(
        nested(&attributes["metadata"]),
        [("name", "child".into()), ("revision", Value::Unknown)],
    );
    let planned = object(
        &mapping,
        [
            ("kind", Value::Unknown),
            ("metadata", metadata),
            (
                "spec",
                object_of(
                    spec,
                    [
                        ("regions", Value::List(vec![name("us-west-2")])),
                        ("bot", name("terraform")),
                    ],
                ),
            ),
            ("status", Value::Unknown),
        ],
    );
    let message = mapping.to_message(&planned).unwrap();
    let typed: WorkloadCluster = message.transcode_to().unwrap();
    assert_eq!(
        typed,
        WorkloadCluster {
            version: "v1".to_owned(),
            metadata: Some(Metadata {
                name: "child".to_owned(),
                ..Metadata::default()
            }),
            spec: Some(WorkloadClusterSpec {
                regions: vec![Region {
                    name: "us-west-2".to_owned()
                }],
                bot: Some(Bot {
                    name: "terraform".to_owned()
                }),
                token: None,
            }),
            ..WorkloadCluster::default()
        }
    );
}
