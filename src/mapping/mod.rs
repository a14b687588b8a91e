//! A protobuf message descriptor seen as a Terraform schema.
//!
//! The `.proto` files are the schema: [`Mapping::new`] takes a message descriptor and [`Rules`], a small table of what
//! Terraform adds, and gives the attributes with their descriptions, and the way between values and messages. Nothing
//! here knows a resource kind.
//!
//! | field | attribute |
//! | --- | --- |
//! | bool, string | bool, string |
//! | integers, floats, enums | number; an enum is its number |
//! | bytes | string, Base64 |
//! | `google.protobuf.Timestamp` | string, RFC 3339; Go's zero time, the start of year 1, is null |
//! | `google.protobuf.Duration`, 64-bit nanoseconds by [`Rules::duration`] | string: Go's syntax, and `d`, `mo`, `y` |
//! | message | nested object |
//! | repeated | list; of messages: nested list |
//! | map | map; to messages: nested map; keys as texts |
//! | `types.BoolValue` and protobuf's own wrappers | what is in them; absent is null |
//! | `wrappers.LabelValues` | map of lists of strings |
//! | member of a oneof | an optional attribute; more than one set is an error |
//!
//! A field that protobuf cannot tell from an absent one - a plain scalar that is 0, false or "", an empty list or map, a
//! message in which nothing is set - is null. [`Mapping::reconcile`] brings back the form in which a person wrote it.
//! `optional` scalars, wrapped scalars and members of a oneof know the difference, and so do their attributes.

mod comments;
mod decode;
mod encode;
mod fields;
mod reconcile;
mod rules;
mod scalar;
mod schema;
mod tctl;
mod timestamp;

use std::{collections::BTreeMap, fmt, sync::Arc};

use prost_reflect::{DynamicMessage, MessageDescriptor};
use tfplugin::{Attribute, Diagnostics, Path, Value};

pub use rules::Rules;
pub use tctl::UnknownNames;

use self::{decode::Absent, encode::Encoder, fields::Message};
use crate::errors::{self, Summary};

/// A message as attributes.
///
/// An attribute has the name of its field: the `json_name` where the `.proto` says one, else the field's own name, in
/// snake case where it is in Go's camel case; [`Rules::rename`] says otherwise. Its description is the field's comment.
///
/// Objects may have more attributes than the message has fields, such as `id` and `timeouts`: they are left alone.
#[derive(Clone)]
pub struct Mapping {
    message: Arc<Message>,
}

impl Mapping {
    /// A message with what the rules add.
    ///
    /// # Errors
    ///
    /// When a rule fits no field, or a field cannot be an attribute. Both are mistakes in the table of rules.
    pub fn new(descriptor: MessageDescriptor, rules: Rules) -> Result<Self, InvalidMapping> {
        Ok(Self {
            message: Arc::new(Message::new(descriptor, &rules)?),
        })
    }

    /// The message.
    pub fn descriptor(&self) -> &MessageDescriptor {
        &self.message.descriptor
    }

    /// What the message is, in Markdown, by its comment.
    pub fn description(&self) -> String {
        comments::Comments::default().message(&self.message.descriptor)
    }

    /// The attributes by name, for a [`Block`](tfplugin::Block).
    ///
    /// They check their own values: the form of times, durations and Base64, the range of numbers, oneofs.
    pub fn schema_attributes(&self) -> BTreeMap<String, Attribute> {
        self.message.attributes(&mut comments::Comments::default())
    }

    /// Checks what no attribute can check by itself: the oneofs of the outermost message.
    pub fn validate(&self, config: &Value, diags: &mut Diagnostics) {
        self.message.check_oneofs(config, &Path::root(), diags);
    }

    /// A new message that says what an object says: [`Mapping::merge_into`] an empty one.
    ///
    /// # Errors
    ///
    /// As for [`Mapping::merge_into`].
    pub fn to_message(&self, object: &Value) -> Result<DynamicMessage, Diagnostics> {
        let mut message = DynamicMessage::new(self.message.descriptor.clone());
        self.merge_into(object, &mut message)?;
        Ok(message)
    }

