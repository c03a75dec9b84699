//! A build without the engine saves no views, and says so.

use crate::local::error::ApiError;

pub async fn refuse() -> ApiError {
    ApiError::needs_engine("This saves a view")
}
