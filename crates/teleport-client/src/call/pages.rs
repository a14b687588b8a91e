//! Lists that a server answers page by page.

use std::{collections::HashSet, time::Duration};

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use tokio::time::Instant;

use crate::{
    Client, Error, ErrorKind, Transient,
    call::{Call, Repeatable, failure::CallFailure, method},
    dial::transport::MAX_ANSWER_SIZE,
};

/// A call that lists objects, with the names of its fields.
#[derive(Clone, Copy, Debug)]
pub struct ListRpc {
    /// Full name of the service.
    pub service: &'static str,
    /// Name of the call.
    pub name: &'static str,
    /// Of the request: how many objects a page may have, and where it begins.
    pub request: [&'static str; 2],
    /// Of the answer: the objects, and where the next page begins.
    pub answer: [&'static str; 2],
}

impl ListRpc {
    /// A call whose pages have the usual fields. `objects` is the field of the answer that has them.
    pub const fn new(service: &'static str, name: &'static str, objects: &'static str) -> Self {
        Self {
            service,
            name,
            request: ["page_size", "page_token"],
            answer: [objects, "next_page_token"],
        }
    }
}

/// The pages of a list, in the server's order. They are bounded in number, in size and in time, since all that a server sends
/// may be kept in memory.
#[derive(Debug)]
pub struct Pages {
    client: Client,
    rpc: ListRpc,
    /// None after the last page.
    token: Option<String>,
    seen: HashSet<String>,
    /// How many objects were read.
    read: usize,
    /// Of the pages, in bytes on the wire.
    size: usize,
    /// What is left of the time. It passes only while a page is awaited, so that it does not matter how long its objects take.
    time_left: Duration,
}

impl Pages {
    pub(crate) fn new(client: Client, rpc: ListRpc) -> Self {
        Self {
            client,
            rpc,
            token: Some(String::new()),
            seen: HashSet::new(),
            read: 0,
            size: 0,
            time_left: MAX_TIME,
        }
    }

    /// Reads the next page, which may be empty. None after the last one.
    ///
    /// # Errors
    ///
    /// Also when the server's pages do not end: after 2,000 pages, 100,000 objects, 64 MiB or 120 seconds.
    pub async fn next(&mut self) -> Result<Option<Vec<DynamicMessage>>, Error> {
        let begun = Instant::now();
        let page = tokio::time::timeout(self.time_left, self.read()).await;
        self.time_left = self.time_left.saturating_sub(begun.elapsed());
        page.unwrap_or_else(|_| Err(too_late(&self.client, self.rpc)))
    }

    /// Reads all pages that are left.
    ///
    /// # Errors
    ///
    /// As of [`Pages::next`].
    pub async fn all(mut self) -> Result<Vec<DynamicMessage>, Error> {
        let mut objects = Vec::new();
        while let Some(page) = self.next().await? {
            objects.extend(page);
        }
        Ok(objects)
    }

    async fn read(&mut self) -> Result<Option<Vec<DynamicMessage>>, Error> {
        let Some(token) = self.token.take() else {
            return Ok(None);
        };
        let mut page = self.client.unary(self.call(token)?).await?;
        self.size += page.encoded_len();
        let [objects, next] = self.rpc.answer;
        let objects = match page.take_field_by_name(objects) {
            Some(Value::List(items)) => items,
            _ => Vec::new(),
        };
        let objects = objects.into_iter().filter_map(|item| match item {
            Value::Message(object) => Some(object),
            _ => None,
        });
        let objects: Vec<_> = objects.collect();
        self.read += objects.len();
        if let Some(Value::String(token)) = page.take_field_by_name(next)
            && !token.is_empty()
        {
            let is_endless = !self.seen.insert(token.clone())
                || self.seen.len() >= MAX_PAGES
                || self.read > MAX_ITEMS
                || self.size > MAX_SIZE;
            if is_endless {
                return Err(self.failure(format!(
                    "the pages do not come to an end, {} objects were read",
                    self.read
                )));
            }
            self.token = Some(token);
        }
        Ok(Some(objects))
    }

    fn call(&self, token: String) -> Result<Call, Error> {
        let ListRpc {
            service,
            name,
            request: [size, start],
            ..
        } = self.rpc;
        let method = method(service, name);
        let mut request = DynamicMessage::new(method.input());
        for (field, value) in [(size, Value::I32(PAGE_SIZE)), (start, Value::String(token))] {
            request
                .try_set_field_by_name(field, value)
                .map_err(|error| self.failure(format!("the request is malformed: {error}")))?;
        }
        Ok(Call::new(method, request, Repeatable::Yes))
    }

    fn failure(&self, message: String) -> Error {
        failure(&self.client, self.rpc, ErrorKind::Other, message)
    }
}

/// The error of a list that takes longer than [`MAX_TIME`].
pub(super) fn too_late(client: &Client, rpc: ListRpc) -> Error {
    let limit = humantime::format_duration(MAX_TIME);
    let message = format!("the pages did not come to an end within {limit}");
    let kind = ErrorKind::Transient(Transient::Deadline);
    failure(client, rpc, kind, message)
}

fn failure(client: &Client, rpc: ListRpc, kind: ErrorKind, message: String) -> Error {
    let address = client.config().address().map(ToString::to_string);
    Error::call(CallFailure {
        kind,
        rpc: rpc.name.to_owned(),
        address: address.unwrap_or_default(),
        message,
        answered: false,
        may_have_been_carried_out: false,
        is_repetition: false,
    })
}

const PAGE_SIZE: i32 = 100;

// Bounds on what a server can make us read.
const MAX_PAGES: usize = 2_000;
const MAX_ITEMS: usize = 100_000;
/// Bytes on the wire, of all pages.
const MAX_SIZE: usize = 4 * MAX_ANSWER_SIZE;
/// A call has 30 seconds, and is repeated where the server asks for that.
pub(super) const MAX_TIME: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests;
