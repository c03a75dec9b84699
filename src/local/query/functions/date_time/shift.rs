//! Units that are added to a moment, or that lie between two.

use super::moment::{add_months, civil, moment, out_of_range};
use crate::local::query::functions::arithmetic;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::{Function, Returns};
use crate::local::query::functions::interval::{Length, Unit};
use crate::local::query::value::{Kind, Value};
use chrono::Datelike;

pub const FUNCTIONS: &[Function] = &[
    Function::new("DATE_ADD", "DATE_ADD(unit, n, x)", (3, 3), Returns::Any, |call| shift(call, 1))
        .meaning("Returns the date or time that is n units later.")
        .examples(&[
            (
                "DATE_ADD('month', 1, DATE '2020-01-31')",
                r#"{"__rockset_type":"DATE","value":"2020-02-29"}"#,
            ),
            (
                "DATE_ADD('hour', 2, TIMESTAMP '2018-05-26T23:00:00Z')",
                r#""2018-05-27T01:00:00.000000Z""#,
            ),
        ]),
    Function::new("DATE_SUB", "DATE_SUB(unit, n, x)", (3, 3), Returns::Any, |call| shift(call, -1))
        .meaning("Returns the date or time that is n units earlier.")
        .examples(&[(
            "DATE_SUB('week', 1, DATE '2020-01-03')",
            r#"{"__rockset_type":"DATE","value":"2019-12-27"}"#,
        )]),
    Function::new(
        "DATE_DIFF",
        "DATE_DIFF(unit, start, end)",
        (3, 3),
        Returns::Always(Kind::Int),
        date_diff,
    )
    .meaning("Returns how many whole units lie between two dates or times.")
    .examples(&[
        ("DATE_DIFF('day', DATE '2020-01-01', DATE '2020-03-01')", "60"),
        ("DATE_DIFF('month', DATE '2020-01-15', DATE '2020-03-14')", "1"),
        ("DATE_DIFF('second', TIME '10:30:00', TIME '10:29:00')", "-60"),
    ]),
];

fn shift(call: &Call<'_>, sign: i64) -> Result<Value, String> {
    let unit = Unit::argument(call, 0)?;
    let count = call.whole(1)?.checked_mul(sign);
    let interval = count.and_then(|count| unit.times(count));
    let interval = interval.ok_or_else(|| call.error("the interval is too long"))?;
    arithmetic::add(call.value(2), &interval).map_err(|error| call.error(error))
}

fn date_diff(call: &Call<'_>) -> Result<Value, String> {
    let unit = Unit::argument(call, 0)?;
    let (start, end) = match (call.value(1), call.value(2)) {
        (Value::Time(start), Value::Time(end)) => (*start, *end),
        (start, end) => {
            let start = moment(start).ok_or_else(|| call.wrong(1, "a date, datetime or timestamp"));
            let end = moment(end).ok_or_else(|| call.wrong(2, "of the kind of the start"));
            (start?, end?)
        }
    };
    whole_units(unit, start, end).map(Value::Int).map_err(|error| call.error(error))
}

fn whole_units(unit: Unit, start: i64, end: i64) -> Result<i64, String> {
    Ok(match unit.length() {
        Length::Micros(length) => end.checked_sub(start).ok_or_else(out_of_range)? / length,
        Length::Months(length) if start <= end => months_between(start, end)? / length,
        Length::Months(length) => -months_between(end, start)? / length,
    })
}

/// The greatest number of months after which a moment isn't after another one.
pub(super) fn months_between(start: i64, end: i64) -> Result<i64, String> {
    let month = |micros| {
        let date = civil(micros)?.date();
        Ok::<_, String>(i64::from(date.year()) * 12 + i64::from(date.month0()))
    };
    let months = month(end)? - month(start)?;
    Ok(if add_months(start, months)? > end { months - 1 } else { months })
}
