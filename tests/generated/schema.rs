//! A schema as Markdown: lists of what must, may and cannot be set, and a section with an anchor for each nested schema.

use std::{collections::BTreeMap, fmt::Write};

use tfplugin::{
    Attribute, AttributeShape, Block, BlockNesting, NestedBlock, Nesting, Presence,
    RequiresReplace, Type, Value,
};

/// The section `## Schema`.
pub(crate) fn render(block: &Block) -> String {
    let mut text = "## Schema\n".to_owned();
    let inner = lines(&block.attributes, &block.blocks, &[]);
    inner.write(&mut text, "### ", "");
    text
}

/// A type in words, such as `List of String`.
pub(crate) fn type_name(ty: &Type) -> String {
    match ty {
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::String => "String".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(element) => format!("List of {}", type_name(element)),
        Type::Set(element) => format!("Set of {}", type_name(element)),
        Type::Map(element) => format!("Map of {}", type_name(element)),
        Type::Tuple(_) | Type::Object(_) => format!("`{ty}`"),
    }
}

/// The lines of a block, sorted by who gives the value, and the nested schemas behind them.
#[derive(Default)]
struct Lines {
    required: Vec<String>,
    optional: Vec<String>,
    read_only: Vec<String>,
    nested: Vec<Nested>,
}

struct Nested {
    path: String,
    anchor: String,
    lines: Lines,
}

impl Lines {
    fn write(self, text: &mut String, before: &str, after: &str) {
        let groups = [
            ("Required", self.required),
            ("Optional", self.optional),
            ("Read-Only", self.read_only),
        ];
        for (title, lines) in groups {
            if !lines.is_empty() {
                write!(text, "\n{before}{title}{after}\n\n{}\n", lines.join("\n")).unwrap();
            }
        }
        for Nested {
            path,
            anchor,
            lines,
        } in self.nested
        {
            write!(
                text,
                "\n<a id=\"{anchor}\"></a>\n### Nested Schema for `{path}`\n"
            )
            .unwrap();
            lines.write(text, "", ":");
        }
    }

    fn group(&mut self, presence: Presence) -> &mut Vec<String> {
        match presence {
            Presence::Required => &mut self.required,
            Presence::Optional | Presence::OptionalComputed => &mut self.optional,
            Presence::Computed => &mut self.read_only,
        }
    }

    fn attribute(&mut self, name: &str, attribute: &Attribute, path: &[&str]) {
        let mut line = format!("- `{name}` ({}) {}", facts(attribute), sentences(attribute));
        if let AttributeShape::Nested(_, inner) = &attribute.shape {
            self.nest(&mut line, "nestedatt", name, path, |path| {
                lines(inner, &BTreeMap::new(), path)
            });
        }
        self.group(attribute.presence).push(line);
    }

    fn block(&mut self, name: &str, nested: &NestedBlock, path: &[&str]) {
        let mut kind = match nested.nesting {
            BlockNesting::Single | BlockNesting::Group => "Block",
            BlockNesting::List => "Block List",
            BlockNesting::Set => "Block Set",
            BlockNesting::Map => "Block Map",
        }
        .to_owned();
        let limits = [("Min", nested.min_items), ("Max", nested.max_items)];
        for (limit, number) in limits.iter().filter(|(_, number)| *number > 0) {
            write!(kind, ", {limit}: {number}").unwrap();
        }
        let mut line = format!("- `{name}` ({kind}) {}", flat(&nested.block.description));
        let block = &nested.block;
        self.nest(&mut line, "nestedblock", name, path, |path| {
            lines(&block.attributes, &block.blocks, path)
        });
        let group = if nested.min_items > 0 {
            Presence::Required
        } else {
            Presence::Optional
        };
        self.group(group).push(line);
    }

    /// Adds the section of a nested schema, and a link to it.
    fn nest(
        &mut self,
        line: &mut String,
        prefix: &str,
        name: &str,
        path: &[&str],
        inner: impl FnOnce(&[&str]) -> Self,
    ) {
        let path = [path, &[name]].concat();
        let anchor = format!("{prefix}--{}", path.join("--"));
        write!(line, " (see [below for nested schema](#{anchor}))").unwrap();
        self.nested.push(Nested {
            path: path.join("."),
            anchor,
            lines: inner(&path),
        });
    }
}

fn lines(
    attributes: &BTreeMap<String, Attribute>,
    blocks: &BTreeMap<String, NestedBlock>,
    path: &[&str],
) -> Lines {
    let mut lines = Lines::default();
    for (name, attribute) in attributes {
        lines.attribute(name, attribute, path);
    }
    for (name, block) in blocks {
        lines.block(name, block, path);
    }
    lines
}

