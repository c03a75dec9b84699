#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::find;
use super::*;
use crate::local::query::functions::{arithmetic, cast};
use crate::local::query::value::Value;

fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    find(name).unwrap().call(args, 0)
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn named(part: &str) -> Part {
    Part::from_name(part).unwrap()
}

fn timestamp(text: &str) -> Value {
    timestamp_literal(text).unwrap()
}

#[test]
fn a_clock_that_is_put_forward_or_back_has_one_answer() {
    let zone = text("America/New_York");
    let there = |local: &str| at_time_zone(&datetime_literal(local).unwrap(), &zone);
    assert_eq!(there("2021-03-14 01:59"), Ok(timestamp("2021-03-14 06:59Z")));
    assert_eq!(there("2021-03-14 02:30"), Ok(timestamp("2021-03-14 07:30Z")));
    assert_eq!(there("2021-11-07 01:30"), Ok(timestamp("2021-11-07 05:30Z")));
    let apia = at_time_zone(&datetime_literal("2011-12-30 12:00").unwrap(), &text("Pacific/Apia"));
    assert_eq!(apia, Ok(timestamp("2011-12-30 22:00Z")));
    let back = at_time_zone(&timestamp("2021-07-01 12:00Z"), &zone);
    assert_eq!(back, datetime_literal("2021-07-01 08:00"));
    let fixed =
        at_time_zone(&timestamp("2021-07-01 12:00Z"), &Value::MicrosecondInterval(-3_600_000_000));
    assert_eq!(fixed, datetime_literal("2021-07-01 11:00"));
    let unknown = at_time_zone(&timestamp("2021-07-01"), &text("Mars/Base"));
    assert_eq!(unknown, Err("there is no time zone 'Mars/Base'".into()));
    assert_eq!(at_time_zone(&Value::Undefined, &zone), Ok(Value::Null));
    assert!(at_time_zone(&Value::Timestamp(i64::MAX), &zone).is_err());
    for edge in [
        moment::micros_of(chrono::NaiveDateTime::MIN),
        moment::micros_of(chrono::NaiveDateTime::MAX),
    ] {
        for zone in ["Asia/Tokyo", "America/New_York"] {
            let _ = at_time_zone(&Value::Datetime(edge), &text(zone));
            let _ = at_time_zone(&Value::Timestamp(edge), &text(zone));
            let _ = call("DATE_TRUNC", &[text("week"), Value::Timestamp(edge), text(zone)]);
        }
    }
}

#[test]
fn parts_are_extracted() {
    let at = timestamp("2021-01-03T10:20:30.456789Z");
    let parts = [
        ("microsecond", 456_789),
        ("millisecond", 456),
        ("second", 30),
        ("minute", 20),
        ("hour", 10),
        ("day", 3),
        ("dayofweek", 1),
        ("dayofyear", 3),
        ("week", 1),
        ("isoweek", 53),
        ("month", 1),
        ("quarter", 1),
        ("year", 2021),
        ("isoyear", 2020),
        ("epoch", 1_609_669_230),
    ];
    for (part, expected) in parts {
        assert_eq!(extract(named(part), &at), Ok(Value::Int(expected)), "{part}");
    }
    assert_eq!(extract(named("week"), &date_literal("2021-01-02").unwrap()), Ok(Value::Int(0)));
    let there = |zone: &str| at_time_zone(&at, &text(zone)).unwrap();
    assert_eq!(extract(named("date"), &there("Pacific/Auckland")), date_literal("2021-01-03"));
    assert_eq!(extract(named("hour"), &there("America/New_York")), Ok(Value::Int(5)));
    let time = time_literal("7:00").unwrap();
    assert_eq!(extract(named("hour"), &time), Ok(Value::Int(7)));
    assert_eq!(extract(named("day"), &time), Err("a time has no day".into()));
    assert!(Part::from_name("eon").is_none());
    assert!(extract(named("day"), &Value::Int(1)).is_err());
    assert_eq!(extract(named("day"), &Value::Null), Ok(Value::Null));
}

#[test]
fn formats_that_dont_fit_are_errors() {
    let at = timestamp("2021-01-03T10:20:30.456789Z");
    let format =
        |format: &str, value: &Value| call("FORMAT_TIMESTAMP", &[text(format), value.clone()]);
    assert_eq!(format("%H:%M:%S.%f%% %z", &at), Ok(text("10:20:30.456789% +0000")));
    assert_eq!(format("%H:%M", &datetime_literal("2021-01-03 10:20").unwrap()), Ok(text("10:20")));
    assert!(format("%Q", &at).is_err());
    assert!(format("%", &at).is_err());
    assert!(format("%H", &date_literal("2021-01-03").unwrap()).is_err());
    assert!(format("%z", &datetime_literal("2021-01-03").unwrap()).is_err());
    assert!(format("%Y", &time_literal("7:00").unwrap()).is_err());
}

