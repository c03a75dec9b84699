//! Tags of query lambdas.

use super::show;
use crate::local::api::answers::{ApiResult, answer};
use crate::local::api::extract::{JsonBody, Params};
use crate::local::catalog::lambda::{Lambda, Version};
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::types::{
    CreateQueryLambdaTagRequest, ListQueryLambdaTagsResponse, QueryLambdaTagResponse,
};
use axum::extract::State;
use axum::response::Response;

/// The names of a workspace, of a lambda in it, and of a tag of that.
type TagPath = Params<(String, String, String)>;

/// The lambda, and its version with a tag.
pub fn find(
    app: &AppState,
    workspace: &str,
    name: &str,
    tag: &str,
) -> Result<(Lambda, Version), ApiError> {
    let lambda = app.catalog.lambda(workspace, name)?;
    let version = lambda.tagged(tag).cloned();
    let version = version.ok_or_else(|| ApiError::no_lambda_tag(workspace, name, tag))?;
    Ok((lambda, version))
}

pub async fn list_tags(
    State(app): State<AppState>,
    Params((workspace, name)): Params<(String, String)>,
) -> Result<Response, ApiError> {
    let lambda = app.catalog.lambda(&workspace, &name)?;
    let within = app.clone();
    answer(&app.pool, move || {
        let tags = lambda.tags().map(|(tag, version)| show::tag(&within, &lambda, tag, version));
        Ok(ListQueryLambdaTagsResponse { data: tags.collect() })
    })
    .await
}

pub async fn get_tag(
    State(app): State<AppState>,
    Params((workspace, name, tag)): TagPath,
) -> ApiResult<QueryLambdaTagResponse> {
    let (lambda, version) = find(&app, &workspace, &name, &tag)?;
    show::answer_tag(&app, lambda, tag, version).await
}

pub async fn tag(
    State(app): State<AppState>,
    Params((workspace, name)): Params<(String, String)>,
    JsonBody(request): JsonBody<CreateQueryLambdaTagRequest>,
) -> ApiResult<QueryLambdaTagResponse> {
    let CreateQueryLambdaTagRequest { tag_name: tag, version } = request;
    let lambda = app.catalog.tag_lambda((&workspace, &name), &tag, &version)?;
    let tagged = lambda.tagged(&tag).cloned();
    let tagged = tagged.ok_or_else(|| ApiError::no_lambda_tag(&workspace, &name, &tag))?;
    show::answer_tag(&app, lambda, tag, tagged).await
}

pub async fn untag(
    State(app): State<AppState>,
    Params((workspace, name, tag)): TagPath,
) -> ApiResult<QueryLambdaTagResponse> {
    let (lambda, version) = find(&app, &workspace, &name, &tag)?;
    app.catalog.untag_lambda(&workspace, &name, &tag)?;
    show::answer_tag(&app, lambda, tag, version).await
}
