//! The API over HTTP: the handler of each operation, and the privileges that it needs.
//!
//! Paths, methods and privileges come from the API document, so that an operation which is added there
//! answers 501 until it has a handler.
//!
//! - `entrance`, `cors`, `encoding`: around every request; `auth`: keys and privileges; `durable`: no
//!   write is acknowledged before it is durable; `audit`: changes are recorded.
//! - `extract`: bodies, paths, queries; `answers`: JSON as the hosted service writes it.
//! - `inspect`, `permitted`: paths of this server alone, which tell what is stored, and what the
//!   sender may do; `console`: the page for browsers.
//! - All others: a group of operations each. They only speak HTTP; the work is done below, in
//!   `ingest` and `catalog`.

mod aliases;
mod answers;
mod api_keys;
mod audit;
mod auth;
mod collections;
mod console;
mod cors;
mod deployment;
mod documents;
mod durable;
mod encoding;
mod entrance;
mod extract;
mod inspect;
mod integrations;
mod lambdas;
mod mounts;
mod organization;
mod permitted;
mod queries;
mod receivers;
mod roles;
mod sources;
mod uploads;
mod users;
mod views;
mod virtual_instances;
mod workspaces;

use super::error::ApiError;
use super::state::AppState;
use crate::rockset::enums::{ErrorType, PrivilegeAction as Action};
use crate::rockset::operations::{OPERATIONS, Operation, Right};
use crate::rockset::rules::MAX_BODY;
use audit::Audited;
use auth::Needs;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, delete, get, on, post};
use entrance::enter;
use http::Method;

/// Routes an operation to its handler.
type ToHandler = fn(MethodFilter) -> MethodRouter<AppState>;

macro_rules! handlers {
    ($($operation_id:literal => $handler:path,)+) => {
        &[$(($operation_id, |method| on(method, $handler))),+]
    };
}

