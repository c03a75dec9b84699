//! Operators on numbers, dates, times and intervals. An absent operand gives null; what an
//! operator isn't defined for is an error.

#[cfg(test)]
mod tests;

use super::date_time::moment::{MICROS_PER_DAY, add_months, at, moment, out_of_range};
use crate::local::query::functions::number;
use crate::local::query::value::U256;
use crate::local::query::value::{Kind, Value};

/// `a + b`.
pub fn add(a: &Value, b: &Value) -> Result<Value, String> {
    if let Some(sum) = numbers(a, b, ADD) {
        return sum;
    }
    match (a, b) {
        (Value::MonthInterval(a), Value::MonthInterval(b)) => months(a.checked_add(*b)),
        (Value::MicrosecondInterval(a), Value::MicrosecondInterval(b)) => {
            microseconds(a.checked_add(*b))
        }
        _ => shifted(a, b)
            .or_else(|| shifted(b, a))
            .unwrap_or_else(|| Err(format!("can't add {} and {}", a.described(), b.described()))),
    }
}

/// `a - b`.
pub fn subtract(a: &Value, b: &Value) -> Result<Value, String> {
    if let Some(difference) = numbers(a, b, SUBTRACT) {
        return difference;
    }
    match (a, b) {
        (Value::MonthInterval(a), Value::MonthInterval(b)) => months(a.checked_sub(*b)),
        (Value::MicrosecondInterval(a), Value::MicrosecondInterval(b))
        | (Value::Time(a), Value::Time(b)) => microseconds(a.checked_sub(*b)),
        (a, Value::MonthInterval(_) | Value::MicrosecondInterval(_)) => {
            shifted(a, &negate(b)?).unwrap_or_else(|| Err(cant_subtract(a, b)))
        }
        _ => match (moment(a), moment(b)) {
            (Some(a), Some(b)) => microseconds(a.checked_sub(b)),
            _ => Err(cant_subtract(a, b)),
        },
    }
}

fn cant_subtract(a: &Value, b: &Value) -> String {
    format!("can't subtract {} from {}", b.described(), a.described())
}

/// `a * b`.
pub fn multiply(a: &Value, b: &Value) -> Result<Value, String> {
    if let Some(product) = numbers(a, b, MULTIPLY) {
        return product;
    }
    let product = match (a, b) {
        (interval, Value::Int(by)) | (Value::Int(by), interval) => {
            scaled(interval, |length| length.checked_mul(*by))
        }
        (interval, Value::Float(by)) | (Value::Float(by), interval) => {
            scaled(interval, |length| number::truncated(length as f64 * by))
        }
        _ => None,
    };
    let cant = || Err(format!("can't multiply {} by {}", a.described(), b.described()));
    product.unwrap_or_else(cant)
}

/// `a / b`. The quotient of integers is cut towards zero.
pub fn divide(a: &Value, b: &Value) -> Result<Value, String> {
    if let Some(quotient) = numbers(a, b, DIVIDE) {
        return quotient;
    }
    let quotient = match b {
        Value::Int(0) | Value::Float(0.0) if is_interval(a) => return Err(by_zero()),
        Value::Int(by) => scaled(a, |length| length.checked_div(*by)),
        Value::Float(by) => scaled(a, |length| number::truncated(length as f64 / by)),
        _ => None,
    };
    let cant = || Err(format!("can't divide {} by {}", a.described(), b.described()));
    quotient.unwrap_or_else(cant)
}

/// `a % b`, with the sign of `a`.
pub fn modulo(a: &Value, b: &Value) -> Result<Value, String> {
    let cant = || Err(format!("can't take {} modulo {}", a.described(), b.described()));
    numbers(a, b, MODULO).unwrap_or_else(cant)
}

/// `-a`.
pub fn negate(a: &Value) -> Result<Value, String> {
    match a {
        _ if a.is_absent() => Ok(Value::Null),
        Value::Int(int) => int.checked_neg().map(Value::Int).ok_or_else(overflow),
        Value::Float(float) => Ok(Value::Float(-float)),
        Value::MonthInterval(length) => months(length.checked_neg()),
        Value::MicrosecondInterval(length) => microseconds(length.checked_neg()),
        other => Err(format!("can't negate {}", other.described())),
    }
}

/// An operator on numbers of each type.
struct Operator {
    ints: fn(i64, i64) -> Option<i64>,
    u256s: fn(U256, U256) -> Option<U256>,
    floats: fn(f64, f64) -> f64,
    divides: bool,
}

