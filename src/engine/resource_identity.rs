//! The identity of an object (Terraform 1.12): the cluster that it is in, and its name.
//!
//! The cluster comes from private state, so the identity is known once the object was seen. Core shows and stores it in plain
//! text, so a kind whose names are secrets has none.

use tfplugin::{Attribute, Block, Private, Schema, Value};

use super::{Kind, Shape, kind::Name, private_state::PrivateState};
use crate::clusters::target::CLUSTER;

/// The schema of the identity. None where objects have none.
pub(super) fn schema(kind: &Kind) -> Option<Schema> {
    if kind.name_is_secret {
        return None;
    }
    let noun = kind.noun;
    let workload_clusters = if kind.in_workload_clusters {
        ", or the domain of one of its workload clusters"
    } else {
        ""
    };
    let cluster = Attribute::string().describe(format!(
        "Name of the Teleport cluster that the {noun} is in: that of the cluster of the provider block{workload_clusters}. Default: \
         the cluster of the provider block."
    ));
    let name = Attribute::string().describe(format!("Name of the {noun}."));
    let name = match kind.name {
        Name::Fixed(_) => name,
        Name::Given | Name::Generated(_) => name.required(),
    };
    let block = Block::new("").attribute(CLUSTER, cluster);
    Some(Schema::new(block.attribute(NAME, name)))
}

/// The identity of an object. None while its cluster is not known.
pub(super) fn of(shape: &Shape, state: &Value, private: &Private) -> Option<Value> {
    if shape.kind.name_is_secret {
        return None;
    }
    let name = shape.name(state)?;
    let cluster = PrivateState::read(private).cluster?;
    Some(named(&cluster, &name))
}

/// The identity of the object of a name in a cluster.
pub(super) fn named(cluster: &str, name: &str) -> Value {
    Value::object([(CLUSTER, cluster.into()), (NAME, name.into())])
}

/// The attribute that has the name.
pub(super) const NAME: &str = "name";
