//! What goes through a query, and what it has found out.

use super::outer_name::OuterName;
use super::reads::{Found, Reads};
use super::scope::Scope;
use crate::local::query::operation::Stop;
use crate::local::query::scan::{Columns, Path, Scan};
use crate::local::query::script::Script;
use crate::local::query::sql_error::{Place, SqlResult};
use crate::local::query::value::Value;
use crate::local::storage::View;
use sqlparser::ast;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What a query can read.
pub trait Catalog {
    /// What a name means: always the same in one query. Fails if there is no such thing.
    fn find(&self, workspace: &str, name: &str) -> SqlResult<Found>;
}

/// What a query is bound with.
pub struct Context<'a> {
    pub catalog: &'a dyn Catalog,
    /// The workspace of names without one. In a view, it is `commons`.
    pub workspace: &'a str,
    /// Values of parameters, by name without the colon.
    pub parameters: &'a BTreeMap<String, Value>,
    /// Functions in front of the query.
    pub script: Option<&'a Script>,
    /// Microseconds since the epoch at which the query began.
    pub now: i64,
    /// What asks the query to end.
    pub stop: Stop,
}

/// What earlier passes have found out.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What is asked of each relation, by its number.
    pub(super) demands: HashMap<usize, Demands>,
    /// The collections that are read, by the number of their relation.
    pub(super) tables: BTreeMap<usize, Table>,
    pub(super) has_news: bool,
}

/// Paths that a relation has to offer.
#[derive(Debug, Default)]
pub(super) struct Demands {
    pub(super) paths: Vec<Path>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) view: Option<View>,
    /// The only `_id`s that are asked for.
    pub(super) ids: Option<Vec<String>>,
    pub(super) scan: Option<Arc<Scan>>,
    pub(super) columns: Option<Arc<Columns>>,
}

impl Known {
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// The place of a path among those that a relation offers.
    pub(super) fn demand(&mut self, relation: usize, path: &[String]) -> usize {
        let paths = &mut self.demands.entry(relation).or_default().paths;
        let known = paths.iter().position(|known| known == path);
        known.unwrap_or_else(|| {
            self.has_news = true;
            paths.push(path.to_vec());
            paths.len() - 1
        })
    }

    pub(super) fn paths(&self, relation: usize) -> &[Path] {
        self.demands.get(&relation).map_or(&[], |demands| &demands.paths)
    }

    /// Reads what is asked of collections and hasn't been read. Tells whether there was such.
    pub(super) fn read_columns(&mut self) -> SqlResult<bool> {
        let mut read = false;
        for (number, (relation, table)) in self.tables.iter_mut().enumerate() {
            let paths = self.demands.get(relation).map_or(&[][..], |demands| &demands.paths);
            let known = table.columns.as_ref().map(|columns| columns.types.len());
            let Some(view) = table.view.as_ref().filter(|_| known != Some(paths.len())) else {
                continue;
            };
            let scan = table
                .scan
                .get_or_insert_with(|| Arc::new(Scan::new(view.clone(), table.ids.as_deref())));
            let columns = scan.columns(paths, number)?;
            table.columns = Some(Arc::new(columns));
            read = true;
        }
        Ok(read)
    }
}

/// A query that `WITH` has named.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) query: Arc<ast::Query>,
    /// Names of its columns, if they are listed.
    pub(super) columns: Vec<String>,
    /// Whether it may refer to itself.
    pub(super) is_recursive: bool,
    /// What it is within itself: the rows that it has found last.
    pub(super) rows: Option<FoundRows>,
}

/// Rows that a recursive query has found.
#[derive(Clone)]
pub(super) struct FoundRows {
    /// The name by which DataFusion finds them.
    pub(super) table: String,
    /// The names of the columns in SQL.
    pub(super) columns: Vec<String>,
}

/// What goes through a query once.
pub(super) struct Binder<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) known: &'a mut Known,
    /// The scopes that an expression sees, the innermost last.
    pub(super) scopes: Vec<Scope>,
    /// Queries that `WITH` has named, the innermost last.
    pub(super) named: Vec<Named>,
    /// Relations so far.
    pub(super) relations: usize,
    /// Columns so far that have been given a name of their own.
    pub(super) columns: usize,
    pub(super) reads: Reads,
    /// How deep the queries of the views are that are bound now, and the number of all views.
    pub(super) views: (usize, usize),
    /// Whether an error is null: within `TRY`.
    pub(super) lenient: bool,
    /// Whether the query asks for the time.
    pub(super) tells_time: bool,
    /// Whether an expression is a part of a `WHERE`, so that what it asks of a query is a join.
    pub(super) is_filter: bool,
    /// Where the expression stands that is bound now.
    pub(super) place: Option<Place>,
    /// A name of a query further out: the one that is furthest.
    pub(super) outer_name: Option<OuterName>,
}

impl<'a> Binder<'a> {
    pub(super) fn new(context: &'a Context<'a>, known: &'a mut Known) -> Self {
        Self {
            context,
            known,
            scopes: Vec::new(),
            named: Vec::new(),
            relations: 0,
            columns: 0,
            reads: Reads::default(),
            views: (0, 0),
            lenient: false,
            tells_time: false,
            is_filter: false,
            place: None,
            outer_name: None,
        }
    }

    pub(super) fn next_relation(&mut self) -> usize {
        self.relations += 1;
        self.relations - 1
    }

    pub(super) fn next_column(&mut self) -> String {
        self.columns += 1;
        format!("x{}", self.columns)
    }
}
