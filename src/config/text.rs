//! Texts with rules.

use crate::rockset::rules::check_name;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer};

/// Reads a name by Rockset's rule for workspaces, collections and integrations.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    match check_name(&name) {
        Ok(()) => Ok(name),
        Err(problem) => Err(D::Error::custom(format!("{} {problem}", Unexpected::Str(&name)))),
    }
}

/// Reads a text that must not be empty.
pub(super) fn non_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.trim() {
        "" => Err(D::Error::custom("is empty; write what it names")),
        _ => Ok(text),
    }
}

/// Reads a text that may be left out. An empty one means the same.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}
