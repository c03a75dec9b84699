//! `INTERVAL` literals, and durations of ISO 8601.

use super::{Length, Unit};
use crate::local::query::value::Value;
use std::ops::RangeInclusive;

/// `INTERVAL text from [TO to]`: a number such as `-1.5`; with `to`, a number for each of the
/// units from the one to the other, such as `3-4` for years and months, or `1 10:20:30` for days
/// and what follows them.
pub fn interval_literal(text: &str, from: Unit, to: Option<Unit>) -> Result<Value, String> {
    let trimmed = text.trim();
    let (is_negative, number) = match trimmed.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let units = match to {
        Some(to) => {
            units(from..=to).ok_or_else(|| format!("no interval is from {from:?} to {to:?}"))?
        }
        None => vec![from],
    };
    let length = sum(number, &units).ok_or_else(|| format!("'{text}' isn't an interval"))?;
    let signed = if is_negative { -length } else { length };
    Ok(match from.length() {
        Length::Micros(_) => Value::MicrosecondInterval(signed),
        Length::Months(_) => Value::MonthInterval(signed),
    })
}

/// The units that may follow each other, of years and months or of days and shorter ones.
fn units(range: RangeInclusive<Unit>) -> Option<Vec<Unit>> {
    let series: [&[Unit]; 2] =
        [&[Unit::Year, Unit::Month], &[Unit::Day, Unit::Hour, Unit::Minute, Unit::Second]];
    series.into_iter().find_map(|series| {
        let first = series.iter().position(|unit| unit == range.start())?;
        let last = series.iter().position(|unit| unit == range.end())?;
        series.get(first..=last).map(<[Unit]>::to_vec)
    })
}

fn sum(text: &str, units: &[Unit]) -> Option<i64> {
    let numbers: Vec<&str> = text.split(['-', ' ', ':']).collect();
    if numbers.len() != units.len() {
        return None;
    }
    let mut sum = 0i64;
    for (number, unit) in numbers.iter().zip(units) {
        let (Length::Micros(length) | Length::Months(length)) = unit.length();
        sum = sum.checked_add(scaled(number, length)?)?;
    }
    Some(sum)
}

/// A decimal number without a sign, times a length; what is less than the smallest unit is cut.
/// Twelve digits of the fraction are enough for a microsecond of every unit.
fn scaled(number: &str, length: i64) -> Option<i64> {
    const FRACTION: usize = 12;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{:0<FRACTION$.FRACTION$}", fraction);
    let has_digits = !(whole.is_empty() && fraction.is_empty());
    let is_decimal =
        has_digits && format!("{whole}{fraction}").bytes().all(|byte| byte.is_ascii_digit());
    let number: i128 = is_decimal.then(|| digits.parse().ok())??;
    let length = number.checked_mul(length.into())? / 10i128.pow(FRACTION as u32);
    i64::try_from(length).ok()
}

/// A duration of ISO 8601, such as `P1DT2H3M4.5S`, in units of one of the interval types.
pub fn duration_of(text: &str, is_months: bool) -> Option<i64> {
    let (is_negative, rest) = match text.trim().strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim()),
    };
    let rest = rest.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    let fields = [fields(date, false)?, fields(time.unwrap_or(""), true)?].concat();
    if fields.is_empty() || time == Some("") {
        return None;
    }
    let mut sum = 0i64;
    for (number, unit) in fields {
        let length = match unit.length() {
            Length::Months(length) if is_months => length,
            Length::Micros(length) if !is_months => length,
            _ => return None,
        };
        sum = sum.checked_add(scaled(number, length)?)?;
    }
    Some(if is_negative { -sum } else { sum })
}

/// Numbers and the units that letters after them stand for.
fn fields(mut text: &str, is_time: bool) -> Option<Vec<(&str, Unit)>> {
    let mut fields = Vec::new();
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        let unit = match (&text[end..=end], is_time) {
            ("Y", false) => Unit::Year,
            ("M", false) => Unit::Month,
            ("W", false) => Unit::Week,
            ("D", false) => Unit::Day,
            ("H", true) => Unit::Hour,
            ("M", true) => Unit::Minute,
            ("S", true) => Unit::Second,
            _ => return None,
        };
        fields.push((&text[..end], unit));
        text = &text[end + 1..];
    }
    Some(fields)
}
