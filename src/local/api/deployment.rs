//! Settings of the deployment.

use super::answers::Json;
use super::extract::JsonBody;
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::types::{DeploymentSettingsResponse, UpdateDeploymentSettingsRequest};
use axum::extract::State;
use http::StatusCode;

pub(super) async fn get(State(app): State<AppState>) -> Json<DeploymentSettingsResponse> {
    Json(DeploymentSettingsResponse { data: Some(app.catalog.deployment()) })
}

pub(super) async fn update(
    State(app): State<AppState>,
    JsonBody(request): JsonBody<UpdateDeploymentSettingsRequest>,
) -> Result<(StatusCode, Json<DeploymentSettingsResponse>), ApiError> {
    let settings = app.catalog.update_deployment(request.default_query_vi.as_deref())?;
    Ok((StatusCode::ACCEPTED, Json(DeploymentSettingsResponse { data: Some(settings) })))
}