/// Type and marks, as in `String, Sensitive`.
fn facts(attribute: &Attribute) -> String {
    let mut facts = match &attribute.shape {
        AttributeShape::Type(ty) => type_name(ty),
        AttributeShape::Nested(Nesting::Single, _) => "Attributes".to_owned(),
        AttributeShape::Nested(Nesting::List, _) => "Attributes List".to_owned(),
        AttributeShape::Nested(Nesting::Set, _) => "Attributes Set".to_owned(),
        AttributeShape::Nested(Nesting::Map, _) => "Attributes Map".to_owned(),
    };
    let marks = [
        (attribute.sensitive, ", Sensitive"),
        (attribute.deprecation.is_some(), ", Deprecated"),
        (
            attribute.write_only,
            ", [Write-only](https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments)",
        ),
    ];
    for (_, mark) in marks.iter().filter(|(marked, _)| *marked) {
        facts.push_str(mark);
    }
    facts
}

/// The description, and what the schema knows beside it.
fn sentences(attribute: &Attribute) -> String {
    let mut text = flat(&attribute.description);
    if let Some(default) = &attribute.default {
        write!(text, " Default: `{}`.", literal(default)).unwrap();
    }
    match attribute.requires_replace {
        RequiresReplace::Never => {}
        RequiresReplace::Always => text.push_str(" A change replaces the resource."),
        RequiresReplace::IfKnown => {
            text.push_str(" A change replaces the resource, unless the new value is known only after the apply.");
        }
    }
    if let Some(instead) = &attribute.deprecation {
        write!(text, " Deprecated: {}", flat(instead)).unwrap();
    }
    text
}

/// One line of it: a list's item ends at an empty line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value as configurations write it. Defaults are simple.
fn literal(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        other => panic!("no default should look like {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(name: &str, attribute: Attribute) -> String {
        render(&Block::default().attribute(name, attribute))
    }

    #[test]
    fn attributes_stand_under_who_gives_them() {
        let block = Block::default()
            .attribute("b", Attribute::string().describe("B."))
            .attribute("a", Attribute::bool().optional_computed().describe("A."))
            .attribute("id", Attribute::string().computed().describe("Id."))
            .attribute("name", Attribute::string().required().describe("Name."));
        assert_eq!(
            render(&block),
            "## Schema\n\n### Required\n\n- `name` (String) Name.\n\n### Optional\n\n- `a` (Boolean) A.\n- `b` (String) \
             B.\n\n### Read-Only\n\n- `id` (String) Id.\n"
        );
    }

    #[test]
    fn marks_defaults_and_replacement_are_shown() {
        let plain = Attribute::string().describe("A\nvalue.");
        let line = |attribute| rendered("a", attribute).lines().last().unwrap().to_owned();
        assert_eq!(
            line(plain.clone().sensitive()),
            "- `a` (String, Sensitive) A value."
        );
        assert_eq!(
            line(plain.clone().default_to("v1")),
            "- `a` (String) A value. Default: `v1`."
        );
        assert_eq!(
            line(plain.clone().requires_replace()),
            "- `a` (String) A value. A change replaces the resource."
        );
        assert_eq!(
            line(plain.clone().deprecated("Use b.")),
            "- `a` (String, Deprecated) A value. Deprecated: Use b."
        );
        assert!(line(plain.write_only()).contains("(String, [Write-only]("));
    }

    #[test]
    fn nested_schemas_have_sections_of_their_own() {
        let leaf = Attribute::string().required().describe("Leaf.");
        let inner = Attribute::nested(Nesting::List, [("leaf", leaf)]).describe("Inner.");
        let outer = Attribute::nested(Nesting::Single, [("inner", inner)]).describe("Outer.");
        assert_eq!(
            rendered("outer", outer),
            "## Schema\n\n### Optional\n\n- `outer` (Attributes) Outer. (see [below for nested \
             schema](#nestedatt--outer))\n\n<a id=\"nestedatt--outer\"></a>\n### Nested Schema for \
             `outer`\n\nOptional:\n\n- `inner` (Attributes List) Inner. (see [below for nested \
             schema](#nestedatt--outer--inner))\n\n<a id=\"nestedatt--outer--inner\"></a>\n### Nested Schema for \
             `outer.inner`\n\nRequired:\n\n- `leaf` (String) Leaf.\n"
        );
    }

    #[test]
    fn blocks_show_how_often_they_may_stand_there() {
        let inner = Block::new("A rule.").attribute("a", Attribute::number().describe("A."));
        let mut nested = NestedBlock::new(BlockNesting::List, inner);
        nested.min_items = 1;
        let text = render(&Block::default().nested("rule", nested));
        assert!(
            text.contains("### Required\n\n- `rule` (Block List, Min: 1) A rule. (see [below"),
            "{text}"
        );
        assert!(text.contains("<a id=\"nestedblock--rule\"></a>\n### Nested Schema for `rule`\n\nOptional:\n\n- `a` (Number) A.\n"));
    }

    #[test]
    fn types_are_named_in_words() {
        assert_eq!(
            type_name(&Type::map(Type::list(Type::String))),
            "Map of List of String"
        );
        assert_eq!(
            type_name(&Type::set(Type::object([("a", Type::Bool)]))),
            "Set of `object({a=bool})`"
        );
    }
}
