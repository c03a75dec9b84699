//! SQL's expressions, evaluated on a document in the plainest way: what the engine answers
//! has to be the same. It knows the rules of docs/sql.md, and nothing of the engine.

use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// A value: JSON, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum V {
    Undefined,
    Json(Value),
}

use V::{Json, Undefined};

/// An expression.
#[derive(Debug, Clone)]
pub enum E {
    Literal(Value),
    Undefined,
    /// A field, and a field of it.
    Field(&'static str, Option<&'static str>),
    Compare(&'static str, Box<E>, Box<E>),
    Add(Box<E>, Box<E>),
    Multiply(Box<E>, Box<E>),
    And(Box<E>, Box<E>),
    Or(Box<E>, Box<E>),
    Not(Box<E>),
    IsNull(Box<E>),
    IsUndefined(Box<E>),
    Between(Box<E>, Box<E>, Box<E>),
    In(Box<E>, Vec<E>),
    Case(Box<E>, Box<E>, Box<E>),
    Coalesce(Box<E>, Box<E>),
    NullIf(Box<E>, Box<E>),
    TypeOf(Box<E>),
    Array(Vec<E>),
}

impl E {
    /// The expression in SQL.
    pub fn sql(&self) -> String {
        match self {
            E::Literal(Value::String(text)) => format!("'{}'", text.replace('\'', "''")),
            E::Literal(value) => value.to_string(),
            E::Undefined => "undefined".to_string(),
            E::Field(name, None) => name.to_string(),
            E::Field(name, Some(inner)) => format!("{name}.{inner}"),
            E::Compare(op, a, b) => format!("({} {op} {})", a.sql(), b.sql()),
            E::Add(a, b) => format!("({} + {})", a.sql(), b.sql()),
            E::Multiply(a, b) => format!("({} * {})", a.sql(), b.sql()),
            E::And(a, b) => format!("({} AND {})", a.sql(), b.sql()),
            E::Or(a, b) => format!("({} OR {})", a.sql(), b.sql()),
            E::Not(a) => format!("(NOT {})", a.sql()),
            E::IsNull(a) => format!("({} IS NULL)", a.sql()),
            E::IsUndefined(a) => format!("({} IS UNDEFINED)", a.sql()),
            E::Between(a, low, high) => {
                format!("({} BETWEEN {} AND {})", a.sql(), low.sql(), high.sql())
            }
            E::In(a, list) => {
                let list: Vec<String> = list.iter().map(E::sql).collect();
                format!("({} IN ({}))", a.sql(), list.join(", "))
            }
            E::Case(condition, then, otherwise) => format!(
                "(CASE WHEN {} THEN {} ELSE {} END)",
                condition.sql(),
                then.sql(),
                otherwise.sql()
            ),
            E::Coalesce(a, b) => format!("COALESCE({}, {})", a.sql(), b.sql()),
            E::NullIf(a, b) => format!("NULLIF({}, {})", a.sql(), b.sql()),
            E::TypeOf(a) => format!("TYPEOF({})", a.sql()),
            E::Array(elements) => {
                let elements: Vec<String> = elements.iter().map(E::sql).collect();
                format!("[{}]", elements.join(", "))
            }
        }
    }

