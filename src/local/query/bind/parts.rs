//! Parts of a query that are bound.

use super::scope::Relation;
use super::typed::Typed;
use crate::local::query::sql_error::Place;
use datafusion::logical_expr::LogicalPlan;
use sqlparser::ast;

/// A query with its columns.
pub(super) struct Bound {
    pub(super) plan: LogicalPlan,
    pub(super) items: Vec<Item>,
    /// Columns for the paths that are asked of the query's spread fields.
    pub(super) offers: Vec<Typed>,
}

/// An item of a select list.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) value: Typed,
    pub(super) content: Content,
}

/// What an item brings.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Field(String),
    /// The fields of an object, except these.
    Spread(Vec<String>),
}

/// An item that is selected, before it has a column of its own.
pub(super) struct Selected {
    pub(super) item: Item,
    /// Where the fields of a spread item are looked up.
    pub(super) source: Option<Relation>,
    pub(super) place: Option<Place>,
}

/// What rows are ordered by.
pub(super) struct Key {
    pub(super) value: Typed,
    pub(super) options: ast::OrderByOptions,
    pub(super) place: Option<Place>,
}

/// What has been joined so far.
pub(super) struct Joined {
    pub(super) plan: LogicalPlan,
    pub(super) relations: Vec<Relation>,
}
