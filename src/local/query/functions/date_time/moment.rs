//! Microseconds and days as dates of the calendar, and back. What is beyond the years that the
//! calendar knows, about 262,000 before and after 1970, is an error.

use crate::local::query::value::{Kind, Value};
use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

pub const MICROS_PER_SECOND: i64 = 1_000_000;
pub const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
pub const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;
pub const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;

/// The date and time of microseconds since the epoch.
pub fn civil(micros: i64) -> Result<NaiveDateTime, String> {
    DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc()).ok_or_else(out_of_range)
}

/// Fails if the calendar doesn't know a moment. It costs less than [`civil`].
pub fn check(micros: i64) -> Result<(), String> {
    const FIRST: i64 = DateTime::<Utc>::MIN_UTC.timestamp_micros();
    const LAST: i64 = DateTime::<Utc>::MAX_UTC.timestamp_micros();
    if (FIRST..=LAST).contains(&micros) { Ok(()) } else { Err(out_of_range()) }
}

/// Microseconds since the epoch.
pub fn micros_of(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp_micros()
}

/// The date of days since the epoch.
pub fn date(days: i32) -> Result<NaiveDate, String> {
    let epoch = NaiveDate::default();
    let distance = Days::new(days.unsigned_abs().into());
    let date = match days < 0 {
        true => epoch.checked_sub_days(distance),
        false => epoch.checked_add_days(distance),
    };
    date.ok_or_else(out_of_range)
}

/// Days since the epoch.
pub fn days_of(date: NaiveDate) -> i32 {
    // A date of the calendar is less than 100 million days from the epoch.
    date.signed_duration_since(NaiveDate::default()).num_days() as i32
}

/// Microseconds since midnight.
pub fn micros_of_day(time: NaiveTime) -> i64 {
    let fraction = i64::from(time.nanosecond() / 1000);
    i64::from(time.num_seconds_from_midnight()) * MICROS_PER_SECOND + fraction
}

/// The day of microseconds since the epoch.
pub fn day_of(micros: i64) -> Result<Value, String> {
    civil(micros).map(|time| Value::Date(days_of(time.date())))
}

/// The time of day of microseconds since the epoch.
pub fn time_of_day(micros: i64) -> Value {
    Value::Time(micros.rem_euclid(MICROS_PER_DAY))
}

/// Microseconds since the epoch of a date, datetime or timestamp; `None` for anything else.
pub fn moment(value: &Value) -> Option<i64> {
    match value {
        Value::Date(days) => i64::from(*days).checked_mul(MICROS_PER_DAY),
        Value::Datetime(micros) | Value::Timestamp(micros) => Some(*micros),
        _ => None,
    }
}

/// A date, datetime or timestamp at some microseconds since the epoch.
pub fn at(kind: Kind, micros: i64) -> Result<Value, String> {
    check(micros)?;
    match kind {
        Kind::Date => day_of(micros),
        Kind::Timestamp => Ok(Value::Timestamp(micros)),
        _ => Ok(Value::Datetime(micros)),
    }
}

/// The microseconds some months later. A day that the month lacks becomes its last one.
pub fn add_months(micros: i64, months: i64) -> Result<i64, String> {
    let time = civil(micros)?;
    let distance = u32::try_from(months.unsigned_abs()).map(Months::new).ok();
    let later = distance.and_then(|distance| match months < 0 {
        true => time.checked_sub_months(distance),
        false => time.checked_add_months(distance),
    });
    later.map(micros_of).ok_or_else(out_of_range)
}

pub fn out_of_range() -> String {
    "the date is out of range".to_string()
}
