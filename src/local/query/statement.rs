//! Statements: queries, and statements that do more with a query than answer its rows.

use super::destination::Destination;
use super::script::Script;
use super::sql_error::{Place, SqlError, SqlResult};
use super::syntax::{self, Own, Parsed, Text, place_of};
use crate::local::catalog::COMMONS;
use sqlparser::ast::{
    self, Expr, LimitClause, ObjectName, Spanned, TableObject, Value, ValueWithSpan, Visit,
    VisitMut, Visitor, VisitorMut,
};
use sqlparser::tokenizer::Span;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// A statement.
#[derive(Debug, Clone)]
pub enum Statement {
    Query(Query),
    /// `INSERT INTO target [(field, …)] query`, with the number of fields if they are listed.
    Insert {
        target: Target,
        query: Query,
        fields: Option<usize>,
    },
    /// `INSERT INTO 's3://…' query`.
    Export {
        destination: Destination,
        query: Query,
    },
    /// `DESCRIBE target`, with the most parts that a path may have.
    Describe(Target, usize),
    /// `EXPLAIN [ANALYZE] query`.
    Explain {
        query: Query,
        analyze: bool,
    },
}

/// A query of a statement.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) tree: Box<ast::Query>,
    /// The workspace of names without one.
    pub(super) workspace: String,
    /// The functions in front of it.
    pub(super) script: Option<Script>,
}

impl Query {
    fn new(tree: Box<ast::Query>, workspace: String) -> Self {
        Self { tree, workspace, script: None }
    }

    /// The query of a view. Its parts have no places, because those would be taken for places in
    /// the text of the query that names the view. This may take much stack.
    pub fn of_view(text: &str) -> SqlResult<Self> {
        match syntax::parse_without_places(text)? {
            ast::Statement::Query(tree) => Ok(Self::new(tree, COMMONS.to_string())),
            other => Err(SqlError::unsupported(format!("A view of {other}"))),
        }
    }

    /// How deep its parts are nested.
    pub fn depth(&self) -> usize {
        let mut depths = Depths::default();
        let _ = self.tree.visit(&mut depths);
        depths.deepest
    }
}

/// Measures how deep queries, expressions and joins are nested.
#[derive(Default)]
struct Depths {
    depth: usize,
    deepest: usize,
}

impl Depths {
    fn enter(&mut self) -> ControlFlow<()> {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        ControlFlow::Continue(())
    }

    fn leave(&mut self) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

impl Visitor for Depths {
    type Break = ();

    fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.enter()
    }

    fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.leave()
    }

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.enter()
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.leave()
    }

    fn pre_visit_table_factor(&mut self, _: &ast::TableFactor) -> ControlFlow<()> {
        self.enter()
    }

    fn post_visit_table_factor(&mut self, _: &ast::TableFactor) -> ControlFlow<()> {
        self.leave()
    }
}

/// A collection that a statement names.
#[derive(Debug, Clone)]
pub struct Target {
    pub workspace: String,
    pub name: String,
    pub place: Option<Place>,
}

impl Statement {
    /// Parses a text. This may take much stack.
    pub fn read(text: &str) -> SqlResult<Self> {
        let (script, text) = Script::split(text)?;
        let Text { workspace, parsed } = syntax::parse(&text)?;
        let workspace = workspace.unwrap_or_else(|| COMMONS.to_string());
        let mut statement = match parsed {
            Parsed::Own(Own::Describe(name, settings)) => described(&name, &settings, workspace),
            Parsed::Own(Own::Export(export)) => Ok(Self::Export {
                destination: Destination::of(&export)?,
                query: Query::new(export.query, workspace),
            }),
            Parsed::Statement(statement) => Self::of(*statement, workspace),
        }?;
        if let Some(query) = statement.query_mut() {
            query.script = script;
        }
        Ok(statement)
    }

    fn of(statement: ast::Statement, workspace: String) -> SqlResult<Self> {
        match statement {
            ast::Statement::Query(tree) => Ok(Self::Query(Query::new(tree, workspace))),
            ast::Statement::Insert(insert) => self::insert(insert, workspace),
            ast::Statement::ExplainTable { table_name, .. } => {
                described(&table_name, &[], workspace)
            }
            ast::Statement::ShowColumns { show_options, .. } => {
                let name = show_options.show_in.and_then(|within| within.parent_name);
                let missing = || SqlError::new("SHOW COLUMNS needs the name of a collection");
                described(&name.ok_or_else(missing)?, &[], workspace)
            }
            ast::Statement::Explain { statement, analyze, .. } => match *statement {
                ast::Statement::Query(tree) => {
                    Ok(Self::Explain { query: Query::new(tree, workspace), analyze })
                }
                other => Err(SqlError::unsupported(format!("To explain {other}"))),
            },
            other => Err(SqlError::unsupported(format!("The statement {other}"))),
        }
    }

    /// Limits a query without a `LIMIT` to this number of rows.
    pub fn limit(&mut self, rows: u64) {
        if let Self::Query(query) = self {
            limit(&mut query.tree, rows);
        }
    }

