//! Points in time, as documents write them.

use super::extended::Extended;
use super::{excerpt, string};
use chrono::{DateTime, Datelike, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::value::RawValue;

/// Now, in microseconds since the epoch.
pub fn now() -> i64 {
    Utc::now().timestamp_micros()
}

/// Reads a number of units or a timestamp, and returns microseconds since the epoch. A timestamp
/// without a zone is in `zone`. An error says what is wrong.
pub fn read(json: &RawValue, micros_per_unit: i64, zone: Tz) -> Result<i64, String> {
    let micros = match json.get().as_bytes().first() {
        Some(b'"') => string(json).and_then(|text| timestamp(&text, zone)),
        Some(b'{') => Extended::read(json).and_then(|typed| moment(&typed, zone)),
        _ => units(json.get(), micros_per_unit),
    };
    let four_digits = |micros: &i64| {
        let time = DateTime::from_timestamp_micros(*micros);
        time.is_some_and(|time| (0..=9999).contains(&time.year()))
    };
    micros.filter(four_digits).ok_or_else(|| {
        let unit = match micros_per_unit {
            1 => "whole number of microseconds",
            1_000 => "number of milliseconds",
            _ => "number of seconds",
        };
        format!("is neither a {unit} since 1970 nor a timestamp: {}", excerpt(json))
    })
}

/// A number of units, in microseconds.
fn units(number: &str, micros_per_unit: i64) -> Option<i64> {
    if let Ok(units) = number.parse::<i64>() {
        return units.checked_mul(micros_per_unit);
    }
    let units = number.parse::<f64>().ok().filter(|_| micros_per_unit > 1)?;
    Some((units * micros_per_unit as f64).round() as i64)
}

/// A timestamp or datetime of extended JSON.
fn moment(typed: &Extended<'_>, zone: Tz) -> Option<i64> {
    let text = string(typed.value);
    match text {
        Some(text) if typed.is("timestamp") || typed.is("datetime") => timestamp(&text, zone),
        None if typed.is("timestamp") => typed.value.get().parse().ok(),
        _ => None,
    }
}

fn timestamp(text: &str, zone: Tz) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
    zone.from_local_datetime(&local).earliest().map(|time| time.timestamp_micros())
}
