//! Errors of queries, as the API answers them.

use crate::local::error::{ApiError, FailedQuery};
use crate::local::queries::error_type;
use crate::local::query::{SqlError, SqlErrorKind};
use crate::rockset::enums::ErrorType;

/// The error of a query. A query that was never accepted has no identifier.
pub fn failed(error: SqlError, query_id: &str) -> ApiError {
    let SqlError { message, place, id, kind } = error;
    let error_id = match kind {
        SqlErrorKind::Timeout => Some(String::new()),
        _ => id.map(String::from),
    };
    let place = place.map(|place| (place.line, place.column));
    let query = FailedQuery { query_id: query_id.to_string(), error_id, place };
    ApiError::new(error_type(kind), message).of_query(query)
}

/// The error of a query that was cancelled while somebody waited for it.
pub fn cancelled(query_id: &str) -> ApiError {
    let error = SqlError::new("The query was cancelled").of_kind(SqlErrorKind::Cancelled);
    failed(error, query_id)
}

/// Error for a query that doesn't exist, or has been forgotten.
pub fn no_query(id: &str) -> ApiError {
    ApiError::new(ErrorType::Notfound, format!("Query {id:?} not found."))
}
