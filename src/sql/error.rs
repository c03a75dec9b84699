//! What goes wrong, for who typed the query.

use super::options::SERVER;
use super::statement::Statement;
use crate::rockset;
use console::measure_text_width;
use std::error::Error as _;
use std::fmt;
use std::io::{self, Write};

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused a query.
    #[error("{0}")]
    Wrong(Wrong),
    /// A call failed for another reason than the query.
    #[error("{}", called(.0))]
    Call(rockset::Error),
    /// A file or stdin could not be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// As it was given.
        path: String,
        /// The system's words.
        reason: io::Error,
    },
    /// Where queries should be, there are none.
    #[error("there is no query in {0}")]
    Empty(String),
    /// A command of the prompt that there is not.
    #[error("there is no command \\{0}; see \\?")]
    Command(String),
    /// Rows could not be printed.
    #[error("cannot print: {0}")]
    Print(#[from] io::Error),
    /// The terminal failed.
    #[error("the terminal: {0}")]
    Terminal(#[from] rustyline::error::ReadlineError),
    /// Ctrl-C cancelled the query.
    #[error("cancelled")]
    Cancelled,
    /// Ctrl-C a second time.
    #[error("ended; the query may still run")]
    Ended,
}

impl Error {
    /// Tells it to who sits at the terminal.
    pub(super) fn tell(&self) {
        let text = match self {
            Self::Cancelled | Self::Ended => self.to_string(),
            error => format!("error: {error}"),
        };
        // Without stderr there is nobody to tell.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// What a call failed with that a query caused.
    pub(super) fn of(error: rockset::Error, statement: &Statement) -> Self {
        let place = error.rejection().filter(|refused| refused.status.is_client_error());
        let place = place.map(|refused| &refused.model);
        let words = place.and_then(|model| Some((model.message.clone()?, model)));
        let refused = |model: &rockset::types::ErrorModel| {
            model.line.is_some() || model.type_ == Some(rockset::enums::ErrorType::QueryError)
        };
        match words {
            Some((message, model)) if refused(model) => {
                let place = (positive(model.line), positive(model.column));
                Self::Wrong(Wrong::new(message, place, statement))
            }
            _ => Self::Call(error),
        }
    }
}

fn positive(number: Option<i32>) -> Option<usize> {
    number.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0)
}

/// An error and its causes, and what to do where nobody answers.
fn called(error: &rockset::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    if let (rockset::Error::Unreachable(_), true) = (error, text.contains(SERVER)) {
        text.push_str("; `materialize-rockset local` starts a local Rockset there");
    }
    text
}

/// A query that the server refused, with a mark under the place that it named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The server's words.
    pub message: String,
    /// Line, column, and the text of that line; from 1, in the text that was given.
    pub place: Option<(usize, usize, String)>,
}

impl Wrong {
    fn new(message: String, place: (Option<usize>, Option<usize>), statement: &Statement) -> Self {
        let (Some(line), Some(column)) = place else {
            return Self { message, place: None };
        };
        let text = statement.text.lines().nth(line - 1).unwrap_or_default().to_string();
        Self { message, place: Some((line + statement.lines_before, column, text)) }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let Some((line, column, text)) = &self.place else { return Ok(()) };
        let number = format!("{line} | ");
        // A tab is as wide above the mark as in the line, whatever the terminal makes of it.
        let before = text.chars().take(column - 1).map(|c| match c {
            '\t' => "\t".to_string(),
            c => " ".repeat(measure_text_width(c.encode_utf8(&mut [0; 4]))),
        });
        let before: String = before.collect();
        write!(f, "\n{number}{text}\n{}{before}^", " ".repeat(number.len()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_under_its_column() {
        let shown = |text: &str, line, column| {
            let statement = Statement { text: text.to_string(), lines_before: 8 };
            Wrong::new("no".to_string(), (Some(line), Some(column)), &statement).to_string()
        };
        assert_eq!(shown("SELECT COUT(*)", 1, 8), "no\n9 | SELECT COUT(*)\n           ^");
        assert_eq!(shown("SELECT\n\t日 x", 2, 4), "no\n10 | \t日 x\n     \t   ^");
        assert_eq!(shown("SELECT", 1, 40), "no\n9 | SELECT\n          ^");
        assert_eq!(shown("SELECT", 3, 1), "no\n11 | \n     ^");
    }
}
