//! Patterns of object names.

use crate::rockset::types::SourceS3;
use regex::Regex;
use std::fmt::Write;

/// Pattern of the object names that a source reads.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// The beginning of every name.
    literal: String,
    /// Matches the whole name; `None` if the beginning decides.
    whole: Option<Regex>,
    /// Names of the captures, in the order of the groups `capture0`, `capture1`, ….
    captures: Vec<String>,
}

impl Pattern {
    /// The pattern of a source. An error says what is wrong.
    pub(super) fn of(s3: &SourceS3) -> Result<Self, String> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        match given(&s3.pattern) {
            None => Ok(Self::prefix(&given(&s3.prefix).unwrap_or_default())),
            Some(pattern) => {
                Self::parse(&pattern).map_err(|wrong| format!("pattern: {pattern:?}: {wrong}"))
            }
        }
    }

    /// Matches all names that begin with a text.
    fn prefix(prefix: &str) -> Self {
        Self { literal: prefix.to_string(), whole: None, captures: Vec::new() }
    }

    /// Parses `?`, `*`, `**`, `{name}` and `{name:regex}`; a text without any of them is a prefix.
    /// An error says what is wrong.
    fn parse(pattern: &str) -> Result<Self, String> {
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
                // Any number of segments, each with the slash that ends it, or none.
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

    /// The beginning of every name.
    pub(super) fn literal(&self) -> &str {
        &self.literal
    }

    /// Captures of a name, as pairs of name and text; `None` if the name doesn't match.
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

/// Position of the brace that closes the one before this text.
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
