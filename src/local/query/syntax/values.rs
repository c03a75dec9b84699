//! `VALUES 1, 2`: rows of one column, which Rockset takes without parentheses.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Puts each row of one column into the parentheses that the parser wants.
pub(super) fn rows(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out = Vec::with_capacity(tokens.len());
    // The depth of parentheses of each list that is open, and the present one.
    let (mut lists, mut depth) = (Vec::new(), 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        let with = |inserted: Token| TokenWithSpan { token: inserted, span: token.span };
        if lists.last() == Some(&depth) {
            if ends(&token.token) {
                lists.pop();
                out.push(with(Token::RParen));
            } else if token.token == Token::Comma {
                out.extend([Token::RParen, Token::Comma, Token::LParen].map(with));
                continue;
            }
        }
        match token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            _ => {}
        }
        out.push(token.clone());
        if keyword(&token.token) == Some(Keyword::VALUES)
            && begins_query(&tokens[..at])
            && tokens.get(at + 1).is_some_and(|next| begins_value(&next.token))
        {
            lists.push(depth);
            out.push(with(Token::LParen));
        }
    }
    if let (Some(_), Some(last)) = (lists.pop(), tokens.last()) {
        out.push(TokenWithSpan { token: Token::RParen, span: last.span });
    }
    out
}

fn keyword(token: &Token) -> Option<Keyword> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    }
}

/// Whether a query may begin after these tokens.
fn begins_query(before: &[TokenWithSpan]) -> bool {
    let Some(last) = before.last() else { return true };
    let follows = [
        Keyword::UNION,
        Keyword::INTERSECT,
        Keyword::EXCEPT,
        Keyword::ALL,
        Keyword::DISTINCT,
        Keyword::EXPLAIN,
        Keyword::ANALYZE,
    ];
    last.token == Token::LParen
        || last.token == Token::RParen
        || keyword(&last.token).is_some_and(|word| follows.contains(&word))
}

/// Whether a token after `VALUES` begins a value, rather than going on with a field that is called
/// so.
fn begins_value(token: &Token) -> bool {
    let values = [
        Keyword::NoKeyword,
        Keyword::TRUE,
        Keyword::FALSE,
        Keyword::NULL,
        Keyword::CAST,
        Keyword::CASE,
        Keyword::INTERVAL,
        Keyword::DATE,
        Keyword::TIMESTAMP,
    ];
    match token {
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Placeholder(_) => true,
        token => keyword(token).is_some_and(|word| values.contains(&word)),
    }
}

/// Whether a token ends the list that it stands in.
fn ends(token: &Token) -> bool {
    let after = [
        Keyword::UNION,
        Keyword::INTERSECT,
        Keyword::EXCEPT,
        Keyword::ORDER,
        Keyword::LIMIT,
        Keyword::OFFSET,
    ];
    matches!(token, Token::RParen | Token::SemiColon)
        || keyword(token).is_some_and(|word| after.contains(&word))
}
