//! Which operation is done where: the paths and methods are those of the API's
//! document, so that an operation it gains answers 501 until it is written.

use super::entrance::enter;
use super::errors;
use super::handlers::{
    absent, collections, documents, integrations, looking, organization, receivers, sources,
    uploads, workspaces,
};
use super::state::App;
use crate::rockset::operations::{OPERATIONS, Operation};
use crate::rockset::rules::MAX_BODY;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, get, on};
use http::Method;

pub(super) fn router(app: App) -> Router {
    let mut router = Router::new();
    for operation in OPERATIONS {
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap_or_default();
        if let Ok(method) = MethodFilter::try_from(method) {
            router = router.route(operation.path, handler(method, operation));
        }
    }
    // An older edition of the API had it, and clients of that time call it.
    const OFFSET: &str = "/v1/orgs/self/ws/{workspace}/collections/{collection}/offsets/commit";
    let router =
        router.route(OFFSET, get(collections::offset)).route("/", get(organization::greet));
    looking::routes(router)
        .fallback(errors::unknown_path)
        .method_not_allowed_fallback(errors::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(app.clone(), enter))
        .with_state(app)
}

fn handler(method: MethodFilter, operation: &'static Operation) -> MethodRouter<App> {
    match operation.operation_id {
        "getOrganization" => on(method, organization::get),

        "listWorkspaces" => on(method, workspaces::list),
        "getWorkspace" => on(method, workspaces::get),
        "createWorkspace" => on(method, workspaces::create),
        "deleteWorkspace" => on(method, workspaces::delete),

        "listCollections" => on(method, collections::list),
        "workspaceCollections" => on(method, collections::list_in_workspace),
        "getCollection" => on(method, collections::get),
        "createCollection" => on(method, collections::create),
        "updateCollection" => on(method, collections::update),
        "deleteCollection" => on(method, collections::delete),
        "getCollectionOffsets" => on(method, collections::offsets),

        "addDocuments" => on(method, documents::add),
        "patchDocuments" => on(method, documents::patch),
        "deleteDocuments" => on(method, documents::delete),

        "listCollectionSources" => on(method, sources::list),
        "getSource" => on(method, sources::get),
        "createSource" => on(method, sources::create),
        "updateSource" => on(method, sources::update),
        "deleteSource" => on(method, sources::delete),
        "uploadFile" => on(method, uploads::upload),
        "suspendSource" => on(method, sources::suspend),
        "resumeSource" => on(method, sources::resume),

        "receiveKafkaMessages" => on(method, receivers::kafka),

        "listIntegrations" => on(method, integrations::list),
        "getIntegration" => on(method, integrations::get),
        "createIntegration" => on(method, integrations::create),
        "updateIntegration" => on(method, integrations::update),
        "deleteIntegration" => on(method, integrations::delete),

        "listAliases" => on(method, absent::aliases),
        "workspaceAliases" => on(method, absent::aliases_of),
        "getAlias" | "deleteAlias" => on(method, absent::alias),
        "listViews" => on(method, absent::views),
        "workspaceViews" => on(method, absent::views_of),
        "getView" | "deleteView" => on(method, absent::view),
        "listAllQueryLambdas" => on(method, absent::lambdas),
        "listQueryLambdasInWorkspace" => on(method, absent::lambdas_of),
        "listQueryLambdaTags" | "listQueryLambdaVersions" | "deleteQueryLambda" => {
            on(method, absent::lambda)
        }
        "getQueryLambdaTagVersion" | "deleteQueryLambdaTag" => on(method, absent::lambda_tag),
        "getQueryLambdaVersion" | "deleteQueryLambdaVersion" => on(method, absent::lambda_version),

        _ => on(method, move || async move { errors::not_implemented(operation) }),
    }
}
