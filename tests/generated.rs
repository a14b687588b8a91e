//! The registry's documentation in `docs/` is what the provider's schemas and `examples/` say, to the byte. UPDATE=1 writes it.
//!
//! The layout is the one that Terraform's registry and tfplugindocs agree on. The pages in `docs/guides/` are written by hand.

// The exception for tests covers test functions, not what they share.
#![allow(clippy::unwrap_used)]

#[path = "generated/guides.rs"]
mod guides;
#[path = "generated/pages.rs"]
mod pages;
#[path = "generated/sample.rs"]
mod sample;
#[path = "generated/schema.rs"]
mod schema;
#[path = "generated/summaries.rs"]
mod summaries;

use std::{collections::BTreeMap, env, fs, path::Path};

use guides::Guide;
use pages::{Kind, Site};
use terraform_provider_teleport::provider::Teleport;
use tfplugin::{Attribute, AttributeShape, Block, Provider};

#[test]
fn the_documentation_is_current() {
    let docs = Path::new(ROOT).join("docs");
    let pages = site().pages();
    let update = env::var_os("UPDATE").is_some_and(|value| !value.is_empty());
    let mut stale = Vec::new();
    for (name, page) in &pages {
        let path = docs.join(name);
        if fs::read_to_string(&path).ok().as_ref() == Some(page) {
            continue;
        }
        if update {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, page).unwrap();
        } else {
            stale.push(format!(
                "docs/{name} is not what the schemas and examples say"
            ));
        }
    }
    for kind in Kind::ALL {
        for name in files(&docs.join(kind.folder())) {
            let name = format!("{}/{name}", kind.folder());
            if pages.contains_key(&name) {
                continue;
            }
            if update {
                fs::remove_file(docs.join(&name)).unwrap();
            } else {
                stale.push(format!(
                    "docs/{name} is about something that the provider does not have"
                ));
            }
        }
    }
    assert!(
        stale.is_empty(),
        "{}\nrun make docs to write them",
        stale.join("\n")
    );
}

