//! Rewrites tokens before they are parsed, where no dialect of `sqlparser` reads the syntax:
//!
//! - parameters: `:name`, `: name`, `:"a name"`, `:1` and `?` become placeholders;
//! - `HINT(…)`, which changes no answer, is left out, as is the list after `EXPLAIN`;
//! - `f(…) OPTION(name = value)` becomes `f(…, name => value)`;
//! - `UNNEST(array AS name WITH ORDINALITY AS number)` becomes `UNNEST(array, name, number)`;
//! - `any`, `all` and `some` that no parenthesis follows are names, and quoted;
//! - `PARTITION` of an export becomes `;`;
//! - `;` at the end is left out.

use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::syntax::{place_of, values};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Whitespace, Word};

pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> SqlResult<Vec<TokenWithSpan>> {
    let mut tokens: Vec<_> = tokens.into_iter().filter(|token| !is_space(token)).collect();
    while tokens.pop_if(|token| matches!(token.token, Token::SemiColon | Token::EOF)).is_some() {}
    let end = tokens.last().map_or(Span::empty(), |last| Span::new(last.span.end, last.span.end));
    let tokens = partitioned(tokens);
    let tokens = explained(hints(parameters(quantifiers(tokens))?)?)?;
    let tokens = values::rows(tokens);
    let mut tokens = options(unnests(tokens))?;
    tokens.push(TokenWithSpan { token: Token::EOF, span: end });
    Ok(tokens)
}

/// Takes `OPTION(default_workspace='ws')` from the beginning of a text, and returns the workspace.
pub(super) fn take_workspace(tokens: &mut Vec<TokenWithSpan>) -> SqlResult<Option<String>> {
    let mut workspace = None;
    loop {
        tokens.retain(|token| !is_space(token));
        let Some(first) = tokens.first() else { return Ok(workspace) };
        if !(is_word(first, "option") && opens(tokens, 1)) {
            return Ok(workspace);
        }
        let end = after_parentheses(tokens, 1).ok_or_else(|| unclosed(first))?;
        for option in tokens[2..end - 1].split(|token| token.token == Token::Comma) {
            let text = match option {
                [name, equals, value]
                    if is_word(name, "default_workspace") && equals.token == Token::Eq =>
                {
                    match &value.token {
                        Token::SingleQuotedString(text) => Some(text.clone()),
                        _ => None,
                    }
                }
                _ => None,
            };
            let place = option.first().and_then(|token| place_of(token.span));
            let message = "An option before a query is default_workspace = 'name'";
            workspace = Some(text.ok_or_else(|| SqlError::new(message).at(place))?);
        }
        tokens.drain(..end);
    }
}

/// Maximum tokens of an expression, with those around it, for which there is stack: a chain of
/// operators becomes a tree as deep as the chain is long.
pub(super) const MAX_CHAIN: usize = 2_000;

/// Whether no expression is too long. Expressions between commas are counted apart.
pub(super) fn fit(tokens: &[TokenWithSpan]) -> bool {
    let (mut chain, mut around) = (0, Vec::new());
    let mut length_around = 0;
    tokens.iter().all(|token| {
        match token.token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                around.push(chain);
                length_around += chain;
                chain = 0;
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                let outer = around.pop().unwrap_or(0);
                length_around -= outer;
                chain = outer + 1;
            }
            Token::Comma => chain = 0,
            _ => chain += 1,
        }
        chain + length_around <= MAX_CHAIN
    })
}

fn is_space(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_))
}

fn parameters(tokens: Vec<TokenWithSpan>) -> SqlResult<Vec<TokenWithSpan>> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut braces = Vec::new();
    let mut positions = 0;
    let mut tokens = tokens.into_iter();
    while let Some(mut token) = tokens.next() {
        match &token.token {
            Token::LBrace | Token::LParen | Token::LBracket => braces.push(token.token.clone()),
            Token::RBrace | Token::RParen | Token::RBracket => drop(braces.pop()),
            Token::Placeholder(mark) if mark == "?" => {
                positions += 1;
                token.token = Token::Placeholder(format!(":{positions}"));
            }
            Token::Colon if !follows_a_key(&out, &braces) => {
                let name = tokens.next();
                let name = match name.as_ref().map(|name| &name.token) {
                    Some(Token::Word(word)) => word.value.clone(),
                    Some(Token::Number(digits, _)) => digits.clone(),
                    _ => {
                        let error = SqlError::new("After `:` the name of a parameter is missing");
                        return Err(error.at(place_of(token.span)));
                    }
                };
                token.token = Token::Placeholder(format!(":{name}"));
            }
            _ => {}
        }
        out.push(token);
    }
    Ok(out)
}

/// Whether a colon belongs to an object: `{'key': value}`.
fn follows_a_key(before: &[TokenWithSpan], braces: &[Token]) -> bool {
    let mut before = before.iter().rev().map(|token| &token.token);
    let key = matches!(before.next(), Some(Token::SingleQuotedString(_) | Token::Word(_)));
    let first = matches!(before.next(), Some(Token::LBrace | Token::Comma));
    braces.last() == Some(&Token::LBrace) && key && first
}

