//! What Terraform adds to a message: a small table by field path.

use tfplugin::{Attribute, Presence, RequiresReplace, Validator, Value};

/// What Terraform adds to a message, field by field. Data: nothing happens before [`Mapping::new`](super::Mapping::new).
///
/// A path names a field by attribute names from the outside in, such as `spec.token.allow.aws_arn`; lists, maps and
/// wrappers add nothing to it. A step `*` stands for any one field: `spec.*.rules` is the field in both `spec.allow` and
/// `spec.deny`. The names are those that the `.proto` gives (see [`Mapping`](super::Mapping)), also for a field that a
/// rule renames. Where two rules contradict each other, the later one holds. A rule that fits no field is an error.
///
/// Without a rule, a field is an optional attribute, or by [`Rules::all_optional_computed`] one that the provider may also
/// give; inside a computed one it is computed.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The steps of a path, and the rule.
    list: Vec<(Vec<String>, Rule)>,
    all_optional_computed: bool,
}

impl Rules {
    /// No rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// The configuration must give the field.
    #[must_use]
    pub fn required(self, path: &str) -> Self {
        self.presence(path, Presence::Required)
    }

    /// The configuration may give the field.
    #[must_use]
    pub fn optional(self, path: &str) -> Self {
        self.presence(path, Presence::Optional)
    }

    /// The configuration may give the field, else the server does.
    #[must_use]
    pub fn optional_computed(self, path: &str) -> Self {
        self.presence(path, Presence::OptionalComputed)
    }

    /// Fields without a rule about it may be given by the configuration or by the provider.
    #[must_use]
    pub fn all_optional_computed(mut self) -> Self {
        self.all_optional_computed = true;
        self
    }

    /// The server gives the field; it is never sent. Holds for all that is nested in it, too.
    #[must_use]
    pub fn computed(self, path: &str) -> Self {
        self.presence(path, Presence::Computed)
    }

    /// The configuration may give the field, else it is this. Numbers, texts and truth values go in as they are.
    #[must_use]
    pub fn default_to(self, path: &str, value: impl Into<Value>) -> Self {
        self.with(path, Rule::Default(value.into()))
    }

    /// The field is no attribute. It is neither shown nor changed.
    #[must_use]
    pub fn omit(self, path: &str) -> Self {
        self.with(path, Rule::Omit)
    }

    /// The attribute has this name. Rules go on naming it by the old one.
    #[must_use]
    pub fn rename(self, path: &str, name: &str) -> Self {
        self.with(path, Rule::Rename(name.to_owned()))
    }

    /// The numbers of the field are nanoseconds and shown as durations such as `30h0m0s`. For 64-bit signed integers.
    #[must_use]
    pub fn duration(self, path: &str) -> Self {
        self.with(path, Rule::Duration)
    }

    /// The list of messages is shown as a map: from the text in the field `key` of each to its field `value`. An element whose
    /// value is empty says as much as none.
    #[must_use]
    pub fn entries(self, path: &str, key: &str, value: &str) -> Self {
        self.with(path, Rule::Entries(key.to_owned(), value.to_owned()))
    }

    /// A change of the field, or of what is nested in it, needs a new object.
    #[must_use]
    pub fn requires_replace(self, path: &str) -> Self {
        self.with(path, Rule::RequiresReplace)
    }

    /// A value that the server gave is expected to stay.
    #[must_use]
    pub fn use_state_for_unknown(self, path: &str) -> Self {
        self.with(path, Rule::UseStateForUnknown)
    }

    /// The value is a secret.
    #[must_use]
    pub fn sensitive(self, path: &str) -> Self {
        self.with(path, Rule::Sensitive)
    }

    /// The value is sent and not stored. Null leaves what the server has.
    #[must_use]
    pub fn write_only(self, path: &str) -> Self {
        self.with(path, Rule::WriteOnly)
    }

    /// Says what the field is, in Markdown, in place of its comment in the `.proto`.
    #[must_use]
    pub fn describe(self, path: &str, description: &str) -> Self {
        self.with(path, Rule::Describe(description.to_owned()))
    }

    /// Adds a check on known, non-null values of the field.
    #[must_use]
    pub fn validate(self, path: &str, validator: Validator) -> Self {
        self.with(path, Rule::Validate(validator))
    }

    fn presence(self, path: &str, presence: Presence) -> Self {
        self.with(path, Rule::Presence(presence))
    }

