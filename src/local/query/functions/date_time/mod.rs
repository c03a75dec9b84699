//! Dates and times.
//!
//! - `moment`: microseconds and days as dates of the calendar, and back.
//! - `zones`: time zones, and `AT TIME ZONE`.
//! - `iso`: ISO 8601, and the literals `DATE '…'`, `TIME '…'`, `DATETIME '…'`, `TIMESTAMP '…'`.
//! - `build`: functions that make a date or time of numbers, and numbers of it.
//! - `extract`: `EXTRACT`.
//! - `format`, `parse`: dates and times as text, by codes or ISO 8601.
//! - `truncate`: `DATE_TRUNC` and `TIME_BUCKET`.
//! - `shift`: `DATE_ADD`, `DATE_SUB` and `DATE_DIFF`.

pub mod build;
mod extract;
pub mod format;
mod iso;
pub(super) mod moment;
pub mod parse;
pub mod shift;
#[cfg(test)]
mod tests;
pub mod truncate;
mod zones;

pub use extract::{Part, extract};
pub use iso::{date_literal, datetime_literal, time_literal, timestamp_literal};
pub(super) use iso::{date_of, datetime_of, time_of, timestamp_of};
pub use zones::at_time_zone;
