//! Collections that are mounted on virtual instances.

use super::answers::{ApiResult, Json};
use super::extract::{JsonBody, Params};
use crate::local::state::AppState;
use crate::rockset::types::{
    CollectionMountResponse, CreateCollectionMountRequest, CreateCollectionMountsResponse,
    GetCollectionCommit, GetCollectionCommitRequest, ListCollectionMountsResponse,
};
use axum::extract::State;

/// The identifier of a virtual instance, and the `workspace.collection` that is mounted on it.
type MountPath = Params<(String, String)>;

pub(super) async fn list(
    State(app): State<AppState>,
    Params(instance): Params<String>,
) -> ApiResult<ListCollectionMountsResponse> {
    Ok(Json(ListCollectionMountsResponse { data: app.catalog.mounts(&instance)? }))
}

pub(super) async fn get(
    State(app): State<AppState>,
    Params((instance, path)): MountPath,
) -> ApiResult<CollectionMountResponse> {
    let data = Some(app.catalog.mount(&instance, &path)?);
    Ok(Json(CollectionMountResponse { data }))
}

pub(super) async fn create(
    State(app): State<AppState>,
    Params(instance): Params<String>,
    JsonBody(request): JsonBody<CreateCollectionMountRequest>,
) -> ApiResult<CreateCollectionMountsResponse> {
    let data = app.catalog.mount_collections(&instance, &request.collection_paths)?;
    Ok(Json(CreateCollectionMountsResponse { data }))
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Params((instance, path)): MountPath,
) -> ApiResult<CollectionMountResponse> {
    let data = Some(app.catalog.unmount(&instance, &path)?);
    Ok(Json(CollectionMountResponse { data }))
}

pub(super) async fn offsets(
    State(app): State<AppState>,
    Params((instance, path)): MountPath,
    JsonBody(request): JsonBody<GetCollectionCommitRequest>,
) -> ApiResult<GetCollectionCommit> {
    Ok(Json(app.catalog.mount_passed(&instance, &path, &request.name)?))
}
