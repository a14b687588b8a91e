//! The guide *Troubleshooting* has a heading for each summary of a diagnostic, and no other.

use std::{collections::BTreeMap, fs, path::Path};

const GUIDE: &str = "docs/guides/troubleshooting.md";
const SUMMARIES: &str = "src/errors/summary.rs";

#[test]
fn troubleshooting_explains_every_diagnostic() {
    let read = |path: &str| fs::read_to_string(Path::new(super::ROOT).join(path)).unwrap();
    let summaries = summaries(&read(SUMMARIES));
    assert!(summaries.len() > 50, "only {} were found", summaries.len());
    let guide = read(GUIDE);
    let sections = sections(&guide);
    let missing: Vec<_> = summaries
        .iter()
        .filter(|summary| !sections.contains_key(summary.as_str()))
        .collect();
    assert!(missing.is_empty(), "{GUIDE} has no heading for {missing:?}");
    for (heading, texts) in &sections {
        let is_summary = summaries.iter().any(|summary| summary == heading);
        assert!(is_summary, "{GUIDE}: no diagnostic is called {heading:?}");
        let [text] = texts.as_slice() else {
            panic!("{GUIDE} has {heading:?} more than once")
        };
        let (cause, advice) = text
            .split_once("**What to do:**")
            .unwrap_or_else(|| panic!("{GUIDE}: {heading:?} does not say what to do"));
        for part in [cause, advice] {
            let part = part.trim();
            assert!(part.len() > 10, "{GUIDE}: {heading:?} does not say enough");
        }
        let severity = ["Error. ", "Warning. ", "Error or warning. "];
        assert!(
            severity.iter().any(|begin| cause.trim().starts_with(begin)),
            "{GUIDE}: {heading:?} must begin with what it is, an error or a warning"
        );
    }
}

#[test]
fn troubleshooting_says_what_is_an_error_and_what_a_warning() {
    let root = Path::new(super::ROOT);
    let guide = fs::read_to_string(root.join(GUIDE)).unwrap();
    let sections = sections(&guide);
    let mut code = String::new();
    read_code(&root.join("src"), &mut code);
    let list = fs::read_to_string(root.join(SUMMARIES)).unwrap();
    for (variant, summary) in variants(&list) {
        let text = &sections[summary.as_str()][0];
        let (begin, _) = text.trim().split_once(". ").unwrap();
        for severity in ["error", "warning"] {
            let made = code.contains(&format!("{severity}(Summary::{variant})"));
            let named = begin.to_lowercase().contains(severity);
            assert!(!made || named, "{GUIDE}: {summary:?} can be {severity}");
        }
    }
}

/// The code under a folder, without the tests in it.
fn read_code(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_code(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            code.push_str(text.split("#[cfg(test)]").next().unwrap_or_default());
        }
    }
}

/// The texts of the list of summaries.
fn summaries(source: &str) -> Vec<String> {
    variants(source).into_iter().map(|(_, text)| text).collect()
}

/// The lines of the list of summaries, `Variant => "Text",`.
fn variants(source: &str) -> Vec<(String, String)> {
    let (_, list) = source.split_once("\nsummaries! {\n").unwrap();
    list.lines()
        .filter_map(|line| line.split_once(" => "))
        .map(|(variant, text)| {
            let text = text.trim_end_matches(',').trim_matches('"');
            (variant.trim().to_owned(), text.to_owned())
        })
        .collect()
}

/// What stands under each heading of the third level.
fn sections(page: &str) -> BTreeMap<&str, Vec<String>> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut current: Option<(&str, String)> = None;
    let ends = ["## ", "# "];
    for line in page.lines().chain(["## "]) {
        let heading = line.strip_prefix("### ");
        if heading.is_some() || ends.iter().any(|end| line.starts_with(end)) {
            if let Some((heading, text)) = current.take() {
                found.entry(heading).or_default().push(text);
            }
            current = heading.map(|heading| (heading, String::new()));
        } else if let Some((_, text)) = &mut current {
            text.push_str(line);
            text.push('\n');
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_and_headings_are_read() {
        let source = "\nsummaries! {\n    A => \"One\",\n    B => \"Two, Not Three\",\n}\n";
        assert_eq!(summaries(source), ["One", "Two, Not Three"]);
        let page = "# A\n## B\n### One\ntext\n### Two\n## C\nmore\n";
        let expected = [
            ("One", vec!["text\n".to_owned()]),
            ("Two", vec![String::new()]),
        ];
        assert_eq!(sections(page), BTreeMap::from(expected));
    }
}
