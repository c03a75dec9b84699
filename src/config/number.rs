//! Numbers within bounds.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// Reads an integer of `LEAST` or more, or `null`.
pub(super) fn at_least<'de, const LEAST: i64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    within(deserializer, LEAST, i64::MAX, |number| match number.as_f64() {
        Some(value) if value >= TOO_LARGE => {
            format!("{number} is more than {}, the most that Rockset can take", i64::MAX)
        }
        _ => format!("{number} is not a whole number of {LEAST} or more"),
    })
}

/// Reads an integer within bounds, or `null`. `wrong` makes the error for any other number.
pub(super) fn within<'de, D: Deserializer<'de>>(
    deserializer: D,
    least: i64,
    most: i64,
    wrong: impl Fn(&Number) -> String,
) -> Result<Option<i64>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match whole(&number) {
        Some(value) if (least..=most).contains(&value) => Ok(Some(value)),
        _ => Err(D::Error::custom(wrong(&number))),
    }
}

/// 2 to the power of 63: the smallest integer that is too large for an `i64`.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;

/// The value of a number as an integer, if it is whole. To JSON Schema, and so to Flow, 5.0 and
/// 5e0 are integers, too.
pub(super) fn whole(number: &Number) -> Option<i64> {
    if let Some(value) = number.as_i64() {
        return Some(value);
    }
    let value = number.as_f64()?;
    let is_whole = value.fract() == 0.0 && (-TOO_LARGE..TOO_LARGE).contains(&value);
    is_whole.then_some(value as i64)
}
