//! A text taken apart into queries, each up to its `;`, and commands of the prompt, which
//! begin with a backslash and take a line.

/// What a text asks for, piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A query for the server.
    Query(Statement),
    /// A command of the prompt, without its backslash.
    Command(String),
}

/// A query, without its `;`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its words.
    pub text: String,
    /// How many lines come before it.
    pub lines_before: usize,
}

impl From<&str> for Statement {
    fn from(text: &str) -> Self {
        Self { text: text.to_string(), lines_before: 0 }
    }
}

/// Takes a text apart.
pub fn split(text: &str) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let is_command = rest.starts_with('\\');
        let length = match is_command {
            true => rest.find('\n').unwrap_or(rest.len()),
            false => end(rest).unwrap_or(rest.len()),
        };
        let (one, after) = rest.split_at(length);
        if is_command {
            requests
                .push(Request::Command(one[1..].trim_end_matches([';', ' ', '\r']).to_string()));
        } else if !is_blank(one) {
            let lines_before = text[..text.len() - rest.len()].matches('\n').count();
            let text = one.trim_end().to_string();
            requests.push(Request::Query(Statement { text, lines_before }));
        }
        rest = after.strip_prefix(';').unwrap_or(after).trim_start();
    }
    requests
}

/// Whether a text ends where a query does, so that nothing more need be typed.
pub fn is_complete(text: &str) -> bool {
    let mut rest = text.trim_start();
    if rest.starts_with('\\') {
        return true;
    }
    while let Some(end) = end(rest) {
        rest = &rest[end + 1..];
    }
    is_blank(rest)
}

/// Where the first `;` is that stands in no quotes, in no comment and in no script. A quotation mark that is
/// doubled within quotes ends them and begins them again, which comes to the same.
fn end(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find([';', '\'', '"', '`', '-', '/', '{'])?;
        let found = &text[at..];
        at += match found.as_bytes() {
            [b';', ..] => return Some(at),
            [quote @ (b'\'' | b'"' | b'`'), ..] => found[1..].find(char::from(*quote))? + 2,
            [b'-', b'-', ..] => found.find('\n')?,
            [b'/', b'*', ..] => found[2..].find("*/")? + 4,
            [b'{', b'{', b'{', ..] => found[3..].find("}}}")? + 6,
            _ => 1,
        };
    }
}

/// Whether a text holds nothing but comments.
fn is_blank(text: &str) -> bool {
    let text = text.trim_start();
    if let Some(comment) = text.strip_prefix("--") {
        return comment.split_once('\n').is_none_or(|(_, rest)| is_blank(rest));
    }
    match text.strip_prefix("/*") {
        Some(comment) => comment.split_once("*/").is_some_and(|(_, rest)| is_blank(rest)),
        None => text.is_empty(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn queries(text: &str) -> Vec<(String, usize)> {
        let queries = split(text).into_iter().filter_map(|request| match request {
            Request::Query(Statement { text, lines_before }) => Some((text, lines_before)),
            Request::Command(_) => None,
        });
        queries.collect()
    }

    #[test]
    fn queries_end_with_a_semicolon() {
        for (text, expected) in [
            ("SELECT 1", vec![("SELECT 1", 0)]),
            ("SELECT 1;\n\nSELECT 2 ;", vec![("SELECT 1", 0), ("SELECT 2", 2)]),
            (
                "SELECT ';', 'it''s;', \";\", `;`; SELECT 2",
                vec![("SELECT ';', 'it''s;', \";\", `;`", 0), ("SELECT 2", 0)],
            ),
            (
                "SELECT 1 -- ;'\n; SELECT 2 /* ; ' */",
                vec![("SELECT 1 -- ;'", 0), ("SELECT 2 /* ; ' */", 1)],
            ),
            (
                "script {{{ f('x); }}} SELECT 1; SELECT {'a': {'b': 2}}",
                vec![("script {{{ f('x); }}} SELECT 1", 0), ("SELECT {'a': {'b': 2}}", 0)],
            ),
            ("SELECT 3 - 2 / 1 -1", vec![("SELECT 3 - 2 / 1 -1", 0)]),
            (" ;; -- nothing\n /* at all */ ; ", vec![]),
            ("SELECT 'ä€;", vec![("SELECT 'ä€;", 0)]),
        ] {
            let expected: Vec<_> = expected.iter().map(|(a, b)| (a.to_string(), *b)).collect();
            assert_eq!(queries(text), expected, "{text}");
        }
    }

    #[test]
    fn commands_take_a_line() {
        let split = split("SELECT 1;\n\\d ws.c ;\nSELECT 2");
        assert_eq!(split[1], Request::Command("d ws.c".to_string()));
        assert_eq!(split.len(), 3);
    }

    #[test]
    fn a_query_is_typed_until_its_semicolon() {
        for whole in ["SELECT 1;", "", " -- ;", "\\d", "SELECT 1; -- one", "SELECT ';';"] {
            assert!(is_complete(whole), "{whole}");
        }
        for part in ["SELECT 1", "SELECT ';", "SELECT 1; SELECT", "SELECT 1 -- ;", "/* ;"] {
            assert!(!is_complete(part), "{part}");
        }
    }
}
