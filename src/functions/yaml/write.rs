//! Writes a document of YAML.

use tfplugin::Value;

/// The document of a value, with the keys of mappings sorted, as `tctl` does. Null and unknown are `null`.
pub(crate) fn write(value: &Value) -> String {
    let mut text = lines(value).join("\n");
    text.push('\n');
    text
}

/// A double-quoted scalar of YAML that is also a string of JSON with the same meaning.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // YAML 1.1 does not allow it, or treats it as a line break.
            c if c.is_control() || BREAKS.contains(&c) => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn lines(value: &Value) -> Vec<String> {
    if let Some(fields) = value.as_fields().filter(|fields| !fields.is_empty()) {
        let pairs = fields.iter().flat_map(|(key, value)| {
            let key = format!("{}:", scalar(key));
            let lines = lines(value);
            match value {
                Value::Object(fields) | Value::Map(fields) if !fields.is_empty() => {
                    under(key, lines, "  ")
                }
                value if value.as_elements().is_some_and(|it| !it.is_empty()) => {
                    under(key, lines, "")
                }
                _ => vec![format!("{key} {}", lines.concat())],
            }
        });
        return pairs.collect();
    }
    if let Some(elements) = value.as_elements().filter(|elements| !elements.is_empty()) {
        let elements = elements.iter().flat_map(|element| {
            let lines = lines(element).into_iter().enumerate();
            lines.map(|(index, line)| format!("{}{line}", if index == 0 { "- " } else { "  " }))
        });
        return elements.collect();
    }
    vec![match value {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => scalar(text),
        value if value.as_fields().is_some() => "{}".to_owned(),
        value if value.as_elements().is_some() => "[]".to_owned(),
        _ => "null".to_owned(),
    }]
}

fn under(key: String, lines: Vec<String>, indent: &str) -> Vec<String> {
    let lines = lines.into_iter().map(|line| format!("{indent}{line}"));
    [key].into_iter().chain(lines).collect()
}

/// A text without quotes where no parser takes it for anything else.
fn scalar(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && (text.chars()).all(|c| c.is_ascii_alphanumeric() || "_-./@".contains(c))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_word {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// What YAML 1.1 or 1.2 takes for a truth value or null.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

const BREAKS: [char; 5] = ['\u{2028}', '\u{2029}', '\u{feff}', '\u{fffe}', '\u{ffff}'];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::read, *};

    #[test]
    fn documents_look_like_those_of_tctl() {
        let rule = Value::object([
            ("resources", Value::List(vec!["role".into()])),
            ("verbs", Value::List(vec!["list".into(), "no".into()])),
        ]);
        let spec = Value::object([
            ("env*", "*".into()),
            ("none", Value::List(vec![])),
            ("nothing", Value::object::<&str>([])),
            ("rules", Value::List(vec![rule])),
            ("ttl", "30h0m0s".into()),
            ("uses", 3.into()),
            ("allowed", true.into()),
        ]);
        let document = Value::object([("kind", "role".into()), ("spec", spec)]);
        let expected = "kind: role\nspec:\n  allowed: true\n  \"env*\": \"*\"\n  none: []\n  nothing: {}\n  rules:\n  - resources:\n    \
                        - role\n    verbs:\n    - list\n    - \"no\"\n  ttl: \"30h0m0s\"\n  uses: 3\n";
        assert_eq!(write(&document), expected);
    }

    fn documents() -> impl Strategy<Value = Value> {
        let texts = prop_oneof![
            any::<String>(),
            "[a-z<~.:#&*!0-9 -]{0,6}",
            Just("null".to_owned()),
        ];
        let leaf = prop_oneof![Just(Value::Null), texts.clone().prop_map(Value::from)];
        leaf.prop_recursive(4, 30, 4, move |inner| {
            let lists = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Tuple);
            let keys = texts
                .clone()
                .prop_map(|key| Value::from(key).as_str().unwrap().to_owned());
            let fields = prop::collection::btree_map(keys, inner, 0..4);
            prop_oneof![lists, fields.prop_map(Value::object)]
        })
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in any::<String>()) {
            let quoted = quoted(&text);
            prop_assert_eq!(&serde_json::from_str::<String>(&quoted).unwrap(), &text);
            prop_assert_eq!(&serde_saphyr::from_str::<String>(&quoted).unwrap(), &text);
        }

        #[test]
        fn what_was_written_is_read_as_it_was(fields in prop::collection::btree_map("[a-z]{1,3}", documents(), 1..4)) {
            let document = Value::object(fields);
            let text = write(&document);
            prop_assert_eq!(read(&text).unwrap(), document, "{}", text);
        }

        #[test]
        fn no_text_is_a_panic(text in "[-a-z:{}\\[\\]&*!<>|'\"#%@`, \n?~]{0,60}") {
            let _ = read(&text);
        }
    }
}
