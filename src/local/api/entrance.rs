//! Middleware around every request, with or without a route.

use super::{cors, encoding};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use std::time::Instant;
use tracing::debug;

/// Answers preflight requests, adds the headers that every answer has, and writes the answer's
/// status to the log.
pub(super) async fn enter(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_string());
    let in_gzip = method != Method::HEAD && encoding::wants_gzip(request.headers());
    let mut response = match method {
        Method::OPTIONS => cors::preflight(),
        _ => next.run(request).await,
    };
    if in_gzip {
        response = encoding::encode(response).await;
    }
    cors::open(&mut response);
    let status = response.status().as_u16();
    debug!(%method, path, status, took = ?begun.elapsed(), "answered");
    response
}
