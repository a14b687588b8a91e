//! What the server refuses in the expressions of a role (`lib/services/access_request.go`).
//!
//! Only those about reviews are parsed when a role is written. Of others, such as `where` of a rule, the expressions of labels and
//! the templates of logins, a server merely notes in its log that they do not parse (`lib/services/role.go`).

use teleport_proto::types::RoleConditions;

use super::refused;
use crate::store::Refusal;

/// Checks the expressions about reviews, as far as brackets and quotes go: names and functions differ from version to version.
pub(super) fn check(allow: &RoleConditions, deny: &RoleConditions) -> Result<(), Refusal> {
    let thresholds = allow.request.iter().flat_map(|request| &request.thresholds);
    for threshold in thresholds {
        parse("threshold", &threshold.filter)?;
    }
    for conditions in [deny, allow] {
        if let Some(review) = &conditions.review_requests {
            parse("review", &review.r#where)?;
        }
    }
    Ok(())
}

fn parse(kind: &str, expression: &str) -> Result<(), Refusal> {
    if expression.is_empty() {
        return Ok(());
    }
    match syntax(expression) {
        Ok(()) => Ok(()),
        Err(problem) => refused(format!(
            "invalid {kind} predicate: {expression:?}, {problem}"
        )),
    }
}

/// The expressions have the syntax of Go, with strings and integers as the only literals.
fn syntax(expression: &str) -> Result<(), String> {
    if expression.trim().is_empty() {
        return Err("expected operand, found 'EOF'".to_owned());
    }
    let mut open = Vec::new();
    let mut rest = expression.chars();
    while let Some(next) = rest.next() {
        match next {
            '"' | '`' => string(next, &mut rest)?,
            '\'' => return Err("only strings in double quotes are supported".to_owned()),
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' => match open.pop() {
                Some(expected) if expected == next => {}
                Some(expected) => return Err(format!("expected '{expected}', found '{next}'")),
                None => return Err(format!("expected 'EOF', found '{next}'")),
            },
            _ => {}
        }
    }
    match open.pop() {
        Some(expected) => Err(format!("expected '{expected}', found 'EOF'")),
        None => Ok(()),
    }
}

/// Reads on to the end of a string that begins with `quote`. In the raw ones a backslash is one.
fn string(quote: char, rest: &mut std::str::Chars<'_>) -> Result<(), String> {
    while let Some(next) = rest.next() {
        if next == quote {
            return Ok(());
        }
        if next == '\\' && quote == '"' {
            rest.next();
        }
    }
    Err("string literal not terminated".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_expressions_pass() {
        for expression in [
            r#"contains(reviewer.traits["teams"], "admin")"#,
            r#"!(equals(request.reason, "a \") b")) && regexp.match(request.reason, `\(x`)"#,
            "true",
        ] {
            assert_eq!(syntax(expression), Ok(()), "{expression}");
        }
    }

    #[test]
    fn what_does_not_parse_says_where() {
        for (expression, problem) in [
            (
                "contains(reviewer.roles, \"a\"",
                "expected ')', found 'EOF'",
            ),
            (
                "equals(request.reason, \"a\"))",
                "expected 'EOF', found ')'",
            ),
            ("reviewer.traits[\"a\")", "expected ']', found ')'"),
            ("equals(request.reason, \"a)", "not terminated"),
            ("equals(request.reason, 'a')", "double quotes"),
            ("  ", "expected operand"),
        ] {
            let found = syntax(expression).unwrap_err();
            assert!(found.contains(problem), "{expression}: {found}");
        }
    }
}