#[test]
fn everything_that_the_provider_offers_has_an_example() {
    let missing: Vec<_> = site()
        .entries
        .iter()
        .map(|entry| entry.example())
        .filter(|path| !Path::new(ROOT).join(path).is_file())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_example_is_of_something_that_the_provider_offers() {
    let known: Vec<_> = site().entries.iter().map(pages::Entry::example).collect();
    for kind in Kind::ALL {
        let folder = format!("examples/{}", kind.folder());
        for name in folders(&Path::new(ROOT).join(&folder)) {
            let example = format!("{folder}/{name}/{}", kind.example());
            assert!(known.contains(&example), "{example}");
        }
    }
}

#[test]
fn every_description_is_there_and_ends_in_a_full_stop() {
    let site = site();
    let mut wrong = Vec::new();
    for entry in &site.entries {
        if let Some(block) = &entry.block {
            undescribed(&entry.name, block, &mut wrong);
        }
    }
    undescribed("provider", &site.provider, &mut wrong);
    for function in Teleport::new(Box::new(|_| None)).functions() {
        let signature = function.signature();
        let texts = [&signature.summary, &signature.description].into_iter();
        let parameters = signature.parameters.iter().chain(&signature.variadic);
        if !texts
            .chain(parameters.map(|parameter| &parameter.description))
            .all(is_sentence)
        {
            wrong.push(function.name().to_owned());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_registry_shows_everything_in_docs() {
    let docs = Path::new(ROOT).join("docs");
    assert_eq!(files(&docs), ["index.md"]);
    let shown = Kind::ALL.map(Kind::folder);
    for folder in folders(&docs) {
        assert!(
            folder == "guides" || shown.contains(&folder.as_str()),
            "docs/{folder}"
        );
    }
    for guide in Guide::all(&docs) {
        assert!(
            !guide.title.is_empty() && is_sentence(&guide.description),
            "{}",
            guide.file
        );
    }
}

#[test]
fn links_within_the_documentation_lead_somewhere() {
    let docs = Path::new(ROOT).join("docs");
    let guides = Guide::all(&docs).into_iter();
    let mut pages = site().pages();
    pages.extend(guides.map(|guide| (format!("guides/{}", guide.file), guide.text)));
    for (name, text) in &pages {
        for link in guides::links(text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = guides::resolve(name, file);
            if target.ends_with(".png") {
                assert!(docs.join(&target).is_file(), "docs/{name} shows {link}");
                continue;
            }
            let page = pages
                .get(&target)
                .unwrap_or_else(|| panic!("docs/{name} links to {link}"));
            assert!(
                anchor.is_empty() || guides::has_anchor(page, anchor),
                "docs/{name} links to {link}"
            );
        }
    }
}

#[test]
fn the_guides_show_pieces_of_the_examples() {
    let read = |path: &str| fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    let complete = read("examples/complete/main.tf");
    let tenants = read("examples/tenants/main.tf") + &read("examples/tenants/tenant/main.tf");
    let tests = ["mocked", "simulator"]
        .map(|name| read(&format!("examples/tenants/tests/{name}.tftest.hcl")))
        .concat();
    for (guide, begin, end, pieces, example) in [
        (
            "workload-clusters.md",
            "\n## What is in it\n",
            "\n## ",
            3,
            &complete,
        ),
        (
            "getting-started.md",
            "\n## Tell the provider where it is\n",
            "\n## ",
            2,
            &complete,
        ),
        ("tenants.md", "\n# ", "\n## ", 2, &tenants),
        ("testing.md", "\n## With mocks\n", "\n## ", 1, &tests),
        ("testing.md", "\n## On the simulator\n", "\n## ", 1, &tests),
    ] {
        let guide = read(&format!("docs/guides/{guide}"));
        let (_, section) = guide.split_once(begin).unwrap();
        let (section, _) = section.split_once(end).unwrap();
        let blocks = section.split("```terraform\n").skip(1);
        let blocks: Vec<_> = blocks
            .filter_map(|rest| Some(rest.split_once("```")?.0))
            .collect();
        assert_eq!(blocks.len(), pieces);
        for block in blocks {
            assert!(example.contains(block), "{block}");
        }
    }
}

fn site() -> Site {
    Site::of(
        &Teleport::new(Box::new(|_| None)),
        "teleport",
        Path::new(ROOT),
    )
}

fn undescribed(owner: &str, block: &Block, wrong: &mut Vec<String>) {
    if !is_sentence(&block.description) {
        wrong.push(format!("{owner}: {:?}", block.description));
    }
    undescribed_attributes(owner, &block.attributes, wrong);
    for (name, nested) in &block.blocks {
        undescribed(&format!("{owner}.{name}"), &nested.block, wrong);
    }
}

fn undescribed_attributes(
    owner: &str,
    attributes: &BTreeMap<String, Attribute>,
    wrong: &mut Vec<String>,
) {
    for (name, attribute) in attributes {
        let path = format!("{owner}.{name}");
        if !is_sentence(&attribute.description) {
            wrong.push(format!("{path}: {:?}", attribute.description));
        }
        if let AttributeShape::Nested(_, inner) = &attribute.shape {
            undescribed_attributes(&path, inner, wrong);
        }
    }
}

fn is_sentence(text: impl AsRef<str>) -> bool {
    text.as_ref().ends_with('.')
}

/// Names of the files in a folder, in order. None where there is no folder.
fn files(folder: &Path) -> Vec<String> {
    names(folder, |path| path.is_file())
}

/// Names of the folders in a folder, in order. None where there is no folder.
fn folders(folder: &Path) -> Vec<String> {
    names(folder, |path| path.is_dir())
}

fn names(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = paths
        .filter(|path| wanted(path))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
