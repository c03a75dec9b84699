//! Operations that are written with words: `BETWEEN`, `LIKE`, `CASE`, `CAST`, `EXTRACT`.

use super::binder::Binder;
use super::expression::{not_if, or_null, place, result_of};
use super::typed::Typed;
use crate::local::query::functions::Part;
use crate::local::query::operation::{Comparison, Op};
use crate::local::query::sql_error::{Place, SqlError, SqlResult};
use crate::local::query::types::Type;
use crate::local::query::value::{Kind, Value};
use datafusion::logical_expr::{Case, Expr};
use sqlparser::ast;

impl Binder<'_> {
    pub(super) fn between(
        &mut self,
        inner: &ast::Expr,
        low: &ast::Expr,
        high: &ast::Expr,
        negated: bool,
    ) -> SqlResult<Typed> {
        let value = self.expression(inner)?;
        let (low, high) = (self.expression(low)?, self.expression(high)?);
        let at = place(inner);
        let above = self.compare(Comparison::GreaterOrEqual, value.clone(), low, at);
        let below = self.compare(Comparison::LessOrEqual, value, high, at);
        let may_fail = above.may_fail || below.may_fail;
        let between = Typed::new(above.expr.and(below.expr), Type::BOOL).failing(may_fail);
        Ok(not_if(negated, between))
    }

    pub(super) fn like(
        &mut self,
        inner: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::ValueWithSpan>,
        negated: bool,
    ) -> SqlResult<Typed> {
        let (value, pattern) = (self.expression(inner)?, self.expression(pattern)?);
        let plain = value.of.kind() == Some(Kind::String)
            && matches!(pattern.value(), Some(Value::String(_)))
            && escape.is_none();
        let like = if plain {
            Typed::new(value.expr.like(pattern.expr), Type::BOOL)
        } else {
            let mut arguments = vec![value, pattern];
            if let Some(escape) = escape {
                arguments.push(self.literal(escape)?);
            }
            self.operation(Op::Like, arguments, Type::BOOL, place(inner)).failing(true)
        };
        Ok(not_if(negated, like))
    }

    pub(super) fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
    ) -> SqlResult<Typed> {
        let operand = operand.map(|operand| self.expression(operand)).transpose()?;
        let mut branches = Vec::new();
        for when in conditions {
            let condition = self.expression(&when.condition)?;
            let at = place(&when.condition);
            let condition = match &operand {
                Some(operand) => self.compare(Comparison::Equal, operand.clone(), condition, at),
                None => self.truth(condition, at)?,
            };
            branches.push((condition, self.expression(&when.result)?));
        }
        let otherwise = otherwise.map(|otherwise| self.expression(otherwise)).transpose()?;
        Ok(self.choice(branches, otherwise.unwrap_or_else(|| Typed::constant(&Value::Null))))
    }

    /// The value of the first condition that holds.
    pub(super) fn choice(&self, branches: Vec<(Typed, Typed)>, otherwise: Typed) -> Typed {
        // A document as a number of its scan would mean nothing beside other values.
        let plain = |value: Typed| match value.of {
            Type::Document(_) => self.boxed(value),
            _ => value,
        };
        let branches: Vec<_> =
            branches.into_iter().map(|(condition, value)| (condition, plain(value))).collect();
        let otherwise = plain(otherwise);
        let mut of = or_null(otherwise.of);
        for (_, value) in &branches {
            of = of.join(or_null(value.of));
        }
        let mut may_fail = otherwise.may_fail;
        let mut when_then = Vec::new();
        for (condition, value) in branches {
            may_fail |= condition.may_fail || value.may_fail;
            let value = self.coerced(value, of);
            when_then.push((Box::new(condition.expr), Box::new(value.expr)));
        }
        let otherwise = self.coerced(otherwise, of);
        let case = Case::new(None, when_then, Some(Box::new(otherwise.expr)));
        Typed { expr: Expr::Case(case), of, may_fail }
    }

    pub(super) fn cast(
        &mut self,
        kind: &ast::CastKind,
        inner: &ast::Expr,
        data_type: &ast::DataType,
    ) -> SqlResult<Typed> {
        let value = self.expression(inner)?;
        let lenient = matches!(kind, ast::CastKind::TryCast | ast::CastKind::SafeCast);
        self.cast_to(value, &data_type.to_string(), false, lenient, place(inner))
    }

    pub(super) fn cast_to(
        &mut self,
        value: Typed,
        name: &str,
        is_static: bool,
        lenient: bool,
        place: Option<Place>,
    ) -> SqlResult<Typed> {
        let Some(to) = Kind::from_name(name) else {
            return Err(SqlError::new(format!("There is no type {name}")).at(place));
        };
        if value.of.kind() == Some(to) && !is_static && !matches!(value.of, Type::Document(_)) {
            return Ok(Typed { of: or_null(value.of), ..value });
        }
        let value = match value.of {
            Type::Document(_) => self.boxed(value),
            _ => value,
        };
        let outer = self.lenient;
        self.lenient |= lenient;
        let op = Op::Cast { to, is_static };
        let cast = self.operation(op, vec![value], result_of(to), place).failing(true);
        self.lenient = outer;
        Ok(cast)
    }

    pub(super) fn extract(&mut self, part: &str, inner: &ast::Expr) -> SqlResult<Typed> {
        let name = part.to_ascii_lowercase();
        let Some(part) = Part::from_name(&name) else {
            let message = format!("EXTRACT knows no part {name}");
            return Err(SqlError::new(message).at(place(inner)));
        };
        // `EXTRACT(hour FROM t AT TIME ZONE zone)` reads the clock of that zone, which is what
        // the datetime of `AT TIME ZONE` says.
        let value = self.expression(inner)?;
        let (op, of) = (Op::Extract(part), part.of());
        Ok(self.operation(op, vec![value], of, place(inner)).failing(true))
    }
}
