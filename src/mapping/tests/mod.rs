//! What a mapping is for the workload cluster, for messages with every kind of field, and for what a newer server sends.

mod entries;
mod kinds;
mod merge;
mod properties;
mod reconcile;
mod rules;
mod workload_cluster;

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use prost_reflect::{DescriptorPool, MessageDescriptor};
use tfplugin::{Attribute, AttributeShape, Value};

use super::{Mapping, Rules};

/// A message of `proto/test/kinds.proto`.
fn message(name: &str) -> MessageDescriptor {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mapping/tests/proto");
        protox::Compiler::new([include])
            .unwrap()
            .include_imports(true)
            .include_source_info(true)
            .open_file("test/kinds.proto")
            .unwrap()
            .descriptor_pool()
    });
    POOL.get_message_by_name(&format!("test.{name}")).unwrap()
}

fn everything() -> Mapping {
    static MAPPING: LazyLock<Mapping> = LazyLock::new(|| {
        let rules = Rules::new().duration("max_session_ttl");
        Mapping::new(message("Everything"), rules).unwrap()
    });
    MAPPING.clone()
}

/// The object with these attributes, and null for all other ones.
fn object<'n>(mapping: &Mapping, set: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    object_of(&mapping.schema_attributes(), set)
}

fn object_of<'n>(
    attributes: &BTreeMap<String, Attribute>,
    set: impl IntoIterator<Item = (&'n str, Value)>,
) -> Value {
    let mut object = Value::object(attributes.keys().map(|name| (name, Value::Null)));
    for (name, value) in set {
        assert!(attributes.contains_key(name), "{name}");
        object.set_field(name, value);
    }
    object
}

/// The attributes within a nested attribute.
fn nested(attribute: &Attribute) -> &BTreeMap<String, Attribute> {
    match &attribute.shape {
        AttributeShape::Nested(_, attributes) => attributes,
        AttributeShape::Type(ty) => panic!("{ty} must be nested"),
    }
}
