//! A kind of object as message and as value.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use prost_reflect::{DynamicMessage, MessageDescriptor};
use sha2::{Digest as _, Sha256};
use tfplugin::{
    Attribute, AttributeShape, Block, Diagnostics, Path, Presence, Schema, Severity, Type, Value,
};

use super::{
    Kind,
    clear::clear_blank,
    kind::Name,
    lifecycle::{self, READY},
    plan::Planner,
    private_state::Planned,
    secrets,
};
use crate::{
    clusters::target::{CLUSTER, cluster_attribute},
    engine::shapes::{null, null_at, without_unknown},
    mapping::{Mapping, Rules, UnknownNames},
    settings::policy::{POLICY, policy_attribute},
};

/// The shape of a kind's objects, and the way between message and value.
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    /// What is shown.
    pub(super) shown: Mapping,
    /// What is sent: null takes a field out, also one that the server then fills in.
    sent: Mapping,
    /// The attributes that come from the message.
    attributes: BTreeMap<String, Attribute>,
    /// The attributes that only the provider knows.
    arguments: BTreeMap<&'static str, Attribute>,
}

impl Shape {
    /// The shape of a kind. Resource, data sources and functions share it, because making it is half of what a start costs.
    pub(crate) fn of(kind: Kind) -> Arc<Self> {
        static MADE: Mutex<BTreeMap<&str, Arc<Shape>>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let shape = made
            .entry(kind.type_name)
            .or_insert_with(|| Arc::new(Self::new(kind)));
        Arc::clone(shape)
    }

    fn new(kind: Kind) -> Self {
        let message = descriptor(&kind);
        let shown = (kind.rules)().all_optional_computed();
        let hidden = (kind.secrets.iter()).flat_map(|secret| [Some(secret.path), secret.reported]);
        let hidden = hidden.flatten();
        let sensitive = |rules: Rules, path: &'static str| rules.sensitive(path);
        let shown = hidden.fold(shown, sensitive);
        let secret = kind.secrets.iter().map(|secret| secret.path);
        let sent = (kind.kept.iter().copied().chain(secret))
            .fold((kind.rules)(), Rules::optional_computed);
        let never_sent = kind.read_only.iter().chain(kind.not_kept).copied();
        let sent = never_sent.fold(sent, Rules::omit);
        let mapping = |rules| {
            Mapping::new(message.clone(), rules).expect("the rules of a kind must fit its message")
        };
        let shown = mapping(shown);
        Self {
            kind,
            attributes: shown.schema_attributes(),
            shown,
            sent: mapping(sent),
            arguments: arguments(&kind),
        }
    }

    /// The schema of the resource: the message, and what Terraform needs beside it.
    pub(crate) fn schema(&self) -> Schema {
        let mut block = Block::new(self.kind.description);
        block.attributes = self.attributes.clone();
        secrets::add_twins(&self.kind, &mut block.attributes);
        let id = Attribute::string()
            .computed()
            .use_state_for_unknown()
            .describe(format!("Name of the {}.", self.kind.noun));
        let id = if self.kind.name_is_secret {
            id.sensitive()
        } else {
            id
        };
        let arguments = self.arguments.clone().into_iter();
        let block = arguments.fold(block.attribute("id", id), |block, (name, attribute)| {
            block.attribute(name, attribute)
        });
        Schema::new(block)
    }

