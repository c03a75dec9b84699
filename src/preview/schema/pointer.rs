//! JSON pointers (RFC 6901): where in a document a field is.

use serde_json::Value;

/// A parsed JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Parses a pointer: empty, or beginning with a slash.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('/') {
            Some(tokens) => Some(Self(tokens.split('/').map(unescape).collect())),
            None if text.is_empty() => Some(Self::default()),
            None => None,
        }
    }

    /// Its tokens, without their escapes.
    pub fn tokens(&self) -> &[String] {
        &self.0
    }

    /// The value at this place of a document.
    pub fn query<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(document, |value, token| match value {
            Value::Object(map) => map.get(token),
            Value::Array(items) => items.get(index(token)?),
            _ => None,
        })
    }
}

/// The array index that a token stands for.
pub fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with(['0', '+']);
    token.parse().ok().filter(|_| plain)
}

/// Appends a token to a pointer, escaped.
pub fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// A pointer with one more token.
pub fn join(pointer: &str, token: &str) -> String {
    let mut joined = pointer.to_string();
    push(&mut joined, token);
    joined
}

/// Whether the first pointer is a proper prefix of the second.
pub fn is_parent(parent: &str, child: &str) -> bool {
    child.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}
