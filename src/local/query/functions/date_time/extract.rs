//! `EXTRACT(part FROM x)`.

use super::moment::{
    MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, check, civil, day_of,
    micros_of, moment, time_of_day,
};
use crate::local::query::types::Type;
use crate::local::query::value::{Kind, Value};
use chrono::{Datelike, NaiveDateTime};
use std::fmt;

/// A part of a date or time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    OfTime(PartOfTime),
    OfDate(PartOfDate),
}

// As plans show it.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfTime(part) => part.fmt(f),
            Self::OfDate(part) => part.fmt(f),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartOfTime {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Epoch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartOfDate {
    Day,
    DayOfWeek,
    DayOfYear,
    Week,
    IsoWeek,
    Month,
    Quarter,
    Year,
    IsoYear,
    Date,
    Time,
}

impl Part {
    /// The part of a name in lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "microsecond" => Self::OfTime(PartOfTime::Microsecond),
            "millisecond" => Self::OfTime(PartOfTime::Millisecond),
            "second" => Self::OfTime(PartOfTime::Second),
            "minute" => Self::OfTime(PartOfTime::Minute),
            "hour" => Self::OfTime(PartOfTime::Hour),
            "epoch" => Self::OfTime(PartOfTime::Epoch),
            "day" => Self::OfDate(PartOfDate::Day),
            "dayofweek" => Self::OfDate(PartOfDate::DayOfWeek),
            "dayofyear" => Self::OfDate(PartOfDate::DayOfYear),
            "week" => Self::OfDate(PartOfDate::Week),
            "isoweek" => Self::OfDate(PartOfDate::IsoWeek),
            "month" => Self::OfDate(PartOfDate::Month),
            "quarter" => Self::OfDate(PartOfDate::Quarter),
            "year" => Self::OfDate(PartOfDate::Year),
            "isoyear" => Self::OfDate(PartOfDate::IsoYear),
            "date" => Self::OfDate(PartOfDate::Date),
            "time" => Self::OfDate(PartOfDate::Time),
            _ => return None,
        })
    }

    /// The type of the part.
    pub fn of(self) -> Type {
        match self {
            Self::OfDate(PartOfDate::Date) => Type::of(Kind::Date),
            Self::OfDate(PartOfDate::Time) => Type::of(Kind::Time),
            _ => Type::INT,
        }
    }

    /// The part of a moment, if it can be told without a calendar.
    pub fn at(self, micros: i64) -> Option<i64> {
        match self {
            Self::OfTime(part) => check(micros).ok().map(|()| part.of(micros)),
            Self::OfDate(_) => None,
        }
    }
}

/// A part of a date or time. A date is its midnight, and a time of day has no parts of a date.
pub fn extract(part: Part, value: &Value) -> Result<Value, String> {
    let micros = match value {
        _ if value.is_absent() => return Ok(Value::Null),
        Value::Time(micros) => Some(*micros),
        other => moment(other),
    };
    let needed = || format!("EXTRACT needs a date or time, not {}", value.described());
    let micros = micros.ok_or_else(needed)?;
    check(micros)?;
    match part {
        Part::OfTime(part) => Ok(Value::Int(part.of(micros))),
        Part::OfDate(part) if matches!(value, Value::Time(_)) => {
            Err(format!("a time has no {}", format!("{part:?}").to_ascii_lowercase()))
        }
        Part::OfDate(part) => part.of(&civil(micros)?),
    }
}

impl PartOfTime {
    /// The part of microseconds since the epoch, or since midnight.
    fn of(self, micros: i64) -> i64 {
        let since = |whole: i64| micros.rem_euclid(whole);
        match self {
            Self::Microsecond => since(MICROS_PER_SECOND),
            Self::Millisecond => since(MICROS_PER_SECOND) / 1000,
            Self::Second => since(MICROS_PER_MINUTE) / MICROS_PER_SECOND,
            Self::Minute => since(MICROS_PER_HOUR) / MICROS_PER_MINUTE,
            Self::Hour => since(MICROS_PER_DAY) / MICROS_PER_HOUR,
            Self::Epoch => micros.div_euclid(MICROS_PER_SECOND),
        }
    }
}

impl PartOfDate {
    /// Days of the week are counted from Sunday, which is 1, and weeks from the year's first
    /// Sunday; those of ISO 8601 begin on Monday.
    fn of(self, time: &NaiveDateTime) -> Result<Value, String> {
        let number = match self {
            Self::Day => time.day(),
            Self::DayOfWeek => time.weekday().number_from_sunday(),
            Self::DayOfYear => time.ordinal(),
            Self::Week => (time.ordinal0() + 7 - time.weekday().num_days_from_sunday()) / 7,
            Self::IsoWeek => time.iso_week().week(),
            Self::Month => time.month(),
            Self::Quarter => time.month0() / 3 + 1,
            Self::Year => return Ok(Value::Int(time.year().into())),
            Self::IsoYear => return Ok(Value::Int(time.iso_week().year().into())),
            Self::Date => return day_of(micros_of(*time)),
            Self::Time => return Ok(time_of_day(micros_of(*time))),
        };
        Ok(Value::Int(number.into()))
    }
}
