//! Query lambdas and their versions.

use super::show;
use crate::local::api::answers::{ApiResult, Json, answer};
use crate::local::api::auth::Sender;
use crate::local::api::extract::{JsonBody, Params, QueryParams};
use crate::local::api::queries::failed::failed;
use crate::local::catalog::Save;
use crate::local::catalog::access::{Caller, Resource};
use crate::local::catalog::lambda::{Content, Lambda, LambdaReads, Version};
use crate::local::error::ApiError;
use crate::local::execution;
use crate::local::query::Statement;
use crate::local::state::AppState;
use crate::rockset::enums::PrivilegeAction as Action;
use crate::rockset::types::{
    CreateQueryLambdaRequest, DeleteQueryLambdaResponse, ListQueryLambdaVersionsResponse,
    ListQueryLambdasResponse, QueryLambdaVersionResponse, UpdateQueryLambdaRequest,
};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// The names of a workspace and of a lambda in it.
type LambdaPath = Params<(String, String)>;

/// The names of a workspace, of a lambda in it, and of a version of that.
type VersionPath = Params<(String, String, String)>;

/// The lambda and one of its versions.
pub fn find(
    app: &AppState,
    workspace: &str,
    name: &str,
    version: &str,
) -> Result<(Lambda, Version), ApiError> {
    let missing = || ApiError::no_lambda(workspace, name, Some(version));
    // A missing workspace is told as such.
    app.catalog.workspace(workspace)?;
    let lambda = app.catalog.lambda(workspace, name).map_err(|_| missing())?;
    let version = lambda.version(version).cloned().ok_or_else(missing)?;
    Ok((lambda, version))
}

pub async fn list(
    State(app): State<AppState>,
    Extension(caller): Sender,
) -> Result<Response, ApiError> {
    let mut lambdas = app.catalog.lambdas(None);
    lambdas.retain(|lambda| caller.sees(&lambda.workspace));
    answer_list(app, lambdas).await
}

pub async fn list_in_workspace(
    State(app): State<AppState>,
    Params(workspace): Params<String>,
) -> Result<Response, ApiError> {
    let lambdas = app.catalog.lambdas(Some(&workspace));
    answer_list(app, lambdas).await
}

async fn answer_list(app: AppState, lambdas: Vec<Lambda>) -> Result<Response, ApiError> {
    let within = app.clone();
    answer(&app.pool, move || {
        let shown = lambdas.iter().map(|lambda| show::lambda(&within, lambda));
        Ok(ListQueryLambdasResponse { data: shown.collect() })
    })
    .await
}

pub async fn list_versions(
    State(app): State<AppState>,
    Params((workspace, name)): LambdaPath,
) -> Result<Response, ApiError> {
    let lambda = app.catalog.lambda(&workspace, &name)?;
    let within = app.clone();
    answer(&app.pool, move || {
        let shown = lambda.versions().map(|version| show::version(&within, &lambda, version));
        Ok(ListQueryLambdaVersionsResponse { data: shown.collect() })
    })
    .await
}

pub async fn get_version(
    State(app): State<AppState>,
    Params((workspace, name, version)): VersionPath,
) -> ApiResult<QueryLambdaVersionResponse> {
    let (lambda, version) = find(&app, &workspace, &name, &version)?;
    show::answer_version(&app, lambda, version).await
}

pub async fn create(
    State(app): State<AppState>,
    Params(workspace): Params<String>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<CreateQueryLambdaRequest>,
) -> ApiResult<QueryLambdaVersionResponse> {
    let CreateQueryLambdaRequest { description, is_public, name, sql } = request;
    let (query, default_parameters) = (sql.query, sql.default_parameters);
    let content = Content { description, query, default_parameters };
    save(&app, caller, (&workspace, &name), Save::Create, content, is_public).await
}

/// Query parameters of an update.
#[derive(Deserialize)]
pub struct Create {
    /// Whether a lambda that doesn't exist is created.
    create: Option<bool>,
}

