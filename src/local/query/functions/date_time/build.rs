//! Functions that make a date or time of numbers, of another one or of the clock, and numbers
//! of it.

use super::moment::{
    MICROS_PER_DAY, at, check, day_of, days_of, micros_of_day, moment, out_of_range, time_of_day,
};
use super::zones::Zone;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::{Function, Returns};
use crate::local::query::value::{Kind, Value};
use chrono::{NaiveDate, NaiveTime};

type Made = Result<Value, String>;

pub const FUNCTIONS: &[Function] = &[
    Function::new("CURRENT_DATE", "CURRENT_DATE([zone])", (0, 1), DATE, current_date)
        .meaning("Returns today's date in a time zone, or in UTC.")
        .examples(&[("DATE_DIFF('day', CURRENT_DATE(), CURRENT_DATE('UTC'))", "0")]),
    Function::new(
        "CURRENT_DATETIME",
        "CURRENT_DATETIME([zone])",
        (0, 1),
        DATETIME,
        current_datetime,
    )
    .meaning("Returns the date and time in a time zone, or in UTC, at which the query began.")
    .examples(&[("DATE_DIFF('hour', CURRENT_DATETIME(), CURRENT_DATETIME(HOURS(5)))", "5")]),
    Function::new("CURRENT_TIME", "CURRENT_TIME([zone])", (0, 1), TIME, current_time)
        .meaning("Returns the time of day in a time zone, or in UTC, at which the query began.")
        .examples(&[("DATE_DIFF('second', CURRENT_TIME(), CURRENT_TIME('UTC'))", "0")]),
    Function::new("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP()", (0, 0), TIMESTAMP, now)
        .meaning("Returns the moment at which the query began.")
        .examples(&[("DATE_DIFF('second', CURRENT_TIMESTAMP(), NOW())", "0")]),
    Function::new("NOW", "NOW()", (0, 0), TIMESTAMP, now)
        .meaning("Returns the moment at which the query began, as CURRENT_TIMESTAMP does.")
        .examples(&[("DATE_DIFF('second', NOW(), CURRENT_DATETIME())", "0")]),
    Function::new("DATE", "DATE(year, month, day), DATE(x[, zone])", (1, 3), DATE, date)
        .meaning("Returns the date of three numbers, or that of a datetime or a timestamp.")
        .examples(&[
            ("DATE(2018, 1, 1)", r#"{"__rockset_type":"DATE","value":"2018-01-01"}"#),
            (
                "DATE(TIMESTAMP '2018-01-01T02:00:00Z', 'America/New_York')",
                r#"{"__rockset_type":"DATE","value":"2017-12-31"}"#,
            ),
        ]),
    Function::new(
        "TIME",
        "TIME(hour, minute, second[, microsecond]), TIME(x[, zone])",
        (1, 4),
        TIME,
        time,
    )
    .meaning("Returns the time of day of numbers, or that of a datetime or a timestamp.")
    .examples(&[
        ("TIME(10, 30, 20)", r#"{"__rockset_type":"TIME","value":"10:30:20"}"#),
        (
            "TIME(TIMESTAMP '2018-01-01T02:00:00.5Z', HOURS(1))",
            r#"{"__rockset_type":"TIME","value":"03:00:00.5"}"#,
        ),
    ]),
    Function::new(
        "DATETIME",
        "DATETIME(year, month, day, hour, minute, second[, microsecond]), DATETIME(date, time), \
         DATETIME(x[, zone])",
        (1, 7),
        DATETIME,
        datetime,
    )
    .meaning(
        "Returns the date and time of numbers, of a date and a time, or of a timestamp in a time \
         zone.",
    )
    .examples(&[
        (
            "DATETIME(2018, 1, 1, 9, 30, 45, 456)",
            r#"{"__rockset_type":"DATETIME","value":"2018-01-01T09:30:45.000456"}"#,
        ),
        (
            "DATETIME(DATE '2018-05-26', TIME '10:30:20')",
            r#"{"__rockset_type":"DATETIME","value":"2018-05-26T10:30:20"}"#,
        ),
        (
            "DATETIME(TIMESTAMP '2018-07-01T12:00:00Z', 'Europe/Berlin')",
            r#"{"__rockset_type":"DATETIME","value":"2018-07-01T14:00:00"}"#,
        ),
    ]),
    Function::new("TIMESTAMP_MICROS", "TIMESTAMP_MICROS(n)", (1, 1), TIMESTAMP, |call| {
        timestamp(call, 1)
    })
    .meaning("Returns the timestamp that is n microseconds after 1970-01-01.")
    .of_int(|n| micros(n, 1))
    .examples(&[("TIMESTAMP_MICROS(1500000)", r#""1970-01-01T00:00:01.500000Z""#)]),
    Function::new("TIMESTAMP_MILLIS", "TIMESTAMP_MILLIS(n)", (1, 1), TIMESTAMP, |call| {
        timestamp(call, 1_000)
    })
    .meaning("Returns the timestamp that is n milliseconds after 1970-01-01.")
    .of_int(|n| micros(n, 1_000))
    .examples(&[("TIMESTAMP_MILLIS(1500)", r#""1970-01-01T00:00:01.500000Z""#)]),
    Function::new("TIMESTAMP_SECONDS", "TIMESTAMP_SECONDS(n)", (1, 1), TIMESTAMP, |call| {
        timestamp(call, 1_000_000)
    })
    .meaning("Returns the timestamp that is n seconds after 1970-01-01.")
    .of_int(|n| micros(n, 1_000_000))
    .examples(&[("TIMESTAMP_SECONDS(-1)", r#""1969-12-31T23:59:59.000000Z""#)]),
    Function::new("UNIX_MICROS", "UNIX_MICROS(x)", (1, 1), INT, |call| unix(call, 1))
        .meaning("Returns the microseconds from 1970-01-01 to a timestamp.")
        .examples(&[("UNIX_MICROS(TIMESTAMP '1970-01-01T00:00:01.5Z')", "1500000")]),
    Function::new("UNIX_MILLIS", "UNIX_MILLIS(x)", (1, 1), INT, |call| unix(call, 1_000))
        .meaning("Returns the milliseconds from 1970-01-01 to a timestamp.")
        .examples(&[("UNIX_MILLIS(TIMESTAMP '1970-01-01T00:00:01.5Z')", "1500")]),
    Function::new("UNIX_SECONDS", "UNIX_SECONDS(x)", (1, 1), INT, |call| unix(call, 1_000_000))
        .meaning("Returns the seconds from 1970-01-01 to a timestamp.")
        .examples(&[("UNIX_SECONDS(TIMESTAMP '1970-01-01T00:00:01.5Z')", "1")]),
];

const DATE: Returns = Returns::Always(Kind::Date);
const TIME: Returns = Returns::Always(Kind::Time);
const DATETIME: Returns = Returns::Always(Kind::Datetime);
const TIMESTAMP: Returns = Returns::Always(Kind::Timestamp);
const INT: Returns = Returns::Always(Kind::Int);

fn now(call: &Call<'_>) -> Made {
    Ok(Value::Timestamp(call.now))
}

fn current_date(call: &Call<'_>) -> Made {
    day_of(Zone::argument(call, 0)?.to_local(call.now)?)
}

fn current_time(call: &Call<'_>) -> Made {
    Ok(time_of_day(Zone::argument(call, 0)?.to_local(call.now)?))
}

fn current_datetime(call: &Call<'_>) -> Made {
    Zone::argument(call, 0)?.to_local(call.now).map(Value::Datetime)
}

fn date(call: &Call<'_>) -> Made {
    match call.args.len() {
        3 => Ok(Value::Date(days_of(year_month_day(call)?))),
        _ => {
            let local = local(call)?.ok_or_else(|| call.wrong(0, "a date or a timestamp"))?;
            day_of(local).map_err(|error| call.error(error))
        }
    }
}

fn time(call: &Call<'_>) -> Made {
    match call.args {
        [Value::Time(micros)] => Ok(Value::Time(*micros)),
        [_] | [_, _] => {
            Ok(time_of_day(local(call)?.ok_or_else(|| call.wrong(0, "a datetime or a timestamp"))?))
        }
        _ => hour_minute_second(call, 0).map(Value::Time),
    }
}

fn datetime(call: &Call<'_>) -> Made {
    match call.args {
        [Value::Date(_), Value::Time(time)] => {
            let sum = moment(call.value(0)).and_then(|midnight| midnight.checked_add(*time));
            let datetime = sum.ok_or_else(out_of_range).and_then(|sum| at(Kind::Datetime, sum));
            datetime.map_err(|error| call.error(error))
        }
        [_] | [_, _] => {
            let local = local(call)?.ok_or_else(|| call.wrong(0, "a date or a timestamp"))?;
            Ok(Value::Datetime(local))
        }
        _ => {
            let days = i64::from(days_of(year_month_day(call)?));
            let time = hour_minute_second(call, 3)?;
            Ok(Value::Datetime(days * MICROS_PER_DAY + time))
        }
    }
}

/// What clocks show at the moment that the first argument is, in the zone of the second one.
fn local(call: &Call<'_>) -> Result<Option<i64>, String> {
    match call.value(0) {
        Value::Timestamp(utc) => {
            let local = Zone::argument(call, 1)?.to_local(*utc);
            local.map(Some).map_err(|error| call.error(error))
        }
        _ if call.has(1) => Err(call.wrong(0, "a timestamp, if there is a time zone")),
        other => Ok(moment(other)),
    }
}

fn year_month_day(call: &Call<'_>) -> Result<NaiveDate, String> {
    let (year, month, day) = (call.int(0)?, call.int(1)?, call.int(2)?);
    let date = i32::try_from(year).ok().and_then(|year| {
        NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
    });
    date.ok_or_else(|| call.error(format!("there is no date {year}-{month:02}-{day:02}")))
}

/// The time of day of the arguments from an index on; those that aren't given are zero.
fn hour_minute_second(call: &Call<'_>, from: usize) -> Result<i64, String> {
    let number = |index: usize| match call.has(from + index) {
        true => call.int(from + index),
        false => Ok(0),
    };
    let (hour, minute, second, micros) = (number(0)?, number(1)?, number(2)?, number(3)?);
    let small = |number: i64| u32::try_from(number).ok();
    let time = small(hour).zip(small(minute)).zip(small(second)).zip(small(micros)).and_then(
        |(((hour, minute), second), micros)| {
            NaiveTime::from_hms_micro_opt(hour, minute, second, micros)
                .filter(|_| micros < 1_000_000)
        },
    );
    let none =
        || call.error(format!("there is no time {hour:02}:{minute:02}:{second:02}.{micros:06}"));
    time.map(micros_of_day).ok_or_else(none)
}

fn timestamp(call: &Call<'_>, unit: i64) -> Made {
    let micros = micros(call.whole(0)?, unit).ok_or_else(out_of_range);
    micros.map(Value::Timestamp).map_err(|error| call.error(error))
}

/// Microseconds of so many units, if the calendar knows them.
fn micros(n: i64, unit: i64) -> Option<i64> {
    n.checked_mul(unit).filter(|micros| check(*micros).is_ok())
}

fn unix(call: &Call<'_>, unit: i64) -> Made {
    let micros = moment(call.value(0)).ok_or_else(|| call.wrong(0, "a timestamp"))?;
    Ok(Value::Int(micros.div_euclid(unit)))
}