    /// Writes an object, a configuration or a planned one, into a message that a server sent.
    ///
    /// - A value is set. A value of a computed attribute is not: it is the server's.
    /// - Null takes a field out. Where an attribute has a default, null is that; where it is optional and computed, null
    ///   and unknown leave what the server has, and so does null where it is write-only.
    /// - All else stays as it is: omitted fields, and fields that a newer server knows, also within messages that the
    ///   attributes describe. An element of a list goes on from the old element that says the same, or else from the one
    ///   at its place.
    ///
    /// # Errors
    ///
    /// Values that are unknown or that the field cannot hold, and oneofs with more than one member, each with its path.
    /// The message is unchanged then.
    pub fn merge_into(
        &self,
        object: &Value,
        message: &mut DynamicMessage,
    ) -> Result<(), Diagnostics> {
        let mut diags = Diagnostics::new();
        let mut merged = message.clone();
        if object.as_fields().is_some() {
            Encoder::new(&mut diags).message(&self.message, object, &Path::root(), &mut merged);
        } else {
            errors::error(Summary::InvalidConfiguration)
                .detail(
                    "There is no object to send to the cluster. This is a fault of the provider; please report it to its developers.",
                )
                .add(&mut diags);
        }
        if diags.has_errors() {
            return Err(diags);
        }
        *message = merged;
        Ok(())
    }

    /// The object that a message is, with every attribute of the mapping and no other. Write-only ones are null.
    pub fn to_value(&self, message: &DynamicMessage) -> Value {
        self.message.decode(message, Absent::Null)
    }

    /// As [`Mapping::to_value`], with the empty value instead of null for what is absent where that means the same: `""`, 0,
    /// false, an empty list or map. An object that is on the wire is there, an absent one is null.
    ///
    /// An imported state is such an object, so that a configuration that says `labels = {}` differs from it as little as one
    /// without `labels`.
    pub fn to_full_value(&self, message: &DynamicMessage) -> Value {
        self.message.decode(message, Absent::Empty)
    }

    /// The server's object in the form of the reference, the plan or the prior state, wherever the two say the same.
    ///
    /// These differences mean nothing, and the reference's form is kept:
    ///
    /// - null, and what protobuf cannot tell from it: "", 0, false, an empty list or map, a zero duration, the start of
    ///   year 1, an object in which all attributes are so. Not for `optional` scalars, wrapped scalars and members of a
    ///   oneof, where absent and empty are two things.
    /// - texts of the same duration (`90m`, `1h30m0s`), of the same time (`+02:00`, `Z`), of the same bytes;
    /// - numbers that are the same once they have the width of the field (0.1 as a 32-bit float).
    ///
    /// Lists are compared element by element in order, maps by key, objects by attribute, each by these rules. Whatever
    /// else differs is the server's. What the reference does not know is the server's, or null where that has nothing.
    /// Attributes outside of the mapping are the server's.
    pub fn reconcile(&self, server: Value, reference: &Value) -> Value {
        self.message.reconcile(server, reference)
    }

    /// Whether two objects differ in nothing but what [`Mapping::reconcile`] takes for the same. Looks only at the
    /// attributes of the mapping. What is unknown is like nothing else.
    pub fn same(&self, one: &Value, other: &Value) -> bool {
        self.message.same(one, other)
    }

    /// Whether a value of the attribute at this path of names says as much as null: what [`Mapping::reconcile`] takes for the
    /// same. `false` for a path that names no attribute of the mapping. Lists of objects are entered without an index.
    pub fn is_empty_at(&self, names: &[&str], value: &Value) -> bool {
        self.message.is_empty_at(names, value)
    }

    /// The object with null for every attribute that says as much. Attributes outside of the mapping are left as they are.
    pub fn as_written(&self, object: Value) -> Value {
        self.message.as_written(object)
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mapping")
            .field(&self.descriptor().full_name())
            .finish()
    }
}

/// A table of rules that does not fit its message.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidMapping {
    /// A rule fits no field.
    #[error("the rule for {path} fits no attribute of {message}")]
    NoSuchField {
        /// Path of the rule.
        path: String,
        /// Full name of the outermost message.
        message: String,
    },
    /// A message contains itself. The field must be omitted.
    #[error("{path} is a {message} within a {message}, and must be omitted")]
    Recursive {
        /// Path of the field.
        path: String,
        /// Full name of the message.
        message: String,
    },
    /// Two fields of a message would be attributes of one name.
    #[error("two attributes of {message} have the name {name}")]
    SameName {
        /// Name of both.
        name: String,
        /// Full name of the message.
        message: String,
    },
    /// No field of a message is an attribute. The field that holds it must be omitted.
    #[error("{path} is a {message} without attributes, and must be omitted")]
    NoFields {
        /// Path of the field.
        path: String,
        /// Full name of the message.
        message: String,
    },
    /// A field that is said to hold nanoseconds does not hold 64-bit signed integers.
    #[error("{path} does not hold 64-bit nanoseconds")]
    NoNanoseconds {
        /// Path of the field.
        path: String,
    },
}

#[cfg(test)]
mod tests;