/// Handlers of operations. All other operations answer 501.
const HANDLERS: &[(&str, ToHandler)] = handlers! {
    "getOrganization" => organization::get,

    "listUsers" => users::list,
    "getUser" => users::get,
    "getCurrentUser" => users::get,
    "createUser" => users::create,
    "updateUser" => users::update,
    "deleteUser" => users::delete,
    "listUnsubscribePreferences" => users::declined,
    "updateUnsubscribePreferences" => users::decline,

    "listRoles" => roles::list,
    "getRole" => roles::get,
    "createRole" => roles::create,
    "updateRole" => roles::update,
    "deleteRole" => roles::delete,

    "listApiKeys" => api_keys::list,
    "getApiKey" => api_keys::get,
    "createApiKey" => api_keys::create,
    "updateApiKey" => api_keys::update,
    "deleteApiKey" => api_keys::delete,

    "listWorkspaces" => workspaces::list,
    "getWorkspace" => workspaces::get,
    "createWorkspace" => workspaces::create,
    "deleteWorkspace" => workspaces::delete,

    "listCollections" => collections::list,
    "workspaceCollections" => collections::list_in_workspace,
    "getCollection" => collections::get,
    "createCollection" => collections::create,
    "updateCollection" => collections::update,
    "deleteCollection" => collections::delete,
    "getCollectionOffsets" => collections::offsets,

    "addDocuments" => documents::add,
    "patchDocuments" => documents::patch,
    "deleteDocuments" => documents::delete,

    "listCollectionSources" => sources::list,
    "getSource" => sources::get,
    "createSource" => sources::create,
    "updateSource" => sources::update,
    "deleteSource" => sources::delete,
    "suspendSource" => sources::suspend,
    "resumeSource" => sources::resume,
    "uploadFile" => uploads::upload,
    "receiveKafkaMessages" => receivers::kafka,

    "listIntegrations" => integrations::list,
    "getIntegration" => integrations::get,
    "createIntegration" => integrations::create,
    "updateIntegration" => integrations::update,
    "deleteIntegration" => integrations::delete,

    "query" => queries::query,
    "validate" => queries::validate,
    "listActiveQueries" => queries::active,
    "getQuery" => queries::get,
    "cancelQuery" => queries::cancel,
    "getQueryResults" => queries::page,
    "queryVirtualInstance" => queries::on_instance,
    "getVirtualInstanceQueries" => queries::of_instance,

    "listAliases" => aliases::list,
    "workspaceAliases" => aliases::list_in_workspace,
    "getAlias" => aliases::get,
    "createAlias" => aliases::create,
    "updateAlias" => aliases::update,
    "deleteAlias" => aliases::delete,

    "listViews" => views::list,
    "workspaceViews" => views::list_in_workspace,
    "getView" => views::get,
    "createView" => views::create,
    "updateView" => views::update,
    "deleteView" => views::delete,

    "listVirtualInstances" => virtual_instances::list,
    "getVirtualInstance" => virtual_instances::get,
    "createVirtualInstance" => virtual_instances::create,
    "setVirtualInstance" => virtual_instances::update,
    "deleteVirtualInstance" => virtual_instances::delete,
    "suspendVirtualInstance" => virtual_instances::suspend,
    "resumeVirtualInstance" => virtual_instances::resume,

    "listCollectionMounts" => mounts::list,
    "getCollectionMount" => mounts::get,
    "mountCollection" => mounts::create,
    "unmountCollection" => mounts::delete,
    "getMountOffsets" => mounts::offsets,

    "getDeploymentSettings" => deployment::get,
    "updateDeploymentSettings" => deployment::update,

    "listAllQueryLambdas" => lambdas::list,
    "listQueryLambdasInWorkspace" => lambdas::list_in_workspace,
    "createQueryLambda" => lambdas::create,
    "updateQueryLambda" => lambdas::update,
    "deleteQueryLambda" => lambdas::delete,
    "listQueryLambdaVersions" => lambdas::list_versions,
    "getQueryLambdaVersion" => lambdas::get_version,
    "deleteQueryLambdaVersion" => lambdas::delete_version,
    "listQueryLambdaTags" => lambdas::list_tags,
    "getQueryLambdaTagVersion" => lambdas::get_tag,
    "createQueryLambdaTag" => lambdas::tag,
    "deleteQueryLambdaTag" => lambdas::untag,
    "executeQueryLambda" => lambdas::execute,
    "executeQueryLambdaByTag" => lambdas::execute_tag,
    "listOrgScheduledLambdas" => lambdas::list_scheduled,
    "getScheduledLambda" => lambdas::get_scheduled,
    "createScheduledLambda" => lambdas::schedule,
    "updateScheduledLambda" => lambdas::reschedule,
    "deleteScheduledLambda" => lambdas::unschedule,
    "executePublicQueryLambdaWithParams" => lambdas::execute_public,
};

