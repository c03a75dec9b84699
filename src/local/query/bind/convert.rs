//! Operations on expressions, and conversions between their types.

use super::binder::Binder;
use super::typed::Typed;
use crate::local::query::operation::{Documents, Op, Operation};
use crate::local::query::sql_error::{Place, SqlError, SqlResult, from_datafusion};
use crate::local::query::types::Type;
use crate::local::query::value::{Kind, encode};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};

impl Binder<'_> {
    /// An operation on expressions.
    pub(super) fn operation(
        &self,
        op: Op,
        arguments: Vec<Typed>,
        returns: Type,
        place: Option<Place>,
    ) -> Typed {
        let may_fail = arguments.iter().any(|argument| argument.may_fail);
        let types = arguments.iter().map(|argument| argument.of).collect();
        let operation = Operation::new(op, types, returns, self.context.now, place);
        let operation = operation.stopped_by(self.context.stop.clone());
        let operation = if self.lenient { operation.lenient() } else { operation };
        let arguments = arguments.into_iter().map(|argument| argument.expr).collect();
        Typed { expr: operation.call(arguments), of: returns, may_fail }
    }

    /// The same values, each encoded by itself.
    pub(super) fn boxed(&self, value: Typed) -> Typed {
        match value.of {
            of if of.is_boxed() => value,
            Type::Document(scan) => self.document(value, scan),
            Type::UNDEFINED => Typed::nothing(Type::Any),
            _ => match value.value() {
                Some(constant) => {
                    let encoded = ScalarValue::BinaryView(Some(encode(&constant)));
                    Typed::new(Expr::Literal(encoded, None), Type::Any)
                }
                None => self.operation(Op::Box, vec![value], Type::Any, None),
            },
        }
    }

    /// Documents as objects.
    fn document(&self, value: Typed, scan: usize) -> Typed {
        let mut scans = self.known.tables.values().filter_map(|table| table.scan.clone());
        match scans.nth(scan) {
            Some(scan) => {
                self.operation(Op::Document(Documents(scan)), vec![value], Type::Any, None)
            }
            None => Typed::nothing(Type::Any),
        }
    }

    /// The same values in a column of another type, which has room for them.
    pub(super) fn coerced(&self, value: Typed, to: Type) -> Typed {
        if value.of == to {
            return value;
        }
        if value.of.is_absent() && !to.is_boxed() {
            return Typed::nothing(to);
        }
        let boxed = match to.is_boxed() {
            true => self.boxed(value),
            false => value,
        };
        Typed { of: to, ..boxed }
    }

    /// A bool of Arrow; an error if it is known to be none.
    pub(super) fn truth(&self, value: Typed, place: Option<Place>) -> SqlResult<Typed> {
        match value.of.kind() {
            Some(Kind::Bool) => Ok(Typed { of: Type::BOOL, ..value }),
            Some(Kind::Null | Kind::Undefined) => Ok(Typed::nothing(Type::BOOL)),
            // As `CAST` makes a bool of a number.
            Some(Kind::Int) => {
                Ok(Typed { expr: value.expr.not_eq(lit(0_i64)), of: Type::BOOL, ..value })
            }
            Some(Kind::Float) => {
                Ok(Typed { expr: value.expr.not_eq(lit(0.0)), of: Type::BOOL, ..value })
            }
            Some(kind) => {
                Err(SqlError::new(format!("A bool is needed here, not {kind}")).at(place))
            }
            None => Ok(self.operation(Op::Truth, vec![value], Type::BOOL, place).failing(true)),
        }
    }

    /// The value without what is absent: null in Arrow, whatever type it has.
    pub(super) fn present(&self, value: Typed) -> Typed {
        match value.of {
            Type::Document(_) => {
                let boxed = self.boxed(value);
                self.operation(Op::Present, vec![boxed], Type::Any, None)
            }
            of if of.is_boxed() => self.operation(Op::Present, vec![value], of, None),
            _ => value,
        }
    }

    /// Values as floats of Arrow.
    pub(super) fn number(&self, value: Typed, place: Option<Place>) -> SqlResult<Typed> {
        match value.of.kind() {
            Some(Kind::Float) => Ok(Typed { of: Type::FLOAT, ..value }),
            Some(Kind::Int) => {
                let expr = cast(value.expr, Type::FLOAT.arrow());
                Ok(Typed { expr, of: Type::FLOAT, may_fail: value.may_fail })
            }
            Some(Kind::Null | Kind::Undefined) => Ok(Typed::nothing(Type::FLOAT)),
            None => Ok(self.operation(Op::Number, vec![value], Type::FLOAT, place).failing(true)),
            Some(kind) => {
                Err(SqlError::new(format!("A number is needed here, not {kind}")).at(place))
            }
        }
    }
}

/// A plan with these columns alone.
pub(super) fn project(plan: LogicalPlan, columns: Vec<Expr>) -> SqlResult<LogicalPlan> {
    LogicalPlanBuilder::from(plan)
        .project(columns)
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)
}

/// The rows of a plan that meet a condition.
pub(super) fn filtered(plan: LogicalPlan, condition: Expr) -> SqlResult<LogicalPlan> {
    LogicalPlanBuilder::from(plan)
        .filter(condition)
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)
}

/// A row without columns.
pub(super) fn one_row() -> SqlResult<LogicalPlan> {
    LogicalPlanBuilder::empty(true).build().map_err(from_datafusion)
}
