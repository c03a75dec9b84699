//! Casts of a value to another type.

#[cfg(test)]
mod tests;

use super::date_time::moment::{at, day_of, moment, out_of_range, time_of_day};
use super::date_time::{date_of, datetime_of, time_of, timestamp_of};
use super::geography::{shape_of, wkt_of};
use super::interval::duration_of;
use crate::local::query::functions::number;
use crate::local::query::value::{Kind, Value};
use crate::local::query::value::{
    U256, date_text, datetime_text, float_text, time_text, timestamp_text, write_json,
};
use ethnum::AsU256;

/// `CAST(value AS to)`: also between strings and what they are the text of. A timestamp is cast to
/// a date or time as of UTC. What is absent stays null.
pub fn cast(value: &Value, to: Kind) -> Result<Value, String> {
    if value.is_absent() {
        return Ok(Value::Null);
    }
    if value.kind() == to {
        return Ok(value.clone());
    }
    let cast = match to {
        Kind::Bool => bool_of(value),
        Kind::Int => int_of(value).map(Value::Int),
        Kind::Float => float_of(value).map(Value::Float),
        Kind::U256 => u256_of(value).map(|int| Value::U256(Box::new(int))),
        Kind::String => text_of(value).map(Value::String),
        Kind::Bytes => match value {
            Value::String(text) => Some(Value::Bytes(text.clone().into_bytes())),
            _ => None,
        },
        Kind::Date | Kind::Time | Kind::Datetime | Kind::Timestamp => moment_of(value, to)?,
        Kind::MonthInterval => interval_of(value, true).map(Value::MonthInterval),
        Kind::MicrosecondInterval => interval_of(value, false).map(Value::MicrosecondInterval),
        Kind::Geography => match value {
            Value::String(text) => Some(Value::Geography(shape_of(text)?.into())),
            _ => None,
        },
        Kind::Array | Kind::Object | Kind::Null | Kind::Undefined => None,
    };
    cast.ok_or_else(|| cant(value, to))
}

/// `STATIC_CAST(value AS to)`: among numbers, and to bool, which is false for zero and for what is
/// empty.
pub fn static_cast(value: &Value, to: Kind) -> Result<Value, String> {
    let is_number = |kind| matches!(kind, Kind::Bool | Kind::Int | Kind::Float | Kind::U256);
    match (value, to) {
        (Value::String(text), Kind::Bool) => Ok(Value::Bool(!text.is_empty())),
        (Value::Bytes(bytes), Kind::Bool) => Ok(Value::Bool(!bytes.is_empty())),
        (Value::Array(elements), Kind::Bool) => Ok(Value::Bool(!elements.is_empty())),
        (Value::Object(fields), Kind::Bool) => Ok(Value::Bool(!fields.is_empty())),
        _ if value.is_absent() || value.kind() == to => cast(value, to),
        _ if is_number(value.kind()) && is_number(to) => cast(value, to),
        _ => Err(cant(value, to)),
    }
}

fn cant(value: &Value, to: Kind) -> String {
    match value {
        Value::String(text) => format!("can't cast '{text}' to {to}"),
        Value::Int(_) | Value::Float(_) | Value::U256(_) => {
            format!("can't cast {} to {to}", text_of(value).unwrap_or_default())
        }
        other => format!("can't cast {} to {to}", other.described()),
    }
}

fn bool_of(value: &Value) -> Option<Value> {
    let bool = match value {
        Value::Int(int) => *int != 0,
        Value::Float(float) => *float != 0.0,
        Value::U256(int) => **int != U256::ZERO,
        Value::String(text) if text.eq_ignore_ascii_case("true") => true,
        Value::String(text) if text.eq_ignore_ascii_case("false") => false,
        _ => return None,
    };
    Some(Value::Bool(bool))
}

fn int_of(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(bool) => Some(i64::from(*bool)),
        Value::Float(float) => number::truncated(*float),
        Value::U256(int) => i64::try_from(**int).ok(),
        Value::String(text) => text.trim().parse().ok(),
        Value::MonthInterval(length) | Value::MicrosecondInterval(length) => Some(*length),
        _ => None,
    }
}

fn float_of(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(bool) => Some(f64::from(*bool)),
        Value::Int(int) => Some(*int as f64),
        Value::U256(int) => Some(int.as_f64()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn u256_of(value: &Value) -> Option<U256> {
    match value {
        Value::Bool(bool) => Some(U256::from(u8::from(*bool))),
        Value::Int(int) => U256::try_from(*int).ok(),
        // 2^256 is the first float that has no room.
        Value::Float(float) if *float > -1.0 && *float < 2f64.powi(256) => Some(float.as_u256()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// What a value is written as; arrays and objects as JSON, shapes as WKT.
fn text_of(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(bool) => bool.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Float(float) => float_text(*float),
        Value::U256(int) => int.to_string(),
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok()?,
        Value::Date(days) => date_text(*days),
        Value::Time(micros) => time_text(*micros),
        Value::Datetime(micros) => datetime_text(*micros),
        Value::Timestamp(micros) => timestamp_text(*micros),
        Value::MonthInterval(length) | Value::MicrosecondInterval(length) => length.to_string(),
        Value::Geography(shape) => wkt_of(shape),
        Value::Array(_) | Value::Object(_) => {
            let mut json = String::new();
            write_json(value, &mut json);
            json
        }
        Value::String(_) | Value::Null | Value::Undefined => return None,
    })
}

fn moment_of(value: &Value, to: Kind) -> Result<Option<Value>, String> {
    if let Value::String(text) = value {
        let read = match to {
            Kind::Date => date_of(text),
            Kind::Time => time_of(text),
            Kind::Datetime => datetime_of(text),
            _ => timestamp_of(text),
        };
        return read.map(Some).map_err(|_| cant(value, to));
    }
    if !value.kind().is_moment() {
        return Ok(None);
    }
    let micros = moment(value).ok_or_else(out_of_range)?;
    match (to, value.kind()) {
        (Kind::Time, Kind::Date) => Ok(None),
        (Kind::Time, _) => Ok(Some(time_of_day(micros))),
        (Kind::Date, _) => day_of(micros).map(Some),
        _ => at(to, micros).map(Some),
    }
}

/// The length of an interval: a number, or a duration of ISO 8601.
fn interval_of(value: &Value, is_months: bool) -> Option<i64> {
    match value {
        Value::Int(length) => Some(*length),
        Value::Float(length) => number::truncated(*length),
        Value::String(text) => text.trim().parse().ok().or_else(|| duration_of(text, is_months)),
        _ => None,
    }
}