const ADD: Operator = Operator {
    ints: i64::checked_add,
    u256s: U256::checked_add,
    floats: |a, b| a + b,
    divides: false,
};
const SUBTRACT: Operator = Operator {
    ints: i64::checked_sub,
    u256s: U256::checked_sub,
    floats: |a, b| a - b,
    divides: false,
};
const MULTIPLY: Operator = Operator {
    ints: i64::checked_mul,
    u256s: U256::checked_mul,
    floats: |a, b| a * b,
    divides: false,
};
const DIVIDE: Operator = Operator {
    ints: i64::checked_div,
    u256s: U256::checked_div,
    floats: |a, b| a / b,
    divides: true,
};
const MODULO: Operator = Operator {
    // The least integer modulo -1 overflows in the processor, and is 0.
    ints: |a, b| if b == -1 { Some(0) } else { a.checked_rem(b) },
    u256s: U256::checked_rem,
    floats: |a, b| a % b,
    divides: true,
};

/// The result of an operator on numbers, or null if an operand is absent; `None` if one isn't a
/// number.
fn numbers(a: &Value, b: &Value, operator: Operator) -> Option<Result<Value, String>> {
    if a.is_absent() || b.is_absent() {
        return Some(Ok(Value::Null));
    }
    let failure = |is_zero| if operator.divides && is_zero { by_zero() } else { overflow() };
    if let (Value::Int(a), Value::Int(b)) = (a, b) {
        return Some((operator.ints)(*a, *b).map(Value::Int).ok_or_else(|| failure(*b == 0)));
    }
    if let (Some(a), Some(b)) = (u256(a), u256(b)) {
        let result = (operator.u256s)(a, b).map(|int| Value::U256(Box::new(int)));
        return Some(result.ok_or_else(|| failure(b == U256::ZERO)));
    }
    let (a, b) = (a.as_f64()?, b.as_f64()?);
    Some(Ok(Value::Float((operator.floats)(a, b))))
}

/// A u256, or an int that isn't negative.
fn u256(value: &Value) -> Option<U256> {
    match value {
        Value::U256(int) => Some(**int),
        Value::Int(int) => U256::try_from(*int).ok(),
        _ => None,
    }
}

/// What is an interval later; `None` if these aren't a date or time and an interval. A date stays
/// one if the interval is in months or whole days. A time goes round the clock.
fn shifted(value: &Value, interval: &Value) -> Option<Result<Value, String>> {
    match (value, interval) {
        (Value::Time(time), Value::MicrosecondInterval(length)) => {
            let time = (time + length.rem_euclid(MICROS_PER_DAY)).rem_euclid(MICROS_PER_DAY);
            Some(Ok(Value::Time(time)))
        }
        (_, Value::MonthInterval(length)) => {
            let later = add_months(moment(value)?, *length);
            Some(later.and_then(|micros| at(value.kind(), micros)))
        }
        (_, Value::MicrosecondInterval(length)) => {
            let later = moment(value)?.checked_add(*length).ok_or_else(out_of_range);
            let kind = match value.kind() {
                Kind::Date if length % MICROS_PER_DAY != 0 => Kind::Datetime,
                kind => kind,
            };
            Some(later.and_then(|micros| at(kind, micros)))
        }
        _ => None,
    }
}

/// An interval of another length; `None` for what is no interval.
fn scaled(value: &Value, scale: impl FnOnce(i64) -> Option<i64>) -> Option<Result<Value, String>> {
    match value {
        Value::MonthInterval(length) => Some(months(scale(*length))),
        Value::MicrosecondInterval(length) => Some(microseconds(scale(*length))),
        _ => None,
    }
}

fn is_interval(value: &Value) -> bool {
    matches!(value, Value::MonthInterval(_) | Value::MicrosecondInterval(_))
}

fn months(length: Option<i64>) -> Result<Value, String> {
    length.map(Value::MonthInterval).ok_or_else(too_long)
}

fn microseconds(length: Option<i64>) -> Result<Value, String> {
    length.map(Value::MicrosecondInterval).ok_or_else(too_long)
}

fn too_long() -> String {
    "the interval is too long".to_string()
}

fn overflow() -> String {
    "the number is out of range".to_string()
}

fn by_zero() -> String {
    "division by zero".to_string()
}
