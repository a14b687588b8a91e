//! Reads a document of YAML.
//!
//! A scalar is its text, since its type depends on where it stands: `1.10` is a label's text as well as a number. Only a null without
//! quotes is null. A sequence is a tuple, a mapping an object.

use std::collections::{BTreeMap, HashMap};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use tfplugin::Value;

/// The one document of a text. Documents that are empty do not count.
///
/// # Errors
///
/// When the text is no YAML, has no document or several, or is too large; each time with the line, where there is one. The texts
/// hold no values, since those may be secrets.
pub(crate) fn read(text: &str) -> Result<Value, InvalidYaml> {
    if text.len() > LARGEST {
        return Err(InvalidYaml::TooLarge);
    }
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(
            text,
            granit_parser::options! { emit_comments: false },
        ),
        line: 1,
        anchors: HashMap::new(),
        nodes: 0,
    };
    let mut documents = reader.documents()?;
    match (documents.pop(), documents.is_empty()) {
        (Some(document), true) => Ok(document),
        (Some(_), false) => Err(InvalidYaml::Several),
        (None, _) => Err(InvalidYaml::Empty),
    }
}

/// A text that is not one document of YAML.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidYaml {
    /// There is nothing in it.
    #[error("the text is empty")]
    Empty,
    /// There are several documents.
    #[error(
        "the text has several documents. Take one, such as each of split(\"\\n---\\n\", file(\"roles.yaml\"))"
    )]
    Several,
    /// It is too large, or its aliases make it so.
    #[error(
        "the text is larger than any object of Teleport: at most 1 MiB, and 100,000 values after its aliases are resolved"
    )]
    TooLarge,
    /// It is no YAML.
    #[error("the text is no YAML: line {line}: {problem}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

