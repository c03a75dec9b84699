//! Dates, times and numbers as text.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike};
use std::fmt::Write;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A number in a form that reads back as a float: `2.0`, `1e300`; `NaN`, `inf` and `-inf`, for
/// which JSON has no word.
pub fn float_text(float: f64) -> String {
    match float.is_finite() {
        true => zmij::Buffer::new().format_finite(float).to_string(),
        false => float.to_string(),
    }
}

/// `2018-05-26`.
pub fn date_text(days: i32) -> String {
    let date = NaiveDate::default().checked_add_signed(TimeDelta::days(days.into()));
    date.map_or_else(String::new, |date| date.to_string())
}

/// `10:30:20`, with a fraction of up to six digits if there is one.
pub fn time_text(micros: i64) -> String {
    let (seconds, fraction) =
        (micros.div_euclid(MICROS_PER_SECOND), micros.rem_euclid(MICROS_PER_SECOND));
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let mut text = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    push_fraction(fraction, &mut text);
    text
}

/// `2018-05-26T10:30:20.345`: no zone, and no more digits than are needed.
pub fn datetime_text(micros: i64) -> String {
    let Some(mut text) = seconds_text(micros) else { return String::new() };
    push_fraction(micros.rem_euclid(MICROS_PER_SECOND), &mut text);
    text
}

/// `2024-02-07T03:46:46.239377Z`: UTC, and always six digits.
pub fn timestamp_text(micros: i64) -> String {
    let Some(mut text) = seconds_text(micros) else { return String::new() };
    let _ = write!(text, ".{:06}Z", micros.rem_euclid(MICROS_PER_SECOND));
    text
}

fn seconds_text(micros: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(micros)?;
    let (date, time) = (time.date_naive(), time.time());
    let year = match date.year() {
        year @ 0..=9999 => format!("{year:04}"),
        year => format!("{year:+}"),
    };
    let (month, day) = (date.month(), date.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    Some(format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

fn push_fraction(micros: i64, text: &mut String) {
    if micros != 0 {
        let digits = format!("{micros:06}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
}
