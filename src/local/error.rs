//! Errors, in the format and with the statuses of the API.

use crate::rockset::enums::ErrorType;
use crate::rockset::rules::MAX_BODY;
use crate::rockset::types::ErrorModel;
use http::StatusCode;
use std::error::Error;

/// The reason why a request, or one of its documents, is refused.
#[derive(Debug)]
pub struct ApiError {
    kind: ErrorType,
    message: String,
    /// The name of the message, by which clients tell what was not found.
    key: Option<&'static str>,
    /// The header `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The query that has failed, if this is the error of a query.
    query: Option<Box<FailedQuery>>,
}

/// The query that has failed, and the place of the error in its text.
#[derive(Debug, Default)]
pub struct FailedQuery {
    pub query_id: String,
    /// Name of the error.
    pub error_id: Option<String>,
    /// Line and column in the text of the query, from 1.
    pub place: Option<(u64, u64)>,
}

impl ApiError {
    pub fn new(kind: ErrorType, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), key: None, retry_after: None, query: None }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorType::Invalidinput, message)
    }

    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        Self::new(ErrorType::Internalerror, format!("The local Rockset has failed: {error}"))
    }

    pub fn not_found(what: &str, name: &str) -> Self {
        Self::new(ErrorType::Notfound, format!("{what} {name:?} does not exist"))
    }

    fn not_found_as(key: &'static str, message: String) -> Self {
        Self { key: Some(key), ..Self::new(ErrorType::Notfound, message) }
    }

    pub fn no_workspace(name: &str) -> Self {
        let message = format!("Workspace with name {name:?} does not exist");
        Self::not_found_as("WORKSPACE_NOT_FOUND", message)
    }

    pub fn no_collection(workspace: &str, name: &str) -> Self {
        let message = format!("Collection {name:?} does not exist in workspace {workspace:?}");
        Self::not_found_as("COLLECTION_DOES_NOT_EXIST", message)
    }

    /// Error for something of a workspace that doesn't exist.
    pub fn absent(what: &str, workspace: &str, name: &str) -> Self {
        let message = format!("{what} {name:?} does not exist in workspace {workspace:?}");
        Self::new(ErrorType::Notfound, message)
    }

    pub fn no_integration(name: &str) -> Self {
        Self::not_found_as("INTEGRATION_NOT_FOUND", format!("Integration {name:?} not found."))
    }

    pub fn no_role(name: &str) -> Self {
        Self::not_found_as("ROLE_NOT_FOUND_NAME", format!("Role {name:?} not found"))
    }

    /// Error for a query lambda, or a version of one, that doesn't exist.
    pub fn no_lambda(workspace: &str, name: &str, version: Option<&str>) -> Self {
        let version = version.map(|version| format!(" (version {version:?})")).unwrap_or_default();
        let message =
            format!("Query Lambda {name:?}{version} not found in workspace {workspace:?}.");
        Self::not_found_as("QUERY_NOT_FOUND", message)
    }

    /// Error for a tag of a query lambda that doesn't exist.
    #[cfg(feature = "engine")]
    pub fn no_lambda_tag(workspace: &str, name: &str, tag: &str) -> Self {
        let message =
            format!("Query Lambda {name:?} (tag {tag:?}) not found in workspace {workspace:?}.");
        Self::not_found_as("QUERY_NOT_FOUND", message)
    }

    pub fn already_exists(what: &str, name: &str) -> Self {
        Self::new(ErrorType::Alreadyexists, format!("{what} {name:?} already exists"))
    }

    /// Turns this into the error of a query.
    #[cfg(feature = "engine")]
    pub fn of_query(self, query: FailedQuery) -> Self {
        Self { query: Some(Box::new(query)), ..self }
    }

    /// The type of the error.
    #[cfg(feature = "engine")]
    pub fn kind(&self) -> &ErrorType {
        &self.kind
    }

    /// Error for a change that a read replica is asked for.
    pub fn read_replica(writer: Option<&str>) -> Self {
        let to = match writer {
            Some(url) => format!("to the local Rockset at {url}"),
            None => "to the local Rockset that has the store open with --data alone".to_string(),
        };
        let message = format!("This is a read replica, which changes nothing: send this {to}");
        Self::new(ErrorType::Forbidden, message)
    }

    /// Text of the message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Error for everything that only a build with the feature `engine` does.
    #[cfg(not(feature = "engine"))]
    pub fn needs_engine(what: &str) -> Self {
        let message = format!(
            "{what}, which this build of the local Rockset can't do: build it with the feature \
             `engine`"
        );
        Self::new(ErrorType::Notimplementedyet, message)
    }

    pub fn rate_limited(per_second: f64, seconds: u64) -> Self {
        let message =
            format!("The virtual instance takes no more than {per_second} write requests a second");
        let seconds = Some(seconds.max(1));
        Self { retry_after: seconds, ..Self::new(ErrorType::Ratelimitexceeded, message) }
    }

    pub fn too_large() -> Self {
        let message = format!("Payload size exceeds limit of {MAX_BODY} bytes");
        Self::new(ErrorType::Contenttoolarge, message)
    }

    /// Status of an answer that consists of this error alone.
    pub fn status(&self) -> StatusCode {
        use ErrorType as T;
        match self.kind {
            T::Authexception => StatusCode::UNAUTHORIZED,
            T::Forbidden => StatusCode::FORBIDDEN,
            T::Notfound => StatusCode::NOT_FOUND,
            T::Methodnotallowed => StatusCode::METHOD_NOT_ALLOWED,
            T::Alreadyexists | T::Dependentresources | T::Conflict => StatusCode::CONFLICT,
            T::Contenttoolarge => StatusCode::PAYLOAD_TOO_LARGE,
            T::Unsupportedmediatype => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            T::Ratelimitexceeded | T::Resourceexceeded => StatusCode::TOO_MANY_REQUESTS,
            T::QueryTimeout => StatusCode::REQUEST_TIMEOUT,
            T::Notimplementedyet => StatusCode::NOT_IMPLEMENTED,
            T::Serviceunavailable => StatusCode::SERVICE_UNAVAILABLE,
            T::Internalerror => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<ApiError> for ErrorModel {
    fn from(error: ApiError) -> Self {
        let FailedQuery { query_id, error_id, place } = *error.query.unwrap_or_default();
        // A query is traced under the first part of its identifier.
        let trace_id = match query_id.split_once(':') {
            Some((trace_id, _)) => trace_id.to_string(),
            None => uuid::Uuid::new_v4().to_string(),
        };
        let number = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
        Self {
            message: Some(error.message),
            message_key: error.key.map(str::to_string),
            type_: Some(error.kind),
            line: place.map(|(line, _)| number(line)),
            column: place.map(|(_, column)| number(column)),
            trace_id: Some(trace_id),
            error_id,
            query_id: Some(query_id).filter(|id| !id.is_empty()),
            ..Self::default()
        }
    }
}

/// The error of what needs a store in a build without one.
#[cfg(not(feature = "engine"))]
pub fn no_store(what: &str) -> std::io::Error {
    std::io::Error::other(format!(
        "{what} needs a store, which this build of the local Rockset doesn't have: build it with \
         the feature `engine`, such as with cargo build --release --features engine"
    ))
}

/// An error and its causes, without those that an error tells itself.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
