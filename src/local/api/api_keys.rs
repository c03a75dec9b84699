//! API keys of users.

use super::answers::{ApiResult, Json};
use super::auth::Sender;
use super::extract::{JsonBody, param};
use super::users::Named;
use crate::local::catalog::access::{Caller, KeyChange, NewKey, Resource, SELF};
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::enums::PrivilegeAction as Action;
use crate::rockset::types::{
    CreateApiKeyRequest, CreateApiKeyResponse, DeleteApiKeyResponse, GetApiKeyResponse,
    ListApiKeysResponse, UpdateApiKeyRequest, UpdateApiKeyResponse,
};
use axum::Extension;
use axum::extract::{FromRequestParts, State};
use http::request::Parts;

/// The name of the key in the path.
pub(super) struct KeyName(String);

impl FromRequestParts<AppState> for KeyName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        Ok(Self(param(parts, "name").await?.unwrap_or_default()))
    }
}

/// Fails if the keys of another user are concerned, which takes one more privilege.
fn check_own(caller: &Caller, user: &str, otherwise: &Action) -> Result<(), ApiError> {
    match user == caller.email {
        true => Ok(()),
        false => caller.check(otherwise, Resource::Any),
    }
}

pub(super) async fn list(
    State(app): State<AppState>,
    Extension(caller): Sender,
    Named(user): Named,
) -> ApiResult<ListApiKeysResponse> {
    check_own(&caller, &user, &Action::ListUsersGlobal)?;
    Ok(Json(ListApiKeysResponse { data: app.catalog.api_keys(&user)? }))
}

/// Only a digest of the key is kept, so that `reveal` can't show the key.
pub(super) async fn get(
    State(app): State<AppState>,
    Extension(caller): Sender,
    Named(user): Named,
    KeyName(name): KeyName,
) -> ApiResult<GetApiKeyResponse> {
    check_own(&caller, &user, &Action::ListUsersGlobal)?;
    Ok(Json(GetApiKeyResponse { data: Some(app.catalog.api_key(&user, &name)?) }))
}

pub(super) async fn create(
    State(app): State<AppState>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<CreateApiKeyRequest>,
) -> ApiResult<CreateApiKeyResponse> {
    let CreateApiKeyRequest { name, created_by, role, expiry_time } = request;
    let user = created_by.filter(|user| user != SELF).unwrap_or_else(|| caller.email.clone());
    check_own(&caller, &user, &Action::GrantRevokeRoleGlobal)?;
    let new = NewKey { name, user, role: role.filter(|role| !role.is_empty()), expiry_time };
    Ok(Json(CreateApiKeyResponse { data: Some(app.catalog.create_api_key(new, &caller)?) }))
}

pub(super) async fn update(
    State(app): State<AppState>,
    Extension(caller): Sender,
    Named(user): Named,
    KeyName(name): KeyName,
    JsonBody(request): JsonBody<UpdateApiKeyRequest>,
) -> ApiResult<UpdateApiKeyResponse> {
    check_own(&caller, &user, &Action::GrantRevokeRoleGlobal)?;
    let UpdateApiKeyRequest { state, expiry_time, clear_expiry_time } = request;
    let clear_expiry_time = clear_expiry_time.unwrap_or_default();
    let change = KeyChange { state, expiry_time, clear_expiry_time };
    let updated = app.catalog.update_api_key(&user, &name, change)?;
    Ok(Json(UpdateApiKeyResponse { data: Some(updated) }))
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Extension(caller): Sender,
    Named(user): Named,
    KeyName(name): KeyName,
) -> ApiResult<DeleteApiKeyResponse> {
    check_own(&caller, &user, &Action::GrantRevokeRoleGlobal)?;
    Ok(Json(DeleteApiKeyResponse { data: Some(app.catalog.delete_api_key(&user, &name)?) }))
}
