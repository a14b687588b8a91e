//! Lists that a server answers page by page.

use std::{collections::HashSet, mem};

use prost_reflect::{DynamicMessage, Value};

use crate::{
    Client, Error, ErrorKind,
    call::{Call, Repeatable, failure::CallFailure, method},
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

/// The pages of a list, in the server's order.
#[derive(Debug)]
pub struct Pages {
    client: Client,
    rpc: ListRpc,
    /// None after the last page.
    token: Option<String>,
    seen: HashSet<String>,
}

impl Pages {
    pub(crate) fn new(client: Client, rpc: ListRpc) -> Self {
        Self {
            client,
            rpc,
            token: Some(String::new()),
            seen: HashSet::new(),
        }
    }

    /// Reads the next page, which may be empty. None after the last one.
    ///
    /// # Errors
    ///
    /// Also when the server's pages do not end.
    pub async fn next(&mut self) -> Result<Option<Vec<DynamicMessage>>, Error> {
        let Some(token) = self.token.take() else {
            return Ok(None);
        };
        let ListRpc {
            service,
            name,
            request: [size, start],
            answer: [objects, next],
        } = self.rpc;
        let method = method(service, name);
        let mut request = DynamicMessage::new(method.input());
        for (field, value) in [(size, Value::I32(PAGE_SIZE)), (start, Value::String(token))] {
            request
                .try_set_field_by_name(field, value)
                .map_err(|error| self.failure(format!("the request is malformed: {error}")))?;
        }
        let call = Call::new(method, request, Repeatable::Yes);
        let mut page = self.client.unary(call).await?;
        let objects = match page.take_field_by_name(objects) {
            Some(Value::List(items)) => items,
            _ => Vec::new(),
        };
        let objects = objects.into_iter().filter_map(|item| match item {
            Value::Message(object) => Some(object),
            _ => None,
        });
        if let Some(Value::String(token)) = page.take_field_by_name(next)
            && !token.is_empty()
        {
            if !self.seen.insert(token.clone()) || self.seen.len() >= MAX_PAGES {
                let read = mem::take(&mut self.seen).len();
                let text = format!("the pages do not come to an end, {read} were read");
                return Err(self.failure(text));
            }
            self.token = Some(token);
        }
        Ok(Some(objects.collect()))
    }

    fn failure(&self, message: String) -> Error {
        let address = self.client.config().address().map(ToString::to_string);
        Error::call(CallFailure {
            kind: ErrorKind::Other,
            rpc: self.rpc.name.to_owned(),
            address: address.unwrap_or_default(),
            message,
            answered: false,
            may_have_been_carried_out: false,
        })
    }
}

const PAGE_SIZE: i32 = 100;

/// A bound on what a server can make us read: a million objects.
const MAX_PAGES: usize = 10_000;