pub async fn update(
    State(app): State<AppState>,
    Params((workspace, name)): LambdaPath,
    QueryParams(Create { create }): QueryParams<Create>,
    Extension(caller): Sender,
    JsonBody(request): JsonBody<UpdateQueryLambdaRequest>,
) -> ApiResult<QueryLambdaVersionResponse> {
    let save_as = if create == Some(true) { Save::CreateOrUpdate } else { Save::Update };
    app.catalog.workspace(&workspace)?;
    let latest = match app.catalog.lambda(&workspace, &name) {
        Ok(lambda) => Some(lambda.latest.content),
        Err(missing) if save_as == Save::Update => return Err(missing),
        Err(_) => None,
    };
    let is_public = request.is_public;
    let content = updated(latest, request)?;
    save(&app, caller, (&workspace, &name), save_as, content, is_public).await
}

/// The latest content with what a request changes.
fn updated(
    latest: Option<Content>,
    request: UpdateQueryLambdaRequest,
) -> Result<Content, ApiError> {
    let UpdateQueryLambdaRequest { description, sql, .. } = request;
    match (latest, sql) {
        (None, None) => Err(ApiError::invalid("Wrong in sql: it is missing")),
        (Some(latest), None) => {
            Ok(Content { description: description.or(latest.description), ..latest })
        }
        (latest, Some(sql)) => Ok(Content {
            description: description.or_else(|| latest?.description),
            query: sql.query,
            default_parameters: sql.default_parameters,
        }),
    }
}

/// Saves a content, unless its text can't be parsed or the caller may not query what it names, and
/// answers its version.
async fn save(
    app: &AppState,
    caller: Arc<Caller>,
    path: (&str, &str),
    save: Save,
    content: Content,
    is_public: Option<bool>,
) -> ApiResult<QueryLambdaVersionResponse> {
    app.catalog.workspace(path.0)?;
    let creator = caller.creator();
    let (content, reads) = show::on_pool(app, move |app| checked(app, &caller, content)).await??;
    let lambda = app.catalog.save_lambda(path, save, content, is_public, reads, creator)?;
    let latest = lambda.latest.clone();
    show::answer_version(app, lambda, latest).await
}

/// A content with what it reads. A query that can't be planned may still be saved, because what it
/// reads may come into being; but not by a caller who may not query everything, since who executes
/// a lambda needs no privilege on what it reads.
fn checked(
    app: &AppState,
    caller: &Caller,
    content: Content,
) -> Result<(Content, Option<LambdaReads>), ApiError> {
    Statement::read(&content.query).map_err(|error| failed(error, ""))?;
    let reads = match execution::lambda::reads(app, &content) {
        Ok(reads) => {
            caller.check_reads(&reads.entities)?;
            Some(reads)
        }
        Err(_) if caller.may(&Action::QueryDataWs, Resource::Every) => None,
        Err(error) => return Err(failed(error, "")),
    };
    Ok((content, reads))
}

pub async fn delete(
    State(app): State<AppState>,
    Params((workspace, name)): LambdaPath,
) -> ApiResult<DeleteQueryLambdaResponse> {
    let lambda = app.catalog.lambda(&workspace, &name)?;
    let shown = show::on_pool(&app, move |app| show::lambda(app, &lambda)).await?;
    app.catalog.delete_lambda(&workspace, &name)?;
    Ok(Json(DeleteQueryLambdaResponse { data: Some(shown) }))
}

pub async fn delete_version(
    State(app): State<AppState>,
    Params((workspace, name, version)): VersionPath,
) -> ApiResult<QueryLambdaVersionResponse> {
    let (lambda, found) = find(&app, &workspace, &name, &version)?;
    app.catalog.delete_lambda_version(&workspace, &name, &version)?;
    show::answer_version(&app, lambda, found).await
}
