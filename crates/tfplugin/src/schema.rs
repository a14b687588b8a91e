//! Schemas: the shape of a block, and how its attributes behave, as data.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{Diagnostics, Path, Type, Upgrade, Value};

/// The shape of a provider, resource, data source or ephemeral resource block.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// For each earlier version, from 0 on, how a state of it becomes one of the next. So their number is the current version.
    pub upgrades: &'static [Upgrade],
    /// The outermost block.
    pub block: Block,
}

/// The attributes and nested blocks of a block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// What it is, in Markdown.
    pub description: String,
    /// The attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The nested blocks by name.
    pub blocks: BTreeMap<String, NestedBlock>,
}

/// A block within a block. New schemas should prefer nested attributes.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// How often it may occur, and which value the blocks become.
    pub nesting: BlockNesting,
    /// Its contents.
    pub block: Block,
    /// The minimum number of blocks.
    pub min_items: i64,
    /// The maximum number of blocks; 0 means no limit.
    pub max_items: i64,
}

/// Which value nested blocks become (`Schema.NestedBlock.NestingMode` in `tfplugin6.proto`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockNesting {
    /// At most one: an object or null.
    Single,
    /// Always one object, even when the block is not configured.
    Group,
    /// A list.
    List,
    /// A set.
    Set,
    /// A map, by label.
    Map,
}

/// Which value nested attributes become (`Schema.Object.NestingMode` in `tfplugin6.proto`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// An object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// A map of objects.
    Map,
}

impl From<BlockNesting> for Nesting {
    /// The values have the same form. A group has that of a single block.
    fn from(nesting: BlockNesting) -> Self {
        match nesting {
            BlockNesting::Single | BlockNesting::Group => Self::Single,
            BlockNesting::List => Self::List,
            BlockNesting::Set => Self::Set,
            BlockNesting::Map => Self::Map,
        }
    }
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub enum AttributeShape {
    /// Values of a type.
    Type(Type),
    /// Objects whose attributes have behaviour of their own.
    Nested(Nesting, BTreeMap<String, Attribute>),
}

/// Whether the configuration, the provider or both set the value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The configuration must set it.
    Required,
    /// The configuration may set it. Otherwise it is null.
    Optional,
    /// The configuration may set it. Otherwise the provider does.
    OptionalComputed,
    /// The provider sets it: the attribute is read-only.
    Computed,
}

/// Whether a change of an attribute requires replacement of the object. It also applies to nested attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequiresReplace {
    /// It does not.
    #[default]
    Never,
    /// It does, also when the new value is not known yet.
    Always,
    /// It does when the new value is known.
    IfKnown,
}

/// An attribute and its behaviour.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// What it holds.
    pub shape: AttributeShape,
    /// Whether the configuration, the provider or both set it.
    pub presence: Presence,
    /// What it is, in Markdown.
    pub description: String,
    /// What to use instead, where it is deprecated.
    pub deprecation: Option<String>,
    /// Whether its value is a secret.
    pub sensitive: bool,
    /// Whether the provider gets the value from the configuration only: it is null in plan and state.
    pub write_only: bool,
    /// The value when the configuration does not set one. The presence must be [`Presence::OptionalComputed`].
    pub default: Option<Value>,
    /// Whether a change requires replacement of the object.
    pub requires_replace: RequiresReplace,
    /// Whether a plan keeps a computed value of the prior state, as the provider does not change it. Otherwise the value
    /// is unknown in a plan that changes anything.
    pub use_state_for_unknown: bool,
    /// Checks on known, non-null values.
    pub validators: Vec<Validator>,
}

/// A check on the value of an attribute.
#[derive(Clone)]
pub struct Validator(Arc<Check>);

type Check = dyn Fn(&Path, &Value, &mut Diagnostics) + Send + Sync;

impl Schema {
    /// Version 0 of a block.
    pub fn new(block: Block) -> Self {
        Self {
            upgrades: &[],
            block,
        }
    }

    /// The same with the upgrades of all earlier versions, from 0 on.
    #[must_use]
    pub fn upgraded_by(mut self, upgrades: &'static [Upgrade]) -> Self {
        self.upgrades = upgrades;
        self
    }

    /// The current version, which core stores with each object.
    pub fn version(&self) -> i64 {
        i64::try_from(self.upgrades.len()).unwrap_or(i64::MAX)
    }

    /// The type of the values.
    pub fn ty(&self) -> Type {
        self.block.ty()
    }
}

