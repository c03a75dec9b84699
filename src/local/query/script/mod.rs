//! Functions in JavaScript in front of a query: `script {{{ module }}} SELECT _script.f(x)`.
//!
//! - `text`: parts a script from the query after it.
//! - `engine`: runs it, in QuickJS.

mod engine;
mod text;

use super::sql_error::{SqlError, SqlErrorKind, SqlResult};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Name by which a query calls what its script exports.
pub const NAMESPACE: &str = "_script";

/// Longest time that a script may take to be loaded when a query is planned.
const LOADING: Duration = Duration::from_secs(1);

/// A module of ECMAScript, whose exported functions a query can call.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Script(Arc<str>);

/// An exported function of a script.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScriptFunction {
    script: Script,
    pub name: String,
}

/// Reasons why a script fails.
#[derive(Debug)]
pub enum Failure {
    /// The script exports no such function.
    NotFound,
    /// The script was asked to stop.
    Stopped,
    /// It has thrown, is no module, or has used up its memory.
    Wrong(String),
}

impl Script {
    /// Parts a text into a script, if it begins with one, and the query. All places of the query
    /// stay as they are in the text.
    pub fn split(text: &str) -> SqlResult<(Option<Self>, String)> {
        let (module, query) = text::split(text)?;
        Ok((module.map(|module| Self(module.into())), query))
    }

    /// An exported function. Fails if there is none of this name, or if the script can't be loaded.
    pub fn function(&self, name: &str) -> SqlResult<ScriptFunction> {
        let function = ScriptFunction { script: self.clone(), name: name.to_string() };
        let end = Instant::now() + LOADING;
        match engine::run(&self.0, name, move || Instant::now() > end, |_| ()) {
            Ok(()) => Ok(function),
            Err(Failure::Stopped) => {
                let message = format!("The script takes more than {LOADING:?} to be loaded");
                Err(SqlError::new(message))
            }
            Err(failure) => Err(function.failed(failure)),
        }
    }
}

impl ScriptFunction {
    /// Loads the script, and calls `rows` with the function. `is_stopped` is asked all the time.
    pub fn run<T>(
        &self,
        is_stopped: impl Fn() -> bool + Clone + 'static,
        rows: impl FnOnce(&engine::Call<'_>) -> T,
    ) -> SqlResult<T> {
        engine::run(&self.script.0, &self.name, is_stopped, rows)
            .map_err(|failure| self.failed(failure))
    }

    fn failed(&self, failure: Failure) -> SqlError {
        match failure {
            Failure::NotFound => {
                let message = format!("Function `{NAMESPACE}.{}` not found.", self.name);
                SqlError::new(message).with_id("function_not_found")
            }
            Failure::Stopped => {
                SqlError::new("The query was cancelled").of_kind(SqlErrorKind::Cancelled)
            }
            Failure::Wrong(message) => SqlError::new(format!("The script has failed: {message}")),
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({} bytes)", self.0.len())
    }
}
