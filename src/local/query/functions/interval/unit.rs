//! Units of time.

use super::super::date_time::moment::{MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::local::query::functions::call::Call;
use crate::local::query::value::Value;

/// A unit of time, in the order of length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// How long a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    Micros(i64),
    Months(i64),
}

impl Unit {
    const ALL: [(Self, &str); 10] = [
        (Self::Microsecond, "microsecond"),
        (Self::Millisecond, "millisecond"),
        (Self::Second, "second"),
        (Self::Minute, "minute"),
        (Self::Hour, "hour"),
        (Self::Day, "day"),
        (Self::Week, "week"),
        (Self::Month, "month"),
        (Self::Quarter, "quarter"),
        (Self::Year, "year"),
    ];

    /// A unit by its name, also in the plural, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let singular = name.strip_suffix('s').unwrap_or(&name);
        Self::ALL.into_iter().find(|(_, known)| *known == singular).map(|(unit, _)| unit)
    }

    /// The unit that a function is given.
    pub fn argument(call: &Call<'_>, index: usize) -> Result<Self, String> {
        let name = call.string(index)?;
        Self::from_name(name)
            .ok_or_else(|| call.error(format!("there is no unit of time '{name}'")))
    }

    pub fn length(self) -> Length {
        match self {
            Self::Microsecond => Length::Micros(1),
            Self::Millisecond => Length::Micros(1000),
            Self::Second => Length::Micros(MICROS_PER_SECOND),
            Self::Minute => Length::Micros(60 * MICROS_PER_SECOND),
            Self::Hour => Length::Micros(3600 * MICROS_PER_SECOND),
            Self::Day => Length::Micros(MICROS_PER_DAY),
            Self::Week => Length::Micros(7 * MICROS_PER_DAY),
            Self::Month => Length::Months(1),
            Self::Quarter => Length::Months(3),
            Self::Year => Length::Months(12),
        }
    }

    /// An interval of so many units; `None` if it is too long.
    pub fn times(self, count: i64) -> Option<Value> {
        self.of(|length| count.checked_mul(length))
    }

    /// An interval whose length is computed from that of the unit.
    pub(super) fn of(self, scaled: impl FnOnce(i64) -> Option<i64>) -> Option<Value> {
        match self.length() {
            Length::Micros(length) => scaled(length).map(Value::MicrosecondInterval),
            Length::Months(length) => scaled(length).map(Value::MonthInterval),
        }
    }
}
