//! Reduction: how two documents with the same key become one.

mod decimal;
mod merge;
pub mod plan;
mod set;

use self::decimal::Decimal;
use self::plan::{Annotation, NodeId, Plan, Strategy};
use super::schema::pointer::{self, Pointer};
use super::schema::{Schema, describe};
use crate::preview::schema::order::compare;
use serde_json::{Map, Number, Value};
use std::cmp::Ordering;

/// Why two values are not reduced.
#[derive(Debug)]
pub enum Failure {
    /// They can't be.
    Impossible {
        /// Where in the document.
        pointer: String,
        /// The types that the strategy needs.
        reason: String,
    },
    /// They can only be once nothing comes before the left one.
    NotAssociative,
}

/// Reduces the right document into the left one, which came before.
///
/// `full` says that nothing comes before the left document: it is the endpoint's document, or
/// the first one of its key. Only then are deleted properties removed for good.
pub fn reduce(plan: &Plan, left: Value, right: Value, full: bool) -> Result<Value, Failure> {
    let mut reduction = Reduction { plan, full, at: String::new() };
    let reduced = reduction.reduce(plan.root(), Some(left), right)?;
    Ok(reduced.value)
}

/// A reduction in progress.
pub(super) struct Reduction<'p> {
    pub plan: &'p Plan,
    pub full: bool,
    at: String,
}

/// The reduced value of one location.
pub(super) struct Reduced {
    pub value: Value,
    pub is_deleted: bool,
}

impl Reduction<'_> {
    /// Reduces a value into the one before it, if there is one.
    pub fn reduce(
        &mut self,
        mut schemas: Vec<NodeId>,
        left: Option<Value>,
        right: Value,
    ) -> Result<Reduced, Failure> {
        let plan = self.plan;
        let Some(annotation) = plan.expand(&mut schemas, &right) else {
            return Ok(Reduced { value: right, is_deleted: false });
        };
        if left.is_some() && !annotation.associative && !self.full {
            return Err(Failure::NotAssociative);
        }
        let value = self.apply(annotation, &schemas, left, right)?;
        Ok(Reduced { value, is_deleted: annotation.delete })
    }

    fn apply(
        &mut self,
        annotation: &Annotation,
        schemas: &[NodeId],
        left: Option<Value>,
        right: Value,
    ) -> Result<Value, Failure> {
        let Some(left) = left else {
            return match &annotation.strategy {
                Strategy::Merge(_) => self.begin(schemas, right),
                Strategy::Set(key) => self.set(schemas, key, Value::Object(Map::new()), right),
                Strategy::JsonSchemaMerge => self.merge_schemas(Value::Bool(false), right),
                _ => Ok(right),
            };
        };
        match &annotation.strategy {
            Strategy::LastWriteWins => Ok(right),
            Strategy::FirstWriteWins => Ok(left),
            Strategy::Append => self.append(left, right),
            Strategy::Sum => self.sum(&left, &right),
            Strategy::Merge(key) => self.merge(schemas, key, left, right),
            Strategy::Minimize(key) => {
                let order = compare_by(key, &left, &right);
                self.extreme(schemas, key, order, left, right)
            }
            Strategy::Maximize(key) => {
                let order = compare_by(key, &left, &right).reverse();
                self.extreme(schemas, key, order, left, right)
            }
            Strategy::Set(key) => self.set(schemas, key, left, right),
            Strategy::JsonSchemaMerge => self.merge_schemas(left, right),
        }
    }

    fn append(&self, left: Value, right: Value) -> Result<Value, Failure> {
        match (left, right) {
            (Value::Array(mut left), Value::Array(right)) => {
                left.extend(right);
                Ok(Value::Array(left))
            }
            (Value::Null, Value::Array(_)) => Ok(Value::Null),
            (left, right) => Err(self.expects("append", "arrays", &left, &right)),
        }
    }

    fn sum(&self, left: &Value, right: &Value) -> Result<Value, Failure> {
        let sum = match (left, right) {
            (Value::Number(left), Value::Number(right)) => sum(left, right).map(Value::Number),
            _ => match (decimal(left), decimal(right)) {
                (Some(left), Some(right)) => {
                    left.checked_add(right).map(|sum| Value::String(sum.to_string()))
                }
                _ => return Err(self.expects("sum", "numbers", left, right)),
            },
        };
        sum.ok_or_else(|| self.failure(format!("{left} + {right} is too large")))
    }

    /// `order` is that of the left value to the one that wins.
    fn extreme(
        &mut self,
        schemas: &[NodeId],
        key: &[Pointer],
        order: Ordering,
        left: Value,
        right: Value,
    ) -> Result<Value, Failure> {
        match order {
            Ordering::Less => Ok(left),
            Ordering::Equal if !key.is_empty() => self.merge(schemas, &[], left, right),
            _ => Ok(right),
        }
    }

    fn merge_schemas(&self, left: Value, right: Value) -> Result<Value, Failure> {
        let compiled = |schema: &Value| match schema {
            Value::Object(_) | Value::Bool(_) => Schema::compile(schema),
            _ => Err(format!("{schema} is no schema")),
        };
        let failed = |reason: String| {
            self.failure(format!("\"jsonSchemaMerge\" reduces JSON schemas: {reason}"))
        };
        let (of_left, of_right) =
            (compiled(&left).map_err(failed)?, compiled(&right).map_err(failed)?);
        describe::union((&left, &of_left), (&right, &of_right)).map_err(failed)
    }

    /// Reduces a location below this one.
    pub fn below<T>(&mut self, token: &str, reduce: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.at.len();
        pointer::push(&mut self.at, token);
        let reduced = reduce(self);
        // A failure has copied its place already.
        self.at.truncate(length);
        reduced
    }

    /// A failure at this location.
    pub fn failure(&self, reason: String) -> Failure {
        Failure::Impossible { pointer: self.at.clone(), reason }
    }

    fn expects(&self, strategy: &str, what: &str, left: &Value, right: &Value) -> Failure {
        let (left, right) = (kind(left), kind(right));
        self.failure(format!("{strategy:?} reduces {what}, but here are {left} and {right}"))
    }
}

fn sum(left: &Number, right: &Number) -> Option<Number> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left.checked_add(right).and_then(Number::from_i128),
        _ => Number::from_f64(left.as_f64()? + right.as_f64()?),
    }
}

/// A number, or a string that is one.
fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => Decimal::parse(text),
        Value::Number(number) => Decimal::parse(&number.to_string()),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Compares by the value at each pointer in turn; a missing value comes first.
/// Without any pointer it compares the values themselves.
pub fn compare_by(key: &[Pointer], left: &Value, right: &Value) -> Ordering {
    if key.is_empty() {
        return compare(left, right);
    }
    let orders = key.iter().map(|pointer| match (pointer.query(left), pointer.query(right)) {
        (Some(left), Some(right)) => compare(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    });
    orders.fold(Ordering::Equal, Ordering::then)
}
