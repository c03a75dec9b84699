//! A console for SQL: `sql`. It asks any server that speaks Rockset's API, the local one
//! before all.
//!
//! - `options`: the command line; `parameter`: its `--param`.
//! - `run`: where queries come from, and with what the process ends.
//! - `prompt`: a terminal; `editor`, `names`, `words`, `history`: what helps to type;
//!   `command`: what a backslash begins.
//! - `statement`: a text taken apart into queries and commands of the prompt.
//! - `session`: runs a query, and cancels it at Ctrl-C; `interrupts` hears that.
//! - `print`: rows as a table, as JSON lines or as CSV.
//! - `answer`: one query and its table, for who has no terminal.

mod answer;
mod command;
mod editor;
mod error;
mod history;
mod interrupts;
mod names;
mod options;
mod parameter;
mod print;
mod prompt;
mod run;
mod session;
mod statement;
mod words;

pub use answer::answer;
pub use error::{Error, Wrong};
pub use options::{ApiKey, Options};
pub use parameter::Parameter;
pub use print::Format;
pub use run::run;
