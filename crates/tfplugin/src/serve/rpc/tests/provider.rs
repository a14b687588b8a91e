//! A provider that offers one thing of every sort. What a thing does is in its name.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use serde_json::Value as Json;

use super::lists::Things;
use crate::{
    Applied, Attribute, Block, BlockNesting, Call, Create, DataSource, Delete, Diagnostics,
    EphemeralResource, Function, FunctionError, Imported, ListResource, Move, NestedBlock, Nesting,
    Opened, Parameter, Path, Private, Provider, Renewed, Resource, Schema, Signature, StopReason,
    Type, Update, Value,
};

pub(super) struct TestProvider {
    schema: Schema,
    pub(super) stops: Stops,
    pub(super) secrets: Secrets,
}

/// The reasons for which waiting ended.
pub(super) type Stops = Arc<Mutex<Vec<StopReason>>>;

/// The write-only values that creates and updates have got.
pub(super) type Secrets = Arc<Mutex<Vec<String>>>;

pub(super) struct Client {
    region: String,
}

struct Thing {
    schema: Schema,
    identity: Schema,
    stops: Stops,
    secrets: Secrets,
}

struct Data(Schema);

struct Token(Schema);

struct Join(Signature);

impl TestProvider {
    pub(super) fn new() -> Self {
        let block = Block::new("A provider.").attribute("region", Attribute::string());
        Self {
            schema: Schema::new(block),
            stops: Stops::default(),
            secrets: Secrets::default(),
        }
    }
}

#[async_trait]
impl Provider for TestProvider {
    type Client = Client;

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn resources(&self) -> Vec<Arc<dyn Resource<Client>>> {
        vec![Arc::new(Thing {
            schema: thing(),
            identity: identity(),
            stops: self.stops.clone(),
            secrets: self.secrets.clone(),
        })]
    }

    fn data_sources(&self) -> Vec<Arc<dyn DataSource<Client>>> {
        vec![Arc::new(Data(data()))]
    }

    fn ephemeral_resources(&self) -> Vec<Arc<dyn EphemeralResource<Client>>> {
        vec![Arc::new(Token(data()))]
    }

    fn list_resources(&self) -> Vec<Arc<dyn ListResource<Client>>> {
        vec![Arc::new(Things::new())]
    }

    fn functions(&self) -> Vec<Arc<dyn Function>> {
        let text = |name: &str| Parameter {
            name: name.into(),
            ty: Type::String,
            description: String::new(),
            allow_null: false,
            allow_unknown: false,
        };
        vec![Arc::new(Join(Signature {
            summary: "Joins texts".into(),
            description: String::new(),
            parameters: vec![text("separator")],
            variadic: Some(text("part")),
            returns: Type::String,
        }))]
    }

    async fn configure(&self, config: &Value, diags: &mut Diagnostics) -> Option<Client> {
        let region = config.field("region").as_str().unwrap_or("none").to_owned();
        if region == "nowhere" {
            diags.attribute_error(Path::attribute("region"), "No Such Region", "None.");
        }
        Some(Client { region })
    }
}

pub(super) fn thing() -> Schema {
    let inner = || {
        [
            ("size", Attribute::number()),
            ("zone", Attribute::string().computed()),
        ]
    };
    let rule = Block::new("").attribute("port", Attribute::number().required());
    let block = Block::new("A thing.")
        .attribute("name", Attribute::string().required().requires_replace())
        .attribute("id", Attribute::string().computed().use_state_for_unknown())
        .attribute("revision", Attribute::string().computed())
        .attribute("level", Attribute::number().default_to(1_i64))
        .attribute("secret", Attribute::string().write_only())
        .attribute("secret_version", Attribute::number())
        .attribute("extra", Attribute::new(Type::Dynamic))
        .attribute("labels", Attribute::new(Type::Map(Box::new(Type::String))))
        .attribute(
            "pair",
            Attribute::new(Type::Tuple(vec![Type::String, Type::Bool])),
        )
        .attribute("one", Attribute::nested(Nesting::Single, inner()))
        .attribute("some", Attribute::nested(Nesting::List, inner()))
        .nested("rule", NestedBlock::new(BlockNesting::List, rule.clone()))
        .nested("gate", NestedBlock::new(BlockNesting::Set, rule));
    Schema::new(block).upgraded_by(&[title_is_the_name, level_is_a_number])
}

