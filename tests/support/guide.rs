//! The pieces of a guide, so that tests run what it says.

use std::{fs, path::Path};

use super::{environment::TestEnv, outcome::Outcome};

/// A section of a guide in `docs/guides/`.
pub(crate) struct Section {
    name: String,
    text: String,
}

impl Section {
    /// The section with this heading.
    ///
    /// # Panics
    ///
    /// Panics if the guide has none.
    #[track_caller]
    pub(crate) fn of(guide: &str, heading: &str) -> Self {
        Self::after(guide, &format!("## {heading}"))
    }

    /// What comes before the first section.
    #[track_caller]
    pub(crate) fn introduction(guide: &str) -> Self {
        Self::after(guide, "---\n")
    }

    #[track_caller]
    fn after(guide: &str, heading: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs/guides")
            .join(guide);
        let guide = fs::read_to_string(&path).expect("the guide must be readable");
        let (_, rest) = guide
            .split_once(&format!("\n{heading}\n"))
            .unwrap_or_else(|| panic!("no section {heading:?} in {}", path.display()));
        let text = rest.split("\n## ").next().unwrap_or_default();
        Self {
            name: heading.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The text of its file `name`: the block of Terraform that begins with a comment of this name.
    ///
    /// # Panics
    ///
    /// Panics if there is none.
    #[track_caller]
    pub(crate) fn file(&self, name: &str) -> String {
        let begin = format!("# {name}\n");
        let found = self.blocks("terraform");
        let found = found.into_iter().find(|block| block.starts_with(&begin));
        found.unwrap_or_else(|| panic!("no file {name} in {:?}", self.name))
    }

    /// The blocks of Terraform that are no files, such as an `import` block.
    pub(crate) fn pieces(&self) -> Vec<String> {
        let mut pieces = self.blocks("terraform");
        pieces.retain(|piece| !piece.starts_with("# "));
        pieces
    }

    /// Its commands, in order.
    pub(crate) fn commands(&self) -> Vec<String> {
        let blocks = self.blocks("shell").concat().replace("\\\n", " ");
        let commands = blocks.lines().map(str::to_owned);
        commands.collect()
    }

    /// Its files of YAML, by their names.
    pub(crate) fn yaml_files(&self) -> Vec<(String, String)> {
        yaml_files(&self.text)
    }

    fn blocks(&self, language: &str) -> Vec<String> {
        blocks(&self.text, language)
    }
}

/// The blocks of YAML that begin with a comment that is the name of a file, with the name.
pub(crate) fn yaml_files(text: &str) -> Vec<(String, String)> {
    let blocks = blocks(text, "yaml").into_iter();
    let named = blocks.filter_map(|block| {
        let name = block.lines().next()?.strip_prefix("# ")?;
        let name = name.ends_with(".yaml").then(|| name.to_owned())?;
        Some((name, block))
    });
    named.collect()
}

/// The blocks in a language of a guide, or of a part of one.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    // Blocks in lists are indented.
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(fence) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let block: String = lines
            .by_ref()
            .take_while(|line| line.trim() != "```")
            .map(|line| format!("{}\n", line.get(indent..).unwrap_or_default()))
            .collect();
        if fence == language {
            blocks.push(block);
        }
    }
    blocks
}

impl TestEnv {
    /// Runs a command of a guide: `terraform ARGUMENTS`, where `> FILE` may follow. OpenTofu runs it, too.
    ///
    /// # Panics
    ///
    /// Panics if it is another command, or if it fails.
    #[track_caller]
    pub(crate) fn run_command(&self, command: &str) -> Outcome {
        let (command, file) = match command.split_once(" > ") {
            Some((command, file)) => (command, Some(file)),
            None => (command, None),
        };
        let mut words = command.split_whitespace();
        assert_eq!(words.next(), Some("terraform"), "{command}");
        let outcome = self.run(&words.collect::<Vec<_>>()).succeeded();
        if let Some(file) = file {
            fs::write(self.path(file), &outcome.stdout).expect("the file must be writable");
        }
        outcome
    }
}
