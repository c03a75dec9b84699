#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::date_time::{date_literal, datetime_literal, time_literal, timestamp_literal};
use super::*;
use crate::local::query::value::{Kind, Value};

fn json(result: Result<Value, String>) -> String {
    match result {
        Ok(value) => {
            let mut out = String::new();
            write_json(&value, &mut out);
            out
        }
        Err(error) => error,
    }
}

fn text(text: &str, to: Kind) -> String {
    json(cast(&Value::string(text), to))
}

#[test]
fn texts_are_cast_to_what_they_are_the_text_of() {
    assert_eq!(text("2", Kind::Int), "2");
    assert_eq!(text("abc", Kind::Int), "can't cast 'abc' to int");
    assert_eq!(text("2.5", Kind::Int), "can't cast '2.5' to int");
    assert_eq!(text("2.5", Kind::Float), "2.5");
    assert_eq!(text("True", Kind::Bool), "true");
    assert_eq!(text("yes", Kind::Bool), "can't cast 'yes' to bool");
    assert_eq!(text("hello", Kind::Bytes), r#""aGVsbG8=""#);
    assert_eq!(text("5", Kind::U256), r#"{"__rockset_type":"U256","value":"5"}"#);
    let date = r#"{"__rockset_type":"DATE","value":"2018-05-26"}"#;
    assert_eq!(text("2018-05-26", Kind::Date), date);
    assert_eq!(text("2018-5-26T10:30:20Z", Kind::Date), date);
    assert_eq!(text("2018-02-30", Kind::Date), "can't cast '2018-02-30' to date");
    assert_eq!(text("10:30:20", Kind::Time), r#"{"__rockset_type":"TIME","value":"10:30:20"}"#);
    let datetime = r#"{"__rockset_type":"DATETIME","value":"2018-05-26T10:30:20.345"}"#;
    assert_eq!(text("2018-05-26 10:30:20.345", Kind::Datetime), datetime);
    let timestamp = r#""2018-05-26T10:30:20.345000Z""#;
    assert_eq!(text("2018-05-26 10:30:20.345Z", Kind::Timestamp), timestamp);
    assert_eq!(text("2018-05-26T10:30:20.345", Kind::Timestamp), timestamp);
    assert_eq!(text("2018-05-26 12:30:20.345 +0200", Kind::Timestamp), timestamp);
    assert_eq!(text("2018-05-26 06:30:20.345 America/New_York", Kind::Timestamp), timestamp);
    let months = r#"{"__rockset_type":"MONTH_INTERVAL","value":14}"#;
    assert_eq!(text("P1Y2M", Kind::MonthInterval), months);
    assert_eq!(text("[1]", Kind::Array), "can't cast '[1]' to array");
    let point =
        r#"{"__rockset_type":"GEOGRAPHY","value":{"coordinates":[1.0,2.0],"type":"Point"}}"#;
    assert_eq!(text("POINT(1 2)", Kind::Geography), point);
}

#[test]
fn numbers_are_cast_without_what_has_no_room() {
    assert_eq!(cast(&Value::Float(-2.9), Kind::Int), Ok(Value::Int(-2)));
    assert_eq!(json(cast(&Value::Float(1e19), Kind::Int)), "can't cast 1e+19 to int");
    assert!(cast(&Value::Float(f64::NAN), Kind::Int).is_err());
    assert!(cast(&Value::Float(9_223_372_036_854_775_808.0), Kind::Int).is_err());
    assert_eq!(cast(&Value::Float(i64::MIN as f64), Kind::Int), Ok(Value::Int(i64::MIN)));
    assert_eq!(cast(&Value::Float(2.5), Kind::MonthInterval), Ok(Value::MonthInterval(2)));
    assert_eq!(cast(&Value::Float(0.5), Kind::Bool), Ok(Value::Bool(true)));
    assert_eq!(cast(&Value::Bool(true), Kind::Int), Ok(Value::Int(1)));
    assert!(cast(&Value::Int(-1), Kind::U256).is_err());
    let u256 = cast(&Value::Float(1e30), Kind::U256).unwrap();
    assert_eq!(cast(&u256, Kind::Float), Ok(Value::Float(1e30)));
    assert!(cast(&u256, Kind::Int).is_err());
    assert_eq!(cast(&Value::Undefined, Kind::Int), Ok(Value::Null));
}

#[test]
fn every_scalar_comes_back_from_its_text() {
    let values = [
        Value::Bool(true),
        Value::Int(i64::MIN),
        Value::Float(0.1),
        Value::Float(f64::NEG_INFINITY),
        Value::U256(Box::new(U256::MAX)),
        Value::Bytes(b"ab".to_vec()),
        date_literal("0001-1-1").unwrap(),
        time_literal("9:00:00.000001").unwrap(),
        datetime_literal("2018-1-1").unwrap(),
        datetime_literal("-0044-03-15T10:00").unwrap(),
        timestamp_literal("9999-12-31 23:59:59.999999Z").unwrap(),
        Value::MonthInterval(-3),
        Value::MicrosecondInterval(5),
    ];
    for value in values {
        let text = cast(&value, Kind::String).unwrap();
        assert_eq!(cast(&text, value.kind()), Ok(value.clone()), "{text:?}");
    }
}

#[test]
fn moments_are_cast_as_of_utc() {
    let timestamp = timestamp_literal("2018-05-26 22:30:20-04:00").unwrap();
    assert_eq!(cast(&timestamp, Kind::Date), date_literal("2018-05-27"));
    assert_eq!(cast(&timestamp, Kind::Time), time_literal("02:30:20"));
    assert_eq!(cast(&timestamp, Kind::Datetime), datetime_literal("2018-05-27 2:30:20"));
    let date = date_literal("2018-05-27").unwrap();
    assert_eq!(cast(&date, Kind::Timestamp), timestamp_literal("2018-05-27"));
    assert_eq!(json(cast(&date, Kind::Time)), "can't cast a date to time");
    assert!(cast(&Value::Date(i32::MAX), Kind::Datetime).is_err());
    let array = Value::Array(vec![Value::Int(1)]);
    assert_eq!(cast(&array, Kind::Array), Ok(array.clone()));
    assert_eq!(cast(&array, Kind::String), Ok(Value::string("[1]")));
    assert_eq!(json(cast(&array, Kind::Int)), "can't cast an array to int");
}

#[test]
fn a_static_cast_reads_no_text() {
    assert_eq!(json(static_cast(&Value::string("2"), Kind::Int)), "can't cast '2' to int");
    assert_eq!(static_cast(&Value::string("false"), Kind::Bool), Ok(Value::Bool(true)));
    assert_eq!(static_cast(&Value::string(""), Kind::Bool), Ok(Value::Bool(false)));
    assert_eq!(static_cast(&Value::Object(vec![]), Kind::Bool), Ok(Value::Bool(false)));
    assert_eq!(static_cast(&Value::Float(2.5), Kind::Int), Ok(Value::Int(2)));
    assert_eq!(static_cast(&Value::Null, Kind::Int), Ok(Value::Null));
    assert_eq!(json(static_cast(&Value::Int(2), Kind::String)), "can't cast 2 to string");
}

#[test]
fn literals_are_of_their_grammar() {
    assert!(date_literal("2018-05-26 10:00:00").is_err());
    assert!(date_literal("18-05-26").is_err());
    assert!(time_literal("2018-05-26 10:00:00").is_err());
    assert!(time_literal("24:00:00").is_err());
    assert!(datetime_literal("2018-05-26 10:00:00Z").is_err());
    assert_eq!(time_literal("12:34:56.123456789"), time_literal("12:34:56.123456"));
    assert_eq!(
        datetime_literal("2018-5-6 1:2:3.5"),
        datetime_literal("2018-05-06T01:02:03.500000")
    );
    assert_eq!(timestamp_literal("2018-05-26T1:00Z"), Ok(Value::Timestamp(1_527_296_400_000_000)));
    for wrong in [
        "",
        "T",
        "2018-05-26T",
        "2018-05-26 +",
        "2018-05-26 10:00 +1:",
        "2018-05-26 10:00+02:60",
        "2018-05-26 10:00:00+99",
        "2018-05-26 10:00:00 Mars/Base",
        "2018-05-26é",
        "999999-01-01",
    ] {
        assert!(timestamp_literal(wrong).is_err(), "{wrong}");
    }
}
