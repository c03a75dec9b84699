//! Aliases of collections.

use super::answers::{ApiResult, Json};
use super::auth::Sender;
use super::extract::{JsonBody, Params};
use crate::local::state::AppState;
use crate::rockset::types::{
    CreateAliasRequest, CreateAliasResponse, DeleteAliasResponse, GetAliasResponse,
    ListAliasesResponse, UpdateAliasRequest,
};
use axum::Extension;
use axum::extract::State;

/// The names of a workspace and of an alias in it.
type AliasPath = Params<(String, String)>;

pub(super) async fn list(
    State(app): State<AppState>,
    Extension(caller): Sender,
) -> ApiResult<ListAliasesResponse> {
    let mut data = app.catalog.aliases(None);
    data.retain(|alias| caller.sees(alias.workspace.as_deref().unwrap_or_default()));
    Ok(Json(ListAliasesResponse { data }))
}

pub(super) async fn list_in_workspace(
    State(app): State<AppState>,
    Params(workspace): Params<String>,
) -> ApiResult<ListAliasesResponse> {
    Ok(Json(ListAliasesResponse { data: app.catalog.aliases(Some(&workspace)) }))
}

pub(super) async fn get(
    State(app): State<AppState>,
    Params((workspace, name)): AliasPath,
) -> ApiResult<GetAliasResponse> {
    Ok(Json(GetAliasResponse { data: Some(app.catalog.alias(&workspace, &name)?) }))
}

pub(super) async fn create(
    State(app): State<AppState>,
    Params(workspace): Params<String>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<CreateAliasRequest>,
) -> ApiResult<CreateAliasResponse> {
    let CreateAliasRequest { name, description, collections } = request;
    caller.check_reads(&collections)?;
    let creator = caller.creator();
    let alias = (&*workspace, &*name);
    let created = app.catalog.create_alias(alias, description, &collections, creator)?;
    Ok(Json(CreateAliasResponse { data: Some(created) }))
}

pub(super) async fn update(
    State(app): State<AppState>,
    Params((workspace, name)): AliasPath,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<UpdateAliasRequest>,
) -> ApiResult<GetAliasResponse> {
    let UpdateAliasRequest { description, collections } = request;
    caller.check_reads(&collections)?;
    let updated = app.catalog.update_alias((&workspace, &name), description, &collections)?;
    Ok(Json(GetAliasResponse { data: Some(updated) }))
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Params((workspace, name)): AliasPath,
) -> ApiResult<DeleteAliasResponse> {
    Ok(Json(DeleteAliasResponse { data: Some(app.catalog.delete_alias(&workspace, &name)?) }))
}