struct Reader<'t> {
    events: Parser<'t, granit_parser::StrInput<'t>>,
    line: usize,
    /// What the anchors of the document stand for, and of how many values it is made.
    anchors: HashMap<usize, (Value, usize)>,
    /// How many values there are so far.
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn documents(&mut self) -> Result<Vec<Value>, InvalidYaml> {
        let mut documents = Vec::new();
        loop {
            match self.next()? {
                Event::StreamEnd => return Ok(documents),
                Event::DocumentStart(..) => {
                    let first = self.next()?;
                    let document = self.node(first)?;
                    if !document.is_null() {
                        documents.push(document);
                    }
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'t>) -> Result<Value, InvalidYaml> {
        let before = self.nodes;
        self.count(1)?;
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                // An alias within what it stands for has no value yet.
                let Some((value, nodes)) = self.anchors.get(&anchor) else {
                    return Err(self.malformed("an alias stands for something that contains it"));
                };
                let (value, nodes) = (value.clone(), *nodes);
                self.count(nodes)?;
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, tag) => {
                (self.scalar(&text, style, tag.as_deref())?, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref())?;
                (self.sequence()?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref())?;
                (self.mapping()?, anchor)
            }
            _ => return Err(self.malformed("a value is missing")),
        };
        if anchor != 0 {
            let copied = (value.clone(), self.nodes - before);
            self.count(copied.1)?;
            self.anchors.insert(anchor, copied);
        }
        Ok(value)
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
    ) -> Result<Value, InvalidYaml> {
        self.check_tag(tag)?;
        let is_plain = style == ScalarStyle::Plain;
        let is_string = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
        let is_null = is_plain && !is_string && NULLS.contains(&text);
        Ok(if is_null {
            Value::Null
        } else {
            Value::string(text)
        })
    }

    fn sequence(&mut self) -> Result<Value, InvalidYaml> {
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Tuple(elements)),
                event => elements.push(self.node(event)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Value, InvalidYaml> {
        let mut fields = BTreeMap::new();
        let mut merged = Vec::new();
        loop {
            let event = self.next()?;
            let is_merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event)?;
            let line = self.line;
            let value = self.next()?;
            let value = self.node(value)?;
            match key {
                _ if is_merge => merged.push((line, value)),
                Value::String(key) => {
                    if fields.insert(key, value).is_some() {
                        self.line = line;
                        return Err(self.malformed("the mapping has the key of this line twice"));
                    }
                }
                _ => return Err(self.malformed("a key must be a text")),
            }
        }
        for (line, value) in merged {
            let values = match value {
                Value::Tuple(values) => values,
                value => vec![value],
            };
            for value in values {
                let Value::Object(more) = value else {
                    self.line = line;
                    return Err(self.malformed("<< must stand before a mapping"));
                };
                for (key, value) in more {
                    fields.entry(key).or_insert(value);
                }
            }
        }
        Ok(Value::Object(fields))
    }

    fn next(&mut self) -> Result<Event<'t>, InvalidYaml> {
        let Some(next) = self.events.next_event() else {
            return Ok(Event::StreamEnd);
        };
        let (event, span) = next.map_err(|error| scan_error(&error))?;
        self.line = span.start.line();
        Ok(event)
    }

    fn check_tag(&self, tag: Option<&Tag>) -> Result<(), InvalidYaml> {
        match tag {
            Some(tag) if !tag.is_yaml_core_schema() => {
                Err(self.malformed("tags are not supported"))
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), InvalidYaml> {
        self.nodes += nodes;
        if self.nodes > MOST_VALUES {
            return Err(InvalidYaml::TooLarge);
        }
        Ok(())
    }

    fn malformed(&self, problem: &str) -> InvalidYaml {
        InvalidYaml::Malformed {
            line: self.line,
            problem: problem.to_owned(),
        }
    }
}

fn scan_error(error: &ScanError) -> InvalidYaml {
    InvalidYaml::Malformed {
        line: error.marker().line(),
        problem: error.info(),
    }
}

/// The nulls of YAML 1.2's core schema.
const NULLS: [&str; 5] = ["", "~", "null", "Null", "NULL"];

/// The auth server takes less in one call.
const LARGEST: usize = 1 << 20;

const MOST_VALUES: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
        Value::object(fields)
    }

    #[test]
    fn scalars_keep_their_text() {
        let text = "a: 1.10\nb: 007\nc: yes\nd: 'null'\ne: null\nf:\ng: ~\nh: !!str null\ni: 2030-01-31\nj: \"\"\n";
        let read = read(text).unwrap();
        let expected = [
            ("a", "1.10".into()),
            ("b", "007".into()),
            ("c", "yes".into()),
            ("d", "null".into()),
            ("e", Value::Null),
            ("f", Value::Null),
            ("g", Value::Null),
            ("h", "null".into()),
            ("i", "2030-01-31".into()),
            ("j", "".into()),
        ];
        assert_eq!(read, object(expected));
    }

    #[test]
    fn json_comments_and_marks_of_documents_are_read() {
        let expected = object([("a", Value::Tuple(vec!["b".into(), object([])]))]);
        for text in [
            r#"{"a": ["b", {}]}"#,
            "# before\n---\na: # here\n- b\n# between\n- {}\n---\n# nothing\n",
            "---\r\na:\r\n  - b\r\n  - {}\r\n...\r\n",
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn aliases_and_merges_are_resolved() {
        let text = "base: &base {a: 1, b: 2}\nlist: &list [x]\nc:\n  <<: *base\n  b: 3\n  l: *list\nd:\n  <<: [*base, {e: 4}]\n";
        let read = read(text).unwrap();
        let merged = object([
            ("a", "1".into()),
            ("b", "3".into()),
            ("l", Value::Tuple(vec!["x".into()])),
        ]);
        assert_eq!(read.field("c"), &merged);
        let merged = [("a", "1".into()), ("b", "2".into()), ("e", "4".into())];
        assert_eq!(read.field("d"), &object(merged));
    }

    #[test]
    fn a_text_that_grows_by_its_aliases_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let before = level - 1;
            let aliases = vec![format!("*a{before}"); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert_eq!(read(&text), Err(InvalidYaml::TooLarge));
        let long = format!("a: {}", "x".repeat(LARGEST));
        assert_eq!(read(&long), Err(InvalidYaml::TooLarge));
        let deep = "[".repeat(10_000);
        assert!(matches!(read(&deep), Err(InvalidYaml::Malformed { .. })));
    }

    #[test]
    fn what_is_not_one_document_is_an_error() {
        for text in ["", "\n", "---\n", "# nothing\n", "null", "---\n---\n"] {
            assert_eq!(read(text), Err(InvalidYaml::Empty), "{text:?}");
        }
        assert_eq!(read("a: 1\n---\nb: 2\n"), Err(InvalidYaml::Several));
        for (text, line, phrase) in [
            ("a: 1\na: 2\n", 2, "twice"),
            ("a: 1\nb: *c\n", 2, ""),
            ("a: 1\nb: [\n", 2, ""),
            ("a: &a [*a]\n", 1, "contains it"),
            ("[a]: b\n", 1, "key must be a text"),
            ("a: b\n<<: c\n", 2, "<<"),
            ("a: !secret b\n", 1, "tags"),
            ("a: b: c\n", 1, ""),
        ] {
            let Err(InvalidYaml::Malformed { line: at, problem }) = read(text) else {
                panic!("{text:?}");
            };
            assert!(
                problem.contains(phrase) && at == line,
                "{text:?}: {at}: {problem}"
            );
        }
    }
}
