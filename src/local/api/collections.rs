//! Collections and their offsets.

use super::answers::{ApiResult, Json, answer};
use super::auth::Sender;
use super::extract::{JsonBody, Params, QueryParams};
use crate::local::catalog::Collection;
use crate::local::catalog::access::{Caller, Resource};
use crate::local::catalog::definition::Definition;
use crate::local::error::ApiError;
use crate::local::ingest::{sources, transform};
use crate::local::state::AppState;
use crate::rockset::enums::{CollectionStatus, PrivilegeAction as Action};
use crate::rockset::types::{
    self, CreateCollectionRequest, CreateCollectionResponse, DeleteCollectionResponse,
    GetCollectionCommit, GetCollectionCommitRequest, GetCollectionResponse,
    ListCollectionsResponse, UpdateCollectionRequest,
};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

/// The names of a workspace and of a collection in it.
pub(super) type CollectionPath = Params<(String, String)>;

pub(super) async fn list(
    State(app): State<AppState>,
    Extension(caller): Sender,
) -> Result<Response, ApiError> {
    let mut collections = app.catalog.collections();
    collections.retain(|collection| caller.sees(collection.workspace()));
    let aliases = app.catalog.aliases_by_collection();
    answer(&app.pool, move || Ok(listed(&collections, aliases))).await
}

pub(super) async fn list_in_workspace(
    State(app): State<AppState>,
    Params(workspace): Params<String>,
) -> Result<Response, ApiError> {
    let collections = app.catalog.collections_of(&workspace);
    let aliases = app.catalog.aliases_by_collection();
    answer(&app.pool, move || Ok(listed(&collections, aliases))).await
}

fn listed(collections: &[Arc<Collection>], mut aliases: Aliases) -> ListCollectionsResponse {
    let shown = collections.iter().map(|found| with_aliases(found, &mut aliases));
    ListCollectionsResponse { data: shown.collect() }
}

/// Aliases, by the collection that they are for.
type Aliases = BTreeMap<String, Vec<types::Alias>>;

fn with_aliases(collection: &Collection, aliases: &mut Aliases) -> types::Collection {
    let aliases = aliases.remove(&collection.path()).unwrap_or_default();
    types::Collection { aliases, ..collection.show() }
}

pub(super) async fn get(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
) -> ApiResult<GetCollectionResponse> {
    let collection = app.catalog.collection(&workspace, &name)?;
    let shown = with_aliases(&collection, &mut app.catalog.aliases_by_collection());
    Ok(Json(GetCollectionResponse { data: Some(shown) }))
}

pub(super) async fn create(
    State(app): State<AppState>,
    Params(workspace): Params<String>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<CreateCollectionRequest>,
) -> ApiResult<CreateCollectionResponse> {
    let mut definition = app.pool.run(move || checked(request)).await??;
    definition.creator = caller.creator();
    for entry in &definition.sources {
        check_integration(&caller, entry.source())?;
        sources::check_access(&app, entry.source())?;
    }
    let collection = app.catalog.create_collection(&workspace, definition)?;
    for source in collection.sources() {
        sources::start(&app, &collection, &source);
    }
    // The status at the moment of creation, however soon the collection is ready.
    let shown = types::Collection {
        status: Some(CollectionStatus::Created),
        stats: None,
        ..collection.show()
    };
    Ok(Json(CreateCollectionResponse { data: Some(shown) }))
}

/// Fails if the caller may not read with the integration of a source.
pub(super) fn check_integration(caller: &Caller, source: &types::Source) -> Result<(), ApiError> {
    match &source.integration_name {
        None => Ok(()),
        Some(name) => caller.check(&Action::CreateCollectionIntegration, Resource::Named(name)),
    }
}

/// Checks the definition in a request, and plans its transformations.
fn checked(mut request: CreateCollectionRequest) -> Result<Definition, ApiError> {
    let query = request.field_mapping_query.take();
    let given = mem::take(&mut request.sources);
    let mut definition = Definition::try_from(request)?;
    definition.transformation = transform::parse(query.as_ref())?;
    for (i, source) in given.into_iter().enumerate() {
        definition.sources.push(sources::accept(source, &format!("sources[{i}]"))?);
    }
    Ok(definition)
}

pub(super) async fn update(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
    JsonBody(request): JsonBody<UpdateCollectionRequest>,
) -> ApiResult<GetCollectionResponse> {
    let collection = app.catalog.collection(&workspace, &name)?;
    let transformation = match request.field_mapping_query {
        None => None,
        Some(query) => Some(app.pool.run(move || transform::parse(Some(&query))).await??),
    };
    collection.update(request.description, transformation)?;
    let shown = with_aliases(&collection, &mut app.catalog.aliases_by_collection());
    Ok(Json(GetCollectionResponse { data: Some(shown) }))
}

pub(super) async fn delete(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
) -> ApiResult<DeleteCollectionResponse> {
    let (collection, documents) = app.catalog.delete_collection(&workspace, &name)?;
    app.pool.spawn(move || drop(documents));
    // A collection that is being deleted shows no more than this.
    let types::Collection { name, workspace, storage_type, .. } = collection.show();
    let shown = types::Collection { name, workspace, storage_type, ..Default::default() };
    Ok(Json(DeleteCollectionResponse { data: Some(shown) }))
}

pub(super) async fn offsets(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
    JsonBody(request): JsonBody<GetCollectionCommitRequest>,
) -> ApiResult<GetCollectionCommit> {
    Ok(Json(app.catalog.collection(&workspace, &name)?.passed(&request.name)?))
}

/// Query parameters by which older clients ask for an offset.
#[derive(Deserialize)]
pub(super) struct Fence {
    fence: String,
}

pub(super) async fn offset(
    State(app): State<AppState>,
    Params((workspace, name)): CollectionPath,
    QueryParams(Fence { fence }): QueryParams<Fence>,
) -> ApiResult<GetCollectionCommit> {
    Ok(Json(app.catalog.collection(&workspace, &name)?.passed(&[fence])?))
}
