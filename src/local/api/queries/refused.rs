//! A build without the engine runs no queries, and says so.

use crate::local::error::ApiError;
use crate::local::state::AppState;

pub async fn refuse() -> ApiError {
    ApiError::needs_engine("This is about queries")
}

/// Time of the latest query on a virtual instance: there is none.
pub fn last_queried(_: &AppState, _: &str) -> Option<i64> {
    None
}
