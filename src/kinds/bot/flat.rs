//! The resource of bots: the engine's, and around it the flat attributes of the official provider before 18.4.
//!
//! The state always has `metadata` and `spec`. Where the configuration is flat, it also has the flat attributes:
//!
//! | | `metadata`, `spec` | `name`, `roles`, `traits` |
//! | --- | --- | --- |
//! | a configuration in the nested form | as configured | null |
//! | a flat configuration | made of the flat attributes | as configured |
//! | the state after the apply of either | as the engine has it | null; a copy of what `metadata` and `spec` say |
//! | an imported state | as the engine has it | null |
//! | a state of the official provider before 18.4 | null, until the first refresh | there |
//!
//! So a change from one form to the other changes nothing that the engine sees.

use async_trait::async_trait;
use tfplugin::{
    Applied, Attribute, Call, Create, Delete, Diagnostics, Imported, Move, Path, PlanKind,
    PlannedChange, Private, Resource, Schema, Type, Update, Value,
};

use super::{BOT, validate};
use crate::{
    clusters::ProviderData,
    engine::{KindResource, shapes::null_at},
    errors::{self, Summary},
};

/// The resource `teleport_bot`.
pub(crate) struct BotResource {
    engine: KindResource,
    schema: Schema,
}

impl BotResource {
    pub(crate) fn new() -> Self {
        let engine = KindResource::new(BOT);
        let mut schema = engine.schema().clone();
        let strings = || Type::list(Type::String);
        let flat = |attribute: Attribute, text: &str, instead: &str| {
            attribute
                .optional_computed()
                .describe(text)
                .deprecated(format!("Use `{instead}`."))
        };
        let unused = "It has no effect. Use a `teleport_provision_token`.";
        let name = flat(Attribute::string(), "Name of the bot.", "metadata.name");
        let roles = flat(Attribute::new(strings()), "Roles of the bot.", "spec.roles");
        let traits = Attribute::new(Type::map(strings()));
        let result = |text: &str| Attribute::string().computed().describe(text);
        let attributes = [
            ("name", name.validate(validate::name)),
            ("roles", roles.validate(validate::roles)),
            ("traits", flat(traits, "Traits of the bot.", "spec.traits")),
            (
                "token_id",
                Attribute::string()
                    .sensitive()
                    .describe(unused)
                    .deprecated(unused),
            ),
            (
                TOKEN_TTL,
                Attribute::string()
                    .optional_computed()
                    .describe(unused)
                    .deprecated(unused),
            ),
            (
                "user_name",
                result("Name of the bot's user, as in `status`."),
            ),
            (
                "role_name",
                result("Name of the bot's role, as in `status`."),
            ),
        ];
        for (name, attribute) in attributes {
            schema.block.attributes.insert(name.to_owned(), attribute);
        }
        Self { engine, schema }
    }

    /// The nested form of an object: of a flat configuration, or of a state that has the flat attributes only.
    fn nested(&self, object: &Value) -> Value {
        let mut nested = object.clone();
        if is_flat(object) && object.field("metadata").is_null() {
            let mut metadata = null_at(&self.schema, "metadata");
            metadata.set_field("name", object.field("name").clone());
            let mut spec = null_at(&self.schema, "spec");
            for name in ["roles", "traits"] {
                spec.set_field(name, object.field(name).clone());
            }
            nested.set_field("metadata", metadata);
            nested.set_field("spec", spec);
        }
        if let Some(fields) = nested.as_fields_mut() {
            fields.retain(|name, _| {
                !FLAT.contains(&name.as_str()) && !RESULTS.contains(&name.as_str())
            });
        }
        nested
    }

    fn imported(&self, imported: Imported) -> Imported {
        Imported {
            state: found(imported.state),
            ..imported
        }
    }

    fn applied(&self, applied: Applied, reference: &Value) -> Applied {
        Applied {
            state: with_flat(applied.state, reference),
            diagnostics: pointing(applied.diagnostics, reference),
            ..applied
        }
    }
}

