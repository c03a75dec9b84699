//! The API's names for kinds of errors.

use crate::local::query::SqlErrorKind;
use crate::rockset::enums::ErrorType;

/// The API's name for a kind of error.
pub fn error_type(kind: SqlErrorKind) -> ErrorType {
    match kind {
        SqlErrorKind::Query => ErrorType::QueryError,
        SqlErrorKind::Forbidden => ErrorType::Forbidden,
        SqlErrorKind::Timeout => ErrorType::QueryTimeout,
        SqlErrorKind::Resources => ErrorType::Resourceexceeded,
        SqlErrorKind::Cancelled => ErrorType::QueryCancelled,
        SqlErrorKind::NotReady => ErrorType::NotReady,
        SqlErrorKind::Internal => ErrorType::Internalerror,
    }
}
