//! `null` in the API, which means the same as leaving a property out. The generated
//! types name these helpers in their serde attributes; see `build/answers.rs`.

use serde::{Deserialize, Deserializer};

/// Reads a list that may be `null`, which stands for an empty one.
pub fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
