//! Texts that follow a rule.

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

/// The longest name, in characters.
pub(super) const MAX_NAME: usize = 100;

/// Reads a name by Rockset's rule for workspaces, collections and integrations.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let invalid =
        |problem: String| Err(D::Error::custom(format!("{} {problem}", Unexpected::Str(&name))));
    if name.is_empty() || name.len() > MAX_NAME {
        return invalid(format!("has {} characters; write 1 to {MAX_NAME}", name.chars().count()));
    }
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return invalid("does not start with a letter or a digit".to_string());
    }
    match name.chars().find(|c| !c.is_ascii_alphanumeric() && !"_-".contains(*c)) {
        Some(other) => invalid(format!("holds {other:?}; write letters, digits, _ and - only")),
        None => Ok(name),
    }
}

/// Reads a text that must not be empty.
pub(super) fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.trim() {
        "" => Err(D::Error::custom("is empty; write what it names")),
        _ => Ok(text),
    }
}

/// Reads a text that may be left out, or left empty, which means the same.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}
