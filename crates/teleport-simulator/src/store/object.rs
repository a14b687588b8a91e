//! What is stored of an object, and what all objects have in common: the fields of their metadata have the same numbers.

use std::{collections::HashMap, time::SystemTime};

use prost::Message;
use prost_reflect::{DynamicMessage, MapKey, MessageDescriptor, Value};
use prost_types::Timestamp;

use super::Refusal;
use crate::rules::{metadata, user::Credentials, workload_cluster::Life};

/// One stored object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) message: DynamicMessage,
    /// What belongs to it and is not in the message.
    pub(crate) beside: Beside,
    /// When it is gone.
    pub(super) expires: Option<SystemTime>,
}

/// What belongs to an object and is not in its message.
#[derive(Debug, Clone, Default)]
pub(crate) enum Beside {
    #[default]
    Nothing,
    /// Of a user.
    Credentials(Credentials),
    /// Of a workload cluster.
    Life(Box<Life>),
}

impl Object {
    pub(super) fn new(message: DynamicMessage, beside: Beside) -> Self {
        let expires = field(&message, EXPIRES).and_then(|value| {
            let timestamp = value.as_message()?.transcode_to::<Timestamp>().ok()?;
            Some(metadata::time_of(timestamp))
        });
        Self {
            message,
            beside,
            expires,
        }
    }

    /// Whether it is gone because its time has come.
    pub(super) fn is_expired(&self) -> bool {
        self.expires
            .is_some_and(|expires| expires <= SystemTime::now())
    }
}

/// The descriptor of the type `name`.
pub(crate) fn descriptor(name: &str) -> MessageDescriptor {
    let found = teleport_proto::descriptors().get_message_by_name(name);
    found.expect("the table of kinds must name messages of the descriptor pool")
}

/// The typed form of a message.
pub(crate) fn typed<T: Message + Default>(message: &DynamicMessage) -> Result<T, Refusal> {
    let typed = message.transcode_to();
    typed.map_err(|error| Refusal::invalid(format!("malformed message: {error}")))
}

/// The untyped form of a message of the type `name`.
pub(crate) fn untyped<T: Message>(name: &str, typed: &T) -> Result<DynamicMessage, Refusal> {
    let mut message = DynamicMessage::new(descriptor(name));
    let made = message.transcode_from(typed);
    made.map_err(|error| Refusal::invalid(format!("malformed message: {error}")))?;
    Ok(message)
}

/// Name of an object, empty when it has none.
pub(crate) fn name(message: &DynamicMessage) -> String {
    text(message, NAME)
}

/// Revision of an object, empty when it has none.
pub(crate) fn revision(message: &DynamicMessage) -> String {
    text(message, REVISION)
}

/// Sets the revision of an object.
pub(crate) fn set_revision(message: &mut DynamicMessage, revision: String) {
    if let Some(Value::Message(metadata)) = message.get_field_by_number_mut(METADATA) {
        metadata.set_field_by_number(REVISION, Value::String(revision));
    }
}

/// Labels of an object.
pub(crate) fn labels(message: &DynamicMessage) -> HashMap<String, String> {
    let Some(Value::Map(labels)) = field(message, LABELS) else {
        return HashMap::new();
    };
    let pair = |(key, value): (MapKey, Value)| {
        Some((key.as_str()?.to_owned(), value.as_str()?.to_owned()))
    };
    labels.into_iter().filter_map(pair).collect()
}

/// Whether every one of `keywords` is in the name, the description or the labels.
pub(crate) fn matches(message: &DynamicMessage, keywords: &[String]) -> bool {
    let mut all = format!("{}\n{}", name(message), text(message, DESCRIPTION));
    for (key, value) in labels(message) {
        all.push_str(&format!("\n{key}\n{value}"));
    }
    let all = all.to_lowercase();
    keywords
        .iter()
        .all(|keyword| all.contains(&keyword.to_lowercase()))
}

fn text(message: &DynamicMessage, number: u32) -> String {
    let value = field(message, number);
    value
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A field of the metadata that is set.
fn field(message: &DynamicMessage, number: u32) -> Option<Value> {
    let metadata = message.get_field_by_number(METADATA)?;
    let metadata = metadata.as_message()?;
    metadata
        .has_field_by_number(number)
        .then(|| metadata.get_field_by_number(number))?
        .map(|value| value.into_owned())
}

const METADATA: u32 = 4;
const NAME: u32 = 1;
const DESCRIPTION: u32 = 3;
const LABELS: u32 = 5;
const EXPIRES: u32 = 6;
const REVISION: u32 = 8;
