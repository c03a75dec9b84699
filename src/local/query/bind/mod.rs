//! A query as a plan of DataFusion: names are looked up, types are told, and operators become
//! operations on values of any type.
//!
//! Documents have no schema, so a name is looked up in passes. In each, what is asked of a
//! relation that it doesn't offer yet is noted as a demand, and offered in the next one; when
//! nothing new is asked for, the columns of collections are read, and a last pass knows their
//! types.
//!
//! - `binder`: what goes through the query, and what it has found out.
//! - `scope`: relations; `names`: names in them, of which `outer_name` is one of a query further out.
//! - `select`, `items`, `group`, `projection`, `set`, `order`: the parts of a query, which are
//!   `parts` when they are bound.
//! - `from`, `view`, `join`, `unnest`, `recursion`, `ids`: what a query reads; `reads`: its names.
//! - `expression`, `path`, `forms`, `operator`, `subquery`, `elements`, `literal`: the parts of an
//!   expression, which is `typed` when it is bound; `convert`: from type to type.
//! - `function`, `special`, `search`, `aggregate`, `window`: calls, which are `written` in one form.
//! - `of_input`, `rollup`: ingest transformations.

mod aggregate;
mod binder;
mod convert;
mod elements;
mod expression;
mod forms;
mod from;
mod function;
mod group;
mod ids;
mod items;
mod join;
mod literal;
mod names;
mod of_input;
mod operator;
mod order;
mod outer_name;
mod parts;
mod path;
mod projection;
mod reads;
mod recursion;
mod rollup;
mod scope;
mod search;
mod select;
mod set;
mod special;
mod subquery;
mod sum;
mod typed;
mod unnest;
mod view;
mod window;
mod written;

pub use binder::{Catalog, Context};
pub use of_input::OnInput;
pub use outer_name::OuterName;
pub use reads::{Found, Reads};
pub use rollup::{OnGroups, Rollup, aggregate_name, has_aggregates, key_name};

use super::operation::Stop;
use super::scan::Scan;
use super::sql_error::{SqlError, SqlResult};
use super::types::Type;
use binder::{Binder, Known};
use convert::project;
use datafusion::logical_expr::{Expr, LogicalPlan};
use parts::Content;
use sqlparser::ast;
use std::sync::Arc;

/// A query that can be run.
#[derive(Debug)]
pub struct Plan {
    pub plan: LogicalPlan,
    pub output: Vec<Output>,
    /// The documents that columns of documents mean, by their number.
    pub scans: Vec<Arc<Scan>>,
    pub reads: Reads,
    /// A name of a query around another one, if there is any.
    pub outer_name: Option<OuterName>,
    /// What asks it to end.
    pub stop: Stop,
}

/// What a column of the plan is in the answer.
#[derive(Debug, Clone)]
pub enum Output {
    /// A field of the row.
    Field { name: String, of: Type },
    /// An object whose fields are fields of the row, except these.
    Spread { of: Type, except: Vec<String> },
}

/// Passes after which a query that still asks for more is given up.
const MAX_PASSES: usize = 100;

/// Plans a query.
pub fn plan(query: &ast::Query, context: &Context<'_>) -> SqlResult<Plan> {
    let mut known = Known::default();
    for _ in 0..MAX_PASSES {
        let mut binder = Binder::new(context, &mut known);
        let bound = binder.output(query);
        let reads = std::mem::take(&mut binder.reads);
        let outer_name = binder.outer_name.take();
        if known.take_news() {
            continue;
        }
        if known.read_columns()? {
            continue;
        }
        let (plan, output) = bound.map_err(|error| explained(outer_name.as_ref(), error))?;
        let scans = known.tables.into_values().filter_map(|table| table.scan).collect();
        return Ok(Plan { plan, output, scans, reads, outer_name, stop: context.stop.clone() });
    }
    Err(SqlError::new("The query is nested too deep to find out what it asks for"))
}

/// An error of a query that may have a name of a query around another one.
pub fn explained(outer_name: Option<&OuterName>, error: SqlError) -> SqlError {
    match outer_name {
        Some(name) => name.explain(error),
        None => error,
    }
}

impl Binder<'_> {
    /// The plan of a whole query, and what its columns are in the answer.
    fn output(&mut self, query: &ast::Query) -> SqlResult<(LogicalPlan, Vec<Output>)> {
        let bound = self.query(query, None)?;
        let mut output = Vec::new();
        let mut columns: Vec<Expr> = Vec::new();
        for item in &bound.items {
            columns.push(item.value.expr.clone());
            output.push(match &item.content {
                Content::Field(name) => Output::Field { name: name.clone(), of: item.value.of },
                Content::Spread(except) => {
                    Output::Spread { of: item.value.of, except: except.clone() }
                }
            });
        }
        let plan = project(bound.plan, columns)?;
        Ok((plan, output))
    }
}
