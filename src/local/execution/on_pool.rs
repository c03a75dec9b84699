//! Work on the pool.

use crate::local::pool::Panicked;
use crate::local::query::{SqlError, SqlErrorKind, SqlResult};
use crate::local::state::{AppState, WeakState};

/// Runs work on the pool, which has the stack for it.
pub(super) async fn on_pool<T: Send + 'static>(
    app: &WeakState,
    work: impl FnOnce(&AppState) -> SqlResult<T> + Send + 'static,
) -> SqlResult<T> {
    let app = app.upgrade().ok_or_else(shutting_down)?;
    let pool = app.pool.clone();
    pool.scan(move || work(&app)).await.map_err(failed)?
}

pub(super) fn shutting_down() -> SqlError {
    SqlError::new("The server is shutting down")
}

fn failed(panicked: Panicked) -> SqlError {
    let message = format!("The local Rockset has failed: {panicked}");
    SqlError::new(message).of_kind(SqlErrorKind::Internal)
}
