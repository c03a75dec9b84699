//! Extractors for the body, the path and the query of a request. What is invalid is refused in the
//! words of the API.

use crate::local::error::ApiError;
use crate::local::json;
use crate::local::state::AppState;
use crate::rockset::enums::ErrorType;
use crate::rockset::rules::MAX_BODY;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, RawPathParams, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

/// Limits, in bytes and in time, on reading the rest of a body that is too large.
const DRAINED: (usize, Duration) = (10 * MAX_BODY, Duration::from_secs(10));

/// Bytes of a body that are parsed in place; a larger one is left to the pool.
const SMALL: usize = 16 << 10;

/// Reads a body to its end, unless it is too large.
///
/// The rest of a body that is too large is read and discarded while the answer is in flight: a
/// client that still writes to a closed connection would see an error instead of the answer.
pub(super) async fn whole(mut body: Body) -> Result<Bytes, ApiError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut read = Vec::with_capacity(announced.min(MAX_BODY));
    if announced <= MAX_BODY {
        loop {
            match chunk(&mut body).await {
                None => return Ok(read.into()),
                Some(Err(error)) => {
                    let message = format!("The body can't be read: {error}");
                    return Err(ApiError::new(ErrorType::Badrequest, message));
                }
                Some(Ok(bytes)) if read.len() + bytes.len() > MAX_BODY => break,
                Some(Ok(bytes)) => read.extend_from_slice(&bytes),
            }
        }
    }
    tokio::spawn(tokio::time::timeout(DRAINED.1, async move {
        let mut left = DRAINED.0;
        while let Some(Ok(bytes)) = chunk(&mut body).await
            && let Some(rest) = left.checked_sub(bytes.len())
        {
            left = rest;
        }
    }));
    Err(ApiError::too_large())
}

async fn chunk(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await? {
            Err(error) => return Some(Err(error)),
            Ok(frame) => match frame.into_data() {
                Ok(bytes) => return Some(Ok(bytes)),
                Err(_trailers) => continue,
            },
        }
    }
}

/// A body with the content type of JSON, not yet parsed.
pub(super) struct JsonText(pub(super) Bytes);

impl<S: Sync> FromRequest<S> for JsonText {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !says_json(request.headers()) {
            return Err(ApiError::new(
                ErrorType::Unsupportedmediatype,
                "A body is needed, with the header `Content-Type: application/json`",
            ));
        }
        to_bytes(request.into_body(), MAX_BODY).await.map(Self).map_err(unread)
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// The refusal of what can't be read.
pub(super) fn unread(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorType::Badrequest, error.to_string())
}

/// A JSON body of one of the API's types.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned + Send + 'static> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let JsonText(text) = JsonText::from_request(request, app).await?;
        parse(app, text).await.map(Self)
    }
}

/// A JSON body that may be left out.
#[cfg(feature = "engine")]
pub(super) struct OptionalBody<T>(pub(super) T);

#[cfg(feature = "engine")]
impl<T: Default + DeserializeOwned + Send + 'static> FromRequest<AppState> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        if request.body().size_hint().exact() == Some(0) {
            return Ok(Self(T::default()));
        }
        let JsonBody(body) = JsonBody::from_request(request, app).await?;
        Ok(Self(body))
    }
}

/// Parses JSON, on the pool unless it is small.
pub(super) async fn parse<T: DeserializeOwned + Send + 'static>(
    app: &AppState,
    text: Bytes,
) -> Result<T, ApiError> {
    if text.len() <= SMALL {
        return json::parse(&text);
    }
    app.pool.run(move || json::parse(&text)).await?
}

/// Parameters of a path, in their order.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params)),
            Err(error) => Err(ApiError::new(ErrorType::Badrequest, error.body_text())),
        }
    }
}

/// The parameters of a path, by name.
pub(super) async fn params(parts: &mut Parts) -> Result<BTreeMap<String, String>, ApiError> {
    let unread =
        |error: RawPathParamsRejection| ApiError::new(ErrorType::Badrequest, error.body_text());
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(unread)?;
    Ok(params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
}

/// A parameter of a path by its name, if the path has it.
pub(super) async fn param(parts: &mut Parts, name: &str) -> Result<Option<String>, ApiError> {
    Ok(params(parts).await?.remove(name))
}

/// Query parameters of a URL.
pub(super) struct QueryParams<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => Err(ApiError::invalid(error.body_text())),
        }
    }
}
