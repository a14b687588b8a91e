//! The replay: makes the calls of a recording, and collects what is different.

use std::{collections::HashMap, fmt::Write};

use prost::Message;
use prost_reflect::{DynamicMessage, SerializeOptions, Value as Field};
use serde::Deserialize;
use serde_json::{Value, json};
use tonic::{Request, Status, client::Grpc, codegen::http::uri::PathAndQuery, transport::Channel};

use super::{
    super::{Simulator, dial},
    steps::{self, Sends},
};
use crate::{
    faults::codes,
    grpc::raw::Raw,
    store::{Kind, Op, object},
};

/// One case.
#[derive(Debug, Deserialize)]
pub(super) struct Recording {
    case: String,
    kind: String,
    object: Value,
    steps: Vec<Step>,
}

/// One call of a case, and its answer.
#[derive(Debug, Deserialize)]
struct Step {
    step: String,
    code: String,
    message: Option<String>,
    object: Option<Value>,
}

impl Recording {
    /// Whether an answer was refused with this text in it.
    pub(super) fn says(&self, text: &str) -> bool {
        let mut messages = self.steps.iter().filter_map(|step| step.message.as_ref());
        messages.any(|message| message.contains(text))
    }
}

/// A replay of many cases.
pub(super) struct Replay {
    grpc: Grpc<Channel>,
    steps: usize,
    differences: Vec<String>,
}

impl Replay {
    pub(super) async fn new(simulator: &Simulator) -> Self {
        let identity = dial::Identity::read(simulator.identity_file());
        let alpn = dial::auth_protocols(simulator.control.tenant().name());
        let channel = dial::channel(simulator.addresses.proxy, &identity, &alpn).await;
        Self {
            grpc: Grpc::new(channel),
            steps: 0,
            differences: Vec::new(),
        }
    }

    /// Makes the calls of a case.
    pub(super) async fn play(&mut self, recording: &Recording) {
        let kind = steps::kind(&recording.kind).unwrap();
        let original = message(kind, &recording.object);
        let (mut read, mut sent) = (None::<DynamicMessage>, original.clone());
        let mut answers = HashMap::new();
        for step in &recording.steps {
            let (op, sends) = steps::step(kind, &step.step).unwrap();
            let object = match &sends {
                Sends::Original => Some(original.clone()),
                Sends::OriginalNow => {
                    let stored = read.as_ref().unwrap_or(&original);
                    Some(steps::at_revision_of(original.clone(), stored))
                }
                Sends::Changed => read.clone().map(steps::changed),
                Sends::ChangedAgain => Some(sent.clone()),
                Sends::Masked(_) => {
                    let bot = serde_json::from_str(steps::MASKED_BOT).unwrap();
                    let mut bot = message(kind, &bot);
                    let metadata = original.get_field_by_number(4).unwrap().into_owned();
                    bot.set_field_by_number(4, metadata);
                    Some(bot)
                }
                Sends::Name | Sends::Nothing => None,
            };
            if let (Sends::Changed, Some(object)) = (&sends, &object) {
                sent = object.clone();
            }
            let name = object::name(&original);
            let answer = self.call(kind, op, object, &sends, &name).await;
            if let Ok(Some(answer)) = &answer
                && step.step.starts_with("get")
            {
                read = Some(answer.clone());
            }
            if step.step == "get" && answer.is_err() {
                read = None;
            }
            let expected = match &step.object {
                Some(Value::String(text)) => {
                    let like = text.strip_prefix("as in ").unwrap();
                    answers.get(like).cloned()
                }
                other => other.clone(),
            };
            answers.insert(step.step.clone(), expected.clone().unwrap_or(Value::Null));
            self.compare(recording, step, expected, &answer);
        }
    }

    /// Fails when something was different.
    pub(super) fn finish(self) {
        let mut text = String::new();
        for difference in self.differences.iter().take(MOST_SHOWN) {
            writeln!(text, "{difference}").unwrap();
        }
        let (count, steps) = (self.differences.len(), self.steps);
        assert!(steps > 0, "nothing was replayed");
        assert!(count == 0, "{text}\n{count} of {steps} steps differ");
    }

