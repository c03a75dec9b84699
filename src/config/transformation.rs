//! Ingest transformations: SQL that Rockset runs on every document that comes in.

use crate::rockset::types;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use sqlparser::ast::{
    Expr, GroupByExpr, Query, Select, SelectItem, SetExpr, TableFactor, visit_relations,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::{
    ALL_KEYWORDS, ALL_KEYWORDS_INDEX, Keyword, RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;
use std::ops::ControlFlow;

/// The only table that a transformation reads: the incoming documents.
const INPUT: &str = "_input";

/// An ingest transformation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with sql")]
pub struct Transformation {
    /// Your query, of the form `SELECT … FROM _input [WHERE …] [GROUP BY …]
    /// [HAVING …] [CLUSTER BY …]`. Its output `_id` and `_event_time` set the special
    /// fields. It has to pass `_id` on, or documents that you update will come twice.
    #[schemars(
        title = "SQL",
        with = "String",
        example = &"SELECT *, CAST(at AS timestamp) AS _event_time FROM _input",
        extend("multiline" = true, "order" = 0)
    )]
    pub sql: Sql,
}

/// The text of a transformation, which has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql {
    text: String,
    makes_id: bool,
    passes_id: bool,
}

impl Sql {
    /// Reads the SQL of a transformation. Fails with a sentence on what to change.
    pub fn parse(text: &str) -> Result<Self, String> {
        let select = parse(text)?;
        let makes_id = select.projection.iter().any(|item| output_name(item) == Some("_id"));
        let passes_id = makes_id || select.projection.iter().any(passes_everything);
        Ok(Self { text: text.to_string(), makes_id, passes_id })
    }

    /// The transformation that makes an `_id` of the fields of a key, the same as
    /// [`DocumentId::Key`](super::DocumentId::Key), and passes all fields on.
    ///
    /// `fields` are the names of key fields, each with the other name that it has in Rockset, if
    /// any. Files hold fields under their own names, so the transformation renames those.
    pub fn of_key<'a>(fields: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let mut parts = Vec::new();
        let mut renamed = String::new();
        for (field, other) in fields {
            let value = match other {
                None => quote(field),
                Some(other) => format!("COALESCE({}, {})", quote(other), quote(field)),
            };
            if let Some(other) = other {
                renamed.push_str(&format!("{value} AS {}, ", quote(other)));
            }
            parts.push(format!("CAST({value} AS string)"));
        }
        let text = format!("SELECT {} AS _id, {renamed}* FROM {INPUT}", parts.join(" || ':' || "));
        Self { text, makes_id: true, passes_id: true }
    }

    /// The SQL text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether an output of the query is named `_id`.
    pub fn makes_id(&self) -> bool {
        self.makes_id
    }

    /// Whether a document with an `_id` still has one after the transformation.
    pub fn passes_id(&self) -> bool {
        self.passes_id
    }
}

impl<'de> Deserialize<'de> for Sql {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl From<Transformation> for types::FieldMappingQuery {
    fn from(transformation: Transformation) -> Self {
        transformation.sql.into()
    }
}

impl From<Sql> for types::FieldMappingQuery {
    fn from(sql: Sql) -> Self {
        Self { sql: Some(sql.text), ..Self::default() }
    }
}

fn parse(text: &str) -> Result<Select, String> {
    let not_sql = |e| format!("is not SQL that can be read ({e}); write SELECT … FROM {INPUT} …");
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(text).map_err(not_sql)?;
    let query = parser.parse_query().map_err(not_sql)?;
    // CLUSTER BY comes after HAVING, where the parser doesn't know it.
    if parser.parse_keywords(&[Keyword::CLUSTER, Keyword::BY]) {
        parser.parse_comma_separated(Parser::parse_expr).map_err(not_sql)?;
    }
    while parser.consume_token(&Token::SemiColon) {}
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(format!("goes on with {rest} where one SELECT … FROM {INPUT} … has ended"));
    }
    select(*query)
}

/// The query's SELECT. Fails if the query has anything else.
fn select(query: Query) -> Result<Select, String> {
    let wrong = |what: &str| {
        Err(format!(
            "has {what}, which an ingest transformation can't have; write SELECT … FROM {INPUT} \
             [WHERE …] [GROUP BY …] [HAVING …] [CLUSTER BY …]"
        ))
    };
    let ControlFlow::Continue(()) = visit_relations(&query, |relation| {
        if relation.to_string().trim_matches('"') == INPUT {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(relation.to_string())
        }
    }) else {
        return Err(format!("reads another table than {INPUT}, which is all that comes in"));
    };
    if query.with.is_some() {
        return wrong("WITH");
    }
    if query.order_by.is_some() {
        return wrong("ORDER BY");
    }
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return wrong("LIMIT");
    }
    let select = match *query.body {
        SetExpr::Select(select) => select,
        SetExpr::SetOperation { .. } => return wrong("more than one SELECT"),
        _ => return wrong("something other than a SELECT"),
    };
    if select.distinct.is_some() {
        return wrong("DISTINCT");
    }
    match select.from.as_slice() {
        [] => return Err(format!("reads nothing; write SELECT … FROM {INPUT}")),
        [table] if table.joins.is_empty() => match &table.relation {
            TableFactor::Table { .. } => {}
            _ => return wrong("something other than a table after FROM"),
        },
        _ => return wrong("several tables after FROM"),
    }
    if matches!(select.group_by, GroupByExpr::All(_)) {
        return wrong("GROUP BY ALL");
    }
    Ok(*select)
}

/// The name that an item of a SELECT gives its value.
fn output_name(item: &SelectItem) -> Option<&str> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(&alias.value),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(&name.value),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => {
            names.last().map(|name| name.value.as_str())
        }
        _ => None,
    }
}

/// Whether an item is a `*` without `_id` among its exceptions.
fn passes_everything(item: &SelectItem) -> bool {
    match item {
        SelectItem::Wildcard(options) => {
            let except = options.opt_except.as_ref();
            !except.is_some_and(|except| {
                except.first_element.value == "_id"
                    || except.additional_elements.iter().any(|name| name.value == "_id")
            })
        }
        _ => false,
    }
}

/// A name as an SQL identifier, quoted where it has to be.
fn quote(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !is_reserved(name);
    if is_plain { name.to_string() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Whether a name is a keyword in some place of a query.
fn is_reserved(name: &str) -> bool {
    let expression = Parser::new(&GenericDialect {})
        .try_with_sql(name)
        .and_then(|mut parser| parser.parse_expr());
    let keyword = ALL_KEYWORDS
        .iter()
        .position(|keyword| keyword.eq_ignore_ascii_case(name))
        .map(|index| ALL_KEYWORDS_INDEX[index]);
    let is_reserved = |keyword: Keyword| {
        RESERVED_FOR_COLUMN_ALIAS.contains(&keyword) || RESERVED_FOR_TABLE_ALIAS.contains(&keyword)
    };
    !matches!(expression, Ok(Expr::Identifier(_))) || keyword.is_some_and(is_reserved)
}
