//! Workspaces.

use crate::local::answers::Json;
use crate::local::body::{JsonBody, Params};
use crate::local::errors::Answer;
use crate::local::state::App;
use crate::rockset::types::{
    CreateWorkspaceRequest, CreateWorkspaceResponse, DeleteWorkspaceResponse, GetWorkspaceResponse,
    ListWorkspacesResponse,
};
use axum::extract::State;

pub(in crate::local) async fn list(State(app): State<App>) -> Answer<ListWorkspacesResponse> {
    Ok(Json(ListWorkspacesResponse { data: app.store.workspaces() }))
}

pub(in crate::local) async fn get(
    State(app): State<App>,
    Params(name): Params<String>,
) -> Answer<GetWorkspaceResponse> {
    Ok(Json(GetWorkspaceResponse { data: Some(app.store.workspace(&name)?) }))
}

pub(in crate::local) async fn create(
    State(app): State<App>,
    JsonBody(request): JsonBody<CreateWorkspaceRequest>,
) -> Answer<CreateWorkspaceResponse> {
    Ok(Json(CreateWorkspaceResponse { data: Some(app.store.create_workspace(request)?) }))
}

pub(in crate::local) async fn delete(
    State(app): State<App>,
    Params(name): Params<String>,
) -> Answer<DeleteWorkspaceResponse> {
    Ok(Json(DeleteWorkspaceResponse { data: Some(app.store.delete_workspace(&name)?) }))
}
