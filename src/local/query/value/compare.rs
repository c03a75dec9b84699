//! Comparison of values.

use super::{Kind, Value};
use std::cmp::Ordering;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Comparison of two values in SQL. `None`, which is null in SQL, if one of them is absent, or if
/// their types don't compare: `int` and `float` compare as numbers; `date`, `datetime` and
/// `timestamp` as moments in UTC; all others only with their own type.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    if a.is_absent() || b.is_absent() {
        return None;
    }
    let (kind, other) = (a.kind(), b.kind());
    let compares = kind == other
        || (kind.is_number() && other.is_number())
        || (kind.is_moment() && other.is_moment());
    compares.then(|| total_order(a, b))
}

/// Whether SQL's `=` holds. `None` is null.
pub fn equal(a: &Value, b: &Value) -> Option<bool> {
    compare(a, b).map(Ordering::is_eq)
}

/// The order of all values: by type, then by value. Objects are ordered by their fields in the
/// order of names.
pub fn total_order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => floats(*a, *b),
        (Value::Int(a), Value::Float(b)) => int_and_float(*a, *b),
        (Value::Float(a), Value::Int(b)) => int_and_float(*b, *a).reverse(),
        (Value::U256(a), Value::U256(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::MonthInterval(a), Value::MonthInterval(b))
        | (Value::MicrosecondInterval(a), Value::MicrosecondInterval(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => lexicographic(a.iter().zip(b), a.len(), b.len()),
        (Value::Object(a), Value::Object(b)) => objects(a, b),
        (Value::Geography(_), Value::Geography(_)) => super::encode(a).cmp(&super::encode(b)),
        _ => match (moment(a), moment(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => order_of(a.kind()).cmp(&order_of(b.kind())),
        },
    }
}

/// Microseconds of a moment.
fn moment(value: &Value) -> Option<i64> {
    match value {
        Value::Date(days) => Some(i64::from(*days).saturating_mul(MICROS_PER_DAY)),
        Value::Datetime(micros) | Value::Timestamp(micros) => Some(*micros),
        _ => None,
    }
}

fn order_of(kind: Kind) -> Kind {
    match kind {
        Kind::Float => Kind::Int,
        Kind::Datetime | Kind::Timestamp => Kind::Date,
        kind => kind,
    }
}

/// NaN is greater than all other numbers, and zeros are equal.
fn floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Compares exactly, even an integer that no float represents.
fn int_and_float(int: i64, float: f64) -> Ordering {
    if float.is_nan() || float >= i64::MAX as f64 {
        return Ordering::Less;
    }
    if float < i64::MIN as f64 {
        return Ordering::Greater;
    }
    let whole = float.floor();
    int.cmp(&(whole as i64)).then_with(|| floats(0.0, float - whole))
}

fn lexicographic<'a>(
    mut pairs: impl Iterator<Item = (&'a Value, &'a Value)>,
    a: usize,
    b: usize,
) -> Ordering {
    let different = pairs.find_map(|(a, b)| Some(total_order(a, b)).filter(|order| order.is_ne()));
    different.unwrap_or_else(|| a.cmp(&b))
}

fn objects(a: &[(String, Value)], b: &[(String, Value)]) -> Ordering {
    let sorted = |fields: &[(String, Value)]| {
        let mut order: Vec<usize> = (0..fields.len()).collect();
        order.sort_by(|x, y| fields[*x].0.cmp(&fields[*y].0));
        order
    };
    let (first, second) = (sorted(a), sorted(b));
    for (x, y) in first.iter().zip(&second) {
        let ((name, value), (other_name, other)) = (&a[*x], &b[*y]);
        let order = name.cmp(other_name).then_with(|| total_order(value, other));
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}
