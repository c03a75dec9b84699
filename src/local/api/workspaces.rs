//! Workspaces.

use super::answers::{ApiResult, Json};
use super::auth::Sender;
use super::extract::{JsonBody, Params};
use crate::local::state::AppState;
use crate::rockset::types::{
    CreateWorkspaceRequest, CreateWorkspaceResponse, DeleteWorkspaceResponse, GetWorkspaceResponse,
    ListWorkspacesResponse,
};
use axum::Extension;
use axum::extract::State;

pub(super) async fn list(State(app): State<AppState>) -> ApiResult<ListWorkspacesResponse> {
    Ok(Json(ListWorkspacesResponse { data: app.catalog.workspaces() }))
}

pub(super) async fn get(
    State(app): State<AppState>,
    Params(name): Params<String>,
) -> ApiResult<GetWorkspaceResponse> {
    Ok(Json(GetWorkspaceResponse { data: Some(app.catalog.workspace(&name)?) }))
}

pub(super) async fn create(
    State(app): State<AppState>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<CreateWorkspaceRequest>,
) -> ApiResult<CreateWorkspaceResponse> {
    let created = app.catalog.create_workspace(request, caller.creator())?;
    Ok(Json(CreateWorkspaceResponse { data: Some(created) }))
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Params(name): Params<String>,
) -> ApiResult<DeleteWorkspaceResponse> {
    Ok(Json(DeleteWorkspaceResponse { data: Some(app.catalog.delete_workspace(&name)?) }))
}