    async fn call(
        &mut self,
        kind: &'static Kind,
        op: Op,
        object: Option<DynamicMessage>,
        sends: &Sends,
        name: &str,
    ) -> Result<Option<DynamicMessage>, Status> {
        let (path, mut request) = steps::request(kind, op);
        if let Some(object) = object {
            steps::put_object(&mut request, kind, object);
        } else if *sends == Sends::Name && kind.singleton.is_none() {
            request.set_field_by_number(1, Field::String(name.to_owned()));
        }
        if let Sends::Masked(paths) = sends {
            let mut mask = request
                .get_field_by_name("update_mask")
                .unwrap()
                .into_owned();
            if let Field::Message(mask) = &mut mask {
                let paths = paths.iter().cloned().map(Field::String).collect();
                mask.set_field_by_number(1, Field::List(paths));
            }
            request.set_field_by_name("update_mask", mask);
        }
        self.grpc.ready().await.unwrap();
        let path: PathAndQuery = path.parse().unwrap();
        let request = Request::new(request.encode_to_vec());
        let answer = self.grpc.unary(request, path, Raw).await?.into_inner();
        let descriptor = object::descriptor(kind.message);
        if answer.is_empty() {
            return Ok(None);
        }
        // The answer is the object, or its first field is.
        let wrapped = kind.service == "teleport.users.v1.UsersService";
        let bytes = match wrapped {
            true => {
                let mut bytes = answer.slice(1..);
                let length = prost::decode_length_delimiter(&mut bytes).unwrap();
                bytes.slice(..length)
            }
            false => answer,
        };
        Ok(Some(DynamicMessage::decode(descriptor, bytes).unwrap()))
    }

    fn compare(
        &mut self,
        recording: &Recording,
        step: &Step,
        expected: Option<Value>,
        answer: &Result<Option<DynamicMessage>, Status>,
    ) {
        self.steps += 1;
        let place = format!("{} {:?}, {}", recording.kind, recording.case, step.step);
        let code = match answer {
            Ok(_) => tonic::Code::Ok,
            Err(status) => status.code(),
        };
        let text = answer
            .as_ref()
            .err()
            .map(Status::message)
            .unwrap_or_default();
        if codes::parse(&step.code) != Some(code) {
            let recorded = step.message.as_deref().unwrap_or_default();
            self.differences.push(format!(
                "{place}: {} ({recorded:?}), simulator {code:?} ({text:?})",
                step.code
            ));
            return;
        }
        if let Some(recorded) = &step.message {
            if !same_text(recorded, text) {
                self.differences
                    .push(format!("{place}: text {recorded:?}, simulator {text:?}"));
            }
            return;
        }
        let found = answer.as_ref().ok().cloned().flatten();
        let (Some(expected), Some(found)) = (expected, found) else {
            return;
        };
        let (expected, found) = (plain(expected), plain(json_of(&found)));
        if expected != found {
            self.differences.push(format!(
                "{place}: {}",
                difference(&expected, &found, "object")
            ));
        }
    }
}

/// Whether two texts say the same. Lists of what is supported differ from version to version.
fn same_text(recorded: &str, found: &str) -> bool {
    let head = |text: &str| {
        text.split("; Supported:")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    head(recorded) == head(found)
}

fn message(kind: &Kind, json: &Value) -> DynamicMessage {
    DynamicMessage::deserialize(object::descriptor(kind.message), json).unwrap()
}

fn json_of(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .use_enum_numbers(true);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .unwrap()
}

/// An object without what the recordings left out, and with sets in order.
fn plain(mut object: Value) -> Value {
    for metadata in ["Metadata", "metadata"] {
        if let Some(metadata) = object.get_mut(metadata).and_then(Value::as_object_mut) {
            metadata.remove("Revision");
            metadata.remove("revision");
        }
    }
    if let Some(created_by) = object
        .pointer_mut("/Spec/CreatedBy")
        .and_then(Value::as_object_mut)
    {
        created_by.remove("Time");
        if created_by.get("User") == Some(&json!({"Name": "bot-terraform"})) {
            created_by.insert("User".to_owned(), json!({"Name": "(caller)"}));
        }
    }
    if let Some(traits) = object
        .pointer_mut("/spec/traits")
        .and_then(Value::as_array_mut)
    {
        traits.sort_by_key(Value::to_string);
    }
    object
}

/// The first place at which two values differ.
fn difference(recorded: &Value, found: &Value, place: &str) -> String {
    match (recorded, found) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
            keys.sort_unstable();
            for key in keys {
                if left.get(key) != right.get(key) {
                    let (left, right) = (&left.get(key), &right.get(key));
                    let null = Value::Null;
                    let place = format!("{place}.{key}");
                    return difference(left.unwrap_or(&null), right.unwrap_or(&null), &place);
                }
            }
            String::new()
        }
        _ => format!("{place} is {recorded}, simulator {found}"),
    }
}

const MOST_SHOWN: usize = 100;
