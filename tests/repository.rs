//! The repository itself: files stay small, and the states of releases stay.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The longest file, in lines.
const LONGEST: usize = 500;

#[test]
fn no_file_is_too_long() {
    let files: Vec<_> = ["src", "tests", "benches", "crates", "fuzz/fuzz_targets"]
        .map(files)
        .concat();
    assert!(files.len() > 200, "only {} files were found", files.len());
    let long: Vec<_> = files
        .into_iter()
        .filter_map(|file| {
            let text = fs::read_to_string(&file).expect("the file must be readable");
            let lines = text.lines().count();
            (lines > LONGEST).then(|| format!("{}: {lines} lines", file.display()))
        })
        .collect();
    assert!(
        long.is_empty(),
        "over {LONGEST} lines:\n{}",
        long.join("\n")
    );
}

/// Where the `\` at the end of a line is lost, the indentation of the next line gets into the text.
#[test]
fn no_text_has_a_gap_between_words() {
    let is_gap = |text: &str| {
        let parts = text.split_once("        ");
        parts.is_some_and(|(before, after)| {
            let ends = before.ends_with(|c: char| c.is_alphanumeric() || ",.;:".contains(c));
            ends && !before.ends_with("\\n") && !after.trim().is_empty()
        })
    };
    let texts = |line: &str| line.split('"').skip(1).step_by(2).any(is_gap);
    let mut gaps = Vec::new();
    for file in files("src").into_iter().chain(files("crates")) {
        let text = fs::read_to_string(&file).expect("the file must be readable");
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.trim_start().starts_with("//") && texts(line));
        gaps.extend(lines.map(|(number, _)| format!("{}:{}", file.display(), number + 1)));
    }
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}

#[test]
fn every_release_has_its_states() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let changelog = fs::read_to_string(root.join("CHANGELOG.md")).expect("there must be one");
    let headings = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    let released = headings.filter_map(|heading| heading.split_whitespace().next());
    let released = released.filter(|version| *version != "Unreleased");
    for version in released.chain([env!("CARGO_PKG_VERSION")]) {
        for file in ["main.tf", "server.json", "state.json"] {
            let file = root.join("tests/states").join(version).join(file);
            assert!(
                file.is_file(),
                "{} is missing: make states writes it",
                file.display()
            );
        }
    }
}

#[test]
fn every_fuzz_target_has_a_small_corpus_and_runs_in_the_workflow() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(root.join(file)).expect("the file must be readable");
    let workflow = read(".github/workflows/fuzz.yml");
    let manifest = read("fuzz/Cargo.toml");
    let mut targets: Vec<_> = files("fuzz/fuzz_targets")
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    targets.sort();
    for target in &targets {
        assert!(
            workflow.contains(&format!("          - {target}\n")),
            "{target} is not in fuzz.yml"
        );
        assert!(
            manifest.contains(&format!("name = \"{target}\"")),
            "{target} is not in fuzz/Cargo.toml"
        );
        for seed in fs::read_dir(root.join("fuzz/corpus").join(target)).expect("the corpus") {
            let seed = seed.expect("the seed must be readable");
            let size = seed.metadata().expect("the seed must be readable").len();
            assert!(size < 4096, "{}: {size} bytes", seed.path().display());
        }
    }
    let corpora = fs::read_dir(root.join("fuzz/corpus")).expect("the corpora");
    let corpora = corpora.filter_map(|folder| folder.ok()?.file_name().into_string().ok());
    let mut corpora: Vec<_> = corpora.collect();
    corpora.sort();
    assert_eq!(corpora, targets);
}

/// The Rust files under a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder must be readable") {
            let path = entry.expect("the entry must be readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}
