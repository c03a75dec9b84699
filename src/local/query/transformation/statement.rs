//! Parses the statement of a transformation.

use super::error::{refused, wrong};
use super::paths::{Path, Paths};
use crate::local::error::ApiError;
use crate::local::query::bind::{OnInput, has_aggregates};
use crate::local::query::syntax;
use sqlparser::ast::{
    ExceptSelectItem, GroupByExpr, Ident, ObjectName, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind as Qualified, SetExpr, TableFactor, TableWithJoins,
    WildcardAdditionalOptions,
};

/// The table that stands for the incoming documents.
const INPUT: &str = "_input";

/// `SELECT items FROM _input WHERE condition`
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) items: Vec<Item>,
    /// The expressions, with the condition.
    pub(super) computed: OnInput,
    /// Index of the expression that is the condition.
    pub(super) condition: Option<usize>,
}

/// An item of the output.
#[derive(Debug)]
pub(super) enum Item {
    /// The fields of the document, or of an object in it.
    Fields { of: Option<Path>, except: Vec<String> },
    /// A value as it is.
    Copy { path: Path, name: String },
    /// The value of an expression.
    Computed { expression: usize, name: String },
}

/// Parses SQL: the query's name for the incoming documents, and the query. Fails if it is no
/// transformation.
pub(super) fn parse(sql: &str) -> Result<(String, Select), ApiError> {
    let statement = syntax::parse_transformation(sql)
        .map_err(|error| wrong(&format!("it can't be parsed: {error}")))?;
    let select = select(statement)?;
    Ok((input(&select.from)?, select))
}

/// Whether a query aggregates documents.
pub(super) fn is_rollup(select: &Select) -> bool {
    let groups = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(by, _) => !by.is_empty(),
    };
    groups || select.having.is_some() || has_aggregates(&select.projection)
}

impl Statement {
    /// Fails if the query is no transformation of single documents.
    pub(super) fn new(input: String, select: Select) -> Result<Self, ApiError> {
        let paths = Paths::new(input.clone());
        let (mut items, mut expressions) = (Vec::new(), Vec::new());
        for item in select.projection {
            items.push(match item {
                SelectItem::Wildcard(options) => {
                    Item::Fields { of: None, except: except(options)? }
                }
                SelectItem::QualifiedWildcard(Qualified::ObjectName(name), options) => {
                    let of = paths.path_of(&identifiers(&name)?);
                    let of = Some(of).filter(|path| !path.is_whole());
                    Item::Fields { of, except: except(options)? }
                }
                SelectItem::UnnamedExpr(expression) => match paths.path(&expression) {
                    Some(path) if !path.is_whole() => Item::Copy { name: path.name(), path },
                    _ => {
                        return Err(wrong(&format!("{expression} has no name: write AS after it")));
                    }
                },
                SelectItem::ExprWithAlias { expr, alias } => {
                    let name = alias.value;
                    match paths.path(&expr) {
                        Some(path) => Item::Copy { path, name },
                        None => {
                            expressions.push(expr);
                            Item::Computed { expression: expressions.len() - 1, name }
                        }
                    }
                }
                other => return Err(wrong(&format!("{other} can't be selected"))),
            });
        }
        let condition = match select.selection {
            None => None,
            Some(condition) => {
                expressions.push(condition);
                Some(expressions.len() - 1)
            }
        };
        let computed = OnInput::new(input, expressions, condition).map_err(refused)?;
        Ok(Self { items, computed, condition })
    }

    /// Whether there is no expression to compute.
    pub(super) fn is_plain(&self) -> bool {
        self.computed.is_empty()
    }

    /// Whether an explicit item gives a field this name.
    pub(super) fn names(&self, field: &str) -> bool {
        self.items.iter().any(|item| match item {
            Item::Fields { .. } => false,
            Item::Copy { name, .. } | Item::Computed { name, .. } => name == field,
        })
    }
}

/// The SELECT, which must be the whole query.
fn select(statement: Query) -> Result<Select, ApiError> {
    let Query { with, order_by, limit_clause, fetch, .. } = statement;
    if with.is_some() || order_by.is_some() || limit_clause.is_some() || fetch.is_some() {
        return Err(wrong("it can't have WITH, ORDER BY or LIMIT"));
    }
    let SetExpr::Select(select) = *statement.body else {
        return Err(wrong("it must be one SELECT"));
    };
    if select.distinct.is_some() || select.top.is_some() || select.into.is_some() {
        return Err(wrong("it can't have DISTINCT, TOP or INTO"));
    }
    if select.qualify.is_some() || !select.lateral_views.is_empty() || select.prewhere.is_some() {
        return Err(wrong("it can't have QUALIFY, LATERAL VIEW or PREWHERE"));
    }
    Ok(*select)
}

/// The query's name for the incoming documents.
fn input(from: &[TableWithJoins]) -> Result<String, ApiError> {
    let other = || wrong(&format!("it must read {INPUT} and nothing else"));
    let [TableWithJoins { relation, joins }] = from else {
        return Err(other());
    };
    match relation {
        TableFactor::Table { name, alias, args: None, .. } if joins.is_empty() => {
            match identifiers(name)?.as_slice() {
                [only] if only.value == INPUT => {}
                _ => return Err(other()),
            }
            let alias = alias.as_ref().map(|alias| alias.name.value.clone());
            Ok(alias.unwrap_or_else(|| INPUT.to_string()))
        }
        _ => Err(other()),
    }
}

fn identifiers(name: &ObjectName) -> Result<Vec<Ident>, ApiError> {
    let parts = name.0.iter().map(|part| part.as_ident().cloned());
    parts.collect::<Option<_>>().ok_or_else(|| wrong(&format!("{name} is no name")))
}

/// The fields that `*` leaves out.
fn except(options: WildcardAdditionalOptions) -> Result<Vec<String>, ApiError> {
    let others = options.opt_ilike.is_some()
        || options.opt_exclude.is_some()
        || options.opt_replace.is_some()
        || options.opt_rename.is_some();
    if others {
        return Err(wrong("after * there can be nothing but EXCEPT"));
    }
    let Some(ExceptSelectItem { first_element, additional_elements }) = options.opt_except else {
        return Ok(Vec::new());
    };
    Ok([first_element].into_iter().chain(additional_elements).map(|name| name.value).collect())
}
