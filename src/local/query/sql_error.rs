//! Errors of a query, with their places.

use crate::local::storage::Unreadable;
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use std::fmt;
use std::io;

/// An error of a query, with the message and the place that the API answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    pub message: String,
    /// Line and column in the text of the query, from 1.
    pub place: Option<Place>,
    /// `error_id`: name of the error, if it has one.
    pub id: Option<&'static str>,
    pub kind: SqlErrorKind,
}

/// Kind of error, which decides the API's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlErrorKind {
    /// The query is wrong: 400.
    Query,
    /// The sender may not do that: 403.
    Forbidden,
    /// The time limit of the query is exceeded: 408.
    Timeout,
    /// The memory limit is exceeded: 429.
    Resources,
    /// The query was cancelled.
    Cancelled,
    /// A collection is being created: 400.
    NotReady,
    /// The server has failed: 500.
    Internal,
}

/// A place in the text of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: u64,
    /// From 1.
    pub column: u64,
}

/// Result of any stage of a query.
pub type SqlResult<T> = Result<T, SqlError>;

impl SqlError {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, id: None, kind: SqlErrorKind::Query }
    }

    /// Error for a feature of SQL that isn't supported.
    pub fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(format!("{what} is not supported"))
    }

    pub fn of_kind(mut self, kind: SqlErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Adds a place, unless the error has one.
    pub fn at(mut self, place: impl Into<Option<Place>>) -> Self {
        self.place = self.place.or(place.into());
        self
    }

    pub fn with_id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }
}

impl From<Unreadable> for SqlError {
    fn from(error: Unreadable) -> Self {
        Self::new(format!("The documents can't be read: {error}")).of_kind(SqlErrorKind::Internal)
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SqlError {}

/// An error of DataFusion in the words of the API.
pub fn from_datafusion(error: DataFusionError) -> SqlError {
    wrong(&error)
}

/// The error of a file of DataFusion, which has no others.
fn not_spilled(error: &io::Error) -> SqlError {
    let message = "What does not fit into memory can't be written to the directory of --scratch, or \
                   read from it";
    SqlError::new(format!("{message}: {error}")).of_kind(SqlErrorKind::Internal)
}

fn wrong(error: &DataFusionError) -> SqlError {
    match error {
        DataFusionError::External(inner) => match inner.downcast_ref::<SqlError>() {
            Some(error) => error.clone(),
            None => match inner.downcast_ref::<DataFusionError>() {
                Some(error) => wrong(error),
                None => SqlError::new(inner.to_string()),
            },
        },
        DataFusionError::Context(_, inner) => wrong(inner),
        DataFusionError::Shared(inner) => wrong(inner),
        DataFusionError::Diagnostic(_, inner) => wrong(inner),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(error) => wrong(error),
            None => SqlError::new(error.to_string()),
        },
        DataFusionError::ArrowError(inner, _) => match &**inner {
            ArrowError::ExternalError(inner) => match inner.downcast_ref::<DataFusionError>() {
                Some(error) => wrong(error),
                None => SqlError::new(inner.to_string()),
            },
            ArrowError::IoError(_, error) => not_spilled(error),
            inner => SqlError::new(inner.to_string()),
        },
        DataFusionError::IoError(error) => not_spilled(error),
        DataFusionError::ResourcesExhausted(message) => {
            SqlError::new(message.clone()).of_kind(SqlErrorKind::Resources)
        }
        DataFusionError::Execution(message) | DataFusionError::Plan(message) => {
            SqlError::new(message.lines().next().unwrap_or_default())
        }
        other => SqlError::new(other.strip_backtrace().lines().next().unwrap_or_default()),
    }
}
