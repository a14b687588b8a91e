//! `terraform-provider-notes`: each `notes_note` is a text file in the folder that the provider block names.

use std::{env, fs, io, io::Write, path::PathBuf, process::ExitCode, sync::Arc};

use async_trait::async_trait;
use serde_json::Value as Json;
use tfplugin::{
    Applied, Attribute, Block, Call, Create, Delete, Diagnostics, Imported, Path, Private,
    Provider, Resource, Schema, Update, Value, serve,
};

/// What Terraform and OpenTofu start.
pub fn main() -> ExitCode {
    let folder = Attribute::string().required().describe("The folder.");
    let schema = Schema::new(Block::new("Keeps notes in a folder.").attribute("folder", folder));
    let address = "registry.terraform.io/example/notes";
    let options = serve::Options::new(address, env!("CARGO_PKG_VERSION"));
    serve::run(&options, &|name| env::var(name).ok(), || Notes(schema))
}

/// The provider, with the schema of the provider block.
struct Notes(Schema);

#[async_trait]
impl Provider for Notes {
    type Client = PathBuf;

    fn schema(&self) -> &Schema {
        &self.0
    }

    fn resources(&self) -> Vec<Arc<dyn Resource<PathBuf>>> {
        let name = Attribute::string().required().requires_replace();
        let block = Block::new("A note: the file `NAME.txt`.")
            .attribute("name", name.validate(check_name).describe("The name."))
            .attribute("text", Attribute::string().required().describe("The text."))
            .attribute("size", Attribute::number().computed().describe("Bytes."));
        let schema = Schema::new(block).upgraded_by(&[title_becomes_name, lines_become_text]);
        vec![Arc::new(Note(schema))]
    }

    /// During a plan the folder can be unknown. Then there is no client.
    async fn configure(&self, config: &Value, diags: &mut Diagnostics) -> Option<PathBuf> {
        let folder = PathBuf::from(config.field("folder").as_str()?);
        if !folder.is_dir() {
            let detail = format!("{folder:?} is not a folder. Create it, or set another one.");
            diags.attribute_error(Path::attribute("folder"), "Folder Not Found", detail);
        }
        Some(folder)
    }
}

/// The resource `notes_note`, with its schema.
struct Note(Schema);

#[async_trait]
impl Resource<PathBuf> for Note {
    fn type_name(&self) -> &str {
        "notes_note"
    }

    fn schema(&self) -> &Schema {
        &self.0
    }

    async fn create(&self, call: &Call<PathBuf>, request: Create) -> Applied {
        let file = path(call, &request.planned).and_then(fs::File::create_new);
        write(file, request.planned)
    }

    async fn read(&self, call: &Call<PathBuf>, note: Value, _: Private) -> Applied {
        match path(call, &note).and_then(fs::read_to_string) {
            Ok(text) => applied(note, text),
            // Without a state and without an error, the note is gone.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Applied::default(),
            Err(error) => failed("Cannot Read Note", &error),
        }
    }

    async fn update(&self, call: &Call<PathBuf>, request: Update) -> Applied {
        let file = path(call, &request.planned).and_then(fs::File::create);
        write(file, request.planned)
    }

    async fn delete(&self, call: &Call<PathBuf>, request: Delete) -> Diagnostics {
        match path(call, &request.prior).and_then(fs::remove_file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                failed("Cannot Delete Note", &error).diagnostics
            }
            _ => Diagnostics::new(),
        }
    }

    /// The id is the name. Terraform reads the rest.
    async fn import(
        &self,
        _: &Call<PathBuf>,
        id: &str,
        diags: &mut Diagnostics,
    ) -> Option<Imported> {
        check_name(&Path::root(), &id.into(), diags);
        let names = [
            ("name", id.into()),
            ("text", Value::Null),
            ("size", Value::Null),
        ];
        let (state, private) = (Value::object(names), Private::default());
        Some(Imported { state, private })
    }
}

/// From schema version 0 to 1.
fn title_becomes_name(mut note: Json) -> Result<Json, &'static str> {
    let title = note.get("title").cloned().ok_or("it has no title")?;
    note["name"] = title;
    Ok(note)
}

/// From schema version 1 to 2, in which the text is no list any more.
fn lines_become_text(mut note: Json) -> Result<Json, &'static str> {
    let lines = note.get("lines").and_then(Json::as_array);
    let lines = lines.ok_or("it has no lines")?.iter();
    let lines: Vec<_> = lines.filter_map(Json::as_str).collect();
    note["text"] = lines.join("\n").into();
    Ok(note)
}

fn check_name(path: &Path, name: &Value, diags: &mut Diagnostics) {
    let name = name.as_str().unwrap_or_default();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        let detail = format!("{name:?} is not a name. Use letters, digits and hyphens.");
        diags.attribute_error(path.clone(), "Invalid Name", detail);
    }
}

fn path(call: &Call<PathBuf>, note: &Value) -> io::Result<PathBuf> {
    let folder = call.client.as_ref();
    let folder = folder.ok_or_else(|| io::Error::other("the folder is unknown"))?;
    let name = note.field("name").as_str().unwrap_or_default();
    Ok(folder.join(name).with_extension("txt"))
}

fn write(file: io::Result<fs::File>, note: Value) -> Applied {
    let text = note.field("text").as_str().unwrap_or_default().to_owned();
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => applied(note, text),
        Err(error) => failed("Cannot Write Note", &error),
    }
}

fn applied(mut state: Value, text: String) -> Applied {
    state.set_field("size", (text.len() as i64).into());
    state.set_field("text", text.into());
    Applied {
        state,
        ..Applied::default()
    }
}

/// With an error and no new state, the prior state stays.
fn failed(summary: &str, error: &io::Error) -> Applied {
    let mut applied = Applied::default();
    applied.diagnostics.error(summary, error.to_string());
    applied
}
