//! Texts that others wrote, as errors and logs show them.

use std::path::Path;

use crate::credentials::contents::Contents;

/// What a server or a certificate says: without characters that control a terminal, and not longer than a screen.
pub fn text(text: &str) -> String {
    limited(text, MAX_TEXT)
}

/// A name that a server or a certificate gives.
pub(crate) fn name(name: &str) -> String {
    limited(name, MAX_NAME)
}

/// Names that a server or a certificate gives, as a list.
pub(crate) fn names(names: &[String]) -> String {
    let mut shown: Vec<_> = names.iter().take(MAX_NAMES).map(|one| name(one)).collect();
    if names.len() > MAX_NAMES {
        shown.push(format!("and {} more", names.len() - MAX_NAMES));
    }
    shown.join(", ")
}

/// A path or a name that a person gave. The contents of a file are not repeated.
pub(crate) fn given(text: &str) -> String {
    match Contents::of(text) {
        Some(_) => NOT_SHOWN.to_owned(),
        None => name_of_any_length(text),
    }
}

/// The same of a path.
pub(crate) fn path(path: &Path) -> String {
    given(&path.to_string_lossy())
}

fn name_of_any_length(text: &str) -> String {
    limited(text, usize::MAX)
}

/// Replaces what controls a terminal, and cuts what is longer. Line breaks and tabs stay.
fn limited(text: &str, max: usize) -> String {
    let replaced = |char: char| {
        if is_control(char) {
            char::REPLACEMENT_CHARACTER
        } else {
            char
        }
    };
    let mut shown: String = text.chars().take(max).map(replaced).collect();
    let left_out = text.chars().skip(max).count();
    if left_out > 0 {
        shown.push_str(&format!("... ({left_out} more characters)"));
    }
    shown
}

/// Whether it moves the cursor, changes colours, or lets a text look like another one.
fn is_control(char: char) -> bool {
    match char {
        '\n' | '\t' => false,
        // Directions, and separators of lines and paragraphs.
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        char => char.is_control(),
    }
}

const NOT_SHOWN: &str = "(the contents of a file, not shown)";
const MAX_TEXT: usize = 4000;
const MAX_NAME: usize = 255;
const MAX_NAMES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_control_the_terminal() {
        let shown = text("a\u{1b}[31mred\u{7}\r\u{9b}2J\u{202e}\n\tb");
        assert_eq!(
            shown,
            "a\u{fffd}[31mred\u{fffd}\u{fffd}\u{fffd}2J\u{fffd}\n\tb"
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let shown = text(&"ä".repeat(5000));
        assert!(shown.ends_with("ä... (1000 more characters)"), "{shown}");
        let many: Vec<_> = (0..12).map(|number| number.to_string()).collect();
        assert!(names(&many).ends_with("9, and 2 more"));
        assert_eq!(names(&["a".to_owned(), "b".to_owned()]), "a, b");
    }

    #[test]
    fn the_contents_of_a_file_are_not_repeated() {
        assert_eq!(given("/etc/key"), "/etc/key");
        assert_eq!(path(Path::new("-----BEGIN X-----\nsecret")), NOT_SHOWN);
    }
}
