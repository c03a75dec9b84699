//! Room for expressions: planning one takes stack for each level of it.

use crate::local::pool::caught;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

/// Tokens that an expression may have, for which there is stack.
const TOKENS: usize = 2_000;

/// Does work that may take much stack, or panic, on a thread of the pool, which has that
/// stack. Fails if it panics.
pub(super) fn with_room<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    caught(work).map_err(|panicked| format!("DataFusion has failed: {panicked}"))
}

/// Whether there is stack for each expression of a query.
pub(super) fn is_enough_for(tokens: &[TokenWithSpan]) -> bool {
    let (mut within, mut length) = (0_usize, 0);
    tokens.iter().all(|token| {
        match token.token {
            Token::Whitespace(_) => return true,
            Token::LParen | Token::LBracket => within += 1,
            Token::RParen | Token::RBracket => within = within.saturating_sub(1),
            Token::Comma if within == 0 => length = 0,
            _ => {}
        }
        length += 1;
        length <= TOKENS
    })
}
