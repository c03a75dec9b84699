#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::date_time::moment::MICROS_PER_DAY;
use super::*;
use crate::local::query::value::Value;

#[test]
fn literals_have_units() {
    let micros =
        |text: &str, unit: &str| interval_literal(text, Unit::from_name(unit).unwrap(), None);
    assert_eq!(micros("5", "MINUTE"), Ok(Value::MicrosecondInterval(300_000_000)));
    assert_eq!(micros("-1.5", "SECOND"), Ok(Value::MicrosecondInterval(-1_500_000)));
    assert_eq!(micros(" 1 ", "weeks"), Ok(Value::MicrosecondInterval(7 * MICROS_PER_DAY)));
    assert_eq!(micros("1.5", "Years"), Ok(Value::MonthInterval(18)));
    assert_eq!(micros("0.0000011", "second"), Ok(Value::MicrosecondInterval(1)));
    for wrong in ["", "-", ".", "1-2", "x", "99999999999999999999", "9223372036854775807", "--1"] {
        assert!(micros(wrong, "minute").is_err(), "{wrong}");
    }
    assert_eq!(Unit::from_name("fortnight"), None);
}

#[test]
fn literals_have_several_units() {
    let literal = |text: &str, from, to| interval_literal(text, from, Some(to));
    assert_eq!(literal("3-4", Unit::Year, Unit::Month), Ok(Value::MonthInterval(40)));
    assert_eq!(literal("-3-4", Unit::Year, Unit::Month), Ok(Value::MonthInterval(-40)));
    let seconds = 86_400 + 10 * 3600 + 20 * 60 + 30;
    let interval = Value::MicrosecondInterval(seconds * MICROS_PER_SECOND + 500_000);
    assert_eq!(literal("1 10:20:30.5", Unit::Day, Unit::Second), Ok(interval));
    assert!(literal("1-2-3", Unit::Year, Unit::Month).is_err());
    assert!(literal("1", Unit::Month, Unit::Day).is_err());
    assert!(literal("1", Unit::Second, Unit::Day).is_err());
}

#[test]
fn durations_are_of_one_type() {
    assert_eq!(duration_of("P1Y2M", true), Some(14));
    assert_eq!(duration_of("-PT1M", false), Some(-60_000_000));
    assert_eq!(duration_of("P1W", false), Some(7 * MICROS_PER_DAY));
    for wrong in ["", "P", "PT", "P1DT", "1D", "P1H", "PD", "P1Y", "PT1M1", "P1é"] {
        assert_eq!(duration_of(wrong, false), None, "{wrong}");
    }
}
