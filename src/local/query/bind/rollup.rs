//! The query of a rollup: an ingest transformation that aggregates documents.

use super::aggregate::is_aggregate;
use super::binder::Binder;
use super::group::{Group, Replacement, replaced};
use super::items::default_name;
use super::of_input::{on_input, without_queries};
use super::parts::{Content, Selected};
use super::typed::Typed;
use crate::local::query::scan::Path;
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::types::Type;
use datafusion::common::Column;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::{find_aggregate_exprs, find_window_exprs};
use sqlparser::ast::{self, Visit, Visitor};
use std::ops::ControlFlow;

/// The query of a rollup.
#[derive(Debug)]
pub struct OnGroups {
    /// What documents are called.
    input: String,
    select: ast::Select,
    /// What the query reads. Its columns hold values of any type, so that the states of aggregates
    /// are alike whatever documents have come in.
    pub paths: Vec<Path>,
    /// Whether the query asks for the time.
    pub tells_time: bool,
}

/// The parts of a rollup. Keys and aggregates are of columns of documents; the items are of columns
/// of keys and aggregates.
#[derive(Debug)]
pub struct Rollup {
    pub condition: Option<Typed>,
    pub keys: Vec<Typed>,
    pub aggregates: Vec<Expr>,
    /// The fields of a group's document.
    pub items: Vec<(String, Typed)>,
}

impl OnGroups {
    /// Fails if the query makes no sense, whatever documents have.
    pub fn new(input: String, select: ast::Select) -> SqlResult<Self> {
        without_queries(&select)?;
        select.projection.iter().try_for_each(named)?;
        if select.having.is_some() {
            let message = "a rollup can't have HAVING: its groups grow, so filter when you query";
            return Err(SqlError::new(message));
        }
        let mut on = Self { input, select, paths: Vec::new(), tells_time: false };
        loop {
            let (bound, paths, tells_time) = on.pass(0);
            if paths.len() == on.paths.len() {
                on.tells_time = tells_time;
                return bound.map(|_| on);
            }
            on.paths = paths;
        }
    }

    pub fn bind(&self, now: i64) -> SqlResult<Rollup> {
        self.pass(now).0
    }

    fn pass(&self, now: i64) -> (SqlResult<Rollup>, Vec<Path>, bool) {
        let types = vec![Type::Any; self.paths.len()];
        on_input(&self.input, &self.paths, &types, now, |binder| binder.rollup(&self.select))
    }
}

impl Binder<'_> {
    fn rollup(&mut self, select: &ast::Select) -> SqlResult<Rollup> {
        let condition = select.selection.as_ref().map(|filter| self.filter(filter)).transpose()?;
        let selected = self.items(&select.projection)?;
        self.name_aliases(&selected);
        let groups = self.groups(&select.group_by, &selected)?;
        let keys = groups.into_iter().flatten().map(key).collect::<SqlResult<Vec<_>>>()?;
        let items = selected.into_iter().map(item).collect::<SqlResult<Vec<_>>>()?;
        let aggregates = find_aggregate_exprs(items.iter().map(|(_, value)| &value.expr));
        on_documents(condition.iter().chain(&keys))?;
        let items = of_groups(items, &keys, &aggregates)?;
        Ok(Rollup { condition, keys, aggregates, items })
    }
}

fn key(group: Group) -> SqlResult<Typed> {
    match group {
        Group::Key(key) => Ok(key),
        _ => Err(SqlError::new("a rollup can't have ROLLUP, CUBE or GROUPING SETS")),
    }
}

fn item(selected: Selected) -> SqlResult<(String, Typed)> {
    match selected.item.content {
        Content::Field(name) if name == "_id" => {
            Err(SqlError::new("a rollup can't set _id: each group has its own"))
        }
        Content::Field(name) => Ok((name, selected.item.value)),
        Content::Spread(_) => Err(SqlError::new("a rollup can't select *")),
    }
}

/// Refuses an expression without a name.
fn named(item: &ast::SelectItem) -> SqlResult<()> {
    match item {
        ast::SelectItem::UnnamedExpr(expr) if default_name(expr, 0).starts_with('?') => {
            Err(SqlError::new(format!("{expr} has no name: write AS after it")))
        }
        _ => Ok(()),
    }
}

/// Refuses aggregates and windows where there are no groups yet.
fn on_documents<'a>(values: impl Iterator<Item = &'a Typed>) -> SqlResult<()> {
    for value in values {
        if let Some(aggregate) = find_aggregate_exprs([&value.expr]).first() {
            return Err(SqlError::new(format!("{aggregate} can stand in the select list only")));
        }
    }
    Ok(())
}

/// The name of the column with a key of groups.
pub fn key_name(at: usize) -> String {
    format!("k{at}")
}

/// The name of the column with the values of an aggregate.
pub fn aggregate_name(at: usize) -> String {
    format!("a{at}")
}

/// The items, of columns of keys and aggregates.
fn of_groups(
    mut items: Vec<(String, Typed)>,
    keys: &[Typed],
    aggregates: &[Expr],
) -> SqlResult<Vec<(String, Typed)>> {
    let column = |name| Expr::Column(Column::from_name(name));
    let keys = keys.iter().enumerate().filter(|(_, key)| !matches!(key.expr, Expr::Literal(..)));
    let keys = keys.map(|(at, key)| (key.expr.clone(), column(key_name(at))));
    let aggregates = aggregates.iter().enumerate();
    let aggregates = aggregates.map(|(at, expr)| (expr.clone(), column(aggregate_name(at))));
    let known: Vec<Replacement> = keys.chain(aggregates).collect();
    for (name, value) in &mut items {
        replaced(value, &known)?;
        let columns = value.expr.column_refs();
        if !columns.iter().all(|column| known.iter().any(|(_, to)| is_column(to, column))) {
            let message = format!("{name} is neither in the GROUP BY nor within an aggregate");
            return Err(SqlError::new(message));
        }
        if !find_window_exprs([&value.expr]).is_empty() {
            return Err(SqlError::new("a window looks at other documents"));
        }
    }
    Ok(items)
}

fn is_column(expr: &Expr, column: &Column) -> bool {
    matches!(expr, Expr::Column(known) if known == column)
}

/// Whether a select list has aggregates.
pub fn has_aggregates(projection: &[ast::SelectItem]) -> bool {
    projection.iter().any(|item| item.visit(&mut Aggregates::default()).is_break())
}

/// Finds aggregates that aren't of a query within.
#[derive(Default)]
struct Aggregates {
    depth: usize,
}

impl Visitor for Aggregates {
    type Break = ();

    fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<()> {
        match expr {
            ast::Expr::Function(function)
                if self.depth == 0
                    && function.over.is_none()
                    && is_aggregate(&function.name.to_string().to_ascii_uppercase()) =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
