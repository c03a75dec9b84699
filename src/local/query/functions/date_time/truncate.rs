//! The start of the unit or of the interval that holds a moment.

use super::moment::{MICROS_PER_DAY, add_months, at, civil, days_of, moment, out_of_range};
use super::shift::months_between;
use super::zones::Zone;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::{Function, Returns};
use crate::local::query::functions::interval::{Length, Unit};
use crate::local::query::value::{Kind, Value};
use chrono::{Datelike, NaiveDate};

pub const FUNCTIONS: &[Function] = &[
    Function::new(
        "DATE_TRUNC",
        "DATE_TRUNC(unit, x[, zone])",
        (2, 3),
        Returns::Argument(1),
        date_trunc,
    )
    .meaning(
        "Returns the start of the microsecond, millisecond, second, minute, hour, day, week \
             (from Monday), month, quarter or year that holds a date or time; that of a timestamp \
             in a time zone, or in UTC.",
    )
    .examples(&[
        (
            "DATE_TRUNC('week', TIMESTAMP '2018-05-26T10:30:20Z')",
            r#""2018-05-21T00:00:00.000000Z""#,
        ),
        (
            "DATE_TRUNC('quarter', DATE '2018-05-26')",
            r#"{"__rockset_type":"DATE","value":"2018-04-01"}"#,
        ),
        (
            "DATE_TRUNC('DAY', TIMESTAMP '2018-05-26T02:00:00Z', 'America/New_York')",
            r#""2018-05-25T04:00:00.000000Z""#,
        ),
    ]),
    Function::new(
        "TIME_BUCKET",
        "TIME_BUCKET(interval, x[, origin])",
        (2, 3),
        Returns::Any,
        time_bucket,
    )
    .meaning(
        "Returns the start of the interval that holds a moment, where one of them starts at the \
         origin, or at 1970-01-01; of a date, as a datetime.",
    )
    .examples(&[
        (
            "TIME_BUCKET(MINUTES(5), TIMESTAMP '2018-05-26T10:33:20Z')",
            r#""2018-05-26T10:30:00.000000Z""#,
        ),
        (
            "TIME_BUCKET(HOURS(1), TIMESTAMP '2018-05-26T10:10:00Z', \
             TIMESTAMP '2018-01-01T00:30:00Z')",
            r#""2018-05-26T09:30:00.000000Z""#,
        ),
    ]),
];

/// 1969-12-29, a Monday.
const MONDAY: i64 = -3 * MICROS_PER_DAY;

fn date_trunc(call: &Call<'_>) -> Result<Value, String> {
    let (unit, zone) = (Unit::argument(call, 0)?, Zone::argument(call, 2)?);
    let start = match call.value(1) {
        Value::Timestamp(utc) => start_in(zone, unit, *utc).map(Value::Timestamp),
        _ if call.has(2) => return Err(call.wrong(1, "a timestamp, if there is a time zone")),
        Value::Time(micros) if unit < Unit::Day => start_of(unit, *micros).map(Value::Time),
        value => {
            let micros =
                moment(value).ok_or_else(|| call.wrong(1, "of a type with such a unit"))?;
            start_of(unit, micros).and_then(|micros| at(value.kind(), micros))
        }
    };
    start.map_err(|error| call.error(error))
}

/// The start in a zone. That of an hour or less is counted from the moment, because clocks that
/// are put back show an hour twice.
fn start_in(zone: Zone, unit: Unit, utc: i64) -> Result<i64, String> {
    let local = zone.to_local(utc)?;
    let start = start_of(unit, local)?;
    match unit < Unit::Day {
        true => utc.checked_sub(local - start).ok_or_else(out_of_range),
        false => zone.to_utc(start),
    }
}

/// The start of the unit that holds a moment.
fn start_of(unit: Unit, micros: i64) -> Result<i64, String> {
    let origin = if unit == Unit::Week { MONDAY } else { 0 };
    match unit.length() {
        Length::Micros(length) => bucket(length, micros, origin),
        Length::Months(length) => {
            let date = civil(micros)?.date();
            let month0 = (i64::from(date.month0()) / length * length) as u32;
            let start = NaiveDate::from_ymd_opt(date.year(), month0 + 1, 1);
            let days = start.map(days_of).ok_or_else(out_of_range)?;
            Ok(i64::from(days) * MICROS_PER_DAY)
        }
    }
}

fn time_bucket(call: &Call<'_>) -> Result<Value, String> {
    let of = |index| moment(call.value(index)).ok_or_else(|| call.wrong(index, "a moment"));
    let (micros, origin) = (of(1)?, if call.has(2) { of(2)? } else { 0 });
    let start = match call.value(0) {
        Value::MicrosecondInterval(length @ 1..) => bucket(*length, micros, origin),
        Value::MonthInterval(length @ 1..) => months_bucket(*length, micros, origin),
        Value::MicrosecondInterval(_) | Value::MonthInterval(_) => {
            return Err(call.error("the interval has to be longer than nothing"));
        }
        _ => return Err(call.wrong(0, "an interval")),
    };
    let kind = match call.value(1).kind() {
        Kind::Timestamp => Kind::Timestamp,
        _ => Kind::Datetime,
    };
    start.and_then(|start| at(kind, start)).map_err(|error| call.error(error))
}

fn months_bucket(length: i64, micros: i64, origin: i64) -> Result<i64, String> {
    let months = months_between(origin, micros)?;
    add_months(origin, months - months.rem_euclid(length))
}

/// The last of the moments that are whole lengths from the origin and not after a moment.
fn bucket(length: i64, micros: i64, origin: i64) -> Result<i64, String> {
    let since = micros.checked_sub(origin).ok_or_else(out_of_range)?;
    micros.checked_sub(since.rem_euclid(length)).ok_or_else(out_of_range)
}