/// A path that is no operation of the API, with what it needs.
type OwnRoute = (&'static str, Needs, MethodRouter<AppState>);

fn own_routes(app: &AppState) -> [OwnRoute; 14] {
    const OPEN: Needs = Needs { right: Right::Nothing, privileges: &[] };
    const ANY_KEY: Needs = Needs { right: Right::Read, privileges: &[] };
    const LOOK: Needs = Needs { privileges: &[Action::ListResourcesWs], ..ANY_KEY };
    const READ: Needs = Needs { privileges: &[Action::QueryDataWs], ..ANY_KEY };
    const MYSELF: Needs = Needs { privileges: &[Action::GetCurrentUserGlobal], ..ANY_KEY };
    const GRANT: Needs =
        Needs { right: Right::Write, privileges: &[Action::GrantRevokeRoleGlobal] };
    const REMOVE: Needs = Needs { privileges: &[Action::DeleteUserGlobal], ..GRANT };
    let documents = "/local/ws/{workspace}/collections/{collection}/docs";
    let document = "/local/ws/{workspace}/collections/{collection}/docs/{id}";
    // An older edition of the API had this path, and clients of that time call it.
    let offset = "/v1/orgs/self/ws/{workspace}/collections/{collection}/offsets/commit";
    // Paths in which `self` hides `{user}`, since another operation spells it out.
    let myself = "/v1/orgs/self/users/self";
    let my_keys = "/v1/orgs/self/users/self/apikeys";
    [
        ("/", OPEN, get(console::page)),
        ("/console/console.js", OPEN, get(console::script)),
        ("/console/console.css", OPEN, get(console::style)),
        ("/console/icon.svg", OPEN, get(console::icon)),
        ("/console/licenses.txt", OPEN, get(console::licenses)),
        (offset, LOOK, get(collections::offset)),
        (myself, GRANT, recorded(app, "updateUser", post(users::update))),
        (myself, REMOVE, recorded(app, "deleteUser", delete(users::delete))),
        (my_keys, MYSELF, get(api_keys::list)),
        ("/local", LOOK, get(inspect::overview)),
        ("/local/functions", ANY_KEY, get(queries::functions)),
        ("/local/permissions", ANY_KEY, get(permitted::permissions)),
        (documents, READ, get(inspect::documents)),
        (document, READ, get(inspect::document)),
    ]
}

/// All routes of the server.
pub fn router(app: AppState) -> Router {
    let operations = OPERATIONS.iter().map(|it| {
        let needs = Needs { right: it.right, privileges: it.privileges };
        (it.path, needs, recorded(&app, it.operation_id, to_handler(it)))
    });
    let mut router = Router::new();
    for (path, needs, to_handler) in operations.chain(own_routes(&app)) {
        let admit = from_fn_with_state((app.clone(), needs), auth::admit);
        let settle = from_fn_with_state((app.clone(), needs.right), durable::settle);
        router = router.route(path, to_handler.route_layer(settle).route_layer(admit));
    }
    let admit_astray = from_fn_with_state(app.clone(), auth::admit_astray);
    router
        .fallback(unknown_path.layer(admit_astray.clone()))
        .method_not_allowed_fallback(wrong_method.layer(admit_astray))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(enter))
        .with_state(app)
}

/// The handler of an operation, whose success is recorded if it changes something.
fn recorded(
    app: &AppState,
    operation_id: &'static str,
    handler: MethodRouter<AppState>,
) -> MethodRouter<AppState> {
    match Audited::of(operation_id) {
        None => handler,
        Some(audited) => {
            handler.route_layer(from_fn_with_state((app.clone(), audited), audit::record))
        }
    }
}

fn to_handler(operation: &'static Operation) -> MethodRouter<AppState> {
    let method = Method::from_bytes(operation.method.as_bytes()).unwrap_or_default();
    let Ok(method) = MethodFilter::try_from(method) else {
        return MethodRouter::new();
    };
    let found = HANDLERS.iter().find(|(id, _)| *id == operation.operation_id);
    match found {
        Some((_, to_handler)) => to_handler(method),
        None => on(method, move || async move { not_implemented(operation) }),
    }
}

/// Answers an operation of the API that is not built here.
fn not_implemented(operation: &Operation) -> ApiError {
    let message = format!(
        "The local Rockset does not implement {} ({} {})",
        operation.operation_id, operation.method, operation.path
    );
    ApiError::new(ErrorType::Notimplementedyet, message)
}

/// Answers a path that the API does not have.
async fn unknown_path(request: Request) -> ApiError {
    let message = format!("The API has no path {}", request.uri().path());
    ApiError::new(ErrorType::Notfound, message)
}

/// Answers a path of the API with a method that it does not have.
async fn wrong_method(request: Request) -> ApiError {
    let message = format!("{} is not a method of {}", request.method(), request.uri().path());
    ApiError::new(ErrorType::Methodnotallowed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handler_is_that_of_one_operation() {
        for (i, (id, _)) in HANDLERS.iter().enumerate() {
            assert!(OPERATIONS.iter().any(|it| it.operation_id == *id), "there is no {id}");
            assert!(HANDLERS[..i].iter().all(|(before, _)| before != id), "{id} comes twice");
        }
    }
}
