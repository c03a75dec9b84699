//! `EXTRACT(part FROM x)`.

use super::moment::{
    MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, check, civil, day_of,
    micros_of, moment, time_of_day,
};
use super::zones::at_time_zone;
use crate::local::query::value::Value;
use chrono::{Datelike, NaiveDateTime};

/// A part of a date or time. With a zone, it is that of `value AT TIME ZONE zone`. A date is its
/// midnight, and a time of day has no parts of a date.
pub fn extract(part: &str, value: &Value, zone: Option<&str>) -> Result<Value, String> {
    if let Some(zone) = zone {
        return extract(part, &at_time_zone(value, &Value::string(zone))?, None);
    }
    let micros = match value {
        _ if value.is_absent() => return Ok(Value::Null),
        Value::Time(micros) => Some(*micros),
        other => moment(other),
    };
    let needed = || format!("EXTRACT needs a date or time, not {}", value.described());
    let micros = micros.ok_or_else(needed)?;
    check(micros)?;
    let part = part.to_ascii_uppercase();
    if let Some(number) = part_of_time(&part, micros) {
        return Ok(Value::Int(number));
    }
    let time = civil(micros)?;
    if matches!(value, Value::Time(_)) && part_of_date(&part, &time).is_some() {
        return Err(format!("a time has no {}", part.to_ascii_lowercase()));
    }
    part_of_date(&part, &time).unwrap_or_else(|| Err(format!("EXTRACT knows no part {part}")))
}

fn part_of_time(part: &str, micros: i64) -> Option<i64> {
    let since = |whole: i64| micros.rem_euclid(whole);
    Some(match part {
        "MICROSECOND" => since(MICROS_PER_SECOND),
        "MILLISECOND" => since(MICROS_PER_SECOND) / 1000,
        "SECOND" => since(MICROS_PER_MINUTE) / MICROS_PER_SECOND,
        "MINUTE" => since(MICROS_PER_HOUR) / MICROS_PER_MINUTE,
        "HOUR" => since(MICROS_PER_DAY) / MICROS_PER_HOUR,
        "EPOCH" => micros.div_euclid(MICROS_PER_SECOND),
        _ => return None,
    })
}

/// Days of the week are counted from Sunday, which is 1, and weeks from the year's first Sunday;
/// those of ISO 8601 begin on Monday.
fn part_of_date(part: &str, time: &NaiveDateTime) -> Option<Result<Value, String>> {
    let number = match part {
        "DAY" => time.day(),
        "DAYOFWEEK" => time.weekday().number_from_sunday(),
        "DAYOFYEAR" => time.ordinal(),
        "WEEK" => (time.ordinal0() + 7 - time.weekday().num_days_from_sunday()) / 7,
        "ISOWEEK" => time.iso_week().week(),
        "MONTH" => time.month(),
        "QUARTER" => time.month0() / 3 + 1,
        "YEAR" => return Some(Ok(Value::Int(time.year().into()))),
        "ISOYEAR" => return Some(Ok(Value::Int(time.iso_week().year().into()))),
        "DATE" => return Some(day_of(micros_of(*time))),
        "TIME" => return Some(Ok(time_of_day(micros_of(*time)))),
        _ => return None,
    };
    Some(Ok(Value::Int(number.into())))
}