    /// The names of the attributes that only the provider knows.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &'static str> {
        self.arguments.keys().copied()
    }

    /// The attributes that come from the message.
    pub(crate) fn attributes(&self) -> &BTreeMap<String, Attribute> {
        &self.attributes
    }

    /// The name of an object, where it is known.
    pub(crate) fn name(&self, object: &Value) -> Option<String> {
        match self.kind.name {
            Name::Fixed(name) => Some(name.to_owned()),
            Name::Given | Name::Generated(_) => {
                object.at(&["metadata", "name"]).as_str().map(str::to_owned)
            }
        }
    }

    /// What is wrong with a name, by the checks of its attribute.
    pub(super) fn name_problem(&self, name: &str) -> Option<String> {
        let AttributeShape::Nested(_, metadata) = &self.attributes.get("metadata")?.shape else {
            return None;
        };
        let mut diags = Diagnostics::new();
        let path = Path::attributes(&["metadata", "name"]);
        for check in &metadata.get("name")?.validators {
            check.check(&path, &name.into(), &mut diags);
        }
        let problem = diags.iter().find(|found| found.severity == Severity::Error);
        problem.map(|found| found.detail.trim_end_matches('.').to_owned())
    }

    /// Whether there is exactly one object of the kind.
    pub(super) fn is_singleton(&self) -> bool {
        matches!(self.kind.name, Name::Fixed(_))
    }

    /// An object in a sentence, such as `role "editor"`. A name that is a secret is left out.
    pub(super) fn what(&self, name: &str) -> String {
        match self.kind.name {
            Name::Fixed(_) => self.kind.noun.to_owned(),
            _ if self.kind.name_is_secret => self.kind.noun.to_owned(),
            _ => format!("{} {name:?}", self.kind.noun),
        }
    }

    /// What a plan leaves of the planned object. None while its name or its cluster is unknown.
    pub(super) fn note(&self, planned: &Value) -> Option<Planned> {
        let name = self.name(planned)?;
        let name = if self.kind.name_is_secret {
            digest(&name)
        } else {
            name
        };
        let cluster = planned.field(CLUSTER);
        (!cluster.is_unknown()).then(|| Planned::of(Some(&name), cluster))
    }

    /// An object of the schema that says its name and no more.
    pub(super) fn named(&self, schema: &Schema, name: &str) -> Value {
        let mut state = null(schema);
        state.set_field("id", name.into());
        let mut metadata = null_at(schema, "metadata");
        if metadata
            .as_fields()
            .is_some_and(|fields| fields.contains_key("name"))
        {
            metadata.set_field("name", name.into());
            state.set_field("metadata", metadata);
        }
        state
    }

    /// The planned object: what the module `plan` makes of it, the id, and the provider's own arguments as configured.
    pub(super) fn plan(
        &self,
        schema: &Schema,
        config: &Value,
        prior: &Value,
        configured: &BTreeSet<String>,
    ) -> Value {
        let config = &self.in_words_of(config, prior);
        let planner = Planner {
            kind: &self.kind,
            mapping: &self.shown,
            config,
            prior,
            configured,
        };
        let mut planned = planner.plan(&schema.block.attributes);
        secrets::plan(&self.kind, config, &mut planned);
        for name in self.arguments() {
            planned.set_field(name, config.field(name).clone());
        }
        if prior.is_null()
            && matches!(self.kind.name, Name::Generated(_))
            && self.name(&planned).is_none()
        {
            if planned.field("metadata").is_null() {
                planned.set_field("metadata", null_at(schema, "metadata"));
            }
            planned.set_at(&["metadata", "name"], Value::Unknown);
        }
        let id = self.name(&planned).map_or(Value::Unknown, Value::from);
        planned.set_field("id", id);
        planned
    }

    /// The message that asks for a new object.
    ///
    /// # Errors
    ///
    /// Names what does not fit.
    pub(crate) fn request(&self, planned: &Value) -> Result<DynamicMessage, Diagnostics> {
        let mut message = self.sent.to_message(&wanted(planned))?;
        (self.kind.complete)(&mut message);
        Ok(message)
    }

    /// The message that makes a stored object the planned one. What is no attribute stays as it is, and so does the
    /// revision.
    ///
    /// # Errors
    ///
    /// Names what does not fit.
    pub(super) fn changed(
        &self,
        stored: &DynamicMessage,
        planned: &Value,
    ) -> Result<DynamicMessage, Diagnostics> {
        let mut message = stored.clone();
        let wanted = wanted(planned);
        self.sent.merge_into(&wanted, &mut message)?;
        for field in self.kind.server_filled {
            let names: Vec<_> = field.path.split('.').collect();
            if wanted.at(&names).is_null() {
                clear_blank(&mut message, &names);
            }
        }
        (self.kind.complete)(&mut message);
        Ok(message)
    }

    /// The object of the state: what the server says, in the words of the reference where they mean the same, and what only
    /// the state knows from the reference.
    pub(super) fn value(&self, object: &DynamicMessage, reference: &Value) -> Value {
        let value = self.shown.to_value(object);
        self.in_state(self.shown.reconcile(value, reference), reference)
    }

    /// What the server says, with what only the state knows from the reference.
    pub(super) fn in_state(&self, mut value: Value, reference: &Value) -> Value {
        self.keep_words(&mut value, reference);
        secrets::keep(&self.kind, &mut value, reference);
        for path in self.kind.not_kept {
            let names: Vec<_> = path.split('.').collect();
            let known = Some(reference.at(&names)).filter(|known| known.is_set());
            value.set_at(&names, known.cloned().unwrap_or_default());
        }
        // The revision changes with every login of a user, which is no drift.
        let revision = Some(reference.at(REVISION)).filter(|revision| revision.is_set());
        value.set_at(REVISION, revision.cloned().unwrap_or_default());
        for name in self.arguments() {
            let argument = Some(reference.field(name)).filter(|value| !value.is_unknown());
            value.set_field(name, argument.cloned().unwrap_or_default());
        }
        let id = self.name(&value).map_or(Value::Null, Value::from);
        value.set_field("id", id);
        value
    }

    /// What the server says, as it is.
    pub(crate) fn reported(&self, object: &DynamicMessage) -> Value {
        self.shown.to_value(object)
    }

    /// What tells one version of a stored object from another: its revision, or a digest where it has none.
    pub(crate) fn revision(&self, object: &DynamicMessage) -> String {
        let mut value = self.reported(object);
        match value.at(REVISION).as_str() {
            Some(revision) => revision.to_owned(),
            None => {
                // A name may be a secret, and is the same in all versions.
                value.set_at(&["metadata", "name"], Value::Null);
                digest(&format!("{value:?}"))
            }
        }
    }

    /// What `tctl` calls the kind.
    pub(crate) fn tctl_kind(&self) -> String {
        let kind = self
            .attributes
            .get("kind")
            .and_then(|it| it.default.as_ref());
        kind.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The type of the objects of [`Shape::read_tctl`].
    pub(crate) fn tctl_type(&self) -> Type {
        self.sent.ty()
    }

    /// The object that `tctl` wrote, with the attributes that are sent.
    ///
    /// # Errors
    ///
    /// Names what does not fit.
    pub(crate) fn read_tctl(&self, written: &Value) -> Result<Value, Diagnostics> {
        self.sent.read_tctl(written, UnknownNames::Refuse)
    }

    /// An object as `tctl` reads it. One with an `id` is that of a resource or a data source, and has attributes that `tctl` does not
    /// know.
    ///
    /// # Errors
    ///
    /// Names what does not fit.
    pub(crate) fn write_tctl(&self, object: &Value) -> Result<Value, Diagnostics> {
        let unknown_names = if object.field("id").is_null() {
            UnknownNames::Refuse
        } else {
            UnknownNames::LeaveOut
        };
        let object = self.sent.read_tctl(object, unknown_names)?;
        Ok(self.sent.write_tctl(&object))
    }

    /// Whether two objects say the same, but for what is never sent and what the provider alone knows.
    pub(super) fn same(&self, one: &Value, other: &Value) -> bool {
        self.sent.same(one, other)
    }

    /// Whether there is nothing to write: only arguments of the provider changed, or words.
    pub(super) fn is_as_before(&self, planned: &Value, prior: &Value) -> bool {
        planned.is_wholly_known()
            && self.same(planned, prior)
            && !secrets::is_new_version(&self.kind, planned, prior)
    }

    /// The configuration in the words of the prior state, wherever both mean the same.
    pub(super) fn in_words_of(&self, config: &Value, prior: &Value) -> Value {
        if prior.is_null() {
            return config.clone();
        }
        let reworded = self.shown.reconcile(config.clone(), prior);
        let mut config = reword(config, &reworded);
        self.keep_words(&mut config, prior);
        config
    }

    /// Takes over the reference's value wherever [`Kind::same_meaning`] says that both mean the same.
    fn keep_words(&self, value: &mut Value, reference: &Value) {
        for (path, same) in self.kind.same_meaning {
            let names: Vec<_> = path.split('.').collect();
            let (one, other) = (value.at(&names), reference.at(&names));
            if one.is_set() && other.is_set() && same(one, other) {
                let other = other.clone();
                value.set_at(&names, other);
            }
        }
    }
}

