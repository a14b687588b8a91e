//! The pages: what stands around a schema.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use tfplugin::{Block, Function, Parameter, Provider, RequiresReplace};

use super::{guides::Guide, schema};

/// The documentation of a provider.
pub(crate) struct Site {
    name: String,
    root: PathBuf,
    guides: Vec<Guide>,
    pub(crate) provider: Block,
    pub(crate) entries: Vec<Entry>,
}

/// A thing that the provider offers.
pub(crate) struct Entry {
    kind: Kind,
    /// As in configurations.
    pub(crate) name: String,
    /// Its shape. None for a function.
    pub(crate) block: Option<Block>,
    description: String,
    body: String,
}

/// A kind of thing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Resource,
    DataSource,
    EphemeralResource,
    ListResource,
    Function,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Resource,
        Self::DataSource,
        Self::EphemeralResource,
        Self::ListResource,
        Self::Function,
    ];

    /// The folder in `docs/` and in `examples/`.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Resource => "resources",
            Self::DataSource => "data-sources",
            Self::EphemeralResource => "ephemeral-resources",
            Self::ListResource => "list-resources",
            Self::Function => "functions",
        }
    }

    /// Name of the example's file.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Resource => "resource.tf",
            Self::DataSource => "data-source.tf",
            Self::EphemeralResource => "ephemeral-resource.tf",
            Self::ListResource => "list-resource.tfquery.hcl",
            Self::Function => "function.tf",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
            Self::EphemeralResource => "Ephemeral Resource",
            Self::ListResource => "List Resource",
            Self::Function => "Function",
        }
    }
}

impl Entry {
    fn new(kind: Kind, name: &str, block: &Block) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            description: block.description.clone(),
            body: schema::render(block),
            block: Some(block.clone()),
        }
    }

    fn function(function: &dyn Function) -> Self {
        Self {
            kind: Kind::Function,
            name: function.name().to_owned(),
            description: function.signature().description.clone(),
            body: signature(function),
            block: None,
        }
    }

    /// Path of its example in the repository.
    pub(crate) fn example(&self) -> String {
        format!(
            "examples/{}/{}/{}",
            self.kind.folder(),
            self.name,
            self.kind.example()
        )
    }

    /// Path of its page in `docs/`.
    fn page(&self, provider: &str) -> String {
        let prefix = format!("{provider}_");
        let name = self.name.strip_prefix(&prefix).unwrap_or(&self.name);
        format!("{}/{name}.md", self.kind.folder())
    }
}

impl Site {
    /// The documentation of a provider whose repository is at `root`.
    pub(crate) fn of<P: Provider>(provider: &P, name: &str, root: &Path) -> Self {
        let resources = provider.resources();
        let data_sources = provider.data_sources();
        let ephemeral = provider.ephemeral_resources();
        let lists = provider.list_resources();
        let functions = provider.functions();
        let entries =
            resources
                .iter()
                .map(|it| Entry::new(Kind::Resource, it.type_name(), &it.schema().block))
                .chain(data_sources.iter().map(|it| {
                    let block = never_replaced(&it.schema().block);
                    Entry::new(Kind::DataSource, it.type_name(), &block)
                }))
                .chain(ephemeral.iter().map(|it| {
                    Entry::new(Kind::EphemeralResource, it.type_name(), &it.schema().block)
                }))
                .chain(
                    lists.iter().map(|it| {
                        Entry::new(Kind::ListResource, it.type_name(), &it.schema().block)
                    }),
                )
                .chain(functions.iter().map(|it| Entry::function(it.as_ref())))
                .collect();
        Self {
            name: name.to_owned(),
            root: root.to_owned(),
            guides: Guide::all(&root.join("docs")),
            provider: provider.schema().block.clone(),
            entries,
        }
    }

    /// Every generated page by its path in `docs/`.
    pub(crate) fn pages(&self) -> BTreeMap<String, String> {
        let entries = self
            .entries
            .iter()
            .map(|entry| (entry.page(&self.name), self.entry(entry)));
        entries
            .chain([("index.md".to_owned(), self.index())])
            .collect()
    }

    fn index(&self) -> String {
        let name = &self.name;
        let mut page = front_matter(&format!("{name} Provider"), &self.provider.description);
        write!(
            page,
            "# {name} Provider\n\n{}\n\n",
            self.provider.description
        )
        .unwrap();
        if !self.guides.is_empty() {
            page.push_str("## Guides\n\n");
            for Guide {
                title,
                file,
                description,
                ..
            } in &self.guides
            {
                writeln!(page, "- [{title}](guides/{file}): {description}").unwrap();
            }
            page.push('\n');
        }
        page.push_str(&self.example("examples/provider/provider.tf"));
        page.push_str(&schema::render(&self.provider));
        page
    }

