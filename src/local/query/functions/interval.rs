//! Intervals: functions that make one of a number, and a number of one. There are two types,
//! because months differ in length.
//!
//! - `unit`: units of time.
//! - `text`: `INTERVAL` literals, and durations of ISO 8601.

#[cfg(test)]
mod tests;
mod text;
mod unit;

pub(super) use text::duration_of;
pub use text::interval_literal;
pub(super) use unit::Length;
pub use unit::Unit;

use super::date_time::moment::MICROS_PER_SECOND;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::{Eval, Function, Returns};
use crate::local::query::functions::number;
use crate::local::query::value::{Kind, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    of_unit("MICROSECONDS", "MICROSECONDS(n)", MICROS, |call| interval(call, Unit::Microsecond))
        .meaning("Returns an interval of n microseconds.")
        .examples(&[(
            "MICROSECONDS(10)",
            r#"{"__rockset_type":"MICROSECOND_INTERVAL","value":10}"#,
        )]),
    of_unit("MILLISECONDS", "MILLISECONDS(n)", MICROS, |call| interval(call, Unit::Millisecond))
        .meaning("Returns an interval of n milliseconds.")
        .examples(&[(
            "MILLISECONDS(10)",
            r#"{"__rockset_type":"MICROSECOND_INTERVAL","value":10000}"#,
        )]),
    of_unit("SECONDS", "SECONDS(n)", MICROS, |call| interval(call, Unit::Second))
        .meaning("Returns an interval of n seconds.")
        .examples(&[(
            "SECONDS(1.5)",
            r#"{"__rockset_type":"MICROSECOND_INTERVAL","value":1500000}"#,
        )]),
    of_unit("MINUTES", "MINUTES(n)", MICROS, |call| interval(call, Unit::Minute))
        .meaning("Returns an interval of n minutes.")
        .examples(&[(
            "MINUTES(1)",
            r#"{"__rockset_type":"MICROSECOND_INTERVAL","value":60000000}"#,
        )]),
    of_unit("HOURS", "HOURS(n)", MICROS, |call| interval(call, Unit::Hour))
        .meaning("Returns an interval of n hours.")
        .examples(&[(
            "HOURS(1)",
            r#"{"__rockset_type":"MICROSECOND_INTERVAL","value":3600000000}"#,
        )]),
    of_unit("DAYS", "DAYS(n)", MICROS, |call| interval(call, Unit::Day))
        .meaning("Returns an interval of n days of 24 hours.")
        .examples(&[(
            "DAYS(1)",
            r#"{"__rockset_type":"MICROSECOND_INTERVAL","value":86400000000}"#,
        )]),
    of_unit("WEEKS", "WEEKS(n)", MICROS, |call| interval(call, Unit::Week))
        .meaning("Returns an interval of n weeks.")
        .examples(&[(
            "WEEKS(1)",
            r#"{"__rockset_type":"MICROSECOND_INTERVAL","value":604800000000}"#,
        )]),
    of_unit("MONTHS", "MONTHS(n)", MONTHS, |call| interval(call, Unit::Month))
        .meaning("Returns an interval of n months.")
        .examples(&[("MONTHS(10)", r#"{"__rockset_type":"MONTH_INTERVAL","value":10}"#)]),
    of_unit("YEARS", "YEARS(n)", MONTHS, |call| interval(call, Unit::Year))
        .meaning("Returns an interval of n years, in months.")
        .examples(&[("YEARS(2)", r#"{"__rockset_type":"MONTH_INTERVAL","value":24}"#)]),
    of_unit("PARSE_DURATION_SECONDS", "PARSE_DURATION_SECONDS(string)", MICROS, parse_micros)
        .meaning("Returns the interval of an ISO 8601 duration in weeks, days, hours and below.")
        .examples(&[(
            "PARSE_DURATION_SECONDS('P1DT2H3M4.5S')",
            r#"{"__rockset_type":"MICROSECOND_INTERVAL","value":93784500000}"#,
        )]),
    of_unit("PARSE_DURATION_MONTHS", "PARSE_DURATION_MONTHS(string)", MONTHS, parse_months)
        .meaning("Returns the interval of an ISO 8601 duration in years and months.")
        .examples(&[(
            "PARSE_DURATION_MONTHS('P3Y4M')",
            r#"{"__rockset_type":"MONTH_INTERVAL","value":40}"#,
        )]),
    of_unit("DURATION_MICROS", "DURATION_MICROS(interval)", INT, |call| duration(call, 1))
        .meaning("Returns the microseconds of an interval.")
        .examples(&[("DURATION_MICROS(SECONDS(1))", "1000000")]),
    of_unit("DURATION_MILLIS", "DURATION_MILLIS(interval)", INT, |call| duration(call, 1000))
        .meaning("Returns the whole milliseconds of an interval.")
        .examples(&[("DURATION_MILLIS(SECONDS(1))", "1000")]),
    of_unit("DURATION_SECONDS", "DURATION_SECONDS(interval)", Returns::Any, duration_seconds)
        .meaning("Returns the seconds of an interval: an int, or a float if there is a fraction.")
        .examples(&[
            ("DURATION_SECONDS(MINUTES(1))", "60"),
            ("DURATION_SECONDS(MILLISECONDS(1500))", "1.5"),
        ]),
    of_unit("DURATION_MONTHS", "DURATION_MONTHS(interval)", INT, duration_months)
        .meaning("Returns the months of an interval.")
        .examples(&[("DURATION_MONTHS(YEARS(1))", "12")]),
];

const MICROS: Returns = Returns::Always(Kind::MicrosecondInterval);
const MONTHS: Returns = Returns::Always(Kind::MonthInterval);
const INT: Returns = Returns::Always(Kind::Int);

const fn of_unit(
    name: &'static str,
    signature: &'static str,
    returns: Returns,
    eval: Eval,
) -> Function {
    Function::new(name, signature, (1, 1), returns, eval)
}

fn interval(call: &Call<'_>, unit: Unit) -> Result<Value, String> {
    let interval = match call.value(0) {
        Value::Int(count) => unit.times(*count),
        Value::Float(count) => unit.of(|length| number::truncated(count * length as f64)),
        _ => return Err(call.wrong(0, "a number")),
    };
    interval.ok_or_else(|| call.error("the interval is too long"))
}

fn parse_micros(call: &Call<'_>) -> Result<Value, String> {
    parse_duration(call, false).map(Value::MicrosecondInterval)
}

fn parse_months(call: &Call<'_>) -> Result<Value, String> {
    parse_duration(call, true).map(Value::MonthInterval)
}

fn parse_duration(call: &Call<'_>, is_months: bool) -> Result<i64, String> {
    let text = call.string(0)?;
    let units = if is_months { "years and months" } else { "weeks, days and shorter units" };
    let isnt = || call.error(format!("'{text}' isn't a duration in {units}"));
    duration_of(text, is_months).ok_or_else(isnt)
}

fn micros(call: &Call<'_>) -> Result<i64, String> {
    match call.value(0) {
        Value::MicrosecondInterval(micros) => Ok(*micros),
        _ => Err(call.wrong(0, "a microsecond_interval")),
    }
}

fn duration(call: &Call<'_>, unit: i64) -> Result<Value, String> {
    micros(call).map(|micros| Value::Int(micros / unit))
}

fn duration_seconds(call: &Call<'_>) -> Result<Value, String> {
    let micros = micros(call)?;
    Ok(match micros % MICROS_PER_SECOND {
        0 => Value::Int(micros / MICROS_PER_SECOND),
        _ => Value::Float(micros as f64 / MICROS_PER_SECOND as f64),
    })
}

fn duration_months(call: &Call<'_>) -> Result<Value, String> {
    match call.value(0) {
        Value::MonthInterval(months) => Ok(Value::Int(*months)),
        _ => Err(call.wrong(0, "a month_interval")),
    }
}
