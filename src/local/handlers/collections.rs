//! Collections and their offsets.

use crate::local::answers::Json;
use crate::local::body::{JsonBody, Params, QueryParams};
use crate::local::definition::{Definition, transformation};
use crate::local::engine;
use crate::local::errors::Answer;
use crate::local::state::App;
use crate::local::store::Collection;
use crate::rockset::enums::CollectionStatus;
use crate::rockset::types::{
    self, CreateCollectionRequest, CreateCollectionResponse, DeleteCollectionResponse,
    GetCollectionCommit, GetCollectionCommitRequest, GetCollectionResponse,
    ListCollectionsResponse, UpdateCollectionRequest,
};
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;

/// The names of a workspace and of a collection in it.
pub(in crate::local) type Place = Params<(String, String)>;

pub(in crate::local) async fn list(State(app): State<App>) -> Answer<ListCollectionsResponse> {
    Ok(Json(listed(&app.store.collections())))
}

pub(in crate::local) async fn list_in_workspace(
    State(app): State<App>,
    Params(workspace): Params<String>,
) -> Answer<ListCollectionsResponse> {
    Ok(Json(listed(&app.store.collections_of(&workspace)?)))
}

fn listed(collections: &[Arc<Collection>]) -> ListCollectionsResponse {
    ListCollectionsResponse { data: collections.iter().map(|found| found.show()).collect() }
}

pub(in crate::local) async fn get(
    State(app): State<App>,
    Params((workspace, name)): Place,
) -> Answer<GetCollectionResponse> {
    let collection = app.store.collection(&workspace, &name)?;
    Ok(Json(GetCollectionResponse { data: Some(collection.show()) }))
}

pub(in crate::local) async fn create(
    State(app): State<App>,
    Params(workspace): Params<String>,
    JsonBody(request): JsonBody<CreateCollectionRequest>,
) -> Answer<CreateCollectionResponse> {
    let definition = app.pool.run(move || Definition::try_from(request)).await??;
    for source in &definition.sources {
        engine::check_access(&app, source)?;
    }
    let collection = app.store.create_collection(&workspace, definition)?;
    for source in collection.sources() {
        engine::start(&app, &collection, &source);
    }
    // That of the moment of its creation, however soon it is ready.
    let shown = types::Collection {
        status: Some(CollectionStatus::Created),
        stats: None,
        ..collection.show()
    };
    Ok(Json(CreateCollectionResponse { data: Some(shown) }))
}

pub(in crate::local) async fn update(
    State(app): State<App>,
    Params((workspace, name)): Place,
    JsonBody(request): JsonBody<UpdateCollectionRequest>,
) -> Answer<GetCollectionResponse> {
    let collection = app.store.collection(&workspace, &name)?;
    let transformation = match request.field_mapping_query {
        None => None,
        Some(query) => Some(app.pool.run(move || transformation(Some(&query))).await??),
    };
    collection.update(request.description, transformation)?;
    Ok(Json(GetCollectionResponse { data: Some(collection.show()) }))
}

pub(in crate::local) async fn delete(
    State(app): State<App>,
    Params((workspace, name)): Place,
) -> Answer<DeleteCollectionResponse> {
    let collection = app.store.collection(&workspace, &name)?;
    let documents = collection.delete();
    app.pool.spawn(move || drop(documents));
    // No more is told of what is going.
    let types::Collection { name, workspace, storage_type, .. } = collection.show();
    let shown = types::Collection { name, workspace, storage_type, ..Default::default() };
    Ok(Json(DeleteCollectionResponse { data: Some(shown) }))
}

pub(in crate::local) async fn offsets(
    State(app): State<App>,
    Params((workspace, name)): Place,
    JsonBody(request): JsonBody<GetCollectionCommitRequest>,
) -> Answer<GetCollectionCommit> {
    Ok(Json(app.store.collection(&workspace, &name)?.passed(&request.name)?))
}

/// The query by which older clients ask for an offset.
#[derive(Deserialize)]
pub(in crate::local) struct Fence {
    fence: String,
}

pub(in crate::local) async fn offset(
    State(app): State<App>,
    Params((workspace, name)): Place,
    QueryParams(Fence { fence }): QueryParams<Fence>,
) -> Answer<GetCollectionCommit> {
    Ok(Json(app.store.collection(&workspace, &name)?.passed(&[fence])?))
}
