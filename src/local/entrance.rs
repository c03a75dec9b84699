//! The way in that every request takes.

use super::errors::Failure;
use super::state::App;
use super::{auth, body, cors, encoding};
use crate::rockset::operations::Right;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::Method;
use std::time::Instant;
use tracing::debug;

/// Admits a request and writes to the log how it was answered.
pub(super) async fn enter(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_string());
    let in_gzip = method != Method::HEAD && encoding::wants_gzip(request.headers());
    let mut response = match method {
        Method::OPTIONS => cors::preflight(),
        _ => match admit(&app, request).await {
            Ok(request) => next.run(request).await,
            Err(failure) => failure.into_response(),
        },
    };
    if in_gzip {
        response = encoding::encode(response).await;
    }
    cors::open(&mut response);
    let status = response.status().as_u16();
    debug!(%method, path, status, took = ?begun.elapsed(), "answered");
    response
}

/// Checks the key and reads the body, which is done for a request that is refused,
/// too: a client may not look for an answer before it has sent everything.
async fn admit(app: &App, request: Request) -> Result<Request, Failure> {
    let (mut parts, body) = request.into_parts();
    let needed = auth::needed(&parts);
    let held = match needed {
        Right::Nothing | Right::IntegrationKey => Ok(needed),
        _ => auth::check(&parts.headers, &app.options),
    };
    let body = body::whole(body).await;
    auth::allow(held?, needed)?;
    let body = encoding::decode(&mut parts.headers, body?).await?;
    Ok(Request::from_parts(parts, Body::from(body)))
}
