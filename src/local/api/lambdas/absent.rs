//! A build without the engine has no query lambdas, and says so.

use crate::local::api::answers::Json;
use crate::local::api::extract::Params;
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::types::{ListQueryLambdasResponse, ListScheduledLambdasResponse};
use axum::extract::State;

pub async fn refuse() -> ApiError {
    ApiError::needs_engine("This is about query lambdas")
}

pub async fn list() -> Json<ListQueryLambdasResponse> {
    Json(ListQueryLambdasResponse { data: Vec::new() })
}

pub async fn list_scheduled() -> Json<ListScheduledLambdasResponse> {
    Json(ListScheduledLambdasResponse { data: Vec::new() })
}

pub async fn scheduled(
    State(app): State<AppState>,
    Params((workspace, id)): Params<(String, String)>,
) -> ApiError {
    let missing = ApiError::absent("Scheduled query lambda", &workspace, &id);
    app.catalog.workspace(&workspace).err().unwrap_or(missing)
}

pub async fn lambda(
    State(app): State<AppState>,
    Params((workspace, name)): Params<(String, String)>,
) -> ApiError {
    no_lambda(&app, &workspace, &name, None)
}

pub async fn tag(
    State(app): State<AppState>,
    Params((workspace, name, _)): Params<(String, String, String)>,
) -> ApiError {
    no_lambda(&app, &workspace, &name, None)
}

pub async fn version(
    State(app): State<AppState>,
    Params((workspace, name, version)): Params<(String, String, String)>,
) -> ApiError {
    no_lambda(&app, &workspace, &name, Some(&version))
}

fn no_lambda(app: &AppState, workspace: &str, name: &str, version: Option<&str>) -> ApiError {
    let missing = ApiError::no_lambda(workspace, name, version);
    app.catalog.workspace(workspace).err().unwrap_or(missing)
}
