//! A query and its `SELECT`.

use super::binder::{Binder, Named};
use super::convert::filtered;
use super::expression::{or_null, place};
use super::group::{Replacement, aggregated, grouped_only, replaced};
use super::parts::{Bound, Joined, Key, Selected};
use super::scope::Scope;
use super::typed::Typed;
use crate::local::query::sql_error::{SqlError, SqlResult, from_datafusion};
use crate::local::query::syntax::place_of;
use datafusion::common::Column;
use datafusion::logical_expr::utils::{find_aggregate_exprs, find_window_exprs};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use sqlparser::ast::{self, SetExpr};
use std::sync::Arc;

impl Binder<'_> {
    /// Binds a query. Of `asked`, the number of the relation that it makes, paths may be asked.
    pub(super) fn query(&mut self, query: &ast::Query, asked: Option<usize>) -> SqlResult<Bound> {
        let depth = self.named.len();
        let is_filter = std::mem::take(&mut self.is_filter);
        let bound = self.with_named(query, asked);
        self.is_filter = is_filter;
        self.named.truncate(depth);
        bound
    }

    fn with_named(&mut self, query: &ast::Query, asked: Option<usize>) -> SqlResult<Bound> {
        if let Some(with) = &query.with {
            for named in &with.cte_tables {
                let columns = named.alias.columns.iter();
                self.named.push(Named {
                    name: named.alias.name.value.clone(),
                    query: Arc::new((*named.query).clone()),
                    columns: columns.map(|column| column.name.value.clone()).collect(),
                    is_recursive: with.recursive,
                    rows: None,
                });
            }
        }
        let bound = match &*query.body {
            SetExpr::Select(select) => self.select(select, query.order_by.as_ref(), asked)?,
            body => {
                let bound = self.set(body, asked)?;
                self.ordered(bound, query.order_by.as_ref())?
            }
        };
        self.limited(bound, query)
    }

    pub(super) fn select(
        &mut self,
        select: &ast::Select,
        order_by: Option<&ast::OrderBy>,
        asked: Option<usize>,
    ) -> SqlResult<Bound> {
        unsupported(select)?;
        if select.projection.is_empty() {
            let place = place_of(select.select_token.0.span);
            return Err(SqlError::new("SELECT has nothing to select").at(place));
        }
        let Joined { plan, relations } = self.from(&select.from)?;
        self.restrict(&relations, select.selection.as_ref())?;
        let windows = select.named_window.clone();
        self.scopes.push(Scope { relations, windows, ..Scope::default() });
        let bound = self.of_scope(plan, select, order_by, asked);
        self.scopes.pop();
        bound
    }

    fn of_scope(
        &mut self,
        mut plan: LogicalPlan,
        select: &ast::Select,
        order_by: Option<&ast::OrderBy>,
        asked: Option<usize>,
    ) -> SqlResult<Bound> {
        if let Some(condition) = &select.selection {
            self.is_filter = true;
            let condition = self.filter(condition);
            self.is_filter = false;
            plan = filtered(plan, condition?.expr)?;
        }
        let mut selected = self.items(&select.projection)?;
        self.name_aliases(&selected);
        let groups = self.groups(&select.group_by, &selected)?;
        let mut groups = groups.map(|groups| self.sets(groups)).transpose()?;
        if let Some(groups) = &mut groups {
            plan = self.constants(plan, groups, &mut selected)?;
        }
        let mut having = select.having.as_ref().map(|having| self.filter(having)).transpose()?;
        let mut keys = self.order_keys(order_by, &selected)?;

        let mut exprs: Vec<Expr> =
            selected.iter().map(|selected| selected.item.value.expr.clone()).collect();
        exprs.extend(having.iter().map(|having| having.expr.clone()));
        exprs.extend(keys.iter().map(|key| key.value.expr.clone()));
        let aggregates = find_aggregate_exprs(exprs.iter());
        if groups.is_some() || !aggregates.is_empty() {
            let groups = groups.unwrap_or_default();
            let (grouped, known) = aggregated(plan, &groups, aggregates)?;
            plan = grouped;
            let mut replace = |value: &mut Typed| replaced(value, &known);
            selected.iter_mut().try_for_each(|selected| replace(&mut selected.item.value))?;
            having.iter_mut().try_for_each(&mut replace)?;
            keys.iter_mut().try_for_each(|key| replace(&mut key.value))?;
            for Selected { item, place, .. } in &mut selected {
                let value = &mut item.value;
                grouped_only(value, &plan, "select list", *place)?;
                // What is left out of a set is null.
                value.of = if groups.has_sets() { or_null(value.of) } else { value.of };
            }
            if let Some(having) = &having {
                grouped_only(having, &plan, "HAVING", select.having.as_ref().and_then(place))?;
            }
            for Key { value, place, .. } in &keys {
                grouped_only(value, &plan, "ORDER BY", *place)?;
            }
        }
        if let Some(having) = having {
            plan = LogicalPlanBuilder::from(plan)
                .having(having.expr)
                .and_then(LogicalPlanBuilder::build)
                .map_err(from_datafusion)?;
        }
        plan = windowed(plan, &mut selected, &mut keys)?;
        let is_distinct = matches!(select.distinct, Some(ast::Distinct::Distinct));
        if matches!(select.distinct, Some(ast::Distinct::On(_))) {
            return Err(SqlError::unsupported("DISTINCT ON"));
        }
        self.projected(plan, selected, keys, is_distinct, asked)
    }

    /// The item that a number stands for.
    pub(super) fn position(
        &self,
        expr: &ast::Expr,
        selected: &[Selected],
    ) -> SqlResult<Option<Typed>> {
        let ast::Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(digits, _), .. }) =
            expr
        else {
            return Ok(None);
        };
        let position: Option<usize> = digits.parse().ok();
        let item = position.and_then(|position| selected.get(position.checked_sub(1)?));
        match item {
            Some(selected) => Ok(Some(selected.item.value.clone())),
            None => {
                let message = format!("The select list has no item {digits}");
                Err(SqlError::new(message).at(place(expr)))
            }
        }
    }
}

