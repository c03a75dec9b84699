//! No request that changes something is answered before the change is durable.

use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::operations::Right;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// Waits until all that a request has changed is durable, and refuses it beforehand if nothing can
/// be made durable now. A statement of SQL that writes sees to this itself.
pub(super) async fn settle(
    State((app, right)): State<(AppState, Right)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if !matches!(right, Right::Write | Right::IntegrationKey) {
        return Ok(next.run(request).await);
    }
    app.catalog.check_journal()?;
    let response = next.run(request).await;
    app.catalog.settled().await?;
    Ok(response)
}
