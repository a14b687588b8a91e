//! The pages that are written by hand, and links between pages.

use std::{fs, path::Path};

/// The guide that is listed before the others.
const FIRST: &str = "getting-started.md";

/// A page in `docs/guides/`.
pub(crate) struct Guide {
    pub(crate) file: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) text: String,
}

impl Guide {
    /// Every guide: *Getting started*, and then the others in the order of the files' names.
    ///
    /// # Panics
    ///
    /// Panics if one has no front matter.
    pub(crate) fn all(docs: &Path) -> Vec<Self> {
        let folder = docs.join("guides");
        let mut files = super::files(&folder);
        files.sort_by_key(|file| file != FIRST);
        files
            .into_iter()
            .map(|file| {
                let text = fs::read_to_string(folder.join(&file)).unwrap();
                Self::parse(&file, text)
                    .unwrap_or_else(|| panic!("docs/guides/{file} needs a front matter"))
            })
            .collect()
    }

    fn parse(file: &str, text: String) -> Option<Self> {
        let (head, _) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
        let title = head
            .lines()
            .find_map(|line| line.strip_prefix("page_title: "))?;
        let (_, description) = head.split_once("\ndescription: |-\n")?;
        Some(Self {
            file: file.to_owned(),
            title: title.trim_matches('"').to_owned(),
            description: description.split_whitespace().collect::<Vec<_>>().join(" "),
            text,
        })
    }

    /// Whether it links to a page of `docs/`.
    pub(crate) fn is_about(&self, page: &str) -> bool {
        links(&self.text)
            .any(|link| resolve("guides/", link.split('#').next().unwrap_or_default()) == page)
    }
}

/// The targets of a text's links within the documentation.
pub(crate) fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    targets
        .map(|(target, _)| target)
        .filter(|target| !target.contains("://"))
}

/// The page that a link of the page `from` leads to, both as paths in `docs/`. An empty link leads to `from`.
pub(crate) fn resolve(from: &str, link: &str) -> String {
    if link.is_empty() {
        return from.to_owned();
    }
    let mut parts: Vec<_> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a page has such an anchor: one that is written, or the one that a heading gets.
pub(crate) fn has_anchor(page: &str, anchor: &str) -> bool {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    page.contains(&format!("<a id=\"{anchor}\"></a>"))
        || headings.map(slug).any(|heading| heading == anchor)
}

fn slug(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_from_where_they_stand() {
        assert_eq!(
            resolve("guides/a.md", "../resources/b.md"),
            "resources/b.md"
        );
        assert_eq!(resolve("index.md", "guides/a.md"), "guides/a.md");
        assert_eq!(resolve("guides/a.md", ""), "guides/a.md");
        let text = "[a](b.md#c) and [d](https://example.com/e.md)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["b.md#c"]);
    }

    #[test]
    fn headings_are_anchors() {
        assert!(has_anchor("# A\n## Who may join?\n", "who-may-join"));
        assert!(!has_anchor("Who may join\n", "who-may-join"));
    }

    #[test]
    fn a_guide_is_about_the_pages_that_it_links_to() {
        let text = "---\npage_title: \"A\"\ndescription: |-\n  About\n  a.\n---\n[b](../resources/b.md#x)\n";
        let guide = Guide::parse("a.md", text.to_owned()).unwrap();
        assert_eq!(
            (guide.title.as_str(), guide.description.as_str()),
            ("A", "About a.")
        );
        assert!(guide.is_about("resources/b.md"));
        assert!(!guide.is_about("resources/c.md"));
    }
}