    /// The names of the statement's parameters, without the colon.
    pub fn parameters(&self) -> BTreeSet<String> {
        struct Parameters(BTreeSet<String>);

        impl Visitor for Parameters {
            type Break = ();

            fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
                if let Value::Placeholder(name) = &value.value {
                    self.0.insert(name.trim_start_matches(':').to_string());
                }
                ControlFlow::Continue(())
            }
        }

        let mut found = Parameters(BTreeSet::new());
        if let Some(query) = self.query() {
            let _ = query.tree.visit(&mut found);
        }
        found.0
    }

    fn query(&self) -> Option<&Query> {
        match self {
            Self::Query(query)
            | Self::Insert { query, .. }
            | Self::Export { query, .. }
            | Self::Explain { query, .. } => Some(query),
            Self::Describe(..) => None,
        }
    }

    fn query_mut(&mut self) -> Option<&mut Query> {
        match self {
            Self::Query(query)
            | Self::Insert { query, .. }
            | Self::Export { query, .. }
            | Self::Explain { query, .. } => Some(query),
            Self::Describe(..) => None,
        }
    }

    /// Removes the limits of queries, for a check before the parameters of a `LIMIT` are known.
    pub fn forget_limits(&mut self) {
        struct Limits;

        impl VisitorMut for Limits {
            type Break = ();

            fn pre_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<()> {
                query.limit_clause = None;
                ControlFlow::Continue(())
            }
        }

        if let Some(query) = self.query_mut() {
            let _ = VisitMut::visit(&mut *query.tree, &mut Limits);
        }
    }
}

fn limit(query: &mut ast::Query, rows: u64) {
    let number = Value::Number(rows.to_string(), false).with_span(Span::empty());
    let rows = Some(Expr::Value(number));
    match &mut query.limit_clause {
        None if query.fetch.is_none() => {
            let clause = LimitClause::LimitOffset { limit: rows, offset: None, limit_by: vec![] };
            query.limit_clause = Some(clause);
        }
        Some(LimitClause::LimitOffset { limit, .. }) if limit.is_none() => *limit = rows,
        _ => {}
    }
}

/// Parses the name of a collection, with or without that of its workspace.
fn target(name: &ObjectName, default: String) -> SqlResult<Target> {
    let place = place_of(name.span());
    let parts = name.0.iter().filter_map(|part| part.as_ident());
    let mut parts: Vec<_> = parts.map(|part| part.value.clone()).collect();
    let Some(name) = parts.pop() else {
        return Err(SqlError::new(format!("{name} names no collection")).at(place));
    };
    let workspace = if parts.is_empty() { default } else { parts.join(".") };
    Ok(Target { workspace, name, place })
}

/// `DESCRIBE name OPTION(max_field_depth = 1)`.
fn described(
    name: &ObjectName,
    settings: &[(String, Expr)],
    workspace: String,
) -> SqlResult<Statement> {
    let mut depth = usize::MAX;
    for (name, value) in settings {
        let number = match value {
            Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => {
                digits.parse().ok()
            }
            _ => None,
        };
        let wrong = || SqlError::new("max_field_depth takes a whole number that isn't negative");
        match name.as_str() {
            "MAX_FIELD_DEPTH" => {
                depth = number.ok_or_else(|| wrong().at(place_of(value.span())))?
            }
            _ => {
                let error = SqlError::new(format!("DESCRIBE has no option {name}"));
                return Err(error.at(place_of(value.span())));
            }
        }
    }
    Ok(Statement::Describe(target(name, workspace)?, depth))
}

fn insert(insert: ast::Insert, workspace: String) -> SqlResult<Statement> {
    let TableObject::TableName(name) = &insert.table else {
        return Err(SqlError::unsupported("INSERT INTO anything but a collection"));
    };
    let target = target(name, workspace.clone())?;
    let Some(query) = insert.source else {
        return Err(SqlError::new("INSERT INTO needs a query").at(target.place));
    };
    let fields = Some(insert.columns.len()).filter(|fields| *fields > 0);
    let tree = match fields {
        None => query,
        Some(_) => renamed(query, &insert.columns)?,
    };
    Ok(Statement::Insert { target, query: Query::new(tree, workspace), fields })
}

/// A query whose columns have these names: `SELECT * FROM (query) AS _ (name, …)`.
fn renamed(query: Box<ast::Query>, columns: &[ObjectName]) -> SqlResult<Box<ast::Query>> {
    let outer = format!("SELECT * FROM (SELECT 1) AS _inserted ({})", listed(columns));
    let ast::Statement::Query(mut outer) = syntax::parse_statement(&outer)? else {
        return Err(SqlError::unsupported("This list of fields"));
    };
    if let ast::SetExpr::Select(select) = &mut *outer.body
        && let [from] = &mut select.from[..]
        && let ast::TableFactor::Derived { subquery, .. } = &mut from.relation
    {
        *subquery = query;
    }
    Ok(outer)
}

fn listed(columns: &[ObjectName]) -> String {
    let name = |column: &ObjectName| {
        let text = column.0.last().and_then(|part| part.as_ident()).map(|name| &name.value);
        format!("\"{}\"", text.map_or("", String::as_str).replace('"', "\"\""))
    };
    columns.iter().map(name).collect::<Vec<_>>().join(", ")
}