    fn with(mut self, path: &str, rule: Rule) -> Self {
        let steps = path.split('.').map(str::to_owned).collect();
        self.list.push((steps, rule));
        self
    }

    /// Takes the rules for what is inside of an omitted field for used.
    pub(super) fn use_inside(&self, path: &[String], used: &mut [bool]) {
        for ((pattern, _), used) in self.list.iter().zip(used) {
            let around = pattern.get(..path.len());
            if pattern.len() > path.len() && around.is_some_and(|around| fits(around, path)) {
                *used = true;
            }
        }
    }

    /// The presence of fields without a rule about it.
    pub(super) fn presence_without_rule(&self) -> Presence {
        if self.all_optional_computed {
            Presence::OptionalComputed
        } else {
            Presence::Optional
        }
    }

    /// The number of rules.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The path of a rule.
    pub(super) fn path(&self, index: usize) -> String {
        self.list[index].0.join(".")
    }

    /// What the rules say of a field, with `inherited` where they are silent about its presence. `used` learns which
    /// rules fit.
    pub(super) fn behaviour(
        &self,
        path: &[String],
        inherited: Presence,
        used: &mut [bool],
    ) -> Behaviour {
        let mut behaviour = Behaviour::new(inherited);
        for ((pattern, rule), used) in self.list.iter().zip(used) {
            if fits(pattern, path) {
                *used = true;
                behaviour.add(rule);
            }
        }
        behaviour
    }
}

/// What the rules say of one field.
#[derive(Clone, Debug)]
pub(super) struct Behaviour {
    pub(super) presence: Presence,
    pub(super) omit: bool,
    pub(super) rename: Option<String>,
    pub(super) duration: bool,
    pub(super) entries: Option<(String, String)>,
    pub(super) write_only: bool,
    pub(super) default: Option<Value>,
    pub(super) description: Option<String>,
    requires_replace: bool,
    use_state_for_unknown: bool,
    sensitive: bool,
    validators: Vec<Validator>,
}

impl Behaviour {
    fn new(presence: Presence) -> Self {
        Self {
            presence,
            omit: false,
            rename: None,
            duration: false,
            entries: None,
            default: None,
            description: None,
            requires_replace: false,
            use_state_for_unknown: false,
            sensitive: false,
            write_only: false,
            validators: Vec::new(),
        }
    }

    fn add(&mut self, rule: &Rule) {
        match rule {
            Rule::Presence(presence) => {
                self.presence = *presence;
                self.default = None;
            }
            Rule::Default(value) => {
                self.presence = Presence::OptionalComputed;
                self.default = Some(value.clone());
            }
            Rule::Omit => self.omit = true,
            Rule::Rename(name) => self.rename = Some(name.clone()),
            Rule::Duration => self.duration = true,
            Rule::Entries(key, value) => self.entries = Some((key.clone(), value.clone())),
            Rule::RequiresReplace => self.requires_replace = true,
            Rule::UseStateForUnknown => self.use_state_for_unknown = true,
            Rule::Sensitive => self.sensitive = true,
            Rule::WriteOnly => self.write_only = true,
            Rule::Describe(description) => self.description = Some(description.clone()),
            Rule::Validate(validator) => self.validators.push(validator.clone()),
        }
    }

    /// Puts all of it on an attribute. Its own validators stay in front.
    pub(super) fn put_on(&self, attribute: &mut Attribute) {
        attribute.presence = self.presence;
        attribute.default.clone_from(&self.default);
        attribute.sensitive = self.sensitive;
        attribute.write_only = self.write_only;
        attribute.use_state_for_unknown = self.use_state_for_unknown;
        if self.requires_replace {
            attribute.requires_replace = RequiresReplace::Always;
        }
        attribute.validators.extend(self.validators.iter().cloned());
    }
}

#[derive(Clone, Debug)]
enum Rule {
    Presence(Presence),
    Default(Value),
    Omit,
    Rename(String),
    Duration,
    Entries(String, String),
    RequiresReplace,
    UseStateForUnknown,
    Sensitive,
    WriteOnly,
    Describe(String),
    Validate(Validator),
}

fn fits(pattern: &[String], path: &[String]) -> bool {
    let mut steps = pattern.iter().zip(path);
    pattern.len() == path.len() && steps.all(|(step, name)| step == "*" || step == name)
}
