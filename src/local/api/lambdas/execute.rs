//! Execution of query lambdas.

use super::{definition, tags};
use crate::local::api::auth::Sender;
use crate::local::api::extract::{OptionalBody, Params};
use crate::local::api::queries::{LambdaRequest, PublicLambdaRequest, Via, run};
use crate::local::catalog::access::Caller;
use crate::local::catalog::lambda::{Lambda, Version};
use crate::local::error::ApiError;
use crate::local::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use std::sync::Arc;

/// The names of a workspace, of a lambda in it, and of a version or tag of that.
type LambdaPath = Params<(String, String, String)>;

pub async fn execute(
    State(app): State<AppState>,
    Params((workspace, name, version)): LambdaPath,
    Extension(caller): Sender,
    headers: HeaderMap,
    OptionalBody(request): OptionalBody<LambdaRequest>,
) -> Result<Response, ApiError> {
    let found = definition::find(&app, &workspace, &name, &version)?;
    run_lambda(&app, caller, &headers, found, request, false).await
}

pub async fn execute_tag(
    State(app): State<AppState>,
    Params((workspace, name, tag)): LambdaPath,
    Extension(caller): Sender,
    headers: HeaderMap,
    OptionalBody(request): OptionalBody<LambdaRequest>,
) -> Result<Response, ApiError> {
    let found = tags::find(&app, &workspace, &name, &tag)?;
    run_lambda(&app, caller, &headers, found, request, false).await
}

/// Executes a version that whoever knows its identifier may execute, without a key.
pub async fn execute_public(
    State(app): State<AppState>,
    Params(id): Params<String>,
    Extension(caller): Sender,
    headers: HeaderMap,
    OptionalBody(request): OptionalBody<PublicLambdaRequest>,
) -> Result<Response, ApiError> {
    let missing = || ApiError::not_found("Public Query Lambda", &id);
    let (lambda, version) = app.catalog.public_lambda(&id).ok_or_else(missing)?;
    let version = lambda.version(&version).cloned().ok_or_else(missing)?;
    run_lambda(&app, caller, &headers, (lambda, version), request.into(), true).await
}

async fn run_lambda(
    app: &AppState,
    caller: Arc<Caller>,
    headers: &HeaderMap,
    (lambda, version): (Lambda, Version),
    request: LambdaRequest,
    is_public: bool,
) -> Result<Response, ApiError> {
    let lambda = Some(lambda.path(&version));
    let via = Via { lambda, instance: request.virtual_instance_id.clone(), is_public };
    let content = version.content;
    let request = request.of_query(content.query, &content.default_parameters);
    run(app, caller, headers, request, via).await
}
