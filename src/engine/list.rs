//! Finding the objects of a kind that exist, for `terraform query`.
//!
//! What belongs to Teleport itself or to a bot is left out: it cannot be managed by itself.

use std::{
    collections::{BTreeMap, HashSet},
    sync::OnceLock,
};

use async_trait::async_trait;
use prost_reflect::DynamicMessage;
use teleport_client::Error;
use tfplugin::{
    Attribute, Block, Call, Diagnostics, Found, List, ListResource, Listed, Path, Resource as _,
    Schema, Type, Value,
};

use super::{
    Kind, KindResource, lifecycle, private_state::PrivateState, resource_identity, run::Run,
};
use crate::{
    clusters::{
        ProviderData,
        target::{CLUSTER, Target, cluster_attribute},
    },
    errors::{self, Summary},
};

/// The list resource of a kind.
pub(crate) struct KindListResource {
    kind: Kind,
    /// Made when something is listed, and not when the provider starts.
    resource: OnceLock<KindResource>,
    schema: Schema,
    complete: fn(Value) -> Value,
}

impl KindListResource {
    /// The list resource of a kind with a list call.
    pub(crate) fn new(kind: Kind) -> Self {
        let noun = kind.noun;
        let glob = "`*` stands for any characters, and `?` for any one";
        let mut block = Block::new(format!(
            "Finds the {noun}s that exist, for `terraform query`.{}",
            if kind.in_workload_clusters {
                " What belongs to Teleport itself or to a bot is left out."
            } else {
                ""
            }
        ))
        .attribute(
            NAME,
            Attribute::string().describe(format!("Name of the {noun}s. {glob}. Default: all.")),
        );
        if kind.in_workload_clusters {
            let labels = Attribute::new(Type::map(Type::String)).describe(format!(
                "Labels of the {noun}s, with their values. In a value, {glob}."
            ));
            block = block.attribute(LABELS, labels);
            let mut cluster = cluster_attribute(noun);
            cluster.requires_replace = Default::default();
            block = block.attribute(CLUSTER, cluster);
        }
        Self {
            kind,
            resource: OnceLock::new(),
            schema: Schema::new(block),
            complete: |object| object,
        }
    }

    /// The same, where the resource has attributes that the engine does not know.
    pub(crate) fn completed(mut self, complete: fn(Value) -> Value) -> Self {
        self.complete = complete;
        self
    }

    /// The resource of what is listed.
    fn managed(&self) -> &KindResource {
        self.resource.get_or_init(|| KindResource::new(self.kind))
    }

    async fn search(
        &self,
        call: &Call<ProviderData>,
        request: &List,
        found: &mut Found,
        diags: &mut Diagnostics,
    ) -> Option<()> {
        let shape = &self.managed().shape;
        let doing = format!("listing the {}s", shape.kind.noun);
        let run = Run::refresh(call);
        let target = Target::of(&request.config, &run, diags)?;
        let objects = target.client().objects(shape.kind.rpcs);
        let connecting = target.client().cluster_name();
        let cluster = match run.call(&doing, diags, connecting).await? {
            Ok(cluster) => cluster.unwrap_or_default(),
            Err(error) => return failed(&target, &error, &doing, diags).await,
        };
        let filter = Filter::of(&request.config);
        let mut pages = objects.pages()?;
        let mut seen = HashSet::new();
        loop {
            let page = match run.call(&doing, diags, pages.next()).await? {
                Ok(Some(page)) => page,
                Ok(None) => return Some(()),
                Err(error) => return failed(&target, &error, &doing, diags).await,
            };
            for object in page {
                let value = shape.reported(&object);
                let name = shape.name(&value).unwrap_or_default();
                // Two pages may show one object.
                if !filter.takes(&name, &value) || !seen.insert(name.clone()) {
                    continue;
                }
                let resource = if request.include_resource {
                    let whole = lifecycle::with_status(shape, &objects, object);
                    match run.call(&doing, diags, whole).await? {
                        Ok(Some(object)) => Some(self.resource(&object, &name, &request.config)),
                        Ok(None) => continue,
                        Err(error) => return failed(&target, &error, &doing, diags).await,
                    }
                } else {
                    None
                };
                let listed = Listed {
                    identity: resource_identity::named(&cluster, &name),
                    display_name: name,
                    resource,
                };
                if !found.push(listed).await {
                    return Some(());
                }
            }
        }
    }

    /// The object as an import finds it.
    fn resource(&self, object: &DynamicMessage, name: &str, config: &Value) -> Value {
        let shape = &self.managed().shape;
        let mut named = shape.named(self.managed().schema(), name);
        if shape.kind.in_workload_clusters {
            named.set_field(CLUSTER, config.field(CLUSTER).clone());
        }
        let mut state = shape.imported(object, &named);
        // What there is to say of an object that is not ready, its import says.
        lifecycle::refreshed(shape, object, &mut state, &mut Diagnostics::new());
        (self.complete)(state)
    }
}

