//! Regular expressions in the syntax of RE2.

use super::{limit, re2, string};
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::value::{Kind, Value};
use regex::{Captures, Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("REGEXP_LIKE", "REGEXP_LIKE(string, pattern)", (2, 2), Always(Kind::Bool), like)
        .meaning("Returns whether the pattern matches somewhere in the string.")
        .examples(&[
            ("REGEXP_LIKE('a1b2', '[0-9]b')", "true"),
            ("REGEXP_LIKE('a1b2', '^b')", "false"),
            (
                "REGEXP_LIKE('a', '(')",
                "Error: REGEXP_LIKE: the pattern \"(\" is wrong: unclosed group",
            ),
        ]),
    Function::new(
        "REGEXP_EXTRACT",
        "REGEXP_EXTRACT(string, pattern[, group])",
        (2, 3),
        Always(Kind::String),
        extract,
    )
    .meaning("Returns the first match, or a group of it, or null if there is none.")
    .examples(&[
        ("REGEXP_EXTRACT('a1b2', '\\d')", "\"1\""),
        ("REGEXP_EXTRACT('a1b2', '([a-z])([0-9])', 2)", "\"1\""),
        ("REGEXP_EXTRACT('ab', '\\d')", "null"),
        ("REGEXP_EXTRACT('ab', 'a', 1)", "Error: REGEXP_EXTRACT: the pattern has no group 1"),
    ]),
    Function::new(
        "REGEXP_EXTRACT_ALL",
        "REGEXP_EXTRACT_ALL(string, pattern[, group])",
        (2, 3),
        Always(Kind::Array),
        extract_all,
    )
    .meaning("Returns all matches, or a group of each.")
    .examples(&[
        ("REGEXP_EXTRACT_ALL('a1b22', '\\d+')", r#"["1","22"]"#),
        ("REGEXP_EXTRACT_ALL('a1b22', '(\\w)\\d+', 1)", r#"["a","b"]"#),
    ]),
    Function::new(
        "REGEXP_REPLACE",
        "REGEXP_REPLACE(string, pattern[, replacement])",
        (2, 3),
        Always(Kind::String),
        replace,
    )
    .meaning(
        "Returns the string with every match replaced, or removed. `\\0` to `\\9` in the \
         replacement are the match and its groups, and `\\\\` is a backslash.",
    )
    .examples(&[
        ("REGEXP_REPLACE('$1,234', '[^\\d.]')", "\"1234\""),
        ("REGEXP_REPLACE('Ada Lovelace', '(\\w+) (\\w+)', '\\2, \\1')", "\"Lovelace, Ada\""),
    ]),
    Function::new(
        "REGEXP_SPLIT",
        "REGEXP_SPLIT(string, pattern)",
        (2, 2),
        Always(Kind::Array),
        split,
    )
    .meaning("Returns the parts between matches.")
    .examples(&[("REGEXP_SPLIT('a, b;c', '[,;] *')", r#"["a","b","c"]"#)]),
];

/// How many patterns a thread keeps.
const KEPT: usize = 32;
/// How many bytes a compiled pattern has at most.
const SIZE: usize = 4 * 1024 * 1024;

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Rc<Regex>>> = RefCell::default();
}

/// The second argument as a pattern, compiled once for many rows.
fn pattern(call: &Call<'_>) -> Result<Rc<Regex>, String> {
    let pattern = call.string(1)?;
    PATTERNS.with_borrow_mut(|patterns| {
        if let Some(regex) = patterns.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        let regex = Rc::new(compiled(pattern).map_err(|error| call.error(error))?);
        if patterns.len() >= KEPT {
            patterns.clear();
        }
        patterns.insert(pattern.to_string(), Rc::clone(&regex));
        Ok(regex)
    })
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    let compiled = RegexBuilder::new(&re2::translated(pattern)).size_limit(SIZE).build();
    compiled.map_err(|error| {
        // The lines before the last one show the place in the translation.
        let message = error.to_string();
        let reason = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("the pattern {pattern:?} is wrong: {reason}")
    })
}

fn like(call: &Call<'_>) -> Result<Value, String> {
    Ok(Value::Bool(pattern(call)?.is_match(call.string(0)?)))
}

fn extract(call: &Call<'_>) -> Result<Value, String> {
    let (text, regex) = (call.string(0)?, pattern(call)?);
    let group = group(call, &regex)?;
    Ok(regex.captures(text).map_or(Value::Null, |found| part(&found, group)))
}

fn extract_all(call: &Call<'_>) -> Result<Value, String> {
    let (text, regex) = (call.string(0)?, pattern(call)?);
    let group = group(call, &regex)?;
    Ok(Value::Array(regex.captures_iter(text).map(|found| part(&found, group)).collect()))
}

fn replace(call: &Call<'_>) -> Result<Value, String> {
    let (text, regex) = (call.string(0)?, pattern(call)?);
    let replacement = if call.has(2) { replacement(call, &regex)? } else { Vec::new() };
    let (mut out, mut end) = (String::new(), 0);
    for found in regex.captures_iter(text) {
        let whole = found.get_match();
        out.push_str(&text[end..whole.start()]);
        for piece in &replacement {
            out.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Group(group) => found.get(*group).map_or("", |found| found.as_str()),
            });
        }
        limit::bytes(call, out.len())?;
        end = whole.end();
    }
    out.push_str(&text[end..]);
    Ok(Value::String(out))
}

fn split(call: &Call<'_>) -> Result<Value, String> {
    let (text, regex) = (call.string(0)?, pattern(call)?);
    Ok(Value::Array(regex.split(text).map(Value::string).collect()))
}

/// The third argument as a group of the pattern.
fn group(call: &Call<'_>, regex: &Regex) -> Result<usize, String> {
    let group = if call.has(2) { string::count(call, 2)? } else { 0 };
    known(call, regex, group)
}

fn known(call: &Call<'_>, regex: &Regex, group: usize) -> Result<usize, String> {
    match group < regex.captures_len() {
        true => Ok(group),
        false => Err(call.error(format!("the pattern has no group {group}"))),
    }
}

fn part(found: &Captures<'_>, group: usize) -> Value {
    found.get(group).map_or(Value::Null, |part| Value::string(part.as_str()))
}

/// A piece of a replacement.
enum Piece<'a> {
    Text(&'a str),
    Group(usize),
}

fn replacement<'a>(call: &Call<'a>, regex: &Regex) -> Result<Vec<Piece<'a>>, String> {
    let mut rest = call.string(2)?;
    let mut pieces = Vec::new();
    while let Some(at) = rest.find('\\') {
        pieces.push(Piece::Text(&rest[..at]));
        pieces.push(match rest.as_bytes().get(at + 1) {
            Some(b'\\') => Piece::Text(&rest[at..=at]),
            Some(digit @ b'0'..=b'9') => {
                Piece::Group(known(call, regex, usize::from(digit - b'0'))?)
            }
            _ => return Err(call.error("no digit or backslash follows a backslash")),
        });
        rest = &rest[at + 2..];
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}
