//! Dates and times of text.

use super::iso::{date_of, datetime_of, time_of, timestamp_of};
use super::moment::{days_of, micros_of, micros_of_day};
use super::zones::Zone;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::{Function, Returns};
use crate::local::query::value::{Kind, Value};
use chrono::format::{ParseErrorKind, ParseResult, Parsed, StrftimeItems};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

pub const FUNCTIONS: &[Function] = &[
    Function::new("PARSE_DATE", "PARSE_DATE(format, string)", (2, 2), DATE, parse_date)
        .meaning("Returns the date of a string by codes such as %Y, %m and %d.")
        .examples(&[(
            "PARSE_DATE('%m/%d/%y', '05/26/18')",
            r#"{"__rockset_type":"DATE","value":"2018-05-26"}"#,
        )]),
    Function::new("PARSE_TIME", "PARSE_TIME(format, string)", (2, 2), TIME, parse_time)
        .meaning("Returns the time of day of a string by codes such as %H, %M and %S.")
        .examples(&[(
            "PARSE_TIME('%H.%M', '10.30')",
            r#"{"__rockset_type":"TIME","value":"10:30:00"}"#,
        )]),
    Function::new(
        "PARSE_DATETIME",
        "PARSE_DATETIME(format, string)",
        (2, 2),
        DATETIME,
        parse_datetime,
    )
    .meaning("Returns the datetime of a string by codes such as %Y, %m, %d, %H, %M and %S.")
    .examples(&[(
        "PARSE_DATETIME('%Y/%m/%d %r', '2018/05/26 03:04:05 PM')",
        r#"{"__rockset_type":"DATETIME","value":"2018-05-26T15:04:05"}"#,
    )]),
    Function::new(
        "PARSE_TIMESTAMP",
        "PARSE_TIMESTAMP(format, string[, zone])",
        (2, 3),
        TIMESTAMP,
        parse_timestamp,
    )
    .meaning(
        "Returns the timestamp of a string by codes such as %Y and %z; without %z, of a time zone \
         or of UTC.",
    )
    .examples(&[
        (
            "PARSE_TIMESTAMP('%Y-%m-%d %H:%M %z', '2018-05-26 10:30 +0200')",
            r#""2018-05-26T08:30:00.000000Z""#,
        ),
        (
            "PARSE_TIMESTAMP('%Y-%m-%d', '2018-05-26', 'America/New_York')",
            r#""2018-05-26T04:00:00.000000Z""#,
        ),
    ]),
    Function::new("PARSE_DATE_ISO8601", "PARSE_DATE_ISO8601(string)", (1, 1), DATE, |call| {
        iso(call, date_of)
    })
    .meaning("Returns the date of a string of ISO 8601; a time after it is left out.")
    .examples(&[(
        "PARSE_DATE_ISO8601('2018-05-26T10:30:20Z')",
        r#"{"__rockset_type":"DATE","value":"2018-05-26"}"#,
    )]),
    Function::new("PARSE_TIME_ISO8601", "PARSE_TIME_ISO8601(string)", (1, 1), TIME, |call| {
        iso(call, time_of)
    })
    .meaning("Returns the time of day of a string of ISO 8601; date and zone are left out.")
    .examples(&[(
        "PARSE_TIME_ISO8601('10:30:20.345')",
        r#"{"__rockset_type":"TIME","value":"10:30:20.345"}"#,
    )]),
    Function::new(
        "PARSE_DATETIME_ISO8601",
        "PARSE_DATETIME_ISO8601(string)",
        (1, 1),
        DATETIME,
        |call| iso(call, datetime_of),
    )
    .meaning("Returns the datetime of a string of ISO 8601; a zone is left out.")
    .examples(&[(
        "PARSE_DATETIME_ISO8601('2018-05-26T10:30:20.345Z')",
        r#"{"__rockset_type":"DATETIME","value":"2018-05-26T10:30:20.345"}"#,
    )]),
    Function::new(
        "PARSE_TIMESTAMP_ISO8601",
        "PARSE_TIMESTAMP_ISO8601(string)",
        (1, 1),
        TIMESTAMP,
        |call| iso(call, timestamp_of),
    )
    .meaning("Returns the timestamp of a string of ISO 8601; without a zone it is UTC.")
    .examples(&[
        ("PARSE_TIMESTAMP_ISO8601('2022-01-01T00:00:00Z')", r#""2022-01-01T00:00:00.000000Z""#),
        (
            "PARSE_TIMESTAMP_ISO8601('2022-01-01 00:00:00.1234567+0130')",
            r#""2021-12-31T22:30:00.123456Z""#,
        ),
    ]),
];

const DATE: Returns = Returns::Always(Kind::Date);
const TIME: Returns = Returns::Always(Kind::Time);
const DATETIME: Returns = Returns::Always(Kind::Datetime);
const TIMESTAMP: Returns = Returns::Always(Kind::Timestamp);

fn iso(call: &Call<'_>, read: fn(&str) -> Result<Value, String>) -> Result<Value, String> {
    read(call.string(0)?).map_err(|error| call.error(error))
}

fn parse_date(call: &Call<'_>) -> Result<Value, String> {
    let parsed = parsed(call)?;
    datetime(parsed).map(|time| Value::Date(days_of(time.date()))).map_err(|_| isnt(call))
}

fn parse_time(call: &Call<'_>) -> Result<Value, String> {
    let parsed = parsed(call)?;
    datetime(parsed).map(|time| Value::Time(micros_of_day(time.time()))).map_err(|_| isnt(call))
}

fn parse_datetime(call: &Call<'_>) -> Result<Value, String> {
    let parsed = parsed(call)?;
    datetime(parsed).map(|time| Value::Datetime(micros_of(time))).map_err(|_| isnt(call))
}

fn parse_timestamp(call: &Call<'_>) -> Result<Value, String> {
    let parsed = parsed(call)?;
    let written = parsed.offset().and_then(|seconds| Zone::east(seconds.into()));
    let is_epoch = parsed.timestamp().is_some();
    let zone = match written {
        _ if is_epoch => Zone::UTC,
        Some(zone) => zone,
        None => Zone::argument(call, 2)?,
    };
    let local = datetime(parsed).map(micros_of).map_err(|_| isnt(call))?;
    zone.to_utc(local).map(Value::Timestamp).map_err(|error| call.error(error))
}

/// What a text has of a date and time. A fraction may be missing, and may be written with a
/// dot before its code.
fn parsed(call: &Call<'_>) -> Result<Parsed, String> {
    let (format, text) = (call.string(0)?.replace(".%f", "%.f"), call.string(1)?);
    let items = StrftimeItems::new(&format).parse();
    let items = items.map_err(|_| call.error(format!("'{format}' isn't a format")))?;
    let mut parsed = Parsed::new();
    let read = chrono::format::parse(&mut parsed, text, items.iter());
    read.map(|()| parsed).map_err(|_| isnt(call))
}

fn isnt(call: &Call<'_>) -> String {
    let [format, text] = [0, 1].map(|index| call.string(index).unwrap_or_default());
    call.error(format!("'{text}' isn't of the format '{format}'"))
}

fn datetime(parsed: Parsed) -> ParseResult<NaiveDateTime> {
    match parsed.timestamp() {
        Some(_) => parsed.to_naive_datetime_with_offset(0),
        None => Ok(NaiveDateTime::new(date(parsed.clone())?, time(parsed)?)),
    }
}

/// The date; what isn't there is of 1970-01-01.
fn date(parsed: Parsed) -> ParseResult<NaiveDate> {
    let defaults: [Default; 3] =
        [|parsed| parsed.set_day(1), |parsed| parsed.set_month(1), |parsed| parsed.set_year(1970)];
    completed(parsed, &defaults, Parsed::to_naive_date)
}

/// The time; what isn't there is of midnight.
fn time(parsed: Parsed) -> ParseResult<NaiveTime> {
    let defaults: [Default; 3] = [
        |parsed| parsed.set_minute(0),
        |parsed| parsed.set_ampm(false),
        |parsed| parsed.set_hour(0),
    ];
    completed(parsed, &defaults, Parsed::to_naive_time)
}

type Default = fn(&mut Parsed) -> ParseResult<()>;

/// Sets one default after another until there is enough.
fn completed<T>(
    mut parsed: Parsed,
    defaults: &[Default],
    resolve: fn(&Parsed) -> ParseResult<T>,
) -> ParseResult<T> {
    for default in defaults {
        match resolve(&parsed) {
            Err(error) if error.kind() == ParseErrorKind::NotEnough => {
                // A default that contradicts what is there changes nothing.
                let _ = default(&mut parsed);
            }
            resolved => return resolved,
        }
    }
    resolve(&parsed)
}
