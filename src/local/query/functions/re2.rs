//! Patterns of RE2 as patterns of the `regex` crate, which differs from it in a few places.

use std::borrow::Cow;

/// Classes of ASCII characters, where `regex` has those of Unicode, and characters that stand
/// for themselves, where `regex` has ends of words.
const ESCAPES: [(&str, &str); 10] = [
    (r"\d", "[0-9]"),
    (r"\D", "[^0-9]"),
    (r"\s", r"[\t\n\f\r ]"),
    (r"\S", r"[^\t\n\f\r ]"),
    (r"\w", "[0-9A-Za-z_]"),
    (r"\W", "[^0-9A-Za-z_]"),
    (r"\b", r"(?-u:\b)"),
    (r"\B", r"(?-u:\B)"),
    (r"\<", "<"),
    (r"\>", ">"),
];

/// The pattern for `regex`.
pub(super) fn translated(pattern: &str) -> String {
    let (mut rest, mut is_class) = (pattern, false);
    let mut out = String::with_capacity(pattern.len());
    while let Some(char) = rest.chars().next() {
        let (length, token) = match is_class {
            true => class_token(rest, char),
            false => token(rest, char),
        };
        match token.as_ref() {
            "[" | "[^" | "[]" | "[^]" => is_class = true,
            "]" => is_class = false,
            _ => {}
        }
        out.push_str(&token);
        rest = &rest[length..];
    }
    out
}

/// The length of the first token, and its translation.
fn token(rest: &str, char: char) -> (usize, Cow<'_, str>) {
    // A bracket that comes first is a character of the class.
    let start = ["[^]", "[]", "[^"].into_iter().find(|start| rest.starts_with(start));
    match (char, start) {
        ('\\', _) => escape(rest),
        (_, Some(start)) => (start.len(), Cow::Borrowed(start)),
        _ => (char.len_utf8(), Cow::Borrowed(&rest[..char.len_utf8()])),
    }
}

/// The same within brackets, where `regex` has classes in classes and operators, and RE2 only
/// has names such as `[:alpha:]`.
fn class_token(rest: &str, char: char) -> (usize, Cow<'_, str>) {
    let name = rest.strip_prefix("[:").and_then(|name| name.find(":]")).map(|end| end + 4);
    match (char, name) {
        ('\\', _) => escape(rest),
        ('[', Some(length)) => (length, Cow::Borrowed(&rest[..length])),
        ('[' | '&' | '~', _) => (1, Cow::Owned(format!("\\{char}"))),
        _ => (char.len_utf8(), Cow::Borrowed(&rest[..char.len_utf8()])),
    }
}

fn escape(rest: &str) -> (usize, Cow<'_, str>) {
    if let Some(quoted) = rest.strip_prefix(r"\Q") {
        let end = quoted.find(r"\E").unwrap_or(quoted.len());
        return (rest.len().min(end + 4), Cow::Owned(regex::escape(&quoted[..end])));
    }
    let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
    let token = &rest[..length];
    let known = ESCAPES.iter().find(|(escape, _)| *escape == token);
    (length, Cow::Borrowed(known.map_or(token, |(_, translation)| translation)))
}
