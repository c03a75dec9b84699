//! Authentication by the API key, or by any key if none is set; authorization by the privileges that
//! the route needs.

use super::{encoding, extract};
use crate::local::catalog::access::{Caller, Resource, Scope};
use crate::local::error::ApiError;
use crate::local::state::AppState;
use crate::rockset::enums::{ErrorType, PrivilegeAction};
use crate::rockset::operations::Right;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use std::sync::Arc;

/// Header that names an organization beside a token.
const ORGANIZATION: &str = "organization";

/// Characters of a key that are shown.
const SHOWN: usize = 6;

/// What a route asks of a sender.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    pub(super) right: Right,
    pub(super) privileges: &'static [PrivilegeAction],
}

/// The sender of a request, for handlers.
pub(super) type Sender = Extension<Arc<Caller>>;

/// The beginning of a request's API key, by which lists show the sender.
pub fn identifier(headers: &HeaderMap) -> Option<String> {
    // At most half of a short key is shown.
    let shown = |key: &str| SHOWN.min(key.chars().count() / 2);
    key(headers).map(|key| key.chars().take(shown(key)).collect())
}

/// Admits a request that has what its route needs.
pub(super) async fn admit(
    State((app, needs)): State<(AppState, Needs)>,
    request: Request,
    next: Next,
) -> Response {
    match admitted(&app, needs, request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Admits a request without a route, with any key.
pub(super) async fn admit_astray(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let needs = Needs { right: Right::Read, privileges: &[] };
    admit(State((app, needs)), request, next).await
}

/// Checks the key and reads the body, even of a request that is refused: a client may not read the
/// answer before it has sent everything.
async fn admitted(app: &AppState, needs: Needs, request: Request) -> Result<Request, ApiError> {
    let (mut parts, body) = request.into_parts();
    let caller = authorized(app, needs, &mut parts).await;
    let body = extract::whole(body).await;
    let caller = caller?;
    let body = encoding::decode(&mut parts.headers, body?).await?;
    parts.extensions.insert(caller);
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// The sender, who has the privileges that the route needs.
async fn authorized(
    app: &AppState,
    needs: Needs,
    parts: &mut Parts,
) -> Result<Arc<Caller>, ApiError> {
    if matches!(needs.right, Right::Nothing | Right::IntegrationKey) {
        return Ok(Caller::nobody());
    }
    let caller = authenticate(&parts.headers, app)?;
    for action in needs.privileges {
        let named = match Scope::of(action) {
            Scope::Instance => {
                let id = extract::param(parts, "virtualInstanceId").await?;
                check_instance(app, &caller, action, id.as_deref())?;
                continue;
            }
            Scope::Organization => None,
            Scope::Integration => extract::param(parts, "integration").await?,
            Scope::Workspace => extract::param(parts, "workspace").await?,
        };
        caller.check(action, named.as_deref().map_or(Resource::Any, Resource::Named))?;
    }
    Ok(caller)
}

/// Fails unless the sender may do this to a virtual instance, or to any if none is named. A privilege
/// on the main one may have its identifier or its name.
pub fn check_instance(
    app: &AppState,
    caller: &Caller,
    action: &PrivilegeAction,
    id: Option<&str>,
) -> Result<(), ApiError> {
    let Some(id) = id else { return caller.check(action, Resource::Any) };
    let names = app.catalog.names_of_instance(id);
    let permits = |name: &String| caller.may(action, Resource::Named(name));
    if names.iter().any(permits) { Ok(()) } else { caller.check(action, Resource::Named(id)) }
}

/// Finds the sender by the credentials of a request.
///
/// The `Authorization` header holds the word `ApiKey`, in any case, and the key; or
/// `Bearer` and a token, if there is a header `organization`, too.
fn authenticate(headers: &HeaderMap, app: &AppState) -> Result<Arc<Caller>, ApiError> {
    let refuse = |message: &str| Err(ApiError::new(ErrorType::Authexception, message));
    let Some(key) = key(headers) else {
        return refuse("An API key is needed: send the header `Authorization: ApiKey KEY`");
    };
    match app.caller(key)? {
        Some(caller) => Ok(caller),
        None => refuse("The API key is not known"),
    }
}

/// The key that a request brings.
fn key(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_organization = text(ORGANIZATION).is_some_and(|name| !name.trim().is_empty());
    let given = text(AUTHORIZATION.as_str()).and_then(|text| text.trim().split_once(' '));
    given.and_then(|(word, key)| {
        let is_key = word.eq_ignore_ascii_case("ApiKey")
            || (word.eq_ignore_ascii_case("Bearer") && is_organization);
        is_key.then(|| key.trim()).filter(|key| !key.is_empty())
    })
}
