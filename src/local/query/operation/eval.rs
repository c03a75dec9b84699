//! Operations on single values.

use super::{Op, Operation};
use crate::local::query::columns::{Builder, Reader};
use crate::local::query::functions;
use crate::local::query::like::Pattern;
use crate::local::query::value::{Value, compare, total_order};
use arrow::array::{Array, ArrayRef};
use datafusion::common::Result;

impl Operation {
    /// The result for one row.
    pub(super) fn eval(&self, args: &[Value]) -> std::result::Result<Value, String> {
        let [first, second] = [0, 1].map(|at| args.get(at).unwrap_or(&Value::Undefined));
        let absent = first.is_absent() || second.is_absent();
        Ok(match &self.op {
            Op::UnlessStopped | Op::First | Op::Box | Op::Number | Op::Truth | Op::Present => {
                first.clone()
            }
            Op::Unknown => Value::Null,
            Op::Field(name) => first.field(name).clone(),
            Op::Subscript => match second {
                Value::String(name) => first.field(name).clone(),
                Value::Int(index) => first.element(*index).clone(),
                _ => Value::Undefined,
            },
            Op::IsAbsent => Value::Bool(first.is_absent()),
            Op::IsUndefined => Value::Bool(*first == Value::Undefined),
            Op::OrNull if first.is_absent() => Value::Null,
            Op::OrNull => first.clone(),
            Op::Compare(comparison) => match compare(first, second) {
                Some(order) => Value::Bool(comparison.holds(order)),
                None => Value::Null,
            },
            Op::Same => Value::Bool(match (first.is_absent(), second.is_absent()) {
                (false, false) => total_order(first, second).is_eq(),
                (a, b) => a == b,
            }),
            Op::Arithmetic(arithmetic) => arithmetic.of(first, second)?,
            Op::Negate => functions::negate(first)?,
            Op::Concat if absent => Value::Null,
            Op::Concat => match (first, second) {
                (Value::String(a), Value::String(b)) => Value::String(format!("{a}{b}")),
                (Value::Bytes(a), Value::Bytes(b)) => Value::Bytes([&a[..], b].concat()),
                (Value::Array(a), Value::Array(b)) => Value::Array([&a[..], b].concat()),
                (a, b) => return Err(format!("can't concatenate {} and {}", a.kind(), b.kind())),
            },
            Op::Cast { .. } if first.is_absent() => Value::Null,
            Op::Cast { to, is_static: true } => functions::static_cast(first, *to)?,
            Op::Cast { to, is_static: false } => functions::cast(first, *to)?,
            Op::Like if absent => Value::Null,
            Op::Like => match (first, second) {
                (Value::String(text), Value::String(pattern)) => {
                    let escape = match args.get(2) {
                        Some(Value::String(escape)) => escape.chars().next(),
                        _ => Some('\\'),
                    };
                    Value::Bool(Pattern::new(pattern, escape)?.matches(text))
                }
                (Value::String(_), other) | (other, _) => {
                    return Err(format!("LIKE compares strings, not {}", other.kind()));
                }
            },
            Op::Extract(part) => functions::extract(*part, first)?,
            Op::AtTimeZone if absent => Value::Null,
            Op::AtTimeZone => functions::at_time_zone(first, second)?,
            Op::Array => {
                let or_null = |value: &Value| match value {
                    Value::Undefined => Value::Null,
                    value => value.clone(),
                };
                Value::Array(args.iter().map(or_null).collect())
            }
            Op::Object(names) => {
                let fields = names.iter().cloned().zip(args.iter().cloned());
                let fields = fields.filter(|(_, value)| *value != Value::Undefined);
                Value::Object(fields.collect())
            }
            Op::Function(function) => function.call(args, self.now)?,
            Op::Document(documents) => match first {
                Value::Int(number) => documents.0.value(*number).map_err(|error| error.message)?,
                _ => Value::Undefined,
            },
            Op::EqualityKey | Op::Elements | Op::Ordinals | Op::FromList | Op::Script(_) => {
                return Err(format!("{:?} is no operation on single values", self.op));
            }
        })
    }

    /// Evaluates the operation row by row.
    pub(super) fn row_by_row(
        &self,
        columns: &[ArrayRef],
        rows: usize,
        eval: &dyn Fn(&[Value]) -> std::result::Result<Value, String>,
    ) -> Result<ArrayRef> {
        let of = columns.iter().zip(&self.arguments);
        let readers: Vec<_> = of.map(|(column, of)| Reader::new(column, *of)).collect();
        let mut out = Builder::new(self.returns, rows);
        let mut args: Vec<Value> = vec![Value::Undefined; readers.len()];
        // A value that all rows have in common is read once.
        let constant: Vec<bool> =
            columns.iter().map(|column| column.len() == 1 && rows != 1).collect();
        for ((arg, reader), constant) in args.iter_mut().zip(&readers).zip(&constant) {
            if *constant {
                *arg = reader.get(0);
            }
        }
        for row in 0..rows {
            for ((arg, reader), constant) in args.iter_mut().zip(&readers).zip(&constant) {
                if !constant {
                    *arg = reader.get(row);
                }
            }
            let value = match eval(&args) {
                Err(_) if self.is_lenient && !self.reads_documents() => Value::Null,
                outcome => outcome.map_err(|message| self.error(message))?,
            };
            out.push(&value).map_err(|message| self.error(format!("{:?}: {message}", self.op)))?;
        }
        Ok(out.finish())
    }
}
