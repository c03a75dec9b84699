//! Users, and what they are told.

use super::answers::{ApiResult, Json};
use super::auth::Sender;
use super::extract::{JsonBody, param};
use crate::local::catalog::access::{SELF, UserChange};
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::types::{
    CreateUserRequest, CreateUserResponse, DeleteUserResponse, ListUnsubscribePreferencesResponse,
    ListUsersResponse, UnsubscribePreference, UpdateUnsubscribePreferencesRequest,
    UpdateUnsubscribePreferencesResponse, User,
};
use axum::Extension;
use axum::extract::{FromRequestParts, State};
use http::request::Parts;

/// Email address of the user whom the path names. A path that names none, or `self`, means the
/// sender.
pub(super) struct Named(pub(super) String);

impl FromRequestParts<AppState> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let given = param(parts, "user").await?.filter(|user| user != SELF);
        let Extension(caller) = Sender::from_request_parts(parts, app)
            .await
            .map_err(|error| ApiError::internal(&error))?;
        Ok(Self(given.unwrap_or_else(|| caller.email.clone())))
    }
}

pub(super) async fn list(State(app): State<AppState>) -> ApiResult<ListUsersResponse> {
    Ok(Json(ListUsersResponse { data: app.catalog.users() }))
}

pub(super) async fn get(State(app): State<AppState>, Named(email): Named) -> ApiResult<User> {
    Ok(Json(app.catalog.user(&email)?))
}

pub(super) async fn create(
    State(app): State<AppState>,
    JsonBody(request): JsonBody<CreateUserRequest>,
) -> ApiResult<CreateUserResponse> {
    Ok(Json(CreateUserResponse { data: Some(app.catalog.create_user(request)?) }))
}

pub(super) async fn update(
    State(app): State<AppState>,
    Named(email): Named,
    JsonBody(change): JsonBody<UserChange>,
) -> ApiResult<User> {
    Ok(Json(app.catalog.update_user(&email, change)?))
}

/// Of a user who is deleted, only the address is shown.
pub(super) async fn delete(
    State(app): State<AppState>,
    Named(email): Named,
) -> ApiResult<DeleteUserResponse> {
    app.catalog.delete_user(&email)?;
    let gone = User {
        created_at: None,
        email,
        first_name: None,
        last_name: None,
        roles: Vec::new(),
        state: None,
    };
    Ok(Json(DeleteUserResponse { data: Some(gone) }))
}

pub(super) async fn declined(
    State(app): State<AppState>,
    Named(email): Named,
) -> ApiResult<ListUnsubscribePreferencesResponse> {
    let data = app.catalog.declined(&email)?.into_iter().map(preference).collect();
    Ok(Json(ListUnsubscribePreferencesResponse { data }))
}

pub(super) async fn decline(
    State(app): State<AppState>,
    Named(email): Named,
    JsonBody(request): JsonBody<UpdateUnsubscribePreferencesRequest>,
) -> ApiResult<UpdateUnsubscribePreferencesResponse> {
    let UpdateUnsubscribePreferencesRequest { data } = request;
    let declined = data.iter().map(|it| it.notification_type.clone()).collect();
    app.catalog.decline(&email, declined)?;
    Ok(Json(UpdateUnsubscribePreferencesResponse { data }))
}

fn preference(notification_type: String) -> UnsubscribePreference {
    UnsubscribePreference { notification_type }
}
