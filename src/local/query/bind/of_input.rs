//! Expressions on the documents that come in, for ingest transformations.

use super::binder::{Binder, Catalog, Context, Known};
use super::elements::is_on_elements;
use super::reads::Found;
use super::scope::{Relation, Scope, Spread};
use super::typed::Typed;
use crate::local::catalog::COMMONS;
use crate::local::query::operation::Stop;
use crate::local::query::scan::{Path, column_name};
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::types::Type;
use datafusion::common::Column;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::{find_aggregate_exprs, find_window_exprs};
use sqlparser::ast;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Expressions on documents, before the types of their fields are known.
#[derive(Debug)]
pub struct OnInput {
    /// What documents are called.
    input: String,
    exprs: Vec<ast::Expr>,
    /// Which of the expressions tells whether a document is kept.
    condition: Option<usize>,
    /// What the expressions read.
    pub paths: Vec<Path>,
    /// Whether they ask for the time.
    pub tells_time: bool,
}

/// There is nothing to read but what comes in.
struct Nothing;

impl Catalog for Nothing {
    fn find(&self, _: &str, _: &str) -> SqlResult<Found> {
        Err(SqlError::new("it can't have a query within"))
    }
}

impl OnInput {
    /// Fails if the expressions make no sense, whatever documents have.
    pub fn new(input: String, exprs: Vec<ast::Expr>, condition: Option<usize>) -> SqlResult<Self> {
        exprs.iter().try_for_each(without_queries)?;
        let mut on = Self { input, exprs, condition, paths: Vec::new(), tells_time: false };
        loop {
            let types = vec![Type::Any; on.paths.len()];
            let (bound, paths, tells_time) = on.pass(&types, 0);
            if paths.len() == on.paths.len() {
                on.tells_time = tells_time;
                bound?.iter().try_for_each(of_one_document)?;
                return Ok(on);
            }
            on.paths = paths;
        }
    }

    /// Whether there are no expressions.
    pub fn is_empty(&self) -> bool {
        self.exprs.is_empty()
    }

    /// The expressions for columns of these types, named as in a scan.
    pub fn bind(&self, types: &[Type], now: i64) -> SqlResult<Vec<Typed>> {
        self.pass(types, now).0
    }

    fn pass(&self, types: &[Type], now: i64) -> (SqlResult<Vec<Typed>>, Vec<Path>, bool) {
        on_input(&self.input, &self.paths, types, now, |binder| {
            let bound = self.exprs.iter().enumerate().map(|(at, expr)| match self.condition {
                Some(condition) if condition == at => binder.filter(expr),
                _ => binder.expression(expr),
            });
            bound.collect()
        })
    }
}

/// Binds a part of a transformation. The `paths` of documents are columns of these types, named as
/// in a scan. Returns all paths that it reads, too, and whether it asks for the time.
pub(super) fn on_input<T>(
    input: &str,
    paths: &[Path],
    types: &[Type],
    now: i64,
    bind: impl FnOnce(&mut Binder<'_>) -> T,
) -> (T, Vec<Path>, bool) {
    let parameters = BTreeMap::new();
    let stop = Stop::default();
    let workspace = COMMONS;
    let (catalog, parameters) = (&Nothing, &parameters);
    let context = Context { catalog, workspace, parameters, script: None, now, stop };
    let mut known = Known::default();
    let mut binder = Binder::new(&context, &mut known);
    let number = binder.next_relation();
    for path in paths {
        binder.known.demand(number, path);
    }
    let offers = types
        .iter()
        .enumerate()
        .map(|(at, of)| Typed::new(Expr::Column(Column::from_name(column_name(0, at))), *of));
    let relation = Relation {
        spreads: vec![Spread::Demanded { offers: offers.collect(), stars: None }],
        ..Relation::closed(number, Some(input.to_string()), Vec::new())
    };
    binder.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
    let bound = bind(&mut binder);
    let tells_time = binder.tells_time;
    (bound, known.paths(number).to_vec(), tells_time)
}

/// Refuses what looks at other documents.
fn of_one_document(value: &Typed) -> SqlResult<()> {
    if let Some(aggregate) = find_aggregate_exprs([&value.expr]).first() {
        return Err(SqlError::new(format!("{aggregate} can stand in the select list only")));
    }
    if !find_window_exprs([&value.expr]).is_empty() {
        return Err(SqlError::new("a window looks at other documents"));
    }
    Ok(())
}

/// Refuses queries, but for those on an array of the document.
pub(super) fn without_queries(of: &impl ast::Visit) -> SqlResult<()> {
    let found = ast::visit_expressions(of, |expr| match expr {
        ast::Expr::Subquery(query)
        | ast::Expr::InSubquery { subquery: query, .. }
        | ast::Expr::Exists { subquery: query, .. }
            if !is_on_elements(query) =>
        {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    match found {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(SqlError::new("it can't have a query within")),
    }
}
