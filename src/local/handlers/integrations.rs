//! Integrations.

use crate::local::body::{JsonBody, Params};
use crate::local::errors::Answer;
use crate::local::server::App;
use crate::rockset::types::{
    CreateIntegrationRequest, CreateIntegrationResponse, DeleteIntegrationResponse,
    GetIntegrationResponse, ListIntegrationsResponse, UpdateIntegrationRequest,
    UpdateIntegrationResponse,
};
use axum::Json;
use axum::extract::State;

pub(in crate::local) async fn list(State(app): State<App>) -> Answer<ListIntegrationsResponse> {
    Ok(Json(ListIntegrationsResponse { data: app.store.integrations() }))
}

pub(in crate::local) async fn get(
    State(app): State<App>,
    Params(name): Params<String>,
) -> Answer<GetIntegrationResponse> {
    Ok(Json(GetIntegrationResponse { data: Some(app.store.integration(&name)?) }))
}

pub(in crate::local) async fn create(
    State(app): State<App>,
    JsonBody(request): JsonBody<CreateIntegrationRequest>,
) -> Answer<CreateIntegrationResponse> {
    Ok(Json(CreateIntegrationResponse { data: Some(app.store.create_integration(request)?) }))
}

pub(in crate::local) async fn update(
    State(app): State<App>,
    Params(name): Params<String>,
    JsonBody(request): JsonBody<UpdateIntegrationRequest>,
) -> Answer<UpdateIntegrationResponse> {
    let updated = app.store.update_integration(&name, request)?;
    Ok(Json(UpdateIntegrationResponse { data: Some(updated) }))
}

pub(in crate::local) async fn delete(
    State(app): State<App>,
    Params(name): Params<String>,
) -> Answer<DeleteIntegrationResponse> {
    Ok(Json(DeleteIntegrationResponse { data: Some(app.store.delete_integration(&name)?) }))
}