/// The plan with the columns of window functions.
fn windowed(
    plan: LogicalPlan,
    selected: &mut [Selected],
    keys: &mut [Key],
) -> SqlResult<LogicalPlan> {
    let values = selected.iter().map(|selected| &selected.item.value.expr);
    let windows = find_window_exprs(values.chain(keys.iter().map(|key| &key.value.expr)));
    if windows.is_empty() {
        return Ok(plan);
    }
    let column = |expr: &Expr| Expr::Column(Column::from_name(expr.schema_name().to_string()));
    let known: Vec<Replacement> =
        windows.iter().map(|window| (window.clone(), column(window))).collect();
    let plan = LogicalPlanBuilder::window_plan(plan, windows).map_err(from_datafusion)?;
    for selected in selected {
        replaced(&mut selected.item.value, &known)?;
    }
    for key in keys {
        replaced(&mut key.value, &known)?;
    }
    Ok(plan)
}

fn unsupported(select: &ast::Select) -> SqlResult<()> {
    let parts = [
        (select.top.is_some(), "TOP"),
        (select.into.is_some(), "SELECT INTO"),
        (!select.lateral_views.is_empty(), "LATERAL VIEW"),
        (select.prewhere.is_some(), "PREWHERE"),
        (!select.connect_by.is_empty(), "CONNECT BY"),
        (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
        (!select.sort_by.is_empty(), "SORT BY"),
        (select.qualify.is_some(), "QUALIFY"),
    ];
    match parts.iter().find(|(is_there, _)| *is_there) {
        Some((_, part)) => Err(SqlError::unsupported(part)),
        None => Ok(()),
    }
}
