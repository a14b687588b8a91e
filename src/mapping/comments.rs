//! The comments of `.proto` files as Markdown.

use std::collections::HashMap;

use prost_reflect::{FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};

/// The leading comments of files, indexed when they are first asked for.
#[derive(Default)]
pub(super) struct Comments {
    files: HashMap<String, HashMap<Vec<i32>, String>>,
}

impl Comments {
    /// What a field is: its own comment, or else that of the message that it holds. Enums list their numbers.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> String {
        let own = self.comment(&field.parent_file(), field.path());
        match field.kind() {
            Kind::Message(message) if own.is_empty() && !field.is_map() => self.message(&message),
            Kind::Enum(values) => {
                let values = values
                    .values()
                    .map(|value| format!("`{}` ({})", value.number(), value.name()));
                let values = format!("Values: {}.", values.collect::<Vec<_>>().join(", "));
                join(own, values)
            }
            _ => own,
        }
    }

    /// What a message is.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> String {
        self.comment(&message.parent_file(), message.path())
    }

    fn comment(&mut self, file: &FileDescriptor, path: &[i32]) -> String {
        let index = self
            .files
            .entry(file.name().to_owned())
            .or_insert_with(|| index(file));
        index
            .get(path)
            .map_or_else(String::new, |text| markdown(text))
    }
}

/// The paragraph of a description that says what to use instead, as Go writes it: `Deprecated: use X.`
pub(super) fn deprecation(description: &str) -> Option<String> {
    description
        .split("\n\n")
        .find_map(|paragraph| paragraph.strip_prefix("Deprecated:"))
        .map(|text| text.trim().to_owned())
}

fn index(file: &FileDescriptor) -> HashMap<Vec<i32>, String> {
    let Some(info) = &file.file_descriptor_proto().source_code_info else {
        return HashMap::new();
    };
    info.location
        .iter()
        .filter_map(|location| {
            let text = location.leading_comments.as_ref()?;
            Some((location.path.clone(), text.clone()))
        })
        .collect()
}

/// Takes the comment's margin away and joins the lines of a paragraph. List items and indented lines keep theirs.
fn markdown(comment: &str) -> String {
    let mut text = String::new();
    let mut fenced = false;
    for line in comment.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        let fence = line.trim_start().starts_with("```");
        let own_line = fenced || fence || starts_own_line(line);
        let ends_block = text.is_empty() || text.ends_with('\n');
        match (line.is_empty() && !fenced, ends_block) {
            (true, _) => {
                text.truncate(text.trim_end().len());
                text.push_str("\n\n");
            }
            (false, true) => text.push_str(line),
            (false, false) => {
                text.push(if own_line { '\n' } else { ' ' });
                text.push_str(if own_line { line } else { line.trim_start() });
            }
        }
        fenced ^= fence;
        if fenced || fence {
            text.push('\n');
        }
    }
    text.trim().to_owned()
}

fn starts_own_line(line: &str) -> bool {
    let item = line.trim_start();
    let numbered = item.split_once(". ").is_some_and(|(number, _)| {
        !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
    });
    item.starts_with("- ") || item.starts_with("* ") || numbered || line.starts_with("    ")
}

fn join(first: String, second: String) -> String {
    if first.is_empty() {
        second
    } else {
        format!("{first}\n\n{second}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_paragraph_are_joined_and_paragraphs_stay_apart() {
        assert_eq!(markdown(" One\n two.\n\n Three.\n"), "One two.\n\nThree.");
    }

    #[test]
    fn lists_and_code_keep_their_lines() {
        let comment =
            " Either:\n\n - a\n   more of a\n - b\n 1. c\n\n ```\n x\n\n   y\n ```\n End.\n";
        assert_eq!(
            markdown(comment),
            "Either:\n\n- a more of a\n- b\n1. c\n\n```\nx\n\n  y\n```\nEnd."
        );
    }

    #[test]
    fn a_deprecation_says_what_to_use_instead() {
        assert_eq!(
            deprecation("A name.\n\nDeprecated: use `b`."),
            Some("use `b`.".to_owned())
        );
        assert_eq!(deprecation("A name."), None);
    }
}
