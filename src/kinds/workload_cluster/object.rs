//! A workload cluster as message and as value.

use std::collections::BTreeMap;

use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage, Value as Field};
use sha2::{Digest, Sha256};
use tfplugin::{Attribute, Block, Diagnostics, Schema, Shape, Validator, Value};

use super::validate;
use crate::{
    engine::timeouts,
    mapping::{Mapping, Rules},
};

pub(super) const READY: &str = "ready";
pub(super) const DELETION_PROTECTION: &str = "deletion_protection";
pub(super) const ALLOW_SAME_NAME: &str = "allow_same_name_replacement";

/// The shape of workload clusters, and the way between message and value.
pub(super) struct Objects {
    mapping: Mapping,
}

impl Objects {
    pub(super) fn new() -> Self {
        let message = teleport_proto::descriptors()
            .get_message_by_name("teleport.workloadcluster.v1.WorkloadCluster")
            .expect("the workload cluster must be in the descriptors");
        let mapping =
            Mapping::new(message, rules()).expect("the rules must fit the workload cluster");
        Self { mapping }
    }

    /// The schema of the resource: the message, and what Terraform needs beside it.
    pub(super) fn schema(&self) -> Schema {
        let mut block = Block::new(
            "A Teleport Cloud cluster that belongs to another one, its parent. Creating it takes some minutes: the apply waits \
             until it is active.\n\nIts configuration cannot be changed, so every change of `metadata`, `spec` or `version` \
             replaces it. The name of a deleted cluster is held for 14 days.",
        );
        block.attributes = self.mapping.schema_attributes();
        let block = block
            .attribute(
                "id",
                Attribute::string().computed().use_state_for_unknown().describe("Name of the workload cluster."),
            )
            .attribute(
                READY,
                Attribute::bool().computed().describe(
                    "Whether an apply has seen the workload cluster active. `false` after an interruption or a time-out; the \
                     next apply then goes on waiting. It stays `true` whatever becomes of `status.state` later.",
                ),
            )
            .attribute("timeouts", timeouts::attribute(&[("create", "15m")]))
            .attribute(
                DELETION_PROTECTION,
                Attribute::bool().describe("Whether to refuse to destroy the workload cluster. Default: `false`."),
            )
            .attribute(
                ALLOW_SAME_NAME,
                Attribute::bool().describe(
                    "Whether a replacement may destroy the workload cluster and make another one of the same name. With \
                     Teleport Cloud this cannot work, since it holds the names of deleted clusters for 14 days: the tenant \
                     would be gone. So such a replacement is refused before anything is deleted, unless this is `true`. \
                     Default: `false`.",
                ),
            );
        Schema::new(block)
    }

    /// The attributes that come from the message, for data sources.
    pub(super) fn attributes(&self) -> BTreeMap<String, Attribute> {
        let mut attributes = self.mapping.schema_attributes();
        for (path, description) in READ {
            if let Some(attribute) = attribute_at(&mut attributes, path) {
                attribute.description = description.to_owned();
            }
        }
        attributes
    }

    /// The message that asks for this cluster: what the server takes, and nothing else.
    ///
    /// # Errors
    ///
    /// Names what is unknown or does not fit.
    pub(super) fn message(&self, object: &Value) -> Result<DynamicMessage, Diagnostics> {
        let mut asked = object.clone();
        asked.set_field("status", Value::Null);
        asked.set_field(
            "metadata",
            Value::object([("name", object.at(&["metadata", "name"]).clone())]),
        );
        self.mapping.to_message(&asked)
    }

    /// The object of the state: what the server says, in the words of the reference where they mean the same, and the
    /// arguments of the provider alone from the reference.
    pub(super) fn value(&self, cluster: &DynamicMessage, reference: &Value) -> Value {
        let mut object = self
            .mapping
            .reconcile(self.mapping.to_value(cluster), reference);
        for name in [READY, "timeouts", DELETION_PROTECTION, ALLOW_SAME_NAME] {
            let value = reference.field(name);
            object.set_field(
                name,
                if value.is_unknown() {
                    Value::Null
                } else {
                    value.clone()
                },
            );
        }
        object.set_field("id", object.at(&["metadata", "name"]).clone());
        // It changes without a change of anything that is configured.
        let revision = Some(reference.at(REVISION)).filter(|revision| revision.is_set());
        object.set_at(REVISION, revision.cloned().unwrap_or_default());
        object
    }

    /// What the server says, as it is.
    pub(super) fn reported(&self, cluster: &DynamicMessage) -> Value {
        self.mapping.to_value(cluster)
    }

