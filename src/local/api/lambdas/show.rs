//! How answers show query lambdas.

use crate::local::api::answers::{ApiResult, Json};
use crate::local::catalog::lambda::{Lambda, Version, show_tag};
use crate::local::error::ApiError;
use crate::local::execution::lambda::reads_now;
use crate::local::state::AppState;
use crate::rockset::types::{
    QueryLambda, QueryLambdaTag, QueryLambdaTagResponse, QueryLambdaVersion,
    QueryLambdaVersionResponse,
};

/// A version, as it is now. This may take long, and much stack.
pub fn version(app: &AppState, lambda: &Lambda, version: &Version) -> QueryLambdaVersion {
    let stats = app.catalog.lambda_stats(&lambda.workspace, &lambda.name);
    lambda.show_version(version, reads_now(app, lambda, version).as_ref(), stats)
}

/// A lambda, as it is now. This may take long, and much stack.
pub fn lambda(app: &AppState, lambda: &Lambda) -> QueryLambda {
    lambda.show(version(app, lambda, &lambda.latest))
}

/// A tag, with its version as it is now. This may take long, and much stack.
pub fn tag(app: &AppState, lambda: &Lambda, tag: &str, tagged: &Version) -> QueryLambdaTag {
    show_tag(tag, version(app, lambda, tagged))
}

/// Runs work on the pool, which has the stack for it.
pub async fn on_pool<T: Send + 'static>(
    app: &AppState,
    work: impl FnOnce(&AppState) -> T + Send + 'static,
) -> Result<T, ApiError> {
    let within = app.clone();
    Ok(app.pool.run(move || work(&within)).await?)
}

/// Answers a version of a lambda.
pub async fn answer_version(
    app: &AppState,
    lambda: Lambda,
    shown: Version,
) -> ApiResult<QueryLambdaVersionResponse> {
    let data = on_pool(app, move |app| version(app, &lambda, &shown)).await?;
    Ok(Json(QueryLambdaVersionResponse { data: Some(data) }))
}

/// Answers a tag of a lambda.
pub async fn answer_tag(
    app: &AppState,
    lambda: Lambda,
    name: String,
    shown: Version,
) -> ApiResult<QueryLambdaTagResponse> {
    let data = on_pool(app, move |app| tag(app, &lambda, &name, &shown)).await?;
    Ok(Json(QueryLambdaTagResponse { data: Some(data) }))
}
