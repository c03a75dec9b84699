//! Queries within expressions.

use super::aggregate::is_aggregate;
use super::binder::Binder;
use super::convert::{filtered, project};
use super::expression::{not, not_if, or_null, place};
use super::names::outer;
use super::parts::Bound;
use super::typed::Typed;
use crate::local::query::operation::{Comparison, Op};
use crate::local::query::sql_error::{Place, SqlError, SqlResult, from_datafusion};
use crate::local::query::types::Type;
use crate::local::query::value::Value;
use datafusion::common::Spans;
use datafusion::functions_aggregate::expr_fn;
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Subquery, lit};
use sqlparser::ast::{self, BinaryOperator};
use std::ops::ControlFlow;
use std::sync::Arc;

pub(super) fn subquery(plan: LogicalPlan) -> Subquery {
    let outer_ref_columns = plan.all_out_ref_exprs();
    Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Spans::new() }
}

impl Binder<'_> {
    /// The only column of a query.
    fn single(&mut self, query: &ast::Query) -> SqlResult<(LogicalPlan, Typed)> {
        let Bound { plan, mut items, .. } = self.query(query, None)?;
        match (items.pop(), items.is_empty()) {
            (Some(item), true) => Ok((plan, item.value)),
            _ => Err(SqlError::new("A query in an expression has one column")),
        }
    }

    pub(super) fn scalar_subquery(&mut self, query: &ast::Query) -> SqlResult<Typed> {
        if let Some(value) = self.of_elements(query)? {
            return Ok(value);
        }
        if let Some(value) = alone(query) {
            return self.expression(value);
        }
        let (plan, value) = self.single(query)?;
        let value = match value.of {
            Type::Document(_) => self.boxed(value),
            _ => value,
        };
        let of = or_null(value.of);
        let may_fail = value.may_fail;
        let plan = project(plan, vec![value.expr])?;
        let value = Typed { expr: Expr::ScalarSubquery(subquery(plan)), of, may_fail };
        Ok(match of.is_boxed() {
            true => self.operation(Op::OrNull, vec![value], of, None),
            false => value,
        })
    }

    /// `value IN (query)` as a condition, where null counts as false: a join that keeps what
    /// matches.
    pub(super) fn in_filter(
        &mut self,
        inner: &ast::Expr,
        query: &ast::Query,
        negated: bool,
    ) -> SqlResult<Typed> {
        if let Some(found) = self.in_array(inner, query, negated)? {
            return Ok(found);
        }
        let value = self.expression(inner)?;
        let (plan, column) = self.single(query)?;
        let [value, column] = self.comparable(value, column, inner);
        let may_fail = value.may_fail || column.may_fail;
        let is_constant = value.expr.column_refs().is_empty();
        // Seen from the query, a value of the query around this one is further out than the next.
        if let Some(name) = self.outer_name.as_mut().filter(|_| value.expr.contains_outer()) {
            name.is_far = true;
            if negated {
                return Err(name.refused());
            }
        }
        let (plan, _) = self.projected_alone(plan, column)?;
        let rows = subquery(plan);
        if negated && (is_constant || !rows.outer_ref_columns.is_empty()) {
            return self.in_no_row(inner, query);
        }
        let expr = Expr::InSubquery(InSubquery::new(Box::new(value.expr), rows, negated));
        Ok(Typed { expr, of: Type::BOOL, may_fail })
    }

    /// `value NOT IN (query)` as a condition, where DataFusion's join doesn't heed nulls: if the
    /// value is constant, or the query of the row. No row is equal to the value or null, and there
    /// is none if the value is null.
    fn in_no_row(&mut self, inner: &ast::Expr, query: &ast::Query) -> SqlResult<Typed> {
        let value = self.expression(inner)?;
        let absent = outer(self.absent(value.clone()), true);
        let (equal, may_fail) = self.equal_rows(value, query, inner)?;
        let null = self.null_rows(query)?;
        let any = filtered(self.all_rows(query)?, absent.expr)?;
        let none = |plan| Expr::Exists(Exists::new(subquery(plan), true));
        let expr = none(equal).and(none(null)).and(none(any));
        Ok(Typed { expr, of: Type::BOOL, may_fail })
    }

    /// `value IN (query)` as a value, which may be null.
    pub(super) fn in_subquery(
        &mut self,
        inner: &ast::Expr,
        query: &ast::Query,
        negated: bool,
    ) -> SqlResult<Typed> {
        if let Some(found) = self.in_array(inner, query, negated)? {
            return Ok(found);
        }
        let value = self.expression(inner)?;
        let absent = self.absent(value.clone());
        let (equal, _) = self.equal_rows(value, query, inner)?;
        let matching = self.counted(equal)?;
        let nulls = self.nulls(query)?;
        let all = self.rows(query)?;
        let of_absent = Typed::new(absent.expr.and(some(all).expr), Type::BOOL);
        let null = Typed::constant(&Value::Null);
        let branches = vec![
            (some(matching), Typed::bool(!negated)),
            (of_absent, null.clone()),
            (some(nulls), null),
        ];
        Ok(self.choice(branches, Typed::bool(negated)))
    }

    /// The same for the elements of an array of the row.
    fn in_array(
        &mut self,
        inner: &ast::Expr,
        query: &ast::Query,
        negated: bool,
    ) -> SqlResult<Option<Typed>> {
        let Some(found) = self.in_elements(inner, query)? else { return Ok(None) };
        let found = self.truth(found, place(inner))?;
        Ok(Some(not_if(negated, found)))
    }

    /// Two values so that `=` of DataFusion is that of SQL.
    fn comparable(&self, value: Typed, column: Typed, at: &ast::Expr) -> [Typed; 2] {
        let plain = value.of.kind() == column.of.kind()
            && !value.of.is_boxed()
            && !matches!(value.of, Type::Document(_));
        match plain {
            true => [value, column],
            false => [value, column].map(|value| self.equality_key(value, place(at))),
        }
    }

    /// `value = ALL (query)`: whether all values are equal to it, rather than just those that it can
    /// be compared with.
    fn equal_to_all(&mut self, left: &ast::Expr, query: &ast::Query) -> SqlResult<Typed> {
        let value = self.expression(left)?;
        let absent = self.absent(value.clone());
        let class = self.class(value.clone(), place(left))?;
        let (equal, _) = self.equal_rows(value, query, left)?;
        let equal = self.counted(equal)?;
        let (plan, column) = self.single(query)?;
        let column = self.class(column, place(left))?;
        let (plan, column) = self.projected_alone(plan, column)?;
        let alike = self.counted(filtered(plan, column.expr.eq(outer(class, true).expr))?)?;
        let all = self.rows(query)?;
        let null = Typed::constant(&Value::Null);
        let is = |condition: Expr| Typed::new(condition, Type::BOOL);
        let branches = vec![
            (is(all.expr.clone().eq(lit(0_i64))), Typed::bool(true)),
            (absent, null.clone()),
            (is(alike.expr.gt(equal.expr.clone())), Typed::bool(false)),
            (is(equal.expr.eq(all.expr)), Typed::bool(true)),
        ];
        Ok(self.choice(branches, null))
    }

    /// The name of what a value can be compared with.
    fn class(&mut self, value: Typed, at: Option<Place>) -> SqlResult<Typed> {
        let kind = self.call_named("TYPEOF", vec![value], at)?;
        let class = |name: &str| Typed::constant(&Value::string(name));
        let is = |name| self.compare(Comparison::Equal, kind.clone(), class(name), at);
        let branches = vec![
            (is("float"), class("int")),
            (is("date"), class("timestamp")),
            (is("datetime"), class("timestamp")),
        ];
        Ok(self.choice(branches, kind.clone()))
    }

    /// A plan with one column alone.
    fn projected_alone(
        &mut self,
        plan: LogicalPlan,
        column: Typed,
    ) -> SqlResult<(LogicalPlan, Typed)> {
        let mut columns = Vec::new();
        let column = self.column(column, &mut columns);
        Ok((project(plan, columns)?, column))
    }

    /// The rows of a query that are equal to a value of the row around it, and whether the
    /// comparison may fail.
    fn equal_rows(
        &mut self,
        value: Typed,
        query: &ast::Query,
        at: &ast::Expr,
    ) -> SqlResult<(LogicalPlan, bool)> {
        let (plan, column) = self.single(query)?;
        let [key, column] = self.comparable(value, column, at);
        let may_fail = key.may_fail || column.may_fail;
        let (plan, column) = self.projected_alone(plan, column)?;
        Ok((filtered(plan, column.expr.eq(outer(key, true).expr))?, may_fail))
    }

    /// The rows of a query that are null or undefined.
    fn null_rows(&mut self, query: &ast::Query) -> SqlResult<LogicalPlan> {
        let (plan, column) = self.single(query)?;
        let absent = self.absent(column);
        filtered(plan, absent.expr)
    }

    /// All rows of a query.
    fn all_rows(&mut self, query: &ast::Query) -> SqlResult<LogicalPlan> {
        let (plan, column) = self.single(query)?;
        let (plan, _) = self.projected_alone(plan, column)?;
        Ok(plan)
    }

    /// How many rows a query has.
    fn rows(&mut self, query: &ast::Query) -> SqlResult<Typed> {
        let plan = self.all_rows(query)?;
        self.counted(plan)
    }

    /// How many rows of a query are null or undefined.
    fn nulls(&mut self, query: &ast::Query) -> SqlResult<Typed> {
        let plan = self.null_rows(query)?;
        self.counted(plan)
    }

    /// How many rows a plan has.
    fn counted(&mut self, plan: LogicalPlan) -> SqlResult<Typed> {
        self.aggregate_of(plan, expr_fn::count(lit(1_i64)), Type::INT)
    }

    /// The only value of an aggregate of a plan. It has a name of its own, since the plan may have
    /// the same aggregate, and a join on that has both.
    fn aggregate_of(&mut self, plan: LogicalPlan, aggregate: Expr, of: Type) -> SqlResult<Typed> {
        let aggregate = aggregate.alias(self.next_column());
        let plan = LogicalPlanBuilder::from(plan)
            .aggregate(Vec::<Expr>::new(), vec![aggregate])
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        Ok(Typed::new(Expr::ScalarSubquery(subquery(plan)), of))
    }

    /// `EXISTS (query)` as a condition: a join that keeps what has a match.
    pub(super) fn exists_filter(&mut self, query: &ast::Query, negated: bool) -> SqlResult<Typed> {
        if let Some(found) = self.exists_element(query)? {
            return Ok(not_if(negated, found));
        }
        let Bound { plan, .. } = self.query(query, None)?;
        let expr = Expr::Exists(Exists::new(subquery(plan), negated));
        Ok(Typed::new(expr, Type::BOOL))
    }

    /// `EXISTS (query)` as a value.
    pub(super) fn exists(&mut self, query: &ast::Query, negated: bool) -> SqlResult<Typed> {
        if self.is_filter {
            return self.exists_filter(query, negated);
        }
        if let Some(found) = self.exists_element(query)? {
            return Ok(not_if(negated, found));
        }
        let Bound { plan, .. } = self.query(query, None)?;
        let found = some(self.counted(plan)?);
        Ok(not_if(negated, found))
    }

    /// `value op ANY (query)`, `value op ALL (query)`: by the least and the greatest value.
    pub(super) fn quantified(
        &mut self,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
        any: bool,
    ) -> SqlResult<Typed> {
        let query = match right {
            ast::Expr::Subquery(query) => query,
            ast::Expr::Nested(inner) => return self.quantified(left, op, inner, any),
            _ => return Err(SqlError::new("ANY, SOME and ALL compare with a query")),
        };
        let (comparison, least) = match (op, any) {
            (BinaryOperator::Eq, true) => return self.in_subquery(left, query, false),
            (BinaryOperator::NotEq, false) => return self.in_subquery(left, query, true),
            (BinaryOperator::Lt, any) => (Comparison::Less, !any),
            (BinaryOperator::LtEq, any) => (Comparison::LessOrEqual, !any),
            (BinaryOperator::Gt, any) => (Comparison::Greater, any),
            (BinaryOperator::GtEq, any) => (Comparison::GreaterOrEqual, any),
            (BinaryOperator::Eq, false) => return self.equal_to_all(left, query),
            (BinaryOperator::NotEq, true) => {
                let all = self.equal_to_all(left, query)?;
                return Ok(not(all));
            }
            _ => {
                let quantifier = if any { "ANY" } else { "ALL" };
                return Err(SqlError::unsupported(format!("{op} {quantifier}")));
            }
        };
        let value = self.expression(left)?;
        let (plan, column) = self.single(query)?;
        let of = or_null(column.of);
        let present = self.present(column);
        let extreme = match least {
            true => expr_fn::min(present.expr),
            false => expr_fn::max(present.expr),
        };
        let extreme = self.aggregate_of(plan, extreme, of)?;
        let nulls = some(self.nulls(query)?);
        let all = self.rows(query)?;
        let holds = self.compare(comparison, value, extreme, place(left));
        let null = Typed::constant(&Value::Null);
        let decided = if any { holds.clone() } else { not(holds.clone()) };
        let branches =
            vec![(not(some(all)), Typed::bool(!any)), (decided, Typed::bool(any)), (nulls, null)];
        Ok(self.choice(branches, holds))
    }
}

/// Whether there are any of what is counted.
fn some(count: Typed) -> Typed {
    Typed { expr: count.expr.gt(lit(0_i64)), of: Type::BOOL, may_fail: count.may_fail }
}

/// The expression that is all of a query: `(SELECT a + 1)`.
fn alone(query: &ast::Query) -> Option<&ast::Expr> {
    let ast::SetExpr::Select(select) = &*query.body else { return None };
    let [ast::SelectItem::UnnamedExpr(value) | ast::SelectItem::ExprWithAlias { expr: value, .. }] =
        &select.projection[..]
    else {
        return None;
    };
    let is_all = query.with.is_none()
        && query.limit_clause.is_none()
        && select.from.is_empty()
        && select.selection.is_none()
        && select.having.is_none();
    let no_groups =
        matches!(&select.group_by, ast::GroupByExpr::Expressions(by, _) if by.is_empty());
    (is_all && no_groups && !aggregates(value)).then_some(value)
}

/// Whether an expression has an aggregate.
fn aggregates(expr: &ast::Expr) -> bool {
    let found = ast::visit_expressions(expr, |expr| match expr {
        ast::Expr::Function(function)
            if is_aggregate(&function.name.to_string().to_ascii_uppercase()) =>
        {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}
