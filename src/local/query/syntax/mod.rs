//! The text of a query as a tree of `sqlparser`.
//!
//! - `dialect`: how Rockset's SQL differs from what `sqlparser` knows.
//! - `own`: statements that only Rockset has.
//! - `tokens`: what no dialect can say is rewritten between tokenizing and parsing; `values` does
//!   so for `VALUES`.

mod dialect;
mod own;
#[cfg(test)]
mod tests;
mod tokens;
mod values;

pub use dialect::IS_UNDEFINED;
pub use own::{Export, Own};

use super::sql_error::{Place, SqlError, SqlResult};
use dialect::Rockset;
use sqlparser::ast::{Query, Statement};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

/// Maximum depth of expressions and queries. The threads that parse them have the stack for it.
pub const MAX_DEPTH: usize = 400;

/// A statement, with the options before it.
#[derive(Debug)]
pub struct Text {
    /// The workspace of names without one, if an option says it.
    pub workspace: Option<String>,
    pub parsed: Parsed,
}

/// A statement as a tree.
#[derive(Debug)]
pub enum Parsed {
    Own(Own),
    Statement(Box<Statement>),
}

/// Parses a text that holds one statement, which options may precede.
pub fn parse(text: &str) -> SqlResult<Text> {
    let mut tokens = tokenized(text)?;
    let workspace = tokens::take_workspace(&mut tokens)?;
    let mut parser = parser_of(rewritten(tokens)?);
    let parsed = match own::parse(&mut parser).map_err(wrong)? {
        Some(own) => Parsed::Own(own),
        None => Parsed::Statement(Box::new(only_statement(parser)?)),
    };
    Ok(Text { workspace, parsed })
}

/// Parses a text that holds one statement that isn't Rockset's own.
pub fn parse_statement(text: &str) -> SqlResult<Statement> {
    only_statement(parser(text)?)
}

fn only_statement(mut parser: Parser<'_>) -> SqlResult<Statement> {
    let mut statements = parser.parse_statements().map_err(wrong)?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (None, _) => Err(SqlError::new("The query is empty")),
        (Some(_), false) => Err(SqlError::new("A query is one statement, not several")),
    }
}

/// Parses a text that holds one statement, without the places of its parts.
pub fn parse_without_places(text: &str) -> SqlResult<Statement> {
    let mut tokens = tokens(text)?;
    tokens.iter_mut().for_each(|token| token.span = Span::empty());
    only_statement(parser_of(tokens))
}

/// Parses the query of an ingest transformation, which may end with `CLUSTER BY`.
pub fn parse_transformation(text: &str) -> SqlResult<Query> {
    let mut parser = parser(text)?;
    let query = parser.parse_query().map_err(wrong)?;
    // The parser itself accepts it before HAVING only.
    if parser.parse_keywords(&[Keyword::CLUSTER, Keyword::BY]) {
        parser.parse_comma_separated(Parser::parse_expr).map_err(wrong)?;
    }
    match parser.peek_token() {
        end if end.token == Token::EOF => Ok(*query),
        other => parser.expected("the end of the query", other).map_err(wrong),
    }
}

fn parser(text: &str) -> SqlResult<Parser<'static>> {
    Ok(parser_of(tokens(text)?))
}

fn parser_of(tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    let parser = Parser::new(&Rockset).with_recursion_limit(MAX_DEPTH);
    parser.with_tokens_with_locations(tokens)
}

fn tokens(text: &str) -> SqlResult<Vec<TokenWithSpan>> {
    rewritten(tokenized(text)?)
}

fn tokenized(text: &str) -> SqlResult<Vec<TokenWithSpan>> {
    let tokens = Tokenizer::new(&Rockset, text).tokenize_with_location();
    tokens.map_err(|error| SqlError::new(error.message).at(place(error.location)))
}

fn rewritten(tokens: Vec<TokenWithSpan>) -> SqlResult<Vec<TokenWithSpan>> {
    let tokens = tokens::rewrite(tokens)?;
    if !tokens::fit(&tokens) {
        let limit = tokens::MAX_CHAIN;
        let message = format!("The query has an expression beyond the limit of {limit} words");
        return Err(SqlError::new(message));
    }
    Ok(tokens)
}

/// The place where a part of the tree begins.
pub fn place_of(span: Span) -> Option<Place> {
    place(span.start)
}

fn place(location: Location) -> Option<Place> {
    (location.line > 0).then_some(Place { line: location.line, column: location.column })
}

/// Converts an error of the parser, whose message is the only place that tells the position: `… at
/// Line: 1, Column: 8`.
fn wrong(error: ParserError) -> SqlError {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => {
            return SqlError::new(format!("The query is nested beyond the limit of {MAX_DEPTH}"));
        }
    };
    let parts = text.rsplit_once(" at Line: ").and_then(|(message, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((message, Place { line: line.parse().ok()?, column: column.parse().ok()? }))
    });
    match parts {
        Some((message, place)) => SqlError::new(message).at(place),
        None => SqlError::new(text),
    }
}
