//! The example `notes`, run by terraform and by tofu.
//!
//! This program is the provider too: where a host starts it, it is the example and nothing else. So what is tested, what
//! stands in `examples/` and what the crate's documentation shows are one file.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(unreachable_pub, reason = "the example is a program of its own")]
#[path = "../examples/notes.rs"]
mod example;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use libtest_mimic::{Arguments, Completion, Trial};
use tempfile::TempDir;

fn main() -> ExitCode {
    // Every host sets it (hashicorp/go-plugin, `client.go`).
    if env::var_os("TF_PLUGIN_MAGIC_COOKIE").is_some() {
        return example::main();
    }
    let trials = match programs() {
        Ok(programs) => programs.into_iter().map(trial).collect(),
        Err(reason) => vec![Trial::ignorable_test(SCENARIO, move || {
            Ok(Completion::ignored_with(reason))
        })],
    };
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What `tools/find-programs` of the repository finds, or why nothing is found.
fn programs() -> Result<Vec<PathBuf>, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/find-programs");
    let output = Command::new(&script)
        .output()
        .map_err(|error| format!("{} does not run: {error}", script.display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let paths = String::from_utf8_lossy(&output.stdout);
    Ok(paths.lines().map(PathBuf::from).collect())
}

fn trial(program: PathBuf) -> Trial {
    Trial::test(format!("{}: {SCENARIO}", program.display()), move || {
        lives(&World::new(&program));
        is_upgraded(&World::new(&program));
        Ok(())
    })
}

/// States of the schema versions 0 and 1 plan as empty. A damaged one, and one of a newer version, are errors.
fn is_upgraded(world: &World) {
    world.configure("first", "One.\nTwo.");
    fs::write(world.file("first"), "One.\nTwo.").unwrap();
    for (version, note) in [
        (
            0,
            r#"{ "title": "first", "lines": ["One.", "Two."], "size": 9 }"#,
        ),
        (
            1,
            r#"{ "name": "first", "lines": ["One.", "Two."], "size": 9 }"#,
        ),
        (2, r#"{ "name": "first", "text": "One.\nTwo.", "size": 9 }"#),
    ] {
        world.store(version, note);
        world.plans_nothing();
    }
    world.store(0, r#"{ "title": "first", "size": 9 }"#);
    let refused = world.fails(&["plan"]);
    let refused = refused.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["Damaged State", "version 1 to 2: it has no lines"] {
        assert!(refused.contains(part), "{part:?} is not in:\n{refused}");
    }
    // Core says this itself, and does not ask.
    world.store(3, "{}");
    let refused = world.fails(&["plan"]);
    assert!(refused.contains("newer provider version"), "{refused}");
}

fn lives(world: &World) {
    world.configure("first", "One.");
    world.succeeds(&["apply", "-auto-approve"]);
    assert_eq!(world.note("first").as_deref(), Some("One."));
    assert!(world.succeeds(&["output"]).contains("size = 4"));
    world.plans_nothing();

    world.configure("first", "Two or three.");
    let applied = world.succeeds(&["apply", "-auto-approve"]);
    assert!(applied.contains("1 changed, 0 destroyed"), "{applied}");
    assert_eq!(world.note("first").as_deref(), Some("Two or three."));
    world.plans_nothing();

    // Drift, and an object that is gone.
    fs::write(world.file("first"), "Four.").unwrap();
    let plan = world.succeeds(&["plan"]);
    assert!(
        plan.contains(r#"~ text = "Four." -> "Two or three.""#),
        "{plan}"
    );
    fs::remove_file(world.file("first")).unwrap();
    let plan = world.succeeds(&["plan"]);
    assert!(
        plan.contains("1 to add, 0 to change, 0 to destroy"),
        "{plan}"
    );
    world.succeeds(&["apply", "-auto-approve"]);

    // A change that requires replacement.
    world.configure("second", "Two or three.");
    let applied = world.succeeds(&["apply", "-auto-approve"]);
    assert!(
        applied.contains("1 added, 0 changed, 1 destroyed"),
        "{applied}"
    );
    assert_eq!(world.note("first"), None);

    fs::write(world.file("third"), "Five.").unwrap();
    world.succeeds(&["state", "rm", ADDRESS]);
    world.configure("third", "Five.");
    let refused = world.fails(&["apply", "-auto-approve"]);
    assert!(refused.contains("Cannot Write Note"), "{refused}");
    world.succeeds(&["import", ADDRESS, "third"]);
    world.plans_nothing();

    world.configure("no/name", "");
    let refused = world.fails(&["validate"]);
    for part in [
        "Invalid Name",
        r#""no/name" is not a name. Use letters, digits and hyphens."#,
        "name = ",
    ] {
        assert!(refused.contains(part), "{part:?} is not in:\n{refused}");
    }

    world.configure("third", "Five.");
    world.succeeds(&["destroy", "-auto-approve"]);
    assert_eq!(world.note("third"), None);
    assert_eq!(world.note("second").as_deref(), Some("Two or three."));

    fs::remove_dir_all(world.notes()).unwrap();
    assert!(world.fails(&["plan"]).contains("Folder Not Found"));
}

/// A person's working folder, with the provider in development (`dev_overrides`) and a folder for the notes.
struct World {
    program: PathBuf,
    folder: TempDir,
}

impl World {
    fn new(program: &Path) -> Self {
        // Beside this program, so that it can be linked.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let world = Self {
            program: program.to_owned(),
            folder,
        };
        let plugins = world.path("plugins");
        fs::create_dir(&plugins).unwrap();
        fs::create_dir(world.notes()).unwrap();
        let provider = format!("terraform-provider-notes{}", env::consts::EXE_SUFFIX);
        fs::hard_link(env::current_exe().unwrap(), plugins.join(provider)).unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"example/notes\" = {plugins:?}\n  }}\n}}\n"
        );
        fs::write(world.path("cli.tfrc"), overrides).unwrap();
        world
    }

    fn configure(&self, name: &str, text: &str) {
        let config = format!(
            r#"
terraform {{
  required_providers {{
    notes = {{ source = "example/notes" }}
  }}
}}
provider "notes" {{
  folder = {:?}
}}
resource "notes_note" "this" {{
  name = {name:?}
  text = {text:?}
}}
output "size" {{
  value = notes_note.this.size
}}
"#,
            self.notes()
        );
        fs::write(self.path("main.tf"), config).unwrap();
    }

    /// Makes the state one that has this note, in a version of its schema.
    fn store(&self, schema_version: u32, note: &str) {
        let state = format!(
            r#"{{
  "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "0b7a2a9c-53f2-4d58-9d7e-6d5a3f6f2f11",
  "outputs": {{ "size": {{ "value": 9, "type": "number" }} }},
  "resources": [{{
    "mode": "managed", "type": "notes_note", "name": "this",
    "provider": "provider[\"registry.terraform.io/example/notes\"]",
    "instances": [{{ "schema_version": {schema_version}, "attributes": {note} }}]
  }}]
}}"#
        );
        fs::write(self.path("terraform.tfstate"), state).unwrap();
    }

    #[track_caller]
    fn plans_nothing(&self) {
        self.succeeds(&["plan", "-detailed-exitcode"]);
    }

    #[track_caller]
    fn succeeds(&self, arguments: &[&str]) -> String {
        self.run(arguments, true)
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> String {
        self.run(arguments, false)
    }

    /// What the command prints.
    #[track_caller]
    fn run(&self, arguments: &[&str], succeeds: bool) -> String {
        let output = Command::new(&self.program)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.folder.path())
            .env("TF_CLI_CONFIG_FILE", self.path("cli.tfrc"))
            .env("TF_CLI_ARGS", "-no-color")
            .env("CHECKPOINT_DISABLE", "1")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        assert_eq!(
            output.status.success(),
            succeeds,
            "{arguments:?}\n{printed}"
        );
        printed
    }

    fn note(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.file(name)).ok()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.notes().join(name).with_extension("txt")
    }

    fn notes(&self) -> PathBuf {
        self.path("notes")
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }
}

const SCENARIO: &str =
    "a note is created, read, changed, replaced, imported, destroyed and upgraded";
const ADDRESS: &str = "notes_note.this";