/// Version 0 had the name under another name.
fn title_is_the_name(mut stored: Json) -> Result<Json, &'static str> {
    let fields = stored.as_object_mut().ok_or("it is no object")?;
    let title = fields.remove("title").ok_or("it has no title")?;
    fields.insert("name".to_owned(), title);
    Ok(stored)
}

/// Version 1 had the level as a word.
fn level_is_a_number(mut stored: Json) -> Result<Json, &'static str> {
    let level = match stored.get("level").and_then(Json::as_str) {
        None => Json::Null,
        Some("low") => 1.into(),
        Some("high") => 2.into(),
        Some("broken") => panic!("the level is broken"),
        Some(_) => return Err("its level is unknown"),
    };
    stored["level"] = level;
    Ok(stored)
}

/// The identity of a thing: known once its private state has a home.
pub(super) fn identity() -> Schema {
    let block = Block::new("")
        .attribute("home", Attribute::string())
        .attribute("name", Attribute::string().required().describe("The name."));
    Schema::new(block).upgraded_by(&[title_is_the_name])
}

pub(super) fn data() -> Schema {
    let block = Block::new("")
        .attribute("name", Attribute::string().required())
        .attribute("value", Attribute::string().computed());
    Schema::new(block)
}

impl Thing {
    async fn carry_out(
        &self,
        call: &Call<Client>,
        config: &Value,
        planned: Value,
        mut private: Private,
        prior: Value,
    ) -> Applied {
        let mut state = planned;
        let mut diags = Diagnostics::new();
        private.insert("written", true);
        let fields = ["id", "revision"];
        let name = state.field("name").as_str().unwrap_or_default().to_owned();
        if let Some(secret) = config.field("secret").as_str() {
            self.secrets.lock().unwrap().push(secret.to_owned());
        }
        match name.as_str() {
            "panic" => panic!("the thing is on fire"),
            "refuse" => {
                diags.error("Refused", "No.");
                state = prior;
            }
            "refuse and say nothing" => {
                diags.error("Refused", "No.");
                state = Value::Null;
            }
            "unfinished" => {
                return Applied {
                    state,
                    private,
                    diagnostics: diags,
                };
            }
            "settled" => private.insert("home", "here"),
            "leak" => state.set_field("secret", config.field("secret").clone()),
            "wait" => {
                let reason = call.stop.requested().await;
                self.stops.lock().unwrap().push(reason);
                diags.warning("Interrupted", "It goes on next time.");
            }
            _ => {}
        }
        for field in fields {
            if state.field(field).is_unknown() {
                state.set_field(field, format!("{field} of {name}").into());
            }
        }
        Applied {
            state,
            private,
            diagnostics: diags,
        }
    }
}

