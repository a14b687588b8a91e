//! Imports go down only, and files stay small. The table of layers is the one on the front page of `src/lib.rs`.

#[path = "layers/paths.rs"]
mod paths;
#[path = "layers/table.rs"]
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use paths::crate_paths;
use table::{Table, layer};

/// The longest file, in lines.
const LONGEST: usize = 500;

/// Crates that speak the wire: `framework` is plain Rust.
const WIRE: [&str; 6] = [
    "hyper",
    "prost",
    "prost_reflect",
    "rustls",
    "tokio_rustls",
    "tonic",
];

#[test]
fn every_import_is_in_the_table_of_layers() {
    let table = table();
    let mut wrong = Vec::new();
    for file in files("src") {
        if file == "src/lib.rs" {
            continue;
        }
        for problem in problems(&table, &file, &read(&file)) {
            wrong.push(problem);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_and_binary_is_in_the_table() {
    let table = table();
    let mut layers: Vec<_> = files("src")
        .iter()
        .filter(|file| *file != "src/lib.rs")
        .map(|file| layer(file).to_owned())
        .collect();
    layers.sort();
    layers.dedup();
    assert_eq!(layers, table.names());
}

#[test]
fn the_table_itself_goes_down_only() {
    assert_eq!(table().cycle(), None);
}

#[test]
fn the_framework_names_no_crate_of_the_wire() {
    let wrong: Vec<_> = files("src/framework")
        .iter()
        .flat_map(|file| {
            let text = read(file);
            paths::tokens(&text)
                .into_iter()
                .filter(|token| WIRE.contains(&token.text))
                .map(|token| format!("{file}:{}: {}", token.line, token.text))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<_> = files("src")
        .into_iter()
        .chain(files("tests"))
        .filter_map(|file| {
            let lines = read(&file).lines().count();
            (lines > LONGEST).then(|| format!("{file}: {lines} lines"))
        })
        .collect();
    assert!(
        long.is_empty(),
        "over {LONGEST} lines:\n{}",
        long.join("\n")
    );
}

#[test]
fn an_import_up_is_found_in_every_way_to_write_it() {
    let table = made_up_table();
    for text in [
        "use crate::top::Thing;",
        "use crate::{bottom::Fine, top::Thing};",
        "use crate::{\n    bottom::{self, Fine},\n    top,\n};",
        "fn f() -> crate::top::Thing { todo() }",
        "pub use super::top::Thing;",
        "mod inner { use super::super::top::Thing; }",
        "macro_rules! m { () => { $crate::top::f() } }",
        "fn f(a: &'a str, b: char) { let c = '\"'; crate::top::f(b'\\'') }",
        "const A: &str = r#\"x\"y\"#; use crate::top;",
    ] {
        let found = problems(&table, "src/middle/mod.rs", text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert!(found[0].contains("middle may not use top"), "{found:?}");
    }
}

#[test]
fn an_import_that_hides_its_layer_is_found() {
    let table = made_up_table();
    for text in [
        "use crate::*;",
        "use crate as other;",
        "use crate::{self as other};",
    ] {
        let found = problems(&table, "src/middle/mod.rs", text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert!(found[0].contains("names no layer"), "{found:?}");
    }
}

#[test]
fn what_is_allowed_or_no_code_is_passed_over() {
    let table = made_up_table();
    for text in [
        "use crate::bottom::{Fine, other::{self, Thing}};",
        "use crate::middle::own::Thing;",
        "pub(crate) fn f() {}",
        "pub(in crate::middle) fn f() {}",
        "// use crate::top::Thing;",
        "/// See [`crate::top`].\nfn f() {}",
        "/* use crate::top; /* nested */ use crate::top; */",
        "const A: &str = \"use crate::top;\";",
        "const A: &str = r#\"use crate::top; \" \"#;",
        "mod inner { use super::own::Thing; }",
        "mod inner { mod own { } } use super::bottom::Fine;",
    ] {
        assert_eq!(
            problems(&table, "src/middle/mod.rs", text),
            [""; 0],
            "{text:?}"
        );
    }
    let deeper = "use super::super::bottom::Fine; use super::own::Thing; mod tests { use super::super::own; }";
    assert_eq!(problems(&table, "src/middle/inner.rs", deeper), [""; 0]);
}

#[test]
fn the_line_of_an_import_is_told() {
    let found = problems(
        &made_up_table(),
        "src/middle/x.rs",
        "//! x\n\nuse crate::{\n    top,\n};",
    );
    assert_eq!(found, ["src/middle/x.rs:4: middle may not use top"]);
}

#[test]
fn the_binaries_have_rows_of_their_own() {
    let table = made_up_table();
    let text =
        "use crate::own; use terraform_provider_teleport::{bottom, top}; mod x { use super::own; }";
    assert_eq!(
        problems(&table, "src/main.rs", text),
        ["src/main.rs:1: main.rs may not use bottom"]
    );
}

#[test]
fn a_cycle_in_the_table_is_found() {
    let table = Table::parse(
        "//! | module | what it is | may use |\n//! | --- | --- | --- |\n\
         //! | [`a`] | one | [`b`] |\n//! | [`b`] | two | [`a`] |\n",
    );
    assert!(table.cycle().is_some());
}

/// What is wrong with the imports of a file, a line each.
fn problems(table: &Table, file: &str, text: &str) -> Vec<String> {
    let own = layer(file);
    crate_paths(file, text)
        .into_iter()
        .filter_map(|path| {
            let line = path.line;
            match path.layer {
                None => Some(format!("{file}:{line}: an import that names no layer")),
                Some(used) if used == own || table.allows(own, &used) => None,
                Some(used) => Some(format!("{file}:{line}: {own} may not use {used}")),
            }
        })
        .collect()
}

fn table() -> Table {
    Table::parse(&read("src/lib.rs"))
}

fn made_up_table() -> Table {
    Table::parse(
        "//! | module | what it is | may use |\n//! | --- | --- | --- |\n\
         //! | `main.rs` | the program | all but [`bottom`] |\n\
         //! | [`top`] | a | [`middle`], [`bottom`] |\n\
         //! | [`middle`] | b | [`bottom`] |\n\
         //! | [`bottom`] | c | nothing |\n",
    )
}

/// The Rust files under a folder of the repository, relative to it.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("the folder must be readable") {
            let entry = entry.expect("the entry must be readable");
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.to_str().expect("a file name must be UTF-8").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect("the file must be readable")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
