//! Refusals, in the shape and with the statuses of the API.

use super::answers::Json;
use crate::rockset::enums::ErrorType;
use crate::rockset::operations::Operation;
use crate::rockset::rules::MAX_BODY;
use crate::rockset::types::ErrorModel;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

/// Why a request, or one of its documents, is refused.
#[derive(Debug)]
pub(super) struct Failure {
    kind: ErrorType,
    message: String,
    /// The name of the message, by which clients tell what was not found.
    key: Option<&'static str>,
    retry_after: Option<u64>,
}

/// What a handler answers.
pub(super) type Answer<T> = Result<Json<T>, Failure>;

impl Failure {
    pub(super) fn new(kind: ErrorType, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), key: None, retry_after: None }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorType::Invalidinput, message)
    }

    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        Self::new(ErrorType::Internalerror, format!("The local Rockset has failed: {error}"))
    }

    pub(super) fn not_found(what: &str, name: &str) -> Self {
        Self::new(ErrorType::Notfound, format!("{what} {name:?} does not exist"))
    }

    fn not_found_as(key: &'static str, message: String) -> Self {
        Self { key: Some(key), ..Self::new(ErrorType::Notfound, message) }
    }

    pub(super) fn no_workspace(name: &str) -> Self {
        let message = format!("Workspace with name {name:?} does not exist");
        Self::not_found_as("WORKSPACE_NOT_FOUND", message)
    }

    pub(super) fn no_collection(workspace: &str, name: &str) -> Self {
        let message = format!("Collection {name:?} does not exist in workspace {workspace:?}");
        Self::not_found_as("COLLECTION_DOES_NOT_EXIST", message)
    }

    pub(super) fn no_integration(name: &str) -> Self {
        Self::not_found_as("INTEGRATION_NOT_FOUND", format!("Integration {name:?} not found."))
    }

    /// For a query lambda, or the version of it that was asked for.
    pub(super) fn no_lambda(workspace: &str, name: &str, version: Option<&str>) -> Self {
        let version = version.map(|version| format!(" (version {version:?})")).unwrap_or_default();
        let message =
            format!("Query Lambda {name:?}{version} not found in workspace {workspace:?}.");
        Self::not_found_as("QUERY_NOT_FOUND", message)
    }

    pub(super) fn already_exists(what: &str, name: &str) -> Self {
        Self::new(ErrorType::Alreadyexists, format!("{what} {name:?} already exists"))
    }

    /// What to tell.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// For what only a build with the feature `engine` does.
    #[cfg(not(feature = "engine"))]
    pub(super) fn needs_engine(what: &str) -> Self {
        let message = format!(
            "{what}, which this build of the local Rockset can't do: build it with the feature \
             `engine`"
        );
        Self::new(ErrorType::Notimplementedyet, message)
    }

    pub(super) fn rate_limited(per_second: f64, seconds: u64) -> Self {
        let message =
            format!("The virtual instance takes no more than {per_second} write requests a second");
        let seconds = Some(seconds.max(1));
        Self { retry_after: seconds, ..Self::new(ErrorType::Ratelimitexceeded, message) }
    }

    pub(super) fn too_large() -> Self {
        let message = format!("Payload size exceeds limit of {MAX_BODY} bytes");
        Self::new(ErrorType::Contenttoolarge, message)
    }

    fn status(&self) -> StatusCode {
        use ErrorType as T;
        match self.kind {
            T::Authexception => StatusCode::UNAUTHORIZED,
            T::Forbidden => StatusCode::FORBIDDEN,
            T::Notfound => StatusCode::NOT_FOUND,
            T::Methodnotallowed => StatusCode::METHOD_NOT_ALLOWED,
            T::Alreadyexists | T::Dependentresources | T::Conflict => StatusCode::CONFLICT,
            T::Contenttoolarge => StatusCode::PAYLOAD_TOO_LARGE,
            T::Unsupportedmediatype => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            T::Ratelimitexceeded => StatusCode::TOO_MANY_REQUESTS,
            T::Notimplementedyet => StatusCode::NOT_IMPLEMENTED,
            T::Serviceunavailable => StatusCode::SERVICE_UNAVAILABLE,
            T::Internalerror => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<Failure> for ErrorModel {
    fn from(failure: Failure) -> Self {
        Self {
            message: Some(failure.message),
            message_key: failure.key.map(str::to_string),
            type_: Some(failure.kind),
            trace_id: Some(uuid::Uuid::new_v4().to_string()),
            ..Self::default()
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status(), self.retry_after);
        let mut response = (status, Json(ErrorModel::from(self))).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Answers an operation of the API that is not built here.
pub(super) fn not_implemented(operation: &Operation) -> Failure {
    let message = format!(
        "The local Rockset does not implement {} ({} {})",
        operation.operation_id, operation.method, operation.path
    );
    Failure::new(ErrorType::Notimplementedyet, message)
}

/// Answers a path that the API does not have.
pub(super) async fn unknown_path(request: Request) -> Failure {
    let message = format!("The API has no path {}", request.uri().path());
    Failure::new(ErrorType::Notfound, message)
}

/// Answers a path of the API with a method that it does not have.
pub(super) async fn wrong_method(request: Request) -> Failure {
    let message = format!("{} is not a method of {}", request.method(), request.uri().path());
    Failure::new(ErrorType::Methodnotallowed, message)
}
