//! Dates and times as text.

use super::moment::{civil, date};
use super::zones::Zone;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::{Function, Returns};
use crate::local::query::value::{Kind, Value};
use crate::local::query::value::{date_text, datetime_text, time_text, timestamp_text};
use chrono::TimeZone;
use chrono::format::{Item, Numeric, StrftimeItems};
use std::fmt::{Display, Write};

pub const FUNCTIONS: &[Function] = &[
    Function::new("FORMAT_ISO8601", "FORMAT_ISO8601(x[, zone])", (1, 2), STRING, iso8601)
        .meaning("Returns a date or time as ISO 8601, a timestamp as of a time zone, or of UTC.")
        .examples(&[
            ("FORMAT_ISO8601(DATE '2018-05-26')", r#""2018-05-26""#),
            (
                "FORMAT_ISO8601(TIMESTAMP '2018-05-26T10:30:20.345Z')",
                r#""2018-05-26T10:30:20.345000Z""#,
            ),
            (
                "FORMAT_ISO8601(TIMESTAMP '2018-05-26T10:30:20.345Z', 'America/New_York')",
                r#""2018-05-26T06:30:20.345000-04:00""#,
            ),
        ]),
    Function::new("FORMAT_DATE", "FORMAT_DATE(format, date)", (2, 2), STRING, format)
        .meaning("Returns a date as text by codes such as %Y, %m and %d.")
        .examples(&[("FORMAT_DATE('%d.%m.%Y', DATE '2018-05-26')", r#""26.05.2018""#)]),
    Function::new("FORMAT_TIME", "FORMAT_TIME(format, time)", (2, 2), STRING, format)
        .meaning("Returns a time of day as text by codes such as %H, %M and %S.")
        .examples(&[("FORMAT_TIME('%I:%M %p', TIME '15:04:00')", r#""03:04 PM""#)]),
    Function::new("FORMAT_DATETIME", "FORMAT_DATETIME(format, datetime)", (2, 2), STRING, format)
        .meaning("Returns a datetime as text by codes such as %Y, %m, %d, %H, %M and %S.")
        .examples(&[(
            "FORMAT_DATETIME('%a %H:%M', DATETIME '2018-05-26 10:30:20')",
            r#""Sat 10:30""#,
        )]),
    Function::new(
        "FORMAT_TIMESTAMP",
        "FORMAT_TIMESTAMP(format, timestamp[, zone])",
        (2, 3),
        STRING,
        format,
    )
    .meaning("Returns a timestamp in a time zone, or in UTC, as text by codes such as %Y and %z.")
    .examples(&[
        ("FORMAT_TIMESTAMP('%Y-%m-%d', TIMESTAMP '2018-05-26T10:30:20Z')", r#""2018-05-26""#),
        (
            "FORMAT_TIMESTAMP('%H:%M %Z', TIMESTAMP '2018-05-26T10:30:20Z', 'America/New_York')",
            r#""06:30 EDT""#,
        ),
    ]),
];

const STRING: Returns = Returns::Always(Kind::String);
const NEEDED: &str = "a date, a time, a datetime or a timestamp";

fn iso8601(call: &Call<'_>) -> Result<Value, String> {
    let zone = Zone::argument(call, 1)?;
    Ok(Value::String(match call.value(0) {
        Value::Date(days) => date_text(*days),
        Value::Time(micros) => time_text(*micros),
        Value::Datetime(micros) => datetime_text(*micros),
        Value::Timestamp(micros) if zone == Zone::UTC => timestamp_text(*micros),
        Value::Timestamp(micros) => {
            let time = civil(*micros).map_err(|error| call.error(error))?;
            let zoned = zone.offset(&time).from_utc_datetime(&time);
            zoned.format("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string()
        }
        _ => return Err(call.wrong(0, NEEDED)),
    }))
}

fn format(call: &Call<'_>) -> Result<Value, String> {
    let (items, zone, kind) = (items(call)?, Zone::argument(call, 2)?, call.value(1).kind());
    if !(kind.is_moment() || kind == Kind::Time) {
        return Err(call.wrong(1, NEEDED));
    }
    if call.has(2) && kind != Kind::Timestamp {
        return Err(call.wrong(1, "a timestamp, if there is a time zone"));
    }
    let text = formatted(call.value(1), &items, zone).map_err(|error| call.error(error))?;
    let lacks = || call.error(format!("the format has what a {kind} lacks"));
    text.map(Value::String).ok_or_else(lacks)
}

/// The text of a date or time; `None` if the format asks for what it lacks.
fn formatted(value: &Value, items: &[Item<'_>], zone: Zone) -> Result<Option<String>, String> {
    let items = items.iter();
    Ok(match (value, zone) {
        (Value::Date(days), _) => written(date(*days)?.format_with_items(items)),
        (Value::Time(micros), _) => written(civil(*micros)?.time().format_with_items(items)),
        (Value::Datetime(micros), _) => written(civil(*micros)?.format_with_items(items)),
        (Value::Timestamp(micros), Zone::Named(zone)) => {
            written(zone.from_utc_datetime(&civil(*micros)?).format_with_items(items))
        }
        (Value::Timestamp(micros), Zone::Fixed(zone)) => {
            written(zone.from_utc_datetime(&civil(*micros)?).format_with_items(items))
        }
        _ => None,
    })
}

/// The items of a format. `%f` stands for six digits, as in other languages.
fn items<'a>(call: &Call<'a>) -> Result<Vec<Item<'a>>, String> {
    let format = call.string(0)?;
    let items = StrftimeItems::new(format).parse();
    let items = items.map_err(|_| call.error(format!("'{format}' isn't a format")))?;
    let six_digits = StrftimeItems::new("%6f").next();
    let replaced = items.into_iter().map(|item| match (&item, &six_digits) {
        (Item::Numeric(Numeric::Nanosecond, _), Some(digits)) => digits.clone(),
        _ => item,
    });
    Ok(replaced.collect())
}

/// `None` if the format asks for what isn't there, of which `Display` tells by an error.
fn written(text: impl Display) -> Option<String> {
    let mut out = String::new();
    write!(out, "{text}").is_ok().then_some(out)
}
