//! Integrations.

use super::answers::{ApiResult, Json};
use super::auth::Sender;
use super::extract::{JsonText, Params, parse};
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::types::{
    CreateIntegrationRequest, CreateIntegrationResponse, DeleteIntegrationResponse,
    GetIntegrationResponse, ListIntegrationsResponse, UpdateIntegrationRequest,
    UpdateIntegrationResponse,
};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use url::Url;

/// The one property of a request that Rockset doesn't have: the address of S3.
#[derive(Default, Deserialize)]
struct Local {
    s3: Option<LocalS3>,
}

#[derive(Deserialize)]
struct LocalS3 {
    endpoint_url: Option<String>,
}

async fn s3_endpoint(app: &AppState, text: Bytes) -> Result<Option<Url>, ApiError> {
    let local: Local = parse(app, text).await?;
    let Some(text) = local.s3.and_then(|s3| s3.endpoint_url) else {
        return Ok(None);
    };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
        _ => {
            let wrong = format!("{text:?} is no address of an HTTP server");
            Err(ApiError::invalid(format!("Wrong in s3.endpoint_url: {wrong}")))
        }
    }
}

pub(super) async fn list(State(app): State<AppState>) -> ApiResult<ListIntegrationsResponse> {
    Ok(Json(ListIntegrationsResponse { data: app.catalog.integrations() }))
}

pub(super) async fn get(
    State(app): State<AppState>,
    Params(name): Params<String>,
) -> ApiResult<GetIntegrationResponse> {
    Ok(Json(GetIntegrationResponse { data: Some(app.catalog.integration(&name)?) }))
}

pub(super) async fn create(
    State(app): State<AppState>,
    Extension(caller): Sender,
    JsonText(text): JsonText,
) -> ApiResult<CreateIntegrationResponse> {
    let request: CreateIntegrationRequest = parse(&app, text.clone()).await?;
    let s3_endpoint = s3_endpoint(&app, text).await?;
    let created = app.catalog.create_integration(request, s3_endpoint, caller.creator())?;
    Ok(Json(CreateIntegrationResponse { data: Some(created) }))
}

pub(super) async fn update(
    State(app): State<AppState>,
    Params(name): Params<String>,
    JsonText(text): JsonText,
) -> ApiResult<UpdateIntegrationResponse> {
    let request: UpdateIntegrationRequest = parse(&app, text.clone()).await?;
    let s3_endpoint = s3_endpoint(&app, text).await?;
    let updated = app.catalog.update_integration(&name, request, s3_endpoint)?;
    Ok(Json(UpdateIntegrationResponse { data: Some(updated) }))
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Params(name): Params<String>,
) -> ApiResult<DeleteIntegrationResponse> {
    Ok(Json(DeleteIntegrationResponse { data: Some(app.catalog.delete_integration(&name)?) }))
}