#[async_trait]
impl Resource<Client> for Thing {
    fn type_name(&self) -> &str {
        "test_thing"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn identity_schema(&self) -> Option<&Schema> {
        Some(&self.identity)
    }

    fn identity(&self, state: &Value, private: &Private) -> Option<Value> {
        let home = private.get("home")?.as_str()?;
        let name = state.field("name").clone();
        Some(Value::object([("home", home.into()), ("name", name)]))
    }

    fn validate(&self, config: &Value, diags: &mut Diagnostics) {
        match config.field("name").as_str() {
            Some("panic in validate") => panic!("a fault"),
            Some("bad") => diags.attribute_error(Path::attribute("name"), "Bad Name", "Bad."),
            _ => {}
        }
    }

    async fn create(&self, call: &Call<Client>, request: Create) -> Applied {
        let (config, private) = (&request.config, request.private);
        self.carry_out(call, config, request.planned, private, Value::Null)
            .await
    }

    async fn read(&self, _call: &Call<Client>, state: Value, mut private: Private) -> Applied {
        let mut diags = Diagnostics::new();
        let state = match state.field("name").as_str() {
            Some("panic") => panic!("the thing is on fire"),
            Some("gone") => Value::Null,
            Some("found") => {
                private.insert("home", "there");
                state
            }
            Some("refuse") => {
                diags.error("Refused", "No.");
                Value::Null
            }
            _ => state,
        };
        Applied {
            state,
            private,
            diagnostics: diags,
        }
    }

    async fn update(&self, call: &Call<Client>, request: Update) -> Applied {
        let (config, private) = (&request.config, request.private);
        self.carry_out(call, config, request.planned, private, request.prior)
            .await
    }

    async fn delete(&self, _call: &Call<Client>, request: Delete) -> Diagnostics {
        let mut diags = Diagnostics::new();
        match request.prior.field("name").as_str() {
            Some("panic") => panic!("the thing is on fire"),
            Some("refuse") => diags.error("Refused", "No."),
            _ => {}
        }
        diags
    }

    async fn import(
        &self,
        _call: &Call<Client>,
        id: &str,
        _diags: &mut Diagnostics,
    ) -> Option<Imported> {
        let nulls = |(name, _): (&String, _)| (name.clone(), Value::Null);
        let block = &self.schema.block;
        let mut state = Value::object(block.attributes.iter().map(nulls));
        for name in block.blocks.keys() {
            state.set_field(name, Value::Null);
        }
        state.set_field("name", id.into());
        state.set_field("secret", "not to be kept".into());
        Some(Imported {
            state: if id == "gone" { Value::Null } else { state },
            private: Private::new(),
        })
    }

    async fn import_by_identity(
        &self,
        call: &Call<Client>,
        identity: &Value,
        diags: &mut Diagnostics,
    ) -> Option<Imported> {
        let name = identity.field("name").as_str().unwrap_or_default();
        let mut imported = self.import(call, name, diags).await?;
        let home = identity.field("home").as_str().unwrap_or("here");
        imported.private.insert("home", home);
        Some(imported)
    }

    fn moves_from(&self, provider: &str, type_name: &str) -> Option<Move> {
        match type_name {
            "other_thing" if provider.ends_with("/example/other") => {
                Some(Move::OF_ANOTHER_PROVIDER)
            }
            "test_former_thing" => Some(Move {
                state: |mut state| {
                    state["name"] = state["title"].take();
                    state
                },
                private: |mut private| {
                    private.insert("moved", true);
                    private
                },
            }),
            _ => None,
        }
    }
}

#[async_trait]
impl DataSource<Client> for Data {
    fn type_name(&self) -> &str {
        "test_data"
    }

    fn schema(&self) -> &Schema {
        &self.0
    }

    async fn read(&self, call: &Call<Client>, config: &Value, diags: &mut Diagnostics) -> Value {
        let mut state = config.clone();
        match (config.field("name").as_str(), &call.client) {
            (Some("unknown"), _) => state.set_field("value", Value::Unknown),
            (Some("null"), _) => return Value::Null,
            (Some("wrong"), _) => state.set_field("value", true.into()),
            (_, Some(client)) => state.set_field("value", client.region.as_str().into()),
            (_, None) => diags.error("Not Configured", "No."),
        }
        state
    }
}

#[async_trait]
impl EphemeralResource<Client> for Token {
    fn type_name(&self) -> &str {
        "test_token"
    }

    fn schema(&self) -> &Schema {
        &self.0
    }

    async fn open(
        &self,
        _call: &Call<Client>,
        config: &Value,
        _diags: &mut Diagnostics,
    ) -> Option<Opened> {
        let mut result = config.clone();
        let mut private = Private::new();
        private.insert("handle", 7);
        match config.field("name").as_str() {
            Some("none") => return None,
            Some("unknown") => result.set_field("value", Value::Unknown),
            _ => result.set_field("value", "t".into()),
        }
        Some(Opened {
            result,
            private,
            renew_at: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(100)),
        })
    }

    async fn renew(
        &self,
        _call: &Call<Client>,
        private: Private,
        _diags: &mut Diagnostics,
    ) -> Renewed {
        Renewed {
            private,
            renew_at: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(200)),
        }
    }

    async fn close(&self, _call: &Call<Client>, private: Private, diags: &mut Diagnostics) {
        if private.is_empty() {
            diags.error("No Handle", "No.");
        }
    }
}

impl Function for Join {
    fn name(&self) -> &str {
        "join"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let texts: Vec<_> = arguments.iter().filter_map(Value::as_str).collect();
        if let Some(index) = texts.iter().position(|text| *text == "bad") {
            return Err(FunctionError {
                text: "bad is bad".into(),
                argument: Some(index),
            });
        }
        if texts.contains(&"panic") {
            panic!("a fault");
        }
        Ok(texts[1..].join(texts[0]).into())
    }
}
