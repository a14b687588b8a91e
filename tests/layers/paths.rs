//! The paths in a Rust file that start at the crate's root: `crate::x`, `super::x` where that leads there, and
//! `terraform_provider_teleport::x` in the binaries.

use super::table::is_binary;

/// A path to a module of the crate's root.
pub(crate) struct CratePath {
    pub(crate) line: usize,
    /// The module, or nothing where the path hides it: `crate::*`, `crate as other`.
    pub(crate) layer: Option<String>,
}

/// A word or a sign, without comments, texts and white space.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

const LIBRARY: &str = "terraform_provider_teleport";

/// The paths of `text`, which are the contents of `file`.
pub(crate) fn crate_paths(file: &str, text: &str) -> Vec<CratePath> {
    let tokens = tokens(text);
    // In a binary, `crate` is the binary itself.
    let binary = is_binary(file);
    let root = if binary { LIBRARY } else { "crate" };
    let mut paths = Vec::new();
    // How deep in modules: those of the file, and the inline ones that are open, each with the depth of its brace.
    let of_file = file_depth(file);
    let mut inline = Vec::new();
    let mut braces = 0_usize;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.text {
            "{" => braces += 1,
            "}" => {
                braces = braces.saturating_sub(1);
                inline.pop_if(|depth| *depth == braces);
            }
            "mod" if text_at(&tokens, at + 1) == "{" => inline.push(braces),
            name if name == root && text_at(&tokens, at) == "::" => {
                at = collect(&tokens, at + 1, &mut paths);
            }
            name if name == root && text_at(&tokens, at) == "as" => paths.push(CratePath {
                line: token.line,
                layer: None,
            }),
            "super" if !binary => {
                let mut up = 1;
                while text_at(&tokens, at) == "::" && text_at(&tokens, at + 1) == "super" {
                    up += 1;
                    at += 2;
                }
                if up >= of_file + inline.len() && text_at(&tokens, at) == "::" {
                    at = collect(&tokens, at + 1, &mut paths);
                }
            }
            _ => {}
        }
    }
    paths
}

/// The words and signs of `text`.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (length, counts) = if let Some(length) = passed_over(rest) {
            (length, false)
        } else if is_word(first) {
            (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), true)
        } else if rest.starts_with("::") {
            (2, true)
        } else {
            (first.len_utf8(), true)
        };
        let (token, after) = rest.split_at(length);
        if counts {
            tokens.push(Token { text: token, line });
        }
        line += token.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Takes the first segments of the path, or of each path of the group, that starts at `at`; answers where it ends.
fn collect(tokens: &[Token<'_>], at: usize, paths: &mut Vec<CratePath>) -> usize {
    let Some(first) = tokens.get(at) else {
        return at;
    };
    if first.text != "{" {
        paths.push(path(*first));
        return at + 1;
    }
    let mut depth = 0_usize;
    let mut starts = true;
    for (offset, token) in tokens[at..].iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return at + offset + 1;
                }
            }
            "," if depth == 1 => starts = true,
            _ if depth == 1 && starts => {
                paths.push(path(*token));
                starts = false;
            }
            _ => {}
        }
    }
    tokens.len()
}

fn path(segment: Token<'_>) -> CratePath {
    let hidden = matches!(segment.text, "*" | "self");
    CratePath {
        line: segment.line,
        layer: (!hidden).then(|| segment.text.to_owned()),
    }
}

/// How many modules a file is in below the crate's root.
fn file_depth(file: &str) -> usize {
    let path = file.strip_prefix("src/").unwrap_or(file);
    let segments = path.split('/').count();
    if path.ends_with("/mod.rs") {
        segments - 1
    } else {
        segments
    }
}

fn text_at<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |token| token.text)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the white space, comment or text that `rest` starts with.
fn passed_over(rest: &str) -> Option<usize> {
    let white = rest.len() - rest.trim_start().len();
    if white > 0 {
        return Some(white);
    }
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    let text = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - text.len();
    if prefix <= 1 {
        if let Some(length) = raw_text(text).or_else(|| quoted(text, '"')) {
            return Some(prefix + length);
        }
        if let Some(length) = character(text) {
            return Some(prefix + length);
        }
    }
    None
}

/// `/* ... */`, which may be nested.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// `r"..."` and `r#"..."#`.
fn raw_text(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let inner = after.trim_start_matches('#');
    let hashes = after.len() - inner.len();
    let inner = inner.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inner.find(&end)?;
    Some(1 + hashes + 1 + length + end.len())
}

/// A text between two `quote`s, which a backslash may escape.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let inner = rest.strip_prefix(quote)?;
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(1 + at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// A character, which a lifetime is not: `'a'`, `'\n'`, but `'a`.
fn character(rest: &str) -> Option<usize> {
    let mut inner = rest.strip_prefix('\'')?.chars();
    let first = inner.next()?;
    if first == '\\' || inner.next() == Some('\'') {
        return quoted(rest, '\'');
    }
    None
}
