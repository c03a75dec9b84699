//! A script and the query after it.

use crate::local::query::sql_error::{Place, SqlError, SqlResult};

const OPENING: &str = "{{{";
const CLOSING: &str = "}}}";

/// The module of a script, if there is one, and the query. Spaces stand where the script was, so
/// that each place of the query is that of the text.
pub(super) fn split(text: &str) -> SqlResult<(Option<&str>, String)> {
    let begin = text.len() - without_comments(text).len();
    let Some(opening) = after_word(&text[begin..]) else { return Ok((None, text.to_string())) };
    let module = text.len() - opening.len() + OPENING.len();
    let Some(length) = text[module..].find(CLOSING) else {
        let error = SqlError::new(format!("The script doesn't end with {CLOSING}"));
        return Err(error.at(place(text, begin)));
    };
    let end = module + length + CLOSING.len();
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    let query = text[..end].chars().map(blank).chain(text[end..].chars()).collect();
    Ok((Some(&text[module..module + length]), query))
}

/// What follows spaces and comments.
fn without_comments(text: &str) -> &str {
    let text = text.trim_start();
    let rest = match text.get(..2) {
        Some("--") => text.split_once('\n').map(|(_, rest)| rest),
        Some("/*") => text.split_once("*/").map(|(_, rest)| rest),
        _ => None,
    };
    rest.map_or(text, without_comments)
}

/// The `{{{ …` that follows the word `script`.
fn after_word(text: &str) -> Option<&str> {
    let (word, rest) = text.split_at_checked("script".len())?;
    let rest = rest.trim_start();
    (word.eq_ignore_ascii_case("script") && rest.starts_with(OPENING)).then_some(rest)
}

fn place(text: &str, at: usize) -> Place {
    let before = &text[..at];
    let line = before.rsplit('\n').next().unwrap_or_default();
    Place { line: before.matches('\n').count() as u64 + 1, column: line.chars().count() as u64 + 1 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn places_of_the_query_stay() {
        let text = "-- a comment\n/* { */ SCRIPT{{{ é\n }}}SELECT 1";
        let (module, query) = split(text).unwrap();
        assert_eq!(module, Some(" é\n "));
        assert_eq!(
            query.rsplit_once('\n'),
            Some(("            \n                   ", "    SELECT 1"))
        );
    }

    #[test]
    fn a_query_without_a_script_is_left_alone() {
        for text in ["SELECT 1", " script", "scripts {{{ }}}", "", "--", "/*", "s"] {
            assert_eq!(split(text).unwrap(), (None, text.to_string()));
        }
    }

    #[test]
    fn a_script_has_an_end() {
        let error = split("\n script {{{ }} SELECT 1").unwrap_err();
        assert_eq!(error.place, Some(Place { line: 2, column: 2 }));
    }
}
