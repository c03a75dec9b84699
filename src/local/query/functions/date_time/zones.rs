//! Time zones: names of the IANA database, or an interval as a fixed distance from UTC.

use super::moment::{MICROS_PER_SECOND, civil, micros_of, out_of_range};
use crate::local::query::functions::call::Call;
use crate::local::query::value::Value;
use chrono::{FixedOffset, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

impl Zone {
    pub(super) const UTC: Self = Self::Named(Tz::UTC);

    /// A zone by its name in the IANA database.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let zone = name.parse().map(Self::Named);
        zone.map_err(|_| format!("there is no time zone '{name}'"))
    }

    /// A zone that is east of UTC by some seconds, less than a day.
    pub(super) fn east(seconds: i64) -> Option<Self> {
        i32::try_from(seconds).ok().and_then(FixedOffset::east_opt).map(Self::Fixed)
    }

    /// The zone that a value stands for.
    pub(super) fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(name) => Self::named(name),
            Value::MicrosecondInterval(micros) if micros % MICROS_PER_SECOND == 0 => {
                Self::east(micros / MICROS_PER_SECOND)
                    .ok_or_else(|| "a time zone is less than a day from UTC".to_string())
            }
            Value::MicrosecondInterval(_) => {
                Err("a time zone's distance from UTC has to be in whole seconds".to_string())
            }
            other => Err(format!(
                "a time zone has to be a name or an interval, not {}",
                other.described()
            )),
        }
    }

    /// The zone that a function is given; UTC if it is given none.
    pub(super) fn argument(call: &Call<'_>, index: usize) -> Result<Self, String> {
        match call.has(index) {
            true => Self::of(call.value(index)).map_err(|error| call.error(error)),
            false => Ok(Self::UTC),
        }
    }

    /// The zone's distance from UTC at a time in UTC.
    pub(super) fn offset(self, utc: &NaiveDateTime) -> FixedOffset {
        match self {
            Self::Named(zone) => zone.offset_from_utc_datetime(utc).fix(),
            Self::Fixed(offset) => offset,
        }
    }

    /// What clocks in the zone show at a moment.
    pub(super) fn to_local(self, utc: i64) -> Result<i64, String> {
        let seconds = self.offset(&civil(utc)?).local_minus_utc();
        utc.checked_add(i64::from(seconds) * MICROS_PER_SECOND).ok_or_else(out_of_range)
    }

    /// The moment at which clocks in the zone show a time: the first one if they show it twice.
    /// A time that clocks skip is counted on from before they are put forward.
    pub(super) fn to_utc(self, local: i64) -> Result<i64, String> {
        let time = civil(local)?;
        let before = |hours| time.checked_sub_signed(TimeDelta::hours(hours));
        // A whole day was skipped where the date line moved.
        let offset = (0..=25).find_map(|hours| self.offset_of_local(&before(hours)?));
        let utc = offset.and_then(|offset| time.checked_sub_offset(offset));
        utc.map(micros_of).ok_or_else(out_of_range)
    }

    fn offset_of_local(self, local: &NaiveDateTime) -> Option<FixedOffset> {
        match self {
            Self::Named(zone) => {
                zone.offset_from_local_datetime(local).earliest().map(|offset| offset.fix())
            }
            Self::Fixed(offset) => Some(offset),
        }
    }
}

/// `x AT TIME ZONE zone`: the timestamp at which clocks in the zone show a datetime, or the
/// datetime that they show at a timestamp. A date is its midnight.
pub fn at_time_zone(value: &Value, zone: &Value) -> Result<Value, String> {
    if value.is_absent() || zone.is_absent() {
        return Ok(Value::Null);
    }
    let zone = Zone::of(zone)?;
    match value {
        Value::Timestamp(utc) => zone.to_local(*utc).map(Value::Datetime),
        Value::Datetime(_) | Value::Date(_) => {
            let local = super::moment::moment(value).ok_or_else(out_of_range)?;
            zone.to_utc(local).map(Value::Timestamp)
        }
        other => {
            Err(format!("AT TIME ZONE needs a datetime or a timestamp, not {}", other.described()))
        }
    }
}
