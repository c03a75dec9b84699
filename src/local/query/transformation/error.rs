//! Errors of a transformation's query.

use crate::local::error::ApiError;
use crate::local::pool::caught;
use crate::local::query::sql_error::SqlError;
use crate::rockset::enums::ErrorType;

/// An error of a transformation's query.
pub(super) fn wrong(what: &str) -> ApiError {
    ApiError::new(ErrorType::Invalidinput, format!("Wrong in the ingest transformation: {what}"))
}

/// An error in an expression, in the words of the API.
pub(super) fn refused(error: SqlError) -> ApiError {
    wrong(&error.message)
}

/// Does work that DataFusion may panic at. Fails with what it says.
pub(super) fn unless_it_panics<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    caught(work).map_err(|panicked| format!("DataFusion has failed: {panicked}"))
}
