//! `ORDER BY`, `LIMIT` and `OFFSET`.

use super::binder::Binder;
use super::expression::place;
use super::parts::{Bound, Content, Key, Selected};
use super::scope::{Field, Relation, Scope};
use crate::local::query::sql_error::from_datafusion;
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::value::Value;
use datafusion::logical_expr::LogicalPlanBuilder;
use sqlparser::ast::{self, LimitClause, OrderByKind};

impl Binder<'_> {
    pub(super) fn order_keys(
        &mut self,
        order_by: Option<&ast::OrderBy>,
        selected: &[Selected],
    ) -> SqlResult<Vec<Key>> {
        let mut keys = Vec::new();
        for key in expressions(order_by)? {
            let named = match &key.expr {
                ast::Expr::Identifier(name) => self.alias(&name.value),
                expr => self.position(expr, selected)?,
            };
            let value = match named {
                Some(named) => named,
                None => self.expression(&key.expr)?,
            };
            keys.push(Key { value, options: key.options, place: place(&key.expr) });
        }
        Ok(keys)
    }

    /// The rows of a set operation in an order of its columns.
    pub(super) fn ordered(
        &mut self,
        bound: Bound,
        order_by: Option<&ast::OrderBy>,
    ) -> SqlResult<Bound> {
        if order_by.is_none() {
            return Ok(bound);
        }
        let fields = bound.items.iter().filter_map(|item| match &item.content {
            Content::Field(name) => Some(Field { name: name.clone(), value: item.value.clone() }),
            Content::Spread(_) => None,
        });
        let relation = Relation::closed(self.next_relation(), None, fields.collect());
        let selected: Vec<Selected> = bound
            .items
            .iter()
            .map(|item| Selected { item: item.clone(), source: None, place: None })
            .collect();
        self.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
        let keys = self.order_keys(order_by, &selected);
        self.scopes.pop();
        let sorts: Vec<_> =
            keys?.into_iter().map(|key| self.sort(key.value, &key.options)).collect();
        let plan = LogicalPlanBuilder::from(bound.plan)
            .sort(sorts)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        Ok(Bound { plan, ..bound })
    }

    pub(super) fn limited(&mut self, bound: Bound, query: &ast::Query) -> SqlResult<Bound> {
        if query.fetch.is_some() {
            return Err(SqlError::unsupported("FETCH FIRST"));
        }
        let (limit, offset) = match &query.limit_clause {
            None => return Ok(bound),
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
        };
        let limit = limit.map(|limit| self.count(limit, "LIMIT")).transpose()?;
        let offset = offset.map(|offset| self.count(offset, "OFFSET")).transpose()?;
        let plan = LogicalPlanBuilder::from(bound.plan)
            .limit(offset.unwrap_or(0), limit)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        Ok(Bound { plan, ..bound })
    }

    /// A constant number of rows.
    fn count(&mut self, expr: &ast::Expr, what: &str) -> SqlResult<usize> {
        let wrong = || {
            let message = format!("{what} takes a whole number that isn't negative");
            SqlError::new(message).at(place(expr))
        };
        match self.expression(expr)?.value() {
            Some(Value::Int(count)) => usize::try_from(count).map_err(|_| wrong()),
            Some(Value::Float(count)) if count.fract() == 0.0 && count >= 0.0 => Ok(count as usize),
            _ => Err(wrong()),
        }
    }
}

fn expressions(order_by: Option<&ast::OrderBy>) -> SqlResult<&[ast::OrderByExpr]> {
    match order_by.map(|order_by| &order_by.kind) {
        None => Ok(&[]),
        Some(OrderByKind::Expressions(exprs)) => Ok(exprs),
        Some(OrderByKind::All(_)) => Err(SqlError::unsupported("ORDER BY ALL")),
    }
}
