//! Numbers within bounds.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// Reads an integer of `least` or more, or nothing.
pub(super) fn at_least<'de, const LEAST: i64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    within(deserializer, LEAST, i64::MAX, |number| {
        format!("{number} is not a whole number of {LEAST} or more")
    })
}

/// Reads an integer within bounds, or nothing. `wrong` says what to write in place of
/// another number.
pub(super) fn within<'de, D: Deserializer<'de>>(
    deserializer: D,
    least: i64,
    most: i64,
    wrong: impl Fn(&Number) -> String,
) -> Result<Option<i64>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match number.as_i64() {
        Some(value) if (least..=most).contains(&value) => Ok(Some(value)),
        _ => Err(D::Error::custom(wrong(&number))),
    }
}
