//! Expressions.

use super::binder::Binder;
use super::literal::number;
use super::path::{bare_names, keyword, texts};
use super::typed::Typed;
use crate::local::query::functions;
use crate::local::query::operation::{Arithmetic, Comparison, Op};
use crate::local::query::sql_error::{Place, SqlError, SqlResult};
use crate::local::query::syntax::place_of;
use crate::local::query::types::{Missing, Type};
use crate::local::query::value::Kind;
use datafusion::logical_expr::Expr;
use sqlparser::ast::{self, BinaryOperator, Spanned, UnaryOperator};
use std::slice;

/// Where an expression begins.
pub(super) fn place(expr: &ast::Expr) -> Option<Place> {
    place_of(expr.span())
}

impl Binder<'_> {
    pub(super) fn expression(&mut self, expr: &ast::Expr) -> SqlResult<Typed> {
        self.place = place(expr);
        self.unplaced(expr).map_err(|error| error.at(place(expr)))
    }

    fn unplaced(&mut self, expr: &ast::Expr) -> SqlResult<Typed> {
        use ast::Expr as E;
        match expr {
            E::Identifier(name) if name.quote_style.is_none() => match keyword(&name.value) {
                Some(Ok(value)) => Ok(Typed::constant(&value)),
                Some(Err(function)) => self.call_named(function, Vec::new(), place(expr)),
                None => self.name(slice::from_ref(&name.value)),
            },
            E::Identifier(name) => self.name(slice::from_ref(&name.value)),
            E::CompoundIdentifier(names) => self.name(&texts(names)),
            E::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            E::Nested(inner) => self.expression(inner),
            E::Value(literal) => self.literal(literal),
            E::TypedString(typed) => self.typed_string(typed),
            E::Prefixed { prefix, value } => self.prefixed(prefix, value),
            E::Interval(interval) => self.interval(interval),
            E::UnaryOp { op, expr: inner } => self.unary(op, inner),
            E::BinaryOp { left, op, right } => self.binary(left, op, right, place(expr)),
            E::IsNull(inner) => self.is_absent(inner, false),
            E::IsNotNull(inner) => self.is_absent(inner, true),
            E::IsTrue(inner) => self.is_bool(inner, Expr::IsTrue),
            E::IsNotTrue(inner) => self.is_bool(inner, Expr::IsNotTrue),
            E::IsFalse(inner) => self.is_bool(inner, Expr::IsFalse),
            E::IsNotFalse(inner) => self.is_bool(inner, Expr::IsNotFalse),
            E::IsUnknown(inner) => self.is_absent(inner, false),
            E::IsNotUnknown(inner) => self.is_absent(inner, true),
            E::IsDistinctFrom(a, b) => {
                let same = self.same(a, b)?;
                Ok(not(same))
            }
            E::IsNotDistinctFrom(a, b) => self.same(a, b),
            E::InList { expr: inner, list, negated } => self.in_list(inner, list, *negated),
            E::InSubquery { expr: inner, subquery, negated } => {
                self.in_subquery(inner, subquery, *negated)
            }
            E::InUnnest { expr: inner, array_expr, negated } => {
                let (value, array) = (self.expression(inner)?, self.expression(array_expr)?);
                let found = self.call_named("ARRAY_CONTAINS", vec![array, value], place(expr))?;
                Ok(if *negated { not(self.truth(found, place(expr))?) } else { found })
            }
            E::Exists { subquery, negated } => self.exists(subquery, *negated),
            E::Subquery(query) => self.scalar_subquery(query),
            E::AnyOp { left, compare_op, right, .. } => {
                self.quantified(left, compare_op, right, true)
            }
            E::AllOp { left, compare_op, right } => self.quantified(left, compare_op, right, false),
            E::Between { expr: inner, negated, low, high } => {
                self.between(inner, low, high, *negated)
            }
            E::Like { negated, expr: inner, pattern, escape_char, .. } => {
                self.like(inner, pattern, escape_char.as_ref(), *negated)
            }
            E::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            E::Cast { kind, expr: inner, data_type, .. } => self.cast(kind, inner, data_type),
            E::Extract { field, expr: inner, .. } => self.extract(&field.to_string(), inner),
            E::AtTimeZone { timestamp, time_zone } => {
                let value = self.expression(timestamp)?;
                let zone = self.expression(time_zone)?;
                let of = match value.of.kind() {
                    Some(Kind::Timestamp) => Type::of(Kind::Datetime),
                    Some(Kind::Datetime | Kind::Date) => Type::of(Kind::Timestamp),
                    _ => Type::Any,
                };
                Ok(self.operation(Op::AtTimeZone, vec![value, zone], of, place(expr)).failing(true))
            }
            E::Ceil { expr: inner, .. } => self.call("CEIL", &[inner], place(expr)),
            E::Floor { expr: inner, .. } => self.call("FLOOR", &[inner], place(expr)),
            E::Position { expr: needle, r#in: text } => {
                self.call("STRPOS", &[text, needle], place(expr))
            }
            E::Substring { expr: inner, substring_from, substring_for, .. } => {
                let parts = [Some(inner), substring_from.as_ref(), substring_for.as_ref()];
                let parts: Vec<&ast::Expr> =
                    parts.into_iter().flatten().map(AsRef::as_ref).collect();
                self.call("SUBSTR", &parts, place(expr))
            }
            E::Trim { expr: inner, trim_where, trim_what, trim_characters } => {
                if trim_what.is_some() || trim_characters.is_some() {
                    return Err(SqlError::unsupported("TRIM of other characters than white space"));
                }
                let name = match trim_where {
                    Some(ast::TrimWhereField::Leading) => "LTRIM",
                    Some(ast::TrimWhereField::Trailing) => "RTRIM",
                    _ => "TRIM",
                };
                self.call(name, &[inner], place(expr))
            }
            E::Array(array) => {
                let elements = self.boxed_all(&array.elem)?;
                let of = Type::Only(Kind::Array, Missing::Undefined);
                Ok(self.operation(Op::Array, elements, of, place(expr)))
            }
            E::Tuple(elements) => {
                let elements = self.boxed_all(elements)?;
                let of = Type::Only(Kind::Array, Missing::Undefined);
                Ok(self.operation(Op::Array, elements, of, place(expr)))
            }
            E::Dictionary(fields) => {
                let names = fields.iter().map(|field| field.key.value.clone()).collect();
                let values: SqlResult<Vec<_>> =
                    fields.iter().map(|field| self.expression(&field.value)).collect();
                let values = values?.into_iter().map(|value| self.boxed(value)).collect();
                let of = Type::Only(Kind::Object, Missing::Undefined);
                Ok(self.operation(Op::Object(names), values, of, place(expr)))
            }
            E::Function(function) => match bare_names(function) {
                Some(names) => self.name(&names),
                None => self.function(function),
            },
            other => Err(SqlError::unsupported(format!("The expression {other}"))),
        }
    }

    fn boxed_all(&mut self, exprs: &[ast::Expr]) -> SqlResult<Vec<Typed>> {
        let values: SqlResult<Vec<_>> = exprs.iter().map(|expr| self.expression(expr)).collect();
        Ok(values?.into_iter().map(|value| self.boxed(value)).collect())
    }

    fn prefixed(&mut self, prefix: &ast::Ident, value: &ast::Expr) -> SqlResult<Typed> {
        let Some(kind) = Kind::from_name(&prefix.value) else {
            return Err(SqlError::new(format!("There is no type {prefix}")));
        };
        let value = self.expression(value)?;
        let cast = value.value().map(|value| functions::cast(&value, kind));
        match cast {
            Some(Ok(value)) => Ok(Typed::constant(&value)),
            Some(Err(message)) => Err(SqlError::new(message)),
            None => Err(SqlError::new(format!("After {prefix} a text is needed"))),
        }
    }

    fn unary(&mut self, op: &UnaryOperator, inner: &ast::Expr) -> SqlResult<Typed> {
        // The least int has no positive counterpart.
        if let (UnaryOperator::Minus, ast::Expr::Value(literal)) = (op, inner)
            && let ast::Value::Number(digits, _) = &literal.value
        {
            return Ok(Typed::constant(&number(&format!("-{digits}"))));
        }
        let value = self.expression(inner)?;
        match op {
            UnaryOperator::Not => {
                let truth = self.truth(value, place(inner))?;
                Ok(not(truth))
            }
            UnaryOperator::Plus => Ok(value),
            UnaryOperator::Minus => match value.value() {
                Some(constant) => {
                    let negated = functions::negate(&constant).map_err(SqlError::new)?;
                    Ok(Typed::constant(&negated))
                }
                None => {
                    let of = value.of;
                    let of = if of.kind().is_some_and(Kind::is_number) { of } else { Type::Any };
                    Ok(self.operation(Op::Negate, vec![value], of, place(inner)).failing(true))
                }
            },
            other => Err(SqlError::unsupported(format!("The operator {other}"))),
        }
    }

    fn binary(
        &mut self,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
        place: Option<Place>,
    ) -> SqlResult<Typed> {
        let comparison = match op {
            BinaryOperator::And => return self.and(left, right),
            BinaryOperator::Or => return self.or(left, right),
            BinaryOperator::Eq => Some(Comparison::Equal),
            BinaryOperator::NotEq => Some(Comparison::NotEqual),
            BinaryOperator::Lt => Some(Comparison::Less),
            BinaryOperator::LtEq => Some(Comparison::LessOrEqual),
            BinaryOperator::Gt => Some(Comparison::Greater),
            BinaryOperator::GtEq => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        let (a, b) = (self.expression(left)?, self.expression(right)?);
        if let Some(comparison) = comparison {
            return Ok(self.compare(comparison, a, b, place));
        }
        let arithmetic = match op {
            BinaryOperator::Plus => Arithmetic::Add,
            BinaryOperator::Minus => Arithmetic::Subtract,
            BinaryOperator::Multiply => Arithmetic::Multiply,
            BinaryOperator::Divide => Arithmetic::Divide,
            BinaryOperator::Modulo => Arithmetic::Modulo,
            BinaryOperator::StringConcat => {
                let of = match (a.of.kind(), b.of.kind()) {
                    (Some(Kind::String), Some(Kind::String)) => Type::STRING,
                    _ => Type::Any,
                };
                let may_fail = of == Type::Any;
                return Ok(self.operation(Op::Concat, vec![a, b], of, place).failing(may_fail));
            }
            other => return Err(SqlError::unsupported(format!("The operator {other}"))),
        };
        self.arithmetic(arithmetic, a, b, place)
    }

    fn is_absent(&mut self, inner: &ast::Expr, negated: bool) -> SqlResult<Typed> {
        let value = self.expression(inner)?;
        let absent = self.absent(value);
        Ok(not_if(negated, absent))
    }

    fn is_bool(&mut self, inner: &ast::Expr, test: fn(Box<Expr>) -> Expr) -> SqlResult<Typed> {
        let value = self.expression(inner)?;
        let truth = self.truth(value, place(inner))?;
        Ok(Typed { expr: test(Box::new(truth.expr)), of: Type::BOOL, may_fail: truth.may_fail })
    }

    fn same(&mut self, a: &ast::Expr, b: &ast::Expr) -> SqlResult<Typed> {
        let (left, right) = (self.expression(a)?, self.expression(b)?);
        let (left, right) = (self.boxed(left), self.boxed(right));
        Ok(self.operation(Op::Same, vec![left, right], Type::BOOL, place(a)))
    }
}

/// The type of an operation's result.
pub(super) fn result_of(kind: Kind) -> Type {
    let of = Type::of(kind);
    if of.is_boxed() { Type::Only(kind, Missing::Undefined) } else { of }
}

/// The type of a value that becomes null where it is undefined.
pub(super) fn or_null(of: Type) -> Type {
    match of {
        Type::Only(Kind::Undefined, _) => Type::NULL,
        Type::Only(kind, _) if !of.is_boxed() => Type::of(kind),
        of => of,
    }
}

/// A condition, or its opposite.
pub(super) fn not_if(negated: bool, value: Typed) -> Typed {
    if negated { not(value) } else { value }
}

pub(super) fn not(value: Typed) -> Typed {
    Typed { expr: Expr::Not(Box::new(value.expr)), of: Type::BOOL, may_fail: value.may_fail }
}
