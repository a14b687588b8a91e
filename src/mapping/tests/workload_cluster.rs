use crate::{
    framework::{Nesting, Presence, RequiresReplace, Shape, Type, Value},
    mapping::{Mapping, Rules},
    proto,
};

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

fn mapping() -> Mapping {
    let descriptor = proto::descriptors()
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
    let Shape::Nested(Nesting::Single, spec) = &spec.shape else {
        panic!("spec must be nested");
    };
    assert!(matches!(
        spec["regions"].shape,
        Shape::Nested(Nesting::List, _)
    ));
    assert_eq!(attributes["version"].default, Some(Value::from("v1")));
    let Shape::Nested(_, metadata) = &attributes["metadata"].shape else {
        panic!("metadata must be nested");
    };
    assert!(!metadata.contains_key("id"));
    assert_eq!(metadata["labels"].ty(), Type::map(Type::String));
    let Shape::Nested(_, status) = &attributes["status"].shape else {
        panic!("status must be nested");
    };
    assert_eq!(status["domain"].presence, Presence::Computed);
}
