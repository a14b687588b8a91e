//! The calls on objects of every kind, by reflection: what a call is about stands in the table of kinds.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request as HttpRequest;
use hyper::body::Incoming;
use prost::Message;
use prost_reflect::{DynamicMessage, Kind as FieldKind, MessageDescriptor, ReflectMessage, Value};
use tonic::{Request, Response, Status, body::Body, server::Grpc};
use tower::service_fn;

use super::raw::Raw;
use crate::{
    grpc::{
        access::{Caller, Verb},
        peer,
    },
    rules::{self, WORKLOAD_CLUSTER},
    store::{Kind, Op, Page, Write, object},
    tenant::Tenant,
};

/// The calls of one cluster.
#[derive(Clone)]
pub(crate) struct Objects {
    tenant: Arc<Tenant>,
    watcher: Option<Arc<dyn Watcher>>,
}

/// Learns about changes of workload clusters.
pub(crate) trait Watcher: Send + Sync {
    /// The workload cluster `name` was changed or deleted.
    fn settle(&self, name: &str);
}

/// A method of a service, as the table of kinds names it.
struct Call {
    kind: &'static Kind,
    op: Op,
    input: MessageDescriptor,
    output: MessageDescriptor,
}

impl Objects {
    pub(crate) fn new(tenant: Arc<Tenant>, watcher: Option<Arc<dyn Watcher>>) -> Self {
        Self { tenant, watcher }
    }

    /// Whether `path` is a call on objects.
    pub(crate) fn offers(path: &str) -> bool {
        CALLS.contains_key(path)
    }

    /// Answers a call on objects.
    pub(crate) async fn answer(
        self,
        request: HttpRequest<Incoming>,
        most: usize,
    ) -> http::Response<Body> {
        let Some(call) = CALLS.get(request.uri().path()) else {
            return Status::unimplemented("").into_http();
        };
        let service = service_fn(move |request: Request<Bytes>| {
            let answer = self.carry_out(call, &request);
            std::future::ready(answer.map(|message| Response::new(message.encode_to_vec())))
        });
        let mut grpc = Grpc::new(Raw).max_decoding_message_size(most);
        grpc.unary(service, request.map(Body::new)).await
    }

    fn carry_out(&self, call: &Call, request: &Request<Bytes>) -> Result<DynamicMessage, Status> {
        let malformed = |error| Status::internal(format!("malformed request: {error}"));
        let message = DynamicMessage::decode(call.input.clone(), request.get_ref().clone());
        let message = message.map_err(malformed)?;
        let object = object_of(&message, call.kind);
        let name = match (&object, call.op) {
            (Some(object), _) => object::name(object),
            (None, Op::Get | Op::Delete) => text(&message, 1),
            _ => String::new(),
        };
        peer::note(request, &name);
        let caller = peer::caller(request)?;
        let settings = self.tenant.settings();
        (call.kind.offered)(settings)?;
        if flag(&message, "with_secrets") {
            let text = "this request can be only executed by an admin";
            return Err(Status::permission_denied(text));
        }
        let name = match flag(&message, "current_user") && name.is_empty() {
            true => caller.user().to_owned(),
            false => name,
        };
        self.authorize(call, caller, &name)?;
        self.perform(call, caller, &message, object, &name)
    }

    fn authorize(&self, call: &Call, caller: &Caller, name: &str) -> Result<(), Status> {
        if call.op == Op::Get && (call.kind.readable)(caller, name) {
            return Ok(());
        }
        let verbs: &[Verb] = match call.op {
            Op::Get => &[Verb::Read],
            // Bots are listed by their names alone (`lib/auth/machineid/machineidv1`).
            Op::List if call.kind.composed.is_some() => &[Verb::List],
            Op::List => &[Verb::List, Verb::Read],
            Op::Create => &[Verb::Create],
            Op::Update | Op::Reset => &[Verb::Update],
            Op::Upsert => &[Verb::Create, Verb::Update],
            Op::Delete => &[Verb::Delete],
        };
        self.tenant.authorize(caller, call.kind.name, verbs)
    }

    fn perform(
        &self,
        call: &Call,
        caller: &Caller,
        message: &DynamicMessage,
        object: Option<DynamicMessage>,
        name: &str,
    ) -> Result<DynamicMessage, Status> {
        let kind = call.kind;
        let store = self.tenant.store();
        let answer = match call.op {
            Op::Get => {
                let only = kind.singleton.map(|make| object::name(&make()));
                let name = only.as_deref().unwrap_or(name);
                store.lock().read(kind, name)?
            }
            Op::List => return self.list(call, message),
            Op::Delete => {
                store.lock().delete(kind, name)?;
                if let Some(watcher) = &self.watcher
                    && kind.kept_as() == WORKLOAD_CLUSTER.name
                {
                    watcher.settle(name);
                }
                return Ok(DynamicMessage::new(call.output.clone()));
            }
            Op::Create | Op::Update | Op::Upsert | Op::Reset => {
                let default = || (call.op == Op::Reset).then(|| kind.singleton.map(|make| make()));
                let object = object.or_else(|| default().flatten());
                let missing = || Status::invalid_argument(format!("missing {}", kind.name));
                let write = Write {
                    caller: Some(caller.user().to_owned()),
                    mask: (call.op == Op::Update).then(|| mask(message)).flatten(),
                    ..Write::new(call.op, object.ok_or_else(missing)?)
                };
                store.lock().write(kind, write)?
            }
        };
        Ok(wrap(call, answer))
    }