    fn entry(&self, entry: &Entry) -> String {
        let Entry {
            kind,
            name,
            description,
            body,
            ..
        } = entry;
        let title = kind.title();
        let mut page = front_matter(&format!("{name} {title} - {}", self.name), description);
        write!(page, "# {name} ({title})\n\n{description}\n\n").unwrap();
        let own = entry.page(&self.name);
        let about: Vec<_> = self
            .guides
            .iter()
            .filter(|guide| guide.is_about(&own))
            .map(|guide| format!("[{}](../guides/{})", guide.title, guide.file))
            .collect();
        if !about.is_empty() {
            write!(page, "More about it: {}.\n\n", about.join(", ")).unwrap();
        }
        page.push_str(&self.example(&entry.example()));
        page.push_str(body);
        page.push_str(&self.import(entry));
        page
    }

    fn example(&self, path: &str) -> String {
        match self.text(path) {
            Some(text) => format!(
                "## Example Usage\n\n```terraform\n{}\n```\n\n",
                text.trim_end()
            ),
            None => String::new(),
        }
    }

    /// How to import it, if there are examples of that.
    fn import(&self, entry: &Entry) -> String {
        let folder = format!("examples/{}/{}", entry.kind.folder(), entry.name);
        let ways = [
            (
                "import-by-identity.tf",
                "terraform",
                "By an [`import` block](https://developer.hashicorp.com/terraform/language/import) with an identity \
                 (Terraform 1.12, OpenTofu 1.12 or later):",
            ),
            (
                "import-by-string-id.tf",
                "terraform",
                "By an [`import` block](https://developer.hashicorp.com/terraform/language/import) with an id (Terraform 1.5, \
                 OpenTofu 1.6 or later):",
            ),
            (
                "import.sh",
                "shell",
                "By the [`import` command](https://developer.hashicorp.com/terraform/cli/commands/import):",
            ),
        ];
        let texts: String = ways
            .iter()
            .filter_map(|(file, language, text)| {
                let example = self.text(&format!("{folder}/{file}"))?;
                Some(format!(
                    "\n{text}\n\n```{language}\n{}\n```\n",
                    example.trim_end()
                ))
            })
            .collect();
        if texts.is_empty() {
            texts
        } else {
            format!("\n## Import\n{texts}")
        }
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }
}

/// A block of something that is read, and not made: attributes that it shares with a resource replace nothing here.
fn never_replaced(block: &Block) -> Block {
    let mut block = block.clone();
    for attribute in block.attributes.values_mut() {
        attribute.requires_replace = RequiresReplace::Never;
    }
    block
}

/// What the registry reads at the head of a page.
fn front_matter(title: &str, description: &str) -> String {
    let first = description.split("\n\n").next().unwrap_or_default();
    let plain = first.replace('`', "").replace('\n', " ");
    format!(
        "---\n# Made by `make docs` from the schemas and examples.\npage_title: \"{title}\"\nsubcategory: \"\"\n\
         description: |-\n  {plain}\n---\n\n"
    )
}

fn signature(function: &dyn Function) -> String {
    let signature = function.signature();
    let shown = |parameter: &Parameter| format!("{} {}", parameter.name, parameter.ty);
    let mut arguments: Vec<_> = signature.parameters.iter().map(shown).collect();
    arguments.extend(
        signature
            .variadic
            .iter()
            .map(|it| format!("{}...", shown(it))),
    );
    let mut text = format!(
        "## Signature\n\n```text\n{}({}) {}\n```\n",
        function.name(),
        arguments.join(", "),
        signature.returns
    );
    if !arguments.is_empty() {
        text.push_str("\n## Arguments\n\n");
    }
    let parameters = signature.parameters.iter().map(|it| (it, ""));
    for (parameter, variadic) in
        parameters.chain(signature.variadic.iter().map(|it| (it, "Variadic, ")))
    {
        let Parameter {
            name,
            ty,
            description,
            allow_null,
            ..
        } = parameter;
        let nullable = if *allow_null { ", Nullable" } else { "" };
        let ty = schema::type_name(ty);
        writeln!(text, "1. `{name}` ({variadic}{ty}{nullable}) {description}").unwrap();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    #[test]
    fn every_kind_of_thing_has_its_page() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("examples/functions/shout");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("function.tf"), "output \"it\" {}\n").unwrap();
        let pages = Site::of(&Sample::default(), "sample", root.path()).pages();
        assert_eq!(
            pages.keys().collect::<Vec<_>>(),
            [
                "ephemeral-resources/secret.md",
                "functions/shout.md",
                "index.md"
            ]
        );
        let shout = &pages["functions/shout.md"];
        for part in [
            "page_title: \"shout Function - sample\"\n",
            "  Says it louder.\n",
            "```terraform\noutput \"it\" {}\n```\n",
            "```text\nshout(text string, more list(string)...) string\n```\n",
            "1. `text` (String) What to say.\n1. `more` (Variadic, List of String, Nullable) What else.\n",
        ] {
            assert!(shout.contains(part), "{part}\n{shout}");
        }
        assert!(
            pages["ephemeral-resources/secret.md"]
                .contains("# sample_secret (Ephemeral Resource)\n")
        );
    }
}