/// The attributes of a kind that only the provider knows.
fn arguments(kind: &Kind) -> BTreeMap<&'static str, Attribute> {
    let mut arguments: BTreeMap<_, _> = (kind.arguments)().into_iter().collect();
    if kind.in_workload_clusters {
        arguments.insert(CLUSTER, cluster_attribute(kind.noun));
    }
    if let Some(revoke) = &kind.revoke {
        arguments.insert(POLICY, policy_attribute(kind.noun, revoke.leaves));
    }
    // Terraform writes null for an optional argument into configurations that it generates, unless the provider may set it, too.
    // The plan sets each as configured.
    for argument in arguments.values_mut() {
        argument.presence = Presence::OptionalComputed;
    }
    if kind.lifecycle.is_some() {
        arguments.insert(READY, lifecycle::attribute(kind.noun));
    }
    arguments
}

/// The one read-only attribute that a configuration may repeat.
pub(super) const REVISION: &[&str] = &["metadata", "revision"];

/// The planned object with null for everything that the server is to fill in. Its `spec` is there in any case, so that
/// what others keep in there is not taken for a part of it.
fn wanted(planned: &Value) -> Value {
    let mut wanted = without_unknown(planned.clone());
    if wanted.field("spec").is_null() {
        wanted.set_field("spec", Value::object::<String>([]));
    }
    wanted
}

/// The reworded value, but with null and empty as they were: core takes no other for what is configured.
fn reword(planned: &Value, reworded: &Value) -> Value {
    let all = |one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>| {
        one.iter()
            .map(|(key, value)| {
                let other = other.get(key).unwrap_or(value);
                (key.clone(), reword(value, other))
            })
            .collect()
    };
    match (planned, reworded) {
        (Value::Object(one), Value::Object(other)) => Value::Object(all(one, other)),
        (Value::Map(one), Value::Map(other)) => Value::Map(all(one, other)),
        (Value::List(one), Value::List(other)) if one.len() == other.len() => Value::List(
            one.iter()
                .zip(other)
                .map(|(one, other)| reword(one, other))
                .collect(),
        ),
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) => {
            reworded.clone()
        }
        _ => planned.clone(),
    }
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The message of a kind.
pub(crate) fn descriptor(kind: &Kind) -> MessageDescriptor {
    teleport_proto::descriptors()
        .get_message_by_name(kind.rpcs.message)
        .expect("the message of a kind must be in the descriptors")
}
