//! Room for expressions: planning one takes stack for each level of it.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use std::io;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

/// Bytes of stack. No more of it is taken than is needed.
const STACK: usize = 256 << 20;

/// Tokens that an expression may have, for which there is stack.
const TOKENS: usize = 2_000;

/// How long to wait for a thread, if the system has none to give.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait before it is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// Why work was not done.
#[derive(Debug)]
pub(super) enum Undone {
    /// There is no thread for it now, which is no fault of the work.
    NoThread(io::Error),
    /// It has failed.
    Failed(String),
}

/// Does work that may take much stack, or panic.
pub(super) fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Undone> {
    let mut work = Some(work);
    let begun = Instant::now();
    loop {
        match attempt(&mut work) {
            Err(_) if begun.elapsed() < PATIENCE => thread::sleep(PAUSE),
            Err(error) => return Err(Undone::NoThread(error)),
            Ok(done) => return done.map_err(Undone::Failed),
        }
    }
}

/// Does work in a thread of its own, or leaves it where it is if there is none.
fn attempt<T: Send>(work: &mut Option<impl FnOnce() -> T + Send>) -> io::Result<Result<T, String>> {
    thread::scope(|scope| {
        let thread = Builder::new().name("sql".to_string()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, || work.take().map(|work| work()))?;
        let done = thread.join().map_err(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
            format!("DataFusion has failed: {}", said.unwrap_or("it does not say why"))
        });
        Ok(done.and_then(|done| done.ok_or_else(|| "it was done before".to_string())))
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
