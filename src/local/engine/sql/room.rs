//! Room for expressions: planning one takes stack for each level of it.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use std::thread::Builder;

/// Bytes of stack. No more of it is taken than is needed.
const STACK: usize = 256 << 20;

/// Tokens that an expression may have, for which there is stack.
const TOKENS: usize = 2_000;

/// Does work that may take much stack, or panic. Fails if it does.
pub(super) fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = Builder::new().name("sql".to_string()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, work).map_err(|error| error.to_string())?;
        thread.join().map_err(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
            format!("DataFusion has failed: {}", said.unwrap_or("it does not say why"))
        })
    })
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
