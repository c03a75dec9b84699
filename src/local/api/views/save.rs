//! Creating views, and giving them other queries.

use crate::local::api::answers::{ApiResult, Json};
use crate::local::api::auth::Sender;
use crate::local::api::extract::{JsonBody, Params};
use crate::local::api::queries::failed::failed;
use crate::local::catalog::access::Caller;
use crate::local::error::ApiError;
use crate::local::execution;
use crate::local::state::AppState;
use crate::rockset::types::{
    CreateViewRequest, CreateViewResponse, UpdateViewRequest, UpdateViewResponse,
};
use axum::Extension;
use axum::extract::State;
use std::collections::BTreeSet;

pub async fn create(
    State(app): State<AppState>,
    Params(workspace): Params<String>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<CreateViewRequest>,
) -> ApiResult<CreateViewResponse> {
    app.catalog.workspace(&workspace)?;
    let CreateViewRequest { name, description, query } = request;
    let entities = entities(&app, &query, &caller).await?;
    let creator = caller.creator();
    let view = (&*workspace, &*name);
    let created = app.catalog.create_view(view, description, query, entities, creator)?;
    Ok(Json(CreateViewResponse { data: Some(created) }))
}

pub async fn update(
    State(app): State<AppState>,
    Params((workspace, name)): Params<(String, String)>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<UpdateViewRequest>,
) -> ApiResult<UpdateViewResponse> {
    app.catalog.view(&workspace, &name)?;
    let UpdateViewRequest { description, query } = request;
    let entities = entities(&app, &query, &caller).await?;
    let updated = app.catalog.update_view((&workspace, &name), description, query, entities)?;
    Ok(Json(UpdateViewResponse { data: Some(updated) }))
}

/// What the query of a view names. Fails if it can't be planned, or if the caller may not query all
/// of that: who queries the view needs no privilege but on the view's workspace.
async fn entities(
    app: &AppState,
    query: &str,
    caller: &Caller,
) -> Result<BTreeSet<String>, ApiError> {
    let found = execution::view_entities(app, query.to_string()).await?;
    let found = found.map_err(|error| failed(error, ""))?;
    caller.check_reads(&found)?;
    Ok(found)
}