    fn list(&self, call: &Call, message: &DynamicMessage) -> Result<DynamicMessage, Status> {
        let most = self.tenant.settings().page_size;
        // A negative size is like none, and a call without pages lists everything.
        let size = match call.input.fields().len() {
            0 => usize::MAX,
            _ => match number(message, 1) {
                0 => most,
                size => size.min(most),
            },
        };
        let start = page_start(&text(message, 2))?;
        let filter = message.get_field_by_name("filter");
        let filter = filter.or_else(|| message.get_field_by_name("Filter"));
        let filter = filter.as_deref().and_then(Value::as_message);
        let keywords = filter.map(|filter| texts(filter, 1)).unwrap_or_default();
        let skip = filter.is_some_and(|filter| {
            let skip = filter.get_field_by_number(2);
            skip.and_then(|skip| skip.as_bool()) == Some(true)
        });
        let wanted = |object: &DynamicMessage| {
            object::matches(object, &keywords) && !(skip && is_system(call.kind, object))
        };
        let page = self
            .tenant
            .store()
            .lock()
            .list(call.kind, &start, size, wanted);
        Ok(list_answer(call, page))
    }
}

fn list_answer(call: &Call, page: Page) -> DynamicMessage {
    let mut answer = DynamicMessage::new(call.output.clone());
    let items = page.items.into_iter().map(Value::Message).collect();
    answer.set_field_by_number(1, Value::List(items));
    if let Some(next) = page.next {
        let next = BASE64_URL_SAFE_NO_PAD.encode(format!("{TOKEN_PREFIX}{next}"));
        answer.set_field_by_number(2, Value::String(next));
    }
    if answer
        .descriptor()
        .get_field_by_name("total_count")
        .is_some()
    {
        let total = i32::try_from(page.total).unwrap_or(i32::MAX);
        answer.set_field_by_name("total_count", Value::I32(total));
    }
    answer
}

/// The answer with the object: it is the object, has a field for it, or is empty.
fn wrap(call: &Call, object: DynamicMessage) -> DynamicMessage {
    if call.output == object.descriptor() {
        return object;
    }
    let mut answer = DynamicMessage::new(call.output.clone());
    if let Some(field) = call.output.get_field(1) {
        answer.set_field(&field, Value::Message(object));
    }
    answer
}

/// The object that a request carries.
fn object_of(message: &DynamicMessage, kind: &Kind) -> Option<DynamicMessage> {
    let descriptor = message.descriptor();
    let is_object = |field: &FieldKind| {
        field
            .as_message()
            .is_some_and(|message| message.full_name() == kind.message)
    };
    let field = descriptor.fields().find(|field| is_object(&field.kind()))?;
    if !message.has_field(&field) {
        return None;
    }
    message.get_field(&field).as_message().cloned()
}

/// Paths of the field mask of a request. `None` where requests have none.
fn mask(message: &DynamicMessage) -> Option<Vec<String>> {
    let mask = message.get_field_by_name("update_mask")?;
    Some(texts(mask.as_message()?, 1))
}

fn is_system(kind: &Kind, object: &DynamicMessage) -> bool {
    let Some((label, value)) = kind.system else {
        return false;
    };
    let labels = object::labels(object);
    let found = labels.get(label);
    found.is_some_and(|found| value.is_none_or(|value| value == found))
}

fn flag(message: &DynamicMessage, name: &str) -> bool {
    let field = message.get_field_by_name(name);
    field.and_then(|value| value.as_bool()) == Some(true)
}

fn text(message: &DynamicMessage, number: u32) -> String {
    let field = message.get_field_by_number(number);
    field
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn texts(message: &DynamicMessage, number: u32) -> Vec<String> {
    let field = message.get_field_by_number(number);
    let list = field
        .as_deref()
        .and_then(Value::as_list)
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    list.iter().filter_map(text).collect()
}

fn number(message: &DynamicMessage, number: u32) -> usize {
    let field = message.get_field_by_number(number);
    let value = field.and_then(|value| value.as_i32()).unwrap_or_default();
    usize::try_from(value).unwrap_or_default()
}

/// A page token is the name of the next page's first object, encoded. The prefix tells it from other text that decodes.
fn page_start(token: &str) -> Result<String, Status> {
    if token.is_empty() {
        return Ok(String::new());
    }
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.strip_prefix(TOKEN_PREFIX))
        .map(str::to_owned)
        .ok_or_else(|| Status::invalid_argument("page_token is not one that this cluster gave out"))
}

const TOKEN_PREFIX: &str = "from:";

/// Every call on objects, by its path.
static CALLS: LazyLock<HashMap<String, Call>> = LazyLock::new(|| {
    let mut calls = HashMap::new();
    for kind in rules::KINDS {
        let service = teleport_proto::descriptors().get_service_by_name(kind.service);
        let service =
            service.expect("the table of kinds must name services of the descriptor pool");
        for (name, op) in kind.calls {
            let method = service.methods().find(|method| method.name() == *name);
            let method = method.expect("the table of kinds must name methods of its services");
            let call = Call {
                kind,
                op: *op,
                input: method.input(),
                output: method.output(),
            };
            calls.insert(format!("/{}/{name}", kind.service), call);
        }
    }
    calls
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_come_back_and_other_text_is_refused() {
        let token = BASE64_URL_SAFE_NO_PAD.encode("from:a-b");
        assert_eq!(page_start(&token).unwrap(), "a-b");
        assert_eq!(page_start("").unwrap(), "");
        assert!(page_start("a-b").is_err());
        assert!(page_start("!").is_err());
    }

    #[test]
    fn every_call_of_the_table_has_a_method() {
        let calls: usize = rules::KINDS.iter().map(|kind| kind.calls.len()).sum();
        assert_eq!(CALLS.len(), calls);
    }
}
