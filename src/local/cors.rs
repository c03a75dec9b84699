//! What lets pages in a browser call the API, and keeps caches from its answers.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, HeaderName, VARY,
};
use http::{HeaderValue, StatusCode};

const METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS, HEAD, PATCH";

/// The headers that every answer has, as the hosted service sent them.
const HEADERS: [(HeaderName, &str); 7] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
    (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        "origin, content-type, accept, authorization, organization, user-agent, \
         x-rockset-version, baggage, sentry-trace",
    ),
    (ACCESS_CONTROL_MAX_AGE, "1209600"),
    (CACHE_CONTROL, "no-store"),
    (VARY, "Accept-Encoding"),
];

/// The answer to an OPTIONS, by which a browser asks before it sends a page's request.
/// It can't bring a key.
pub(super) fn preflight() -> Response {
    (StatusCode::OK, [(ALLOW, METHODS)]).into_response()
}

/// Adds what every answer has.
pub(super) fn open(response: &mut Response) {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}
