//! Expressions whose types are known.

use crate::local::query::types::{Missing, Type};
use crate::local::query::value::{Value, encode};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, lit};

/// An expression with the type of its values.
#[derive(Debug, Clone)]
pub struct Typed {
    pub expr: Expr,
    pub of: Type,
    /// Whether evaluating it may fail, depending on values.
    pub may_fail: bool,
}

impl Typed {
    pub fn new(expr: Expr, of: Type) -> Self {
        Self { expr, of, may_fail: false }
    }

    pub fn failing(mut self, may_fail: bool) -> Self {
        self.may_fail |= may_fail;
        self
    }

    /// A constant.
    pub fn constant(value: &Value) -> Self {
        let scalar = match value {
            Value::Undefined => {
                return Self::new(Expr::Literal(ScalarValue::Null, None), Type::UNDEFINED);
            }
            Value::Null => ScalarValue::Null,
            Value::Bool(bool) => ScalarValue::Boolean(Some(*bool)),
            Value::Int(int) | Value::MonthInterval(int) | Value::MicrosecondInterval(int) => {
                ScalarValue::Int64(Some(*int))
            }
            Value::Float(float) => ScalarValue::Float64(Some(*float)),
            Value::String(text) => ScalarValue::Utf8View(Some(text.clone())),
            Value::Date(days) => ScalarValue::Date32(Some(*days)),
            Value::Time(micros) => ScalarValue::Time64Microsecond(Some(*micros)),
            Value::Datetime(micros) => ScalarValue::TimestampMicrosecond(Some(*micros), None),
            Value::Timestamp(micros) => {
                ScalarValue::TimestampMicrosecond(Some(*micros), Some("UTC".into()))
            }
            boxed => ScalarValue::BinaryView(Some(encode(boxed))),
        };
        let of = Type::of(value.kind());
        let missing = if of.is_boxed() { Missing::Undefined } else { Missing::Null };
        Self::new(Expr::Literal(scalar, None), Type::Only(value.kind(), missing))
    }

    /// Its value, if it is a constant.
    pub fn value(&self) -> Option<Value> {
        let Expr::Literal(scalar, _) = &self.expr else { return None };
        let column = scalar.to_array_of_size(1).ok()?;
        Some(crate::local::query::columns::Reader::new(&column, self.of).get(0))
    }

    /// Nothing of a type.
    pub fn nothing(of: Type) -> Self {
        let null = ScalarValue::try_from(&of.arrow()).unwrap_or(ScalarValue::Null);
        Self::new(Expr::Literal(null, None), of)
    }

    pub fn bool(bool: bool) -> Self {
        Self::new(lit(bool), Type::BOOL)
    }
}
