//! Sources of a collection.

use super::answers::{ApiResult, Json};
use super::auth::Sender;
use super::collections::{CollectionPath, check_integration};
use super::extract::{JsonBody, Params, parse};
use crate::local::catalog::durations;
use crate::local::error::ApiError;
use crate::local::ingest::sources;
use crate::local::state::AppState;
use crate::rockset::types::{
    DeleteSourceResponse, GetSourceResponse, ListSourcesResponse, Source, SourceBase,
    SuspendSourceRequest,
};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use std::time::Duration;

/// Default time of a suspension.
const SUSPENDED: Duration = Duration::from_secs(3_600);

/// The names of a workspace and of a collection in it, and the id of a source of it.
type SourcePath = Params<(String, String, String)>;

pub(super) async fn list(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
) -> ApiResult<ListSourcesResponse> {
    let collection = app.catalog.collection(&workspace, &name)?;
    Ok(Json(ListSourcesResponse { data: collection.sources() }))
}

pub(super) async fn get(
    State(app): State<AppState>,
    Params((workspace, name, id)): SourcePath,
) -> ApiResult<GetSourceResponse> {
    let source = app.catalog.collection(&workspace, &name)?.source(&id)?;
    Ok(Json(GetSourceResponse { data: Some(source) }))
}

pub(super) async fn create(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
    Extension(caller): Sender,
    JsonBody(given): JsonBody<Source>,
) -> ApiResult<GetSourceResponse> {
    let collection = app.catalog.collection(&workspace, &name)?;
    let entry = app.pool.run(move || sources::accept(given, "the body")).await??;
    check_integration(&caller, entry.source())?;
    sources::check_access(&app, entry.source())?;
    let source = app.catalog.add_source(&collection, entry)?;
    sources::start(&app, &collection, &source);
    Ok(Json(GetSourceResponse { data: Some(source) }))
}

pub(super) async fn update(
    State(app): State<AppState>,
    Params((workspace, name, id)): SourcePath,
    JsonBody(change): JsonBody<SourceBase>,
) -> ApiResult<GetSourceResponse> {
    let collection = app.catalog.collection(&workspace, &name)?;
    let settings = change.s3.as_ref().and_then(|s3| s3.settings.as_ref());
    durations::scan_frequency(settings, "s3")?;
    let source = collection.set_source(&id, change)?;
    Ok(Json(GetSourceResponse { data: Some(source) }))
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Params((workspace, name, id)): SourcePath,
) -> ApiResult<DeleteSourceResponse> {
    let source = app.catalog.collection(&workspace, &name)?.remove_source(&id)?;
    Ok(Json(DeleteSourceResponse { data: Some(source) }))
}

pub(super) async fn suspend(
    State(app): State<AppState>,
    Params((workspace, name, id)): SourcePath,
    body: Bytes,
) -> ApiResult<GetSourceResponse> {
    let collection = app.catalog.collection(&workspace, &name)?;
    let request =
        if body.is_empty() { SuspendSourceRequest::default() } else { parse(&app, body).await? };
    let period = match request.resume_after_duration {
        None => SUSPENDED,
        Some(text) => durations::parse(&text).ok_or_else(|| {
            let wrong = format!("{text:?} is no ISO 8601 duration, such as PT2H");
            ApiError::invalid(format!("Wrong in resume_after_duration: {wrong}"))
        })?,
    };
    let source = collection.suspend_source(&id, period)?;
    Ok(Json(GetSourceResponse { data: Some(source) }))
}

pub(super) async fn resume(
    State(app): State<AppState>,
    Params((workspace, name, id)): SourcePath,
) -> ApiResult<GetSourceResponse> {
    let source = app.catalog.collection(&workspace, &name)?.resume_source(&id)?;
    Ok(Json(GetSourceResponse { data: Some(source) }))
}