#[test]
fn what_a_format_leaves_out_has_a_default() {
    let parse = |name: &str, format: &str, s: &str| call(name, &[text(format), text(s)]);
    assert_eq!(parse("PARSE_DATE", "%Y-%m", "2020-02"), date_literal("2020-02-01"));
    assert_eq!(parse("PARSE_TIME", "%H", "10"), time_literal("10:00:00"));
    assert_eq!(parse("PARSE_TIME", "%I:%M", "10:05"), time_literal("10:05:00"));
    assert_eq!(parse("PARSE_TIME", "%I:%M %p", "12:05 PM"), time_literal("12:05:00"));
    assert_eq!(parse("PARSE_DATETIME", "%Y", "2020"), datetime_literal("2020-01-01"));
    let fraction = datetime_literal("2020-01-01 10:00:00.123456");
    assert_eq!(
        parse("PARSE_DATETIME", "%Y-%m-%d %H:%M:%S.%f", "2020-01-01 10:00:00.1234567"),
        fraction
    );
    assert_eq!(parse("PARSE_TIMESTAMP", "%s", "1500000000"), Ok(timestamp("2017-07-14 02:40:00Z")));
    assert_eq!(parse("PARSE_DATE", "%s", "1500000000"), date_literal("2017-07-14"));
    for (format, s) in
        [("%Q", "1"), ("%Y", "x"), ("%Y-%m-%d", "2020-02-30"), ("%Y", "2020 "), ("%H", "25")]
    {
        assert!(parse("PARSE_DATETIME", format, s).is_err(), "{format}");
    }
}

#[test]
fn units_are_truncated_and_counted() {
    let trunc = |unit: &str, at: &str| call("DATE_TRUNC", &[text(unit), timestamp(at)]);
    assert_eq!(trunc("WEEK", "2021-01-03 10:00"), Ok(timestamp("2020-12-28")));
    assert_eq!(trunc("months", "1969-12-31 10:00"), Ok(timestamp("1969-12-01")));
    assert_eq!(trunc("hour", "1969-12-31 10:59:59"), Ok(timestamp("1969-12-31 10:00")));
    assert_eq!(
        trunc("eon", "2020-01-01"),
        Err("DATE_TRUNC: there is no unit of time 'eon'".into())
    );
    let diff = |unit: &str, start: &str, end: &str| {
        call("DATE_DIFF", &[text(unit), timestamp(start), timestamp(end)])
    };
    assert_eq!(diff("month", "2020-01-31", "2020-02-29"), Ok(Value::Int(1)));
    assert_eq!(diff("month", "2020-02-29", "2020-01-30"), Ok(Value::Int(-1)));
    assert_eq!(diff("year", "2020-02-29", "2018-02-28"), Ok(Value::Int(-2)));
    assert_eq!(diff("hour", "2020-01-01 10:59", "2020-01-01 09:00"), Ok(Value::Int(-1)));
    let bucket = |months, at: &str, origin: &str| {
        call("TIME_BUCKET", &[Value::MonthInterval(months), timestamp(at), timestamp(origin)])
    };
    assert_eq!(bucket(3, "2020-05-26", "1970-01-01"), Ok(timestamp("2020-04-01")));
    assert_eq!(bucket(1, "2020-05-26", "2020-06-27"), Ok(timestamp("2020-04-27")));
    assert!(bucket(0, "2020-05-26", "2020-06-27").is_err());
}

/// Values at the ends of what there is, and texts that functions take.
fn odd_values() -> Vec<Value> {
    let micros = [i64::MIN, i64::MIN + 1, -1, 0, 1, 86_400_000_000, i64::MAX];
    let last = moment::micros_of(chrono::NaiveDateTime::MAX);
    let texts = ["", "day", "week", "year", "%", "%Y-%m-%dT%H:%M:%S%z", "2020-01-01", "Asia/Tokyo"];
    let kinds = [
        Value::Int,
        Value::Datetime,
        Value::Timestamp,
        Value::MonthInterval,
        Value::MicrosecondInterval,
    ];
    let mut values: Vec<Value> = kinds.into_iter().flat_map(|kind| micros.map(kind)).collect();
    values.extend(texts.map(text));
    values.extend([i32::MIN, 0, i32::MAX].map(Value::Date));
    values.extend([Value::Time(0), Value::Time(86_399_999_999), Value::Float(f64::NAN)]);
    values.extend([Value::Timestamp(last), Value::Datetime(last), Value::Float(1e300)]);
    values
}

#[test]
fn no_moment_makes_a_function_panic() {
    let values = odd_values();
    let families = [build::FUNCTIONS, format::FUNCTIONS, parse::FUNCTIONS, truncate::FUNCTIONS];
    let others = [shift::FUNCTIONS, super::super::interval::FUNCTIONS];
    for function in families.into_iter().chain(others).flatten() {
        let (least, most) = function.arguments;
        for count in least..=most.min(3) {
            for n in 0..values.len().pow(count as u32) {
                let arg = |i| values[n / values.len().pow(i) % values.len()].clone();
                let args: Vec<Value> = (0..count as u32).map(arg).collect();
                if let Err(error) = function.call(&args, 0) {
                    assert!(error.starts_with(&format!("{}: ", function.name)), "{error}");
                }
            }
        }
    }
    let operators =
        [arithmetic::add, arithmetic::subtract, arithmetic::multiply, arithmetic::divide];
    for (a, b) in values.iter().flat_map(|a| values.iter().map(move |b| (a, b))) {
        for operator in operators.into_iter().chain([arithmetic::modulo, at_time_zone]) {
            let _ = operator(a, b);
        }
        let _ = cast::cast(a, b.kind());
        let _ = extract(named("week"), a);
        let _ = at_time_zone(a, &text("Asia/Tokyo")).map(|there| extract(named("week"), &there));
    }
}
