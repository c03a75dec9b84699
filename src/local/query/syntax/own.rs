//! Statements that only Rockset has.

use sqlparser::ast::{Expr, ObjectName, Query};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token};

/// A statement that `sqlparser` has no tree for.
#[derive(Debug)]
pub enum Own {
    /// `DESCRIBE name OPTION(name = value, …)`
    Describe(ObjectName, Vec<(String, Expr)>),
    /// `INSERT INTO 's3://…' … query`
    Export(Export),
}

/// `INSERT INTO 'url' name = value … query [PARTITION BY field, …]`, where a value may be a list
/// of settings in parentheses.
#[derive(Debug)]
pub struct Export {
    pub url: String,
    pub place: Span,
    /// Settings, by their names in upper case. One of a list has the name of the list before its
    /// own: `FORMAT.TYPE`.
    pub settings: Vec<(String, Expr)>,
    pub query: Box<Query>,
    pub partition_by: Vec<Expr>,
}

/// The statement, if it is one of these.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Option<Own>, ParserError> {
    if let Some(described) = parser.maybe_parse(describe)? {
        return Ok(Some(described));
    }
    if let Some((url, place)) = parser.maybe_parse(destination)? {
        return export(parser, url, place).map(Own::Export).map(Some);
    }
    Ok(None)
}

fn describe(parser: &mut Parser<'_>) -> Result<Own, ParserError> {
    if parser.parse_keyword(Keyword::SHOW) {
        parser.expect_keyword(Keyword::COLUMNS)?;
        parser.expect_one_of_keywords(&[Keyword::FROM, Keyword::IN])?;
    } else {
        parser.expect_one_of_keywords(&[Keyword::DESCRIBE, Keyword::DESC])?;
    }
    let name = parser.parse_object_name(false)?;
    parser.expect_keyword(Keyword::OPTION)?;
    let settings = list(parser, "")?;
    parser.expect_token(&Token::EOF)?;
    Ok(Own::Describe(name, settings))
}

fn destination(parser: &mut Parser<'_>) -> Result<(String, Span), ParserError> {
    parser.expect_keywords(&[Keyword::INSERT, Keyword::INTO])?;
    let token = parser.next_token();
    match token.token {
        Token::SingleQuotedString(url) => Ok((url, token.span)),
        _ => parser.expected("a URL", token),
    }
}

fn export(parser: &mut Parser<'_>, url: String, place: Span) -> Result<Export, ParserError> {
    let mut settings = Vec::new();
    while parser.peek_nth_token_ref(1).token == Token::Eq {
        let name = setting_name(parser)?;
        parser.expect_token(&Token::Eq)?;
        match parser.peek_token_ref().token == Token::LParen {
            true => settings.extend(list(parser, &format!("{name}."))?),
            false => settings.push((name, parser.parse_expr()?)),
        }
    }
    let query = parser.parse_query()?;
    // It stands for `PARTITION`.
    let partition_by = match parser.consume_token(&Token::SemiColon) {
        true => {
            parser.expect_keyword(Keyword::BY)?;
            parser.parse_comma_separated(Parser::parse_expr)?
        }
        false => Vec::new(),
    };
    parser.expect_token(&Token::EOF)?;
    Ok(Export { url, place, settings, query, partition_by })
}

/// `(name = value, …)`
fn list(parser: &mut Parser<'_>, prefix: &str) -> Result<Vec<(String, Expr)>, ParserError> {
    parser.expect_token(&Token::LParen)?;
    let settings = parser.parse_comma_separated(|parser| {
        let name = format!("{prefix}{}", setting_name(parser)?);
        parser.expect_token(&Token::Eq)?;
        Ok((name, parser.parse_expr()?))
    })?;
    parser.expect_token(&Token::RParen)?;
    Ok(settings)
}

fn setting_name(parser: &mut Parser<'_>) -> Result<String, ParserError> {
    parser.parse_identifier().map(|name| name.value.to_ascii_uppercase())
}