    /// Its value for a document.
    pub fn of(&self, document: &Map<String, Value>) -> V {
        let of = |expression: &E| expression.of(document);
        match self {
            E::Literal(value) => Json(value.clone()),
            E::Undefined => Undefined,
            E::Field(name, inner) => {
                let value = document.get(*name);
                let value = match inner {
                    Some(inner) => value.and_then(|value| value.as_object()?.get(*inner)),
                    None => value,
                };
                value.cloned().map_or(Undefined, Json)
            }
            E::Compare(op, a, b) => three(compared(&of(a), &of(b)).map(|order| match *op {
                "=" => order.is_eq(),
                "<>" => order.is_ne(),
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                ">" => order.is_gt(),
                _ => order.is_ge(),
            })),
            E::Add(a, b) => arithmetic(&of(a), &of(b), i64::wrapping_add, |a, b| a + b),
            E::Multiply(a, b) => arithmetic(&of(a), &of(b), i64::wrapping_mul, |a, b| a * b),
            E::And(a, b) => three(match (truth(&of(a)), truth(&of(b))) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            }),
            E::Or(a, b) => three(match (truth(&of(a)), truth(&of(b))) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            }),
            E::Not(a) => three(truth(&of(a)).map(|truth| !truth)),
            E::IsNull(a) => three(Some(is_absent(&of(a)))),
            E::IsUndefined(a) => three(Some(of(a) == Undefined)),
            E::Between(a, low, high) => {
                let above = E::Compare(">=", a.clone(), low.clone());
                let below = E::Compare("<=", a.clone(), high.clone());
                of(&E::And(Box::new(above), Box::new(below)))
            }
            E::In(a, list) => {
                let equal = list.iter().map(|b| E::Compare("=", a.clone(), Box::new(b.clone())));
                let any = equal.reduce(|a, b| E::Or(Box::new(a), Box::new(b)));
                any.map_or(Json(json!(false)), |any| of(&any))
            }
            E::Case(condition, then, otherwise) => match truth(&of(condition)) {
                Some(true) => of(then),
                _ => of(otherwise),
            },
            E::Coalesce(a, b) => match of(a) {
                value if is_absent(&value) => of(b),
                value => value,
            },
            E::NullIf(a, b) => match compared(&of(a), &of(b)) {
                Some(Ordering::Equal) => Json(Value::Null),
                _ => of(a),
            },
            E::TypeOf(a) => Json(json!(type_of(&of(a)))),
            E::Array(elements) => {
                let element = |element: &E| match of(element) {
                    Undefined => Value::Null,
                    Json(value) => value,
                };
                Json(elements.iter().map(element).collect())
            }
        }
    }
}

fn three(truth: Option<bool>) -> V {
    Json(truth.map_or(Value::Null, Value::from))
}

/// The truth of what is a bool or absent; other values don't come as conditions.
fn truth(value: &V) -> Option<bool> {
    match value {
        Json(Value::Bool(bool)) => Some(*bool),
        _ => None,
    }
}

fn is_absent(value: &V) -> bool {
    matches!(value, Undefined | Json(Value::Null))
}

pub fn type_of(value: &V) -> &'static str {
    match value {
        Undefined => "undefined",
        Json(Value::Null) => "null",
        Json(Value::Bool(_)) => "bool",
        Json(Value::Number(number)) if number.is_i64() => "int",
        Json(Value::Number(_)) => "float",
        Json(Value::String(_)) => "string",
        Json(Value::Array(_)) => "array",
        Json(Value::Object(_)) => "object",
    }
}

/// How two values compare: not at all if one is absent or their types differ, but for numbers.
pub fn compared(a: &V, b: &V) -> Option<Ordering> {
    let (Json(a), Json(b)) = (a, b) else { return None };
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Array(a), Value::Array(b)) => Some(listed(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            let sorted = |fields: &Map<String, Value>| {
                let mut fields: Vec<(String, Value)> =
                    fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                fields
            };
            let (a, b) = (sorted(a), sorted(b));
            let by_field = a.iter().zip(&b).map(|((name, value), (other, there))| {
                name.cmp(other).then_with(|| total(value, there))
            });
            let first = by_field.into_iter().find(|order| order.is_ne());
            Some(first.unwrap_or_else(|| a.len().cmp(&b.len())))
        }
        _ => None,
    }
}

fn listed(a: &[Value], b: &[Value]) -> Ordering {
    let first = a.iter().zip(b).map(|(a, b)| total(a, b)).find(|order| order.is_ne());
    first.unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// The order of elements: by type, then by value.
fn total(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match type_of(&Json(value.clone())) {
        "null" => 0,
        "bool" => 1,
        "int" | "float" => 2,
        "string" => 3,
        "array" => 4,
        _ => 5,
    };
    match compared(&Json(a.clone()), &Json(b.clone())) {
        Some(order) => order,
        None => rank(a).cmp(&rank(b)),
    }
}

/// Sums and products of numbers; null if one is absent.
fn arithmetic(a: &V, b: &V, ints: fn(i64, i64) -> i64, floats: fn(f64, f64) -> f64) -> V {
    let (Json(Value::Number(a)), Json(Value::Number(b))) = (a, b) else {
        return Json(Value::Null);
    };
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Json(json!(ints(a, b))),
        _ => Json(json!(floats(a.as_f64().unwrap(), b.as_f64().unwrap()))),
    }
}
