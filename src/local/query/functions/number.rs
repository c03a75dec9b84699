//! Numbers as integers.

/// A float without its fraction, if it is in the range of integers.
pub(super) fn truncated(float: f64) -> Option<i64> {
    // The least integer is a float, and so is 2^63, which is one too many.
    let is_in_range = float >= i64::MIN as f64 && float < -(i64::MIN as f64);
    is_in_range.then_some(float as i64)
}