async fn failed(
    target: &Target,
    error: &Error,
    doing: &str,
    diags: &mut Diagnostics,
) -> Option<()> {
    let memory = PrivateState::default();
    if target.is_gone(error, doing, &memory, diags).await {
        target.missing(doing, diags).await;
    }
    None
}

#[async_trait]
impl ListResource<ProviderData> for KindListResource {
    fn type_name(&self) -> &str {
        self.kind.type_name
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value, diags: &mut Diagnostics) {
        if config.field(NAME).as_str() == Some("") {
            errors::error(Summary::InvalidAttributeValue)
                .at(Path::attribute(NAME))
                .detail("name is empty, so nothing has it. Leave it out to list all.")
                .add(diags);
        }
    }

    async fn list(
        &self,
        call: &Call<ProviderData>,
        request: List,
        found: &mut Found,
    ) -> Diagnostics {
        let mut diags = Diagnostics::new();
        self.search(call, &request, found, &mut diags).await;
        diags
    }
}

/// Which objects are wanted.
struct Filter<'a> {
    name: Option<&'a str>,
    labels: Option<&'a BTreeMap<String, Value>>,
}

impl<'a> Filter<'a> {
    fn of(config: &'a Value) -> Self {
        Self {
            name: config.field(NAME).as_str(),
            labels: config.field(LABELS).as_fields(),
        }
    }

    fn takes(&self, name: &str, object: &Value) -> bool {
        let labels = object.at(&["metadata", LABELS]);
        let label = |key: &str| labels.as_fields()?.get(key)?.as_str();
        let mut wanted = self.labels.into_iter().flatten();
        let is_of_teleport = label(BOT).is_some() || label(RESOURCE_TYPE) == Some("system");
        !is_of_teleport
            && self.name.is_none_or(|pattern| fits(name, pattern))
            && wanted.all(|(key, pattern)| {
                let pattern = pattern.as_str().unwrap_or_default();
                label(key).is_some_and(|value| fits(value, pattern))
            })
    }
}

/// Whether a text fits a pattern, in which `*` stands for any characters and `?` for any one.
fn fits(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<_>, Vec<_>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut in_pattern) = (0, 0);
    // The last `*`, and what it stands for up to now.
    let mut star = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('*') => {
                star = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => {
                let Some((place, end)) = star else {
                    return false;
                };
                star = Some((place, end + 1));
                (at, in_pattern) = (end + 1, place + 1);
            }
        }
    }
    pattern[in_pattern..].iter().all(|left| *left == '*')
}

const NAME: &str = "name";
const LABELS: &str = "labels";

/// The label of the user and the role of a bot.
const BOT: &str = "teleport.internal/bot";

/// The label that says that something is Teleport's own.
const RESOURCE_TYPE: &str = "teleport.internal/resource-type";

#[cfg(test)]
mod tests {
    use super::*;

    fn config(name: Value, labels: &[(&str, &str)]) -> Value {
        let labels = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
        Value::object([("name", name), ("labels", Value::Map(labels.collect()))])
    }

    fn object(labels: &[(&str, &str)]) -> Value {
        let labels = config(Value::Null, labels).field("labels").clone();
        Value::object([("metadata", Value::object([("labels", labels)]))])
    }

    #[test]
    fn an_object_is_taken_by_name_and_by_all_of_the_labels() {
        let dev = object(&[("env", "dev"), ("team", "a")]);
        for (name, labels, takes) in [
            (Value::Null, &[][..], true),
            ("dev*".into(), &[], true),
            ("prod*".into(), &[], false),
            (Value::Null, &[("env", "dev")], true),
            (Value::Null, &[("env", "d?v"), ("team", "*")], true),
            (Value::Null, &[("env", "dev"), ("team", "b")], false),
            (Value::Null, &[("region", "*")], false),
        ] {
            let config = config(name, labels);
            let filter = Filter::of(&config);
            assert_eq!(filter.takes("developer", &dev), takes, "{config:?}");
        }
    }

    #[test]
    fn a_pattern_stands_for_texts() {
        for (text, pattern, expected) in [
            ("", "", true),
            ("", "*", true),
            ("abc", "abc", true),
            ("abc", "a?c", true),
            ("abc", "*c", true),
            ("abcbc", "a*bc", true),
            ("abc", "ab", false),
            ("abc", "b*", false),
            ("ab", "abc", false),
            ("ä", "?", true),
        ] {
            assert_eq!(fits(text, pattern), expected, "{text} {pattern}");
        }
        assert!(!fits(
            &"a".repeat(5_000),
            &"*a".repeat(50).replace("*a", "*ab")
        ));
    }

    #[test]
    fn what_belongs_to_teleport_or_to_a_bot_is_left_out() {
        let config = config(Value::Null, &[]);
        let filter = Filter::of(&config);
        assert!(filter.takes("a", &object(&[(RESOURCE_TYPE, "preset")])));
        assert!(!filter.takes("a", &object(&[(RESOURCE_TYPE, "system")])));
        assert!(!filter.takes("a", &object(&[(BOT, "deploy")])));
    }
}