fn is_word(token: &TokenWithSpan, text: &str) -> bool {
    matches!(&token.token, Token::Word(Word { value, quote_style: None, .. })
        if value.eq_ignore_ascii_case(text))
}

/// The index after the parenthesis that closes the one at `open`.
fn after_parentheses(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 1 => return Some(at + 1),
            Token::RParen => depth -= 1,
            _ => {}
        }
    }
    None
}

fn opens(tokens: &[TokenWithSpan], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.token == Token::LParen)
}

fn quantifiers(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    for at in 1..tokens.len() {
        let compares = matches!(
            tokens[at - 1].token,
            Token::Eq | Token::Neq | Token::Lt | Token::LtEq | Token::Gt | Token::GtEq
        );
        let is_call = opens(&tokens, at + 1);
        if let Token::Word(word) = &mut tokens[at].token
            && compares
            && !is_call
            && matches!(word.keyword, Keyword::ANY | Keyword::ALL | Keyword::SOME)
        {
            word.quote_style = Some('"');
            word.keyword = Keyword::NoKeyword;
        }
    }
    tokens
}

fn hints(tokens: Vec<TokenWithSpan>) -> SqlResult<Vec<TokenWithSpan>> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if is_word(token, "hint") && opens(&tokens, at + 1) {
            at = after_parentheses(&tokens, at + 1).ok_or_else(|| unclosed(token))?;
        } else {
            out.push(token.clone());
            at += 1;
        }
    }
    Ok(out)
}

/// Parts the `PARTITION BY` of an `INSERT INTO 's3://…'` from its query by `;` in place of
/// `PARTITION`, which the parser would take for one of a table.
fn partitioned(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is_export =
        tokens.get(2).is_some_and(|token| matches!(token.token, Token::SingleQuotedString(_)))
            && is_word(&tokens[0], "insert");
    let mut depth = 0;
    for at in 0..tokens.len() {
        match tokens[at].token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        let is_partition = depth == 0
            && is_word(&tokens[at], "partition")
            && tokens.get(at + 1).is_some_and(|next| is_word(next, "by"));
        if is_export && is_partition {
            tokens[at].token = Token::SemiColon;
        }
    }
    tokens
}

/// Leaves out the list of hints after `EXPLAIN [ANALYZE]`. A query may stand in parentheses, too.
fn explained(mut tokens: Vec<TokenWithSpan>) -> SqlResult<Vec<TokenWithSpan>> {
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| is_word(token, text));
    let list = if is(1, "analyze") { 2 } else { 1 };
    let is_query = |at| {
        opens(&tokens, at) || ["select", "with", "values", "table"].iter().any(|word| is(at, word))
    };
    if is(0, "explain") && opens(&tokens, list) && !is_query(list + 1) {
        let end = after_parentheses(&tokens, list).ok_or_else(|| unclosed(&tokens[list]))?;
        tokens.drain(list..end);
    }
    Ok(tokens)
}

fn unclosed(token: &TokenWithSpan) -> SqlError {
    SqlError::new("A parenthesis is not closed").at(place_of(token.span))
}

fn options(tokens: Vec<TokenWithSpan>) -> SqlResult<Vec<TokenWithSpan>> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let follows_call = out.last().is_some_and(|last| last.token == Token::RParen);
        if !(follows_call && is_word(token, "option") && opens(&tokens, at + 1)) {
            out.push(token.clone());
            at += 1;
            continue;
        }
        let end = after_parentheses(&tokens, at + 1).ok_or_else(|| unclosed(token))?;
        let close = out.pop();
        let with = |replaced: Token| TokenWithSpan { token: replaced, span: token.span };
        out.push(with(Token::Comma));
        out.extend(tokens[at + 2..end - 1].iter().map(|token| match token.token {
            Token::Eq => with(Token::RArrow),
            _ => token.clone(),
        }));
        out.extend(close);
        at = end;
    }
    Ok(out)
}

fn unnests(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is_unnest = |at: usize, tokens: &[TokenWithSpan]| {
        is_word(&tokens[at], "unnest") && opens(tokens, at + 1)
    };
    for at in 0..tokens.len() {
        if is_unnest(at, &tokens)
            && let Some(end) = after_parentheses(&tokens, at + 1)
        {
            unnest(&mut tokens, at + 2, end - 1);
        }
    }
    tokens
}

/// Rewrites what stands between the parentheses of an `UNNEST`.
fn unnest(tokens: &mut [TokenWithSpan], start: usize, end: usize) {
    let mut depth = 0;
    for at in start..end {
        match &tokens[at].token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            Token::Word(word) if depth == 0 && word.keyword == Keyword::AS => {
                tokens[at].token = Token::Comma;
            }
            Token::Word(word) if depth == 0 && word.keyword == Keyword::ORDINALITY => {
                // `WITH ORDINALITY AS n`: the `AS` becomes the comma, what is before it goes.
                tokens[at].token = Token::Whitespace(Whitespace::Space);
                tokens[at - 1].token = tokens[at].token.clone();
                if let Some(next) = tokens.get(at + 1)
                    && at + 1 < end
                    && !is_word(next, "as")
                {
                    tokens[at].token = Token::Comma;
                }
            }
            _ => {}
        }
    }
}