#[async_trait]
impl Resource<ProviderData> for BotResource {
    fn type_name(&self) -> &str {
        self.engine.type_name()
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn identity_schema(&self) -> Option<&Schema> {
        self.engine.identity_schema()
    }

    fn identity(&self, state: &Value, private: &Private) -> Option<Value> {
        self.engine.identity(&self.nested(state), private)
    }

    fn validate(&self, config: &Value, diags: &mut Diagnostics) {
        check_form(config, diags);
        let mut more = Diagnostics::new();
        self.engine.validate(&self.nested(config), &mut more);
        diags.append(pointing(more, config));
    }

    async fn plan(
        &self,
        call: &Call<ProviderData>,
        change: &mut PlannedChange,
        diags: &mut Diagnostics,
    ) {
        let (config, prior) = (change.config.clone(), change.prior.clone());
        change.config = self.nested(&config);
        change.prior = self.nested(&prior);
        let mut more = Diagnostics::new();
        self.engine.plan(call, change, &mut more).await;
        diags.append(pointing(more, &config));
        if change.kind != PlanKind::Destroy {
            change.planned = with_flat(std::mem::take(&mut change.planned), &config);
            if config.field(TOKEN_TTL).is_null() {
                let stored = prior.field(TOKEN_TTL).clone();
                change.planned.set_field(TOKEN_TTL, stored);
            }
            let paths = change.requires_replace.iter();
            change.requires_replace = paths.map(|path| flat_path(path, &config)).collect();
        }
        (change.config, change.prior) = (config, prior);
    }

    async fn create(&self, call: &Call<ProviderData>, request: Create) -> Applied {
        let reference = request.planned;
        let request = Create {
            config: self.nested(&request.config),
            planned: self.nested(&reference),
            ..request
        };
        self.applied(self.engine.create(call, request).await, &reference)
    }

    async fn read(&self, call: &Call<ProviderData>, state: Value, private: Private) -> Applied {
        let applied = self.engine.read(call, self.nested(&state), private).await;
        self.applied(applied, &state)
    }

    async fn update(&self, call: &Call<ProviderData>, request: Update) -> Applied {
        let (prior, reference) = (request.prior, request.planned);
        let request = Update {
            config: self.nested(&request.config),
            prior: self.nested(&prior),
            planned: self.nested(&reference),
            ..request
        };
        let applied = self.engine.update(call, request).await;
        // An update that failed leaves the state as it was.
        let reference = if applied.diagnostics.has_errors() {
            prior
        } else {
            reference
        };
        self.applied(applied, &reference)
    }

    async fn delete(&self, call: &Call<ProviderData>, request: Delete) -> Diagnostics {
        let prior = self.nested(&request.prior);
        self.engine.delete(call, Delete { prior, ..request }).await
    }

    async fn import(
        &self,
        call: &Call<ProviderData>,
        id: &str,
        diags: &mut Diagnostics,
    ) -> Option<Imported> {
        let imported = self.engine.import(call, id, diags).await?;
        Some(self.imported(imported))
    }

    async fn import_by_identity(
        &self,
        call: &Call<ProviderData>,
        identity: &Value,
        diags: &mut Diagnostics,
    ) -> Option<Imported> {
        let imported = self.engine.import_by_identity(call, identity, diags);
        Some(self.imported(imported.await?))
    }

    fn generate(&self, config: &mut Value) {
        self.engine.generate(config);
    }

    fn moves_from(&self, provider: &str, type_name: &str) -> Option<Move> {
        self.engine.moves_from(provider, type_name)
    }
}

/// The state of an object that was found: in the nested form.
pub(crate) fn found(object: Value) -> Value {
    with_flat(object, &Value::Null)
}

/// The object with the flat attributes where the reference, a configuration or a state, has them.
fn with_flat(mut object: Value, reference: &Value) -> Value {
    if object.is_null() {
        return object;
    }
    let is_flat = is_flat(reference);
    for (name, nested) in SOURCES {
        let value = object.at(nested).clone();
        object.set_field(name, if is_flat { value } else { Value::Null });
    }
    for name in ["token_id", TOKEN_TTL] {
        object.set_field(name, reference.field(name).clone());
    }
    for name in RESULTS {
        let value = object.field("status").field(name).clone();
        object.set_field(name, value);
    }
    object
}

/// Whether an object has one of the flat attributes that can be configured. An empty `token_ttl` is none.
fn is_flat(object: &Value) -> bool {
    FLAT.iter().any(|name| {
        let value = object.field(name);
        let is_empty = *name == TOKEN_TTL && value.as_str() == Some("");
        !value.is_null() && !is_empty
    })
}

/// That a configuration is in one form, and says what that form requires.
fn check_form(config: &Value, diags: &mut Diagnostics) {
    let nested = ["metadata", "spec"];
    let nested = nested.iter().find(|name| !config.field(name).is_null());
    let mut missing = |path: Path| {
        let text = format!("{path} is required.");
        errors::error(Summary::MissingAttributeValue)
            .at(path)
            .detail(text)
            .add(diags);
    };
    match (is_flat(config), nested) {
        (true, Some(name)) => {
            let flat = FLAT.iter().find(|name| !config.field(name).is_null());
            let flat = flat.copied().unwrap_or_default();
            errors::error(Summary::InvalidAttributeCombination).at(Path::attribute(flat)).detail(format!(
                    "{flat} and {name} cannot be set together. Move name, roles and traits to metadata.name, spec.roles and \
                     spec.traits, and leave out {flat}."
                )).add(diags);
        }
        (true, None) => {
            for name in ["name", "roles"] {
                if config.field(name).is_null() {
                    missing(Path::attribute(name));
                }
            }
        }
        (false, _) if config.at(&["metadata", "name"]).is_null() => {
            missing(Path::attributes(&["metadata", "name"]));
        }
        (false, _) => {}
    }
}

/// The diagnostics with the paths of the form in which the reference is.
fn pointing(diags: Diagnostics, reference: &Value) -> Diagnostics {
    let mut pointing = Diagnostics::new();
    for mut diagnostic in diags {
        diagnostic.path = flat_path(&diagnostic.path, reference);
        pointing.push(diagnostic);
    }
    pointing
}

/// A path of the nested form as the path of the same attribute in the form in which the reference is.
fn flat_path(path: &Path, reference: &Value) -> Path {
    let is_flat = is_flat(reference);
    let steps = path.steps();
    let source = SOURCES.iter().filter(|_| is_flat).find(|(_, nested)| {
        let nested = Path::attributes(nested);
        steps.starts_with(nested.steps())
    });
    match source {
        Some((name, nested)) => {
            let rest = steps.iter().skip(nested.len()).cloned();
            let first = Path::attribute(*name);
            first.steps().iter().cloned().chain(rest).collect()
        }
        None => path.clone(),
    }
}

/// It has no effect. The official provider stores an empty text where it is not configured.
const TOKEN_TTL: &str = "token_ttl";

/// The flat attributes that can be configured.
const FLAT: [&str; 5] = ["name", "roles", "traits", "token_id", TOKEN_TTL];

/// Where the nested form has what the flat attributes say.
const SOURCES: [(&str, &[&str]); 3] = [
    ("name", &["metadata", "name"]),
    ("roles", &["spec", "roles"]),
    ("traits", &["spec", "traits"]),
];

/// The flat attributes that the cluster gives, with the same names in `status`.
const RESULTS: [&str; 2] = ["user_name", "role_name"];