impl Block {
    /// An empty block.
    pub fn new(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            ..Self::default()
        }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, attribute: Attribute) -> Self {
        self.attributes.insert(name.into(), attribute);
        self
    }

    /// Adds a nested block.
    #[must_use]
    pub fn nested(mut self, name: impl Into<String>, block: NestedBlock) -> Self {
        self.blocks.insert(name.into(), block);
        self
    }

    /// The type of the values.
    pub fn ty(&self) -> Type {
        let attributes = self
            .attributes
            .iter()
            .map(|(name, attribute)| (name, attribute.ty()));
        let blocks = self.blocks.iter().map(|(name, nested)| (name, nested.ty()));
        Type::Object(
            attributes
                .chain(blocks)
                .map(|(name, ty)| (name.clone(), ty))
                .collect(),
        )
    }
}

impl NestedBlock {
    /// A block that may occur any number of times, or once where the nesting is single.
    pub fn new(nesting: BlockNesting, block: Block) -> Self {
        Self {
            nesting,
            block,
            min_items: 0,
            max_items: if nesting == BlockNesting::Single {
                1
            } else {
                0
            },
        }
    }

    fn ty(&self) -> Type {
        match self.nesting {
            BlockNesting::Single | BlockNesting::Group => self.block.ty(),
            BlockNesting::List => Type::list(self.block.ty()),
            BlockNesting::Set => Type::set(self.block.ty()),
            BlockNesting::Map => Type::map(self.block.ty()),
        }
    }
}

impl Attribute {
    /// An optional attribute of a type.
    pub fn new(ty: Type) -> Self {
        Self::with_shape(AttributeShape::Type(ty))
    }

    /// An optional text.
    pub fn string() -> Self {
        Self::new(Type::String)
    }

    /// An optional truth value.
    pub fn bool() -> Self {
        Self::new(Type::Bool)
    }

    /// An optional number.
    pub fn number() -> Self {
        Self::new(Type::Number)
    }

    /// Optional nested attributes.
    pub fn nested<K: Into<String>>(
        nesting: Nesting,
        attributes: impl IntoIterator<Item = (K, Self)>,
    ) -> Self {
        let attributes = attributes
            .into_iter()
            .map(|(name, attribute)| (name.into(), attribute))
            .collect();
        Self::with_shape(AttributeShape::Nested(nesting, attributes))
    }

    fn with_shape(shape: AttributeShape) -> Self {
        Self {
            shape,
            presence: Presence::Optional,
            description: String::new(),
            deprecation: None,
            sensitive: false,
            write_only: false,
            default: None,
            requires_replace: RequiresReplace::Never,
            use_state_for_unknown: false,
            validators: Vec::new(),
        }
    }

    /// The configuration must set it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.presence = Presence::Required;
        self
    }

    /// The provider sets it.
    #[must_use]
    pub fn computed(mut self) -> Self {
        self.presence = Presence::Computed;
        self
    }

    /// The configuration may set it. Otherwise the provider does.
    #[must_use]
    pub fn optional_computed(mut self) -> Self {
        self.presence = Presence::OptionalComputed;
        self
    }

    /// The configuration may set it. Otherwise it has this value.
    #[must_use]
    pub fn default_to(mut self, value: impl Into<Value>) -> Self {
        self.presence = Presence::OptionalComputed;
        self.default = Some(value.into());
        self
    }

    /// Its value is a secret.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The provider gets its value from the configuration only: it is null in plan and state.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// A change of it, or of an attribute nested in it, requires replacement of the object.
    #[must_use]
    pub fn requires_replace(mut self) -> Self {
        self.requires_replace = RequiresReplace::Always;
        self
    }

    /// A plan keeps the computed value of the prior state.
    #[must_use]
    pub fn use_state_for_unknown(mut self) -> Self {
        self.use_state_for_unknown = true;
        self
    }

    /// Says what it is, in Markdown.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, instead: impl Into<String>) -> Self {
        self.deprecation = Some(instead.into());
        self
    }

    /// Adds a check on known, non-null values.
    #[must_use]
    pub fn validate(
        mut self,
        check: impl Fn(&Path, &Value, &mut Diagnostics) + Send + Sync + 'static,
    ) -> Self {
        self.validators.push(Validator::new(check));
        self
    }

    /// The type of the values.
    pub fn ty(&self) -> Type {
        match &self.shape {
            AttributeShape::Type(ty) => ty.clone(),
            AttributeShape::Nested(nesting, attributes) => {
                let object = Type::object(
                    attributes
                        .iter()
                        .map(|(name, attribute)| (name.as_str(), attribute.ty())),
                );
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => Type::list(object),
                    Nesting::Set => Type::set(object),
                    Nesting::Map => Type::map(object),
                }
            }
        }
    }

    /// Whether the provider may set the value.
    pub fn is_computed(&self) -> bool {
        matches!(
            self.presence,
            Presence::Computed | Presence::OptionalComputed
        )
    }
}

impl Validator {
    /// A check from a function.
    pub fn new(check: impl Fn(&Path, &Value, &mut Diagnostics) + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    /// Runs the check.
    pub fn check(&self, path: &Path, value: &Value, diags: &mut Diagnostics) {
        (self.0)(path, value, diags);
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validator")
    }
}
