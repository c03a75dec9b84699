#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::date_time::{date_literal, datetime_literal, time_literal, timestamp_literal};
use super::super::interval::{Unit, interval_literal};
use super::*;
use crate::local::query::value::{Kind, Value};

const DAY: i64 = MICROS_PER_DAY;
const HOUR: i64 = DAY / 24;

fn date(text: &str) -> Value {
    date_literal(text).unwrap()
}

fn micros(micros: i64) -> Value {
    Value::MicrosecondInterval(micros)
}

#[test]
fn ints_stay_ints_until_a_float_comes() {
    let (int, float) = (Value::Int, Value::Float);
    assert_eq!(add(&int(1), &int(2)), Ok(int(3)));
    assert_eq!(add(&int(1), &float(2.0)), Ok(float(3.0)));
    assert_eq!(divide(&int(-7), &int(2)), Ok(int(-3)));
    assert_eq!(modulo(&int(-7), &int(2)), Ok(int(-1)));
    assert_eq!(modulo(&float(7.5), &int(2)), Ok(float(1.5)));
    assert_eq!(divide(&int(1), &float(0.0)), Ok(float(f64::INFINITY)));
    assert_eq!(modulo(&int(i64::MIN), &int(-1)), Ok(int(0)));
    for wrong in
        [add(&int(i64::MAX), &int(1)), divide(&int(i64::MIN), &int(-1)), negate(&int(i64::MIN))]
    {
        assert_eq!(wrong, Err("the number is out of range".into()));
    }
    for wrong in
        [divide(&int(1), &int(0)), modulo(&int(1), &int(0)), divide(&micros(1), &float(0.0))]
    {
        assert_eq!(wrong, Err("division by zero".into()));
    }
    let big = Value::U256(Box::new(U256::MAX));
    assert_eq!(subtract(&big, &big), Ok(Value::U256(Box::new(U256::ZERO))));
    assert!(add(&big, &int(1)).is_err());
    assert_eq!(multiply(&Value::Null, &Value::string("a")), Ok(Value::Null));
}

#[test]
fn a_month_has_no_more_days_than_it_has() {
    let one = Value::MonthInterval(1);
    assert_eq!(add(&date("2020-01-31"), &one), date_literal("2020-02-29"));
    assert_eq!(subtract(&date("2020-03-31"), &one), date_literal("2020-02-29"));
    assert_eq!(add(&one, &date("2020-12-31")), date_literal("2021-01-31"));
    let datetime = datetime_literal("2020-01-31 10:00:00").unwrap();
    assert_eq!(add(&datetime, &one), datetime_literal("2020-02-29 10:00:00"));
}

#[test]
fn intervals_shift_dates_and_times() {
    let time = time_literal("23:30:00").unwrap();
    assert_eq!(add(&time, &micros(HOUR)), time_literal("00:30:00"));
    assert_eq!(subtract(&time, &micros(25 * HOUR)), time_literal("22:30:00"));
    assert_eq!(add(&time, &micros(i64::MIN)).unwrap().kind(), Kind::Time);
    assert_eq!(add(&date("2020-01-01"), &micros(DAY)), date_literal("2020-01-02"));
    assert_eq!(subtract(&date("2020-01-01"), &micros(HOUR)), datetime_literal("2019-12-31 23:00"));
    let timestamp = timestamp_literal("2020-01-01T00:00:00Z").unwrap();
    assert_eq!(subtract(&timestamp, &date("2019-12-31")), Ok(micros(DAY)));
    assert_eq!(add(&timestamp, &micros(i64::MAX)), Err(out_of_range()));
    assert_eq!(add(&timestamp, &Value::MonthInterval(i64::MAX)), Err(out_of_range()));
    assert_eq!(
        add(&Value::Date(i32::MAX), &micros(DAY)),
        Err("can't add a date and a microsecond_interval".into())
    );
}

#[test]
fn intervals_are_scaled() {
    let five = interval_literal("5", Unit::Minute, None).unwrap();
    assert_eq!(multiply(&Value::Int(3), &five), Ok(micros(HOUR / 4)));
    assert_eq!(multiply(&five, &Value::Float(0.5)), Ok(micros(HOUR / 24)));
    assert_eq!(divide(&five, &Value::Int(5)), Ok(micros(HOUR / 60)));
    assert_eq!(subtract(&five, &five), Ok(micros(0)));
    assert_eq!(negate(&Value::MonthInterval(1)), Ok(Value::MonthInterval(-1)));
    assert!(multiply(&micros(i64::MAX), &Value::Int(2)).is_err());
    assert!(add(&five, &Value::MonthInterval(1)).is_err());
}

#[test]
fn what_an_operator_isnt_defined_for_is_an_error() {
    let (datetime, text) = (datetime_literal("2020-01-01").unwrap(), Value::string("a"));
    assert_eq!(add(&datetime, &text), Err("can't add a datetime and a string".into()));
    assert_eq!(
        subtract(&Value::Int(1), &datetime),
        Err("can't subtract a datetime from an int".into())
    );
    assert_eq!(multiply(&text, &Value::Int(2)), Err("can't multiply a string by an int".into()));
    assert_eq!(divide(&text, &text), Err("can't divide a string by a string".into()));
    assert_eq!(negate(&text), Err("can't negate a string".into()));
}
