//! Patterns of object names.

use regex::Regex;
use std::fmt::Write;

/// What a source reads of its bucket.
#[derive(Debug, Clone)]
pub(in crate::local::engine) struct Pattern {
    /// What every name begins with.
    literal: String,
    /// What the whole name has to match, unless the beginning says it all.
    whole: Option<Regex>,
    /// The names of what is captured, in the order of the groups `capture0`, `capture1`, ….
    captures: Vec<String>,
}

impl Pattern {
    /// All names that begin with a text.
    pub(in crate::local::engine) fn prefix(prefix: &str) -> Self {
        Self { literal: prefix.to_string(), whole: None, captures: Vec::new() }
    }

    /// Parses `?`, `*`, `**`, `{name}` and `{name:regex}`; a text without any of them is
    /// a prefix. Fails with what is wrong.
    pub(in crate::local::engine) fn parse(pattern: &str) -> Result<Self, String> {
        let special = |c: char| matches!(c, '?' | '*' | '{' | '}');
        let Some(first) = pattern.find(special) else {
            return Ok(Self::prefix(pattern));
        };
        let mut captures = Vec::new();
        let mut whole = String::from("^");
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '?' => whole.push_str("[^/]"),
                // Segments, each with the slash that ends it, so that there may be none.
                '*' if rest.starts_with("*/") => {
                    whole.push_str("(?:[^/]*/)*");
                    rest = &rest[2..];
                }
                '*' if rest.starts_with('*') => {
                    whole.push_str(".*");
                    rest = &rest[1..];
                }
                '*' => whole.push_str("[^/]*"),
                '{' => {
                    let end = closing(rest).ok_or("a { is not closed")?;
                    let (name, regex) = match rest[..end].split_once(':') {
                        None => (&rest[..end], "[^/]+"),
                        Some(split) => split,
                    };
                    check_capture(name, &captures)?;
                    Regex::new(regex).map_err(|error| format!("{regex:?}: {error}"))?;
                    let _ = write!(whole, "(?P<capture{}>{regex})", captures.len());
                    captures.push(name.to_string());
                    rest = &rest[end + 1..];
                }
                '}' => return Err("a } closes nothing".to_string()),
                c => whole.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        whole.push('$');
        let whole = Regex::new(&whole).map_err(|error| error.to_string())?;
        Ok(Self { literal: pattern[..first].to_string(), whole: Some(whole), captures })
    }

    /// What every name begins with.
    pub(super) fn literal(&self) -> &str {
        &self.literal
    }

    /// Whether a name matches, and what it is captured as: name and text of each.
    pub(super) fn matches<'a>(&'a self, name: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        if !name.starts_with(&self.literal) {
            return None;
        }
        let Some(whole) = &self.whole else {
            return Some(Vec::new());
        };
        let found = whole.captures(name)?;
        let captured = self.captures.iter().enumerate().filter_map(|(i, capture)| {
            let text = found.name(&format!("capture{i}"))?;
            Some((capture.as_str(), text.as_str()))
        });
        Some(captured.collect())
    }
}

/// Where the brace ends that has been opened before this text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' if depth == 0 => return Some(i),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn check_capture(name: &str, earlier: &[String]) -> Result<(), String> {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    match name {
        "" => Err("a capture has no name".to_string()),
        "bucket" | "path" | "offset" => Err(format!("_meta.s3 has a field {name:?} already")),
        _ if !name.chars().all(good) => Err(format!("{name:?} can't be the name of a capture")),
        _ if earlier.iter().any(|earlier| earlier == name) => {
            Err(format!("there are two captures {name:?}"))
        }
        _ => Ok(()),
    }
}
