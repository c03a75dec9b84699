//! The statement of a transformation, taken apart.

use super::error::wrong;
use super::functions;
use super::names::{self, Path, Paths};
use super::room;
use crate::local::errors::Failure;
use datafusion::sql::sqlparser::ast::{
    ExceptSelectItem, Expr, GroupByExpr, Ident, ObjectName, Query as Statement, Select, SelectItem,
    SelectItemQualifiedWildcardKind as Qualified, SetExpr, TableFactor, TableWithJoins,
    WildcardAdditionalOptions,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// The table that stands for the documents that come in.
const INPUT: &str = "_input";

/// `SELECT items FROM _input WHERE condition`
#[derive(Debug)]
pub(super) struct Query {
    pub(super) items: Vec<Item>,
    /// What is computed, and the condition. They refer to `paths`.
    pub(super) expressions: Vec<Expr>,
    /// Which of the expressions tells whether a document is kept.
    pub(super) condition: Option<usize>,
    pub(super) paths: Vec<Path>,
}

/// What the output gets.
#[derive(Debug)]
pub(super) enum Item {
    /// The fields of the document, or of an object in it.
    Fields { of: Option<Path>, except: Vec<String> },
    /// A value as it is.
    Copy { path: Path, name: String },
    /// The value of an expression.
    Computed { expression: usize, name: String },
}

impl Query {
    /// Takes SQL apart. Fails if it is no transformation.
    pub(super) fn parse(sql: &str) -> Result<Self, Failure> {
        let statement =
            statement(sql).map_err(|error| wrong(&format!("it can't be parsed: {error}")))?;
        let select = select(statement)?;
        let input = input(&select.from)?;

        let mut paths = Paths::new(input);
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
                            expressions.push(prepared(expr, &mut paths)?);
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
                expressions.push(prepared(condition, &mut paths)?);
                Some(expressions.len() - 1)
            }
        };
        Ok(Self { items, expressions, condition, paths: paths.into_used() })
    }

    /// Whether an item of its own gives a field this name.
    pub(super) fn names(&self, field: &str) -> bool {
        self.items.iter().any(|item| match item {
            Item::Fields { .. } => false,
            Item::Copy { name, .. } | Item::Computed { name, .. } => name == field,
        })
    }
}

fn statement(sql: &str) -> Result<Statement, ParserError> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location()?;
    if !room::is_enough_for(&tokens) {
        return Err(ParserError::RecursionLimitExceeded);
    }
    let mut parser = Parser::new(&GenericDialect {}).with_tokens_with_locations(tokens);
    let statement = parser.parse_query()?;
    // The parser takes it before HAVING only.
    if parser.parse_keywords(&[Keyword::CLUSTER, Keyword::BY]) {
        parser.parse_comma_separated(Parser::parse_expr)?;
    }
    while parser.consume_token(&Token::SemiColon) {}
    match parser.peek_token() {
        end if end.token == Token::EOF => Ok(*statement),
        other => parser.expected("the end of the query", other),
    }
}

/// The SELECT, which must be all that there is.
fn select(statement: Statement) -> Result<Select, Failure> {
    let Statement { with, order_by, limit_clause, fetch, .. } = statement;
    if with.is_some() || order_by.is_some() || limit_clause.is_some() || fetch.is_some() {
        return Err(wrong("it can't have WITH, ORDER BY or LIMIT"));
    }
    let SetExpr::Select(select) = *statement.body else {
        return Err(wrong("it must be one SELECT"));
    };
    let groups = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(by, _) => !by.is_empty(),
    };
    if groups || select.having.is_some() {
        return Err(functions::rollup("GROUP BY"));
    }
    if select.distinct.is_some() || select.top.is_some() || select.into.is_some() {
        return Err(wrong("it can't have DISTINCT, TOP or INTO"));
    }
    if select.qualify.is_some() || !select.lateral_views.is_empty() || select.prewhere.is_some() {
        return Err(wrong("it can't have QUALIFY, LATERAL VIEW or PREWHERE"));
    }
    Ok(*select)
}

/// The name by which the query calls the documents that come in.
fn input(from: &[TableWithJoins]) -> Result<String, Failure> {
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

fn identifiers(name: &ObjectName) -> Result<Vec<Ident>, Failure> {
    let parts = name.0.iter().map(|part| part.as_ident().cloned());
    parts.collect::<Option<_>>().ok_or_else(|| wrong(&format!("{name} is no name")))
}

/// The fields that `*` leaves out.
fn except(options: WildcardAdditionalOptions) -> Result<Vec<String>, Failure> {
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

/// An expression that refers to paths, checked.
fn prepared(mut expression: Expr, paths: &mut Paths) -> Result<Expr, Failure> {
    names::resolve(&mut expression, paths)?;
    functions::check(&expression)?;
    Ok(expression)
}