    /// A digest of everything immutable, the same for all that means the same. None while a part of it is unknown.
    pub(super) fn digest(&self, object: &Value) -> Option<String> {
        // There and back: an empty object and none are two messages, but one value.
        let canonical = self.mapping.to_value(&self.message(object).ok()?);
        let message = self.message(&canonical).ok()?;
        let digest = Sha256::digest(message.encode_to_vec());
        Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Whether the cluster is what this object asks for.
    pub(super) fn same(&self, cluster: &DynamicMessage, object: &Value) -> bool {
        let asked = self.digest(object);
        asked.is_some() && asked == self.digest(&self.reported(cluster))
    }
}

const REVISION: &[&str] = &["metadata", "revision"];

/// Name of the cluster of an object, where it is known.
pub(super) fn name(object: &Value) -> Option<String> {
    object.at(&["metadata", "name"]).as_str().map(str::to_owned)
}

/// Whether the object says that it must not be deleted.
pub(super) fn is_protected(object: &Value) -> bool {
    object.field(DELETION_PROTECTION).as_bool() == Some(true)
}

/// `status.state` of a message. None where there is no status or no text.
pub(super) fn state(cluster: &DynamicMessage) -> Option<String> {
    status(cluster, "state")
}

/// `status.domain` of a message. None where there is no status or no text.
pub(super) fn domain(cluster: &DynamicMessage) -> Option<String> {
    status(cluster, "domain")
}

fn status(cluster: &DynamicMessage, name: &str) -> Option<String> {
    let status = cluster.descriptor().get_field_by_name("status")?;
    if !cluster.has_field(&status) {
        return None;
    }
    let status = cluster.get_field(&status);
    let field = status.as_message()?.get_field_by_name(name)?;
    match field.as_ref() {
        Field::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// The value with null for every empty text and map. The official provider stores what nobody set as empty, and taken for the
/// words of the configuration that would show as a change.
pub(super) fn without_empty(value: Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => Value::Null,
        Value::Map(entries) if entries.is_empty() => Value::Null,
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, without_empty(value)))
                .collect(),
        ),
        Value::List(elements) => Value::List(elements.into_iter().map(without_empty).collect()),
        other => other,
    }
}

fn attribute_at<'a>(
    attributes: &'a mut BTreeMap<String, Attribute>,
    path: &[&str],
) -> Option<&'a mut Attribute> {
    let (name, rest) = path.split_first()?;
    let attribute = attributes.get_mut(*name)?;
    if rest.is_empty() {
        return Some(attribute);
    }
    match &mut attribute.shape {
        Shape::Nested(_, inner) => attribute_at(inner, rest),
        Shape::Type(_) => None,
    }
}

/// What data sources say of attributes that the resource describes by what can be set.
const READ: [(&[&str], &str); 7] = [
    (&["status"], "What Teleport Cloud reports."),
    (
        &["metadata", "revision"],
        "Opaque text that changes with every write.",
    ),
    (&["sub_kind"], "Empty: workload clusters have none."),
    (
        &["metadata", "description"],
        "Empty: workload clusters have none.",
    ),
    (
        &["metadata", "labels"],
        "Empty: workload clusters have none.",
    ),
    (
        &["metadata", "expires"],
        "Empty: workload clusters do not expire.",
    ),
    (
        &["metadata", "namespace"],
        "Empty: workload clusters have none.",
    ),
];

fn rules() -> Rules {
    Rules::new()
        .default_to("kind", validate::KIND)
        .validate("kind", Validator::new(validate::check_kind))
        .default_to("version", validate::VERSION)
        .validate("version", Validator::new(validate::check_version))
        .requires_replace("version")
        .requires_replace("sub_kind")
        .describe("sub_kind", "Workload clusters have none, and Teleport refuses it.")
        .required("metadata")
        .requires_replace("metadata")
        .required("metadata.name")
        .validate("metadata.name", Validator::new(validate::check_name))
        .describe(
            "metadata.name",
            "Name of the workload cluster: lower-case letters, digits and `-`, at most 63. It becomes the first label of the \
             domain.",
        )
        .describe("metadata.description", "Workload clusters have none, and Teleport refuses it.")
        .describe("metadata.labels", "Workload clusters have none, and Teleport refuses them.")
        .describe("metadata.expires", "Workload clusters do not expire, and Teleport refuses it.")
        .optional_computed("metadata.namespace")
        .describe("metadata.namespace", "Workload clusters have none, and Teleport refuses it.")
        .optional_computed("metadata.revision")
        .describe("metadata.revision", "Read-Only, do not set: opaque text that changes with every write.")
        .omit("metadata.id")
        .required("spec")
        .requires_replace("spec")
        .required("spec.regions")
        .required("spec.regions.name")
        .required("spec.bot.name")
        .validate("spec.bot.name", Validator::new(validate::check_bot_name))
        .required("spec.token.join_method")
        .required("spec.token.allow")
        .validate("spec.regions.name", Validator::new(validate::check_region))
        .validate(
            "spec.token.join_method",
            Validator::new(validate::check_join_method),
        )
        .validate(
            "spec.token.allow.aws_account",
            Validator::new(validate::check_account),
        )
        .validate(
            "spec.token.allow.aws_arn",
            Validator::new(validate::check_arn),
        )
        .optional_computed("status")
        .describe("status", "Read-Only, do not set: what Teleport Cloud reports. `{}` is accepted, as in configurations of the official \
             provider, and says nothing.")
        .optional_computed("status.state")
        .optional_computed("status.domain")
}
