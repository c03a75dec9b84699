//! Roles of the organization's own.

use super::answers::{ApiResult, Json};
use super::auth::Sender;
use super::extract::{JsonBody, Params};
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::types::{CreateRoleRequest, ListRolesResponse, Privilege, RoleResponse};
use axum::Extension;
use axum::extract::State;
use serde::Deserialize;

pub(super) async fn list(State(app): State<AppState>) -> ApiResult<ListRolesResponse> {
    Ok(Json(ListRolesResponse { data: app.catalog.roles() }))
}

pub(super) async fn get(
    State(app): State<AppState>,
    Params(name): Params<String>,
) -> ApiResult<RoleResponse> {
    Ok(Json(RoleResponse { data: Some(app.catalog.role(&name)?) }))
}

pub(super) async fn create(
    State(app): State<AppState>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<CreateRoleRequest>,
) -> ApiResult<RoleResponse> {
    let CreateRoleRequest { role_name, description, privileges } = request;
    let name = role_name.ok_or_else(|| ApiError::invalid("Wrong in role_name: it is missing"))?;
    let created = app.catalog.create_role(name, description, privileges, &caller)?;
    Ok(Json(RoleResponse { data: Some(created) }))
}

/// What a request changes. What it leaves out stays.
#[derive(Deserialize)]
pub(super) struct Change {
    description: Option<String>,
    privileges: Option<Vec<Privilege>>,
}

pub(super) async fn update(
    State(app): State<AppState>,
    Params(name): Params<String>,
    JsonBody(Change { description, privileges }): JsonBody<Change>,
) -> ApiResult<RoleResponse> {
    let updated = app.catalog.update_role(&name, description, privileges)?;
    Ok(Json(RoleResponse { data: Some(updated) }))
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Params(name): Params<String>,
) -> ApiResult<RoleResponse> {
    Ok(Json(RoleResponse { data: Some(app.catalog.delete_role(&name)?) }))
}
