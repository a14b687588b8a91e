//! The search for existing objects.

use async_trait::async_trait;
use tokio::time::timeout;
use tokio_stream::StreamExt;

use super::{
    Bench, PATIENCE, Service, call, is_error, names, object,
    provider::{Client, identity, thing},
    received, sent, summaries,
};
use crate::{
    Attribute, Block, Call, Diagnostics, Found, List, ListResource, Listed, Path, Schema, Value,
    proto::tfplugin6::{list_resource, validate_list_resource_config},
};

/// Finds as many things as it is asked for. How it ends is in its configuration.
pub(super) struct Things(Schema);

impl Things {
    pub(super) fn new() -> Self {
        Self(things())
    }
}

fn things() -> Schema {
    let block = Block::new("")
        .attribute("count", Attribute::number())
        .attribute("end", Attribute::string());
    Schema::new(block)
}

#[async_trait]
impl ListResource<Client> for Things {
    fn type_name(&self) -> &str {
        "test_thing"
    }

    fn schema(&self) -> &Schema {
        &self.0
    }

    fn validate(&self, config: &Value, diags: &mut Diagnostics) {
        if config.field("end").as_str() == Some("bad") {
            diags.attribute_error(Path::attribute("end"), "Bad End", "Bad.");
        }
    }

    async fn list(&self, call: &Call<Client>, request: List, found: &mut Found) -> Diagnostics {
        let count = match request.config.field("count") {
            Value::Number(count) => count.to_string().parse().unwrap(),
            _ => 0,
        };
        let mut diags = Diagnostics::new();
        for index in 0..count {
            let name = format!("thing {index}");
            let resource = request.include_resource.then(|| {
                let attributes = thing().block.attributes.into_keys();
                let mut object = Value::object(attributes.map(|name| (name, Value::Null)));
                object.set_field("name", name.as_str().into());
                object.set_field("rule", Value::Null);
                object.set_field("gate", Value::Null);
                object
            });
            let listed = Listed {
                identity: Value::object([("home", "here".into()), ("name", name.as_str().into())]),
                display_name: name,
                resource,
            };
            if !found.push(listed).await {
                return diags;
            }
        }
        match request.config.field("end").as_str() {
            Some("panic") => panic!("the list is on fire"),
            Some("refuse") => diags.error("Refused", "No."),
            Some("wait") => drop(call.stop.requested().await),
            _ => {}
        }
        diags
    }
}

fn search(count: i64, end: &str, limit: i64) -> list_resource::Request {
    let config = Value::object([("count", count.into()), ("end", end.into())]);
    list_resource::Request {
        type_name: "test_thing".into(),
        config: Some(sent(&config, &things().ty())),
        include_resource_object: false,
        limit,
    }
}

async fn events(bench: &Bench, request: list_resource::Request) -> Vec<list_resource::Event> {
    let stream = call!(bench, list_resource, request);
    timeout(PATIENCE, stream.map(Result::unwrap).collect())
        .await
        .unwrap()
}

#[tokio::test]
async fn each_object_has_its_identity_and_the_object_where_it_is_asked_for() {
    let bench = Bench::new();
    let found = events(&bench, search(2, "", 0)).await;
    assert_eq!(found.len(), 2);
    for (index, event) in found.iter().enumerate() {
        let name = format!("thing {index}");
        assert_eq!(event.display_name, name);
        let data = event.identity.clone().unwrap().identity_data;
        let whole = Value::object([("home", "here".into()), ("name", name.as_str().into())]);
        assert_eq!(received(&data, &identity().ty()), whole);
        assert!(event.resource_object.is_none() && event.diagnostic.is_empty());
    }
    let mut request = search(1, "", 0);
    request.include_resource_object = true;
    let found = events(&bench, request).await;
    assert_eq!(
        received(&found[0].resource_object, &thing().ty()),
        object(&thing(), [("name", "thing 0".into())])
    );
}

#[tokio::test]
async fn no_more_than_the_limit_is_found() {
    let bench = Bench::new();
    assert_eq!(events(&bench, search(1000, "refuse", 3)).await.len(), 3);
}

#[tokio::test]
async fn what_is_found_is_sent_before_the_search_ends() {
    let bench = Bench::new();
    let mut stream = call!(bench, list_resource, search(1, "wait", 0));
    let first = timeout(PATIENCE, stream.next()).await.unwrap();
    assert_eq!(first.unwrap().unwrap().display_name, "thing 0");
    // A host that has enough hangs up, and one that is stopped ends the search.
    let mut census = bench.lifecycle.census();
    assert_eq!(census.borrow().running, 1);
    drop(stream);
    drop(bench.connection);
    let ended = census.wait_for(|now| now.running == 0);
    timeout(PATIENCE, ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn errors_come_after_what_was_found() {
    let bench = Bench::new();
    for (end, summary) in [("refuse", "Refused"), ("panic", "Provider Crashed")] {
        let found = events(&bench, search(2, end, 0)).await;
        assert_eq!(found.len(), 3, "{end}");
        let last = &found[2];
        assert_eq!(summaries(&last.diagnostic), [summary]);
        assert!(is_error(&last.diagnostic) && last.identity.is_none());
    }
    let mut foreign = search(2, "", 0);
    foreign.type_name = "test_nothing".into();
    let found = events(&bench, foreign).await;
    assert_eq!(summaries(&found[0].diagnostic), ["Unknown Type Name"]);
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn a_search_is_checked_without_a_configured_provider() {
    let bench = Bench::new();
    for (end, path) in [("bad", Some("end")), ("", None)] {
        let request = search(1, end, 0);
        let message = validate_list_resource_config::Request {
            type_name: request.type_name,
            config: request.config,
            ..validate_list_resource_config::Request::default()
        };
        let answer = call!(bench, validate_list_resource_config, message);
        let found = answer.diagnostics.first().map(names);
        assert_eq!(found, path.map(|path| vec![path]));
    }
}
