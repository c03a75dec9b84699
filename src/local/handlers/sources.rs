//! Sources of a collection.

use super::collections::Place;
use crate::local::answers::Json;
use crate::local::body::{JsonBody, Params, parse};
use crate::local::durations;
use crate::local::engine;
use crate::local::errors::{Answer, Failure};
use crate::local::source;
use crate::local::state::App;
use crate::rockset::types::{
    DeleteSourceResponse, GetSourceResponse, ListSourcesResponse, Source, SourceBase,
    SuspendSourceRequest,
};
use axum::body::Bytes;
use axum::extract::State;
use std::marker::PhantomData;
use std::time::Duration;

/// How long a source is suspended, if the request doesn't say.
const SUSPENDED: Duration = Duration::from_secs(3_600);

/// The names of a workspace and of a collection in it, and the id of a source of it.
type SourcePlace = Params<(String, String, String)>;

pub(in crate::local) async fn list(
    State(app): State<App>,
    Params((workspace, name)): Place,
) -> Answer<ListSourcesResponse> {
    let collection = app.store.collection(&workspace, &name)?;
    Ok(Json(ListSourcesResponse { data: collection.sources() }))
}

pub(in crate::local) async fn get(
    State(app): State<App>,
    Params((workspace, name, id)): SourcePlace,
) -> Answer<GetSourceResponse> {
    let source = app.store.collection(&workspace, &name)?.source(&id)?;
    Ok(Json(GetSourceResponse { data: Some(source) }))
}

pub(in crate::local) async fn create(
    State(app): State<App>,
    Params((workspace, name)): Place,
    JsonBody(given): JsonBody<Source>,
) -> Answer<GetSourceResponse> {
    let collection = app.store.collection(&workspace, &name)?;
    let check = move || source::check(&given, "the body").map(|()| given);
    let given = app.pool.run(check).await??;
    engine::check_access(&app, &given)?;
    let source = app.store.add_source(&collection, source::new(given))?;
    engine::start(&app, &collection, &source);
    Ok(Json(GetSourceResponse { data: Some(source) }))
}

pub(in crate::local) async fn update(
    State(app): State<App>,
    Params((workspace, name, id)): SourcePlace,
    JsonBody(change): JsonBody<SourceBase>,
) -> Answer<GetSourceResponse> {
    let collection = app.store.collection(&workspace, &name)?;
    let settings = change.s3.and_then(|s3| s3.settings);
    let settings =
        settings.ok_or_else(|| Failure::invalid("Wrong in s3.settings: it is missing"))?;
    durations::scan_frequency(Some(&settings), "s3")?;
    let source = collection.set_source(&id, settings)?;
    Ok(Json(GetSourceResponse { data: Some(source) }))
}

pub(in crate::local) async fn delete(
    State(app): State<App>,
    Params((workspace, name, id)): SourcePlace,
) -> Answer<DeleteSourceResponse> {
    let source = app.store.collection(&workspace, &name)?.remove_source(&id)?;
    Ok(Json(DeleteSourceResponse { data: Some(source) }))
}

pub(in crate::local) async fn suspend(
    State(app): State<App>,
    Params((workspace, name, id)): SourcePlace,
    body: Bytes,
) -> Answer<GetSourceResponse> {
    let collection = app.store.collection(&workspace, &name)?;
    let request: SuspendSourceRequest = match body.is_empty() {
        true => SuspendSourceRequest::default(),
        false => parse(&body, PhantomData::<SuspendSourceRequest>)?,
    };
    let period = match request.resume_after_duration {
        None => SUSPENDED,
        Some(text) => durations::parse(&text).ok_or_else(|| {
            let wrong = format!("{text:?} is no ISO 8601 duration, such as PT2H");
            Failure::invalid(format!("Wrong in resume_after_duration: {wrong}"))
        })?,
    };
    let source = collection.suspend_source(&id, period)?;
    Ok(Json(GetSourceResponse { data: Some(source) }))
}

pub(in crate::local) async fn resume(
    State(app): State<App>,
    Params((workspace, name, id)): SourcePlace,
) -> Answer<GetSourceResponse> {
    let source = app.store.collection(&workspace, &name)?.resume_source(&id)?;
    Ok(Json(GetSourceResponse { data: Some(source) }))
}
